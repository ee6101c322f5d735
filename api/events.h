/* SPDX-License-Identifier: ISC */
/*
 * Server-sent events: what happened, kept for those who come back, and framed as text.
 *
 * Happenings (change, outage, network) go into a small ring, each under a number of its own.
 * The estimate is not queued: a reader that was slow gets the newest one when it can read
 * again, and never an older one after it.
 */
#ifndef LINKQ_API_EVENTS_H
#define LINKQ_API_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/buf.h"
#include "api/estimate.h"
#include "api/rows.h"

#define EVENTS_KEPT 64
#define EVENTS_BOOT_MAX 31
#define EVENTS_TEXT_MAX (ESTIMATE_TEXT_MAX + 128) /* one message of any kind */
#define EVENTS_HEARTBEAT_US INT64_C(10000000)

struct events {
	char boot[EVENTS_BOOT_MAX + 1];
	struct {
		int64_t seq;
		struct api_event_row row;
	} kept[EVENTS_KEPT];
	uint64_t count; /* ever kept; the last EVENTS_KEPT of them are there */
};

/* How far one reader has got. */
struct events_cursor {
	uint64_t next;    /* into the ring */
	int64_t link_seq; /* of the last estimate it got; -1: none */
	int64_t wrote_us; /* when it last got anything */
	bool greeted;
};

/* The head of one message, up to its data. */
void events_begin(const struct events *e, struct buf *out, int64_t seq, const char *name);

void events_init(struct events *e, const char *boot);
/* False for kinds that the stream does not carry. */
bool events_carries(enum api_event_kind kind);
void events_keep(struct events *e, int64_t seq, const struct api_event_row *row);

/* A new reader; last_id is its Last-Event-ID or NULL. What it missed in this run of the
 * daemon is replayed as far as it is kept. */
void events_start(const struct events *e, const char *last_id, int64_t now_us,
    struct events_cursor *c);

/* Is there anything for it to read now? */
bool events_pending(const struct events *e, const struct events_cursor *c, int64_t seq,
    int64_t now_us);

/* The next message for it, or nothing. `link` is the estimate's JSON under `seq`. */
void events_next(const struct events *e, struct events_cursor *c, int64_t seq,
    const struct buf *link, int64_t now_us, struct buf *out);

#endif
