/* SPDX-License-Identifier: ISC */
/* What fetches would take, by the same belief that the plan decides on. */
#include "estimator/plan.h"

#include "estimator/plan_point.h"
#include "estimator/plan_shape.h"
#include "estimator/window.h"

#include <assert.h>
#include <math.h>

#define SAFE_Q 0.02f
#define SAFE_SHARE 0.9f
#define BISECTIONS 24
#define LONGEST_S 86400.0f

/* The belief as a sum from below: under[i] is the mass of the bins before bin i. */
struct rates {
	const struct outlook *o;
	float under[LEVELS + 1];
	float p50_kbps;
};

struct fetch {
	float kbit, wait_s;
};

static void
sum_up(const struct outlook *o, struct rates *out)
{
	out->o = o;
	out->under[0] = 0.0f;
	for (int i = 0; i < LEVELS; i++)
		out->under[i + 1] = out->under[i] + o->live[i];
	out->p50_kbps = level_to_kbps(level_quantile(o->live, 0.5f));
}

/* Chance that the link, if alive, carries at least so much. */
static float
at_least(const struct rates *r, float kbps)
{
	const float at = (level_of_kbps(kbps) - LEVEL_BASE) * LEVELS_AN_OCTAVE;
	const float in = num_clamp(at, 0.0f, (float)LEVELS);
	const int k = (int)in < LEVELS ? (int)in : LEVELS - 1;
	const float under = r->under[k] + (in - (float)k) * r->o->live[k];

	return num_clamp(1.0f - under / r->under[LEVELS], 0.0f, 1.0f);
}

/* Chance that it is in after t_s, sizes and outages considered. */
static float
done_by(const struct rates *r, const struct fetch *f, float t_s)
{
	static const float share[PLAN_SIZES] = { 0.26f, 0.48f, 0.26f };
	static const float factor[PLAN_SIZES] = { 0.7513233f, 1.0f, 1.3309849f };
	const float body_s = t_s - f->wait_s;
	float alive = 0.0f, dead = 0.0f, dwell_s[PLAN_DWELLS];

	if (body_s <= 0.0f)
		return 0.0f;
	for (int z = 0; z < PLAN_SIZES; z++)
		alive += share[z] * at_least(r, f->kbit * factor[z] / body_s);
	if (r->o->dead <= 0.0f)
		return alive;
	plan_dwell(r->o->age_s, dwell_s);
	for (int d = 0; d < PLAN_DWELLS; d++) {
		const float left_s = body_s - dwell_s[d];

		if (left_s > 0.0f)
			dead += plan_dwell_share[d] * at_least(r, f->kbit / left_s);
	}
	return (1.0f - r->o->dead) * alive + r->o->dead * dead;
}

static int64_t
quantile_us(const struct rates *r, const struct fetch *f, float q)
{
	float low = f->wait_s, high = f->wait_s + 0.01f;

	while (high < LONGEST_S && done_by(r, f, high) < q)
		high *= 4.0f;
	for (int k = 0; k < BISECTIONS; k++) {
		const float middle = 0.5f * (low + high);

		if (done_by(r, f, middle) < q)
			low = middle;
		else
			high = middle;
	}
	return (int64_t)lrintf(fminf(high, LONGEST_S) * 1e3f) * 1000;
}

/* A new connection begins slowly: what that adds, at the link's middle rate. */
static float
ramp_s(const struct rates *r, float kbit)
{
	const float bytes = kbit * 125.0f, kbps = fmaxf(r->p50_kbps, 1.0f);

	return fmaxf(0.0f, window_time_s(bytes, fmaxf(r->o->window_bytes, 1.0f), r->o->rtt_s,
	    kbps) - kbit / kbps);
}

static void
tell_rung(const struct plan_question *q, const struct rates *r, const struct fetch *f,
    float buffer_s, struct est_seconds *t, struct plan_risk *risk)
{
	const double plays_us = (double)q->segment_us * 1e6 / (double)q->rate_ppm;

	t->known = true;
	t->us_p10 = quantile_us(r, f, 0.1f);
	t->us_p50 = quantile_us(r, f, 0.5f);
	t->us_p90 = quantile_us(r, f, 0.9f);
	risk->stall_ppm = (int64_t)lrintf((1.0f - done_by(r, f, buffer_s)) * 1000.0f) * 1000;
	risk->sustainable = (double)t->us_p50 <= plays_us;
	assert(t->us_p10 <= t->us_p50 && t->us_p50 <= t->us_p90);
}

/* The rate whose next segment comes in time in 98 of 100, and that can be kept up. */
static int64_t
safe_kbps(const struct plan_question *q, const struct rates *r, float buffer_s)
{
	const float segment_s = (float)((double)q->segment_us / (double)q->rate_ppm);
	const float time_s = fmaxf(fmaxf(buffer_s, segment_s) - r->o->ttfb_s, 0.1f * segment_s);
	const float low = level_to_kbps(level_quantile(r->o->live, SAFE_Q));

	return lrintf(fminf(low * time_s / segment_s, SAFE_SHARE * r->p50_kbps));
}

void
plan_tell(const struct plan *p, const struct plan_question *q, struct plan_answer *out)
{
	const bool quick = q->mode == PLAN_LOW_LATENCY;
	const int64_t buffer_us = q->buffer_us < 0 ? q->segment_us : q->buffer_us;
	const int64_t until_us = buffer_us + (quick ? q->segment_us : 0);
	const float until_s = (float)((double)until_us / (double)q->rate_ppm);
	struct rates r;

	if (!q->outlook->known) {
		for (size_t i = 0; i < q->rungs; i++) {
			out->fetch[i] = (struct est_seconds){ .known = false };
			out->risk[i] = (struct plan_risk){ .stall_ppm = -1,
				.allowed = plan_allowed(q, i) };
		}
		out->max_safe_kbps = -1;
		return;
	}
	sum_up(q->outlook, &r);
	for (size_t i = 0; i < q->rungs; i++) {
		struct fetch f = { .kbit = plan_kbit(p, &q->rung[i], q->segment_us) };

		f.wait_s = q->outlook->ttfb_s + ramp_s(&r, f.kbit);
		tell_rung(q, &r, &f, until_s, &out->fetch[i], &out->risk[i]);
		out->risk[i].allowed = plan_allowed(q, i);
	}
	out->max_safe_kbps = safe_kbps(q, &r, until_s);
}
