/* SPDX-License-Identifier: ISC */
/* The grain of a source's clock, measured. */
#include "estimator/grain.h"

#define ENOUGH 4

static const int32_t grains_us[GRAINS] = { 1000, 10000, 20000, 100000 };

void
grain_see(struct grain *g, int64_t us)
{
	for (int i = 0; i < GRAINS; i++) {
		if (us % grains_us[i] != 0)
			g->in_row[i] = 0;
		else if (g->in_row[i] < 255)
			g->in_row[i]++;
	}
}

int64_t
grain_us(const struct grain *g)
{
	for (int i = GRAINS - 1; i >= 0; i--)
		if (g->in_row[i] >= ENOUGH)
			return grains_us[i];
	return 0;
}
