/* SPDX-License-Identifier: ISC */
/* Weeks of one link: rides through the same tunnels, days off, and what comes by chance. */
#include "tests/sim/weeks.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "tests/sim/rng.h"

#define DAY_S 86400.0
#define TUNNELS_MAX 16
#define OUTAGES_MAX 12000
#define ROUTES_MAX 3

struct route {
	int tunnels;
	double gap_s[TUNNELS_MAX]; /* from the exit of the one before */
	double length_s[TUNNELS_MAX];
	double rest_s; /* behind the last one */
};

struct outage {
	double begin_s, end_s;
};

struct maker {
	struct rng rng;
	const struct weeks_plan *plan;
	struct route out[ROUTES_MAX], back[ROUTES_MAX];
	struct outage outage[OUTAGES_MAX];
	int outages;
	struct outage watched[WEEKS * 14 + 1];
	int watches;
};

static void
make_route(struct rng *r, struct route *out)
{
	out->tunnels = 5 + (int)(rng_next(r) % 7);
	for (int i = 0; i < out->tunnels; i++) {
		out->gap_s[i] = 45.0 + rng_exponential(r, 260.0);
		out->length_s[i] = 6.0 + rng_exponential(r, 35.0);
	}
	out->rest_s = rng_between(r, 120.0, 900.0);
}

static void
reverse(const struct route *r, struct route *out)
{
	*out = (struct route){ .tunnels = r->tunnels, .rest_s = r->gap_s[0] };
	for (int i = 0; i < r->tunnels; i++) {
		out->length_s[i] = r->length_s[r->tunnels - 1 - i];
		out->gap_s[i] = i == 0 ? r->rest_s : r->gap_s[r->tunnels - i];
	}
}

static void
add(struct maker *m, double begin_s, double length_s)
{
	assert(m->outages < OUTAGES_MAX);
	m->outage[m->outages++] = (struct outage){ begin_s, begin_s + fmax(length_s, 1.0) };
}

static void
ride(struct maker *m, const struct route *route, double t_s)
{
	struct rng *r = &m->rng;
	const double pace = exp(0.06 * rng_normal(r)), begin_s = t_s;

	for (int i = 0; i < route->tunnels; i++) {
		/* A stop takes as long as it takes; and now and then there is a signal. */
		t_s += fmax(route->gap_s[i] * pace + 15.0 * rng_normal(r), 10.0);
		if (rng_even(r) < 0.05)
			t_s += rng_exponential(r, 120.0);
		if (rng_even(r) < 0.07)
			continue; /* there was coverage for once, or nobody asked */
		add(m, t_s, route->length_s[i] * pace * exp(0.2 * rng_normal(r)));
		t_s = m->outage[m->outages - 1].end_s;
	}
	t_s += route->rest_s * pace;
	if (m->plan->only_on_the_way)
		m->watched[m->watches++] = (struct outage){ begin_s - 60.0, t_s };
}

static const struct route *
choose(struct maker *m, const struct route *of)
{
	const double u = rng_even(&m->rng);

	if (m->plan->routes == 1 || u < 0.6)
		return &of[0];
	return m->plan->routes == 2 || u < 0.85 ? &of[1] : &of[2];
}

static void
go_to_work(struct maker *m)
{
	const double jitter_s = m->plan->jitter_min * 60.0;

	for (int i = 0; i < m->plan->routes; i++) {
		make_route(&m->rng, &m->out[i]);
		reverse(&m->out[i], &m->back[i]);
	}
	for (int day = 0; day < 7 * WEEKS; day++) {
		const double late_s = m->plan->moves && day >= 35 ? 3600.0 : 0.0;
		const double at_s = day * DAY_S + late_s;
		const bool holidays = day / 7 == 4 && day % 7 < 5 && day >= 30;

		if (day % 7 >= 5 || holidays || rng_even(&m->rng) < 0.12)
			continue;
		ride(m, choose(m, m->out), at_s + 29100.0 + jitter_s * rng_normal(&m->rng));
		ride(m, choose(m, m->back),
		    at_s + 62400.0 + 1.5 * jitter_s * rng_normal(&m->rng));
	}
}

static void
by_chance(struct maker *m)
{
	const struct weeks_plan *p = m->plan;
	const double burst = p->in_bursts > 1.0 ? p->in_bursts : 1.0;
	const double most = 1.0 + p->by_hour;
	double t_s = 0.0;

	if (!(p->a_day > 0.0))
		return;
	for (;;) {
		double hour, at_s;

		t_s += rng_exponential(&m->rng, DAY_S * burst / (p->a_day * most));
		if (t_s >= WEEKS * 7 * DAY_S)
			return;
		hour = fmod(t_s, DAY_S) / 3600.0;
		if (rng_even(&m->rng) * most > (hour >= 19.0 && hour < 22.0 ? most : 1.0))
			continue;
		at_s = t_s;
		do {
			add(m, at_s, 3.0 + rng_exponential(&m->rng, 20.0));
			at_s += rng_exponential(&m->rng, 240.0);
		} while (burst > 1.0 && rng_even(&m->rng) > 1.0 / burst);
	}
}

static int
compare(const void *a, const void *b)
{
	const struct outage *x = a, *y = b;

	return (x->begin_s > y->begin_s) - (x->begin_s < y->begin_s);
}

static void
emit(struct weeks *w, double t_s, enum week_kind kind)
{
	assert(w->len < WEEKS_EVENTS_MAX);
	w->at[w->len++] = (struct week_event){ t_s, kind };
}

void
weeks_make(struct weeks *w, const struct weeks_plan *plan, uint64_t seed)
{
	static struct maker m;
	int next = 0;

	m = (struct maker){ .rng = { seed }, .plan = plan };
	w->len = 0;
	go_to_work(&m);
	by_chance(&m);
	if (!plan->only_on_the_way)
		m.watched[m.watches++] = (struct outage){ 0.0, WEEKS * 7 * DAY_S };
	qsort(m.outage, (size_t)m.outages, sizeof m.outage[0], compare);
	qsort(m.watched, (size_t)m.watches, sizeof m.watched[0], compare);
	for (int i = 0; i < m.watches; i++) {
		double from_s = i > 0 && m.watched[i - 1].end_s > m.watched[i].begin_s
		    ? m.watched[i - 1].end_s + 90.0 : m.watched[i].begin_s;
		double at_s = from_s + 1.0;

		if (from_s >= m.watched[i].end_s)
			continue;
		emit(w, from_s, WEEK_UP);
		for (; next < m.outages && m.outage[next].begin_s < m.watched[i].end_s; next++) {
			if (m.outage[next].begin_s < at_s ||
			    m.outage[next].end_s >= m.watched[i].end_s)
				continue; /* nobody was there to see, or one covers another */
			emit(w, m.outage[next].begin_s, WEEK_BEGINS);
			emit(w, m.outage[next].end_s, WEEK_ENDS);
			at_s = m.outage[next].end_s + 1.0;
		}
		emit(w, m.watched[i].end_s, WEEK_DOWN);
	}
}
