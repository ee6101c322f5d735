/* SPDX-License-Identifier: ISC */
/* How long a transfer would take: the wait, the ramp-up, and the belief. */
#include "estimator/estimator.h"

#include "estimator/evidence.h"

#include <assert.h>
#include <math.h>

#define HORIZON_LEAST_S 2.0f
#define HORIZON_MOST_S 120.0f
#define SECONDS_MOST 86400.0f
/* of the least round trip that is remembered, which creeps upwards */
#define RTT_LEAST 0.85f
#define RTT_SPREAD 0.3f

/* The same where a sender hands out each window at once, and then waits for its echo. */
static float
in_bursts_s(float bytes, float window, float rtt_s, float kbps)
{
	const float trips = floorf(num_log2(bytes / window + 1.0f));
	const float before = window * (num_exp2(trips) - 1.0f);
	const float c = kbps * 125.0f;

	return fmaxf(bytes / c, trips * rtt_s + fmaxf(0.0f, bytes - before) / c);
}

/*
 * Seconds in the body at level y, on a connection that starts anew. Senders that pace and
 * senders that do not differ by most of a round trip; `late` says which is meant: 0 the
 * sooner of the two, 1 the later, 0.5 between them.
 */
static float
body_s(const struct est *e, enum est_direction d, float bytes, float y, float late)
{
	const float kbps = fmaxf(level_to_kbps(y), 0.1f);
	const float rtt_s = latency_least_s(&e->latency) * (RTT_LEAST + late * RTT_SPREAD);
	const float window = e->way[d].window.initial;
	const float paced = window_time_s(bytes, window, rtt_s, kbps);
	const float bursts = in_bursts_s(bytes, window, rtt_s, kbps);
	const float least = fminf(paced, bursts), most = fmaxf(paced, bursts);

	return fminf(least + late * (most - least), SECONDS_MOST);
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

/* How far a sum strays whose parts stray by a and b, each for reasons of its own. */
static float
both(float a, float b)
{
	return sqrtf(a * a + b * b);
}

void
est_transfer(struct est *e, int64_t now_us, enum est_direction direction, int64_t bytes,
    struct est_seconds *out)
{
	const float size = (float)(bytes > 0 ? bytes : 1);
	float raw[FORECAST_QUANTILES], y[3], s[3], wait[3], body[3], horizon_s = 5.0f;

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
		horizon_s = num_clamp(body_s(e, direction, size, y[1], 0.5f), HORIZON_LEAST_S,
		    HORIZON_MOST_S);
	}
	for (int k = 0; k < 3; k++) {
		body[k] = body_s(e, direction, size, y[2 - k], 0.5f * (float)k);
		wait[k] = wait_s(e, 0.1f + 0.4f * (float)k);
	}
	s[1] = wait[1] + body[1];
	s[0] = s[1] - both(wait[1] - wait[0], body[1] - body[0]);
	s[2] = s[1] + both(wait[2] - wait[1], body[2] - body[1]);
	out->known = true;
	out->us_p10 = (int64_t)((double)s[0] * 1e3) * 1000;
	out->us_p50 = (int64_t)((double)s[1] * 1e3) * 1000;
	out->us_p90 = (int64_t)((double)s[2] * 1e3) * 1000;
	assert(out->us_p10 <= out->us_p50 && out->us_p50 <= out->us_p90);
}
