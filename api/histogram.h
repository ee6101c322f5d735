/* SPDX-License-Identifier: ISC */
/* How many delays were at most how long: what /metrics shows as a histogram. */
#ifndef LINKQ_API_HISTOGRAM_H
#define LINKQ_API_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BOUNDS 13 /* 1 ms to 10 s; one bucket more for what is above */

extern const int64_t histogram_bound_us[HISTOGRAM_BOUNDS];

struct histogram { /* zeros at first */
	int64_t count[HISTOGRAM_BOUNDS + 1]; /* of each bucket alone */
	int64_t sum_us;
};

void histogram_add(struct histogram *h, int64_t us); /* us >= 0 */

#endif
