/* SPDX-License-Identifier: ISC */
/* A second hand on the history's file, as another program's would be: it waits its turn,
 * since the store's own writer tidies as soon as it is open. */
#ifndef LINKQ_TESTS_DAEMON_SQL_HELP_H
#define LINKQ_TESTS_DAEMON_SQL_HELP_H

#include <sqlite3.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <criterion/criterion.h>

static inline sqlite3 *
open_sql(const char *path)
{
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_busy_timeout(db, 30000), SQLITE_OK);
	return db;
}

static inline void
sql(const char *path, const char *text)
{
	sqlite3 *db = open_sql(path);
	char *error = NULL;

	cr_assert_eq(sqlite3_exec(db, text, NULL, NULL, &error), SQLITE_OK, "%s", error);
	cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}

static inline int64_t
number(const char *path, const char *text)
{
	sqlite3 *db = open_sql(path);
	sqlite3_stmt *s;
	int64_t n;

	cr_assert_eq(sqlite3_prepare_v2(db, text, -1, &s, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_step(s), SQLITE_ROW);
	n = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s);
	(void)sqlite3_close(db);
	return n;
}

static inline bool
is_whole(const char *path)
{
	sqlite3 *db = open_sql(path);
	sqlite3_stmt *s;
	bool ok;

	cr_assert_eq(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &s, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_step(s), SQLITE_ROW);
	ok = strcmp((const char *)sqlite3_column_text(s, 0), "ok") == 0;
	(void)sqlite3_finalize(s);
	(void)sqlite3_close(db);
	return ok;
}

#endif
