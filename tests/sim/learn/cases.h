/* SPDX-License-Identifier: ISC */
/* What the corrections are trained on: what the estimator saw and said, and what came. */
#ifndef LINKQ_TESTS_SIM_LEARN_CASES_H
#define LINKQ_TESTS_SIM_LEARN_CASES_H

#include "estimator/estimator.h"
#include "estimator/evidence.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* One answer of an estimator; y and the truth are levels: log2 of kbit/s and 32. */
struct learn_case {
	float x[CORRECTION_INPUTS];
	float y[3];  /* p10, p50 and p90 before they are corrected */
	float truth; /* the mean goodput that the link could carry over the next 5 s */
};

struct cases {
	struct learn_case *at;
	size_t len, cap;
	bool lost; /* some did not fit into memory */
};

/*
 * Ask e at now_us, as anybody would, and keep the case, unless no rate is known or the
 * corrections take no part in it.
 */
void cases_add(struct cases *c, struct est *e, int64_t now_us, float truth);

/* Made-up rides number `first` and on, each with a client that watches, fetches and probes. */
void cases_of_rides(struct cases *c, uint64_t first, int rides);

/*
 * Recorded ones: the rows of linkq replay, with truth_kbps as the last column. Returns NULL,
 * or what is wrong with line *line, static or in `why`.
 */
const char *cases_of_rows(struct cases *c, FILE *in, long *line, char *why, size_t len);

/* All of them as CSV: the inputs x0 and on, then p10, p50, p90 and truth. */
void cases_write(const struct cases *c, FILE *out);

#endif
