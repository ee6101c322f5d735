/* SPDX-License-Identifier: ISC */
/* The history over a long time: its size, its bounds, a disk that is full for a while. */
#include "history_help.h"
#include "sql_help.h"

#include <signal.h>
#include <sys/resource.h>

#include "daemon/history.h"
#include "daemon/store_internal.h"

TestSuite(lasting, .init = scratch_begin, .fini = scratch_end, .timeout = 60);

Test(lasting, stays_small)
{
	const char *path = scratch_path("h.db");
	struct stat st;
	struct store *store = open_store(path);

	for (int i = 0; i < 20000; i++) { /* busy: every column has its full width */
		struct api_estimate_row e = estimate(i, 4000 + i % 977 * 11);

		e.up_kbps_p50 = 1000 + i % 313;
		e.rtt_us_min = 38000 + i % 1009;
		e.rtt_us_p50 = 45000 + i % 10007;
		e.rtt_us_p90 = 71000 + i % 30011;
		e.ttfb_us_p50 = 90000 + i % 60013;
		e.loss_ppm = i % 5 == 0 ? 2000 : 0;
		e.bytes_observed = 650000 + i;
		e.bytes_probed = i % 30 == 0 ? 200000 : 0;
		store_estimate(store, &e);
		if (i % 500 == 499) /* no faster than it is written */
			cr_assert_eq(count_rows(store, API_EVENTS), 0);
	}
	store_close(store);
	cr_assert_eq(number(path, "SELECT count(*) FROM estimate"), 20000);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_leq(st.st_size / 20000, 60, "%jd bytes a row", (intmax_t)st.st_size / 20000);
}

static void
wait_for(struct store *st, bool ok)
{
	struct store_report r;
	int tries = 0;

	do {
		store_report(st, &r);
		if (r.ok != ok)
			(void)poll(NULL, 0, 10);
	} while (r.ok != ok && ++tries < 3000);
	cr_assert_eq(r.ok, ok);
	cr_assert_eq(r.why[0] == '\0', ok);
}

Test(lasting, goes_on_when_a_full_disk_has_room_again)
{
	const char *path = scratch_path("h.db");
	struct store *st = open_store(path);
	struct rlimit limit, unlimited;
	struct store_report r;

	cr_assert_eq(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
	limit = unlimited;
	limit.rlim_cur = 40960; /* the log of the first commits fills it */
	(void)signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (int i = 0; i < 1000; i++) {
		struct api_estimate_row e = estimate(i, 1000);

		store_estimate(st, &e);
	}
	wait_for(st, false);
	store_report(st, &r);
	cr_assert_gt(r.errors, 0);
	cr_assert_not_null(strstr(r.why, "no space"), "%s", r.why);
	cr_assert_lt(r.busy_us, 5 * SECOND, "a full disk is no stuck writer");
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
	wait_for(st, true);
	store_close(st);
	cr_assert_eq(number(path, "SELECT count(*) FROM estimate"), 1000, "none is lost");
	cr_assert(is_whole(path));
}

Test(lasting, drops_the_oldest_observations_of_a_full_queue_and_counts_them)
{
	const char *path = scratch_path("h.db");
	struct store *st = open_store(path);
	struct store_report r;
	struct api_event_row v = outage(0);
	sqlite3 *other = open_sql(path);

	cr_assert_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	store_event(st, &v);
	for (int i = 0; i < 20000; i++) {
		struct api_observation_row o = observation(i, i);

		store_observation(st, &o);
	}
	store_report(st, &r);
	cr_assert_gt(r.dropped, 10000);
	cr_assert_lt(r.queued, 6000, "bounded");
	cr_assert_eq(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_close(other), SQLITE_OK);
	store_close(st);
	cr_assert_eq(number(path, "SELECT count(*) FROM observation"), 20000 - r.dropped);
	cr_assert_eq(number(path, "SELECT max(bytes) FROM observation"), 19999, "the newest stays");
	cr_assert_eq(number(path, "SELECT count(*) FROM event"), 1, "an event is no observation");
}

static int64_t
retained(struct history *h, const struct history_cutoff *before)
{
	int64_t gone = 0;
	int n;

	while ((n = history_retain(h, before)) > 0) {
		cr_assert_leq(n, 3 * HISTORY_CHUNK);
		gone += n;
	}
	cr_assert_eq(n, 0);
	return gone;
}

Test(lasting, drops_what_is_too_old_in_small_steps_and_gives_the_space_back)
{
	const char *path = scratch_path("h.db");
	struct history_cutoff before = { .seconds_wall_us = BASE + 9000 * SECOND,
		.observations_wall_us = BASE + 9500 * SECOND,
		.events_wall_us = BASE };
	struct stat was, is;
	struct history *h;
	int left;

	cr_assert_eq(history_open(path, &h, why, sizeof why), 0, "%s", why);
	cr_assert_eq(history_begin(h), 0);
	for (int i = 0; i < 10000; i++) {
		struct api_estimate_row e = estimate(i, 1000);
		struct api_observation_row o = observation(i - i % 1000, 1000); /* in bursts */

		cr_assert_eq(history_estimate(h, &e), 0);
		cr_assert_eq(history_observation(h, &o), 0);
	}
	cr_assert_eq(history_commit(h), 0);
	history_close(h);
	cr_assert_eq(stat(path, &was), 0);
	cr_assert_eq(history_open(path, &h, why, sizeof why), 0, "%s", why);
	cr_assert_eq(retained(h, &before), 10000, "no second that is in no minute yet");
	while (history_sum_up(h, BASE + 20000 * SECOND) > 0)
		;
	before.minutes_wall_us = BASE + 60 * SECOND;
	cr_assert_eq(retained(h, &before), 9000 + 1, "seconds; a minute");
	while ((left = history_shrink(h, 16)) > 0)
		;
	cr_assert_eq(left, 0);
	history_close(h);
	cr_assert_eq(stat(path, &is), 0);
	cr_assert_lt(is.st_size, was.st_size / 3);
	cr_assert_eq(number(path, "SELECT count(*) FROM estimate"), 1000);
	cr_assert_eq(number(path, "SELECT min(t) FROM estimate"), BASE / SECOND + 9000);
}

Test(lasting, believes_a_clock_only_when_it_has_been_steady)
{
	struct store_clock c = { 0 };
	int64_t boot = 5 * SECOND, wall = BASE;
	const int64_t minute = 60 * SECOND;

	for (int i = 0; i < 10; i++, boot += minute, wall += minute)
		cr_assert(!store_clock_is_steady(&c, wall, boot), "minute %d", i);
	cr_assert(store_clock_is_steady(&c, wall, boot));
	boot += 8 * 60 * minute; /* asleep: both went on */
	wall += 8 * 60 * minute + SECOND;
	cr_assert(store_clock_is_steady(&c, wall, boot), "sleep and drift are no set clock");
	wall += 74 * 365 * DAY;
	boot += minute;
	cr_assert(!store_clock_is_steady(&c, wall, boot), "set to 2099");
	wall -= 74 * 365 * DAY;
	boot += 9 * minute;
	wall += 10 * minute;
	cr_assert(!store_clock_is_steady(&c, wall, boot), "and set back");
	boot += 10 * minute;
	wall += 10 * minute;
	cr_assert(store_clock_is_steady(&c, wall, boot));
}
