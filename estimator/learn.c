/* SPDX-License-Identifier: ISC */
/* From bytes in a time to belief: what was seen, what the window allowed, what it says. */
#include "estimator/evidence.h"

#include <assert.h>
#include <math.h>

#define HOLD_BACK_US 500000
#define IDLE_S 1.0f         /* after so long a sender may start anew */
#define OTHER_SLOW 0.03f    /* chance that a server or a disk set the pace */
#define LAST_ALONE 0.25f    /* the same for the last object of a page */
#define HOLE_SEGMENTS 6.0f /* so few bytes may be what a loss held up */
#define HOLE_SLOW 0.3f
#define FLOWS_MEMORY_US INT64_C(3000000)
#define LIMITED_NEAR 0.3f   /* octaves under what the window allows */
#define TRIP_MOST 1.25f     /* times the least round trip */
#define TRICKLE_KBPS 4.0f
#define TRICKLE_LEVEL 7.0f /* 96 kbit/s */
#define DEAD_BYTES 1e-6f
#define HELD_BACK_LEAST_S 0.1f
#define SUBSTANTIAL_S 0.08f
#define SUBSTANTIAL_BYTES 30000.0f
#define TELLING_BYTES 8000.0f /* several packets: there is a time between them */

/*
 * Chance that the object was slow for reasons of its own. A whole second at a trickle is
 * the link, but after a loss a few packets may take as long as a silence would.
 */
static float
other_slow(const struct est *e, const struct est_way *way, const struct portion *p)
{
	const struct smooth wait = latency_wait(&e->latency);
	const float other = OTHER_SLOW *
	    (0.05f + 0.95f * num_exp(-fmaxf(0.0f, p->dt_s - 0.1f) / 0.4f));

	/* Alone where there were six, it has a sixth of what the link gives. */
	if (way->flows_most > 1.0f && p->flows < 0.6f * way->flows_most)
		return LAST_ALONE;
	if (p->bytes < HOLE_SEGMENTS * WINDOW_SEGMENT * p->flows)
		return fmaxf(other, HOLE_SLOW * silence_survival(p->dt_s, true, &wait));
	return other;
}

static void
note_flows(struct est_way *way, const struct portion *p)
{
	if (p->flows >= way->flows_most || p->to_us - way->flows_us > FLOWS_MEMORY_US) {
		way->flows_most = p->flows;
		way->flows_us = p->to_us;
	}
}

/* The words for people, and the figures of the next forecast. */
static void
follow(struct est *e, struct est_way *way, const struct portion *p, float y, bool limited)
{
	const bool down = way == &e->way[EST_DOWN];
	float live[LEVELS], q[3];

	way->limited += 0.1f * ((limited ? 1.0f : 0.0f) - way->limited);
	trend_seen(&way->trend, y, p->dt_s);
	feedback_seen(&way->feedback, p->bytes, p->dt_s, limited);
	if (!limited) {
		way->last_y = y;
		way->last_us = p->to_us;
		way->last_known = true;
		if (p->dt_s > 0.05f)
			reversion_seen(&way->reversion, &way->belief, p->to_us, y);
	}
	if (y > TRICKLE_LEVEL)
		way->slow_us = -1;
	else if (way->slow_us < 0)
		way->slow_us = p->from_us;
	way->used_us = p->to_us;
	way->used = true;
	if (!down)
		return;
	belief_marginal(&way->belief, live);
	for (int i = 0; i < LEVEL_LOW; i++)
		live[i] = 0.0f;
	for (int k = 0; k < 3; k++)
		q[k] = level_quantile(live, k == 0 ? 0.1f : k == 1 ? 0.5f : 0.9f);
	change_level(&e->change, e->now_us, q, p->dt_s);
}

/*
 * The round trip of this transfer. Its own wait tells best what the path was like just
 * then; what goes far beyond the least is a server's time.
 */
static float
trip_s(const struct est *e, const struct portion *p)
{
	const float least_s = latency_least_s(&e->latency);

	return num_clamp(p->wait_s - 0.5f * p->clock_s, least_s, TRIP_MOST * least_s);
}

static void
learn(struct est *e, const struct portion *p)
{
	struct est_way *way = &e->way[p->direction];
	const float idle_s = (float)(p->start_us - way->used_us) * 1e-6f;
	const struct window_use use = {
		.bytes = p->bytes,
		.dt_s = p->dt_s,
		.clock_s = p->clock_s,
		.rtt_s = trip_s(e, p),
		.least_s = latency_least_s(&e->latency),
		.flows = p->flows,
		.before = p->before,
		.several = p->shared,
		.cold = p->first && way->used && idle_s > IDLE_S,
		.fresh = p->fresh,
	};
	const float kbps = p->bytes * 0.008f / p->dt_s;
	const bool substantial = p->dt_s > SUBSTANTIAL_S || p->bytes > SUBSTANTIAL_BYTES;
	struct belief_sight s = {
		.y = level_of_kbps(kbps),
		.dt_s = p->dt_s,
		.clock_s = p->clock_s,
		.age_s = fmaxf(0.0f, (float)(e->now_us - p->to_us) * 1e-6f),
		.other = other_slow(e, way, p),
		.at_least = p->at_least,
		.trickle = kbps < TRICKLE_KBPS,
		.telling = (substantial || p->bytes > TELLING_BYTES) && !p->at_least,
	};
	float evidence[2], alive;
	bool limited;
	int likelier;

	if (!way->belief.known && p->direction == EST_UP)
		belief_init(&way->belief, e->prior);
	window_foresee(&way->window, &use, &s);
	alive = belief_observe(&way->belief, &s, evidence);
	likelier = s.weight[1] * evidence[1] > s.weight[0] * evidence[0];
	limited = s.y > s.seen_at[likelier][LEVELS - 1] - LIMITED_NEAR;
	/* Of what was held back, evidence_life said then that the link lived; that is no word
	 * on whether it has died since. */
	if (s.age_s < HELD_BACK_LEAST_S)
		fate_weigh(&e->fate, alive, s.trickle ? 1.0f : DEAD_BYTES);
	if (!p->at_least)
		window_learn(&way->window, &use, &s, evidence);
	if (substantial)
		way->belief.fresh_s = s.age_s;
	note_flows(way, p);
	follow(e, way, p, s.y, limited || p->at_least);
}

/* The kernel's sum over all connections: every level would be seen as it is. */
void
evidence_carried(struct est *e, const struct portion *p)
{
	struct est_way *way = &e->way[p->direction];
	const float kbps = p->bytes * 0.008f / p->dt_s;
	struct belief_sight s = {
		.y = level_of_kbps(kbps),
		.dt_s = p->dt_s,
		.clock_s = p->clock_s,
		.other = OTHER_SLOW * 0.05f,
		.at_least = p->at_least,
		.trickle = kbps < TRICKLE_KBPS,
		.telling = !p->at_least,
		.hypotheses = 1,
		.weight = { 1.0f, 0.0f },
	};
	float evidence[2], alive;

	for (int i = 0; i < LEVELS; i++)
		s.seen_at[0][i] = level_at(i);
	if (!way->belief.known && p->direction == EST_UP)
		belief_init(&way->belief, e->prior);
	alive = belief_observe(&way->belief, &s, evidence);
	fate_weigh(&e->fate, alive, s.trickle ? 1.0f : DEAD_BYTES);
	way->belief.fresh_s = 0.0f;
	follow(e, way, p, s.y, p->at_least);
}

void
evidence_learn(struct est *e)
{
	struct portion p;

	for (;;) {
		int64_t mark_us = e->now_us;

		if (e->merge.len == 0)
			return;
		if (merge_shared(&e->merge, e->now_us))
			mark_us = flows_watermark(&e->flows, e->merge.pieces[0].direction,
			    e->now_us, e->now_us - HOLD_BACK_US);
		if (!merge_take(&e->merge, e->now_us, mark_us, &p))
			return;
		learn(e, &p);
	}
}
