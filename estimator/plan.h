/* SPDX-License-Identifier: ISC */
/*
 * Which rendition to fetch next, and whether to go on with the one under way.
 *
 * The answer is what promises most over the segments to come, in bitrate less stalls less
 * switches, weighed over all that the link may be: value iteration (plan_table.h) on what
 * the estimator believes (outlook.h). There is no safety factor: a low buffer, a restless
 * link, and one that has died before, each ask for caution by what they would cost.
 *
 * Example: rungs of 1, 2.5, 5 and 8 Mbit/s, segments of 3 s, a link seen at 6 Mbit/s. With
 * 1 s in the buffer 2.5 is taken, with 6 s it is 5, and with 20 s 5 still: 8 would drain
 * the buffer, and the two switches cost more than it shows.
 *
 * A struct plan is what one viewer's stream keeps between questions: the table, the true
 * sizes of segments, what a fetch was given up for. Another ladder, segment length or cap
 * starts it anew by itself. Pure: no clock, no allocation; the caller owns all memory.
 */
#ifndef LINKQ_ESTIMATOR_PLAN_H
#define LINKQ_ESTIMATOR_PLAN_H

#include "estimator/outlook.h"
#include "estimator/plan_table.h"
#include "estimator/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum plan_mode { PLAN_VOD, PLAN_LIVE, PLAN_LOW_LATENCY };

enum plan_reason {
	PLAN_STARTUP, /* nothing plays yet */
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
	bool barred;    /* it is never chosen; not all are */
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

/* What matters to this viewer; negative: the preset. */
struct plan_weights {
	float stall;  /* a second without a picture, in Mbit/s; preset: the top rung */
	float change; /* a switch, for each Mbit/s of it; preset: 1 */
	float log;    /* 0 .. 1: how much a rung counts by its ratio and not by its difference */
};

struct plan_question {
	const struct plan_rung *rung; /* ascending by avg_kbps */
	size_t rungs;                 /* 1 .. PLAN_RUNGS_MAX */
	const struct outlook *outlook;
	int current;           /* -1: nothing plays yet */
	bool given_up;         /* the last fetch was, and its segment is asked for again */
	int64_t buffer_us;     /* media time in the buffer; -1: not known */
	int64_t max_buffer_us; /* -1: not known */
	int64_t segment_us;    /* > 0 */
	int64_t rate_ppm;      /* playback rate: 1,000,000 is normal */
	int64_t segments_left; /* with the one asked for; -1: not known, or no end */
	enum plan_mode mode;
	int64_t cap_kbps, cap_height; /* -1: none */
	struct plan_weights weights;
	struct plan_inflight inflight;
};

struct plan_risk {
	int64_t stall_ppm; /* chance that the buffer runs dry before it is in; -1: not known */
	bool sustainable;  /* a median fetch takes no longer than the segment plays */
	bool allowed;      /* neither barred nor above the cap */
};

struct plan_answer {
	int rung;
	enum plan_reason reason;
	int64_t wait_us;       /* before the next request: the buffer is full */
	int64_t max_safe_kbps; /* comes in time in 98 of 100; -1: not known */
	bool abandon;          /* give the fetch under way up for abandon_to */
	int abandon_to;
	struct est_seconds fetch[PLAN_RUNGS_MAX];
	struct plan_risk risk[PLAN_RUNGS_MAX];
};

struct plan {
	bool made;
	bool known; /* it was made with evidence */
	struct plan_shape shape;
	float v[PLAN_TABLE];
	float left_for_kbps; /* 0: nothing was given up */
	/* True sizes: log2 of their ratio to what rungs say, of all and of each beyond that. */
	float ratio, ratio_count;
	struct {
		float kbps, ratio, count;
	} size[PLAN_RUNGS_MAX];
};

/* A new stream. Any struct plan must begin so. */
void plan_init(struct plan *p);

/* A segment had that size in truth. */
void plan_saw(struct plan *p, const struct plan_rung *rung, int64_t segment_us,
    int64_t bytes);

/* What a segment of the rung weighs, by what was seen, in kbit. */
float plan_kbit(const struct plan *p, const struct plan_rung *rung, int64_t segment_us);

/* The next rendition, with nothing else: a sweep of the table and a choice. Under 1 ms. */
void plan_choose(struct plan *p, struct plan_work *w, const struct plan_question *q,
    struct plan_answer *out);

/* Go on with q->inflight or not: sets abandon, abandon_to. Some microseconds. */
void plan_keep(struct plan *p, const struct plan_question *q, struct plan_answer *out);

/* Fetch times, risks and the safe rate: for people and players. */
void plan_tell(const struct plan *p, const struct plan_question *q, struct plan_answer *out);

/* All of it. */
void plan_decide(struct plan *p, struct plan_work *w, const struct plan_question *q,
    struct plan_answer *out);

const char *plan_reason_name(enum plan_reason r);

#endif
