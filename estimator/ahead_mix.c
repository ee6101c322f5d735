/* SPDX-License-Identifier: ISC */
/* Whom to believe: the weights of the experts, and how sure their mixture may be. */
#include "estimator/ahead_internal.h"

#include <math.h>
#include <string.h>

#define STEP_LEAST 0.004 /* how fast an expert may still gain in the long run */
#define NEVER_LOST 0.002
#define KNOWN_BEFORE 10.0 /* precision of "as it is said" before anything is learnt */
#define FADING 0.9995
#define ODDS_MOST 9.0
/* Moments two minutes apart are no independent ones. */
#define INDEPENDENT 0.35

void
ahead_mix_init(struct ahead *a)
{
	/* The plainest guesses count the most. */
	static const float weight[AHEAD_EXPERTS] = { 0.20f, 0.25f, 0.15f, 0.10f, 0.06f, 0.06f,
		0.06f, 0.06f, 0.06f };

	for (int e = 0; e < AHEAD_ELAPSED; e++) {
		memcpy(a->weight[e], weight, sizeof weight);
		for (int h = 0; h < AHEAD_HORIZONS; h++)
			a->fit[e][h] = (struct ahead_fit){ .by = 1.0f,
				.aa = (float)KNOWN_BEFORE, .bb = (float)KNOWN_BEFORE };
	}
}

static double
log_odds(double p)
{
	const double l = log(p / (1.0 - p));

	return fmin(fmax(l, -ODDS_MOST), ODDS_MOST);
}

static double
chance_of(double odds)
{
	return 1.0 / (1.0 + exp(-odds));
}

static double
mixed(const float *weight, double p[AHEAD_EXPERTS][AHEAD_CATS], int cat)
{
	double sum = 0.0;

	for (int k = 0; k < AHEAD_EXPERTS; k++)
		sum += (double)weight[k] * p[k][cat];
	return sum;
}

void
ahead_mix(const struct ahead *a, int elapsed, double p[AHEAD_EXPERTS][AHEAD_CATS],
    double chance[AHEAD_HORIZONS])
{
	double sum = 0.0;

	for (int h = 0; h < AHEAD_HORIZONS; h++) {
		const struct ahead_fit *f = &a->fit[elapsed][h];

		sum += mixed(a->weight[elapsed], p, h);
		chance[h] = chance_of((double)f->at + (double)f->by * log_odds(sum));
		if (h > 0 && chance[h] < chance[h - 1])
			chance[h] = chance[h - 1];
	}
}

/* A step of Newton's method for logistic regression, with what was learnt before as a prior
 * that fades. */
static void
stretch(struct ahead_fit *f, double said, bool came)
{
	const double l = log_odds(said), at = (double)f->at, by = (double)f->by;
	const double p = chance_of(at + by * l), w = INDEPENDENT * p * (1.0 - p);
	const double miss = INDEPENDENT * ((came ? 1.0 : 0.0) - p);
	const double aa = (double)f->aa * FADING + w + (1.0 - FADING) * KNOWN_BEFORE;
	const double ab = (double)f->ab * FADING + w * l;
	const double bb = (double)f->bb * FADING + w * l * l + (1.0 - FADING) * KNOWN_BEFORE;
	const double all = aa * bb - ab * ab;

	f->aa = (float)aa;
	f->ab = (float)ab;
	f->bb = (float)bb;
	f->at = (float)fmin(fmax(at + (bb - ab * l) * miss / all, -2.0), 2.0);
	f->by = (float)fmin(fmax(by + (aa * l - ab) * miss / all, 0.5), 2.5);
}

void
ahead_judge(struct ahead *a, const struct ahead_moment *m, int cat)
{
	double p[AHEAD_EXPERTS][AHEAD_CATS], all, step, sum = 0.0;
	float *weight = a->weight[m->elapsed];

	ahead_guess(a, m, p, NULL);
	for (int h = 0; h < AHEAD_HORIZONS; h++) {
		sum += mixed(weight, p, h);
		stretch(&a->fit[m->elapsed][h], sum, cat <= h);
	}
	all = mixed(weight, p, cat);
	step = fmax(1.0 / (40.0 + ++a->judged[m->elapsed]), STEP_LEAST);
	if (!(all > 0.0))
		return;
	for (int k = 0; k < AHEAD_EXPERTS; k++) {
		double share = (double)weight[k] * p[k][cat] / all;

		share += NEVER_LOST * (1.0 / AHEAD_EXPERTS - share);
		weight[k] += (float)(step * (share - (double)weight[k]));
	}
}
