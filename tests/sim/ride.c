/* SPDX-License-Identifier: ISC */
/* A ride: capacity and round trip of a link over time. */
#include "tests/sim/ride.h"

#include "tests/sim/rng.h"

#include <assert.h>
#include <math.h>

/* Something that is on for a while, every now and then. */
struct spell {
	double every_s, lasts_s;
	double left_s;
};

static int
spell_step(struct spell *s, struct rng *r)
{
	if (s->every_s <= 0.0)
		return 0;
	if (s->left_s > 0.0)
		s->left_s -= RIDE_STEP_S;
	else if (rng_even(r) < RIDE_STEP_S / s->every_s)
		s->left_s = s->lasts_s * exp2(rng_between(r, -1.0, 1.0));
	return s->left_s > 0.0;
}

/* Level and round trip of the link that the ride is on at t, drift included. */
static void
base(const struct ride_plan *p, double t_s, double *kbps, double *rtt_ms)
{
	*kbps = p->kbps;
	*rtt_ms = p->rtt_ms;
	for (int i = 0; i < 3; i++) {
		if (p->step[i].rtt_ms > 0.0 && t_s >= p->step[i].at_s) {
			*kbps = p->step[i].kbps;
			*rtt_ms = p->step[i].rtt_ms;
		}
	}
	*kbps *= exp2(p->drift * t_s / 60.0);
}

void
ride_make(struct ride *r, const struct ride_plan *p, uint64_t seed)
{
	struct rng rng = { .state = seed };
	struct spell dead = { .every_s = p->dead_every_s, .lasts_s = p->dead_s };
	struct spell busy = { .every_s = p->busy_every_s, .lasts_s = p->busy_s };
	double slow = 0.0, own = 0.0;

	r->steps = (int)(p->seconds / RIDE_STEP_S);
	assert(r->steps > 0 && r->steps <= RIDE_STEPS_MAX);
	for (int i = 0; i < r->steps; i++) {
		const double t_s = i * RIDE_STEP_S;
		const double keep = p->wander_s > 0.0 ? exp(-RIDE_STEP_S / p->wander_s) : 0.0;
		const double phase = p->period_s > 0.0 ? fmod(t_s, p->period_s) : 1e9;
		double kbps, rtt_ms;

		base(p, t_s, &kbps, &rtt_ms);
		slow = keep * slow + sqrt(1.0 - keep * keep) * p->wander * rng_normal(&rng);
		if (phase < RIDE_STEP_S)
			own = p->period_octaves * rng_normal(&rng);
		kbps *= exp2(slow + own + p->jitter * rng_normal(&rng));
		if (phase < p->dip_s)
			kbps *= p->dip_share;
		if (spell_step(&busy, &rng))
			kbps *= 1.0 - p->busy_share;
		if (spell_step(&dead, &rng))
			kbps = p->trickle_kbps;
		r->kbps[i] = (float)kbps;
		r->rtt_ms[i] = (float)rtt_ms;
	}
}

static int
step_at(const struct ride *r, double t_s)
{
	const int i = (int)(t_s / RIDE_STEP_S + 1e-9);

	return i < 0 ? 0 : i < r->steps ? i : r->steps - 1;
}

double
ride_kbps(const struct ride *r, double t_s)
{
	return (double)r->kbps[step_at(r, t_s)];
}

double
ride_rtt_s(const struct ride *r, double t_s)
{
	return (double)r->rtt_ms[step_at(r, t_s)] / 1000.0;
}

double
ride_mean_kbps(const struct ride *r, double a_s, double b_s)
{
	const int from = step_at(r, a_s), to = step_at(r, b_s);
	double sum = 0.0;

	for (int i = from; i < to; i++)
		sum += (double)r->kbps[i];
	return to > from ? sum / (to - from) : (double)r->kbps[from];
}
