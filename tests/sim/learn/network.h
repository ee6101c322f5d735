/* SPDX-License-Identifier: ISC */
/*
 * The network of estimator/correction.h, with a way to train it: AdamW (Loshchilov and
 * Hutter, 2019) on the pinball losses of p10, p50 and p90, whose sum is 1.5 times the
 * weighted interval score that the journeys are judged by. One seed, one table.
 */
#ifndef LINKQ_TESTS_SIM_LEARN_NETWORK_H
#define LINKQ_TESTS_SIM_LEARN_NETWORK_H

#include "estimator/correction.h"
#include "tests/sim/learn/cases.h"

/* Weights to begin with. */
void network_init(struct correction_table *t, uint64_t seed);

/* As many steps as there are batches, `epochs` times. Prints the loss of each to `log`. */
void network_train(struct correction_table *t, const struct cases *c, int epochs,
    uint64_t seed, FILE *log);

/* The same as correction_apply() with the whole share, by a table of the caller's. */
void network_apply(const struct correction_table *t, const float x[CORRECTION_INPUTS],
    float y[3]);

/* The mean interval score of quantiles y, octaves. */
float network_wis(const float y[3], float truth);

#endif
