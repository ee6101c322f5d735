/* SPDX-License-Identifier: ISC */
/* The history's file, read-only: links, and what is kept beside the rows. */
#include "daemon/history_read.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "daemon/history.h"

int
history_read_kept(const char *path, const char *key, void *value, size_t cap, size_t *len)
{
	static const char text[] = "SELECT value FROM kept WHERE key = ?1";
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	size_t n;
	int rc, err = history_read_open(path, &db);

	if (err == 0)
		err = history_errno(db, sqlite3_prepare_v2(db, text, -1, &s, NULL));
	if (err == 0) {
		(void)sqlite3_bind_text(s, 1, key, -1, SQLITE_STATIC);
		rc = sqlite3_step(s);
		n = rc == SQLITE_ROW ? (size_t)sqlite3_column_bytes(s, 0) : 0;
		if (rc != SQLITE_ROW)
			err = rc == SQLITE_DONE ? -ENOENT : history_errno(db, rc);
		else if (n > cap)
			err = -ENOBUFS;
		else if (n > 0)
			memcpy(value, sqlite3_column_blob(s, 0), n);
		if (err == 0)
			*len = n;
	}
	(void)sqlite3_finalize(s);
	(void)sqlite3_close(db);
	return err;
}

static void
column_text(sqlite3_stmt *s, int at, char *out, size_t cap)
{
	const unsigned char *text = sqlite3_column_text(s, at);

	(void)snprintf(out, cap, "%s", text != NULL ? (const char *)text : "");
}

int
history_read_links(const char *path, history_link_fn *each, void *arg)
{
	static const char text[] =
	    "SELECT id, name, interface, kind, since, value FROM link LEFT JOIN kept"
	    " ON key = 'link/' || id WHERE interface IS NOT NULL AND id NOT LIKE '~%'"
	    " ORDER BY since DESC";
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	int rc = SQLITE_ERROR, err = history_read_open(path, &db);

	if (err == 0)
		rc = sqlite3_prepare_v2(db, text, -1, &s, NULL);
	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		struct api_link l = { .kind = EST_LINK_OTHER };
		int64_t kind;

		rc = sqlite3_step(s);
		if (rc != SQLITE_ROW)
			break;
		column_text(s, 0, l.id, sizeof l.id);
		column_text(s, 1, l.name, sizeof l.name);
		column_text(s, 2, l.interface, sizeof l.interface);
		kind = sqlite3_column_int64(s, 3);
		if (kind >= 0 && kind < EST_LINK_KINDS)
			l.kind = (enum est_link_kind)kind;
		l.since_wall_us = sqlite3_column_int64(s, 4) * 1000;
		each(arg, &l, sqlite3_column_blob(s, 5), (size_t)sqlite3_column_bytes(s, 5));
	}
	if (err == 0 && rc != SQLITE_DONE)
		err = history_errno(db, rc);
	(void)sqlite3_finalize(s);
	(void)sqlite3_close(db);
	return err;
}
