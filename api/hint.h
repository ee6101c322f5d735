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
#include "api/problem.h"
#include "api/query.h"
#include "estimator/plan.h"

#define HINT_ID_MAX 47
#define HINT_SESSION_MAX 63
#define HINT_SESSIONS 64
#define HINT_TEXT_MAX (PLAN_RUNGS_MAX * 256 + 1024)

struct hint_rung {
	char id[HINT_ID_MAX + 1];
	int64_t avg_kbps, peak_kbps;
	int64_t height; /* 0: not known */
};

/* A transfer that the client tells of: the last one, or the one under way. */
struct hint_transfer {
	bool there;
	int rendition;       /* -1: not said */
	int64_t bytes;
	int64_t total_bytes; /* -1 */
	int64_t duration_us; /* or elapsed so far */
	int64_t ttfb_us;     /* -1: no byte yet, or not said */
	bool from_cache, aborted;
	char id[HINT_SESSION_MAX + 1]; /* of the request; "" */
};

struct hint_request {
	struct hint_rung rung[PLAN_RUNGS_MAX]; /* in the client's order */
	size_t rungs;
	int current; /* -1: not said */
	int64_t buffer_us, max_buffer_us; /* -1: not known */
	int64_t segment_us;
	int64_t rate_ppm;
	enum plan_mode mode;
	int64_t cap_kbps, cap_height; /* -1: none */
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
	struct est_seconds fetch[PLAN_RUNGS_MAX]; /* by the plan's index */
	int abandon_to; /* -1: go on */
};

/* The time that so many bytes take, on a new request. */
typedef void hint_transfer_fn(void *ctx, int64_t bytes, struct est_seconds *out);

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
/* Put a playlist's variants in. */
int hint_read_playlist(const char *text, size_t len, struct hint_request *r,
    struct problem *p);
/* The index of an id, or of a number as text; -1. */
int hint_find(const struct hint_request *r, const char *id);
/* The rung nearest to a bit rate. */
int hint_nearest(const struct hint_request *r, int64_t kbps);

void hint_decide(const struct hint_request *r, const struct est_snapshot *est,
    hint_transfer_fn *transfer, void *ctx, struct hint_choice *out);

void hint_write(const struct hint_request *r, const struct est_snapshot *est,
    const struct hint_choice *c, struct buf *out);

/* What was chosen last for a session, for those who do not say what plays. */
struct hint_sessions {
	struct {
		char name[HINT_SESSION_MAX + 1];
		char rendition[HINT_ID_MAX + 1];
		uint64_t used;
	} slot[HINT_SESSIONS];
	uint64_t uses;
};

void hint_sessions_init(struct hint_sessions *s);
const char *hint_session_get(const struct hint_sessions *s, const char *name); /* NULL */
void hint_session_put(struct hint_sessions *s, const char *name, const char *rendition);

#endif
