/* SPDX-License-Identifier: ISC */
/* From what the link is now to its mean over the next seconds. */
#include "estimator/forecast.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define SLOTS 5
#define ERROR_SHARE 0.3f  /* of the mass may be off by */
#define ERROR_OCTAVES 0.5f
#define TO_LAST 0.125f /* the last second is more than white noise allows */
#define TO_MEM_LEAST 0.1f
#define TO_MEM_S 3.0f /* what is older has wandered, and the swing it had is over */
#define SHIFT_MOST 1.5f
#define LN2 0.69314718f

/* log2 of 0.1, 0.3 .. 0.9: the middle of each fifth */
static const float slot_octaves[SLOTS] = { -3.3219281f, -1.7369656f, -1.0f, -0.5145732f,
	-0.1520031f };

/* The live levels, spread as far as each model wanders in the horizon. */
static void
spread(const struct forecast_ask *ask, float out[LEVELS])
{
	const v4f noise = belief_noise * 0.9f;
	const v4f v = (belief_wander * belief_wander * (0.4f * ask->horizon_s) + noise * noise) *
	    (LEVELS_AN_OCTAVE * LEVELS_AN_OCTAVE);
	const v4f none = v4_all(0.0f);
	/*
	 * A mean of rates lies above the rate of the mean level, by ln 2 / 2 times the
	 * variance of the level within the window: what the model jitters, and a sixth of
	 * what it wanders.
	 */
	const v4f lift = (0.5f * LN2 * LEVELS_AN_OCTAVE) * (belief_noise * belief_noise +
	    belief_wander * belief_wander * (ask->horizon_s / 6.0f));
	const v4f up = v4_min(lift, v4_all(1.0f)), stay = 1.0f - up;
	v4f a, scale, run = none, above = none, forward[LEVELS];

	for (int k = 0; k < MODELS; k++)
		a[k] = v[k] / (v[k] + 1.0f + sqrtf(1.0f + 2.0f * v[k]));
	scale = (1.0f - a) / (1.0f + a);
	for (int i = 0; i < LEVELS; i++)
		forward[i] = run = (i < LEVEL_LOW ? none : ask->belief->p[i]) + a * run;
	run = none;
	for (int i = LEVELS - 1; i >= 0; i--) {
		const v4f here = scale * (forward[i] + a * run);

		if (i + 1 < LEVELS)
			out[i + 1] = v4_sum(stay * above + up * here);
		above = here;
		run = (i < LEVEL_LOW ? none : ask->belief->p[i]) + a * run;
	}
	out[0] = v4_sum(stay * above);
}

static float
reversion(const struct forecast_ask *ask, const float alive[LEVELS])
{
	const float median = level_quantile(alive, 0.5f);
	const float to_mem = TO_MEM_LEAST + (ask->to_mem - TO_MEM_LEAST) *
	    num_exp(-fminf(ask->last_age_s / TO_MEM_S, 60.0f));
	float by = to_mem * (level_quantile(ask->belief->mem, 0.5f) - median);

	if (ask->last_known)
		by += TO_LAST * (ask->last_y - median) * num_exp(-ask->last_age_s / 2.0f);
	return num_clamp(by, -SHIFT_MOST, SHIFT_MOST);
}

/* What is alive now: where it will be, jumps and the errors of this model included. */
void
forecast_alive(const struct forecast_ask *ask, float out[LEVELS])
{
	const float jump = 1.0f - num_exp(-BELIEF_JUMP_HZ * 0.5f * ask->horizon_s);
	float now[LEVELS], jump_to[LEVELS], wide[LEVELS];
	float mass;

	spread(ask, now);
	mass = level_sum(now);
	memset(out, 0, LEVELS * sizeof out[0]);
	level_add_moved(out, now, 1.0f, reversion(ask, now));
	belief_jump_to(ask->belief, ask->prior, jump_to);
	for (int i = 0; i < LEVELS; i++)
		wide[i] = out[i] = (1.0f - jump) * out[i] + jump * mass * jump_to[i];
	level_diffuse(wide, ERROR_OCTAVES * ERROR_OCTAVES);
	for (int i = 0; i < LEVELS; i++)
		out[i] += ERROR_SHARE * (wide[i] - out[i]);
}

/* What is dead or at a trickle now: it comes back in one of the slots, or it does not. */
static void
add_dead(const struct forecast_ask *ask, float low, float out[LEVELS])
{
	const float off = ask->fate->off, on = 1.0f - off;
	const float dead = off + on * low;
	const float hz = fate_back_hz(ask->fate->age_s + 0.25f * ask->horizon_s);
	float back_to[LEVELS], left = 1.0f;

	belief_back_to(ask->belief, ask->prior, back_to);
	for (int k = 0; k < SLOTS; k++) {
		const float next =
		    num_exp(-hz * ask->horizon_s * (float)(k + 1) / (float)SLOTS);

		level_add_moved(out, back_to, dead * (left - next), slot_octaves[SLOTS - 1 - k]);
		left = next;
	}
	for (int i = 0; i < LEVEL_LOW; i++)
		out[i] += on * left * v4_sum(ask->belief->p[i]);
	out[0] += 0.5f * off * left;
	out[1] += 0.5f * off * left;
}

void
forecast_mass(const struct forecast_ask *ask, float out[LEVELS])
{
	const float low = belief_low(ask->belief), on = 1.0f - ask->fate->off;
	const float die = 1.0f - num_exp(-fate_death_hz(ask->fate) * ask->horizon_s);
	float alive[LEVELS];

	assert(ask->horizon_s > 0.0f);
	forecast_alive(ask, alive);
	for (int i = 0; i < LEVELS; i++)
		out[i] = on * (1.0f - die) * alive[i];
	for (int k = 0; k < SLOTS; k++)
		level_add_moved(out, alive, on * die / SLOTS, slot_octaves[k]);
	add_dead(ask, low, out);
	level_normalise(out);
}

void
forecast_quantiles(const struct forecast_ask *ask, float y[FORECAST_QUANTILES])
{
	static const float q[FORECAST_QUANTILES] = { 0.03f, 0.1f, 0.25f, 0.4f, 0.5f, 0.6f, 0.75f,
		0.9f, 0.97f };
	float mass[LEVELS];

	forecast_mass(ask, mass);
	level_quantiles(mass, q, y, FORECAST_QUANTILES);
}
