/* SPDX-License-Identifier: ISC */
/*
 * The state of one link's estimate, visible so that the caller can embed it.
 *
 * Everything that is remembered is in here, a fixed size whatever the link has seen. Read
 * and write it through estimator.h only.
 */
#ifndef LINKQ_ESTIMATOR_ESTIMATOR_STATE_H
#define LINKQ_ESTIMATOR_ESTIMATOR_STATE_H

#include "estimator/belief.h"
#include "estimator/change.h"
#include "estimator/fate.h"
#include "estimator/flow.h"
#include "estimator/forecast.h"
#include "estimator/grain.h"
#include "estimator/latency.h"
#include "estimator/level.h"
#include "estimator/merge.h"
#include "estimator/silence.h"
#include "estimator/trend.h"
#include "estimator/types.h"
#include "estimator/window.h"

#include <stdbool.h>
#include <stdint.h>

/* One direction of a link. */
struct est_way {
	struct belief belief;
	struct window window;
	struct feedback feedback;
	struct reversion reversion;
	struct trend trend;
	int64_t used_us;   /* end of the last increment */
	int64_t last_us;   /* end of the last increment that only the link limited */
	float last_y;      /* its level */
	int64_t slow_us;   /* since then all increments were a trickle; -1: the last was none */
	float flows_most;  /* most requests at once of the last seconds */
	int64_t flows_us;  /* when that was */
	float limited;     /* share of recent increments that the window limited */
	bool used, last_known;
};

struct est_tally {
	int64_t count, bytes, last_us;
	float weight; /* of recent evidence; halves in 30 s */
	struct grain grain;
};

struct est {
	int64_t now_us;     /* the youngest instant that we were told of */
	int64_t evolved_us; /* the beliefs are as of then */
	int64_t heard_us;   /* youngest evidence */
	int64_t weighed_us; /* the tallies' weights are as of then */
	enum est_link_kind kind;
	bool evidence;      /* there was any */
	bool no_carrier, captive;
	bool restored;      /* it began with what was learnt before */
	float prior[LEVELS];
	struct est_way way[EST_DIRECTIONS];
	struct fate fate;
	struct silence silence;
	struct latency latency;
	struct flows flows;
	struct merge merge;
	struct change change;
	struct est_tally tally[EST_SOURCES];
	int64_t rejected[EST_VERDICTS];
	int64_t unanswered_us; /* start of the last round trip that stayed unanswered */
	float unanswered_s;    /* how long it waited; 0: answered since */
	/* The last snapshot, for whoever asks again at the same instant. */
	struct est_snapshot read;
	int64_t read_horizon_us; /* 0: there is none, or it is void */
};

_Static_assert(sizeof(struct est) <= 16384, "a link has to stay small");

#endif
