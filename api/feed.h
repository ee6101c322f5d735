/* SPDX-License-Identifier: ISC */
/*
 * A body that is written as it comes: an event stream, or an export of the history.
 *
 * The HTTP server asks for text when the client can take some. Where there is none the
 * connection sleeps until `wake` is called. All memory is bounded by one message (a stream)
 * or one block of the source (an export), however slow the client is.
 */
#ifndef LINKQ_API_FEED_H
#define LINKQ_API_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/core.h"

struct feed;

typedef void feed_wake_fn(void *arg);

/* NULL: no memory. `rows` is the feed's from then on, also where NULL is returned. */
/* `session`: whose hints come with it; NULL: nobody's. */
struct feed *feed_create_stream(struct core *core, const char *last_event_id,
    const char *session);
struct feed *feed_create_rows(struct core *core, struct api_rows *rows);
void feed_destroy(struct feed *f); /* NULL is fine */

/* Whom to call when there may be text again. */
void feed_on_wake(struct feed *f, feed_wake_fn *wake, void *arg);

#define FEED_NONE 0      /* nothing now */
#define FEED_END (-1)    /* that was all */
#define FEED_FAILED (-2) /* the rest cannot be had */

/* Bytes written into `to` (more than 0), or one of the above. */
int64_t feed_fill(struct feed *f, char *to, size_t room);

/* Would feed_fill give something? For streams; an export wakes by itself. */
bool feed_pending(const struct feed *f, int64_t now_us);

/* A stream ends after this; an export fails. */
void feed_stop(struct feed *f);

#endif
