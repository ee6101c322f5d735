/* SPDX-License-Identifier: ISC */
/* Splits and decodes the target of a request. */
#include "api/query.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/json.h"
#include "api/when.h"

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* In place; `plus`: a + is a blank, as forms write it. */
static bool
decode(char *text, bool plus)
{
	char *to = text;
	size_t len, n;

	for (const char *at = text; *at != '\0'; at++) {
		int c = (unsigned char)*at;

		if (c == '%') {
			int high = hex_digit(at[1]), low = high < 0 ? -1 : hex_digit(at[2]);

			if (low < 0)
				return false;
			c = high * 16 + low;
			at += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (c < 0x20 || c == 0x7f)
			return false;
		*to++ = (char)c;
	}
	*to = '\0';
	len = (size_t)(to - text);
	for (size_t i = 0; i < len; i += n) {
		n = utf8_length(text + i, len - i);
		if (n == 0)
			return false;
	}
	return true;
}

static int
add_param(struct query *q, char *name, char *value, struct problem *p)
{
	if (!decode(name, true) || !decode(value, true))
		return problem_set(p, 400, NULL, "The query holds an escape that is none, "
						 "a control character, or bytes that are not UTF-8.");
	if (query_get(q, name) != NULL)
		return problem_set(p, 400, name, "%.60s is given twice.", name);
	if (q->params == QUERY_PARAMS_MAX)
		return problem_set(p, 400, NULL, "The query has more than %d parameters.",
		    QUERY_PARAMS_MAX);
	q->param[q->params].name = name;
	q->param[q->params].value = value;
	q->params++;
	return 0;
}

int
query_parse(struct query *q, char *target, struct problem *p)
{
	char *next = strchr(target, '?');

	q->params = 0;
	q->path = target;
	if (target[0] != '/' || strpbrk(target, " \t") != NULL)
		return problem_set(p, 400, NULL, "The target is not a path and a query.");
	if (next != NULL)
		*next++ = '\0';
	if (!decode(target, false))
		return problem_set(p, 400, NULL, "The path holds an escape that is none, "
						 "a control character, or bytes that are not UTF-8.");
	while (next != NULL && *next != '\0') {
		char *name = next, *value;

		next = strchr(name, '&');
		if (next != NULL)
			*next++ = '\0';
		if (*name == '\0')
			continue;
		value = strchr(name, '=');
		if (value != NULL)
			*value++ = '\0';
		else
			value = name + strlen(name);
		if (add_param(q, name, value, p) != 0)
			return -EINVAL;
	}
	return 0;
}

const char *
query_get(const struct query *q, const char *name)
{
	for (size_t i = 0; i < q->params; i++) {
		if (strcmp(q->param[i].name, name) == 0)
			return q->param[i].value;
	}
	return NULL;
}

int
query_only(const struct query *q, const char *const *names, struct problem *p)
{
	for (size_t i = 0; i < q->params; i++) {
		const char *const *n = names;

		while (*n != NULL && strcmp(*n, q->param[i].name) != 0)
			n++;
		if (*n == NULL)
			return problem_set(p, 400, q->param[i].name,
			    "%.60s is not a parameter of this route.", q->param[i].name);
	}
	return 0;
}

int
query_decimal(const char *text, unsigned decimals, int64_t most, int64_t *out)
{
	int64_t n = 0, unit = 1;
	unsigned after = 0;
	bool point = false, digit = false;

	for (unsigned i = 0; i < decimals; i++)
		unit *= 10;
	for (; *text != '\0'; text++) {
		if (*text == '.' && !point) {
			point = true;
			continue;
		}
		if (*text < '0' || *text > '9')
			return -EINVAL;
		digit = true;
		if (point && after++ >= decimals)
			continue;
		n = n * 10 + (*text - '0');
		if (n > (INT64_MAX - 9) / 10 / unit)
			return -EINVAL;
	}
	for (; after < decimals; after++)
		n *= 10;
	if (!digit || n > most)
		return -EINVAL;
	*out = n;
	return 0;
}

int
query_int(const struct query *q, const char *name, int64_t least, int64_t most, int64_t *out,
    struct problem *p)
{
	const char *text = query_get(q, name);
	int64_t n;

	if (text == NULL)
		return 0;
	if (strchr(text, '.') != NULL || query_decimal(text, 0, most, &n) != 0 || n < least)
		return problem_set(p, 400, name, "%s must be a whole number from %lld to %lld.",
		    name, (long long)least, (long long)most);
	*out = n;
	return 0;
}

int
query_seconds(const struct query *q, const char *name, int64_t most_us, int64_t *out,
    struct problem *p)
{
	const char *text = query_get(q, name);

	if (text == NULL)
		return 0;
	if (query_decimal(text, 6, most_us, out) != 0)
		return problem_set(p, 400, name, "%s must be a number of seconds from 0 to %lld.",
		    name, (long long)(most_us / 1000000));
	return 0;
}

int
query_word(const struct query *q, const char *name, const char *const *words, int *out,
    struct problem *p)
{
	const char *text = query_get(q, name);
	char list[128] = "";
	size_t len = 0;

	if (text == NULL)
		return 0;
	for (int i = 0; words[i] != NULL; i++) {
		if (strcmp(text, words[i]) == 0) {
			*out = i;
			return 0;
		}
		if (len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s",
			    i > 0 ? ", " : "", words[i]);
	}
	return problem_set(p, 400, name, "%s must be one of: %s.", name, list);
}

int
query_time(const struct query *q, const char *name, int64_t now_wall_us, int64_t *out,
    struct problem *p)
{
	const char *text = query_get(q, name);

	if (text == NULL)
		return 0;
	if (when_parse(text, now_wall_us, out) != 0)
		return problem_set(p, 400, name,
		    "%s must be a time: RFC 3339, Unix seconds, an age such as -24h, "
		    "now, today or yesterday.",
		    name);
	return 0;
}
