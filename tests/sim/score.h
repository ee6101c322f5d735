/* SPDX-License-Identifier: ISC */
/*
 * How near an estimate was to what came: figures over a ride, one tick each 0.5 s.
 *
 * error     mean |log2((p50 + 32) / (truth + 32))|, 1.0 is a factor of two; the truth is
 *           the mean goodput that the link could carry over the next 5 s
 * wis       weighted interval score in log2 (Bracher et al., 2021): width and misses of
 *           [p10, p90] and of p50 together; a point's equals its error
 * cover     share of truths inside [p10, p90]: 0.8 is right
 * detect_s  median from the begin of an outage (under 64 kbit/s for 3 s) to the first tick
 *           that says so; missed: those that none did, false: claims while more than
 *           256 kbit/s got through
 * recover_s median from its end to a p50 within a factor of two
 */
#ifndef LINKQ_TESTS_SIM_SCORE_H
#define LINKQ_TESTS_SIM_SCORE_H

#include "tests/sim/ride.h"

#include <stdbool.h>

#define TICK_S 0.5
#define TICKS_MAX 1200
#define OUTAGES_MAX 64

struct tick {
	double t_s;
	double kbps[3]; /* p10, p50, p90; below 0: not known yet */
	bool offline;
};

struct ticks {
	struct tick at[TICKS_MAX];
	int len;
};

struct figures {
	double error, wis, cover;
	double detect_s, recover_s;
	int outages, missed, falsely;
};

/* The level (log2 of kbit/s and 32) of the goodput that the ride carries in the next 5 s. */
double score_truth(const struct ride *r, double t_s);

struct figures score(const struct ride *r, const struct ticks *t);

#endif
