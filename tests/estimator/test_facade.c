/* SPDX-License-Identifier: ISC */
/* What the estimator promises to whoever feeds and asks it. */
#include "tests/estimator/link.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <signal.h>
#include <string.h>

TestSuite(estimator, .timeout = 20);

static struct link l;

Test(estimator, knows_nothing_at_first)
{
	struct est_snapshot s;

	link_init(&l);
	s = link_read(&l);
	cr_assert_eq(s.state, EST_UNKNOWN);
	cr_assert_eq(s.quality, EST_QUALITY_UNKNOWN);
	cr_assert_eq(s.effective, EST_EFFECTIVE_UNKNOWN);
	cr_assert_not(s.rate[EST_DOWN].known);
	cr_assert_not(s.rate[EST_UP].known);
	cr_assert_not(s.rtt.known);
	cr_assert_eq(s.age_us, -1);
	cr_assert_eq(s.loss_ppm, -1);
	cr_assert_eq(s.rpm, -1);
	cr_assert_eq(s.change.kind, EST_CHANGE_NONE);
	cr_assert_not(s.outage.open);
}

struct rate_case {
	int64_t kbps, ttfb_us;
};

ParameterizedTestParameters(estimator, finds_a_steady_rate)
{
	static struct rate_case cases[] = { { 150, 400 * MS }, { 1000, 100 * MS },
		{ 10000, 50 * MS }, { 100000, 5 * MS }, { 900000, 2 * MS } };

	return cr_make_param_array(struct rate_case, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct rate_case *c, estimator, finds_a_steady_rate, .timeout = 20)
{
	struct est_snapshot s;

	link_init(&l);
	link_stream(&l, 30 * SECOND, c->kbps, c->ttfb_us);
	s = link_read(&l);
	cr_assert_eq(s.state, EST_ONLINE);
	cr_assert_geq(s.rate[EST_DOWN].kbps_p50, c->kbps * 9 / 10);
	cr_assert_leq(s.rate[EST_DOWN].kbps_p50, c->kbps * 11 / 10);
	cr_assert_leq(s.rate[EST_DOWN].kbps_p10, c->kbps);
	cr_assert_geq(s.rate[EST_DOWN].kbps_p90, c->kbps);
}

Test(estimator, takes_a_small_object_as_at_least_so_much)
{
	struct est_snapshot s;

	link_init(&l);
	for (int i = 0; i < 20; i++) {
		/* what ten segments allow over 60 ms: 12 kB in 40 ms, 2.4 Mbit/s */
		link_fetch(&l, 12000, 2400, 60 * MS);
		link_wait(&l, 3 * SECOND);
	}
	s = link_read(&l);
	cr_assert_geq(s.rate[EST_DOWN].kbps_p90, 10000);
	cr_assert_geq(s.rate[EST_DOWN].kbps_p50, 2000);
}

Test(estimator, believes_no_burst_behind_a_late_first_byte)
{
	struct est_snapshot s;

	link_init(&l);
	for (int i = 0; i < 8; i++)
		link_fetch(&l, 45000, 1800, 230 * MS);
	/* its first packet was lost: the others waited for it, and are there at once */
	link_fetch(&l, 45000, 15000, 910 * MS);
	s = link_read(&l);
	cr_assert_geq(s.rate[EST_DOWN].kbps_p50, 1200);
	cr_assert_leq(s.rate[EST_DOWN].kbps_p50, 2700);
}

Test(estimator, is_less_certain_with_age)
{
	struct est_snapshot before, after;

	link_init(&l);
	link_stream(&l, 60 * SECOND, 8000, 50 * MS);
	before = link_read(&l);
	link_wait(&l, 60 * SECOND);
	after = link_read(&l);
	cr_assert_lt(after.confidence_ppm, before.confidence_ppm);
	cr_assert_lt(after.rate[EST_DOWN].kbps_p10, before.rate[EST_DOWN].kbps_p10);
	cr_assert_gt(after.rate[EST_DOWN].kbps_p90, before.rate[EST_DOWN].kbps_p90);
	cr_assert_geq(after.age_us, 60 * SECOND);
}

Test(estimator, is_not_made_surer_by_ticks)
{
	static struct link often;
	struct est_snapshot a, b;

	link_init(&l);
	link_stream(&l, 20 * SECOND, 8000, 50 * MS);
	often = l;
	l.now_us += 30 * SECOND;
	a = link_read(&l);
	for (int i = 0; i < 3000; i++) {
		often.now_us += 10 * MS;
		est_tick(&often.est, often.now_us);
	}
	b = link_read(&often);
	cr_assert_leq(b.confidence_ppm, a.confidence_ppm + 50000);
	cr_assert_geq(b.confidence_ppm, a.confidence_ppm - 60000);
}

Test(estimator, answers_the_same_instant_the_same)
{
	struct est_snapshot a, b;

	link_init(&l);
	link_stream(&l, 10 * SECOND, 8000, 50 * MS);
	a = link_read(&l);
	b = link_read(&l);
	cr_assert_eq(memcmp(&a, &b, sizeof a), 0);
}

Test(estimator, adds_parallel_requests_up)
{
	struct est_snapshot s;

	link_init(&l);
	for (int page = 0; page < 20; page++) {
		/* six objects share 12 Mbit/s: 75 kB each in 300 ms */
		for (int i = 0; i < 6; i++) {
			const int64_t end_us = l.now_us + 350 * MS + i * 3 * MS;
			struct est_sample q = {
				.ended_us = end_us,
				.request = ++l.request,
				.bytes = 75000,
				.duration_us = 350 * MS,
				.ttfb_us = 50 * MS,
				.connect_us = 0,
				.rtt_us = -1,
			};

			est_add(&l.est, end_us, &q);
		}
		l.now_us += 370 * MS;
		link_wait(&l, 500 * MS);
	}
	s = link_read(&l);
	cr_assert_geq(s.rate[EST_DOWN].kbps_p50, 9000, "%d", (int)s.rate[EST_DOWN].kbps_p50);
	cr_assert_leq(s.rate[EST_DOWN].kbps_p50, 16000, "%d", (int)s.rate[EST_DOWN].kbps_p50);
}

Test(estimator, keeps_the_directions_apart)
{
	struct est_snapshot s;

	link_init(&l);
	link_stream(&l, 20 * SECOND, 20000, 50 * MS);
	s = link_read(&l);
	cr_assert_not(s.rate[EST_UP].known);
	for (int i = 0; i < 20; i++) {
		struct est_sample up = {
			.request = ++l.request,
			.direction = EST_UP,
			.bytes = 250000,
			.duration_us = 2060 * MS,
			.ttfb_us = 2055 * MS,
			.connect_us = 0,
			.rtt_us = -1,
		};

		l.now_us += 2060 * MS;
		up.ended_us = l.now_us;
		est_add(&l.est, l.now_us, &up);
	}
	s = link_read(&l);
	cr_assert(s.rate[EST_UP].known);
	cr_assert_geq(s.rate[EST_UP].kbps_p50, 800);
	cr_assert_leq(s.rate[EST_UP].kbps_p50, 1250);
	cr_assert_geq(s.rate[EST_DOWN].kbps_p50, 10000);
}

/* --- A prior is no estimate ------------------------------------------------------------- */

static void
answer(enum est_error error, int64_t bytes, int64_t ttfb_us)
{
	struct est_sample s = { .request = ++l.request, .error = error, .bytes = bytes,
		.duration_us = 40 * MS, .ttfb_us = ttfb_us, .connect_us = 20 * MS,
		.rtt_us = 20 * MS };

	s.ended_us = l.now_us += 40 * MS;
	est_add(&l.est, l.now_us, &s);
	link_wait(&l, 500 * MS);
}

Test(estimator, knows_no_rate_from_round_trips_and_empty_answers)
{
	struct est_snapshot s;
	struct est_seconds t;

	link_init(&l);
	for (int i = 0; i < 40; i++) {
		est_add_rtt(&l.est, l.now_us, EST_PROBE, 20 * MS, true);
		answer(EST_ERROR_NONE, 0, 40 * MS);
		answer(EST_ERROR_REFUSED, 0, -1);
		/* what the kernel saw of it: at least 16 kbit/s */
		est_add_carried(&l.est, l.now_us, EST_KERNEL, EST_DOWN, 1000, 500 * MS,
		    4 * MS, true);
		s = link_read(&l);
		cr_assert_not(s.rate[EST_DOWN].known, "after %d rounds", i + 1);
	}
	est_transfer(&l.est, l.now_us, EST_DOWN, 1000000, &t);
	cr_assert_not(t.known);
	cr_assert_eq(s.state, EST_ONLINE);
	cr_assert(s.rtt.known);
	cr_assert_eq(s.quality, EST_QUALITY_MODERATE); /* at most, by round trips alone */
	cr_assert_eq(s.confidence_ppm, 0);
}

ParameterizedTestParameters(estimator, knows_a_rate_from_one_small_body)
{
	static struct rate_case cases[] = { { 200, 60 * MS }, { 4000, 60 * MS },
		{ 10000, 30 * MS }, { 30000, 20 * MS }, { 900000, 1 * MS } };

	return cr_make_param_array(struct rate_case, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct rate_case *c, estimator, knows_a_rate_from_one_small_body)
{
	link_init(&l);
	link_fetch(&l, 50000, c->kbps, c->ttfb_us);
	cr_assert(link_read(&l).rate[EST_DOWN].known);
}

Test(estimator, knows_a_rate_that_was_exceeded_where_that_says_something)
{
	link_init(&l);
	est_add_carried(&l.est, l.now_us, EST_KERNEL, EST_DOWN, 1500000, 500 * MS, 4 * MS, true);
	cr_assert(link_read(&l).rate[EST_DOWN].known);
	cr_assert_geq(link_read(&l).rate[EST_DOWN].kbps_p50, 20000);
}

struct verdict_case {
	const char *why;
	enum est_verdict verdict;
	struct est_sample s;
};

ParameterizedTestParameters(estimator, refuses_what_says_nothing)
{
	static struct verdict_case cases[] = {
		{ "cache", EST_REJECT_CACHE, { .from_cache = true, .bytes = 1000, .duration_us = 2 * MS, .ttfb_us = 1 * MS } },
		{ "late", EST_REJECT_LATE, { .ended_us = -20 * SECOND, .bytes = 1000, .duration_us = 2 * MS, .ttfb_us = 1 * MS } },
		{ "future", EST_REJECT_ABSURD, { .ended_us = 1, .bytes = 1000, .duration_us = 2 * MS, .ttfb_us = 1 * MS } },
		{ "negative", EST_REJECT_ABSURD, { .bytes = -1, .duration_us = 2 * MS, .ttfb_us = 1 * MS } },
		{ "first byte after the last", EST_REJECT_ABSURD, { .bytes = 1000, .duration_us = 2 * MS, .ttfb_us = 3 * MS } },
		{ "terabits", EST_REJECT_ABSURD, { .bytes = INT64_C(1) << 40, .duration_us = 2 * MS, .ttfb_us = 1 * MS } },
		{ "paced by the server", EST_REJECT_SERVER, { .server_limited = true, .bytes = 100000, .duration_us = 200 * MS, .ttfb_us = 10 * MS } },
	};

	return cr_make_param_array(struct verdict_case, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct verdict_case *c, estimator, refuses_what_says_nothing, .timeout = 20)
{
	struct est_sample s = c->s;
	struct est_explain why;

	link_init(&l);
	s.ended_us += l.now_us;
	cr_assert_eq(est_add(&l.est, l.now_us, &s), c->verdict, "%s", c->why);
	est_explain(&l.est, l.now_us, &why);
	cr_assert_eq(why.rejected[c->verdict], 1);
}

Test(estimator, refuses_slices_that_go_back)
{
	struct est_sample s = { .request = 7, .in_progress = true, .bytes = 5000,
		.duration_us = 500 * MS, .ttfb_us = 50 * MS, .rtt_us = -1 };

	link_init(&l);
	s.ended_us = l.now_us;
	cr_assert_eq(est_add(&l.est, l.now_us, &s), EST_TAKEN);
	s.bytes = 4000;
	s.duration_us = 600 * MS;
	s.ended_us = l.now_us += 100 * MS;
	cr_assert_eq(est_add(&l.est, l.now_us, &s), EST_REJECT_ORDER);
}

Test(estimator, takes_a_paced_body_as_at_least)
{
	struct est_snapshot s;

	link_init(&l);
	link_stream(&l, 20 * SECOND, 20000, 50 * MS);
	for (int i = 0; i < 20; i++) {
		struct est_sample q = { .request = ++l.request, .server_limited = true,
			.bytes = 125000, .duration_us = 1050 * MS, .ttfb_us = 50 * MS,
			.rtt_us = -1 };

		q.ended_us = l.now_us += 1050 * MS;
		est_add(&l.est, l.now_us, &q);
	}
	s = link_read(&l);
	cr_assert_geq(s.rate[EST_DOWN].kbps_p50, 8000);
}

Test(estimator, remembers_what_a_link_is_like)
{
	static struct link again;
	struct est_memory m;
	struct est_snapshot s;

	link_init(&l);
	link_stream(&l, 120 * SECOND, 300, 200 * MS);
	est_save(&l.est, &m);
	cr_assert_leq(m.len, EST_MEMORY_BYTES);
	link_init(&again);
	cr_assert_eq(est_restore(&again.est, again.now_us, &m), 0);
	s = link_read(&again);
	cr_assert(s.rate[EST_DOWN].known);
	cr_assert_eq(s.state, EST_UNKNOWN);
	cr_assert_geq(s.rate[EST_DOWN].kbps_p50, 150);
	cr_assert_leq(s.rate[EST_DOWN].kbps_p50, 600);
	m.version++;
	cr_assert_neq(est_restore(&again.est, again.now_us, &m), 0);
}

Test(estimator, forecasts_the_time_of_a_transfer)
{
	struct est_seconds t, small;

	link_init(&l);
	est_transfer(&l.est, l.now_us, EST_DOWN, 1000, &t);
	cr_assert_not(t.known);
	link_stream(&l, 60 * SECOND, 8000, 50 * MS);
	est_transfer(&l.est, l.now_us, EST_DOWN, 10000000, &t); /* 10 s */
	est_transfer(&l.est, l.now_us, EST_DOWN, 10000, &small);
	cr_assert(t.known && small.known);
	cr_assert_geq(t.us_p50, 9 * SECOND);
	cr_assert_leq(t.us_p50, 13 * SECOND);
	cr_assert_leq(t.us_p10, t.us_p50);
	cr_assert_leq(t.us_p50, t.us_p90);
	cr_assert_geq(small.us_p50, 50 * MS);
	cr_assert_leq(small.us_p50, 300 * MS);
}

Test(estimator, says_where_its_evidence_is_from)
{
	struct est_snapshot s;
	struct est_explain why;

	link_init(&l);
	link_stream(&l, 10 * SECOND, 8000, 50 * MS);
	link_probe(&l, 40 * MS);
	s = link_read(&l);
	cr_assert_eq(s.share_ppm[EST_APP] + s.share_ppm[EST_KERNEL] + s.share_ppm[EST_PROBE], 1000000);
	cr_assert_gt(s.share_ppm[EST_APP], s.share_ppm[EST_PROBE]);
	cr_assert_gt(s.share_ppm[EST_PROBE], 0);
	est_explain(&l.est, l.now_us, &why);
	cr_assert_eq(why.source[EST_PROBE].count, 1);
	cr_assert_eq(why.source[EST_KERNEL].age_us, -1);
	cr_assert_geq(why.source[EST_APP].bytes, 8000000);
}

Test(estimator, asserts_that_time_does_not_run_back, .signal = SIGABRT)
{
	link_init(&l);
	est_tick(&l.est, l.now_us);
	est_tick(&l.est, l.now_us - 1);
}
