/* SPDX-License-Identifier: ISC */
/* From a question to the shape of its table. Internal to the plan. */
#ifndef LINKQ_ESTIMATOR_PLAN_SHAPE_H
#define LINKQ_ESTIMATOR_PLAN_SHAPE_H

#include "estimator/plan.h"

/* Of the rungs that the cap allows, or the lowest; of[i] is the question's index of rung i.
 * Of more than the table has room for, the lowest, the top, and evenly between. */
void plan_shape_of(const struct plan_question *q, struct plan_shape *s,
    int of[PLAN_RUNGS_TABLE]);

bool plan_allowed(const struct plan_question *q, size_t i);

/* Of a rung, in Mbit/s; also of one that the shape does not have. */
float plan_worth(const struct plan_question *q, const struct plan_shape *s, float kbps);

/* Media time as time on the clock, in seconds. */
float plan_clock_s(const struct plan_question *q, int64_t media_us);

/* What a segment of a rung weighs, by what was seen. */
float plan_size_kbit(const struct plan *p, float kbps, int64_t segment_us);

#endif
