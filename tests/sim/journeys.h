/* SPDX-License-Identifier: ISC */
/* The journeys on which the estimator is judged, and what it must reach on each. */
#ifndef LINKQ_TESTS_SIM_JOURNEYS_H
#define LINKQ_TESTS_SIM_JOURNEYS_H

#include "tests/sim/client.h"
#include "tests/sim/ride.h"

#include <stddef.h>
#include <stdint.h>

/*
 * At most 1.3 times what is measured, and 0.5 s more for times, since ticks come each 0.5 s.
 * Loosening one is a decision, with its reason in the commit.
 */
struct limits {
	double error, wis;
	double detect_s, recover_s; /* 0: it has no outage */
	int missed, falsely;
};

struct journey {
	const char *name;
	enum client_kind client;
	uint64_t seed;
	struct ride_plan plan;
	struct limits most;
};

extern const struct journey journeys[];
extern const size_t journeys_len;

#endif
