/* SPDX-License-Identifier: ISC */
/*
 * Made-up rides to learn from, far more various than the journeys, which stay unseen: from
 * 60 kbit/s to 1.5 Gbit/s, calm to wild, with and without tunnels, neighbours and steps.
 */
#include "tests/sim/client.h"
#include "tests/sim/learn/cases.h"
#include "tests/sim/score.h"

#include <math.h>

#define RIDE_S 240.0
#define AHEAD_S 5.0
#define FIRST_TICKS 8   /* of a rate that is known: it has hardly begun */
#define GRAIN_US 10000  /* of the clocks of half of the clients */

struct rider {
	struct est est;
	struct client client;
	struct ride ride;
	int64_t grain_us;
};

static bool
one_in(struct rng *r, double n)
{
	return rng_even(r) * n < 1.0;
}

/* Evenly among octaves. */
static double
octaves(struct rng *r, double lo, double hi)
{
	return exp2(rng_between(r, lo, hi));
}

static void
plan_interruptions(struct ride_plan *p, struct rng *r)
{
	if (one_in(r, 3.3)) {
		p->dead_every_s = octaves(r, 4.0, 8.0);
		p->dead_s = octaves(r, 0.5, 5.0);
		p->trickle_kbps = one_in(r, 2.5) ? rng_between(r, 0.0, 100.0) : 0.0;
	}
	if (one_in(r, 4.0)) {
		p->busy_every_s = octaves(r, 2.0, 6.0);
		p->busy_s = octaves(r, 0.0, 5.0);
		p->busy_share = rng_between(r, 0.3, 0.97);
	}
	if (one_in(r, 7.0)) {
		p->period_s = rng_between(r, 3.0, 20.0);
		p->dip_s = rng_between(r, 0.1, 2.0);
		p->dip_share = rng_between(r, 0.0, 0.6);
		p->period_octaves = rng_even(r);
	}
}

static void
plan_changes(struct ride_plan *p, struct rng *r)
{
	double at_s = 0.0;

	if (one_in(r, 5.0)) {
		for (int i = 0; i < 3; i++) {
			at_s += rng_between(r, 30.0, 120.0);
			p->step[i].at_s = at_s;
			p->step[i].kbps = octaves(r, 7.0, 19.0);
			p->step[i].rtt_ms = octaves(r, 3.0, 8.5);
		}
	}
	if (one_in(r, 7.0))
		p->drift = 0.7 * rng_normal(r);
}

static struct ride_plan
plan_ride(struct rng *r)
{
	struct ride_plan p = { .seconds = RIDE_S };

	p.kbps = fmin(fmax(exp2(13.6 + 2.2 * rng_normal(r)), 60.0), 1.5e6);
	p.rtt_ms = octaves(r, 3.0, 7.5) * (p.kbps < 1000.0 ? 2.0 : 1.0);
	p.wander = octaves(r, -3.0, 0.7);
	p.wander_s = octaves(r, 1.0, 6.5);
	p.jitter = octaves(r, -5.0, 0.0);
	p.rtt_jitter = one_in(r, 2.0) ? 0.08 : rng_between(r, 0.0, 0.5);
	plan_interruptions(&p, r);
	plan_changes(&p, r);
	return p;
}

static int64_t
coarse(int64_t us, int64_t grain_us)
{
	return us < 0 ? us : (us + grain_us - 1) / grain_us * grain_us;
}

static void
take(void *arg, const struct est_sample *s)
{
	struct rider *r = arg;
	struct est_sample t = *s;

	t.duration_us = coarse(s->duration_us, r->grain_us);
	t.ttfb_us = coarse(s->ttfb_us, r->grain_us);
	if (t.ttfb_us > t.duration_us)
		t.ttfb_us = t.duration_us;
	if (t.connect_us > t.ttfb_us)
		t.connect_us = t.ttfb_us;
	est_add(&r->est, s->ended_us, &t);
}

static void
travel(struct cases *c, struct rider *r, enum client_kind kind, uint64_t seed)
{
	const int steps = (int)(RIDE_S / CLIENT_STEP_S);
	const int each = (int)(TICK_S / CLIENT_STEP_S);
	int known = 0;

	client_init(&r->client, kind, &r->ride, seed);
	r->client.report = take;
	r->client.arg = r;
	est_init(&r->est, EST_LINK_OTHER, 0);
	for (int i = 1; i <= steps; i++) {
		const double t_s = i * CLIENT_STEP_S;
		const int64_t now_us = llround(t_s * 1e6);

		client_step(&r->client);
		if (i % (each / 2) == 0)
			est_tick(&r->est, now_us);
		if (i % each != 0 || t_s > RIDE_S - AHEAD_S)
			continue;
		if (known < FIRST_TICKS) {
			struct est_snapshot s;

			est_read(&r->est, now_us, EST_HORIZON_US, &s);
			known += s.rate[EST_DOWN].known;
		} else {
			cases_add(c, &r->est, now_us, (float)score_truth(&r->ride, t_s));
		}
	}
}

void
cases_of_rides(struct cases *c, uint64_t first, int rides)
{
	/* pages share the link among requests, where the corrections take no part */
	static const enum client_kind kinds[] = { CLIENT_VIDEO, CLIENT_BULK, CLIENT_PROBE };
	static struct rider rider;

	for (uint64_t n = first; n < first + (uint64_t)rides; n++) {
		struct rng rng = { .state = n * 7919 + 13 };
		const struct ride_plan plan = plan_ride(&rng);

		ride_make(&rider.ride, &plan, n);
		for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
			rider.grain_us = one_in(&rng, 2.0) ? GRAIN_US : 1;
			travel(c, &rider, kinds[k], n + 1000);
		}
	}
}
