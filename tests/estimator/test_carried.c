/* SPDX-License-Identifier: ISC */
/* What the kernel knows of the link as a whole, and what is believed after it. */
#include "tests/estimator/link.h"

#include <criterion/criterion.h>
#include <signal.h>

TestSuite(carried, .timeout = 20);

static struct link l;

/* So long at this rate, told each 250 ms. */
static void
carry(int64_t us, int64_t kbps, bool at_least)
{
	for (int64_t t = 0; t < us; t += 250 * MS) {
		l.now_us += 250 * MS;
		est_add_carried(&l.est, l.now_us, EST_KERNEL, EST_DOWN, kbps * 125 / 4, 250 * MS,
		    4 * MS, at_least);
	}
}

Test(carried, is_believed_where_it_is_the_links_own_rate)
{
	static const int64_t kbps[] = { 300, 2000, 9600, 95000 };

	for (size_t i = 0; i < sizeof(kbps) / sizeof(kbps[0]); i++) {
		struct est_snapshot s;

		link_init(&l);
		carry(1 * SECOND, kbps[i], false);
		s = link_read(&l);
		cr_assert_eq(s.state, EST_ONLINE);
		cr_assert(s.rate[EST_DOWN].known);
		cr_assert_geq(s.rate[EST_DOWN].kbps_p50 * 3, kbps[i] * 2);
		cr_assert_leq(s.rate[EST_DOWN].kbps_p50 * 2, kbps[i] * 3);
		cr_assert_eq(s.share_ppm[EST_KERNEL], 1000000);
	}
}

Test(carried, never_lowers_when_it_is_only_at_least)
{
	int64_t before;

	link_init(&l);
	carry(20 * SECOND, 9600, false);
	before = link_read(&l).rate[EST_DOWN].kbps_p50;
	for (int i = 0; i < 60; i++) {
		carry(1 * SECOND, 1000, true);
		cr_assert_geq(link_read(&l).rate[EST_DOWN].kbps_p50, before * 9 / 10, "%d s", i);
	}
}

Test(carried, raises_when_it_is_only_at_least)
{
	link_init(&l);
	carry(20 * SECOND, 2000, false);
	carry(3 * SECOND, 9600, true);
	cr_assert_geq(link_read(&l).rate[EST_DOWN].kbps_p50, 8000);
}

Test(carried, ends_an_outage_with_its_first_bytes)
{
	link_init(&l);
	carry(20 * SECOND, 9600, false);
	for (int i = 0; i < 10; i++)
		est_add_rtt(&l.est, l.now_us, EST_KERNEL, 45 * MS, true);
	for (int i = 0; i < 10; i++) {
		l.now_us += 250 * MS;
		est_add_silence(&l.est, l.now_us, EST_KERNEL, (i + 1) * 250 * MS, 2);
	}
	cr_assert_eq(link_read(&l).state, EST_OFFLINE);
	carry(250 * MS, 5000, true);
	cr_assert_eq(link_read(&l).state, EST_ONLINE);
}

Test(carried, knows_an_outage_by_silence_at_two_places_within_a_second)
{
	int64_t waited_us = 0;

	link_init(&l);
	for (int i = 0; i < 20; i++) {
		carry(500 * MS, 9600, false);
		est_add_rtt(&l.est, l.now_us, EST_KERNEL, 45 * MS, true);
	}
	while (link_read(&l).state != EST_OFFLINE) {
		cr_assert_leq(waited_us, 1 * SECOND);
		l.now_us += 250 * MS;
		waited_us += 250 * MS;
		est_add_silence(&l.est, l.now_us, EST_KERNEL, waited_us, 2);
	}
}

Test(carried, leaves_out_numbers_that_no_link_produces)
{
	struct est_explain x;

	link_init(&l);
	est_add_carried(&l.est, l.now_us, EST_KERNEL, EST_DOWN, INT64_MAX, SECOND, 0, false);
	est_add_carried(&l.est, l.now_us, EST_KERNEL, EST_DOWN, 1000, 0, 0, false);
	est_add_silence(&l.est, l.now_us, EST_KERNEL, -1, 2);
	est_explain(&l.est, l.now_us, &x);
	cr_assert_eq(x.rejected[EST_REJECT_ABSURD], 3);
	cr_assert_eq(link_read(&l).state, EST_UNKNOWN);
}

Test(carried, silence_of_one_place_is_a_bug, .signal = SIGABRT)
{
	link_init(&l);
	est_add_silence(&l.est, l.now_us, EST_KERNEL, SECOND, 1);
}

Test(carried, silence_of_the_link_counts_beside_that_of_one_request)
{
	const struct est_sample open = { .request = 9, .source = EST_PROBE, .in_progress = true,
		.ttfb_us = -1, .connect_us = 0, .rtt_us = -1 };
	int64_t waited_us = 0;

	link_init(&l);
	for (int i = 0; i < 20; i++) {
		carry(500 * MS, 9600, false);
		link_probe(&l, 45 * MS);
	}
	/* One request waits, whose silence might be its server's, and is told first. */
	while (link_read(&l).state != EST_OFFLINE) {
		struct est_sample s = open;

		cr_assert_leq(waited_us, 1250 * MS);
		l.now_us += 100 * MS;
		s.ended_us = l.now_us;
		s.duration_us = waited_us += 100 * MS;
		est_add(&l.est, l.now_us, &s);
		est_add_silence(&l.est, l.now_us, EST_KERNEL, waited_us, 2);
	}
}
