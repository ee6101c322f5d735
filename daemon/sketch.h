/* SPDX-License-Identifier: ISC */
/*
 * How often which value was seen, on a logarithmic scale: small, and merged without loss, so
 * that quantiles of an hour are those of its seconds and not means of the minutes' quantiles.
 *
 * Values up to 127 have a bin each; above, each octave has 64 bins, so that a value read back
 * is off by 0.8 % at the most. A value x in [2^e, 2^(e+1)) is in bin
 * 128 + 64 (e - 7) + (x / 2^(e-6) - 64): 5200 = 81 * 64 + 16 is in bin 128 + 64 * 5 + 17,
 * which holds 5184 to 5247 and reads 5215.
 */
#ifndef LINKQ_DAEMON_SKETCH_H
#define LINKQ_DAEMON_SKETCH_H

#include <stddef.h>
#include <stdint.h>

#define SKETCH_BINS (128 + 64 * 25)

struct sketch {
	uint64_t total; /* of all weights */
	unsigned low, end; /* bins outside of [low, end) are 0; end 0: it is empty */
	uint32_t weight[SKETCH_BINS];
};

/* From zeros on; clearing costs what was used. */
void sketch_clear(struct sketch *s);

unsigned sketch_bin(uint32_t value);
uint32_t sketch_value(unsigned bin); /* the middle of it */

void sketch_add(struct sketch *s, unsigned bin, uint32_t weight);

/* The least value that, with those below it, has `tenths` of the weight. Not of an empty one. */
uint32_t sketch_quantile(const struct sketch *s, unsigned tenths);

/* To bytes and back: pairs of varints (how many bins further, weight) behind their number.
 * write: the length, at most SKETCH_BYTES_MAX, which `out` has room for. merge adds what the
 * bytes say, which are the world's: how many were taken, or 0 where they make no sense. */
#define SKETCH_BYTES_MAX (5 + 10 * SKETCH_BINS)
size_t sketch_write(const struct sketch *s, unsigned char *out);
size_t sketch_merge(struct sketch *s, const unsigned char *bytes, size_t len);

/* LEB128. get: how many bytes were taken, 0 where there is no whole one. */
size_t varint_put(unsigned char *out, uint64_t n); /* at most 10 */
size_t varint_get(const unsigned char *bytes, size_t len, uint64_t *n);

#endif
