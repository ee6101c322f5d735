/* SPDX-License-Identifier: ISC */
/* A link for tests: the samples that a client on it would report, in virtual time. */
#ifndef LINKQ_TESTS_ESTIMATOR_LINK_H
#define LINKQ_TESTS_ESTIMATOR_LINK_H

#include "estimator/estimator.h"

#define MS INT64_C(1000)
#define SECOND INT64_C(1000000)

struct link {
	struct est est;
	int64_t now_us;
	uint64_t request;
};

static inline void
link_init(struct link *l)
{
	l->now_us = 1000 * SECOND;
	l->request = 1;
	est_init(&l->est, EST_LINK_OTHER, l->now_us);
}

static inline struct est_snapshot
link_read(struct link *l)
{
	struct est_snapshot s;

	est_read(&l->est, l->now_us, EST_HORIZON_US, &s);
	return s;
}

/* Time passes, told each 250 ms. */
static inline void
link_wait(struct link *l, int64_t us)
{
	for (const int64_t end = l->now_us + us; l->now_us < end;) {
		l->now_us += end - l->now_us < 250 * MS ? end - l->now_us : 250 * MS;
		est_tick(&l->est, l->now_us);
	}
}

/*
 * A download at `kbps` after `ttfb_us`, reported in slices of some 500 ms and at its end.
 * Real timers are never quite on time, which is how a clock's grain shows.
 */
static inline void
link_fetch(struct link *l, int64_t bytes, int64_t kbps, int64_t ttfb_us)
{
	const int64_t start_us = l->now_us;
	const int64_t body_us = bytes * 8000 / kbps;
	struct est_sample s = {
		.request = ++l->request,
		.in_progress = true,
		.ttfb_us = ttfb_us,
		.connect_us = 0,
		.rtt_us = -1,
	};

	for (int64_t t = 500 * MS + 370; t < ttfb_us + body_us; t += 500 * MS + 370) {
		s.ended_us = l->now_us = start_us + t;
		s.duration_us = t;
		s.bytes = t > ttfb_us ? bytes * (t - ttfb_us) / body_us : 0;
		s.ttfb_us = t > ttfb_us ? ttfb_us : -1;
		est_add(&l->est, l->now_us, &s);
	}
	s.ended_us = l->now_us = start_us + ttfb_us + body_us;
	s.duration_us = ttfb_us + body_us;
	s.bytes = bytes;
	s.ttfb_us = ttfb_us;
	s.in_progress = false;
	est_add(&l->est, l->now_us, &s);
}

/* Downloads back to back for so long. */
static inline void
link_stream(struct link *l, int64_t us, int64_t kbps, int64_t ttfb_us)
{
	for (const int64_t end = l->now_us + us; l->now_us < end;)
		link_fetch(l, kbps * 125 * 2, kbps, ttfb_us);
}

/* Our own small probe, open and reported each 250 ms, silent for so long. */
static inline void
link_probe_silent(struct link *l, int64_t us)
{
	const int64_t start_us = l->now_us;
	struct est_sample s = {
		.request = ++l->request,
		.source = EST_PROBE,
		.in_progress = true,
		.ttfb_us = -1,
		.connect_us = 0,
		.rtt_us = -1,
	};

	for (int64_t t = 0; t <= us; t += 250 * MS) {
		s.ended_us = l->now_us = start_us + t;
		s.duration_us = t;
		est_add(&l->est, l->now_us, &s);
	}
}

/* The same, answered after ttfb_us. */
static inline void
link_probe(struct link *l, int64_t ttfb_us)
{
	struct est_sample s = {
		.request = ++l->request,
		.source = EST_PROBE,
		.duration_us = ttfb_us,
		.ttfb_us = ttfb_us,
		.connect_us = 0,
		.rtt_us = ttfb_us,
	};

	s.ended_us = l->now_us += ttfb_us;
	est_add(&l->est, l->now_us, &s);
}

#endif
