/* SPDX-License-Identifier: ISC */
/*
 * JSON in: values of a foreign document, read member by member, each with its type and its
 * bounds. The only door to libjansson; strict grammar, UTF-8, and no name twice.
 *
 * null counts as absent everywhere. Reads leave *out alone where the member is absent, and
 * return 0 or -EINVAL with the problem set (400, the member's name as its field).
 */
#ifndef LINKQ_API_VALUE_H
#define LINKQ_API_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/problem.h"

struct json_t;

/* Members of one object. `prefix` goes before a member's name in problems, e.g. "last.". */
struct value_in {
	const struct json_t *object;
	const char *prefix;
	struct problem *p;
};

/*
 * Read one value of any kind from the start of `text`, blanks before it allowed. `used`:
 * how many bytes it took; NULL: it must be all there is. NULL with the problem set where it
 * is none: what is wrong, and where, which with `used` is there alone. Free it with
 * value_free.
 */
struct json_t *value_read(const char *text, size_t len, size_t *used, struct problem *p);
void value_free(struct json_t *v);

/* Is the text cheap to parse? 0, or 400: more than `most` values, by its punctuation. */
int value_check_size(const char *text, size_t len, size_t most, struct problem *p);

bool value_is_object(const struct json_t *v);
bool value_is_array(const struct json_t *v);
const char *value_string(const struct json_t *v); /* NULL: it is none */
bool value_number(const struct json_t *v, double *out);
size_t value_len(const struct json_t *array);
const struct json_t *value_at(const struct json_t *array, size_t i);
bool value_has_only(const struct json_t *object, const char *key); /* null is there, too */
const struct json_t *value_get(const struct json_t *object, const char *key); /* null: NULL */

/* A whole number; 2.0 is one. */
int value_int(const struct value_in *in, const char *key, int64_t least, int64_t most,
    int64_t *out);
/* A number >= 0, times `scale`, rounded: milliseconds to us is 1000. */
int value_scaled(const struct value_in *in, const char *key, int64_t scale, int64_t most,
    int64_t *out);
int value_bool(const struct value_in *in, const char *key, bool *out);
/* Text of at most cap - 1 bytes, without control characters. */
int value_text(const struct value_in *in, const char *key, char *out, size_t cap);

#endif
