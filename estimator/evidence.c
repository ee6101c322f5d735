/* SPDX-License-Identifier: ISC */
/* What came over the link, or did not: life, silence, round trips, and what people see. */
#include "estimator/evidence.h"

#include <assert.h>
#include <math.h>

#define STEP_LEAST_US 5000 /* nothing ages in less */
#define STEP_S 0.5f        /* in one step nothing both dies and comes back */
#define STEPS_MOST 40
#define AGE_MOST_S 3600.0f /* after that a link has become any link */
#define TALLY_HALF_LIFE_S 30.0f
#define DEAD_ANSWERS 1e-6f /* chance of an answer over a dead link */
#define STEP_SHARE 0.3f    /* of belief moves with a round trip that changed */
#define STEP_SIGMA 1.5f

static void
weigh_both(struct est *e, const float factor[LEVELS], float dead)
{
	float alive = 1.0f;

	for (int d = 0; d < EST_DIRECTIONS; d++) {
		struct belief *b = &e->way[d].belief;
		const float sum = belief_multiply(b, factor);

		if (d == EST_DOWN || !e->way[EST_DOWN].belief.known)
			alive = sum;
		if (!e->way[EST_UP].belief.known)
			break;
	}
	fate_weigh(&e->fate, alive, dead);
}

static void
evolve(struct est *e, float dt_s)
{
	const struct fate_step step = fate_step(&e->fate, dt_s);

	belief_evolve(&e->way[EST_DOWN].belief, e->prior, &step, dt_s);
	if (e->way[EST_UP].belief.known)
		belief_evolve(&e->way[EST_UP].belief, e->prior, &step, dt_s);
	fate_evolve(&e->fate, &step, belief_low(&e->way[EST_DOWN].belief), dt_s);
}

void
evidence_advance(struct est *e, int64_t now_us)
{
	const int64_t dt_us = now_us - e->evolved_us;
	const float dt_s = fminf((float)dt_us * 1e-6f, AGE_MOST_S);
	int steps = (int)(dt_s / STEP_S - 0.01f) + 1;

	assert(now_us >= e->now_us && dt_us >= 0);
	e->now_us = now_us;
	if (dt_us < STEP_LEAST_US)
		return;
	steps = steps < STEPS_MOST ? steps : STEPS_MOST;
	for (int i = 0; i < steps; i++)
		evolve(e, dt_s / (float)steps);
	e->evolved_us = now_us;
}

void
evidence_tally(struct est *e, enum est_source source, int64_t bytes, float weight)
{
	const float age_s = (float)(e->now_us - e->weighed_us) * 1e-6f;
	const float keep = num_exp2(-fminf(age_s / TALLY_HALF_LIFE_S, 60.0f));

	for (int k = 0; k < EST_SOURCES; k++)
		e->tally[k].weight *= keep;
	e->weighed_us = e->now_us;
	e->tally[source].weight += weight;
	e->tally[source].count++;
	e->tally[source].bytes += bytes;
	e->tally[source].last_us = e->now_us;
	e->heard_us = e->now_us;
	e->evidence = true;
}

void
evidence_life(struct est *e, int64_t at_us, int64_t start_us)
{
	silence_broken(&e->silence, at_us);
	if (start_us >= e->unanswered_us)
		e->unanswered_s = 0.0f;
	if (e->fate.off > 0.3f) {
		/* it is back: where it was, not at the trickle that silence left */
		belief_return(&e->way[EST_DOWN].belief, e->prior, e->fate.off);
		if (e->way[EST_UP].belief.known)
			belief_return(&e->way[EST_UP].belief, e->prior, e->fate.off);
	}
	fate_weigh(&e->fate, 1.0f, DEAD_ANSWERS);
}

bool
evidence_own_silence(struct est *e, struct flow *f, int64_t since_us)
{
	const struct smooth wait = latency_wait(&e->latency);
	const int64_t due_us = (int64_t)(silence_overdue_s(&wait) * 1e6f);

	if (!f->passed && e->silence.heard && e->silence.life_us - since_us > due_us) {
		f->passed = true;
		silence_alone(&e->silence, true);
	}
	return f->passed;
}

void
evidence_silence(struct est *e, int64_t from_us, int64_t to_us, bool body)
{
	const struct smooth wait = latency_wait(&e->latency);
	const int64_t due_us = (int64_t)(silence_overdue_s(&wait) * 1e6f);
	const int all = flows_silent(&e->flows, e->now_us, e->now_us - due_us);
	const struct silence_of of = {
		.from_us = from_us,
		.to_us = to_us,
		.body = body,
		.others = all > 1 ? all - 1 : 0,
	};

	evidence_silence_of(e, &of);
}

void
evidence_silence_of(struct est *e, const struct silence_of *of)
{
	const struct smooth wait = latency_wait(&e->latency);
	float factor[LEVELS];

	if (silence_goes_on(&e->silence, of, &wait, factor))
		weigh_both(e, factor, 1.0f);
}

void
evidence_first_packet(struct est *e, float wait_s, float clock_s, int64_t bytes)
{
	const float least_s = delays_least(&e->latency.rtt, e->now_us, INT64_C(20000000));
	const float kbit = bytes >= 1400 ? 12.0f : 2.4f + (float)bytes * 0.008f;
	const float queued_s = least_s > 0.0f && least_s < wait_s ? wait_s - least_s
	                                                          : 0.0f;
	float factor[LEVELS];

	if (least_s <= 0.0f)
		return;
	for (int i = 0; i < LEVELS; i++) {
		const float takes_s = kbit / level_kbps[i];
		const float beyond_s = takes_s - queued_s - clock_s;

		factor[i] = 1.0f;
		if (beyond_s > 0.002f)
			factor[i] = 0.05f +
			    0.95f * num_exp(-fminf(beyond_s / 0.004f - 0.5f, 60.0f));
	}
	weigh_both(e, factor, DEAD_ANSWERS);
}

void
evidence_path_changed(struct est *e, float octaves)
{
	for (int d = 0; d < EST_DIRECTIONS; d++)
		if (e->way[d].belief.known)
			belief_move(&e->way[d].belief, STEP_SHARE,
			    num_clamp(-octaves, -6.0f, 6.0f), STEP_SIGMA);
}

void
evidence_rtt(struct est *e, enum est_source source, int64_t rtt_us, bool answered)
{
	const float rtt_s = (float)rtt_us * 1e-6f;
	const int64_t start_us = e->now_us - rtt_us;
	const bool loaded = flows_in_body(&e->flows, EST_DOWN, e->now_us) > 0 ||
	    flows_in_body(&e->flows, EST_UP, e->now_us) > 0;
	float step;

	evidence_tally(e, source, 0, 0.05f);
	if (!answered) {
		if (start_us > e->unanswered_us + 20000 || e->unanswered_s <= 0.0f)
			latency_unanswered(&e->latency, e->now_us, rtt_s, true);
		e->unanswered_us = start_us;
		e->unanswered_s = fmaxf(rtt_s, 1e-3f);
		evidence_silence(e, start_us, e->now_us, false);
		return;
	}
	step = latency_rtt(&e->latency, e->now_us, rtt_s, loaded);
	if (source == EST_KERNEL) {
		/* smoothed, and of a segment sent some time ago: who overtook whom is open */
		evidence_life(e, e->now_us, EVIDENCE_NOBODYS);
		e->unanswered_s = 0.0f;
	} else {
		silence_alone(&e->silence, false);
		evidence_life(e, e->now_us, start_us);
	}
	if (step != 0.0f)
		evidence_path_changed(e, step);
}

void
evidence_judge(struct est *e)
{
	const struct belief *b = &e->way[EST_DOWN].belief;
	const struct est_way *up = &e->way[EST_UP];
	float live[LEVELS];
	struct change_signs s = {
		.evidence = e->silence.heard,
		.dead = e->no_carrier,
		.captive = e->captive,
		.outage = fate_outage(&e->fate, belief_low(b)),
		.survival = e->silence.said,
		.life_us = e->silence.life_us,
		.silent_us = e->silence.since_us,
		.slow_us = e->way[EST_DOWN].slow_us,
		.wait_s = fmaxf(latency_wait(&e->latency).mean_s, e->latency.last_rtt_s),
		.now_us = e->now_us,
		.rate_known = b->known,
		.median_y = b->known ? level_quantile(b->mem, 0.5f) : -1.0f,
	};
	const enum est_state was = e->change.state;

	if (!b->known && up->belief.known)
		s.outage = fate_outage(&e->fate, belief_low(&up->belief));
	if (was == EST_OFFLINE && b->known) {
		belief_marginal(b, live);
		for (int i = 0; i < LEVEL_LOW; i++)
			live[i] = 0.0f;
		s.median_y = level_quantile(live, 0.5f);
	}
	if (change_state(&e->change, &s) && was == EST_OFFLINE)
		latency_recovered(&e->latency);
}
