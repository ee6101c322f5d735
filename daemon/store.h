/* SPDX-License-Identifier: ISC */
/*
 * The history: one SQLite file in WAL mode, one thread that writes, one that reads.
 *
 * The loop hands rows over and never waits: they are copied into a bounded queue, and where
 * that is full the oldest observations are dropped first, and counted. What was handed over
 * is committed at the latest STORE_COMMIT_S later, a few estimates and observations alone
 * STORE_QUIET_S later (an idle link costs the disk little), and all by store_close.
 *
 * Integers in fixed point throughout; the schema has a version (application_id,
 * user_version) and migrates forwards.
 */
#ifndef LINKQ_DAEMON_STORE_H
#define LINKQ_DAEMON_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "api/rows.h"
#include "api/source.h"

#define STORE_COMMIT_S 5
#define STORE_QUIET_S 60
#define STORE_QUIET_ROWS 8

struct store; /* owns two threads, two connections and the lock */

struct store_options {
	const char *path; /* the database; its folder is there */
	/* Ages of rows; 0: for ever. */
	int64_t keep_1s_us, keep_minutes_us, keep_hours_us;
	int64_t keep_observations_us, keep_events_us;
	int64_t keep_bytes; /* of all together; 0: as they come */
	/* Written to (eventfd semantics) when a reader's block or a writer's report is there;
	 * the loop then calls store_dispatch. */
	int wake_fd;
};

struct store_report {
	bool ok;            /* rows get written */
	char why[160];      /* what is wrong, "" if nothing */
	int64_t rows, commits, dropped, errors;
	int64_t queued;
	int64_t shed;  /* rows that went before their time, to keep the size */
	int64_t bytes; /* on the disk; -1: not known yet */
	int64_t last_commit_us_ago; /* -1: none yet; by the writer's own monotonic clock */
	int64_t busy_us; /* the writer has been at one piece of work so long; 0: it waits */
};

/*
 * Open or create the database, migrate it, start the threads.
 *
 * A file of ours that SQLite finds corrupt is renamed to PATH.corrupt-TIME, kept, named in the log,
 * and a new one begun. `why` gets one sentence for a person where it fails:
 * -EEXIST (another daemon has it locked), -EPROTO (never ours, or of a newer schema: untouched),
 * -EACCES, -ENOSPC, -EIO ..
 */
int store_open(const struct store_options *o, struct store **out, char *why, size_t why_len);

/* Everything handed over is committed, the log is checkpointed, threads end. NULL is fine. */
void store_close(struct store *st);

/* Copy one row into the queue. Never blocks. */
void store_estimate(struct store *st, const struct api_estimate_row *row);
void store_observation(struct store *st, const struct api_observation_row *row);
void store_event(struct store *st, const struct api_event_row *row);

/* Small things that outlive a restart (this host's salt, what was learnt of a link): by key,
 * at most STORE_BLOB_MAX bytes. get reads at once (call it before the loop runs). */
#define STORE_BLOB_MAX 4096
void store_put(struct store *st, const char *key, const void *value, size_t len);
void store_drop(struct store *st, const char *key);
int store_get(struct store *st, const char *key, void *value, size_t cap, size_t *len);

/* The links that were seen: what an id means. */
void store_link(struct store *st, const struct api_link *link);

/* Each of them as it was written, the one that came up last first, with what is kept under
 * STORE_LINK_KEY and its id (NULL: nothing). Reads at once, as store_get does. 0 or a negative
 * errno. */
#define STORE_LINK_KEY "link/"
typedef void store_link_fn(void *arg, const struct api_link *link, const void *kept, size_t len);
int store_each_link(struct store *st, store_link_fn *each, void *arg);

/*
 * Forget a link, all of them, or what is from before an instant, as api_forget says. Rows
 * that were handed over before are written first, then all go in portions. A number to ask
 * with, or -EBUSY (STORE_FORGETS_MAX are under way).
 *
 * store_forgotten: -EAGAIN while it is under way, else 0 and the rows that went, or why it
 * failed; that is told for a while. wake_fd is written to at the end.
 */
#define STORE_FORGETS_MAX 8
int64_t store_forget(struct store *st, const struct api_forget *what);
int store_forgotten(struct store *st, int64_t number, int64_t *rows);

/* Exports, as api/source.h asks for them. At most STORE_EXPORTS_MAX at once. */
#define STORE_EXPORTS_MAX 2
int store_rows_open(struct store *st, const struct api_range *range, struct api_rows **out);
void store_rows_next(struct api_rows *rows, api_block_fn *ready, void *arg);
void store_rows_close(struct api_rows *rows);

/* The same for ourselves: blocks are arrays of struct api_estimate_row or of struct
 * api_event_row, and the exports' places stay free. */
int store_past_open(struct store *st, const struct api_range *range, struct api_rows **out);

/* On the loop, when wake_fd was written to: calls the waiting api_block_fn. */
void store_dispatch(struct store *st);

void store_report(struct store *st, struct store_report *out);

#endif
