/* SPDX-License-Identifier: ISC */
/*
 * The history's file: links and their rows are forgotten.
 *
 * A link that is to be forgotten loses its name at once: its row of the table of links gets
 * an id that none has ("~" and its number), so that whatever comes of it from then on
 * belongs to another number. Then its rows go, a few thousand keys in one transaction, and
 * the table's row last. Where that is interrupted, the name tells what is left to do.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "daemon/history.h"
#include "daemon/history_columns.h"
#include "daemon/history_internal.h"

#define KEYS_AT_ONCE "20000" /* looked at; some ten milliseconds */

static const struct {
	const char *end, *drop;
	bool counts;
} tables[] = {
#define TABLE(name, key, is_of, counts)                                                     \
	{ "SELECT " key " FROM " name " WHERE " key " >= ?1 ORDER BY " key                   \
	  " LIMIT 1 OFFSET " KEYS_AT_ONCE,                                                   \
	    "DELETE FROM " name " WHERE " key " >= ?1 AND " key " < ?2 AND " is_of, counts }
	TABLE("estimate", "t", "link = ?3", true),
	TABLE("observation", "t", "link = ?3", true),
	TABLE("event", "t", "link = ?3", true),
	TABLE("minute", "t", "link = ?3", true),
	TABLE("hour", "t", "link = ?3", true),
	TABLE("minute_detail", "k", "(k & 65535) = ?3", false),
	TABLE("hour_detail", "k", "(k & 65535) = ?3", false),
};

#define TABLES (sizeof tables / sizeof tables[0])

/* Runs a statement of up to three numbers. 1 and *out: its first row's first column; 0: it
 * has none; or an errno. */
static int
run(struct history *h, const char *text, const int64_t number[3], int64_t *out)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(h->file.db, text, -1, &s, NULL);

	for (int i = 0; rc == SQLITE_OK && i < sqlite3_bind_parameter_count(s); i++)
		(void)sqlite3_bind_int64(s, i + 1, number[i]);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	if (rc == SQLITE_ROW && out != NULL)
		*out = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s);
	return rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : history_errno(h->file.db, rc);
}

static int
end(struct history *h, int got)
{
	int err = got < 0 ? got : history_commit(h);

	if (err != 0)
		history_rollback(h);
	return err != 0 ? err : got;
}

static const char no_name[] =
    "UPDATE link SET id = '~' || n, name = NULL, interface = NULL, kind = NULL, since = NULL"
    " WHERE ";

static int
unname(struct history *h, const char *where, const char *id)
{
	char text[256];
	sqlite3_stmt *s = NULL;
	int rc;

	(void)snprintf(text, sizeof text, "%s%s", no_name, where);
	rc = sqlite3_prepare_v2(h->file.db, text, -1, &s, NULL);
	if (rc == SQLITE_OK && id != NULL)
		(void)sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(s);
	(void)sqlite3_finalize(s);
	return rc == SQLITE_DONE ? sqlite3_changes(h->file.db) : history_errno(h->file.db, rc);
}

/* What belongs to no link belongs to one that is forgotten. */
static int
unname_rest(struct history *h)
{
	int got = run(h, "INSERT INTO link (id) VALUES ('~')", NULL, NULL);

	if (got >= 0)
		got = run(h, "UPDATE event SET link = last_insert_rowid() WHERE link IS NULL", NULL,
		    NULL);
	return got < 0 ? got : run(h, "DELETE FROM kept WHERE key LIKE 'link/%'", NULL, NULL);
}

int
history_forget(struct history *h, const char *id)
{
	int got = history_begin(h), err = 0;
	char key[32];

	if (got == 0)
		got = unname(h, id != NULL ? "id = ?1" : "id NOT LIKE '~%'", id);
	if (got >= 0 && id != NULL) {
		(void)snprintf(key, sizeof key, "link/%s", id);
		err = history_drop(h, key);
	} else if (got >= 0) {
		err = unname_rest(h);
	}
	history_links_changed(h);
	return end(h, err < 0 ? err : got);
}

/* The next part of a table, in the transaction that is open. How many rows went. */
static int
drop_part(struct history *h)
{
	int64_t number[3] = { h->forget.from, INT64_MAX, h->forget.n };
	size_t table = h->forget.table;
	int got = run(h, tables[h->forget.table].end, number, &number[1]);

	if (got == 1 && number[1] == number[0])
		number[1]++; /* so many of one instant */
	if (got < 0)
		return got;
	h->forget.table += got == 0;
	h->forget.from = got == 1 ? number[1] : INT64_MIN;
	got = run(h, tables[table].drop, number, NULL);
	if (got < 0)
		return got;
	return tables[table].counts ? sqlite3_changes(h->file.db) : 0;
}

int
history_forget_step(struct history *h, int64_t *rows)
{
	struct history_forgetting before = h->forget;
	int got = history_begin(h);

	if (got == 0 && h->forget.n == 0) {
		h->forget = (struct history_forgetting){ .from = INT64_MIN };
		got = run(h, "SELECT n FROM link WHERE id LIKE '~%' LIMIT 1", NULL, &h->forget.n);
		if (got <= 0)
			return end(h, got);
	}
	if (got >= 0)
		got = drop_part(h);
	if (got >= 0)
		*rows += got;
	if (got >= 0 && h->forget.table == TABLES) {
		const int64_t n[3] = { h->forget.n };

		got = run(h, "DELETE FROM link WHERE n = ?1", n, NULL);
		h->forget.n = 0;
	}
	got = end(h, got);
	if (got < 0)
		h->forget = before;
	return got < 0 ? got : 1;
}

/* Of the links that nobody saw since, the first; "": there is none. */
static int
find_unseen(struct history *h, int64_t before_wall_us, char id[API_LINK_ID_MAX + 1])
{
	static const char text[] = "SELECT id, since, value FROM link LEFT JOIN kept"
				   " ON key = 'link/' || id WHERE id NOT LIKE '~%'";
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(h->file.db, text, -1, &s, NULL);
	int64_t seen;

	id[0] = '\0';
	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(s);
		if (rc != SQLITE_ROW)
			break;
		seen = sqlite3_column_int64(s, 1) * 1000;
		if (sqlite3_column_bytes(s, 2) >= (int)sizeof seen)
			memcpy(&seen, sqlite3_column_blob(s, 2), sizeof seen);
		if (seen >= before_wall_us)
			continue;
		(void)snprintf(id, API_LINK_ID_MAX + 1, "%s",
		    (const char *)sqlite3_column_text(s, 0));
		break;
	}
	(void)sqlite3_finalize(s);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : history_errno(h->file.db, rc);
}

/* A portion of each table's rows, in the transaction that is open. How many went. A minute
 * or an hour that the instant is in goes whole. */
static int
drop_before(struct history *h, int64_t wall_us, int64_t *rows)
{
	static const struct {
		enum history_statement s;
		int64_t unit_us;
		bool counts;
	} list[] = {
		{ DROP_SECONDS, 1000000, true }, { DROP_OBSERVATIONS, 1000, true },
		{ DROP_EVENTS, 1000, true }, { DROP_MINUTES, 1000000, true },
		{ DROP_HOURS, 1000000, true }, { DROP_MINUTES_DETAIL, 1000000, false },
		{ DROP_HOURS_DETAIL, 1000000, false },
	};
	int all = 0, got = 0;

	for (size_t i = 0; got >= 0 && i < sizeof list / sizeof list[0]; i++) {
		sqlite3_stmt *s = h->statement[list[i].s];

		history_bind(s, 1, wall_us / list[i].unit_us);
		history_bind(s, 2, HISTORY_CHUNK - 1);
		got = history_run(h->file.db, s);
		if (got < 0)
			break;
		all += sqlite3_changes(h->file.db);
		*rows += list[i].counts ? sqlite3_changes(h->file.db) : 0;
	}
	return got < 0 ? got : all;
}

int
history_forget_before(struct history *h, int64_t before_wall_us, int64_t *rows)
{
	const int64_t t_s[3] = { before_wall_us / 1000000 };
	char id[API_LINK_ID_MAX + 1];
	int got = history_begin(h);

	if (got == 0)
		got = drop_before(h, before_wall_us, rows);
	if (got == 0) /* nothing is to be made of what is gone */
		got = run(h, "DELETE FROM stale WHERE t + step <= ?1", t_s, NULL);
	if (got == 0)
		got = history_sums_dropped(h->sums, t_s[0]);
	got = end(h, got);
	if (got != 0)
		return got < 0 ? got : 1;
	history_sums_unmark(h->sums);
	got = find_unseen(h, before_wall_us, id);
	if (got < 0 || id[0] == '\0')
		return got;
	got = history_forget(h, id);
	return got < 0 ? got : 1;
}
