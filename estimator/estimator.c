/* SPDX-License-Identifier: ISC */
/* The estimator of one link: what goes in. */
#include "estimator/estimator.h"

#include "estimator/evidence.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define PRIOR_SIGMA 2.6f

/* Medians of any link of its kind; broad, and soon forgotten. */
static float
prior_median(enum est_link_kind kind)
{
	switch (kind) {
	case EST_LINK_ETHERNET:
		return 16.0f; /* 66 Mbit/s */
	case EST_LINK_LOOPBACK:
		return 18.5f;
	case EST_LINK_WIFI:
		return 14.0f;
	case EST_LINK_WWAN:
	case EST_LINK_TUNNEL:
	case EST_LINK_OTHER:
	case EST_LINK_KINDS:
		break;
	}
	return 13.5f; /* 11.6 Mbit/s */
}

void
est_init(struct est *e, enum est_link_kind kind, int64_t now_us)
{
	memset(e, 0, sizeof *e);
	e->now_us = e->evolved_us = e->weighed_us = now_us;
	e->kind = kind;
	belief_prior(e->prior, prior_median(kind), PRIOR_SIGMA);
	for (int d = 0; d < EST_DIRECTIONS; d++) {
		belief_init(&e->way[d].belief, e->prior);
		window_init(&e->way[d].window);
		feedback_init(&e->way[d].feedback);
		reversion_init(&e->way[d].reversion);
		e->way[d].slow_us = -1;
	}
	fate_init(&e->fate);
	silence_init(&e->silence);
	latency_init(&e->latency);
	flows_init(&e->flows);
	merge_init(&e->merge);
	change_init(&e->change);
	e->unanswered_us = INT64_MIN / 2;
}

void
est_prior(enum est_link_kind kind, struct est_rate *out)
{
	static const float q[3] = { 0.1f, 0.5f, 0.9f };
	float mass[LEVELS], y[3];

	belief_prior(mass, prior_median(kind), PRIOR_SIGMA);
	level_quantiles(mass, q, y, 3);
	*out = (struct est_rate){ .known = true,
		.kbps_p10 = (int64_t)lrintf(level_to_kbps(y[0])),
		.kbps_p50 = (int64_t)lrintf(level_to_kbps(y[1])),
		.kbps_p90 = (int64_t)lrintf(level_to_kbps(y[2])) };
}

void
evidence_settle(struct est *e)
{
	evidence_learn(e);
	evidence_judge(e);
	e->read_horizon_us = 0;
	for (int d = 0; d < EST_DIRECTIONS; d++)
		e->way[d].feedback.noted = false;
}

enum est_verdict
est_add(struct est *e, int64_t now_us, const struct est_sample *s)
{
	enum est_verdict verdict;

	evidence_advance(e, now_us);
	verdict = evidence_take(e, s);
	e->rejected[verdict]++;
	if (verdict == EST_REJECT_SERVER)
		e->rejected[EST_TAKEN]++; /* it counted, for less */
	evidence_settle(e);
	return verdict;
}

void
est_add_rtt(struct est *e, int64_t now_us, enum est_source source, int64_t rtt_us,
    bool answered)
{
	evidence_advance(e, now_us);
	if (rtt_us < 0 || rtt_us > INT64_C(86400) * 1000000 || (unsigned)source >= EST_SOURCES) {
		e->rejected[EST_REJECT_ABSURD]++;
		return;
	}
	evidence_rtt(e, source, rtt_us, answered);
	e->rejected[EST_TAKEN]++;
	evidence_settle(e);
}

/* Probes report their bytes at once, so their silence counts up to now. */
static void
count_probe_silence(struct est *e)
{
	for (int i = 0; i < FLOWS_KEPT; i++) {
		struct flow *f = &e->flows.flow[i];

		if (f->open && f->source == EST_PROBE && f->first_us < 0 &&
		    f->direction == EST_DOWN &&
		    e->now_us - f->reported_us < FLOW_STALE_US &&
		    !evidence_own_silence(e, f, f->start_us))
			evidence_silence(e, f->start_us, e->now_us, false);
	}
}

static void
keep_forecasts(struct est *e)
{
	for (int d = 0; d < EST_DIRECTIONS; d++) {
		struct est_way *way = &e->way[d];
		float raw[FORECAST_QUANTILES];

		if (!way->used || !feedback_due(&way->feedback, e->now_us))
			continue;
		if (e->now_us - way->used_us > INT64_C(1000000) || e->change.state == EST_OFFLINE)
			continue;
		evidence_forecast(e, (enum est_direction)d, FEEDBACK_HORIZON_S, raw);
		feedback_note(&way->feedback, e->now_us, raw);
	}
}

void
est_tick(struct est *e, int64_t now_us)
{
	evidence_advance(e, now_us);
	count_probe_silence(e);
	evidence_settle(e);
	keep_forecasts(e);
}

void
est_wake(struct est *e, int64_t now_us)
{
	/* A sleep is not age: what this link is like is as true as before. */
	assert(now_us >= e->now_us);
	e->now_us = e->evolved_us = now_us;
	for (int d = 0; d < EST_DIRECTIONS; d++)
		belief_wake(&e->way[d].belief, e->prior);
	fate_weigh(&e->fate, 1.0f, 0.1f);
	e->fate.age_s = 0.0f;
	flows_init(&e->flows);
	merge_init(&e->merge);
	e->unanswered_s = 0.0f;
	silence_broken(&e->silence, now_us);
	/* But whether anything gets through now, nobody has seen since. */
	e->silence.heard = e->evidence = false;
	change_forget_level(&e->change);
	change_note(&e->change, EST_CHANGE_WAKE, now_us, -1.0f, -1.0f);
	evidence_settle(e);
}

void
est_network_changed(struct est *e, int64_t now_us)
{
	const struct change kept = e->change;
	const enum est_link_kind kind = e->kind;

	assert(now_us >= e->now_us);
	est_init(e, kind, now_us);
	memcpy(e->change.past, kept.past, sizeof kept.past);
	e->change.past_len = kept.past_len;
	change_note(&e->change, EST_CHANGE_NETWORK, now_us, -1.0f, -1.0f);
}

void
est_set_carrier(struct est *e, int64_t now_us, bool up)
{
	evidence_advance(e, now_us);
	if (e->no_carrier == !up)
		return;
	e->no_carrier = !up;
	if (up) {
		/* back from known death: hope for what it was */
		fate_weigh(&e->fate, 1.0f, 0.1f);
		e->fate.age_s = 0.0f;
	}
	evidence_settle(e);
}

void
est_set_captive(struct est *e, int64_t now_us, bool captive)
{
	evidence_advance(e, now_us);
	e->captive = captive;
	evidence_settle(e);
}

void
est_forget_request(struct est *e, uint64_t request)
{
	struct flow *f = flows_find(&e->flows, request);

	if (f != NULL)
		flows_close(f);
}
