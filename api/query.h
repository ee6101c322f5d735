/* SPDX-License-Identifier: ISC */
/* The target of a request: its path and its query, split and decoded, and typed reads. */
#ifndef LINKQ_API_QUERY_H
#define LINKQ_API_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/problem.h"

#define QUERY_TARGET_MAX 8192
#define QUERY_PARAMS_MAX 32

struct query {
	const char *path;
	struct {
		const char *name, *value;
	} param[QUERY_PARAMS_MAX];
	size_t params;
};

/*
 * Split `target` (as it stood in the request line) and decode it in place; `q` points into
 * it. Refused with 400: what does not begin with "/", a NUL or another control character
 * behind a %, an escape that is none, what is not UTF-8, a name that comes twice.
 */
int query_parse(struct query *q, char *target, struct problem *p);

/* The value, or NULL. */
const char *query_get(const struct query *q, const char *name);

/* 0 if each name is one of the list, which ends with NULL; else 400 that names it. */
int query_only(const struct query *q, const char *const *names, struct problem *p);

/* Typed reads: 0 (an absent one leaves *out alone) or -EINVAL with the problem set. */
int query_int(const struct query *q, const char *name, int64_t least, int64_t most,
    int64_t *out, struct problem *p);
/* Seconds, with a fraction, as microseconds. */
int query_seconds(const struct query *q, const char *name, int64_t most_us, int64_t *out,
    struct problem *p);
/* One of the words of the list, which ends with NULL: its index. */
int query_word(const struct query *q, const char *name, const char *const *words, int *out,
    struct problem *p);
int query_time(const struct query *q, const char *name, int64_t now_wall_us, int64_t *out,
    struct problem *p);

/* A decimal number as n / 10^decimals, digits beyond that are dropped. 0 or -EINVAL. */
int query_decimal(const char *text, unsigned decimals, int64_t most, int64_t *out);

#endif
