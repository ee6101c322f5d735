/* SPDX-License-Identifier: ISC */
/* The journeys of linkq demo, and what became of them. */
#include "daemon/cli/demo_ride.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Breaks of a handover are shorter than what anybody calls an outage. */
#define OUTAGE_MIN_S 1.0

#define PEAK_S 0.5

/* How long after an outage the word offline is still its echo. */
#define ECHO_S 3.0

static const struct demo_leg full_leg[] = {
	{ "a good link", 0, 20, 20000, 8000, 40 },
	{ "tunnel", 20, 32, 0, 0, 40 },
	{ "a good link again", 32, 46, 20000, 8000, 40 },
	{ "doors of a lift", 46, 47.5, 4000, 1500, 120 },
	{ "in the lift", 47.5, 62, 400, 200, 400 },
	{ "4G", 62, 70, 20000, 8000, 50 },
	{ "handover", 70, 70.3, 0, 0, 50 },
	{ "3G", 70.3, 80, 2000, 500, 120 },
	{ "handover", 80, 80.2, 0, 0, 120 },
	{ "5G", 80.2, 90, 60000, 20000, 15 },
};

static const struct demo_leg fast_leg[] = {
	{ "a good link", 0, 4, 20000, 8000, 40 },
	{ "tunnel", 4, 8, 0, 0, 40 },
	{ "4G", 8, 11.5, 20000, 8000, 50 },
	{ "in the lift", 11.5, 15, 500, 200, 300 },
	{ "handover", 15, 15.2, 0, 0, 120 },
	{ "5G", 15.2, 19, 40000, 15000, 15 },
};

#define LEGS(a) (sizeof(a) / sizeof((a)[0]))

const struct demo_ride demo_ride_full = { full_leg, LEGS(full_leg), 90, 2, 4 };
const struct demo_ride demo_ride_fast = { fast_leg, LEGS(fast_leg), 19, 1, 2 };

int
demo_ride_script(const struct demo_ride *r, char *out, size_t len)
{
	size_t used = 0;

	for (size_t i = 0; i < r->legs; i++) {
		const struct demo_leg *l = &r->leg[i];
		int n = snprintf(out + used, len - used, "%.3f,%.0f,%.0f,%.0f\n", l->from_s,
		    l->down_kbps, l->up_kbps, l->rtt_ms);

		if (n < 0 || (size_t)n >= len - used)
			return -ENOSPC;
		used += (size_t)n;
	}
	return 0;
}

const struct demo_leg *
demo_ride_at(const struct demo_ride *r, double t_s)
{
	size_t i = 0;

	while (i + 1 < r->legs && t_s >= r->leg[i + 1].from_s)
		i++;
	return &r->leg[i];
}

void
demo_record_outage(struct demo_record *r, size_t n, double begin_s, double end_s)
{
	if (n >= DEMO_OUTAGES_MAX)
		return;
	if (n >= r->outages) {
		r->outage[n] = (struct demo_outage){ begin_s, (double)NAN, (double)NAN, (double)NAN };
		r->outages = n + 1;
	}
	r->outage[n].end_s = end_s;
}

/* Whether the link is down at t_s, or was a moment ago. */
static bool
excused(const struct demo_record *r, double t_s)
{
	for (size_t i = 0; i < r->outages; i++) {
		const struct demo_outage *o = &r->outage[i];

		if (t_s >= o->begin_s && !(t_s > o->end_s + ECHO_S))
			return true;
	}
	return false;
}

static void
judge_state(struct demo_record *r, const struct demo_sample *s, double passed_s)
{
	struct demo_outage *o = NULL;
	bool offline = strcmp(s->state, "offline") == 0;

	for (size_t i = 0; i < r->outages; i++)
		if (s->t_s >= r->outage[i].begin_s)
			o = &r->outage[i];
	if (offline && !excused(r, s->t_s))
		r->false_offline_s += passed_s;
	if (o == NULL)
		return;
	if (offline && isnan(o->offline_s) && excused(r, s->t_s))
		o->offline_s = s->t_s;
	if (strcmp(s->state, "online") == 0 && !isnan(o->offline_s) && isnan(o->online_s) &&
	    s->t_s >= o->end_s)
		o->online_s = s->t_s;
}

void
demo_record_sample(struct demo_record *r, double t_s, double can_kbps, double carried_kbit,
    const struct view *v)
{
	struct demo_sample *s = &r->sample[r->samples];
	double before_s = r->samples > 0 ? r->sample[r->samples - 1].t_s : t_s;

	if (r->samples == DEMO_SAMPLES_MAX)
		return;
	*s = (struct demo_sample){ .t_s = t_s, .can_kbps = can_kbps,
		.carried_kbit = carried_kbit, .p10 = v->down_kbps.p10, .p50 = v->down_kbps.p50,
		.p90 = v->down_kbps.p90 };
	snprintf(s->state, sizeof s->state, "%.15s", v->state);
	r->samples++;
	judge_state(r, s, t_s - before_s);
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The most that was carried in PEAK_S, up to sample i. */
static double
carried_kbps(const struct demo_record *r, size_t i)
{
	size_t k = i;

	while (k > 0 && r->sample[i].t_s - r->sample[k].t_s < PEAK_S)
		k--;
	if (r->sample[i].t_s <= r->sample[k].t_s)
		return 0;
	return (r->sample[i].carried_kbit - r->sample[k].carried_kbit) /
	    (r->sample[i].t_s - r->sample[k].t_s);
}

struct demo_steady
demo_record_steady(const struct demo_record *r, const struct demo_ride *ride,
    const struct demo_leg *leg)
{
	static double seen[DEMO_SAMPLES_MAX];
	struct demo_steady s = { leg->down_kbps * DEMO_PAYLOAD, 0, (double)NAN, (double)NAN };
	size_t n = 0;

	for (size_t i = 0; i < r->samples; i++) {
		const struct demo_sample *k = &r->sample[i];

		if (k->t_s < leg->from_s + ride->settle_s || k->t_s >= leg->to_s)
			continue;
		s.peak_kbps = fmax(s.peak_kbps, carried_kbps(r, i));
		if (!isnan(k->p50))
			seen[n++] = k->p50;
	}
	if (n == 0)
		return s;
	qsort(seen, n, sizeof *seen, by_value);
	s.p50_kbps = seen[n / 2];
	if (s.can_kbps > 0)
		s.error_ratio = s.p50_kbps / s.can_kbps - 1;
	return s;
}

/* The tunnel is an outage; the breaks of a handover are not. */
static bool
is_outage(const struct demo_outage *o)
{
	return isnan(o->end_s) || o->end_s - o->begin_s >= OUTAGE_MIN_S;
}

const char *
demo_record_fault(const struct demo_record *r, const struct demo_ride *ride)
{
	bool any = false;

	for (size_t i = 0; i < r->outages; i++) {
		if (!is_outage(&r->outage[i]))
			continue;
		any = true;
		if (isnan(r->outage[i].offline_s))
			return "An outage was not found.";
		if (isnan(r->outage[i].online_s))
			return "After an outage the link was not found to be back.";
	}
	if (!any)
		return "The ride ended before its outage.";
	for (size_t i = 0; i < ride->legs; i++) {
		const struct demo_leg *leg = &ride->leg[i];

		if (leg->down_kbps > 0 && leg->to_s - leg->from_s > ride->settle_s &&
		    isnan(demo_record_steady(r, ride, leg).p50_kbps))
			return "The estimate stayed unknown on a stretch of the ride.";
	}
	return NULL;
}
