/* SPDX-License-Identifier: ISC */
/* Whom to believe: the weights of the experts, and how sure their mixture may be. */
#include "estimator/ahead_internal.h"

#include <math.h>
#include <string.h>

#define GIVEN_BACK 0.001
#define KNOWN_BEFORE 10.0 /* precision of "as it is said" before anything is learnt */
#define FADING 0.9995
#define ODDS_MOST 9.0
/* Moments 2 minutes apart are no independent ones, and those 15 apart hardly are. */
#define INDEPENDENT_2 0.08
#define INDEPENDENT_15 0.15
#define STRETCHED 2.0 /* there is less to learn of two numbers than of nine */

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
stretch(struct ahead_fit *f, double said, bool came, double independent)
{
	const double l = log_odds(said), at = (double)f->at, by = (double)f->by;
	const double p = chance_of(at + by * l), w = independent * p * (1.0 - p);
	const double miss = independent * ((came ? 1.0 : 0.0) - p);
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

/* Bayes, but with likelihoods that are taken to the power of how independent the moment was,
 * and with a little given back to all (fixed share: Herbster and Warmuth, 1998). */
static void
weigh_anew(float *weight, double p[AHEAD_EXPERTS][AHEAD_CATS], int cat, double independent)
{
	double sum = 0.0;

	for (int k = 0; k < AHEAD_EXPERTS; k++) {
		weight[k] *= (float)pow(p[k][cat], independent);
		sum += (double)weight[k];
	}
	for (int k = 0; sum > 0.0 && k < AHEAD_EXPERTS; k++) {
		const double share = (double)weight[k] / sum;

		weight[k] = (float)(share + GIVEN_BACK * (1.0 / AHEAD_EXPERTS - share));
	}
}

void
ahead_judge(struct ahead *a, const struct ahead_moment *m, int cat)
{
	const double independent = m->elapsed == 2 ? INDEPENDENT_15 : INDEPENDENT_2;
	double p[AHEAD_EXPERTS][AHEAD_CATS], sum = 0.0;
	float *weight = a->weight[m->elapsed];

	ahead_guess(a, m, p, NULL);
	for (int h = 0; h < AHEAD_HORIZONS; h++) {
		sum += mixed(weight, p, h);
		stretch(&a->fit[m->elapsed][h], sum, cat <= h, independent * STRETCHED);
	}
	weigh_anew(weight, p, cat, independent);
	a->judged[m->elapsed]++;
}
