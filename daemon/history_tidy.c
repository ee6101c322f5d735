/* SPDX-License-Identifier: ISC */
/* The history's file: minutes and hours are made, and what is old or too much goes. */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "daemon/history.h"
#include "daemon/history_columns.h"
#include "daemon/history_internal.h"

#define ALL (INT64_C(1) << 44) /* later than any second or millisecond that is stored */

static int64_t
floor_div(int64_t n, int64_t by)
{
	return n / by - (n % by < 0 ? 1 : 0);
}

/* The first column of the first row; 0 and *out left alone where there is none or NULL. */
static int
query_int(struct history *h, const char *text, int64_t *out)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(h->file.db, text, -1, &s, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL)
		*out = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s);
	return history_errno(h->file.db, rc);
}

/* The end of a transaction: what it gave, or why it failed. */
static int
end(struct history *h, int got)
{
	int err = got < 0 ? got : history_commit(h);

	if (err != 0)
		history_rollback(h);
	return err != 0 ? err : got;
}

int
history_sum_up(struct history *h, int64_t now_wall_us)
{
	int err = history_begin(h);

	return end(h, err != 0 ? err :
				 history_sums_make(h->sums, floor_div(now_wall_us, 1000000)));
}

/* Within a transaction. How many went. */
static int
drop(struct history *h, enum history_statement which, int64_t before)
{
	sqlite3_stmt *s = h->statement[which];
	int err;

	history_bind(s, 1, before);
	history_bind(s, 2, HISTORY_CHUNK - 1);
	err = history_run(h->file.db, s);
	return err != 0 ? err : sqlite3_changes(h->file.db);
}

/* Of seconds only those that are in a minute already; and what is gone is remembered. */
static int
drop_seconds(struct history *h, int64_t before)
{
	int64_t stale = ALL, left = before;
	int err = query_int(h, "SELECT min(t) - 60 FROM stale WHERE step = 60", &stale), gone;

	if (err != 0)
		return err;
	gone = drop(h, DROP_SECONDS, stale < before ? stale : before);
	if (gone <= 0)
		return gone;
	err = query_int(h, "SELECT coalesce((SELECT min(t) FROM estimate),"
			   " (SELECT max(t) + 60 FROM minute))", &left);
	if (err == 0)
		err = history_sums_dropped(h->sums, left < before ? left : before);
	return err < 0 ? err : gone;
}

int
history_retain(struct history *h, const struct history_cutoff *before)
{
	const struct {
		enum history_statement s;
		int64_t before;
	} list[] = {
		{ DROP_SECONDS, floor_div(before->seconds_wall_us, 1000000) },
		{ DROP_OBSERVATIONS, floor_div(before->observations_wall_us, 1000) },
		{ DROP_EVENTS, floor_div(before->events_wall_us, 1000) },
		/* A minute's detail serves to make it, and its hour, once more. */
		{ DROP_MINUTES_DETAIL, floor_div(before->seconds_wall_us, 1000000) - 3600 },
		{ DROP_MINUTES, floor_div(before->minutes_wall_us, 1000000) },
		{ DROP_HOURS_DETAIL, floor_div(before->hours_wall_us, 1000000) },
		{ DROP_HOURS, floor_div(before->hours_wall_us, 1000000) },
	};
	int gone = 0, got = history_begin(h);

	for (size_t i = 0; got >= 0 && i < sizeof list / sizeof list[0]; i++) {
		got = list[i].s == DROP_SECONDS ? drop_seconds(h, list[i].before) :
						  drop(h, list[i].s, list[i].before);
		gone += got;
	}
	return end(h, got < 0 ? got : gone);
}

int
history_shed(struct history *h)
{
	static const enum history_statement list[] = { DROP_OBSERVATIONS, DROP_SECONDS,
		DROP_MINUTES_DETAIL, DROP_MINUTES, DROP_EVENTS, DROP_HOURS_DETAIL, DROP_HOURS };
	int got = history_begin(h);

	for (size_t i = 0; got == 0 && i < sizeof list / sizeof list[0]; i++)
		got = list[i] == DROP_SECONDS ? drop_seconds(h, ALL) : drop(h, list[i], ALL);
	return end(h, got);
}

int
history_size(struct history *h, int64_t *bytes)
{
	char wal[sizeof h->file.path + 8];
	int64_t pages = 0, unused = 0, size = 0;
	struct stat st;
	int err;

	if (h->file.db == NULL)
		return -EBADMSG;
	err = query_int(h, "PRAGMA page_count", &pages);
	if (err == 0)
		err = query_int(h, "PRAGMA freelist_count", &unused);
	if (err == 0)
		err = query_int(h, "PRAGMA page_size", &size);
	if (err != 0)
		return err;
	(void)snprintf(wal, sizeof wal, "%s-wal", h->file.path);
	*bytes = (pages - unused) * size + (stat(wal, &st) == 0 ? st.st_size : 0);
	return 0;
}

int
history_shrink(struct history *h, int pages)
{
	char text[64];
	int64_t left = 0;
	int err;

	if (h->file.db == NULL)
		return 0;
	(void)snprintf(text, sizeof text, "PRAGMA incremental_vacuum(%d)", pages);
	err = history_errno(h->file.db, sqlite3_exec(h->file.db, text, NULL, NULL, NULL));
	if (err == 0)
		err = query_int(h, "PRAGMA freelist_count", &left);
	return err != 0 ? err : (int)left;
}

bool
history_disk_is_full(const struct history *h)
{
	struct statvfs v;
	uint64_t floor_bytes = HISTORY_FLOOR_BYTES;

	if (statvfs(h->file.path, &v) == -1 || v.f_blocks == 0)
		return false; /* it will say so itself */
	if (v.f_blocks / 100 < floor_bytes / v.f_frsize)
		floor_bytes = v.f_blocks / 100 * v.f_frsize;
	return v.f_bavail * v.f_frsize < floor_bytes;
}
