/* SPDX-License-Identifier: ISC */
/* How long a transfer would take: the wait, the ramp-up, and the belief. */
#include "estimator/estimator.h"

#include "estimator/evidence.h"

#include <assert.h>
#include <math.h>

#define HORIZON_LEAST_S 2.0f
#define HORIZON_MOST_S 120.0f
#define SECONDS_MOST 86400.0f

/* Seconds in the body at level y, on a connection that starts anew. */
static float
body_s(const struct est *e, enum est_direction d, float bytes, float y)
{
	const float kbps = fmaxf(level_to_kbps(y), 0.1f);
	const float rtt_s = latency_least_s(&e->latency);

	return fminf(window_time_s(bytes, e->way[d].window.initial, rtt_s, kbps),
	    SECONDS_MOST);
}

/* Quantile of the wait for the first byte. */
static float
wait_s(const struct est *e, float q)
{
	const struct latency *l = &e->latency;
	float s = delays_quantile(&l->ttfb, e->now_us, q, 0.0f);

	if (s < 0.0f)
		s = delays_quantile(&l->rtt, e->now_us, q, 0.0f);
	return s < 0.0f ? latency_wait(l).mean_s : s;
}

void
est_transfer(struct est *e, int64_t now_us, enum est_direction direction, int64_t bytes,
    struct est_seconds *out)
{
	const float size = (float)(bytes > 0 ? bytes : 1);
	float raw[FORECAST_QUANTILES], y[3], s[3], horizon_s = 5.0f;

	assert(direction == EST_DOWN || direction == EST_UP);
	est_tick(e, now_us);
	if (!e->way[direction].belief.known) {
		*out = (struct est_seconds){ .known = false };
		return;
	}
	/* The mean over as long as it takes: a fixed point, near enough after three steps. */
	for (int k = 0; k < 3; k++) {
		evidence_forecast(e, direction, horizon_s, raw);
		feedback_apply(&e->way[direction].feedback, raw, y);
		horizon_s = num_clamp(body_s(e, direction, size, y[1]), HORIZON_LEAST_S,
		    HORIZON_MOST_S);
	}
	for (int k = 0; k < 3; k++)
		s[k] = body_s(e, direction, size, y[2 - k]);
	s[0] += wait_s(e, 0.2f);
	s[1] += wait_s(e, 0.5f);
	s[2] += wait_s(e, 0.8f);
	out->known = true;
	out->us_p10 = (int64_t)((double)s[0] * 1e3) * 1000;
	out->us_p50 = (int64_t)((double)s[1] * 1e3) * 1000;
	out->us_p90 = (int64_t)((double)s[2] * 1e3) * 1000;
	assert(out->us_p10 <= out->us_p50 && out->us_p50 <= out->us_p90);
}
