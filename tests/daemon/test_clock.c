/* SPDX-License-Identifier: ISC */
/* What the differences of the clocks tell: suspend and a set wall clock. */
#include <criterion/criterion.h>

#include "daemon/clock.h"

#define SECOND INT64_C(1000000)

static struct clock_reading
at(int64_t monotonic_s, int64_t slept_s, int64_t set_s)
{
	return (struct clock_reading){
		.monotonic_us = monotonic_s * SECOND,
		.boot_us = (monotonic_s + slept_s) * SECOND,
		.wall_us = (1700000000 + monotonic_s + slept_s + set_s) * SECOND,
	};
}

static struct clock_news
look(struct clock_reading before, struct clock_reading after)
{
	struct clock_watch w;

	clock_watch_init(&w, &before);
	return clock_watch_look(&w, &after);
}

Test(clock, tells_nothing_while_time_just_passes, .timeout = 10)
{
	struct clock_news news = look(at(10, 0, 0), at(3610, 0, 0));

	cr_assert_eq(news.slept_us, 0);
	cr_assert_eq(news.set_us, 0);
}

Test(clock, tells_how_long_the_host_slept, .timeout = 10)
{
	struct clock_news news = look(at(10, 5, 0), at(11, 65, 0));

	cr_assert_eq(news.slept_us, 60 * SECOND);
	cr_assert_eq(news.set_us, 0, "sleep is not a set clock");
}

Test(clock, tells_a_set_wall_clock_both_ways, .timeout = 10)
{
	cr_assert_eq(look(at(10, 0, 0), at(11, 0, 3600)).set_us, 3600 * SECOND);
	cr_assert_eq(look(at(10, 0, 0), at(11, 0, -7)).set_us, -7 * SECOND);
	cr_assert_eq(look(at(10, 0, 0), at(11, 0, -7)).slept_us, 0);
}

Test(clock, does_not_add_a_slewed_clock_up_to_a_step, .timeout = 10)
{
	struct clock_reading r = at(10, 0, 0);
	struct clock_watch w;

	clock_watch_init(&w, &r);
	for (int i = 0; i < 1000; i++) {
		r.monotonic_us += SECOND;
		r.boot_us += SECOND;
		r.wall_us += SECOND + 500;
		cr_assert_eq(clock_watch_look(&w, &r).set_us, 0);
	}
}

Test(clock, tells_each_step_once, .timeout = 10)
{
	struct clock_reading before = at(10, 0, 0), after = at(11, 30, 60);
	struct clock_watch w;

	clock_watch_init(&w, &before);
	cr_assert_eq(clock_watch_look(&w, &after).slept_us, 30 * SECOND);
	cr_assert_eq(clock_watch_look(&w, &after).slept_us, 0);
	cr_assert_eq(clock_watch_look(&w, &after).set_us, 0);
}
