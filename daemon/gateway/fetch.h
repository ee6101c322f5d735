/* SPDX-License-Identifier: ISC */
/*
 * Requests to the origin, and to the daemon: libcurl's multi interface on the loop. Bodies
 * are handed on as they come; whoever cannot take more pauses the transfer.
 *
 * Only origins that were allowed are asked, also where one redirects. Times are those of the
 * loop's events.
 */
#ifndef LINKQ_DAEMON_GATEWAY_FETCH_H
#define LINKQ_DAEMON_GATEWAY_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/gateway/url.h"
#include "daemon/loop.h"

#define FETCH_ORIGINS_MAX 16
#define FETCH_REDIRECTS_MAX 5
#define FETCH_PAUSE ((size_t)-1)

struct fetcher; /* owns the multi handle */
struct fetch;   /* one request */

enum fetch_error {
	FETCH_OK,
	FETCH_STATUS,  /* 400 or more */
	FETCH_REFUSED, /* a redirect to an origin that was not allowed, or too many */
	FETCH_SILENT,  /* no answer, or no connection in time */
	FETCH_BROKEN,  /* no way there, a name that is none, an answer that broke off */
	FETCH_STOPPED  /* by a callback of ours */
};

struct fetch_order {
	const char *url;
	int64_t from, len; /* a range; 0 and -1: all of it */
	int64_t connect_us;
	bool packed; /* may come compressed */
	/* To the daemon: any origin, no headers of the user. */
	bool to_daemon;
	const char *socket, *authorization; /* NULL: none */
	const char *json;                   /* POST this; copied. NULL: GET */
};

struct fetch_info {
	enum fetch_error error;
	int status;      /* 0: none came */
	int64_t length;  /* of the body as it is sent; -1: not said */
	int64_t begun_us, last_us;
	int64_t ttfb_us; /* -1: no byte has come */
	int64_t bytes;   /* of the body */
	const char *url; /* that answered, after redirects */
	char text[160];  /* how it went, for a person */
};

struct fetch_events {
	void *ctx;
	/* Before the first byte of a body with a status below 300; false stops it. May be NULL. */
	bool (*head)(void *ctx, const struct fetch_info *i);
	/* len: taken; FETCH_PAUSE: not now, all of it again after fetch_resume; else it stops. */
	size_t (*body)(void *ctx, const char *data, size_t len);
	/* It is over, and the fetch is gone. Others may be started and ended within. */
	void (*end)(void *ctx, const struct fetch_info *i);
};

/* headers: lines "Name: value" for the origin, NULL-terminated; copied. */
int fetcher_create(struct loop *loop, const char *const *headers, struct fetcher **out);
void fetcher_destroy(struct fetcher *f); /* fetches end without a word */

/* Allow one more origin, by any URL of it. 0, -EINVAL, -ENOSPC. */
int fetcher_allow(struct fetcher *f, const char *url);
bool fetcher_allows(const struct fetcher *f, const char *url);

/* 0; -EACCES: not an allowed origin; -ENOMEM. */
int fetch_start(struct fetcher *f, const struct fetch_order *o, const struct fetch_events *e,
    struct fetch **out);
/* How it stands. */
const struct fetch_info *fetch_look(const struct fetch *f);
void fetch_resume(struct fetch *f);
/* Give it up; end is not called. Not from within head and body. NULL is fine. */
void fetch_abort(struct fetch *f);

#endif
