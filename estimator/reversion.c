/* SPDX-License-Identifier: ISC */
/* How much a link goes back to the level of its last 15 s. */
#include "estimator/forecast.h"

#include <math.h>

#define AT_FIRST 0.1f /* of links in general, and the least */
#define MOST 0.8f
#define GAIN 0.1f
#define SOFT 2.0f /* octaves squared: what is under half an octave teaches little */
#define SEEN_LEAST_S 30.0f /* before that the memory is still the prior's */
#define LOOK_LEAST_US INT64_C(1000000)
#define LOOK_MOST_US INT64_C(6000000)

void
reversion_init(struct reversion *r)
{
	*r = (struct reversion){ .to_mem = AT_FIRST };
}

static void
look(struct reversion *r, const struct belief *b, int64_t at_us)
{
	float live[LEVELS];

	belief_marginal(b, live);
	for (int i = 0; i < LEVEL_LOW; i++)
		live[i] = 0.0f;
	r->median = level_quantile(live, 0.5f);
	r->away = level_quantile(b->mem, 0.5f) - r->median;
	r->at_us = at_us;
	r->looked = true;
}

void
reversion_seen(struct reversion *r, const struct belief *b, int64_t at_us, float y)
{
	const int64_t since_us = at_us - r->at_us;

	if (r->looked && since_us < LOOK_LEAST_US)
		return;
	if (r->looked && since_us <= LOOK_MOST_US && b->seen_s > SEEN_LEAST_S) {
		const float went = num_clamp(y - r->median, -3.0f, 3.0f);
		const float away = num_clamp(r->away, -3.0f, 3.0f);

		r->to_mem += GAIN * away * (went - r->to_mem * away) / (SOFT + away * away);
		r->to_mem = num_clamp(r->to_mem, AT_FIRST, MOST);
	}
	look(r, b, at_us);
}
