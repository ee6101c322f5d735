/* SPDX-License-Identifier: ISC */
/* Minutes and hours of the history's file, made of its seconds. */
#include "daemon/history_sums.h"

#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/history.h"
#include "daemon/history_columns.h"
#include "daemon/rollup.h"

#define MINUTE 60
#define HOUR 3600
#define MINUTES_AT_ONCE 20 /* some milliseconds */

enum statement {
	MARK,
	FIRST_STALE,
	RUN_OF_STALE,
	UNSTALE,
	GONE_BEFORE,
	SET_GONE,
	SECONDS_OF,
	MINUTES_OF,
	DROP_DETAIL,
	/* For minutes; the same for hours follow. */
	IS_MADE,
	CLEAR_ROWS,
	CLEAR_DETAIL,
	ADD_ROW,
	ADD_DETAIL,
	STATEMENTS = ADD_DETAIL + 1 + 5
};

#define HOURS (ADD_DETAIL + 1 - IS_MADE) /* from a minute's statement to an hour's */

#define OF_TABLE(at, table) \
	[at + IS_MADE] = "SELECT 1 FROM " table " WHERE t = ?1", \
	[at + CLEAR_ROWS] = "DELETE FROM " table " WHERE t = ?1", \
	[at + CLEAR_DETAIL] = "DELETE FROM " table "_detail WHERE k >= ?1 << 16" \
			      " AND k < (?1 + 1) << 16", \
	[at + ADD_ROW] = "INSERT INTO " table " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9," \
			 " ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22," \
			 " ?23, ?24, ?25, ?26, ?27, ?28, ?29)", \
	[at + ADD_DETAIL] = "INSERT INTO " table "_detail VALUES (?1 << 16 | ?2, ?3)"

static const char *const texts[STATEMENTS] = {
	[MARK] = "INSERT INTO stale VALUES (?1, ?2) ON CONFLICT DO NOTHING",
	[FIRST_STALE] = "SELECT t FROM stale WHERE step = ?1 AND t <= ?2 ORDER BY t LIMIT 1",
	[RUN_OF_STALE] = "SELECT t FROM stale WHERE step = 60 AND t >= ?1 AND t <= ?2 ORDER BY t",
	[UNSTALE] = "DELETE FROM stale WHERE step = ?1 AND t = ?2",
	[GONE_BEFORE] = "SELECT t FROM mark WHERE name = 'seconds-gone-before'",
	[SET_GONE] = "INSERT INTO mark VALUES ('seconds-gone-before', ?1) ON CONFLICT DO UPDATE"
		     " SET t = max(t, excluded.t)",
	[SECONDS_OF] = "SELECT " HISTORY_ESTIMATE_COLUMNS " FROM estimate WHERE t >= ?1"
		       " AND t < ?2 ORDER BY t, link",
	[MINUTES_OF] = "SELECT " HISTORY_ESTIMATE_COLUMNS ", conditions, bytes FROM minute"
		       " LEFT JOIN minute_detail ON k = (t << 16 | link) WHERE t >= ?1"
		       " AND t < ?2 ORDER BY t, link",
	[DROP_DETAIL] = "DELETE FROM minute_detail WHERE k >= ?1 << 16 AND k < ?2 << 16",
	OF_TABLE(0, "minute"),
	OF_TABLE(HOURS, "hour"),
};

struct lane { /* of an hour in the making */
	int64_t link;
	struct sums sums;
};

struct history_sums {
	sqlite3 *db;
	sqlite3_stmt *statement[STATEMENTS];
	int64_t marked[2]; /* minutes that were marked last */
	struct lane *lane[ROLLUP_LINKS_MAX];
	size_t lanes;
	unsigned char conditions[SUMS_CONDITIONS_MAX], detail[SUMS_DETAIL_MAX];
};

void
history_sums_unmark(struct history_sums *s)
{
	s->marked[0] = s->marked[1] = -1;
}

int
history_sums_create(struct sqlite3 *db, struct history_sums **out)
{
	struct history_sums *s = calloc(1, sizeof *s);
	int rc = SQLITE_OK;

	if (s == NULL)
		return -ENOMEM;
	s->db = db;
	history_sums_unmark(s);
	for (int i = 0; rc == SQLITE_OK && i < STATEMENTS; i++)
		rc = sqlite3_prepare_v3(db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
		    &s->statement[i], NULL);
	if (rc != SQLITE_OK) {
		history_sums_destroy(s);
		return history_errno(db, rc);
	}
	*out = s;
	return 0;
}

static void
free_lanes(struct history_sums *s)
{
	for (size_t i = 0; i < s->lanes; i++)
		free(s->lane[i]);
	s->lanes = 0;
}

void
history_sums_destroy(struct history_sums *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		(void)sqlite3_finalize(s->statement[i]);
	free_lanes(s);
	free(s);
}

/* With as many of two numbers as it takes: 1 and *out where there is a row, 0 where not, or an errno. */
static int
ask(struct history_sums *s, int which, int64_t a, int64_t b, int64_t *out)
{
	sqlite3_stmt *q = s->statement[which];
	int rc;

	if (sqlite3_bind_parameter_count(q) > 0)
		(void)sqlite3_bind_int64(q, 1, a);
	if (sqlite3_bind_parameter_count(q) > 1)
		(void)sqlite3_bind_int64(q, 2, b);
	rc = sqlite3_step(q);
	if (rc == SQLITE_ROW && out != NULL)
		*out = sqlite3_column_int64(q, 0);
	(void)sqlite3_reset(q);
	return rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : history_errno(s->db, rc);
}

static int64_t
floor_to(int64_t t, int64_t step)
{
	return t - t % step - (t % step < 0 ? step : 0);
}

int
history_sums_mark(struct history_sums *s, int64_t t_s)
{
	/* It holds into the next minute, unless it is the first second of one. */
	int64_t minute[2] = { floor_to(t_s, MINUTE), floor_to(t_s + ROLLUP_HOLD_S - 1, MINUTE) };
	int err = 0;

	for (int i = 0; err >= 0 && i < 2; i++) {
		if (minute[i] == s->marked[0] || minute[i] == s->marked[1])
			continue;
		err = ask(s, MARK, MINUTE, minute[i], NULL);
		s->marked[0] = s->marked[1];
		s->marked[1] = minute[i];
	}
	return err;
}

int
history_sums_dropped(struct history_sums *s, int64_t t_s)
{
	return ask(s, SET_GONE, t_s, 0, NULL);
}

static void
bind_measure(sqlite3_stmt *q, int at, const struct measured *m)
{
	bool known = m->seconds > 0;

	history_bind(q, at, known ? (int64_t)m->min[SUMS_P50] : API_UNKNOWN);
	history_bind(q, at + 1, sums_mean(m));
	history_bind(q, at + 2, known ? (int64_t)m->max[SUMS_P50] : API_UNKNOWN);
}

/* `table`: 0 or HOURS. */
static int
add_row(struct history_sums *s, int table, int64_t t, int64_t link, const struct sums *sums)
{
	sqlite3_stmt *row = s->statement[table + ADD_ROW];
	sqlite3_stmt *detail = s->statement[table + ADD_DETAIL];
	struct api_estimate_row r = { .wall_us = t * 1000000 };
	size_t len;
	int err;

	sums_row(sums, &r);
	history_bind(row, 1, t);
	history_bind(row, 2, link);
	history_bind_estimate(row, 3, &r);
	for (int i = 0; i < SUMS_MEASURES; i++)
		bind_measure(row, 17 + 3 * i, &sums->measure[i]);
	len = sums_conditions_write(sums, s->conditions);
	(void)sqlite3_bind_blob(row, 29, s->conditions, (int)len, SQLITE_STATIC);
	err = history_run(s->db, row);
	if (err != 0 || link < 0 || link > 0xffff) /* such a link has no detail */
		return err;
	history_bind(detail, 1, t);
	history_bind(detail, 2, link);
	len = sums_detail_write(sums, s->detail);
	(void)sqlite3_bind_blob(detail, 3, s->detail, (int)len, SQLITE_STATIC);
	return history_run(s->db, detail);
}

/* What was made of it before goes. 1: its seconds are gone and it stays as it is. */
static int
clear(struct history_sums *s, int table, int64_t t)
{
	int64_t gone_before = INT64_MIN;
	int got = ask(s, GONE_BEFORE, 0, 0, &gone_before);

	if (got >= 0 && t - ROLLUP_HOLD_S < gone_before) {
		got = ask(s, table + IS_MADE, t, 0, NULL);
		if (got != 0)
			return got;
	}
	if (got >= 0)
		got = ask(s, table + CLEAR_ROWS, t, 0, NULL);
	return got < 0 ? got : ask(s, table + CLEAR_DETAIL, t, 0, NULL);
}

/* The hour is to be made of its minutes. Where it was made before, their detail is gone since,
 * and comes again with them; unless the seconds are gone, too. */
static int
touch_hour(struct history_sums *s, int64_t hour)
{
	int64_t end = hour + HOUR;
	int got = ask(s, HOURS + IS_MADE, hour, 0, NULL);

	if (got == 1 && (got = clear(s, HOURS, hour)) == 0)
		for (int64_t t = hour; got >= 0 && t < end; t += MINUTE)
			got = ask(s, MARK, MINUTE, t, NULL);
	return got < 0 ? got : ask(s, MARK, HOUR, hour, NULL);
}

/* Rows that are ready, each of one minute. */
static int
add_minutes(struct history_sums *s, struct rollup *r)
{
	struct api_estimate_row row;
	int got, err = 0;

	while (err == 0 && (got = rollup_next(r, &row)) != 0)
		err = got < 0 ? got : add_row(s, 0, row.wall_us / 1000000,
		    strtoll(row.link, NULL, 10), rollup_sums(r));
	return err;
}

/* The minutes [from, end), all of them cleared. A link goes by its number here. */
static int
make_minutes(struct history_sums *s, int64_t from, int64_t end)
{
	sqlite3_stmt *q = s->statement[SECONDS_OF];
	struct rollup *r;
	int rc = SQLITE_ROW, err = rollup_create(from, end, MINUTE, &r);

	if (err != 0)
		return err;
	history_bind(q, 1, from - ROLLUP_HOLD_S);
	history_bind(q, 2, end);
	while (err == 0 && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		int64_t link = sqlite3_column_int64(q, 1);
		struct api_estimate_row row;

		history_column_estimate(q, &row);
		(void)snprintf(row.link, sizeof row.link, "%lld", (long long)link);
		rollup_add(r, &row, link);
		err = add_minutes(s, r);
	}
	if (err == 0 && rc != SQLITE_DONE)
		err = history_errno(s->db, rc);
	(void)sqlite3_reset(q);
	if (err == 0) {
		rollup_end(r);
		err = add_minutes(s, r);
	}
	rollup_destroy(r);
	return err;
}

/* Neighbours from the first stale minute on: one pass over the seconds for all of them. */
static int
find_run(struct history_sums *s, int64_t first, int64_t last, int64_t *end)
{
	sqlite3_stmt *q = s->statement[RUN_OF_STALE];
	int rc;

	*end = first;
	history_bind(q, 1, first);
	history_bind(q, 2, last);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW && sqlite3_column_int64(q, 0) == *end &&
	    *end < first + MINUTES_AT_ONCE * MINUTE)
		*end += MINUTE;
	(void)sqlite3_reset(q);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : history_errno(s->db, rc);
}

static int
redo_minutes(struct history_sums *s, int64_t first, int64_t last)
{
	int64_t end, at;
	int got = find_run(s, first, last, &end);

	if (got == 0 && end == first)
		return -EBADMSG; /* no minute begins there: not our hand */
	for (at = first; got >= 0 && at < end; at += MINUTE) {
		got = clear(s, 0, at);
		if (got == 0)
			got = touch_hour(s, floor_to(at, HOUR));
		else if (got == 1 && at == first) /* stays: alone, and the next ones then */
			return ask(s, UNSTALE, MINUTE, at, NULL);
		else if (got == 1)
			break;
	}
	if (got < 0)
		return got;
	got = make_minutes(s, first, at);
	if (got == -ENOBUFS)
		got = 0; /* more links than there are: what was made of them stands */
	for (int64_t t = first; got >= 0 && t < at; t += MINUTE)
		got = ask(s, UNSTALE, MINUTE, t, NULL);
	return got;
}

static struct sums *
sums_of(struct history_sums *s, int64_t link)
{
	struct lane *l;

	for (size_t i = 0; i < s->lanes; i++)
		if (s->lane[i]->link == link)
			return &s->lane[i]->sums;
	if (s->lanes == ROLLUP_LINKS_MAX)
		return NULL; /* more than there are */
	l = calloc(1, sizeof *l);
	if (l == NULL)
		return NULL;
	l->link = link;
	sums_clear(&l->sums);
	s->lane[s->lanes++] = l;
	return &l->sums;
}

static int
make_hour(struct history_sums *s, int64_t t)
{
	sqlite3_stmt *q = s->statement[MINUTES_OF];
	int rc, err = 0;

	history_bind(q, 1, t);
	history_bind(q, 2, t + HOUR);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct sums *sums = sums_of(s, sqlite3_column_int64(q, 1));
		struct api_estimate_row row;

		if (sums == NULL)
			continue;
		history_column_estimate(q, &row);
		sums_merge(sums, &row, sqlite3_column_blob(q, 16),
		    (size_t)sqlite3_column_bytes(q, 16), sqlite3_column_blob(q, 17),
		    (size_t)sqlite3_column_bytes(q, 17));
	}
	if (rc != SQLITE_DONE)
		err = history_errno(s->db, rc);
	(void)sqlite3_reset(q);
	for (size_t i = 0; err == 0 && i < s->lanes; i++)
		err = add_row(s, HOURS, t, s->lane[i]->link, &s->lane[i]->sums);
	free_lanes(s);
	return err;
}

static int
redo_hour(struct history_sums *s, int64_t t)
{
	int got = clear(s, HOURS, t);

	if (got == 0)
		got = make_hour(s, t);
	if (got >= 0) /* it has served; ten bytes a second */
		got = ask(s, DROP_DETAIL, t, t + HOUR, NULL);
	return got < 0 ? got : ask(s, UNSTALE, HOUR, t, NULL);
}

int
history_sums_make(struct history_sums *s, int64_t now_s)
{
	int64_t over = now_s - HISTORY_SUMS_LATE_S, t;
	int got = ask(s, FIRST_STALE, MINUTE, over - MINUTE, &t);

	if (got == 1) {
		got = redo_minutes(s, t, over - MINUTE);
		return got < 0 ? got : 1;
	}
	if (got == 0)
		got = ask(s, FIRST_STALE, HOUR, over - HOUR, &t);
	if (got != 1)
		return got;
	got = redo_hour(s, t);
	return got < 0 ? got : 1;
}
