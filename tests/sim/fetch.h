/* SPDX-License-Identifier: ISC */
/*
 * Whether forecasts of how long a transfer takes come true: at moments of a ride, one of each
 * size is forecast and then fetched, alone, by the TCP of client.h, in a world of its own.
 */
#ifndef LINKQ_TESTS_SIM_FETCH_H
#define LINKQ_TESTS_SIM_FETCH_H

#include "estimator/estimator.h"
#include "tests/sim/ride.h"
#include "tests/sim/rng.h"

#define FETCH_SIZES 5 /* 10 kB, 100 kB .. 100 MB */

struct fetches {
	struct rng rng;
	long n[FETCH_SIZES];
	long under[FETCH_SIZES]; /* shorter than p10 */
	long over[FETCH_SIZES];  /* longer than p90 */
	double error[FETCH_SIZES]; /* sum of |log2(p50 / truth)| */
};

/* Seconds for `bytes` asked for at t; negative: not before the end of the ride. */
double fetch_s(const struct ride *r, struct rng *rng, double t_s, double bytes);

/* Forecast at t what transfers would take, and note how it went. */
void fetches_try(struct fetches *f, struct est *e, const struct ride *r, double t_s);

double fetch_bytes(int size);

#endif
