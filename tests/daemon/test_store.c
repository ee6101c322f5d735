/* SPDX-License-Identifier: ISC */
/* The store: what is handed over is kept, and comes out again in blocks. */
#include "history_help.h"

#include <jansson.h>

TestSuite(store, .init = scratch_begin, .fini = scratch_end, .timeout = 60);

static void
assert_export(struct store *st, enum api_what what, enum api_format format, const char *wanted)
{
	struct api_range range = everything(what, format);
	struct text t = export(st, &range);

	cr_assert_str_eq(t.at, wanted);
	free(t.at);
}

Test(store, keeps_what_it_was_handed_through_a_close)
{
	struct store *st = open_store(scratch_path("h.db"));
	struct api_estimate_row e = estimate(0, 5200);
	struct api_observation_row o = observation(1, 250000);
	struct api_event_row v = outage(2);

	store_estimate(st, &e);
	store_observation(st, &o);
	store_event(st, &v);
	store_close(st);
	st = open_store(scratch_path("h.db"));
	assert_export(st, API_ESTIMATES, API_CSV,
	    "time,link,state,quality,down_kbps_p10,down_kbps_p50,down_kbps_p90,up_kbps_p50,"
	    "rtt_ms_min,rtt_ms_p50,rtt_ms_p90,ttfb_ms_p50,loss_ratio,observations,"
	    "bytes_observed,bytes_probed\n"
	    "2025-11-24T16:00:00.000Z,k3f9,online,good,2600,5200,10400,,10,20,30,40,0,1,1000,\n");
	assert_export(st, API_OBSERVATIONS, API_CSV,
	    "time,link,source,direction,bytes,duration_ms,ttfb_ms,connect_ms,ok,error,app\n"
	    "2025-11-24T16:00:01.000Z,k3f9,app,down,250000,250,50,,1,,player\n");
	assert_export(st, API_EVENTS, API_CSV,
	    "time,link,kind,from_kbps,to_kbps,duration_ms,detail\n"
	    "2025-11-24T16:00:02.000Z,k3f9,outage-end,,,4200,\"said \"\"so\"\", really\"\n");
	store_close(st);
}

Test(store, shows_an_export_what_was_handed_over_before_it)
{
	struct store *st = open_store(scratch_path("h.db"));

	for (int i = 0; i < 10; i++) {
		struct api_estimate_row e = estimate(i, 1000);

		store_estimate(st, &e);
		cr_assert_eq(count_rows(st, API_ESTIMATES), (size_t)i + 1);
	}
	store_close(st);
}

Test(store, commits_by_itself_and_waits_for_more_where_little_happens)
{
	struct store *st = open_store(scratch_path("h.db"));
	struct store_report r;
	struct api_estimate_row e;
	int waited_ms = 0;

	for (int i = 0; i <= STORE_QUIET_ROWS; i++) {
		e = estimate(i, 1000);
		store_estimate(st, &e);
		if (i > 0)
			continue;
		/* one alone is not worth a page: not after the time that more would have */
		(void)poll(NULL, 0, STORE_COMMIT_S * 1000 + 200);
		store_report(st, &r);
		cr_assert_eq(r.commits, 0);
	}
	do {
		(void)poll(NULL, 0, 20);
		waited_ms += 20;
		store_report(st, &r);
	} while (r.queued > 0 && waited_ms < 2 * STORE_COMMIT_S * 1000);
	cr_assert_eq(r.rows, STORE_QUIET_ROWS + 1);
	cr_assert_leq(r.commits, 2, "one commit for many rows");
	cr_assert(r.ok);
	cr_assert(r.last_commit_us_ago >= 0);
	store_close(st);
}

Test(store, adds_up_two_rows_of_one_second)
{
	struct store *st = open_store(scratch_path("h.db"));
	struct api_estimate_row first = estimate(0, 1000), second = estimate(0, 9000);

	first.bytes_probed = 7;
	second.wall_us += 900000;
	second.state = EST_STALLED;
	store_estimate(st, &first);
	store_estimate(st, &second);
	assert_export(st, API_ESTIMATES, API_JSONL,
	    "{\"time\":\"2025-11-24T16:00:00.000Z\",\"link\":\"k3f9\",\"state\":\"stalled\","
	    "\"quality\":\"good\",\"down_kbps_p10\":4500,\"down_kbps_p50\":9000,"
	    "\"down_kbps_p90\":18000,\"up_kbps_p50\":null,\"rtt_ms_min\":10,\"rtt_ms_p50\":20,"
	    "\"rtt_ms_p90\":30,\"ttfb_ms_p50\":40,\"loss_ratio\":0,\"observations\":2,"
	    "\"bytes_observed\":2000,\"bytes_probed\":7}\n");
	store_close(st);
}

Test(store, keeps_rows_of_one_millisecond_apart)
{
	struct store *st = open_store(scratch_path("h.db"));
	struct api_observation_row o = observation(0, 1);

	for (int i = 0; i < 500; i++)
		store_observation(st, &o);
	cr_assert_eq(count_rows(st, API_OBSERVATIONS), 500);
	store_close(st);
}

Test(store, writes_json_as_one_array_over_all_blocks)
{
	struct store *st = open_store(scratch_path("h.db"));
	struct api_range range = everything(API_ESTIMATES, API_JSON);
	json_error_t error;
	struct text t;
	json_t *array;

	t = export(st, &range);
	cr_assert_str_eq(t.at, "[]\n", "also where there is nothing");
	free(t.at);
	for (int i = 0; i < 1000; i++) {
		struct api_estimate_row e = estimate(i, 1000 + i);

		store_estimate(st, &e);
	}
	t = export(st, &range);
	cr_assert_gt(t.blocks, 1);
	array = json_loadb(t.at, t.len, JSON_REJECT_DUPLICATES, &error);
	cr_assert_not_null(array, "%s", error.text);
	cr_assert_eq(json_array_size(array), 1000);
	cr_assert_eq(json_integer_value(json_object_get(json_array_get(array, 999),
			 "down_kbps_p50")), 1999);
	json_decref(array);
	free(t.at);
	store_close(st);
}

Test(store, selects_by_time_and_link)
{
	struct store *st = open_store(scratch_path("h.db"));
	struct api_range range = everything(API_ESTIMATES, API_CSV);
	struct text t;

	for (int i = 0; i < 10; i++) {
		struct api_estimate_row e = estimate(i, 1000);

		store_estimate(st, &e);
		memcpy(e.link, "zzzz", 5);
		store_estimate(st, &e);
	}
	range.from_wall_us = BASE + 3 * SECOND; /* from <= t < to */
	range.to_wall_us = BASE + 5 * SECOND;
	t = export(st, &range);
	cr_assert_eq(count_lines(&t), 1 + 4);
	free(t.at);
	memcpy(range.link, "zzzz", 5);
	t = export(st, &range);
	cr_assert_eq(count_lines(&t), 1 + 2);
	cr_assert_null(strstr(t.at, "k3f9"));
	free(t.at);
	range.from_wall_us++; /* a row of second 3 began before it */
	t = export(st, &range);
	cr_assert_eq(count_lines(&t), 1 + 1);
	free(t.at);
	store_close(st);
}

Test(store, refuses_what_cannot_be_asked)
{
	struct store *st = open_store(scratch_path("h.db"));
	struct api_range range = everything(API_ESTIMATES, API_CSV);
	struct api_rows *rows = NULL;

	memcpy(range.link, "nope", 5);
	cr_assert_eq(store_rows_open(st, &range, &rows), -ENOENT);
	range.link[0] = '\0';
	range.step_us = 7 * SECOND;
	cr_assert_eq(store_rows_open(st, &range, &rows), -EINVAL);
	range = everything(API_EVENTS, API_CSV);
	range.step_us = 60 * SECOND;
	cr_assert_eq(store_rows_open(st, &range, &rows), -EINVAL, "events have no step");
	range = everything(API_ESTIMATES, API_CSV);
	range.from_wall_us = 2;
	range.to_wall_us = 1;
	cr_assert_eq(store_rows_open(st, &range, &rows), -EINVAL);
	cr_assert_null(rows);
	range.from_wall_us = INT64_MIN;
	range.to_wall_us = INT64_MAX;
	cr_assert_eq(store_rows_open(st, &range, &rows), 0, "all of time is a range");
	store_rows_close(rows);
	store_close(st);
}

Test(store, runs_two_exports_and_refuses_a_third)
{
	struct store *st = open_store(scratch_path("h.db"));
	struct api_range range = everything(API_ESTIMATES, API_CSV);
	struct api_rows *a, *b, *c;

	cr_assert_eq(store_rows_open(st, &range, &a), 0);
	cr_assert_eq(store_rows_open(st, &range, &b), 0);
	cr_assert_eq(store_rows_open(st, &range, &c), -EBUSY);
	store_rows_close(a);
	cr_assert_eq(store_rows_open(st, &range, &c), 0, "a closed one makes room at once");
	store_close(st); /* with two open: it ends them */
}

static void
never(void *arg, const char *text, int64_t len)
{
	(void)arg;
	(void)text;
	(void)len;
	cr_assert_fail("a closed export must not call back");
}

Test(store, lets_an_export_be_closed_at_any_moment)
{
	struct store *st = open_store(scratch_path("h.db"));
	struct api_range range = everything(API_ESTIMATES, API_CSV);

	for (int i = 0; i < 1000; i++) {
		struct api_estimate_row e = estimate(i, 1000 + i);

		store_estimate(st, &e);
	}
	cr_assert_eq(count_rows(st, API_ESTIMATES), 1000);
	for (int i = 0; i < 300; i++) {
		struct api_rows *rows;
		struct text t = { .last = 1 };

		while (store_rows_open(st, &range, &rows) == -EBUSY)
			(void)poll(NULL, 0, 1); /* the places of those before are in use */
		if (i % 3 == 1) { /* one block is taken, the next awaited */
			store_rows_next(rows, take, &t);
			while (!t.got)
				turn(st);
		}
		if (i % 3 > 0)
			store_rows_next(rows, never, NULL);
		if (i % 2 == 0)
			(void)poll(NULL, 0, i % 5);
		store_rows_close(rows);
		store_dispatch(st);
		free(t.at);
	}
	store_close(st);
}

static void
take_and_close(void *arg, const char *text, int64_t len)
{
	struct api_rows **rows = arg;

	cr_assert_gt(len, 0);
	cr_assert_neq(text[0], '\0');
	store_rows_close(*rows);
	*rows = NULL;
}

Test(store, lets_an_export_be_closed_by_its_own_callback)
{
	struct store *st = open_store(scratch_path("h.db"));
	struct api_range range = everything(API_EVENTS, API_CSV);
	struct api_rows *rows;

	cr_assert_eq(store_rows_open(st, &range, &rows), 0);
	store_rows_next(rows, take_and_close, &rows);
	while (rows != NULL)
		turn(st);
	store_close(st);
}

Test(store, ends_an_export_once_and_says_so_again)
{
	struct store *st = open_store(scratch_path("h.db"));
	struct api_range range = everything(API_EVENTS, API_CSV);
	struct api_rows *rows;

	cr_assert_eq(store_rows_open(st, &range, &rows), 0);
	for (int i = 0; i < 3; i++) {
		struct text t = { .last = 1 };

		store_rows_next(rows, take, &t);
		while (!t.got)
			turn(st);
		cr_assert_eq(t.last > 0, i == 0, "the header, then twice the end");
		free(t.at);
	}
	store_rows_close(rows);
	store_close(st);
}

Test(store, sees_rows_that_come_while_it_exports_only_behind_its_place)
{
	struct store *st = open_store(scratch_path("h.db"));
	struct api_range range = everything(API_ESTIMATES, API_CSV);
	struct text t = { .last = 1 };
	struct api_rows *rows;

	for (int i = 0; i < 1000; i++) {
		struct api_estimate_row e = estimate(i, 1000);

		store_estimate(st, &e);
	}
	cr_assert_eq(store_rows_open(st, &range, &rows), 0);
	store_rows_next(rows, take, &t);
	while (!t.got)
		turn(st);
	for (int i = -10; i < 1010; i++) { /* before, amidst and behind; the old ones again */
		struct api_estimate_row e = estimate(i, 2000);

		store_estimate(st, &e);
	}
	cr_assert_eq(count_rows(st, API_ESTIMATES), 1020);
	while (t.last > 0) {
		t.got = false;
		store_rows_next(rows, take, &t);
		while (!t.got)
			turn(st);
	}
	cr_assert_eq(count_lines(&t), 1 + 1010, "no row twice, none left out");
	store_rows_close(rows);
	free(t.at);
	store_close(st);
}

Test(store, gives_small_things_back_before_and_after_they_are_written)
{
	struct store *st = open_store(scratch_path("h.db"));
	char value[8];
	size_t len = 99;

	cr_assert_eq(store_get(st, "salt", value, sizeof value, &len), -ENOENT);
	cr_assert_eq(len, 99, "nothing is written on failure");
	store_put(st, "salt", "one", 3);
	store_put(st, "salt", "four", 4);
	store_put(st, "none", "", 0);
	cr_assert_eq(store_get(st, "salt", value, sizeof value, &len), 0);
	cr_assert_eq(len, 4);
	store_close(st);
	st = open_store(scratch_path("h.db"));
	cr_assert_eq(store_get(st, "salt", value, sizeof value, &len), 0);
	cr_assert_eq(len, 4);
	cr_assert_eq(memcmp(value, "four", 4), 0);
	cr_assert_eq(store_get(st, "salt", value, 3, &len), -ENOBUFS);
	cr_assert_eq(store_get(st, "none", value, sizeof value, &len), 0);
	cr_assert_eq(len, 0);
	store_close(st);
}

Test(store, knows_links_of_an_earlier_run)
{
	struct store *st = open_store(scratch_path("h.db"));
	struct api_link link = { .id = "k3f9", .interface = "wlan0", .kind = EST_LINK_WIFI };
	struct api_range range = everything(API_ESTIMATES, API_CSV);
	struct api_rows *rows;

	store_link(st, &link);
	store_close(st);
	st = open_store(scratch_path("h.db"));
	memcpy(range.link, "k3f9", 5);
	cr_assert_eq(store_rows_open(st, &range, &rows), 0);
	store_close(st);
}

Test(store, sums_seconds_up_to_minutes)
{
	struct store *st = open_store(scratch_path("h.db"));
	struct api_range range = everything(API_ESTIMATES, API_CSV);
	struct text t;

	for (int i = 0; i < 150; i++) {
		struct api_estimate_row e = estimate(i, i < 60 ? 1000 : 4000);

		store_estimate(st, &e);
	}
	range.step_us = 60 * SECOND;
	range.from_wall_us = BASE + 1; /* the first minute began before it */
	t = export(st, &range);
	cr_assert_eq(count_lines(&t), 1 + 3, "%s", t.at);
	cr_assert_not_null(strstr(t.at, "\n2025-11-24T16:01:00.000Z,k3f9,online,good,2000,4000,"
					"8000,,10,20,30,40,0,60,60000,\n"));
	cr_assert_not_null(strstr(t.at, "\n2025-11-24T16:02:00.000Z,k3f9,online,good,2000,4000,"
					"8000,,10,20,30,40,0,30,30000,\n"));
	free(t.at);
	store_close(st);
}
