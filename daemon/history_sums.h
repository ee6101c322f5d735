/* SPDX-License-Identifier: ISC */
/*
 * Minutes and hours of the history's file, made of its seconds. A part of history.c, whose
 * connection and thread it uses.
 *
 * Each row of a second marks the minutes that it touches as stale, in its own transaction;
 * a minute that is over is made anew of the seconds and its mark goes, and so is an hour of
 * its minutes, whose detail is dropped then. So nothing is made twice and nothing forgotten, whenever rows come late, the
 * clock is set or the power fails. A bucket whose seconds are gone already stays as it is.
 */
#ifndef LINKQ_DAEMON_HISTORY_SUMS_H
#define LINKQ_DAEMON_HISTORY_SUMS_H

#include <stddef.h>
#include <stdint.h>

struct sqlite3;
struct history_sums;

int history_sums_create(struct sqlite3 *db, struct history_sums **out);
void history_sums_destroy(struct history_sums *s); /* NULL is fine */

/* Within the transaction that writes a row of this second. */
int history_sums_mark(struct history_sums *s, int64_t t_s);
/* That transaction was undone. */
void history_sums_unmark(struct history_sums *s);

/* Within a transaction: make some minutes, or where none is left an hour, that were over
 * HISTORY_SUMS_LATE_S before now. 1: there may be more, 0: there are not, or a negative
 * errno. */
#define HISTORY_SUMS_LATE_S 15
int history_sums_make(struct history_sums *s, int64_t now_s);

/* Within the transaction that drops seconds from before t_s. */
int history_sums_dropped(struct history_sums *s, int64_t t_s);

#endif
