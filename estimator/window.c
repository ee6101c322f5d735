/* SPDX-License-Identifier: ISC */
/* The sender's congestion window: what a transfer could have shown at the most. */
#include "estimator/window.h"

#include <assert.h>
#include <math.h>

#define LN2 0.69314718f
#define WINDOW_LEAST (2.0f * WINDOW_SEGMENT)
#define WINDOW_MOST 1e9f
#define SLACK_COLD 0.03f
#define SLACK_STEP 0.1f
#define SLACK_MOST 0.15f
#define GROWING 0.55f /* of the window's rate: below it the link sets the pace */

void
window_init(struct window *w)
{
	*w = (struct window){
		.bytes = WINDOW_INITIAL,
		.initial = WINDOW_INITIAL,
		.reset = 0.9f,
		.anew = 0.1f,
		.slack = SLACK_COLD,
	};
}

float
window_time_s(float bytes, float w, float rtt_s, float kbps)
{
	const float c = fmaxf(kbps, 1e-3f) * 125.0f;
	const float before = (c * rtt_s - w) / LN2;

	if (before <= 0.0f)
		return bytes / c;
	if (before >= bytes)
		return rtt_s * num_log2(1.0f + bytes * LN2 / w);
	return rtt_s * num_log2(c * rtt_s / w) + (bytes - before) / c;
}

/* The same for the whole grid, as the level that would be seen. */
static void
foresee(float out[LEVELS], const struct window_use *u, float w)
{
	const float by_window = u->rtt_s * num_log2(1.0f + u->bytes * LN2 / w);
	const float log2_r_w = num_log2(125.0f * u->rtt_s / w);

	for (int i = 0; i < LEVELS; i += 4) {
		const v4f c = v4_load(level_kbps + i) * 125.0f;
		const v4f before = (c * u->rtt_s - w) * (1.0f / LN2);
		const v4f by_link = u->bytes / c;
		const v4f both = u->rtt_s * (v4_load(level_log2_kbps + i) + log2_r_w) +
		    by_link - before / c;
		v4f t = v4_pick(before >= u->bytes, v4_all(by_window), both);

		t = v4_pick(before <= 0.0f, by_link, t);
		t = u->bytes * 0.008f / (t + 0.5f * u->clock_s);
		v4_store(out + i, v4_log2(t + LEVEL_EPS_KBPS));
	}
}

/* The least window with which so much can have come so fast, whatever the link. */
static float
needed(const struct window_use *u, float rtt_s)
{
	/* a time is rounded up by half a grain on average */
	const float dt_s = fmaxf(u->dt_s - 0.5f * u->clock_s, 0.25f * u->clock_s);
	const float trips = fminf(dt_s / rtt_s, 60.0f);
	/* 2^x - 1 loses its digits for small x */
	const float grown = trips < 0.01f ? trips * LN2 : num_exp2(trips) - 1.0f;

	return u->bytes * LN2 / grown;
}

/* Whether it may be as small as at the start of a connection. */
static bool
begins(const struct window *w, const struct window_use *u)
{
	return u->fresh || u->cold || u->several || !w->used;
}

/* Whether it may as well not be. */
static bool
doubt(const struct window *w, const struct window_use *u)
{
	return w->used && !u->fresh && (u->cold || u->several);
}

/* What it would be then, and the chance of that. */
static float
at_first(const struct window *w, const struct window_use *u)
{
	return w->initial + (u->several ? LN2 * u->before : 0.0f);
}

static float
chance(const struct window *w, const struct window_use *u)
{
	return u->cold ? w->reset : w->anew;
}

void
window_foresee(const struct window *w, const struct window_use *u, struct belief_sight *s)
{
	const float need = needed(u, u->rtt_s);
	float by[2];

	assert(u->bytes > 0.0f && u->dt_s > 0.0f && u->rtt_s > 0.0f && u->flows >= 1.0f);
	s->hypotheses = doubt(w, u) ? 2 : 1;
	s->weight[0] = s->hypotheses == 1 ? 1.0f : chance(w, u);
	s->weight[1] = 1.0f - s->weight[0];
	by[0] = (begins(w, u) ? at_first(w, u) : w->bytes) * u->flows;
	by[1] = w->bytes * u->flows;
	s->slack[0] = begins(w, u) ? SLACK_COLD : w->slack;
	s->slack[1] = w->slack;
	if (s->hypotheses == 2 && by[1] < need && by[0] < need)
		by[1] = need;
	/* a window that had not grown would not have allowed it: that is what tells them apart */
	if (s->hypotheses == 1 || (u->cold && by[1] <= need))
		by[0] = fmaxf(by[0], need);
	for (int h = 0; h < s->hypotheses; h++)
		foresee(s->seen_at[h], u, by[h]);
}

/* The window of one flow after the increment, had it been `before` at its start. */
static float
grown(const struct window_use *u, float before)
{
	const float bytes = u->bytes / u->flows;
	const float in_trip = bytes / u->dt_s * u->rtt_s;
	/* what came in less than a round trip had been sent at once */
	const float most = fmaxf(before, bytes) + bytes;
	float after = before;

	if (in_trip >= GROWING * before)
		after += LN2 * bytes;
	after = fmaxf(after, fminf(in_trip, most));
	if (u->dt_s > 0.2f && u->dt_s > 4.0f * u->rtt_s)
		after = fminf(after, 4.0f * in_trip);
	return num_clamp(after, WINDOW_LEAST, WINDOW_MOST);
}

void
window_learn(struct window *w, const struct window_use *u, const struct belief_sight *s,
    const float evidence[2])
{
	const float bytes = u->bytes / u->flows;
	/*
	 * Had the window been larger than all that came, it could not be seen. What a
	 * shorter round trip explains is no larger window: one wait behind a dead second
	 * would leave a window behind in which every object looks slow.
	 */
	const float need = fminf(needed(u, u->least_s) / u->flows, fmaxf(bytes, w->initial));
	const bool start = begins(w, u);
	const bool first = start && u->before <= 0.0f && !(u->several && !u->fresh);
	float initial = start ? 1.0f : 0.0f; /* chance that it was the initial one */

	if (s->hypotheses == 2) {
		const float a = s->weight[0] * evidence[0], b = s->weight[1] * evidence[1];
		float *learnt = u->cold ? &w->reset : &w->anew;

		initial = a + b > 1e-30f ? a / (a + b) : s->weight[0];
		*learnt = num_clamp(*learnt + 0.07f * (initial - *learnt), 0.02f, 0.98f);
	}
	if (first && need > w->initial)
		w->initial += 0.3f * initial * (need - w->initial);
	else if (first)
		w->initial += 0.02f * initial * (WINDOW_INITIAL - w->initial);
	w->initial = num_clamp(w->initial, WINDOW_LEAST, 100.0f * WINDOW_SEGMENT);
	w->bytes = initial * grown(u, fmaxf(at_first(w, u), need)) +
	    (1.0f - initial) * grown(u, fmaxf(w->bytes, need));
	w->slack = start && !u->several ? SLACK_COLD : w->slack;
	w->slack = fminf(w->slack + SLACK_STEP, SLACK_MOST);
	w->used = true;
}
