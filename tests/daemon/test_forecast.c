/* SPDX-License-Identifier: ISC */
/* From the history's rows to the past of one link, and from there to what is told. */
#include "daemon/forecast.h"

#include <stdlib.h>
#include <time.h>

#include "daemon/forecast_past.h"
#include "history_help.h"

TestSuite(forecast, .init = scratch_begin, .fini = scratch_end, .timeout = 60);

#define T (BASE / SECOND)

static struct past p;

static struct api_event_row
event(int64_t t_s, enum api_event_kind kind, const char *detail)
{
	struct api_event_row row = { .wall_us = t_s * SECOND, .kind = kind,
		.from_kbps = API_UNKNOWN, .to_kbps = API_UNKNOWN, .duration_us = API_UNKNOWN };

	(void)snprintf(row.link, sizeof row.link, "%s", kind == API_EVENT_DAEMON ? "" : "k3f9");
	(void)snprintf(row.detail, sizeof row.detail, "%s", detail);
	return row;
}

static void
tell(int64_t t_s, enum api_event_kind kind, const char *detail)
{
	struct api_event_row row = event(t_s, kind, detail);

	past_event(&p, &row);
}

static void
begin(void)
{
	past_init(&p, "k3f9", T + 86400 * 100);
	tell(T, API_EVENT_DAEMON, "start");
	tell(T + 1, API_EVENT_NETWORK, "up");
}

static int
outages(void)
{
	int n = 0;

	for (int i = 0; i < p.ahead.anchors; i++)
		n += !p.ahead.anchor[i].start;
	return n;
}

static const struct ahead_anchor *
last(void)
{
	return &p.ahead.anchor[p.ahead.anchors - 1];
}

Test(forecast, counts_an_outage_of_a_link_that_stays)
{
	begin();
	tell(T + 100, API_EVENT_OUTAGE_BEGIN, "");
	tell(T + 130, API_EVENT_OUTAGE_END, "");
	cr_assert_eq(outages(), 1);
	cr_assert_eq(last()->end_s - last()->begin_s, 30);
}

Test(forecast, counts_an_outage_with_the_link_away_for_a_moment)
{
	begin();
	tell(T + 100, API_EVENT_OUTAGE_BEGIN, "");
	tell(T + 100, API_EVENT_NETWORK, "down");
	tell(T + 120, API_EVENT_NETWORK, "up");
	tell(T + 125, API_EVENT_OUTAGE_END, "");
	cr_assert_eq(outages(), 1);
	cr_assert_eq(p.ahead.anchors, 2);
	cr_assert_eq(last()->end_s - last()->begin_s, 25);
}

Test(forecast, counts_no_outage_where_the_link_was_left)
{
	begin();
	tell(T + 100, API_EVENT_OUTAGE_BEGIN, "");
	tell(T + 103, API_EVENT_NETWORK, "down");
	tell(T + 4000, API_EVENT_NETWORK, "up");
	tell(T + 4001, API_EVENT_OUTAGE_END, "");
	cr_assert_eq(outages(), 0);
	cr_assert_eq(p.ahead.anchors, 2);
	cr_assert(p.ahead.anchor[0].cut);
	cr_assert_eq(p.ahead.anchor[0].next_s, 99);
}

Test(forecast, does_not_watch_while_this_host_sleeps)
{
	begin();
	tell(T + 100, API_EVENT_STATE, "asleep");
	tell(T + 9000, API_EVENT_STATE, "online");
	cr_assert_eq(p.ahead.anchors, 2);
	cr_assert(p.ahead.anchor[0].cut);
	cr_assert_eq(p.ahead.anchor[1].begin_s, T + 9000);
}

Test(forecast, watched_up_to_the_last_row_where_the_daemon_died)
{
	const int64_t hour = T / 3600 * 3600;

	past_init(&p, "k3f9", T + 86400);
	for (int i = 0; i < 3; i++) {
		struct api_estimate_row row = estimate(0, 5000);

		row.wall_us = (hour + i * 3600) * SECOND;
		past_hour(&p, &row);
	}
	tell(hour + 10, API_EVENT_DAEMON, "start");
	tell(hour + 11, API_EVENT_NETWORK, "up");
	tell(hour + 36000, API_EVENT_DAEMON, "start");
	cr_assert(p.ahead.anchor[0].cut);
	cr_assert_eq(p.ahead.anchor[0].end_s + p.ahead.anchor[0].next_s, hour + 3 * 3600);
}

Test(forecast, leaves_other_links_out)
{
	struct api_event_row row = event(T + 50, API_EVENT_OUTAGE_BEGIN, "");
	struct api_estimate_row e = estimate(0, 5000);

	begin();
	memcpy(row.link, "other", 6);
	memcpy(e.link, "other", 6);
	past_event(&p, &row);
	past_hour(&p, &e);
	cr_assert_eq(outages(), 0);
	cr_assert_eq(p.ahead.rate_s, 0);
}

/* --- with a store and a loop ------------------------------------------------------------- */

static struct loop *loop;
static struct store *st;
static struct forecast *f;

static void
on_wake(void *arg, int64_t now_us, int fd, unsigned what)
{
	uint64_t n;

	(void)arg, (void)now_us, (void)what;
	if (read(fd, &n, sizeof n) > 0)
		store_dispatch(st);
}

static struct api_forecast
ask(int64_t t_s)
{
	struct api_forecast a = { .wall_us = t_s * SECOND, .link = "k3f9" };

	forecast_ask(f, loop_now_us(loop), &a);
	for (int i = 0; a.reading && i < 20000; i++) {
		cr_assert_eq(loop_run_once(loop, 1000), 0);
		a = (struct api_forecast){ .wall_us = t_s * SECOND, .link = "k3f9" };
		forecast_ask(f, loop_now_us(loop), &a);
	}
	cr_assert(!a.reading, "never read");
	return a;
}

/* Each day at 8 and at 17 an outage of 20 s, which another one of 40 s follows 5 minutes later. */
static void
store_days(int days, int64_t until_s)
{
	static const int at_s[][2] = { { 28800, 20 }, { 29100, 40 }, { 61200, 20 },
		{ 61500, 40 } };
	struct api_event_row row = event(until_s - days * 86400, API_EVENT_NETWORK, "up");

	store_event(st, &row);
	for (int day = -days; day < 0; day++)
		for (size_t i = 0; i < 4; i++) {
			int64_t t_s = until_s + day * 86400 + at_s[i][0];

			row = event(t_s, API_EVENT_OUTAGE_BEGIN, "");
			store_event(st, &row);
			row = event(t_s + at_s[i][1], API_EVENT_OUTAGE_END, "");
			store_event(st, &row);
		}
}

static void
open_all(void)
{
	struct loop_watch *w;

	st = open_store(scratch_path("h.db"));
	cr_assert_eq(loop_create(&loop), 0);
	cr_assert_eq(loop_watch_create(loop, wake_fd, LOOP_READ, on_wake, NULL, &w), 0);
	cr_assert_eq(forecast_create(loop, st, &f), 0);
}

Test(forecast, reads_the_history_and_goes_on_from_there)
{
	const int64_t today = T / 86400 * 86400;
	struct api_forecast a;
	struct api_event_row row;

	struct ahead_news n;

	open_all();
	store_days(21, today);
	cr_assert(!forecast_peek(f, "k3f9", today * SECOND, &n), "nobody has asked");
	a = ask(today + 28700);
	cr_assert(forecast_peek(f, "k3f9", (today + 28700) * SECOND, &n));
	cr_assert_eq(n.chance[2], a.news.chance[2]);
	cr_assert(!forecast_peek(f, "other", (today + 28700) * SECOND, &n));
	cr_assert(a.news.known && !a.news.in_outage);
	cr_assert_eq(a.news.outages, 84);
	cr_assert_gt(a.news.chance[1], 0.15);
	row = event(today + 28800, API_EVENT_OUTAGE_BEGIN, "");
	forecast_event(f, &row);
	a = ask(today + 28805);
	cr_assert(a.news.in_outage && a.news.remaining.known);
	cr_assert_eq(a.outage_since_wall_us, (today + 28800) * SECOND);
	row = event(today + 28820, API_EVENT_OUTAGE_END, "");
	forecast_event(f, &row);
	a = ask(today + 29080);
	cr_assert_gt(a.news.chance[0], 0.3);
	forecast_destroy(f);
	store_close(st);
}

Test(forecast, says_nothing_of_a_short_history)
{
	open_all();
	store_days(10, T);
	cr_assert(!ask(T).news.known);
	forecast_destroy(f);
	store_close(st);
}

Test(forecast, knows_nothing_of_a_link_that_never_was)
{
	struct api_forecast a;

	open_all();
	a = ask(T);
	cr_assert(!a.news.known);
	cr_assert_eq(a.news.outages, 0);
	forecast_destroy(f);
	store_close(st);
}

Test(forecast, does_not_read_again_what_was_forgotten)
{
	open_all();
	store_days(30, T);
	cr_assert(ask(T).news.known);
	forecast_forget(f, (T - 10 * 86400) * SECOND);
	cr_assert(!ask(T).news.known);
	forecast_destroy(f);
	store_close(st);
}

Test(forecast, a_reading_may_be_given_up_at_any_time)
{
	struct api_forecast a = { .wall_us = T * SECOND, .link = "k3f9" };
	struct api_forecast b = { .wall_us = T * SECOND, .link = "one" };

	open_all();
	store_days(20, T);
	for (int i = 0; i < 30; i++) {
		forecast_ask(f, loop_now_us(loop), &a);
		for (int j = 0; j < i % 7; j++)
			cr_assert_eq(loop_run_once(loop, 1000), 0);
		forecast_forget(f, 0);
		forecast_ask(f, loop_now_us(loop), &b);
	}
	cr_assert(ask(T).news.known);
	forecast_ask(f, loop_now_us(loop), &b);
	forecast_destroy(f);
	store_close(st);
}
