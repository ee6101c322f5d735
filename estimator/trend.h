/* SPDX-License-Identifier: ISC */
/* How the rates that were seen went of late: averages over 1 to 60 s of body time. */
#ifndef LINKQ_ESTIMATOR_TREND_H
#define LINKQ_ESTIMATOR_TREND_H

#include <stdbool.h>

#define TRENDS 4

struct trend {
	float mean_y[TRENDS]; /* levels, over 1, 4, 15 and 60 s */
	float away;           /* how far a rate usually is from the third, octaves */
	bool known;
};

/* An increment at level y over dt_s. */
void trend_seen(struct trend *t, float y, float dt_s);

#endif
