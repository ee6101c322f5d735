/* SPDX-License-Identifier: ISC */
/* The history's file: rows in. */
#include "daemon/history.h"

#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/history_open.h"

#define LINKS_CACHED 16

enum statement {
	BEGIN,
	COMMIT,
	ADD_ESTIMATE,
	ADD_OBSERVATION,
	ADD_EVENT,
	ADD_LINK,
	FIND_LINK,
	DESCRIBE_LINK,
	PUT,
	DROP_ESTIMATES,
	DROP_OBSERVATIONS,
	DROP_EVENTS,
	STATEMENTS
};

/* At most ?2 rows, the oldest first, that are older than ?1. */
#define DROP(table) \
	"DELETE FROM " table " WHERE t < min(?1, 1 + coalesce((SELECT t FROM " table \
	" ORDER BY t LIMIT 1 OFFSET ?2), ?1))"

static const char *const texts[STATEMENTS] = {
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
	[DROP_ESTIMATES] = DROP("estimate"),
	[DROP_OBSERVATIONS] = DROP("observation"),
	[DROP_EVENTS] = DROP("event"),
};

struct known_link {
	char id[API_LINK_ID_MAX + 1];
	int64_t n;
};

struct history {
	struct history_file file;
	sqlite3_stmt *statement[STATEMENTS];
	struct known_link links[LINKS_CACHED];
	size_t links_len, links_next;
	int64_t serial; /* tells rows of one millisecond apart */
};

static void
forget_links(struct history *h)
{
	h->links_len = h->links_next = 0;
}

static int
finish(struct history *h, sqlite3_stmt *s)
{
	int rc = sqlite3_step(s), err = 0;

	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		err = history_errno(h->file.db, rc);
	(void)sqlite3_reset(s);
	return err;
}

static int
prepare(struct history *h)
{
	for (int i = 0; i < STATEMENTS; i++) {
		int rc = sqlite3_prepare_v3(h->file.db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
		    &h->statement[i], NULL);

		if (rc != SQLITE_OK)
			return history_errno(h->file.db, rc);
	}
	return 0;
}

static void
unprepare(struct history *h)
{
	for (int i = 0; i < STATEMENTS; i++) {
		(void)sqlite3_finalize(h->statement[i]);
		h->statement[i] = NULL;
	}
	forget_links(h);
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
	/* Links that were added in it are gone, numbers and all. */
	forget_links(h);
	/* FULL, IOERR and NOMEM may have rolled back by themselves. */
	if (h->file.db != NULL && !sqlite3_get_autocommit(h->file.db))
		(void)sqlite3_exec(h->file.db, "ROLLBACK", NULL, NULL, NULL);
}

static void
bind_int(sqlite3_stmt *s, int at, int64_t n)
{
	if (n == API_UNKNOWN)
		(void)sqlite3_bind_null(s, at);
	else
		(void)sqlite3_bind_int64(s, at, n);
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
	const int64_t numbers[] = { r->state, r->quality, r->down_kbps_p10, r->down_kbps_p50,
		r->down_kbps_p90, r->up_kbps_p50, r->rtt_us_min, r->rtt_us_p50, r->rtt_us_p90,
		r->ttfb_us_p50, r->loss_ppm, r->observations, r->bytes_observed,
		r->bytes_probed };
	int64_t link = 0;
	int err = link_number(h, r->link, &link);

	if (err != 0)
		return err;
	bind_int(s, 1, floor_div(r->wall_us, 1000000));
	bind_int(s, 2, link);
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		bind_int(s, 3 + (int)i, numbers[i]);
	return finish(h, s);
}

/* Insert a row whose key is (time in ms, a number): where that is taken, with the next. */
static int
insert_numbered(struct history *h, sqlite3_stmt *s)
{
	for (int tries = 0; tries < 100; tries++) {
		int err;

		h->serial = (h->serial + 1) & 0x7fff; /* two bytes of a row */
		bind_int(s, 2, h->serial);
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
	bind_int(s, 1, floor_div(r->wall_us, 1000));
	bind_int(s, 3, link);
	bind_int(s, 4, r->source);
	bind_int(s, 5, r->direction);
	bind_int(s, 6, r->bytes);
	bind_int(s, 7, r->duration_us);
	bind_int(s, 8, r->ttfb_us);
	bind_int(s, 9, r->connect_us);
	bind_int(s, 10, r->ok);
	bind_int(s, 11, r->error);
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
	bind_int(s, 1, floor_div(r->wall_us, 1000));
	bind_int(s, 3, link);
	bind_int(s, 4, r->kind);
	bind_int(s, 5, r->change);
	bind_int(s, 6, r->from_kbps);
	bind_int(s, 7, r->to_kbps);
	bind_int(s, 8, r->duration_us);
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
	bind_int(s, 4, l->kind);
	bind_int(s, 5, floor_div(l->since_wall_us, 1000));
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

int
history_retain(struct history *h, const struct history_cutoff *before)
{
	const struct {
		enum statement s;
		int64_t cutoff;
	} drop[] = {
		{ DROP_ESTIMATES, floor_div(before->estimates_wall_us, 1000000) },
		{ DROP_OBSERVATIONS, floor_div(before->observations_wall_us, 1000) },
		{ DROP_EVENTS, floor_div(before->events_wall_us, 1000) },
	};
	int gone = 0, err = history_begin(h);

	for (size_t i = 0; err == 0 && i < sizeof drop / sizeof drop[0]; i++) {
		bind_int(h->statement[drop[i].s], 1, drop[i].cutoff);
		bind_int(h->statement[drop[i].s], 2, HISTORY_CHUNK - 1);
		err = finish(h, h->statement[drop[i].s]);
		if (err == 0)
			gone += sqlite3_changes(h->file.db);
	}
	if (err == 0)
		err = history_commit(h);
	if (err != 0)
		history_rollback(h);
	return err != 0 ? err : gone;
}

int
history_shrink(struct history *h, int pages)
{
	char text[64];
	sqlite3_stmt *s = NULL;
	int rc, left = 0;

	if (h->file.db == NULL)
		return 0;
	(void)snprintf(text, sizeof text, "PRAGMA incremental_vacuum(%d)", pages);
	rc = sqlite3_exec(h->file.db, text, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(h->file.db, "PRAGMA freelist_count", -1, &s, NULL);
	if (rc == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
		left = sqlite3_column_int(s, 0);
	(void)sqlite3_finalize(s);
	return rc == SQLITE_OK ? left : history_errno(h->file.db, rc);
}
