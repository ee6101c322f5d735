/* SPDX-License-Identifier: ISC */
/* The history's file, read-only: rows out. */
#include "daemon/history_read.h"

#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/history.h"
#include "daemon/history_columns.h"

#define RUN_MAX 240 /* buckets that are told at once */
#define LINKS_MAX 65536 /* 1 MiB of names */

struct link_name {
	char id[API_LINK_ID_MAX + 1];
};

struct history_reader {
	sqlite3 *db;
	sqlite3_stmt *rows, *stale;
	enum api_what what;
	bool all;  /* columns */
	bool sums; /* conditions of minutes or hours, not of seconds */
	bool done, reloaded;     /* reloaded: links were looked for again in this run */
	bool one_link;
	int64_t link;            /* the one */
	int64_t last_t, last_n;  /* key of the last row */
	int64_t had_t, had_n;    /* and of the last one before this run */
	struct link_name *links; /* by the link's number */
	int64_t links_len;
	/* While it runs. */
	history_row_fn *each;
	void *arg;
	unsigned looked_at;
	struct history_row row;
};

/*
 * take() is ours: SQLite calls it for each row with all columns at once, and a row comes out
 * of the statement only where take() says stop. Stepping from row to row and asking for
 * column after column costs half as much again for the whole export. It passes over what it
 * had before as well: (t, second) > (.., ..) would be compared again for each row.
 */
#define SELECT(columns, table, second) \
	"SELECT 1 FROM " table " WHERE t >= ?1 AND t < ?2" \
	" AND take(" columns ") ORDER BY t, " second

static const char *const estimates[] = {
	[HISTORY_SECONDS] = SELECT(HISTORY_ESTIMATE_COLUMNS, "estimate", "link"),
	[HISTORY_MINUTES] = SELECT(HISTORY_ESTIMATE_COLUMNS, "minute", "link"),
	[HISTORY_HOURS] = SELECT(HISTORY_ESTIMATE_COLUMNS, "hour", "link"),
};

static const char *const all_columns[] = {
	[HISTORY_SECONDS] = SELECT(HISTORY_ESTIMATE_COLUMNS, "estimate", "link"),
	[HISTORY_MINUTES] =
	    SELECT(HISTORY_ESTIMATE_COLUMNS HISTORY_SPREAD_COLUMNS, "minute", "link"),
	[HISTORY_HOURS] = SELECT(HISTORY_ESTIMATE_COLUMNS HISTORY_SPREAD_COLUMNS, "hour", "link"),
};

static const char *const conditions[] = {
	[HISTORY_SECONDS] = SELECT("t, link, state, quality", "estimate", "link"),
	[HISTORY_MINUTES] = SELECT("t, link, conditions", "minute", "link"),
	[HISTORY_HOURS] = SELECT("t, link, conditions", "hour", "link"),
};

static const char *const texts[] = {
	[API_OBSERVATIONS] = SELECT("t, n, link, source, direction, bytes, duration_us, ttfb_us,"
				    " connect_us, ok, error, app", "observation", "n"),
	[API_EVENTS] = SELECT("t, n, link, kind, change, from_kbps, to_kbps, duration_us,"
			      " detail", "event", "n"),
};

/* Names of all links, by number; what the writer adds later is looked for again. */
static int
load_links(struct history_reader *r)
{
	sqlite3_stmt *s = NULL;
	int64_t n;
	int rc;

	rc = sqlite3_prepare_v2(r->db,
	    "SELECT n, id FROM link WHERE id NOT LIKE '~%' ORDER BY n DESC", -1, &s, NULL);
	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(s);
		if (rc != SQLITE_ROW)
			break;
		n = sqlite3_column_int64(s, 0);
		if (n < 0 || n >= LINKS_MAX || sqlite3_column_text(s, 1) == NULL)
			continue;
		if (n >= r->links_len) { /* the greatest comes first: once a load */
			struct link_name *more = realloc(r->links, (size_t)(n + 1) * sizeof *more);

			if (more == NULL) {
				rc = SQLITE_NOMEM;
				break;
			}
			memset(more + r->links_len, 0,
			    (size_t)(n + 1 - r->links_len) * sizeof *more);
			r->links = more;
			r->links_len = n + 1;
		}
		(void)snprintf(r->links[n].id, sizeof r->links[n].id, "%s",
		    (const char *)sqlite3_column_text(s, 1));
	}
	(void)sqlite3_finalize(s);
	return rc == SQLITE_DONE ? 0 : history_errno(r->db, rc);
}

/* The number of a link, or one that no row has. */
static int64_t
number_of(const struct history_reader *r, const char *id)
{
	for (int64_t n = 0; n < r->links_len; n++)
		if (strcmp(r->links[n].id, id) == 0)
			return n;
	return -1;
}

static int64_t
ceil_div(int64_t n, int64_t by)
{
	return n / by + (n % by > 0 ? 1 : 0);
}

/* Rows with from <= t < to, in the unit of the table. */
static int
prepare(struct history_reader *r, const char *text, int64_t from, int64_t to)
{
	int rc;

	(void)sqlite3_finalize(r->rows);
	rc = sqlite3_prepare_v3(r->db, text, -1, SQLITE_PREPARE_PERSISTENT, &r->rows, NULL);
	if (rc != SQLITE_OK)
		return history_errno(r->db, rc);
	r->last_t = from;
	r->last_n = -1; /* no key has a second part below 0: the first row is behind this */
	r->done = false;
	(void)sqlite3_bind_int64(r->rows, 2, to);
	return 0;
}

int
history_reader_select(struct history_reader *r, enum history_table table, int64_t from_s,
    int64_t to_s)
{
	bool estimate = r->what == API_ESTIMATES;
	const char *const *of_estimates = r->all ? all_columns : estimates;

	assert(estimate || r->what == API_CONDITIONS);
	r->sums = !estimate && table != HISTORY_SECONDS;
	return prepare(r, estimate ? of_estimates[table] : conditions[table], from_s, to_s);
}

static int
select_range(struct history_reader *r, const struct api_range *range)
{
	int64_t unit_us =
	    range->what == API_ESTIMATES || range->what == API_CONDITIONS ? 1000000 : 1000;
	int64_t from = ceil_div(range->from_wall_us, unit_us);
	int64_t to = ceil_div(range->to_wall_us, unit_us);

	r->one_link = range->link[0] != '\0';
	if (r->one_link)
		r->link = number_of(r, range->link);
	if (unit_us == 1000000)
		return history_reader_select(r, HISTORY_SECONDS, from, to);
	return prepare(r, texts[range->what], from, to);
}

/* The first mark at or behind `from`, INT64_MAX where there is none. */
static int
next_mark(struct history_reader *r, int64_t step_s, int64_t from_s, int64_t *out)
{
	static const char text[] =
	    "SELECT t FROM stale WHERE step = ?1 AND t >= ?2 ORDER BY t LIMIT 1";
	int rc = SQLITE_OK;

	if (r->stale == NULL)
		rc = sqlite3_prepare_v2(r->db, text, -1, &r->stale, NULL);
	if (rc == SQLITE_OK) {
		(void)sqlite3_bind_int64(r->stale, 1, step_s);
		(void)sqlite3_bind_int64(r->stale, 2, from_s);
		rc = sqlite3_step(r->stale);
		*out = rc == SQLITE_ROW ? sqlite3_column_int64(r->stale, 0) : INT64_MAX;
		(void)sqlite3_reset(r->stale);
	}
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : history_errno(r->db, rc);
}

/* An hour is not made of all its seconds either where one of its minutes is not. */
static int
next_stale(struct history_reader *r, int64_t step_s, int64_t from_s, int64_t *out)
{
	int64_t minute, own;
	int err = next_mark(r, 60, from_s, &minute);

	if (err == 0)
		err = next_mark(r, step_s, from_s, &own);
	if (err == 0)
		*out = (minute < own ? minute : own) / step_s * step_s;
	return err;
}

int
history_reader_stale(struct history_reader *r, int64_t step_s, int64_t from_s, int64_t to_s,
    int64_t *first, int64_t *end)
{
	int64_t next;
	int err = next_stale(r, step_s, from_s, &next);

	if (err != 0)
		return err;
	*first = *end = next < to_s ? next : to_s;
	for (int i = 0; err == 0 && i < RUN_MAX && *end < to_s && next == *end; i++) {
		*end += step_s;
		err = next_stale(r, step_s, *end, &next);
	}
	return err;
}

static int64_t
get_int(sqlite3_value *v)
{
	int64_t n = sqlite3_value_int64(v);

	/* most are neither 0 nor NULL, which reads as 0 */
	return n == 0 && sqlite3_value_type(v) == SQLITE_NULL ? API_UNKNOWN : n;
}

/* A number that says which of a few: the file is the world's, and may say anything. */
static unsigned
get_word(sqlite3_value *v, unsigned words)
{
	int64_t n = sqlite3_value_int64(v);

	return n >= 0 && n < words ? (unsigned)n : 0;
}

static void
get_text(sqlite3_value *v, char *out, size_t cap)
{
	const unsigned char *text = sqlite3_value_text(v);
	size_t len = text != NULL ? strlen((const char *)text) : 0;

	if (len >= cap)
		len = cap - 1;
	if (len > 0)
		memcpy(out, text, len);
	out[len] = '\0';
}

static void
get_link(struct history_reader *r, int64_t n, char out[API_LINK_ID_MAX + 1])
{
	if (!r->reloaded && (n >= r->links_len || (n >= 0 && r->links[n].id[0] == '\0'))) {
		(void)load_links(r); /* it came after we opened; else the name stays empty */
		r->reloaded = true;
	}
	if (n >= 0 && n < r->links_len)
		memcpy(out, r->links[n].id, API_LINK_ID_MAX + 1);
	else
		out[0] = '\0';
}

static void
get_estimate(struct api_estimate_row *e, sqlite3_value **v)
{
	e->wall_us = sqlite3_value_int64(v[0]) * 1000000;
	e->state = (enum est_state)get_word(v[2], EST_STATES);
	e->quality = (enum est_quality)get_word(v[3], EST_QUALITIES);
	e->down_kbps_p10 = get_int(v[4]);
	e->down_kbps_p50 = get_int(v[5]);
	e->down_kbps_p90 = get_int(v[6]);
	e->up_kbps_p50 = get_int(v[7]);
	e->rtt_us_min = get_int(v[8]);
	e->rtt_us_p50 = get_int(v[9]);
	e->rtt_us_p90 = get_int(v[10]);
	e->ttfb_us_p50 = get_int(v[11]);
	e->loss_ppm = get_int(v[12]);
	e->observations = get_int(v[13]);
	e->bytes_observed = get_int(v[14]);
	e->bytes_probed = get_int(v[15]);
}

static struct api_spread
get_spread(sqlite3_value **v)
{
	return (struct api_spread) { get_int(v[0]), get_int(v[1]), get_int(v[2]) };
}

static void
get_spreads(struct history_row *row, int columns, sqlite3_value **v)
{
	row->has_spreads = columns > HISTORY_ESTIMATE_ALL;
	if (!row->has_spreads)
		return;
	v += HISTORY_ESTIMATE_ALL;
	row->spreads = (struct api_spreads) { .down_kbps = get_spread(v),
		.up_kbps = get_spread(v + 3),
		.rtt_us = get_spread(v + 6),
		.ttfb_us = get_spread(v + 9) };
}

/* The bytes are SQLite's, until the row is done with. */
static void
get_condition(struct history_reader *r, sqlite3_value **v)
{
	r->row.estimate.wall_us = sqlite3_value_int64(v[0]) * 1000000;
	if (r->sums) {
		r->row.conditions = sqlite3_value_blob(v[2]);
		r->row.conditions_len = (size_t)sqlite3_value_bytes(v[2]);
		return;
	}
	r->row.estimate.state = (enum est_state)get_word(v[2], EST_STATES);
	r->row.estimate.quality = (enum est_quality)get_word(v[3], EST_QUALITIES);
}

static void
get_observation(struct api_observation_row *o, sqlite3_value **v)
{
	o->wall_us = sqlite3_value_int64(v[0]) * 1000;
	o->source = (enum est_source)get_word(v[3], EST_SOURCES);
	o->direction = (enum est_direction)get_word(v[4], EST_DIRECTIONS);
	o->bytes = get_int(v[5]);
	o->duration_us = get_int(v[6]);
	o->ttfb_us = get_int(v[7]);
	o->connect_us = get_int(v[8]);
	o->ok = sqlite3_value_int64(v[9]) != 0;
	o->error = (enum est_error)get_word(v[10], EST_ERRORS);
	get_text(v[11], o->app, sizeof o->app);
}

static void
get_event(struct api_event_row *e, sqlite3_value **v)
{
	e->wall_us = sqlite3_value_int64(v[0]) * 1000;
	e->kind = (enum api_event_kind)get_word(v[3], API_EVENT_DAEMON + 1);
	e->change = (enum est_change_kind)get_word(v[4], EST_CHANGES);
	e->from_kbps = get_int(v[5]);
	e->to_kbps = get_int(v[6]);
	e->duration_us = get_int(v[7]);
	get_text(v[8], e->detail, sizeof e->detail);
}

static void
on_row(sqlite3_context *context, int argc, sqlite3_value **v)
{
	struct history_reader *r = sqlite3_user_data(context);
	int64_t t = sqlite3_value_int64(v[0]), n = sqlite3_value_int64(v[1]), link;
	char *name;
	bool stop = false;

	if (t == r->had_t && n <= r->had_n) {
		sqlite3_result_int(context, 0);
		return;
	}
	r->last_t = t;
	r->last_n = n;
	switch (r->what) {
	case API_CONDITIONS:
		link = n;
		name = r->row.estimate.link;
		get_condition(r, v);
		break;
	case API_ESTIMATES:
		link = n;
		name = r->row.estimate.link;
		get_estimate(&r->row.estimate, v);
		get_spreads(&r->row, argc, v);
		break;
	case API_OBSERVATIONS:
		link = sqlite3_value_int64(v[2]);
		name = r->row.observation.link;
		get_observation(&r->row.observation, v);
		break;
	default:
		link = get_int(v[2]);
		name = r->row.event.link;
		get_event(&r->row.event, v);
		break;
	}
	if (!r->one_link || link == r->link) {
		get_link(r, link, name);
		r->row.link = link;
		stop = r->each(r->arg, &r->row);
	}
	sqlite3_result_int(context, stop || ++r->looked_at >= HISTORY_READ_ROWS);
}

int
history_read_open(const char *path, sqlite3 **db)
{
	int rc = sqlite3_open_v2(path, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc != SQLITE_OK)
		return history_errno(*db, rc);
	(void)sqlite3_extended_result_codes(*db, 1);
	(void)sqlite3_busy_timeout(*db, 2000);
	(void)sqlite3_exec(*db, "PRAGMA cache_size = -256", NULL, NULL, NULL);
	return 0;
}

int
history_reader_open(const char *path, const struct api_range *range,
    struct history_reader **out)
{
	struct history_reader *r = calloc(1, sizeof *r);
	int err;

	if (r == NULL)
		return -ENOMEM;
	r->what = range->what;
	r->all = range->more.spreads;
	err = history_read_open(path, &r->db);
	if (err == 0)
		err = load_links(r);
	if (err == 0)
		err = history_errno(r->db, sqlite3_create_function(r->db, "take", -1,
		    SQLITE_UTF8 | SQLITE_DIRECTONLY, r, on_row, NULL, NULL));
	if (err == 0)
		err = select_range(r, range);
	if (err != 0) {
		history_reader_close(r);
		return err;
	}
	*out = r;
	return 0;
}

int
history_reader_run(struct history_reader *r, history_row_fn *each, void *arg)
{
	int rc;

	if (r->done)
		return 0;
	r->each = each;
	r->arg = arg;
	r->looked_at = 0;
	r->reloaded = false;
	r->had_t = r->last_t;
	r->had_n = r->last_n;
	(void)sqlite3_bind_int64(r->rows, 1, r->last_t);
	rc = sqlite3_step(r->rows);
	(void)sqlite3_reset(r->rows);
	r->done = rc != SQLITE_ROW;
	return rc == SQLITE_ROW ? 1 : history_errno(r->db, rc);
}

void
history_reader_close(struct history_reader *r)
{
	int rc;

	if (r == NULL)
		return;
	(void)sqlite3_finalize(r->rows);
	(void)sqlite3_finalize(r->stale);
	rc = sqlite3_close(r->db);
	assert(rc == SQLITE_OK);
	(void)rc;
	free(r->links);
	free(r);
}
