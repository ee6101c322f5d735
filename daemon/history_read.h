/* SPDX-License-Identifier: ISC */
/*
 * The history's file, read-only: rows of a range in the order of their time. A next look
 * continues behind the last row by its key, so rows that were added or dropped meanwhile do
 * no harm. One thread at a time.
 */
#ifndef LINKQ_DAEMON_HISTORY_READ_H
#define LINKQ_DAEMON_HISTORY_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "api/rows.h"
#include "api/source.h"

struct history_row { /* which one is filled follows from the range's `what` */
	int64_t link; /* its number */
	/* Of a minute or hour, for API_CONDITIONS; its time and link are in `estimate`. */
	const unsigned char *conditions;
	size_t conditions_len;
	struct api_estimate_row estimate;
	struct api_spreads spreads; /* of a minute or hour, where the range asks for them */
	bool has_spreads;
	struct api_observation_row observation;
	struct api_event_row event;
};

struct sqlite3;

/* Read-only. The handle is there also after an error, as SQLite has it, and must be closed. */
int history_read_open(const char *path, struct sqlite3 **db);

struct history_reader; /* owns a connection */

/* Rows with from <= time < to, of one link or all; the step is not looked at. 0 or a
 * negative errno as in history.h. */
int history_reader_open(const char *path, const struct api_range *range,
    struct history_reader **out);

/*
 * Other rows from now on, from <= t < to in seconds, of the same links: seconds as they are
 * stored, or the minutes or hours that were made of them. For estimates and conditions.
 */
enum history_table { HISTORY_SECONDS, HISTORY_MINUTES, HISTORY_HOURS };
int history_reader_select(struct history_reader *r, enum history_table table, int64_t from_s,
    int64_t to_s);

/* The first run of buckets in [from, to), which are multiples of step_s, that are not made of
 * all their seconds: [*first, *end), or *first = to where there is none. A long run is told
 * in parts. */
int history_reader_stale(struct history_reader *r, int64_t step_s, int64_t from_s,
    int64_t to_s, int64_t *first, int64_t *end);

/* Called for each row; true: that is enough for now. */
typedef bool history_row_fn(void *arg, const struct history_row *row);

/*
 * Give rows to `each`, on and on from the last one. 1: `each` had enough, or
 * HISTORY_READ_ROWS were looked at; 0: there are no more; or a negative errno. No read is
 * open afterwards: one that stays open keeps the writer's log from being reset, however
 * slow the client is for which it was made.
 */
#define HISTORY_READ_ROWS 5000
int history_reader_run(struct history_reader *r, history_row_fn *each, void *arg);
void history_reader_close(struct history_reader *r); /* NULL is fine */

/* A value that history_put kept. 0, -ENOENT (no such key), -ENOBUFS (longer than cap), .. */
int history_read_kept(const char *path, const char *key, void *value, size_t cap, size_t *len);

/* Each link that history_link described and nobody forgot, the one that came up last first,
 * and what is kept under "link/" and its id (NULL: nothing). */
typedef void history_link_fn(void *arg, const struct api_link *link, const void *kept,
    size_t len);
int history_read_links(const char *path, history_link_fn *each, void *arg);

#endif
