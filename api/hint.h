/* SPDX-License-Identifier: ISC */
/*
 * The hint: which rendition to fetch next. Reads the request in its forms, asks the plan,
 * and tells the answer. The same code serves POST and GET /v1/hint and `linkq decide`.
 */
#ifndef LINKQ_API_HINT_H
#define LINKQ_API_HINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/buf.h"
#include "api/ladder.h"
#include "api/problem.h"
#include "api/query.h"
#include "estimator/plan.h"

#define HINT_SESSION_MAX 63
#define HINT_SESSIONS 64
#define HINT_NAME_MAX 63 /* of an audio group or a period */
#define HINT_TEXT_MAX (PLAN_RUNGS_MAX * 512 + 1024)
#define HINT_SEGMENT_US_LEAST 10000
#define HINT_SEGMENT_US_MAX INT64_C(120000000)

/* A transfer that the client tells of: the last one, or the one under way. */
struct hint_transfer {
	bool there;
	int rendition;       /* -1: not said */
	int64_t bytes;
	int64_t total_bytes; /* -1 */
	int64_t duration_us; /* or elapsed so far */
	int64_t ttfb_us;     /* -1: no byte yet, or not said */
	int64_t busy_us;     /* bytes came in so much of it, no more being there; -1: not said */
	int64_t ended_ago_us; /* -1: not said */
	bool from_cache, aborted;
	bool reported; /* as an observation too: it is no evidence again */
	char id[HINT_SESSION_MAX + 1]; /* of the request; "" */
};

struct hint_request {
	struct ladder_rung rung[PLAN_RUNGS_MAX]; /* in the client's order */
	size_t rungs;
	int current; /* -1: not said */
	int64_t buffer_us, max_buffer_us; /* -1: not known */
	int64_t segment_us;
	int64_t rate_ppm;
	int64_t segments_left; /* with the one asked for; -1: not said */
	enum plan_mode mode;
	int64_t cap_kbps, cap_height; /* -1: none */
	struct ladder_can can;
	char audio[HINT_NAME_MAX + 1], period[HINT_NAME_MAX + 1]; /* of a playlist; "" */
	struct plan_weights weights;
	struct hint_transfer last, inflight;
	char session[HINT_SESSION_MAX + 1];
};

/* One line of `linkq decide`. */
struct hint_line {
	int64_t t_us;
	bool progress; /* it tells of the transfer under way, in request.inflight */
};

/* The answer, by the client's own indices. */
struct hint_choice {
	int rendition;
	struct plan_answer plan; /* by ascending rate; order[] says which is which */
	size_t order[PLAN_RUNGS_MAX]; /* order[plan's index] is the client's */
	size_t rank[PLAN_RUNGS_MAX];  /* and back */
	int abandon_to; /* -1: go on */
};

/* 0, or -EINVAL with the problem set. */
int hint_read_json(const char *body, size_t len, struct hint_request *out, struct problem *p);
int hint_read_query(const struct query *q, struct hint_request *out, struct problem *p);
/* A line of `linkq decide`. A progress line keeps the ladder and all else of *out. */
int hint_read_line(const char *text, size_t len, struct hint_request *out,
    struct hint_line *line, struct problem *p);

/* The beginnings of those. */
void hint_defaults(struct hint_request *r);
/* Give ids to rungs without one, and see to it that no two are the same. */
void hint_name_rungs(struct hint_request *r);
/* Put the renditions of a playlist or an MPD in, and how long its segments are and whether
 * it is live where it says so. `field`: the member that the text stands in. */
int hint_read_playlist(const char *text, size_t len, const char *field,
    struct hint_request *r, struct problem *p);
/* Names for all, and which may be chosen, by what the client can show. */
int hint_end_ladder(struct hint_request *r, struct problem *p);
/* The index of an id, or of a number as text; -1. */
int hint_find(const struct hint_request *r, const char *id);
/*
 * A transfer as a sample, but for its end and its number. At the live edge what came no
 * faster than it plays came as it was made: at least so fast is the link.
 */
void hint_sample(const struct hint_request *r, const struct hint_transfer *t,
    bool in_progress, struct est_sample *out);
/* The rung nearest to a bit rate. */
int hint_nearest(const struct hint_request *r, int64_t kbps);

/*
 * The whole answer; `plan` is what this viewer's stream keeps, and takes note of the sizes
 * that last and inflight tell. hint_choose: the rendition and the wait alone; hint_keep:
 * whether to go on with r->inflight alone. Under a millisecond, and some microseconds.
 */
void hint_decide(const struct hint_request *r, const struct outlook *o, struct plan *plan,
    struct plan_work *work, struct hint_choice *out);
void hint_choose(const struct hint_request *r, const struct outlook *o, struct plan *plan,
    struct plan_work *work, struct hint_choice *out);
void hint_keep(const struct hint_request *r, const struct outlook *o, struct plan *plan,
    struct hint_choice *out);

void hint_write(const struct hint_request *r, const struct est_snapshot *est,
    const struct hint_choice *c, struct buf *out);

/*
 * The plans of those who asked last. Who gives no session shares one for each ladder. A
 * session's own is found by its name, whatever it asks.
 */
#define HINT_PLANS 8
struct hint_plans {
	struct {
		char name[HINT_SESSION_MAX + 1];
		uint64_t ladder; /* of those without a name */
		uint64_t used;   /* 0: free */
		struct plan plan;
	} slot[HINT_PLANS];
	uint64_t uses;
	struct plan_work work;
};

void hint_plans_init(struct hint_plans *p);
struct plan *hint_plan_of(struct hint_plans *p, const struct hint_request *r);
/* The same if it is there, else NULL. */
struct plan *hint_plan_find(struct hint_plans *p, const struct hint_request *r);

/* What was chosen last for a session, for those who do not say what plays. */
struct hint_sessions {
	struct {
		char name[HINT_SESSION_MAX + 1];
		char rendition[LADDER_ID_MAX + 1];
		int64_t due_us; /* when the fetch that was advised should have begun */
		uint64_t used;
	} slot[HINT_SESSIONS];
	uint64_t uses;
};

void hint_sessions_init(struct hint_sessions *s);
/* NULL: it is not known; due_us may be NULL. */
const char *hint_session_get(const struct hint_sessions *s, const char *name,
    int64_t *due_us);
void hint_session_put(struct hint_sessions *s, const char *name, const char *rendition,
    int64_t due_us);

#endif
