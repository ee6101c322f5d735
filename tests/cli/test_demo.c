/* SPDX-License-Identifier: ISC */
/* The journeys of linkq demo, and how they are judged. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "daemon/cli/demo_ride.h"
#include "daemon/lab/script.h"

static struct demo_record r;

TestSuite(demo, .timeout = 10);

/* linkqd says this from one instant to another, each 0.1 s. */
static void
says(double from_s, double to_s, const char *state, double p50)
{
	struct view v = { .down_kbps = { p50 / 2, p50, p50 * 2 } };

	snprintf(v.state, sizeof v.state, "%s", state);
	for (double t = from_s; t < to_s - 0.05; t += 0.1)
		demo_record_sample(&r, t, 1000, t * 700, &v);
}

/* The fast ride as a good daemon sees it, until the given second of the tunnel's end. */
static void
good_ride(void)
{
	says(0, 4, "online", 19000);
	demo_record_outage(&r, 0, 4, (double)NAN);
	says(4, 5.3, "online", 19000);
	says(5.3, 8, "offline", 19000);
	demo_record_outage(&r, 0, 4, 8);
	says(8, 8.6, "offline", 19000);
	says(8.6, 11.5, "online", 21000);
	says(11.5, 15, "online", 480);
	demo_record_outage(&r, 1, 15, 15.2);
	says(15, 19, "online", 38000);
}

Test(demo, rides_are_scripts_that_the_lab_takes_and_last_as_they_say)
{
	static const struct demo_ride *const ride[] = { &demo_ride_full, &demo_ride_fast };
	static struct script script;

	for (int i = 0; i < 2; i++) {
		const struct demo_leg *leg = ride[i]->leg;
		char text[1024], why[160];

		cr_assert(eq(int, demo_ride_script(ride[i], text, 30), -28));
		cr_assert(zero(int, demo_ride_script(ride[i], text, sizeof text)));
		cr_assert(zero(int, script_parse(text, &script, why, sizeof why)), "%s", why);
		cr_assert(eq(sz, script.len, ride[i]->legs));
		for (size_t k = 1; k < ride[i]->legs; k++)
			cr_assert(eq(dbl, leg[k].from_s, leg[k - 1].to_s));
		cr_assert(eq(dbl, leg[ride[i]->legs - 1].to_s, ride[i]->length_s));
		cr_assert(lt(dbl, ride[i]->length_s * 10, DEMO_SAMPLES_MAX));
	}
}

Test(demo, a_ride_on_which_all_went_well_has_no_fault)
{
	good_ride();
	cr_assert(zero(ptr, (void *)(uintptr_t)demo_record_fault(&r, &demo_ride_fast)));
	cr_assert(epsilon_eq(dbl, r.outage[0].offline_s, 5.3, 0.01));
	cr_assert(epsilon_eq(dbl, r.outage[0].online_s, 8.6, 0.01));
}

Test(demo, an_outage_that_was_given_up_too_early_is_not_over_for_that)
{
	says(0, 4, "online", 19000);
	demo_record_outage(&r, 0, 4, 8);
	says(4, 5, "offline", 19000);
	says(5, 6, "online", 19000);
	says(6, 8.5, "offline", 19000);
	cr_assert(isnan(r.outage[0].online_s));
	says(8.5, 9, "online", 19000);
	cr_assert(epsilon_eq(dbl, r.outage[0].online_s, 8.5, 0.01));
}

Test(demo, a_break_of_a_handover_need_not_be_found)
{
	good_ride();
	cr_assert(isnan(r.outage[1].offline_s));
	cr_assert(zero(ptr, (void *)(uintptr_t)demo_record_fault(&r, &demo_ride_fast)));
}

Test(demo, an_outage_that_was_not_found_is_a_fault)
{
	demo_record_outage(&r, 0, 4, 8);
	says(0, 19, "online", 1000);
	cr_assert(not(zero(ptr, (void *)(uintptr_t)demo_record_fault(&r, &demo_ride_fast))));
}

Test(demo, an_outage_that_never_ends_for_the_daemon_is_a_fault)
{
	says(0, 4, "online", 19000);
	demo_record_outage(&r, 0, 4, 8);
	says(4, 19, "offline", 19000);
	cr_assert(not(zero(ptr, (void *)(uintptr_t)demo_record_fault(&r, &demo_ride_fast))));
}

Test(demo, offline_on_a_link_that_carries_is_counted_and_its_echo_is_not)
{
	good_ride();
	cr_assert(eq(dbl, r.false_offline_s, 0));
	says(19, 19.5, "offline", 38000);
	cr_assert(epsilon_eq(dbl, r.false_offline_s, 0.5, 0.01));
}

Test(demo, an_estimate_that_stays_unknown_is_a_fault)
{
	good_ride();
	for (size_t i = 0; i < r.samples; i++)
		if (r.sample[i].t_s > 12 && r.sample[i].t_s < 15)
			r.sample[i].p50 = (double)NAN;
	cr_assert(not(zero(ptr, (void *)(uintptr_t)demo_record_fault(&r, &demo_ride_fast))));
}

Test(demo, a_stretch_is_judged_by_the_median_once_it_has_settled)
{
	const struct demo_leg *leg = demo_ride_at(&demo_ride_fast, 9);
	struct demo_steady s;

	says(8, 9.9, "online", 100);
	says(10, 11.5, "online", 15448);
	s = demo_record_steady(&r, &demo_ride_fast, leg);
	cr_assert(epsilon_eq(dbl, s.can_kbps, 19307, 1));
	cr_assert(epsilon_eq(dbl, s.peak_kbps, 700, 1));
	cr_assert(epsilon_eq(dbl, s.p50_kbps, 15448, 1));
	cr_assert(epsilon_eq(dbl, s.error_ratio, -0.2, 0.001));
}

Test(demo, a_stretch_without_an_estimate_is_unknown_and_not_zero)
{
	struct demo_steady s = demo_record_steady(&r, &demo_ride_fast, demo_ride_fast.leg);

	cr_assert(isnan(s.p50_kbps));
	cr_assert(isnan(s.error_ratio));
}
