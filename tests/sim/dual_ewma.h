/* SPDX-License-Identifier: ISC */
/*
 * The method of hls.js, for comparison: the smaller one of two averages of finished
 * transfers' rates, weighted by their time, with half-lives of 3 and 9 s of transfer.
 */
#ifndef LINKQ_TESTS_SIM_DUAL_EWMA_H
#define LINKQ_TESTS_SIM_DUAL_EWMA_H

#include <math.h>

struct dual_ewma {
	double sum[2], weight[2];
};

static inline void
dual_ewma_add(struct dual_ewma *e, double bytes, double seconds)
{
	static const double half_life_s[2] = { 3.0, 9.0 };

	if (seconds < 0.05)
		seconds = 0.05;
	for (int i = 0; i < 2; i++) {
		const double keep = exp2(-seconds / half_life_s[i]);

		e->sum[i] = keep * e->sum[i] + (1.0 - keep) * bytes * 0.008 / seconds;
		e->weight[i] = keep * e->weight[i] + (1.0 - keep);
	}
}

/* kbit/s; its preset of 500 until there is a sample. */
static inline double
dual_ewma_kbps(const struct dual_ewma *e)
{
	if (e->weight[0] <= 0.0)
		return 500.0;
	return fmin(e->sum[0] / e->weight[0], e->sum[1] / e->weight[1]);
}

#endif
