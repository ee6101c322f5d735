/* SPDX-License-Identifier: ISC */
/*
 * What a planner needs to know of a link: where its rate will be in the next seconds, and
 * by which laws it moves on from there.
 *
 * Unlike a forecast, which is one distribution, it keeps what is dead apart, since how long
 * that lasts is a law of its own, and a plan has other ways out of it than to wait.
 *
 * An example. A link near 5 Mbit/s, seen a second ago: `live` has nearly all its mass
 * within an octave of level 12.3, `dead` is 0.01. Three silent seconds later `live` is a
 * little wider, and `dead` is 0.98: what it would be if it came back, and that it has not.
 */
#ifndef LINKQ_ESTIMATOR_OUTLOOK_H
#define LINKQ_ESTIMATOR_OUTLOOK_H

#include "estimator/estimator_state.h"
#include "estimator/level.h"

#include <stdbool.h>
#include <stdint.h>

#define OUTLOOK_HORIZON_US INT64_C(3000000)

struct outlook {
	bool known;           /* there was evidence, or a memory */
	bool offline;         /* nothing gets through, as the state says */
	float live[LEVELS];   /* mass of each level, had it to be alive; sums to 1 */
	float dead;           /* chance that it is dead, or dies within the horizon */
	float age_s;          /* of the outage; 0: there is none */
	float death_hz;       /* how often it dies */
	float model[MODELS];  /* how lively it is: the belief in each model */
	float jump[LEVELS];   /* where it goes when it becomes another link; sums to 1 */
	float back_log2_kbps; /* mean of what it comes back to */
	float ttfb_s;         /* the wait for a first byte */
	float rtt_s;
	float window_bytes;   /* a sender's first window */
};

/* As of the last instant that the estimator was told of. */
void outlook_take(const struct est *e, int64_t horizon_us, struct outlook *out);

#endif
