/* SPDX-License-Identifier: ISC */
/*
 * The history's file, as its one writer sees it: schema, migrations, inserts, retention.
 *
 * Not thread-safe: the thread that writes owns it. Errors are negative errno throughout:
 * -ENOSPC (disk full), -EBADMSG (the file is corrupt), -EACCES, -EIO, -EBUSY, -ENOMEM.
 * After any of them history_rollback() and try again later.
 *
 * Sizes: an estimate's row takes 45 to 60 bytes. Times are whole seconds in `estimate` (one
 * row for a second and link: a second one of the same second, from a clock that was set
 * back, updates the first) and milliseconds elsewhere. What is not known is NULL.
 */
#ifndef LINKQ_DAEMON_HISTORY_H
#define LINKQ_DAEMON_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/rows.h"
#include "api/source.h"

#define HISTORY_SCHEMA 2
#define HISTORY_APPLICATION_ID 0x6c6e6b71 /* "lnkq" */

struct history; /* owns the connection and the lock */

/*
 * Lock, open or create, check after an unclean stop, migrate.
 *
 * -EEXIST: another process has the lock. -EPROTO: a file that was never ours, or a newer
 * schema; both are left untouched. A corrupt file of ours is moved aside and logged, and a
 * new one begun. `why` gets one sentence.
 */
int history_open(const char *path, struct history **out, char *why, size_t why_len);
void history_close(struct history *h); /* checkpoints; NULL is fine */

/* The file was found corrupt while it was written: move it aside and begin a new one. The
 * lock is kept throughout. */
int history_restart(struct history *h, char *why, size_t why_len);

int history_begin(struct history *h);
int history_commit(struct history *h);
void history_rollback(struct history *h); /* fine where nothing is open */

int history_estimate(struct history *h, const struct api_estimate_row *r);
int history_observation(struct history *h, const struct api_observation_row *r);
int history_event(struct history *h, const struct api_event_row *r);
int history_link(struct history *h, const struct api_link *l);
int history_put(struct history *h, const char *key, const void *value, size_t len);
int history_drop(struct history *h, const char *key);

/* Each link's id, in no order. */
int history_each_link(struct history *h, void (*each)(void *arg, const char *id), void *arg);

/* Minutes and hours that are over are made of what is stored, a few in one call, in a
 * transaction of its own. 1: there may be more, 0: there are not, or a negative errno. */
int history_sum_up(struct history *h, int64_t now_wall_us);

/* Rows from before these instants go, HISTORY_CHUNK of each kind in one call (more only where
 * more are of one instant), in a transaction of its own; of seconds none that are not summed
 * up. How many went, or a negative errno. */
#define HISTORY_CHUNK 2000
struct history_cutoff {
	int64_t seconds_wall_us, minutes_wall_us, hours_wall_us;
	int64_t observations_wall_us, events_wall_us;
};
int history_retain(struct history *h, const struct history_cutoff *before);

/*
 * A link (NULL: all of them, and what belongs to none) loses its id, and what was kept of
 * it. How many links that were, or a negative errno. Their rows go then, in portions, each
 * in a transaction of its own, and are added to *rows: 1: there may be more, 0: there are
 * not. What was interrupted goes on, also after a restart.
 */
int history_forget(struct history *h, const char *id);
int history_forget_step(struct history *h, int64_t *rows);

/* A portion of the rows of whatever link from before that instant, then the links that
 * nobody saw since. As history_forget_step. */
int history_forget_before(struct history *h, int64_t before_wall_us, int64_t *rows);

/* As many of the oldest rows go to make room: of observations while there are any, then of
 * seconds, minutes, events, hours. How many went, 0: nothing is left, or an errno. */
int history_shed(struct history *h);

/* What the history takes on the disk: pages that are in use, and the log; bytes. */
int history_size(struct history *h, int64_t *bytes);

/* Give at most `pages` unused pages back to the file system. How many were left over, or a
 * negative errno. */
int history_shrink(struct history *h, int pages);

/* Is the disk so full that nothing more should be written? Less than HISTORY_FLOOR_BYTES are
 * free, or than a hundredth of a small file system. */
#define HISTORY_FLOOR_BYTES INT64_C(33554432)
bool history_disk_is_full(const struct history *h);

/* Run the steps that lead from the file's version to `steps_len`, each in one transaction
 * together with its version. For history_open, and for the test of just this. */
struct sqlite3;
int history_migrate(struct sqlite3 *db, const char *const *steps, int steps_len);

/* One function maps SQLite's codes to errno. */
int history_errno(struct sqlite3 *db, int rc);

#endif
