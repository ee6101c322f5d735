/* SPDX-License-Identifier: ISC */
/*
 * JSON out: a writer that keeps the commas, on top of a bounded buffer.
 *
 * The caller opens and closes in order; a value inside an object follows its key. Integers
 * and fixed-point numbers only, so that neither NaN nor a locale's comma can be printed.
 * API_UNKNOWN becomes null in jw_int, jw_fixed and jw_time. Text is escaped; what is not
 * UTF-8 becomes U+FFFD. (Reading JSON is libjansson's, which owns the json_ prefix.)
 */
#ifndef LINKQ_API_JSON_H
#define LINKQ_API_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/buf.h"

struct jw {
	struct buf *out;
	bool comma; /* the next value or key needs one before it */
};

void jw_init(struct jw *w, struct buf *out);

void jw_open(struct jw *w, char bracket);  /* '{' or '[' */
void jw_close(struct jw *w, char bracket); /* '}' or ']' */
void jw_key(struct jw *w, const char *key);

void jw_text(struct jw *w, const char *text);
void jw_text_n(struct jw *w, const char *text, size_t len);
void jw_int(struct jw *w, int64_t n);
void jw_fixed(struct jw *w, int64_t n, unsigned decimals);
void jw_time(struct jw *w, int64_t wall_us);
void jw_bool(struct jw *w, bool yes);
void jw_null(struct jw *w);

/* A key and its value. */
void jw_key_open(struct jw *w, const char *key, char bracket);
void jw_key_text(struct jw *w, const char *key, const char *text); /* NULL or "": null */
void jw_key_int(struct jw *w, const char *key, int64_t n);
void jw_key_fixed(struct jw *w, const char *key, int64_t n, unsigned decimals);
void jw_key_time(struct jw *w, const char *key, int64_t wall_us);
void jw_key_bool(struct jw *w, const char *key, bool yes);
void jw_key_null(struct jw *w, const char *key);

/* How many bytes the well-formed UTF-8 character at `at` takes; 0 where there is none. */
size_t utf8_length(const char *at, size_t len);

#endif
