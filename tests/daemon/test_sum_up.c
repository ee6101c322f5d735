/* SPDX-License-Identifier: ISC */
/* Minutes and hours: made once, made anew when they must, and never twice. */
#include "history_help.h"
#include "sql_help.h"

#include "daemon/history.h"
#include "daemon/history_sums.h"

TestSuite(sum_up, .init = scratch_begin, .fini = scratch_end, .timeout = 60);

#define HOUR (3600 * SECOND)

static struct history *
open_history(const char *path)
{
	struct history *h;

	log_open(LOG_LEVEL_ERROR, true);
	cr_assert_eq(history_open(path, &h, why, sizeof why), 0, "%s", why);
	return h;
}

/* Seconds [from, to) of a link that changes, every `every`th of them. */
static void
add(struct history *h, const char *link, int from, int to, int every)
{
	cr_assert_eq(history_begin(h), 0);
	for (int s = from; s < to; s += every) {
		struct api_estimate_row e = estimate(s, 1000 + s * 7919 % 20000);

		(void)snprintf(e.link, sizeof e.link, "%s", link);
		e.state = s % 600 < 30 ? EST_OFFLINE : EST_ONLINE;
		cr_assert_eq(history_estimate(h, &e), 0);
	}
	cr_assert_eq(history_commit(h), 0);
}

static void
sum_all(struct history *h, int64_t now_s)
{
	int got = 1;

	for (int i = 0; got == 1; i++) {
		got = history_sum_up(h, BASE + now_s * SECOND);
		cr_assert_lt(i, 10000, "it ends");
	}
	cr_assert_eq(got, 0);
}

static bool all_columns;

/* The export at this step of a file that no thread sums up. */
static char *
rows_at(const char *path, int64_t step_us)
{
	struct api_range range = everything(API_ESTIMATES, API_CSV);
	struct store *st = open_store(path);
	struct text t;

	range.step_us = step_us;
	range.more.spreads = all_columns;
	t = export(st, &range);
	store_close(st);
	return t.at;
}

/* The clock of the store is a year later: it sums up at once. So the rows on the way are
 * had by keeping it from it. */
static char *
rows_of_seconds(const char *path, int64_t step_us)
{
	char *text;

	sql(path, "CREATE TRIGGER minute_not BEFORE INSERT ON minute BEGIN SELECT RAISE(ABORT, 'no');"
		  "END; CREATE TRIGGER hour_not BEFORE INSERT ON hour BEGIN SELECT RAISE(ABORT, 'no');"
		  "END;");
	text = rows_at(path, step_us);
	sql(path, "DROP TRIGGER minute_not; DROP TRIGGER hour_not");
	return text;
}

static void
assert_same(const char *path, int64_t step_us)
{
	char *made, *on_the_way;
	struct history *h;

	on_the_way = rows_of_seconds(path, step_us);
	cr_assert_eq(number(path, "SELECT count(*) FROM minute"), 0);
	h = open_history(path);
	sum_all(h, 86400);
	history_close(h);
	cr_assert_gt(number(path, "SELECT count(*) FROM hour"), 0);
	cr_assert_eq(number(path, "SELECT count(*) FROM stale"), 0);
	made = rows_at(path, step_us);
	cr_assert_str_eq(made, on_the_way);
	free(made);
	free(on_the_way);
}

static void
fill(const char *path)
{
	struct history *h = open_history(path);

	add(h, "k3f9", 0, 9000, 1);
	add(h, "b", 100, 3000, 45);
	add(h, "k3f9", 20000, 20100, 1);
	history_close(h);
}

Test(sum_up, gives_minutes_as_they_come_from_seconds)
{
	fill(scratch_path("h.db"));
	assert_same(scratch_path("h.db"), 60 * SECOND);
}

Test(sum_up, gives_hours_as_they_come_from_seconds)
{
	fill(scratch_path("h.db"));
	assert_same(scratch_path("h.db"), HOUR);
}

Test(sum_up, makes_a_minute_only_when_it_is_over)
{
	const char *path = scratch_path("h.db");
	struct history *h = open_history(path);

	add(h, "k3f9", 0, 90, 1);
	sum_all(h, 60 + HISTORY_SUMS_LATE_S - 1);
	cr_assert_eq(number(path, "SELECT count(*) FROM minute"), 0);
	sum_all(h, 60 + HISTORY_SUMS_LATE_S);
	cr_assert_eq(number(path, "SELECT count(*) FROM minute"), 1);
	cr_assert_eq(number(path, "SELECT count(*) FROM hour"), 0);
	sum_all(h, 3600 + HISTORY_SUMS_LATE_S);
	cr_assert_eq(number(path, "SELECT count(*) FROM minute"), 3, "a row holds for 60 s");
	cr_assert_eq(number(path, "SELECT count(*) FROM hour"), 1);
	cr_assert_eq(number(path, "SELECT observations FROM hour"), 90);
	history_close(h);
}

Test(sum_up, makes_a_bucket_anew_when_rows_come_late)
{
	const char *path = scratch_path("h.db");
	struct history *h = open_history(path);

	add(h, "k3f9", 0, 3600, 2);
	sum_all(h, 8000);
	cr_assert_eq(number(path, "SELECT sum(observations) FROM minute"), 1800);
	add(h, "k3f9", 1, 3600, 2); /* the clock was set back and it came again */
	add(h, "late", 600, 660, 1);
	sum_all(h, 8000);
	sum_all(h, 8000);
	cr_assert_eq(number(path, "SELECT sum(observations) FROM minute WHERE link = 1"), 3600);
	cr_assert_eq(number(path, "SELECT sum(observations) FROM hour WHERE link = 1"), 3600);
	cr_assert_eq(number(path, "SELECT count(*) FROM minute WHERE link = 1"), 61);
	cr_assert_eq(number(path, "SELECT count(*) FROM hour"), 3, "two, and what still held");
	cr_assert_eq(number(path, "SELECT count(*) FROM minute_detail"), 0, "it has served");
	cr_assert_lt(number(path, "SELECT down_kbps_p10 FROM hour"), 3000, "of whole detail");
	cr_assert_eq(number(path, "SELECT count(*) FROM stale"), 0);
	history_close(h);
}

Test(sum_up, forgets_a_mark_with_the_transaction_that_made_it)
{
	const char *path = scratch_path("h.db");
	struct history *h = open_history(path);
	struct api_estimate_row e = estimate(0, 1);

	cr_assert_eq(history_begin(h), 0);
	cr_assert_eq(history_estimate(h, &e), 0);
	history_rollback(h);
	add(h, "k3f9", 0, 1, 1);
	cr_assert_eq(number(path, "SELECT count(*) FROM stale WHERE step = 60"), 1);
	history_close(h);
}

Test(sum_up, leaves_a_bucket_whose_seconds_are_gone_as_it_is)
{
	const char *path = scratch_path("h.db");
	struct history_cutoff before = { .seconds_wall_us = BASE + 86400 * SECOND,
		.minutes_wall_us = BASE, .hours_wall_us = BASE };
	struct history *h = open_history(path);

	add(h, "k3f9", 0, 3600, 1);
	sum_all(h, 8000);
	while (history_retain(h, &before) > 0)
		;
	cr_assert_eq(number(path, "SELECT count(*) FROM estimate"), 0);
	add(h, "k3f9", 30, 31, 1); /* a clock a day late */
	sum_all(h, 8000);
	cr_assert_eq(number(path, "SELECT sum(observations) FROM minute"), 3600);
	cr_assert_eq(number(path, "SELECT sum(observations) FROM hour"), 3600);
	cr_assert_eq(number(path, "SELECT count(*) FROM stale"), 0);
	history_close(h);
}

Test(sum_up, migrates_a_file_of_version_1_with_all_that_is_in_it)
{
	const char *path = scratch_path("h.db"), *old = scratch_path("old.db");
	char text[512];
	struct history *h;

	fill(path);
	/* What version 1 was, down to its number. */
	(void)snprintf(text, sizeof text, "DROP TABLE minute; DROP TABLE hour;"
	    "DROP TABLE minute_detail; DROP TABLE hour_detail; DROP TABLE stale; DROP TABLE mark;"
	    "PRAGMA user_version = 1; VACUUM INTO '%s'", old);
	sql(path, text);
	cr_assert_eq(number(old, "PRAGMA user_version"), 1);
	h = open_history(old);
	cr_assert_eq(number(old, "PRAGMA user_version"), 2);
	cr_assert_eq(number(old, "SELECT count(*) FROM estimate"), 9100 + 65);
	sum_all(h, 86400);
	cr_assert_eq(number(old, "SELECT sum(observations) FROM minute"), 9100 + 65);
	cr_assert_eq(number(old, "SELECT sum(observations) FROM hour"), 9100 + 65);
	history_close(h);
}

Test(sum_up, gives_minimum_mean_and_maximum_alike_either_way)
{
	all_columns = true;
	fill(scratch_path("m.db"));
	assert_same(scratch_path("m.db"), 60 * SECOND);
	fill(scratch_path("h.db"));
	assert_same(scratch_path("h.db"), HOUR);
}

Test(sum_up, exports_minimum_mean_and_maximum_where_asked)
{
	const char *path = scratch_path("h.db");
	struct history *h = open_history(path);
	struct api_estimate_row e[2] = { estimate(0, 1000), estimate(30, 4000) };
	char *text;

	cr_assert_eq(history_begin(h), 0);
	cr_assert_eq(history_estimate(h, &e[0]), 0);
	cr_assert_eq(history_estimate(h, &e[1]), 0);
	cr_assert_eq(history_commit(h), 0);
	sum_all(h, 8000);
	history_close(h);
	all_columns = true;
	text = rows_at(path, 60 * SECOND);
	cr_assert_not_null(strstr(text, ",1000,2500,4000,,,,20,20,20,40,40,40\n"), "%s", text);
	free(text);
	text = rows_at(path, HOUR);
	cr_assert_not_null(strstr(text, ",1000,3000,4000,,,,"), "%s", text);
	free(text);
}

Test(sum_up, has_minimum_mean_and_maximum_for_sql)
{
	const char *path = scratch_path("h.db");
	struct history *h = open_history(path);
	struct api_estimate_row e[2] = { estimate(0, 1000), estimate(30, 4000) };

	cr_assert_eq(history_begin(h), 0);
	cr_assert_eq(history_estimate(h, &e[0]), 0);
	cr_assert_eq(history_estimate(h, &e[1]), 0);
	cr_assert_eq(history_commit(h), 0);
	sum_all(h, 8000);
	cr_assert_eq(number(path, "SELECT down_kbps_least FROM minute LIMIT 1"), 1000);
	cr_assert_eq(number(path, "SELECT down_kbps_mean FROM minute LIMIT 1"), 2500);
	cr_assert_eq(number(path, "SELECT down_kbps_most FROM minute LIMIT 1"), 4000);
	cr_assert_eq(number(path, "SELECT up_kbps_mean IS NULL FROM minute LIMIT 1"), 1);
	cr_assert_eq(number(path, "SELECT down_kbps_mean FROM hour LIMIT 1"), 3000, "30 s, 60 s");
	history_close(h);
}

/* Observations go first, then seconds; what was summed up stays. */
Test(sum_up, makes_room_in_the_order_of_what_is_missed_least)
{
	const char *path = scratch_path("h.db");
	struct history *h = open_history(path);
	int64_t before, after;

	add(h, "k3f9", 0, 9000, 1);
	cr_assert_eq(history_begin(h), 0);
	for (int i = 0; i < 5000; i++) {
		struct api_observation_row o = observation(i, 1000);

		cr_assert_eq(history_observation(h, &o), 0);
	}
	cr_assert_eq(history_commit(h), 0);
	sum_all(h, 86400);
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(history_size(h, &before), 0);
		cr_assert_gt(history_shed(h), 0);
		cr_assert_eq(history_size(h, &after), 0);
		cr_assert_lt(after, before + 100000, "but for the log");
	}
	cr_assert_eq(number(path, "SELECT count(*) FROM observation"), 0);
	cr_assert_eq(number(path, "SELECT count(*) FROM estimate"), 9000);
	cr_assert_eq(history_shed(h), HISTORY_CHUNK);
	cr_assert_eq(number(path, "SELECT min(t) FROM estimate"), BASE / SECOND + HISTORY_CHUNK);
	cr_assert_eq(number(path, "SELECT sum(observations) FROM hour"), 9000);
	history_close(h);
}

static void
wait_for(struct store *st, bool (*so)(const struct store_report *r))
{
	struct store_report r;

	for (int i = 0; i < 3000; i++) {
		store_report(st, &r);
		if (so(&r))
			return;
		(void)poll(NULL, 0, 10);
	}
	cr_assert_fail("rows %lld, bytes %lld, shed %lld", (long long)r.rows, (long long)r.bytes,
	    (long long)r.shed);
}

static bool
has_shed(const struct store_report *r)
{
	return r->shed > 10000 && r->queued == 0 && r->bytes <= 10000000;
}

Test(sum_up, keeps_the_size_while_more_and_more_comes)
{
	const char *path = scratch_path("h.db"), *log = scratch_path("h.db-wal");
	struct store_options o = { .path = path, .wake_fd = -1, .keep_bytes = 10000000 };
	int64_t most = 0, t = 0;
	struct store_report r;
	struct store *st;

	log_open(LOG_LEVEL_ERROR, true);
	cr_assert_eq(store_open(&o, &st, why, sizeof why), 0, "%s", why);
	for (int batch = 0; batch < 60; batch++) {
		struct stat file, wal;

		for (int i = 0; i < 4000; i++) {
			struct api_observation_row row = observation(t++, INT64_MAX / 2);

			store_observation(st, &row);
		}
		do {
			(void)poll(NULL, 0, 5);
			store_report(st, &r);
		} while (r.queued > 500);
		if (stat(path, &file) == 0 && stat(log, &wal) == 0 &&
		    file.st_size + wal.st_size > most)
			most = file.st_size + wal.st_size;
	}
	wait_for(st, has_shed);
	store_report(st, &r);
	cr_assert(r.ok);
	cr_assert_leq(r.bytes, o.keep_bytes, "%lld %lld", (long long)r.bytes, (long long)most);
	cr_assert_leq(most, o.keep_bytes + 1000000, "hardly above: %lld", (long long)most);
	store_close(st);
	cr_assert_eq(number(path, "SELECT max(t) / 1000 FROM observation"), BASE / SECOND + t - 1);
}
