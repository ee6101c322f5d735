/* SPDX-License-Identifier: ISC */
/* A measurement that somebody asked for: each kind of target once, small before large. */
#include "daemon/schedule_internal.h"

#include <errno.h>
#include <string.h>

#define FILL_US MS(1000)
#define MEASURE_MOST_BYTES INT64_C(2097152)

/* Of this kind the one that was asked longest ago and may be; -1: none. */
static int
pick(const struct sched *s, int64_t now_us, enum conf_target_kind kind)
{
	int best = -1;

	for (size_t i = 0; i < s->targets; i++) {
		const struct sched_target *t = &s->target[i];

		if (t->kind != kind || sched_muted(t, now_us) ||
		    (!t->own && now_us - t->asked_us < s->stranger_us))
			continue;
		if (best < 0 || t->asked_us < s->target[best].asked_us)
			best = (int)i;
	}
	return best;
}

/* A body of a second at the median, or what the limits leave. */
static int64_t
size(struct sched *s, int64_t now_us, const struct est_rate *rate)
{
	int64_t bytes = rate->known ? rate->kbps_p50 * FILL_US / 8000 : 4 * SIZED_MIN;
	int64_t left = ledger_left(s->ledger, now_us) / 3;

	bytes = bytes < SIZED_MIN ? SIZED_MIN : bytes;
	bytes = bytes > MEASURE_MOST_BYTES ? MEASURE_MOST_BYTES : bytes;
	return !s->over_budget && bytes > left ? left : bytes;
}

bool
sched_measure_next(struct sched *s, int64_t now_us, const struct est_snapshot *belief,
    struct sched_ask *out)
{
	for (int kind = CONF_LATENCY; kind <= CONF_UPLOAD; kind++) {
		int target = pick(s, now_us, (enum conf_target_kind)kind);

		if (!s->measure[kind])
			continue;
		s->measure[kind] = false;
		if (target < 0)
			continue;
		*out = (struct sched_ask){ .target = target, .copies = 1, .why = SCHED_ASKED,
			.fresh = kind == CONF_LATENCY };
		if (kind != CONF_LATENCY)
			out->bytes = size(s, now_us,
			    &belief->rate[kind == CONF_UPLOAD ? EST_UP : EST_DOWN]);
		sched_price(s, out);
		if (s->over_budget || sched_affordable(s, now_us, out))
			return true;
	}
	return false;
}

int
sched_measure(struct sched *s, int64_t now_us, bool over_budget)
{
	struct sched_ask ask = { .target = pick(s, now_us, CONF_LATENCY) };

	if (sched_measuring(s, now_us))
		return 0;
	if (ask.target >= 0)
		sched_price(s, &ask);
	if (!over_budget && (ledger_left(s->ledger, now_us) == 0 ||
				!sched_affordable(s, now_us, &ask)))
		return -EDQUOT;
	s->over_budget = over_budget;
	s->measure_us = now_us;
	for (int kind = CONF_LATENCY; kind <= CONF_UPLOAD; kind++)
		s->measure[kind] = true;
	return 0;
}

bool
sched_measuring(const struct sched *s, int64_t now_us)
{
	bool yes = false;

	for (int kind = CONF_LATENCY; kind <= CONF_UPLOAD; kind++)
		yes = yes || s->measure[kind];
	for (int f = 0; f < SCHED_FLIGHTS_MAX; f++)
		yes = yes || (s->flight[f].used && s->flight[f].measures);
	return yes && now_us - s->measure_us < SCHED_MEASURE_US;
}
