/* SPDX-License-Identifier: ISC */
/*
 * From what the link is now to its mean over the next seconds.
 *
 * The filtered level is not the answer: in the next H seconds the link wanders on, jumps,
 * dies, or comes back. Each is spread over the same grid, and the quantiles are read off
 * the sum. A link that dies after a share u of the time has u of its rate as its mean.
 */
#ifndef LINKQ_ESTIMATOR_FORECAST_H
#define LINKQ_ESTIMATOR_FORECAST_H

#include "estimator/belief.h"
#include "estimator/fate.h"
#include "estimator/level.h"

#include <stdbool.h>
#include <stdint.h>

struct forecast_ask {
	const struct belief *belief;
	const float *prior;
	const struct fate *fate;
	float horizon_s;
	float last_y; /* level of the last rate that nothing but the link limited */
	float last_age_s;
	bool last_known;
};

/* The mass of each level of the mean rate; sums to 1. */
void forecast_mass(const struct forecast_ask *ask, float out[LEVELS]);

/*
 * Slow calibration by what came true (adaptive conformal inference: Gibbs and Candes,
 * 2021): offsets, in octaves, of p10 and p90.
 */
#define FORECASTS_KEPT 16

struct feedback {
	struct {
		int64_t until_us; /* end of the forecast's window; 0: free */
		float p10, p90;   /* levels */
		float bytes, body_s, limited_s;
	} past[FORECASTS_KEPT];
	float c10, c90;
	int64_t noted_us;
	uint8_t next;
};

void feedback_init(struct feedback *f);

/* Bytes that were seen; limited: the window set the pace, not the link. */
void feedback_seen(struct feedback *f, float bytes, float dt_s, bool limited);

/* Judge what is due; whether it is time for a new forecast to be kept. */
bool feedback_due(struct feedback *f, int64_t now_us);

/* Keep one: the quantiles of a forecast's mass, without offsets. */
void feedback_note(struct feedback *f, int64_t now_us, const float mass[LEVELS]);

/* p10 <= p50 <= p90 as levels, offsets included. */
void feedback_quantiles(const struct feedback *f, const float mass[LEVELS], float y[3]);

#define FEEDBACK_HORIZON_S 5.0f

#endif
