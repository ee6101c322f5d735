/* SPDX-License-Identifier: ISC */
/*
 * Which rendition to fetch next: a rule on the time that each fetch would take.
 *
 * The fetch of a rung is a distribution (p10, p50, p90 of est_transfer), so two questions
 * have answers in numbers: how likely is a stall, P(fetch > buffer), by a log-normal law
 * through the quantiles; and does the link carry the rung for long, median fetch <= the time
 * that a segment plays. The highest rung that passes both is taken; going up asks for more
 * than staying does, so that a link near a rung does not make it flap.
 *
 * Example: 5 Mbit/s, segments of 4 s, 12 s of buffer. 3000 kbit/s: 12 Mbit take 2.4 s
 * (p90 3.6 s), P(> 12 s) is nothing: yes. 4500: 3.6 s (p90 5.4): carried, risk under 1 %;
 * to stay yes, to go up no, since 3.6 s is more than 0.85 of 4 s.
 *
 * Pure: no state but what the caller hands in. Rungs ascend by avg_kbps.
 */
#ifndef LINKQ_ESTIMATOR_PLAN_H
#define LINKQ_ESTIMATOR_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "estimator/estimator.h"

#define PLAN_RUNGS_MAX 64

enum plan_mode { PLAN_VOD, PLAN_LIVE, PLAN_LOW_LATENCY };

enum plan_reason {
	PLAN_STARTUP,
	PLAN_STEADY,
	PLAN_UP,
	PLAN_DOWN,
	PLAN_RECOVER, /* the buffer is nearly empty: fill it first */
	PLAN_OUTAGE,  /* nothing gets through now */
	PLAN_ABANDON, /* the fetch under way is given up for this one */
	PLAN_CAPPED,  /* the link would carry more than the cap allows */
	PLAN_NO_ESTIMATE,
	PLAN_REASONS
};

struct plan_rung {
	int64_t avg_kbps, peak_kbps;
	int64_t height; /* 0: not known */
};

/* A segment on its way. */
struct plan_inflight {
	bool there;
	int rung;
	int64_t bytes;       /* so far */
	int64_t total_bytes; /* -1: not known, the rung's mean is taken */
	int64_t elapsed_us;
	int64_t ttfb_us; /* -1: no byte yet */
};

struct plan_question {
	const struct plan_rung *rung;
	size_t rungs;                /* 1 .. PLAN_RUNGS_MAX */
	const struct est_seconds *fetch; /* of plan_segment_bytes() of each rung */
	const struct est_snapshot *est;
	int current;            /* -1: nothing plays yet */
	int64_t buffer_us;      /* media time in the buffer; -1: not known */
	int64_t max_buffer_us;  /* -1: not known */
	int64_t segment_us;     /* > 0 */
	int64_t rate_ppm;       /* playback rate: 1,000,000 is normal */
	enum plan_mode mode;
	int64_t cap_kbps, cap_height; /* -1: none */
	struct plan_inflight inflight;
};

struct plan_risk {
	int64_t stall_ppm; /* -1: not known */
	bool sustainable;
};

struct plan_answer {
	int rung;
	enum plan_reason reason;
	int64_t wait_us;       /* before the next request: the buffer is full */
	int64_t max_safe_kbps; /* -1: not known */
	bool abandon;          /* give the fetch under way up for abandon_to */
	int abandon_to;
	struct plan_risk risk[PLAN_RUNGS_MAX];
};

/* The bytes of one segment of a rung, by its mean rate. */
int64_t plan_segment_bytes(const struct plan_rung *rung, int64_t segment_us);

void plan_decide(const struct plan_question *q, struct plan_answer *out);

/* The time that the rest of a segment takes, on the connection it is on. */
void plan_rest(const struct est_snapshot *est, const struct plan_question *q,
    struct est_seconds *out);

const char *plan_reason_name(enum plan_reason r);

#endif
