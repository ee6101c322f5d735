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
	float to_mem; /* share by which the level goes back to that of the last 15 s */
};

/*
 * How much a link goes back to the level of its last 15 s is learnt: little where it
 * wanders, most of the way where it swings around a mean. Least mean squares over what came
 * one to six seconds after a look at both.
 */
struct reversion {
	float to_mem;
	float away, median; /* at the look: from the median to the memory; the median */
	int64_t at_us;      /* of the look */
	bool looked;
};

void reversion_init(struct reversion *r);

/* The link alone set the pace of an increment at level y, which ended at_us. */
void reversion_seen(struct reversion *r, const struct belief *b, int64_t at_us, float y);

/* What is alive now, had it to stay so: the mass of each level; sums to what is alive. */
void forecast_alive(const struct forecast_ask *ask, float out[LEVELS]);

/* The mass of each level of the mean rate; sums to 1. */
void forecast_mass(const struct forecast_ask *ask, float out[LEVELS]);

/* Quantiles of it, as levels: 0.03, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9 and 0.97. */
#define FORECAST_QUANTILES 9
#define FORECAST_P10 1
#define FORECAST_MEDIAN 4
#define FORECAST_P90 7
void forecast_quantiles(const struct forecast_ask *ask, float y[FORECAST_QUANTILES]);

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
	float noted_y[FORECAST_QUANTILES];
	bool noted; /* and nothing was learnt since */
	uint8_t next;
};

void feedback_init(struct feedback *f);

/* Bytes that were seen; limited: the window set the pace, not the link. */
void feedback_seen(struct feedback *f, float bytes, float dt_s, bool limited);

/* Judge what is due; whether it is time for a new forecast to be kept. */
bool feedback_due(struct feedback *f, int64_t now_us);

/* Keep one: the quantiles of a forecast, without offsets. */
void feedback_note(struct feedback *f, int64_t now_us, const float raw[FORECAST_QUANTILES]);

/* The one that was kept at this very instant; false: there is none, or it is void. */
bool feedback_noted(const struct feedback *f, int64_t now_us, float raw[FORECAST_QUANTILES]);

/* p10 <= p50 <= p90 with the offsets. */
void feedback_apply(const struct feedback *f, const float raw[FORECAST_QUANTILES], float y[3]);

#define FEEDBACK_HORIZON_S 5.0f

#endif
