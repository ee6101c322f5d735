/* SPDX-License-Identifier: ISC */
/*
 * Connections that sleep: a body that comes bit by bit, a request that waits for a newer
 * estimate, a request whose work is done in portions.
 */
#ifndef LINKQ_API_SLEEPERS_H
#define LINKQ_API_SLEEPERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "api/call.h"
#include "api/conns.h"
#include "api/feed.h"
#include "api/traffic.h"

typedef void sleepers_fn(void *connection);

struct sleepers {
	struct sleeper *first;
	struct traffic *traffic; /* which counts event streams and waiting requests */
	unsigned streams_max;    /* most of them */
	bool ending;    /* nobody waits any more */
	bool measuring; /* a measurement is under way: whoever waits for its end sleeps on */
	size_t working;                /* calls whose work is under way */
	size_t forgetting;             /* calls that wait until rows are gone */
	TAILQ_HEAD(, sleeper) due;     /* to be woken, in this order */
	sleepers_fn *suspend, *resume;
};

struct sleeper;

void sleepers_init(struct sleepers *all);

/* Room for one more stream or waiting request? */
bool sleepers_full(const struct sleepers *all);

/* A body. The feed is ours from then on. NULL: no memory, and the feed is gone. */
struct sleeper *sleepers_add_feed(struct sleepers *all, void *connection, struct conn *conn,
    struct feed *feed, bool stream);
/* The body's text, or FEED_END, FEED_FAILED; FEED_NONE: and it sleeps now. */
int64_t sleeper_fill(struct sleeper *s, char *to, size_t room);
void sleeper_destroy(struct sleeper *s);

/* A call that waits (until deadline_us) or is worked on: it sleeps until its `woken` is set.
 * -ENOMEM: it does not. */
int sleepers_add_call(struct sleepers *all, void *connection, struct conn *conn,
    struct call *call, int64_t deadline_us);

/* Whoever has something to read is to be woken; `rose`: waiting calls too. A stream whose
 * reader has not caught up for so long is cut. */
#define SLEEPERS_SLOW_US INT64_C(20000000)
void sleepers_wake(struct sleepers *all, int64_t now_us, bool rose);

/* Wake who waited for rows to go, where they are gone. */
void sleepers_forgotten(struct sleepers *all, int64_t now_us);
/* Wake so many of those at most: a thousand at once would hold up everyone else. */
#define SLEEPERS_AT_ONCE 128
void sleepers_wake_due(struct sleepers *all, size_t most);
bool sleepers_any_due(const struct sleepers *all);

/* A portion for each call that is worked on. */
void sleepers_work(struct sleepers *all);

/* Look for clients that went away. */
void sleepers_find_vanished(struct sleepers *all);

/* End all bodies, and let all calls go on. */
void sleepers_stop(struct sleepers *all, int64_t now_us);

#endif
