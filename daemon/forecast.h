/* SPDX-License-Identifier: ISC */
/*
 * What a link's history says of the minutes ahead.
 *
 * Nothing is read before somebody asks. Then the history's hours and events go through
 * estimator/ahead.h, a block of the reader's thread at a time and a millisecond of the loop
 * at a time; that takes a second or three for a year, and until then the answer is `reading`.
 * From there on the events are told as they happen, and all is read anew six hours later, if
 * somebody still asks: the hours of since then are in it, and what was forgotten is not.
 */
#ifndef LINKQ_DAEMON_FORECAST_H
#define LINKQ_DAEMON_FORECAST_H

#include "api/source.h"
#include "daemon/loop.h"
#include "daemon/store.h"

#define FORECAST_LINKS 2 /* of which the past is kept in memory, 210 kB each */

struct forecast;

/* 0 or a negative errno. */
int forecast_create(struct loop *loop, struct store *store, struct forecast **out);
void forecast_destroy(struct forecast *f); /* NULL is fine */

/* What is ahead on this link at this time; `out->link` says which. Reading begins where it
 * has not. */
void forecast_ask(struct forecast *f, int64_t now_us, struct api_forecast *out);

/* The same of a link whose past is read already: no more is read or learnt for it. False:
 * nothing is known. */
bool forecast_peek(const struct forecast *f, const char *link, int64_t wall_us,
    struct ahead_news *out);

/* An event happened. */
void forecast_event(struct forecast *f, const struct api_event_row *row);

/* Of the history some is dropped on somebody's word: what is known of it goes, too, and what
 * is from before that instant (0: none) is not read again. */
void forecast_forget(struct forecast *f, int64_t before_wall_us);

#endif
