/* SPDX-License-Identifier: ISC */
/* How many delays were at most how long. */
#include "api/histogram.h"

#include <assert.h>

/* Round trips from a local network to a satellite and a queue that stands for seconds. */
const int64_t histogram_bound_us[HISTOGRAM_BOUNDS] = {1000, 2500, 5000, 10000, 25000, 50000,
    100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};

void
histogram_add(struct histogram *h, int64_t us)
{
	int i = 0;

	assert(us >= 0);
	while (i < HISTOGRAM_BOUNDS && us > histogram_bound_us[i])
		i++;
	h->count[i]++;
	h->sum_us += us;
}
