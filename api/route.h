/* SPDX-License-Identifier: ISC */
/* A request that was let in -> its answer. No sockets, no HTTP library. */
#ifndef LINKQ_API_ROUTE_H
#define LINKQ_API_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "api/core.h"
#include "api/door.h"
#include "api/problem.h"
#include "api/query.h"

enum route_method { ROUTE_GET, ROUTE_HEAD, ROUTE_POST, ROUTE_DELETE, ROUTE_OPTIONS, ROUTE_OTHER };

struct request {
	enum route_method method;
	struct query query;
	const struct door_headers *headers;
	const char *body;
	size_t body_len;
};

enum answer_kind {
	ANSWER_TEXT,   /* `text`, which is the taker's to free */
	ANSWER_LINK,   /* what core_link gives, shared; 304: its head alone */
	ANSWER_WAIT,   /* the same, but not before seq differs from `after`, or wait_us are over */
	ANSWER_ROWS,   /* a running export, which is the taker's to close; HEAD: none */
	ANSWER_STREAM, /* events */
	ANSWER_FORGET, /* what was forgotten, when rows are gone or wait_us are over */
	ANSWER_WORK    /* observations to be fed in portions, the taker's to destroy */
};

struct observations;

struct answer {
	enum answer_kind kind;
	int status;
	const char *type;     /* Content-Type */
	const char *disposition; /* Content-Disposition; NULL: none */
	const char *etag;     /* a file of the page: its ETag, and it is shown; NULL: neither */
	char *text;
	size_t len;
	int64_t wait_us;
	bool measures; /* ANSWER_WAIT: until the measurement has ended */
	struct api_rows *rows;
	struct observations *work;
	/* ANSWER_FORGET */
	const struct api_source *source;
	int64_t forget_number;
	size_t forgotten_links;
	struct problem problem; /* where status is 0 */
};

/* Which methods does a path take? The value of Allow; NULL: there is no such path. */
const char *route_allow(const char *path);

/*
 * May this method go there? 0, or -EINVAL with 404 or 405. *allow is set with 405.
 */
int route_check(const char *path, enum route_method method, const char **allow,
    struct problem *p);

/* Answer it; route_check has passed. */
void route_answer(struct core *core, const struct request *rq, struct answer *out);

/* Finish an answer: give it the text of `b`. For the handlers. */
int answer_text(struct answer *out, int status, const char *type, const struct buf *b);

/* The same of text that stays as it is, with status 200. */
int answer_copy(struct answer *out, const char *type, const void *text, size_t len);

/* One of the entity tags of If-None-Match is ours; weak comparison. */
bool route_has_tag(const struct door_headers *h, const char *etag);

#define PAGE_PREFIX "/page/" /* what GET / needs is below it */

#define TYPE_JSON "application/json"
#define TYPE_PROBLEM "application/problem+json"

#endif
