/* SPDX-License-Identifier: ISC */
/* An outlook as a test wants it: a link near a rate, and how sure that is. */
#ifndef LINKQ_TESTS_ESTIMATOR_MADE_OUTLOOK_H
#define LINKQ_TESTS_ESTIMATOR_MADE_OUTLOOK_H

#include "estimator/outlook.h"

/* kbps <= 0: nothing is known. sigma in octaves. */
static inline void
made_outlook(struct outlook *o, float kbps, float sigma, float dead)
{
	static const float model[MODELS] = { 0.4f, 0.3f, 0.2f, 0.1f };

	*o = (struct outlook){
		.known = kbps > 0.0f,
		.offline = dead > 0.9f,
		.dead = dead,
		.age_s = dead > 0.5f ? 3.0f : 0.0f,
		.death_hz = 0.005f,
		.back_log2_kbps = num_log2(kbps > 1.0f ? kbps : 1.0f),
		.ttfb_s = 0.06f,
		.rtt_s = 0.05f,
		.window_bytes = 14480.0f,
	};
	for (int i = 0; i < LEVELS; i++) {
		const float z = (level_at(i) - level_of_kbps(kbps > 0.0f ? kbps : 0.0f)) / sigma;

		o->live[i] = num_exp(-0.5f * z * z);
		o->jump[i] = num_exp(-0.5f * z * z / 9.0f);
	}
	level_normalise(o->live);
	level_normalise(o->jump);
	for (int m = 0; m < MODELS; m++)
		o->model[m] = model[m];
}

#endif
