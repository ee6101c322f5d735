/* SPDX-License-Identifier: ISC */
/*
 * What experience adds to a forecast: small corrections that were learnt, not thought out.
 *
 * The belief is Bayes with a model of links, and every model is wrong in ways that repeat:
 * falls are faster than rises, a link that was calm for a minute stays calm, a link that
 * only ever showed what the window allows is faster than the prior says. A network of
 * CORRECTION_INPUTS inputs and twice CORRECTION_HIDDEN rectified units moves p10, p50 and
 * p90 by at most CORRECTION_MOST octaves each. It sees the shape of the forecast and what
 * came before it relative to its median, ages and shares: no rate and no round trip, so
 * that there is nothing by which it could recognise a link.
 *
 * It was trained on pinball loss, with rides over measured mobile, satellite and fixed links
 * that a fluid TCP served in five manners (windows, noise, sizes, round trips), and with the
 * clients and rides of tests/sim beside them. Of operators and places that were left out of
 * the training it takes 2 % off the interval score, of other rides in the same places 5 %.
 * All that traffic was one request at a time: where requests share the link it takes no part.
 *
 * It is to be trained again whenever the belief or the forecast changes: tests/sim/learn.
 */
#ifndef LINKQ_ESTIMATOR_CORRECTION_H
#define LINKQ_ESTIMATOR_CORRECTION_H

#include "estimator/forecast.h"

#define CORRECTION_INPUTS 35
#define CORRECTION_HIDDEN 24
#define CORRECTION_MOST 0.5f

struct correction_of {
	const float *quantiles; /* FORECAST_QUANTILES of them, as levels */
	const float *y;         /* p10, p50 and p90 with their offsets */
	const struct belief *belief;
	const struct fate *fate;
	const struct feedback *feedback;
	const struct trend *trend;
	float last_y, last_age_s; /* of the last rate that only the link limited */
	bool last_known;
	float used_age_s;  /* since the last increment */
	float limited;     /* share of increments that the window limited */
	float waiting_s;   /* of a request without an answer; 0: none */
	float to_mem;      /* reversion */
};

void correction_inputs(const struct correction_of *of, float x[CORRECTION_INPUTS]);

/* Move y by `share` of what was learnt, and keep it in order. */
void correction_apply(const float x[CORRECTION_INPUTS], float share, float y[3]);

/* What was learnt: weights by input, then biases, of the three layers. */
struct correction_table {
	float first[CORRECTION_INPUTS][CORRECTION_HIDDEN], first_bias[CORRECTION_HIDDEN];
	float second[CORRECTION_HIDDEN][CORRECTION_HIDDEN], second_bias[CORRECTION_HIDDEN];
	float last[CORRECTION_HIDDEN][4], last_bias[4]; /* the fourth is no output */
};

extern const struct correction_table correction_table;

#endif
