/* SPDX-License-Identifier: ISC */
/* How the rates that were seen went of late. */
#include "estimator/trend.h"

#include "estimator/level.h"

#include <assert.h>
#include <math.h>

#define AWAY_AT_FIRST 0.5f
#define AWAY_S 20.0f
#define AWAY_MOST 4.0f

static const float over_s[TRENDS] = { 1.0f, 4.0f, 15.0f, 60.0f };

void
trend_seen(struct trend *t, float y, float dt_s)
{
	assert(dt_s > 0.0f);
	if (!t->known) {
		*t = (struct trend){ .away = AWAY_AT_FIRST, .known = true };
		for (int k = 0; k < TRENDS; k++)
			t->mean_y[k] = y;
		return;
	}
	t->away += (1.0f - num_exp(-dt_s / AWAY_S)) *
	    (fminf(fabsf(y - t->mean_y[2]), AWAY_MOST) - t->away);
	for (int k = 0; k < TRENDS; k++)
		t->mean_y[k] += (1.0f - num_exp(-dt_s / over_s[k])) * (y - t->mean_y[k]);
}
