/* SPDX-License-Identifier: ISC */
/* What the parts of the look ahead share. */
#ifndef LINKQ_ESTIMATOR_AHEAD_INTERNAL_H
#define LINKQ_ESTIMATOR_AHEAD_INTERNAL_H

#include "estimator/ahead.h"

#define AHEAD_CATS (AHEAD_HORIZONS + 1) /* within each horizon but not before; later */

/* A moment outside of an outage, and what was known then. */
struct ahead_moment {
	int64_t t_s;
	int anchors; /* that had begun */
	double elapsed_s; /* since the last of them */
	int elapsed;      /* its class */
	int minute;       /* of the local week */
};

/* Guesses of all experts; and, where `lengths` is not NULL, for each horizon how long those
 * outages were that came within it after moments like this. */
void ahead_guess(const struct ahead *a, const struct ahead_moment *m,
    double p[AHEAD_EXPERTS][AHEAD_CATS], double lengths[AHEAD_HORIZONS][AHEAD_BINS]);

/* Nothing is learnt yet. */
void ahead_mix_init(struct ahead *a);
/* The chance of an outage within each horizon, of what the experts guess. */
void ahead_mix(const struct ahead *a, int elapsed, double p[AHEAD_EXPERTS][AHEAD_CATS],
    double chance[AHEAD_HORIZONS]);
/* After this moment, this came: who had said so counts more. */
void ahead_judge(struct ahead *a, const struct ahead_moment *m, int cat);

/* Of outages like the one that is open since elapsed_s: how long they lasted from there. */
void ahead_remaining(const struct ahead *a, int64_t now_s, double bins[AHEAD_BINS]);

/* All lengths that are known, the old ones counted less; how many. */
double ahead_lengths(const struct ahead *a, int64_t now_s, double bins[AHEAD_BINS]);

int ahead_bin(double seconds);
int ahead_minute(const struct ahead *a, int64_t t_s);
int ahead_elapsed_class(double elapsed_s);
/* How much something that long ago still counts. */
double ahead_recency(double age_s);

#endif
