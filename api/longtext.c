/* SPDX-License-Identifier: ISC */
/* Takes one string out of a JSON object and decodes it. */
#include "api/longtext.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"

struct span {
	size_t from, to; /* between the quotes */
};

static size_t
skip_blanks(const char *json, size_t len, size_t i)
{
	while (i < len && memchr(" \t\r\n", json[i], 4) != NULL)
		i++;
	return i;
}

/* The string whose first quote is at i. False: it does not end. */
static bool
string_at(const char *json, size_t len, size_t i, struct span *out)
{
	size_t from = ++i;

	for (; i < len && json[i] != '"'; i++) {
		if (json[i] == '\\')
			i++;
	}
	if (i >= len)
		return false;
	out->from = from;
	out->to = i;
	return true;
}

static bool
is_key(const char *json, const struct span *s, const char *key)
{
	return s->to - s->from == strlen(key) && memcmp(json + s->from, key, s->to - s->from) == 0;
}

/* A colon and a string after i? */
static bool
value_after(const char *json, size_t len, size_t i, struct span *out)
{
	i = skip_blanks(json, len, i);
	if (i == len || json[i] != ':')
		return false;
	i = skip_blanks(json, len, i + 1);
	return i < len && json[i] == '"' && string_at(json, len, i, out);
}

/* Where the value of `key` is; whatever else is wrong is left to the parser. */
static bool
find(const char *json, size_t len, const char *key, struct span *out)
{
	struct span s;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (json[i] == '{' || json[i] == '[')
			depth++;
		else if (json[i] == '}' || json[i] == ']')
			depth--;
		if (json[i] != '"')
			continue;
		if (!string_at(json, len, i, &s))
			return false;
		i = s.to;
		if (depth == 1 && is_key(json, &s, key) && value_after(json, len, i + 1, out))
			return true;
	}
	return false;
}

static bool
hex4(const char *at, const char *end, uint32_t *out)
{
	uint32_t n = 0;

	if (end - at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		char c = at[i];
		uint32_t digit;

		if (c >= '0' && c <= '9')
			digit = (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			digit = (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return false;
		n = n * 16 + digit;
	}
	*out = n;
	return true;
}

static char *
put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	}
	return to;
}

/* The hex digits after a \u, with those of a second half where the first asks for one. NUL
 * and half a pair are none. What is put is never longer than what was read. */
static bool
unicode(const char **at, const char *end, char **to)
{
	uint32_t c, low;

	if (!hex4(*at, end, &c) || c == 0 || (c >= 0xdc00 && c < 0xe000))
		return false;
	*at += 4;
	if (c >= 0xd800 && c < 0xdc00) {
		if (end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u' ||
		    !hex4(*at + 2, end, &low) || low < 0xdc00 || low >= 0xe000)
			return false;
		*at += 6;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	*to = put_utf8(*to, c);
	return true;
}

/* What stands after a backslash. */
static bool
escape(const char **at, const char *end, char **to)
{
	static const char from[] = "\"\\/bfnrt", plain[] = "\"\\/\b\f\n\r\t";
	const char *known;
	char c;

	if (*at == end)
		return false;
	c = *(*at)++;
	if (c == 'u')
		return unicode(at, end, to);
	known = memchr(from, c, sizeof(from) - 1);
	if (known == NULL)
		return false;
	*(*to)++ = plain[known - from];
	return true;
}

static bool
is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '\\';
}

static bool
decode(const char *at, const char *end, struct longtext *out)
{
	char *to = out->text;
	size_t n;

	for (;;) {
		while (at < end && is_plain((unsigned char)*at))
			*to++ = *at++;
		if (at == end)
			break;
		if (*at == '\\') {
			at++;
			if (!escape(&at, end, &to))
				return false;
			continue;
		}
		n = (unsigned char)*at < 0x20 ? 0 : utf8_length(at, (size_t)(end - at));
		if (n == 0)
			return false;
		memcpy(to, at, n);
		to += n;
		at += n;
	}
	out->len = (size_t)(to - out->text);
	return true;
}

int
longtext_take(const char *json, size_t len, const char *key, struct longtext *out,
    struct problem *p)
{
	struct span s = {len, len};
	bool found = find(json, len, key, &s);

	memset(out, 0, sizeof(*out));
	out->rest_len = len - (s.to - s.from);
	out->rest = malloc(out->rest_len + 1);
	out->text = found ? malloc(s.to - s.from + 1) : NULL;
	if (out->rest == NULL || (found && out->text == NULL))
		return problem_set(p, 503, NULL, "Out of memory.");
	memcpy(out->rest, json, s.from);
	memcpy(out->rest + s.from, json + s.to, len - s.to);
	out->rest[out->rest_len] = '\0';
	if (found && !decode(json + s.from, json + s.to, out))
		return problem_set(p, 400, key, "%s is not a string of JSON.", key);
	return 0;
}

void
longtext_free(struct longtext *t)
{
	free(t->rest);
	free(t->text);
	memset(t, 0, sizeof(*t));
}
