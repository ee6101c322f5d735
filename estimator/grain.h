/* SPDX-License-Identifier: ISC */
/*
 * The grain of a source's clock, measured: browsers round their times to 1, 10 or even
 * 100 ms and do not say so. Where all of the last few times are multiples of a grain they
 * have it; the first that is none ends that.
 */
#ifndef LINKQ_ESTIMATOR_GRAIN_H
#define LINKQ_ESTIMATOR_GRAIN_H

#include <stdint.h>

#define GRAINS 4

struct grain {
	uint8_t in_row[GRAINS]; /* times in a row that were multiples of each */
};

/* One time of that source was seen. */
void grain_see(struct grain *g, int64_t us);

/* The grain in microseconds: what a time may be off by. */
int64_t grain_us(const struct grain *g);

#endif
