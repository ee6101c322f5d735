/* SPDX-License-Identifier: ISC */
/*
 * Segments under way, watched between the questions of those who fetch them.
 *
 * Who posts a hint with a session and an `inflight` has its transfer looked at with each
 * tick, as if it had asked again: what has come meanwhile is what slices with its id say,
 * and what the link carries since. When the advice changes, the streams that read
 * /v1/events?hint=SESSION are told. A transfer is watched until its session asks without
 * one, until an observation with its id ends it, or for two minutes without a word.
 */
#ifndef LINKQ_API_HINT_WATCH_H
#define LINKQ_API_HINT_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "api/buf.h"
#include "api/hint.h"
#include "api/source.h"

#define HINT_WATCHES HINT_PLANS /* no watch without a plan */
#define HINT_EVENT_MAX 1024

struct hint_watch {
	uint64_t used;  /* 0: free */
	struct hint_request rq; /* as it was asked, brought up to now */
	int64_t told_us;        /* when it was */
	int64_t told_buffer_us, told_elapsed_us;
	double bytes;     /* so far, as far as we know */
	int64_t bytes_us; /* as of when */
	int abandon_to;   /* the advice: a rung, or -1 */
	int64_t number;   /* of the advice; 0: the answer said it */
};

struct hint_watches {
	struct hint_watch watch[HINT_WATCHES];
	uint64_t uses;
	int64_t numbers; /* given so far */
	bool stirred;    /* a slice of one came, and it was not looked at since */
};

/* A session asked, and got that answer. */
void hint_watch_ask(struct hint_watches *w, const struct hint_request *r,
    const struct hint_choice *c, int64_t now_us);

/* An observation came; it may be a slice of a transfer that is watched. */
void hint_watch_slice(struct hint_watches *w, const struct api_observation *o,
    int64_t now_us);

/* Is there anything to look at? */
bool hint_watch_any(const struct hint_watches *w);

/* Look at all; true: some advice changed. Some ten microseconds each. */
bool hint_watch_look(struct hint_watches *w, struct hint_plans *plans,
    const struct outlook *o, int64_t now_us);

/* The advice for a session that is newer than `after`, or NULL. */
const struct hint_watch *hint_watch_news(const struct hint_watches *w, const char *session,
    int64_t after);

/* Its text, the data of a `hint` event. */
void hint_watch_write(const struct hint_watch *watch, int64_t wall_us, struct buf *out);

#endif
