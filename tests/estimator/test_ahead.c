/* SPDX-License-Identifier: ISC */
/* What a link's past says of the minutes ahead. */
#include "estimator/ahead.h"

#include <criterion/criterion.h>

TestSuite(ahead, .timeout = 60);

#define DAY INT64_C(86400)
#define BEGIN INT64_C(1704067200) /* a Monday, 00:00 UTC */
#define FIRST (BEGIN + 8 * 3600)

static struct ahead a;

static void
walk(int64_t now_s)
{
	while (ahead_walk(&a, now_s, 1000))
		;
}

static void
outage(int64_t begin_s, int64_t length_s)
{
	ahead_outage_begins(&a, begin_s);
	ahead_outage_ends(&a, begin_s + length_s);
}

/* Each day three outages: at 8:00 for 10 s, 4 minutes later 40 s, 9 minutes later 20 s. */
static void
commute(int days)
{
	ahead_init(&a);
	ahead_up(&a, BEGIN);
	for (int day = 0; day < days; day++) {
		outage(FIRST + day * DAY, 10);
		outage(FIRST + day * DAY + 250, 40);
		outage(FIRST + day * DAY + 830, 20);
	}
}

static struct ahead_news
news(int64_t now_s)
{
	struct ahead_news n;

	walk(now_s);
	ahead_read(&a, now_s, &n);
	return n;
}

Test(ahead, says_nothing_before_two_weeks)
{
	commute(13);
	cr_assert(!news(BEGIN + 14 * DAY - 1).known);
	cr_assert(news(BEGIN + 14 * DAY).known);
}

Test(ahead, says_nothing_of_few_days_in_many)
{
	ahead_init(&a);
	for (int week = 0; week < 7; week++) {
		ahead_up(&a, BEGIN + week * 7 * DAY);
		ahead_down(&a, BEGIN + week * 7 * DAY + 7200);
	}
	cr_assert(!news(BEGIN + 60 * DAY).known);
}

Test(ahead, says_nothing_of_what_it_was_never_told)
{
	ahead_init(&a);
	cr_assert(!news(BEGIN + 60 * DAY).known);
}

Test(ahead, knows_what_usually_follows)
{
	const int64_t today = FIRST + 21 * DAY;
	struct ahead_news n;

	commute(21);
	n = news(today - 3 * 3600);
	cr_assert(n.known && !n.in_outage);
	cr_assert_lt(n.chance[2], 0.03);
	outage(today, 10);
	n = news(today + 120); /* 2:10 to go */
	cr_assert_lt(n.chance[0], 0.3);
	cr_assert_gt(n.chance[1], 0.8);
	cr_assert_geq(n.chance[2], n.chance[1]);
	cr_assert(n.length[1].known);
	cr_assert_float_eq(n.length[1].p50_s, 40.0, 12.0);
	n = news(today + 230);
	cr_assert_gt(n.chance[0], 0.4);
	n = news(today + 400); /* nothing for seven minutes */
	cr_assert_lt(n.chance[0], 0.1);
}

Test(ahead, knows_how_long_an_outage_like_this_lasts)
{
	const int64_t today = FIRST + 21 * DAY;
	struct ahead_news n;

	commute(21);
	outage(today, 10);
	ahead_outage_begins(&a, today + 250);
	n = news(today + 260);
	cr_assert(n.known && n.in_outage && n.remaining.known);
	cr_assert_eq(n.chance[0], 1.0);
	cr_assert_float_eq(n.remaining.p50_s, 30.0, 12.0);
	cr_assert_geq(n.remaining.p90_s, n.remaining.p50_s);
	n = news(today + 250 + 7200); /* it never was as long */
	cr_assert_gt(n.remaining.p50_s, 600.0);
}

Test(ahead, a_link_that_is_left_had_no_outage)
{
	ahead_init(&a);
	for (int day = 0; day < 20; day++) {
		ahead_up(&a, FIRST + day * DAY);
		ahead_outage_begins(&a, FIRST + day * DAY + 3598);
		ahead_left(&a, FIRST + day * DAY + 3600);
	}
	ahead_up(&a, FIRST + 20 * DAY);
	cr_assert_eq(news(FIRST + 20 * DAY + 3000).outages, 0);
	cr_assert_lt(news(FIRST + 20 * DAY + 3000).chance[2], 0.05);
}

Test(ahead, half_a_minute_away_is_as_if_it_had_stayed)
{
	ahead_init(&a);
	ahead_up(&a, BEGIN);
	ahead_down(&a, BEGIN + 1000);
	ahead_up(&a, BEGIN + 1030);
	cr_assert_eq(a.anchors, 1);
	ahead_down(&a, BEGIN + 2000);
	ahead_up(&a, BEGIN + 2090);
	cr_assert_eq(a.anchors, 2);
}

Test(ahead, time_that_goes_back_does_no_harm)
{
	commute(3);
	ahead_outage_ends(&a, BEGIN);
	ahead_outage_begins(&a, BEGIN - 5);
	ahead_down(&a, BEGIN - 10);
	ahead_up(&a, 0);
	for (int i = 1; i < a.anchors; i++) {
		cr_assert_geq(a.anchor[i].begin_s, a.anchor[i - 1].end_s);
		cr_assert_geq(a.anchor[i].end_s, a.anchor[i].begin_s);
	}
	(void)news(BEGIN + 20 * DAY);
}

Test(ahead, keeps_the_youngest_where_there_is_no_room)
{
	ahead_init(&a);
	ahead_up(&a, BEGIN);
	ahead_score_from(&a, BEGIN + 60 * DAY);
	for (int i = 0; i < 3 * AHEAD_ANCHORS; i++) {
		outage(BEGIN + 3600 + 600 * i, 5);
		walk(BEGIN + 3600 + 600 * i + 10);
	}
	cr_assert_leq(a.anchors, AHEAD_ANCHORS);
	cr_assert_eq(a.anchor[a.anchors - 1].begin_s, a.latest_s - 5);
	cr_assert_gt(news(a.latest_s + 60).chance[2], 0.9);
}

Test(ahead, tells_the_goodput_of_the_hour)
{
	struct ahead_hour h;

	ahead_init(&a);
	for (int hour = 0; hour < 21 * 24; hour++) {
		const double kbps = hour % 24 == 20 ? 800.0 : 20000.0;

		ahead_rate(&a, BEGIN + hour * 3600, kbps / 2.0, kbps, kbps * 2.0);
	}
	ahead_read_hour(&a, BEGIN + 22 * DAY + 20 * 3600 + 100, &h);
	cr_assert(h.known);
	cr_assert_float_eq(h.kbps_p50, 800.0, 120.0);
	ahead_read_hour(&a, BEGIN + 22 * DAY + 12 * 3600, &h);
	cr_assert_float_eq(h.kbps_p50, 20000.0, 3000.0);
	cr_assert_lt(h.kbps_p10, 14000.0);
	cr_assert_gt(h.kbps_p90, 28000.0);
}

Test(ahead, tells_no_goodput_of_an_hour_it_does_not_know)
{
	struct ahead_hour h;

	ahead_init(&a);
	ahead_rate(&a, BEGIN + 9 * 3600, 100.0, 200.0, 300.0);
	ahead_read_hour(&a, BEGIN + 7 * DAY + 9 * 3600, &h);
	cr_assert(!h.known);
	ahead_read_hour(&a, BEGIN + 7 * DAY + 21 * 3600, &h);
	cr_assert(!h.known);
}

Test(ahead, follows_the_local_clock)
{
	struct ahead_hour h;

	ahead_init(&a);
	ahead_zone(&a, 3600);
	for (int week = 0; week < 4; week++)
		ahead_rate(&a, BEGIN + week * 7 * DAY + 8 * 3600, 100.0, 200.0, 400.0);
	ahead_zone(&a, 7200); /* summer: the same local hour is an hour earlier */
	ahead_read_hour(&a, BEGIN + 28 * DAY + 7 * 3600, &h);
	cr_assert(h.known);
	cr_assert_float_eq(h.kbps_p50, 200.0, 30.0);
}
