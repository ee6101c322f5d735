/* SPDX-License-Identifier: ISC */
/*
 * A bounded buffer to write text into: the end of what does not fit is cut off and
 * `overflow` says so; nothing is ever written beyond `cap`. The memory is the caller's.
 */
#ifndef LINKQ_API_BUF_H
#define LINKQ_API_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *at;
	size_t len; /* written */
	size_t cap;
	bool overflow;
};

void buf_init(struct buf *b, char *memory, size_t cap);
void buf_bytes(struct buf *b, const void *from, size_t len);
void buf_text(struct buf *b, const char *text); /* up to its NUL */
void buf_char(struct buf *b, char c);
void buf_int(struct buf *b, int64_t n);
/* n / 10^decimals with that many decimals at the most: trailing zeros are left out. */
void buf_fixed(struct buf *b, int64_t n, unsigned decimals);
/* RFC 3339 in UTC with milliseconds: 2026-11-24T06:15:00.250Z. wall_us is Unix time. */
void buf_time(struct buf *b, int64_t wall_us);

/* The same without a bound, for a writer that has made sure of BUF_NUMBER_MAX characters:
 * returns the end. No NUL. */
#define BUF_NUMBER_MAX 32
char *buf_write_fixed(char *at, int64_t n, unsigned decimals);
char *buf_write_time(char *at, int64_t wall_us);

#endif
