/* SPDX-License-Identifier: ISC */
/* The history's file: rows in. */
#include "daemon/history.h"

#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/history_columns.h"
#include "daemon/history_internal.h"

/* At most ?2 rows, the oldest first, that are older than ?1. */
#define DROP(table) DROP_BY(table, "t", "?1")
#define DROP_BY(table, key, cutoff) \
	"DELETE FROM " table " WHERE " key " < min(" cutoff ", 1 + coalesce((SELECT " key \
	" FROM " table " ORDER BY " key " LIMIT 1 OFFSET ?2), " cutoff "))"

static const char *const texts[HISTORY_STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	/* The second is there already: the clock was set back, or rows came in haste. The
	 * newer belief counts; what was counted adds up. */
	[ADD_ESTIMATE] =
	    "INSERT INTO estimate VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
	    " ?14, ?15, ?16) ON CONFLICT (t, link) DO UPDATE SET"
	    " state = excluded.state, quality = excluded.quality,"
	    " down_kbps_p10 = excluded.down_kbps_p10, down_kbps_p50 = excluded.down_kbps_p50,"
	    " down_kbps_p90 = excluded.down_kbps_p90, up_kbps_p50 = excluded.up_kbps_p50,"
	    " rtt_us_min = excluded.rtt_us_min, rtt_us_p50 = excluded.rtt_us_p50,"
	    " rtt_us_p90 = excluded.rtt_us_p90, ttfb_us_p50 = excluded.ttfb_us_p50,"
	    " loss_ppm = excluded.loss_ppm,"
	    " observations = coalesce(observations + excluded.observations, observations,"
	    " excluded.observations),"
	    " bytes_observed = coalesce(bytes_observed + excluded.bytes_observed, bytes_observed,"
	    " excluded.bytes_observed),"
	    " bytes_probed = coalesce(bytes_probed + excluded.bytes_probed, bytes_probed,"
	    " excluded.bytes_probed)",
	[ADD_OBSERVATION] =
	    "INSERT INTO observation VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
	    " ON CONFLICT DO NOTHING",
	[ADD_EVENT] = "INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
		      " ON CONFLICT DO NOTHING",
	[ADD_LINK] = "INSERT INTO link (id) VALUES (?1) ON CONFLICT DO NOTHING",
	[FIND_LINK] = "SELECT n FROM link WHERE id = ?1",
	[DESCRIBE_LINK] = "UPDATE link SET name = ?2, interface = ?3, kind = ?4, since = ?5"
			  " WHERE id = ?1",
	[PUT] = "INSERT INTO kept VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value",
	[UNPUT] = "DELETE FROM kept WHERE key = ?1",
	[DROP_SECONDS] = DROP("estimate"),
	[DROP_OBSERVATIONS] = DROP("observation"),
	[DROP_EVENTS] = DROP("event"),
	[DROP_MINUTES] = DROP("minute"),
	[DROP_MINUTES_DETAIL] = DROP_BY("minute_detail", "k", "(?1 << 16)"),
	[DROP_HOURS] = DROP("hour"),
	[DROP_HOURS_DETAIL] = DROP_BY("hour_detail", "k", "(?1 << 16)"),
};

void
history_links_changed(struct history *h)
{
	h->links_len = h->links_next = 0;
}

static int
finish(struct history *h, sqlite3_stmt *s)
{
	return history_run(h->file.db, s);
}

static int
prepare(struct history *h)
{
	for (int i = 0; i < HISTORY_STATEMENTS; i++) {
		int rc = sqlite3_prepare_v3(h->file.db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
		    &h->statement[i], NULL);

		if (rc != SQLITE_OK)
			return history_errno(h->file.db, rc);
	}
	return history_sums_create(h->file.db, &h->sums);
}

static void
unprepare(struct history *h)
{
	history_sums_destroy(h->sums);
	h->sums = NULL;
	h->forget.n = 0;
	for (int i = 0; i < HISTORY_STATEMENTS; i++) {
		(void)sqlite3_finalize(h->statement[i]);
		h->statement[i] = NULL;
	}
	history_links_changed(h);
}

static int
open_and_prepare(struct history *h, char *why, size_t why_len)
{
	int err = history_file_open(&h->file, why, why_len);

	if (err != 0)
		return err;
	err = prepare(h);
	if (err != 0) {
		(void)snprintf(why, why_len, "%s: %s", h->file.path,
		    sqlite3_errmsg(h->file.db));
		unprepare(h);
		history_file_close(&h->file);
	}
	return err;
}

int
history_open(const char *path, struct history **out, char *why, size_t why_len)
{
	struct history *h = calloc(1, sizeof *h);
	uint16_t random;
	int err;

	if (h == NULL) {
		(void)snprintf(why, why_len, "%s: out of memory", path);
		return -ENOMEM;
	}
	err = history_file_lock(&h->file, path, why, why_len);
	if (err == 0)
		err = open_and_prepare(h, why, why_len);
	if (err == 0) {
		/* Two runs of the daemon hardly ever begin with the same number. */
		sqlite3_randomness(sizeof random, &random);
		h->serial = random;
		*out = h;
		return 0;
	}
	history_file_unlock(&h->file);
	free(h);
	return err;
}

void
history_close(struct history *h)
{
	if (h == NULL)
		return;
	unprepare(h);
	history_file_close(&h->file);
	history_file_unlock(&h->file);
	free(h);
}

int
history_restart(struct history *h, char *why, size_t why_len)
{
	int err = 0;

	unprepare(h);
	if (h->file.db != NULL) {
		history_file_close(&h->file);
		err = history_file_move_aside(&h->file, why, why_len);
	}
	return err != 0 ? err : open_and_prepare(h, why, why_len);
}

int
history_begin(struct history *h)
{
	if (h->file.db == NULL) /* a restart that failed: not there until one succeeds */
		return -EBADMSG;
	return finish(h, h->statement[BEGIN]);
}

int
history_commit(struct history *h)
{
	return finish(h, h->statement[COMMIT]);
}

void
history_rollback(struct history *h)
{
	/* Links that were added in it are gone, numbers and all; and so are marks. */
	history_links_changed(h);
	if (h->sums != NULL)
		history_sums_unmark(h->sums);
	/* FULL, IOERR and NOMEM may have rolled back by themselves. */
	if (h->file.db != NULL && !sqlite3_get_autocommit(h->file.db))
		(void)sqlite3_exec(h->file.db, "ROLLBACK", NULL, NULL, NULL);
}

/* The caller's text stays where it is until the statement is reset. */
static void
bind_text(sqlite3_stmt *s, int at, const char *text)
{
	if (text[0] == '\0')
		(void)sqlite3_bind_null(s, at);
	else
		(void)sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
}

static int64_t
floor_div(int64_t n, int64_t by)
{
	return n / by - (n % by < 0 ? 1 : 0);
}

/* The number that rows carry in place of the id; a new link gets one. */
static int
link_number(struct history *h, const char *id, int64_t *out)
{
	sqlite3_stmt *find = h->statement[FIND_LINK];
	struct known_link *k;
	int rc, err;

	for (size_t i = 0; i < h->links_len; i++)
		if (strcmp(h->links[i].id, id) == 0) {
			*out = h->links[i].n;
			return 0;
		}
	(void)sqlite3_bind_text(h->statement[ADD_LINK], 1, id, -1, SQLITE_STATIC);
	err = finish(h, h->statement[ADD_LINK]);
	if (err != 0)
		return err;
	(void)sqlite3_bind_text(find, 1, id, -1, SQLITE_STATIC);
	rc = sqlite3_step(find);
	if (rc != SQLITE_ROW) {
		(void)sqlite3_reset(find);
		return rc == SQLITE_DONE ? -EBADMSG : history_errno(h->file.db, rc);
	}
	*out = sqlite3_column_int64(find, 0);
	(void)sqlite3_reset(find);
	k = &h->links[h->links_next];
	h->links_next = (h->links_next + 1) % LINKS_CACHED;
	if (h->links_len < LINKS_CACHED)
		h->links_len++;
	memcpy(k->id, id, strlen(id) + 1);
	k->n = *out;
	return 0;
}

int
history_estimate(struct history *h, const struct api_estimate_row *r)
{
	sqlite3_stmt *s = h->statement[ADD_ESTIMATE];
	int64_t link = 0, t_s = floor_div(r->wall_us, 1000000);
	int err = link_number(h, r->link, &link);

	if (err != 0)
		return err;
	history_bind(s, 1, t_s);
	history_bind(s, 2, link);
	history_bind_estimate(s, 3, r);
	err = finish(h, s);
	return err != 0 ? err : history_sums_mark(h->sums, t_s);
}

/* Insert a row whose key is (time in ms, a number): where that is taken, with the next. */
static int
insert_numbered(struct history *h, sqlite3_stmt *s)
{
	for (int tries = 0; tries < 100; tries++) {
		int err;

		h->serial = (h->serial + 1) & 0x7fff; /* two bytes of a row */
		history_bind(s, 2, h->serial);
		err = finish(h, s);
		if (err != 0 || sqlite3_changes(h->file.db) > 0)
			return err;
	}
	return 0; /* a hundred neighbours in one millisecond: this one is one too many */
}

int
history_observation(struct history *h, const struct api_observation_row *r)
{
	sqlite3_stmt *s = h->statement[ADD_OBSERVATION];
	int64_t link = 0;
	int err = link_number(h, r->link, &link);

	if (err != 0)
		return err;
	history_bind(s, 1, floor_div(r->wall_us, 1000));
	history_bind(s, 3, link);
	history_bind(s, 4, r->source);
	history_bind(s, 5, r->direction);
	history_bind(s, 6, r->bytes);
	history_bind(s, 7, r->duration_us);
	history_bind(s, 8, r->ttfb_us);
	history_bind(s, 9, r->connect_us);
	history_bind(s, 10, r->ok);
	history_bind(s, 11, r->error);
	bind_text(s, 12, r->app);
	return insert_numbered(h, s);
}

int
history_event(struct history *h, const struct api_event_row *r)
{
	sqlite3_stmt *s = h->statement[ADD_EVENT];
	int64_t link = API_UNKNOWN;
	int err = r->link[0] == '\0' ? 0 : link_number(h, r->link, &link);

	if (err != 0)
		return err;
	history_bind(s, 1, floor_div(r->wall_us, 1000));
	history_bind(s, 3, link);
	history_bind(s, 4, r->kind);
	history_bind(s, 5, r->change);
	history_bind(s, 6, r->from_kbps);
	history_bind(s, 7, r->to_kbps);
	history_bind(s, 8, r->duration_us);
	bind_text(s, 9, r->detail);
	return insert_numbered(h, s);
}

int
history_link(struct history *h, const struct api_link *l)
{
	sqlite3_stmt *s = h->statement[DESCRIBE_LINK];
	int64_t n = 0;
	int err = link_number(h, l->id, &n);

	if (err != 0)
		return err;
	(void)sqlite3_bind_text(s, 1, l->id, -1, SQLITE_STATIC);
	bind_text(s, 2, l->name);
	bind_text(s, 3, l->interface);
	history_bind(s, 4, l->kind);
	history_bind(s, 5, floor_div(l->since_wall_us, 1000));
	return finish(h, s);
}

int
history_put(struct history *h, const char *key, const void *value, size_t len)
{
	sqlite3_stmt *s = h->statement[PUT];

	(void)sqlite3_bind_text(s, 1, key, -1, SQLITE_STATIC);
	/* A NULL pointer would be NULL and not a value of no bytes. */
	(void)sqlite3_bind_blob64(s, 2, len > 0 ? value : "", len, SQLITE_STATIC);
	return finish(h, s);
}

int
history_drop(struct history *h, const char *key)
{
	sqlite3_stmt *s = h->statement[UNPUT];

	(void)sqlite3_bind_text(s, 1, key, -1, SQLITE_STATIC);
	return finish(h, s);
}

int
history_each_link(struct history *h, void (*each)(void *arg, const char *id), void *arg)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(h->file.db, "SELECT id FROM link", -1, &s, NULL);

	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(s);
		if (rc == SQLITE_ROW && sqlite3_column_text(s, 0) != NULL)
			each(arg, (const char *)sqlite3_column_text(s, 0));
	}
	(void)sqlite3_finalize(s);
	return rc == SQLITE_DONE ? 0 : history_errno(h->file.db, rc);
}
