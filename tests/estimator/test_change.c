/* SPDX-License-Identifier: ISC */
/* Change points, and words that do not flicker. */
#include "tests/estimator/link.h"

#include <criterion/criterion.h>

TestSuite(change, .timeout = 20);

static struct link l;

static int
count(enum est_change_kind kind)
{
	struct est_explain why;
	int n = 0;

	est_explain(&l.est, l.now_us, &why);
	for (size_t i = 0; i < why.changes_len; i++)
		n += why.changes[i].kind == kind;
	return n;
}

Test(change, tells_a_drop_with_from_and_to)
{
	struct est_snapshot s;

	link_init(&l);
	link_stream(&l, 40 * SECOND, 20000, 50 * MS);
	cr_assert_eq(count(EST_CHANGE_DROP) + count(EST_CHANGE_RISE), 0);
	link_stream(&l, 8 * SECOND, 2000, 50 * MS);
	s = link_read(&l);
	cr_assert_eq(s.change.kind, EST_CHANGE_DROP);
	cr_assert_geq(s.change.from_kbps, 15000);
	cr_assert_leq(s.change.from_kbps, 25000);
	cr_assert_leq(s.change.to_kbps, 4000);
	cr_assert_eq(count(EST_CHANGE_DROP), 1);
}

Test(change, tells_a_rise)
{
	link_init(&l);
	link_stream(&l, 40 * SECOND, 1000, 50 * MS);
	link_stream(&l, 10 * SECOND, 12000, 50 * MS);
	cr_assert_eq(link_read(&l).change.kind, EST_CHANGE_RISE);
	cr_assert_eq(count(EST_CHANGE_RISE), 1);
	cr_assert_eq(count(EST_CHANGE_DROP), 0);
}

Test(change, follows_a_slow_drift_without_a_word)
{
	int64_t kbps = 4000;

	link_init(&l);
	link_stream(&l, 30 * SECOND, kbps, 50 * MS);
	for (int i = 0; i < 90; i++) { /* an octave a minute and a half, twice */
		kbps = kbps * 1016 / 1000;
		link_stream(&l, 2 * SECOND, kbps, 50 * MS);
	}
	cr_assert_eq(count(EST_CHANGE_DROP) + count(EST_CHANGE_RISE), 0);
	cr_assert_geq(link_read(&l).rate[EST_DOWN].kbps_p50, kbps * 8 / 10);
}

Test(change, does_not_flicker_at_the_edge_of_a_quality)
{
	enum est_quality was = EST_QUALITY_UNKNOWN;
	int changes = 0;

	link_init(&l);
	for (int i = 0; i < 60; i++) {
		enum est_quality is;

		link_stream(&l, 2 * SECOND, i % 2 ? 3300 : 2700, 50 * MS);
		is = link_read(&l).quality;
		changes += is != was;
		was = is;
	}
	cr_assert_leq(changes, 2);
}

Test(change, names_qualities_by_what_they_carry)
{
	link_init(&l);
	link_stream(&l, 20 * SECOND, 20000, 30 * MS);
	cr_assert_eq(link_read(&l).quality, EST_QUALITY_GOOD);
	cr_assert_eq(link_read(&l).effective, EST_EFFECTIVE_4G);
	link_init(&l);
	link_stream(&l, 20 * SECOND, 1200, 100 * MS);
	cr_assert_eq(link_read(&l).quality, EST_QUALITY_MODERATE);
	link_init(&l);
	link_stream(&l, 30 * SECOND, 100, 300 * MS);
	cr_assert_eq(link_read(&l).quality, EST_QUALITY_MINIMAL);
	cr_assert_eq(link_read(&l).effective, EST_EFFECTIVE_3G);
}

Test(change, keeps_what_the_link_is_like_over_a_sleep)
{
	struct est_snapshot s;

	link_init(&l);
	link_stream(&l, 60 * SECOND, 8000, 50 * MS);
	l.now_us += 8 * 3600 * SECOND;
	est_wake(&l.est, l.now_us);
	s = link_read(&l);
	cr_assert_eq(s.change.kind, EST_CHANGE_WAKE);
	cr_assert_geq(s.rate[EST_DOWN].kbps_p50, 4000);
	cr_assert_leq(s.rate[EST_DOWN].kbps_p50, 16000);
	cr_assert_eq(s.state, EST_UNKNOWN, "nothing was seen of it since");
	cr_assert_lt(s.age_us, 0);
	link_stream(&l, 2 * SECOND, 8000, 50 * MS);
	cr_assert_eq(link_read(&l).state, EST_ONLINE);
}

Test(change, forgets_the_link_when_the_network_is_another)
{
	struct est_snapshot s;

	link_init(&l);
	link_stream(&l, 60 * SECOND, 8000, 50 * MS);
	est_network_changed(&l.est, l.now_us);
	s = link_read(&l);
	cr_assert_eq(s.change.kind, EST_CHANGE_NETWORK);
	cr_assert_not(s.rate[EST_DOWN].known);
	cr_assert_eq(s.state, EST_UNKNOWN);
}

/* An outage of 20 s in which each probe was lost; then 20 Mbit/s. */
Test(change, says_soon_after_an_outage_how_good_it_is)
{
	int64_t back_us;

	link_init(&l);
	link_stream(&l, 20 * SECOND, 20000, 30 * MS);
	for (int i = 0; i < 20; i++) {
		link_wait(&l, SECOND);
		est_add_rtt(&l.est, l.now_us, EST_PROBE, SECOND, false);
	}
	cr_assert_eq(link_read(&l).quality, EST_QUALITY_MINIMAL);
	back_us = l.now_us;
	while (link_read(&l).quality != EST_QUALITY_GOOD) {
		cr_assert_leq(l.now_us - back_us, 3500 * MS);
		link_fetch(&l, 500000, 20000, 30 * MS);
	}
	cr_assert_geq(l.now_us - back_us, 2 * SECOND);
}
