/* SPDX-License-Identifier: ISC */
/*
 * A long text inside a JSON object, taken out before the object is parsed.
 *
 * libjansson takes 17 ns a byte of a string, so a playlist of 250 KB would hold the loop for
 * more than 4 ms; this takes a tenth. The rest of the object stays for the parser, which
 * checks its grammar as ever.
 */
#ifndef LINKQ_API_LONGTEXT_H
#define LINKQ_API_LONGTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "api/problem.h"

struct longtext {
	char *rest; /* the object with "" in place of the text; a NUL follows */
	size_t rest_len;
	char *text; /* NULL: there is no such member, or it is no string */
	size_t len;
};

/* Take the string member `key` of the outermost object out. 0; -EINVAL with 400: it is not a
 * string of JSON; with 503: no memory. Free it in any case. */
int longtext_take(const char *json, size_t len, const char *key, struct longtext *out,
    struct problem *p);
void longtext_free(struct longtext *t);

#endif
