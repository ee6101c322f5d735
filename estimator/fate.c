/* SPDX-License-Identifier: ISC */
/* Is the link alive? Death, return, and Bayes between them. */
#include "estimator/fate.h"

#include "estimator/level.h"

#include <assert.h>
#include <math.h>

#define PRIOR_OUTAGES 1.2f
#define PRIOR_ALIVE_S 120.0f
#define BACK_S 15.0f
#define BACK_GROWTH 2.0f
#define MEMORY_S 7200.0f /* a link may change its ways in hours */
#define OFF_LEAST 1e-9f

void
fate_init(struct fate *f)
{
	*f = (struct fate){ .off = 0.01f };
}

float
fate_death_hz(const struct fate *f)
{
	return (PRIOR_OUTAGES + f->outages) / (PRIOR_ALIVE_S + f->alive_s);
}

float
fate_back_hz(float age_s)
{
	return 1.0f / (BACK_S + BACK_GROWTH * age_s);
}

struct fate_step
fate_step(const struct fate *f, float dt_s)
{
	assert(dt_s >= 0.0f);
	return (struct fate_step){
		.off = f->off,
		.die = 1.0f - num_exp(-fate_death_hz(f) * dt_s),
		.back = 1.0f - num_exp(-fate_back_hz(f->age_s + 0.5f * dt_s) * dt_s),
	};
}

void
fate_evolve(struct fate *f, const struct fate_step *step, float low, float dt_s)
{
	const bool was_out = f->age_s > 0.0f;
	const float alive = (1.0f - f->off) * (1.0f - low);
	const float keep = num_exp(-dt_s / MEMORY_S);

	f->off = f->off * (1.0f - step->back) + 0.5f * step->die * alive;
	f->off = num_clamp(f->off, OFF_LEAST, 1.0f - OFF_LEAST);
	f->alive_s *= keep;
	f->outages *= keep;
	if (fate_outage(f, low) > 0.5f) {
		f->outages += was_out ? 0.0f : 1.0f;
		f->age_s += dt_s > 0.0f ? dt_s : 1e-6f;
	} else {
		f->age_s = 0.0f;
		f->alive_s += dt_s;
	}
}

void
fate_weigh(struct fate *f, float alive, float dead)
{
	const float if_alive = (1.0f - f->off) * alive;
	const float if_dead = f->off * dead;

	assert(alive >= 0.0f && dead >= 0.0f);
	if (if_alive + if_dead > 1e-30f)
		f->off = if_dead / (if_alive + if_dead);
	f->off = num_clamp(f->off, OFF_LEAST, 1.0f - OFF_LEAST);
}

float
fate_outage(const struct fate *f, float low)
{
	return f->off + (1.0f - f->off) * low;
}

float
fate_remaining_s(float age_s, float q)
{
	/*
	 * Hazard 1/(b + g t): alive after t with ((b + g age) / (b + g t))^(1/g). With g = 2
	 * that is a square root, so t = ((b + g age) / (1 - q)^2 - b) / g.
	 */
	const float left = num_clamp(1.0f - q, 1e-3f, 1.0f);
	const float scale = BACK_S + BACK_GROWTH * age_s;

	return (scale / (left * left) - scale) / BACK_GROWTH;
}
