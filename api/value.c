/* SPDX-License-Identifier: ISC */
/* Reads JSON with libjansson. */
#include "api/value.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Which member's value ends at `end`, or was about to: of {"buffer_s":NaN it is buffer_s. */
static void
member_before(const char *text, size_t end, char out[64])
{
	static const char word[] = "+-.0123456789"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	size_t i = end, from;

	out[0] = '\0';
	while (i > 0 && memchr(word, text[i - 1], sizeof(word) - 1) != NULL)
		i--;
	while (i > 0 && memchr(" \t\r\n", text[i - 1], 4) != NULL)
		i--;
	if (i == 0 || text[--i] != ':')
		return;
	while (i > 0 && memchr(" \t\r\n", text[i - 1], 4) != NULL)
		i--;
	if (i == 0 || text[--i] != '"')
		return;
	for (from = i; from > 0 && text[from - 1] != '"'; from--)
		;
	if (from > 0 && i - from < 64) {
		memcpy(out, text + from, i - from);
		out[i - from] = '\0';
	}
}

struct json_t *
value_read(const char *text, size_t len, size_t *used, struct problem *p)
{
	size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
	json_error_t error;
	char field[64];
	json_t *v;

	if (used != NULL)
		flags |= JSON_DISABLE_EOF_CHECK;
	v = json_loadb(text, len, flags, &error);
	if (used != NULL)
		*used = error.position > 0 ? (size_t)error.position : 0;
	if (v != NULL)
		return v;
	member_before(text, error.position > 0 ? (size_t)error.position : 0, field);
	if (used != NULL)
		problem_set(p, 400, NULL, "%.150s", error.text);
	else
		problem_set(p, 400, field[0] != '\0' ? field : NULL,
		    "Line %d, column %d: %.150s", error.line, error.column, error.text);
	return NULL;
}

void
value_free(struct json_t *v)
{
	json_decref(v);
}

int
value_check_size(const char *text, size_t len, size_t most, struct problem *p)
{
	size_t values = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == ',' || c == '[' || c == '{'))
			values++;
	}
	if (values > most)
		return problem_set(p, 400, NULL, "The body has more than %zu values.", most);
	return 0;
}

bool
value_is_object(const struct json_t *v)
{
	return json_is_object(v);
}

bool
value_is_array(const struct json_t *v)
{
	return json_is_array(v);
}

const char *
value_string(const struct json_t *v)
{
	return json_string_value(v);
}

bool
value_number(const struct json_t *v, double *out)
{
	if (!json_is_number(v))
		return false;
	*out = json_number_value(v);
	return true;
}

size_t
value_len(const struct json_t *array)
{
	return json_array_size(array);
}

const struct json_t *
value_at(const struct json_t *array, size_t i)
{
	return json_array_get(array, i);
}

bool
value_has_only(const struct json_t *object, const char *key)
{
	return json_object_size(object) == 1 && json_object_get(object, key) != NULL;
}

const struct json_t *
value_get(const struct json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	return json_is_null(v) ? NULL : v;
}

/* "last.bytes must be .." with the field beside it */
static int
wrong(const struct value_in *in, const char *key, const char *what)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s", in->prefix, key);
	return problem_set(in->p, 400, name, "%s must be %s.", name, what);
}

int
value_int(const struct value_in *in, const char *key, int64_t least, int64_t most,
    int64_t *out)
{
	const json_t *v = value_get(in->object, key);
	char what[64];
	double real;

	if (v == NULL)
		return 0;
	if (json_is_integer(v)) {
		int64_t n = json_integer_value(v);

		if (n >= least && n <= most) {
			*out = n;
			return 0;
		}
	} else if (value_number(v, &real) && real >= (double)least && real <= (double)most &&
	    rint(real) >= real && rint(real) <= real) {
		*out = (int64_t)real;
		return 0;
	}
	snprintf(what, sizeof(what), "a whole number from %lld to %lld", (long long)least,
	    (long long)most);
	return wrong(in, key, what);
}

int
value_scaled(const struct value_in *in, const char *key, int64_t scale, int64_t most,
    int64_t *out)
{
	const json_t *v = value_get(in->object, key);
	char what[64];
	double real;

	if (v == NULL)
		return 0;
	if (value_number(v, &real) && real >= 0 && real * (double)scale <= (double)most) {
		*out = (int64_t)llrint(real * (double)scale);
		return 0;
	}
	snprintf(what, sizeof(what), "a number from 0 to %lld", (long long)(most / scale));
	return wrong(in, key, what);
}

int
value_bool(const struct value_in *in, const char *key, bool *out)
{
	const json_t *v = value_get(in->object, key);

	if (v == NULL)
		return 0;
	if (!json_is_boolean(v))
		return wrong(in, key, "true or false");
	*out = json_is_true(v);
	return 0;
}

static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	}
	return false;
}

int
value_text(const struct value_in *in, const char *key, char *out, size_t cap)
{
	const json_t *v = value_get(in->object, key);
	const char *text;
	char what[64];

	if (v == NULL)
		return 0;
	text = json_string_value(v);
	if (text == NULL || strlen(text) >= cap || has_control(text)) {
		snprintf(what, sizeof(what), "text of at most %zu bytes%s", cap - 1,
		    text != NULL && strlen(text) < cap ? " without control characters" : "");
		return wrong(in, key, what);
	}
	memcpy(out, text, strlen(text) + 1);
	return 0;
}
