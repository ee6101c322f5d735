/* SPDX-License-Identifier: ISC */
/* Tunnels, silence, and what people are told of them. */
#include "tests/estimator/link.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

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

/* --- One application, one request, and nothing else that speaks ------------------------- */

/* What is left of a slice each slice_us, in which nothing has come since died_us. */
static void
silent_slice(struct est_sample *s, int64_t start_us, int64_t died_us, int64_t slice_us)
{
	l.now_us += 250 * MS;
	if ((l.now_us - died_us) % slice_us != 0) {
		est_tick(&l.est, l.now_us);
		return;
	}
	s->ended_us = l.now_us;
	s->duration_us = l.now_us - start_us;
	est_add(&l.est, l.now_us, s);
}

/* Microseconds until it is stalled, or worse, and until it is offline; 8 s at the most. */
static void
silent_request(int64_t slice_us, int64_t body_us, int64_t *stalled_us, int64_t *offline_us)
{
	struct est_sample s = { .request = 9999, .in_progress = true, .ttfb_us = -1,
		.connect_us = 0, .rtt_us = -1 };
	const int64_t start_us = l.now_us;
	int64_t died_us;

	if (body_us > 0) {
		s.ttfb_us = 50 * MS;
		for (int64_t t = 500 * MS; t <= body_us; t += 500 * MS) {
			s.ended_us = l.now_us = start_us + t;
			s.duration_us = t;
			s.bytes = t;
			est_add(&l.est, l.now_us, &s);
		}
	}
	*stalled_us = *offline_us = INT64_MAX;
	for (died_us = l.now_us; l.now_us - died_us < 8 * SECOND;) {
		enum est_state state;

		silent_slice(&s, start_us, died_us, slice_us);
		state = link_read(&l).state;
		if (*stalled_us == INT64_MAX && state != EST_ONLINE)
			*stalled_us = l.now_us - died_us;
		if (*offline_us == INT64_MAX && state == EST_OFFLINE)
			*offline_us = l.now_us - died_us;
		if (*offline_us != INT64_MAX) /* once it is sure, it is */
			cr_assert_eq(state, EST_OFFLINE, "after %ld ms",
			    (long)((l.now_us - died_us) / MS));
	}
}

struct alone_case {
	int64_t stream_us; /* what was seen before: 0: one object of 50 kB */
	int64_t age_us;
	int64_t slice_us;
	int64_t body_us;
};

ParameterizedTestParameters(outage, is_seen_in_one_silent_request)
{
	static struct alone_case cases[64];
	static const int64_t streams[] = { 0, 30 * SECOND, 600 * SECOND };
	static const int64_t ages[] = { 0, 180 * SECOND, 1200 * SECOND };
	size_t n = 0;

	for (int i = 0; i < 3; i++)
		for (int slow = 0; slow < 2; slow++) {
			const int64_t slice_us = slow ? SECOND : 500 * MS;

			for (int k = 0; k < 3; k++)
				cases[n++] = (struct alone_case){ streams[i], ages[k], slice_us, 0 };
			cases[n++] = (struct alone_case){ streams[i], 0, slice_us, 2 * SECOND };
		}
	return cr_make_param_array(struct alone_case, cases, n);
}

ParameterizedTest(struct alone_case *c, outage, is_seen_in_one_silent_request, .timeout = 20)
{
	int64_t stalled_us, offline_us;

	link_init(&l);
	if (c->stream_us > 0)
		link_stream(&l, c->stream_us, 8000, 50 * MS);
	else
		link_fetch(&l, 50000, 8000, 50 * MS);
	link_wait(&l, c->age_us);
	silent_request(c->slice_us, c->body_us, &stalled_us, &offline_us);
	cr_assert_leq(stalled_us, c->slice_us + 500 * MS, "stalled: %ld ms",
	    (long)(stalled_us / MS));
	cr_assert_geq(offline_us, 900 * MS, "offline: %ld ms", (long)(offline_us / MS));
	cr_assert_leq(offline_us, c->body_us > 0 ? 2 * SECOND : 5 * SECOND,
	    "offline: %ld ms", (long)(offline_us / MS));
}

Test(outage, is_not_made_of_one_silent_request_beside_others)
{
	struct est_sample silent = { .request = 9999, .in_progress = true, .ttfb_us = -1,
		.connect_us = 0, .rtt_us = -1 };
	int64_t start_us;

	link_init(&l);
	link_stream(&l, 30 * SECOND, 8000, 50 * MS);
	link_wait(&l, 120 * SECOND);
	start_us = l.now_us;
	for (int i = 1; i <= 32; i++) {
		const int64_t next_us = l.now_us + 250 * MS;

		if (i % 4 == 3)
			link_fetch(&l, 20000, 8000, 50 * MS);
		l.now_us = next_us;
		if (i % 2 == 0) {
			silent.ended_us = l.now_us;
			silent.duration_us = l.now_us - start_us;
			est_add(&l.est, l.now_us, &silent);
		}
		cr_assert_neq(link_read(&l).state, EST_OFFLINE, "after %d ms", i * 250);
	}
}
