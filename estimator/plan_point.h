/* SPDX-License-Identifier: ISC */
/* The value table read at one point: a known buffer, and a belief over levels. */
#ifndef LINKQ_ESTIMATOR_PLAN_POINT_H
#define LINKQ_ESTIMATOR_PLAN_POINT_H

#include "estimator/plan_table.h"

#include <stdbool.h>

struct plan_point {
	const struct plan_shape *shape;
	const struct plan_laws *laws;
	const float *v;
	float live[PLAN_LEVELS]; /* belief; with dead it sums to 1 */
	float dead;
	float buffer_s;
	bool playing;      /* a rung plays: a switch from it costs */
	float playing_worth;
};

/* The rung that promises most. */
int plan_point_best(const struct plan_point *x);

/* A fetch under way. */
struct plan_rest {
	int rung;         /* or the one nearest to it in the table */
	float kbps;       /* of it in truth */
	float kbit;       /* missing yet */
	float total_kbit; /* of the segment */
	bool begun;       /* bytes have come: there is no wait any more */
};

/* The rung to leave it for, or -1; gain_least: by how much that must be better. */
int plan_point_leave(const struct plan_point *x, const struct plan_rest *f,
    float gain_least);

#endif
