/* SPDX-License-Identifier: ISC */
/* Tunnels, silence, and what people are told of them. */
#include "tests/estimator/link.h"

#include <criterion/criterion.h>

TestSuite(outage, .timeout = 20);

static struct link l;

/* One probe each two seconds, as the daemon does it on a kept connection. */
static void
probes(int n, int64_t rtt_us)
{
	for (int i = 0; i < n; i++) {
		link_probe(&l, rtt_us);
		link_wait(&l, 2 * SECOND - rtt_us);
	}
}

Test(outage, is_seen_by_probes_alone_within_six_seconds)
{
	int64_t begin_us;

	link_init(&l);
	probes(60, 50 * MS);
	begin_us = l.now_us - 1950 * MS; /* just after the last answer */
	link_probe_silent(&l, 4 * SECOND);
	cr_assert_eq(link_read(&l).state, EST_OFFLINE);
	cr_assert_leq(l.now_us - begin_us, 6 * SECOND);
}

Test(outage, ends_with_the_first_answer)
{
	struct est_snapshot s;

	link_init(&l);
	link_stream(&l, 30 * SECOND, 8000, 50 * MS);
	probes(10, 50 * MS);
	for (int i = 0; i < 5; i++)
		link_probe_silent(&l, 4 * SECOND);
	s = link_read(&l);
	cr_assert_eq(s.state, EST_OFFLINE);
	cr_assert(s.outage.open);
	cr_assert_geq(l.now_us - s.outage.since_us, 19 * SECOND);
	cr_assert_gt(s.outage.remaining_us_p90, s.outage.remaining_us_p50);
	link_probe(&l, 60 * MS);
	s = link_read(&l);
	cr_assert_eq(s.state, EST_ONLINE);
	cr_assert_not(s.outage.open);
	cr_assert_eq(s.change.kind, EST_CHANGE_RECOVERY);
	/* and the level before it is remembered */
	cr_assert_geq(s.rate[EST_DOWN].kbps_p50, 3000);
}

Test(outage, is_seen_in_an_open_transfer_within_two_seconds)
{
	const int64_t kbps = 4000;
	struct est_sample s = { .request = 99, .in_progress = true, .ttfb_us = 50 * MS,
		.connect_us = 0, .rtt_us = -1 };
	int64_t start_us, died_us;

	link_init(&l);
	link_stream(&l, 30 * SECOND, kbps, 50 * MS);
	start_us = l.now_us;
	for (int64_t t = 500 * MS; t <= 3 * SECOND; t += 500 * MS) {
		s.ended_us = l.now_us = start_us + t;
		s.duration_us = t;
		s.bytes = kbps * 125 * (t - 50 * MS) / SECOND;
		est_add(&l.est, l.now_us, &s);
	}
	died_us = l.now_us;
	while (link_read(&l).state != EST_OFFLINE) {
		cr_assert_leq(l.now_us - died_us, 2 * SECOND);
		l.now_us += 250 * MS;
		s.ended_us = l.now_us;
		s.duration_us = l.now_us - start_us;
		if ((l.now_us - died_us) % (500 * MS) == 0)
			est_add(&l.est, l.now_us, &s);
		else
			est_tick(&l.est, l.now_us);
	}
}

Test(outage, is_seen_while_bytes_from_before_it_are_still_held_back)
{
	struct est_sample s = { .request = 99, .in_progress = true, .ttfb_us = 50 * MS,
		.connect_us = 0, .rtt_us = -1, .bytes = 100000, .duration_us = 100 * MS };
	int64_t died_us;

	link_init(&l);
	link_stream(&l, 30 * SECOND, 8000, 50 * MS);
	s.ended_us = l.now_us; /* began before the last one ended: they overlap */
	est_add(&l.est, l.now_us, &s);
	died_us = l.now_us;
	while (link_read(&l).state != EST_OFFLINE) {
		cr_assert_leq(l.now_us - died_us, 2 * SECOND);
		l.now_us += 250 * MS;
		est_tick(&l.est, l.now_us);
		s.ended_us = l.now_us;
		s.duration_us = 100 * MS + l.now_us - died_us;
		if ((l.now_us - died_us) % (500 * MS) == 0)
			est_add(&l.est, l.now_us, &s);
	}
}

/* A full queue that loses a packet gives nothing for some round trips, then goes on. */
Test(outage, is_not_made_of_a_hole_of_half_a_second)
{
	struct est_sample s = { .request = 99, .in_progress = true, .ttfb_us = 50 * MS,
		.connect_us = 0, .rtt_us = -1 };
	int64_t start_us;

	link_init(&l);
	link_stream(&l, 30 * SECOND, 4000, 50 * MS);
	start_us = l.now_us;
	for (int64_t t = 100 * MS; t <= 20 * SECOND; t += 100 * MS) {
		s.ended_us = l.now_us = start_us + t;
		s.duration_us = t;
		if (t % (2 * SECOND) < 1300 * MS) /* a hole of 0.7 s in each 2 s */
			s.bytes += 50000;
		est_add(&l.est, l.now_us, &s);
		cr_assert_neq(link_read(&l).state, EST_OFFLINE, "at %ld ms", (long)(t / 1000));
	}
}

Test(outage, is_not_made_of_one_silent_target)
{
	struct est_sample silent = { .request = 5000, .source = EST_PROBE, .in_progress = true,
		.ttfb_us = -1, .connect_us = 0, .rtt_us = -1 };
	int64_t start_us;

	link_init(&l);
	link_stream(&l, 10 * SECOND, 8000, 50 * MS);
	probes(20, 50 * MS);
	start_us = l.now_us - 1900 * MS;
	for (int i = 0; i < 30; i++) {
		enum est_state state;

		if (i % 8 == 0)
			link_probe(&l, 50 * MS); /* another target answers */
		l.now_us += 250 * MS;
		silent.ended_us = l.now_us;
		silent.duration_us = l.now_us - start_us;
		est_add(&l.est, l.now_us, &silent);
		state = link_read(&l).state;
		cr_assert_eq(state, EST_ONLINE, "%s after %d ms", est_state_name(state), i * 250);
	}
}

Test(outage, is_stalled_before_it_is_sure)
{
	bool stalled = false;

	link_init(&l);
	link_stream(&l, 10 * SECOND, 8000, 50 * MS);
	probes(20, 50 * MS);
	for (int64_t us = 100 * MS; us <= 3 * SECOND; us += 100 * MS) {
		struct est_sample s = { .request = 77, .source = EST_PROBE,
			.in_progress = true, .duration_us = us, .ttfb_us = -1,
			.connect_us = 0, .rtt_us = -1 };
		enum est_state state;

		l.now_us += 100 * MS;
		s.ended_us = l.now_us;
		est_add(&l.est, l.now_us, &s);
		state = link_read(&l).state;
		stalled |= state == EST_STALLED;
		if (state == EST_OFFLINE)
			break;
	}
	cr_assert(stalled);
	cr_assert_eq(link_read(&l).state, EST_OFFLINE);
}

Test(outage, is_known_at_once_without_a_carrier)
{
	link_init(&l);
	link_stream(&l, 10 * SECOND, 8000, 50 * MS);
	est_set_carrier(&l.est, l.now_us, false);
	cr_assert_eq(link_read(&l).state, EST_OFFLINE);
	link_wait(&l, 5 * SECOND);
	est_set_carrier(&l.est, l.now_us, true);
	link_probe(&l, 50 * MS);
	cr_assert_eq(link_read(&l).state, EST_ONLINE);
}

Test(outage, is_told_from_a_portal)
{
	link_init(&l);
	probes(5, 50 * MS);
	est_set_captive(&l.est, l.now_us, true);
	cr_assert_eq(link_read(&l).state, EST_CAPTIVE);
	est_set_captive(&l.est, l.now_us, false);
	cr_assert_eq(link_read(&l).state, EST_ONLINE);
}

Test(outage, pushes_the_upper_delay_up_before_any_answer)
{
	struct est_snapshot before, after;

	link_init(&l);
	probes(30, 50 * MS);
	before = link_read(&l);
	link_probe_silent(&l, 1500 * MS);
	after = link_read(&l);
	cr_assert_geq(after.rtt.us_p90, 1400 * MS);
	cr_assert_leq(before.rtt.us_p90, 60 * MS);
	cr_assert_leq(after.rtt.us_min, 50 * MS);
}

Test(outage, is_not_seen_in_the_answer_of_a_refusing_server)
{
	struct est_sample s = { .request = 9, .duration_us = 60 * MS, .ttfb_us = -1,
		.error = EST_ERROR_REFUSED, .connect_us = -1, .rtt_us = -1 };

	link_init(&l);
	probes(10, 50 * MS);
	for (int i = 0; i < 20; i++) {
		s.request++;
		s.ended_us = l.now_us += 500 * MS;
		est_add(&l.est, l.now_us, &s);
		cr_assert_eq(link_read(&l).state, EST_ONLINE);
	}
}
