/* SPDX-License-Identifier: ISC */
/*
 * Who may ask: what the headers of a request must say before anything is done for it.
 *
 * A browser is the attacker here. A page of any site can send requests to 127.0.0.1, and
 * with DNS rebinding it can read the answers under its own name, which then stands in Host.
 * Framing that is said twice is refused because a proxy in front may read it the other way.
 */
#ifndef LINKQ_API_DOOR_H
#define LINKQ_API_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/http.h"
#include "api/problem.h"

/* One header that may come once: its first value, and how often it came. */
struct door_header {
	const char *value; /* NULL: it did not come */
	unsigned count;
};

enum door_name {
	DOOR_HOST,
	DOOR_ORIGIN,
	DOOR_AUTHORIZATION,
	DOOR_CONTENT_LENGTH,
	DOOR_TRANSFER_ENCODING,
	DOOR_CONTENT_TYPE,
	DOOR_CONTENT_ENCODING,
	DOOR_EXPECT,
	DOOR_SEC_FETCH_SITE,
	DOOR_IF_NONE_MATCH,
	DOOR_ACCEPT,
	DOOR_LAST_EVENT_ID,
	DOOR_ASK_METHOD,  /* Access-Control-Request-Method: a preflight */
	DOOR_ASK_PRIVATE, /* Access-Control-Request-Private-Network */
	DOOR_NAMES
};

/* If-None-Match is a list, which may come in several lines. Of more than this the rest does
 * not count, which costs an answer that was not needed. */
#define DOOR_TAG_LINES_MAX 8

struct door_headers {
	struct door_header h[DOOR_NAMES];
	const char *tags[DOOR_TAG_LINES_MAX]; /* as many as count says, or all there is room for */
	bool malformed; /* a name that is no token */
};

/* What was allowed: copied from the options. */
struct door {
	char **hosts;
	size_t hosts_len;
	char **origins;
	size_t origins_len;
	char *token; /* NULL: there is none */
};

#define DOOR_BODY_MAX (256 * 1024)

int door_init(struct door *d, const struct api_options *o); /* 0, -EINVAL or -ENOMEM */
void door_finish(struct door *d);

/* Take one header in. */
void door_header_add(struct door_headers *h, const char *name, const char *value);

/*
 * May this request come in? 0, or -EINVAL with 400, 401, 403 or 421.
 *
 * *cors is the configured origin that asks, to be echoed, or NULL. It is set for refused
 * requests too, so that a page that is allowed can read why.
 */
int door_check(const struct door *d, enum api_listener from, const struct door_headers *h,
    const char **cors, struct problem *p);

/* Is the end of the body in doubt? */
bool door_framing_is_bad(const struct door_headers *h);

/* May a POST with these headers be read? 0, or -EINVAL with 413 or 415. */
int door_check_body(const struct door_headers *h, struct problem *p);

/* The declared length of the body; -1: it is not said. */
int64_t door_length(const struct door_headers *h);

/* Are these the same? Takes as long for any two texts of their lengths. */
bool door_same_secret(const char *a, const char *b);

#endif
