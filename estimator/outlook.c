/* SPDX-License-Identifier: ISC */
/* What a planner needs to know of a link. */
#include "estimator/outlook.h"

#include "estimator/evidence.h"

#include <assert.h>
#include <math.h>

#define JUMP_LR 0.85f

static float
wait_s(const struct est *e)
{
	const float s = delays_quantile(&e->latency.ttfb, e->now_us, 0.5f, 0.0f);

	return s >= 0.0f ? s : latency_wait(&e->latency).mean_s;
}

/* Mean of log2(rate) over what an outage ends in. */
static float
back_to(const struct est *e)
{
	float mass[LEVELS], sum = 0.0f, all = 0.0f;

	belief_back_to(&e->way[EST_DOWN].belief, e->prior, mass);
	for (int i = LEVEL_LOW; i < LEVELS; i++) {
		sum += mass[i] * level_log2_kbps[i];
		all += mass[i];
	}
	return all > 0.0f ? sum / all : level_log2_kbps[LEVEL_LOW];
}

void
outlook_take(const struct est *e, int64_t horizon_us, struct outlook *out)
{
	const struct est_way *way = &e->way[EST_DOWN];
	const struct forecast_ask ask =
	    evidence_ask(e, EST_DOWN, (float)horizon_us * 1e-6f);
	const v4f models = belief_models(&way->belief);
	float dying;

	assert(horizon_us > 0);
	*out = (struct outlook){
		.known = way->belief.known,
		.offline = e->change.state == EST_OFFLINE || e->change.state == EST_CAPTIVE,
		.age_s = e->fate.age_s,
		.death_hz = fate_death_hz(&e->fate),
		.back_log2_kbps = back_to(e),
		.ttfb_s = wait_s(e),
		.rtt_s = latency_least_s(&e->latency),
		.window_bytes = way->window.initial,
	};
	forecast_alive(&ask, out->live);
	level_normalise(out->live);
	dying = 0.5f * (1.0f - num_exp(-out->death_hz * ask.horizon_s));
	out->dead = fate_outage(&e->fate, belief_low(&way->belief));
	if (e->no_carrier || e->captive)
		out->dead = 1.0f;
	out->dead = num_clamp(out->dead + (1.0f - out->dead) * dying, 0.0f, 1.0f);
	for (int k = 0; k < MODELS; k++)
		out->model[k] = models[k];
	for (int i = 0; i < LEVELS; i++)
		out->jump[i] = JUMP_LR * way->belief.lr[i] + (1.0f - JUMP_LR) * e->prior[i];
}
