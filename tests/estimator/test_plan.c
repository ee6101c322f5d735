/* SPDX-License-Identifier: ISC */
/* The plan: what it takes on links of known rate, and what it never does. */
#include "estimator/plan.h"

#include "tests/estimator/link.h"
#include "tests/estimator/made_outlook.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

TestSuite(plan, .timeout = 30);

static struct plan plan;
static struct plan_work work;
static struct outlook outlook;
static struct plan_answer answer;
static struct plan_rung rung[PLAN_RUNGS_MAX];
static struct plan_question q;

/* Segments of 3 s, 25 s of buffer at the most, on a new plan. */
static void
ladder(size_t n, const int64_t *kbps)
{
	plan_init(&plan);
	for (size_t i = 0; i < n; i++)
		rung[i] = (struct plan_rung){ .avg_kbps = kbps[i], .peak_kbps = kbps[i] * 3 / 2 };
	q = (struct plan_question){ .rung = rung, .rungs = n, .outlook = &outlook, .current = -1,
		.buffer_us = 0, .max_buffer_us = 25 * SECOND, .segment_us = 3 * SECOND,
		.rate_ppm = 1000000, .segments_left = -1, .cap_kbps = -1, .cap_height = -1,
		.weights = { -1.0f, -1.0f, -1.0f } };
}

static void
usual_ladder(void)
{
	static const int64_t kbps[] = { 300, 700, 1500, 3000, 6000 };

	ladder(5, kbps);
}

static int
choose(float kbps, double buffer_s, int current)
{
	made_outlook(&outlook, kbps, 0.4f, 0.01f);
	q.buffer_us = (int64_t)(buffer_s * 1e6);
	q.current = current;
	plan_decide(&plan, &work, &q, &answer);
	return answer.rung;
}

/* Asked often enough, it does not matter that the first table was a rough one. */
static void
settle(float kbps)
{
	for (int i = 0; i < 20; i++)
		choose(kbps, 10, 2);
}

Test(plan, takes_the_lowest_rung_without_evidence)
{
	usual_ladder();
	made_outlook(&outlook, 0.0f, 0.4f, 0.01f);
	plan_decide(&plan, &work, &q, &answer);
	cr_assert_eq(answer.rung, 0);
	cr_assert_eq(answer.reason, PLAN_NO_ESTIMATE);
	cr_assert_not(answer.fetch[0].known);
	cr_assert_eq(answer.risk[0].stall_ppm, -1);
	cr_assert_eq(answer.max_safe_kbps, -1);
}

Test(plan, starts_low_and_higher_on_a_faster_link)
{
	int slow, fast;

	usual_ladder();
	slow = choose(1000, 0, -1);
	cr_assert_eq(answer.reason, PLAN_STARTUP);
	fast = choose(30000, 0, -1);
	cr_assert_eq(slow, 0);
	cr_assert_gt(fast, slow);
}

Test(plan, takes_what_the_link_carries)
{
	usual_ladder();
	settle(4000);
	cr_assert_eq(choose(4000, 15, 3), 3);
	cr_assert_eq(answer.reason, PLAN_STEADY);
	cr_assert_eq(choose(20000, 15, 3), 4);
	cr_assert_eq(answer.reason, PLAN_UP);
	cr_assert_lt(choose(500, 4, 3), 2);
	cr_assert_eq(answer.reason, PLAN_DOWN);
	cr_assert_lt(choose(500, 1, 3), 2);
	cr_assert_eq(answer.reason, PLAN_RECOVER);
}

Test(plan, never_takes_less_with_more_in_the_buffer)
{
	usual_ladder();
	for (float kbps = 200; kbps < 20000; kbps *= 1.5f) {
		int before = 0;

		settle(kbps);
		for (double b = 0; b <= 22; b += 0.5) {
			const struct plan kept = plan;
			const int now = choose(kbps, b, 2);

			cr_assert_geq(now, before, "%g kbit/s, %g s: %d", (double)kbps, b, now);
			before = now;
			plan = kept; /* the same table for all */
		}
	}
}

Test(plan, never_takes_more_on_a_slower_link)
{
	for (double b = 1; b <= 22; b += 7) {
		int before = 0;

		for (float kbps = 200; kbps < 20000; kbps *= 1.15f) {
			int now;

			usual_ladder();
			settle(kbps);
			now = choose(kbps, b, 2);
			cr_assert_geq(now, before, "%g kbit/s, %g s: %d", (double)kbps, b, now);
			before = now;
		}
		cr_assert_eq(before, 4);
	}
}

/* The least buffer with which it goes up to 3000 kbit/s. */
static double
asked_buffer(float sigma, float dead)
{
	usual_ladder();
	q.current = 2;
	made_outlook(&outlook, 4500, sigma, dead);
	for (int i = 0; i < 20; i++)
		plan_decide(&plan, &work, &q, &answer);
	for (double b = 0; b < 22; b += 0.25) {
		q.buffer_us = (int64_t)(b * 1e6);
		plan_decide(&plan, &work, &q, &answer);
		if (answer.rung >= 3)
			return b;
	}
	return 22;
}

Test(plan, asks_for_more_buffer_where_the_link_is_less_sure)
{
	const double sure = asked_buffer(0.15f, 0.001f);

	cr_assert_lt(sure, 6);
	cr_assert_gt(asked_buffer(1.5f, 0.001f), sure + 1);
	cr_assert_gt(asked_buffer(0.15f, 0.3f), sure + 1);
}

/*
 * The least buffer with which it goes up to 3000 kbit/s on a link of 4500 that it has known
 * for 22 minutes, with that many tunnels of 12 s in them; the last ten had none.
 */
static double
asked_after_tunnels(int tunnels)
{
	static struct link l;
	const int64_t each_us = 720 * SECOND / (tunnels + 1);

	link_init(&l);
	for (int i = 0; i < tunnels; i++) {
		link_stream(&l, each_us, 4500, 50 * MS);
		for (int k = 0; k < 3; k++)
			link_probe_silent(&l, 4 * SECOND);
	}
	link_stream(&l, each_us, 4500, 50 * MS);
	link_stream(&l, 600 * SECOND, 4500, 50 * MS);
	usual_ladder();
	outlook_take(&l.est, OUTLOOK_HORIZON_US, &outlook);
	q.current = 2;
	for (int i = 0; i < 20; i++)
		plan_decide(&plan, &work, &q, &answer);
	for (double b = 0; b < 22; b += 0.25) {
		q.buffer_us = (int64_t)(b * 1e6);
		plan_decide(&plan, &work, &q, &answer);
		if (answer.rung >= 3)
			return b;
	}
	return 22;
}

Test(plan, asks_for_a_fuller_buffer_on_a_link_that_has_had_tunnels)
{
	const double none = asked_after_tunnels(0), some = asked_after_tunnels(6);
	const double many = asked_after_tunnels(18);

	cr_assert_gt(some, none, "%g s after six tunnels, %g after none", some, none);
	cr_assert_gt(many, some, "%g s after eighteen, %g after six", many, some);
}

Test(plan, fears_stalls_more_at_the_live_edge)
{
	double edge;

	usual_ladder();
	q.max_buffer_us = 3 * SECOND;
	q.mode = PLAN_LOW_LATENCY;
	settle(4500);
	edge = (double)plan.shape.stall;
	usual_ladder();
	q.max_buffer_us = 3 * SECOND;
	settle(4500);
	cr_assert_gt(edge, 3 * (double)plan.shape.stall);
	/* but the viewer's own word is taken as it is */
	usual_ladder();
	q.weights.stall = 2;
	q.max_buffer_us = 3 * SECOND;
	q.mode = PLAN_LOW_LATENCY;
	settle(4500);
	cr_assert_lt(plan.shape.stall, 4);
}

Test(plan, never_goes_above_the_cap)
{
	usual_ladder();
	q.cap_kbps = 1500;
	for (float kbps = 200; kbps < 1e6f; kbps *= 3)
		for (double b = 0; b < 25; b += 6)
			cr_assert_leq(choose(kbps, b, 4), 2);
	choose(50000, 12, 2);
	cr_assert_eq(answer.reason, PLAN_CAPPED);
	q.cap_kbps = 100; /* nothing is as low: the lowest */
	cr_assert_eq(choose(50000, 12, 2), 0);
	cr_assert_eq(answer.reason, PLAN_CAPPED);
	q.cap_kbps = -1;
	q.cap_height = 720;
	rung[4].height = 1080;
	cr_assert_eq(choose(50000, 12, 3), 3);
}

Test(plan, says_outage_while_nothing_gets_through)
{
	usual_ladder();
	settle(5000);
	made_outlook(&outlook, 5000, 0.4f, 0.99f);
	q.buffer_us = 6 * SECOND;
	plan_decide(&plan, &work, &q, &answer);
	cr_assert_eq(answer.reason, PLAN_OUTAGE);
	cr_assert_leq(answer.rung, 2);
	cr_assert_gt(answer.risk[0].stall_ppm, 300000);
}

static bool
leaves(float kbps, float dead, double buffer_s, int64_t bytes, double elapsed_s)
{
	made_outlook(&outlook, kbps, 0.4f, dead);
	q.buffer_us = (int64_t)(buffer_s * 1e6);
	q.current = 4;
	q.inflight = (struct plan_inflight){ .there = true, .rung = 4, .bytes = bytes,
		.total_bytes = 2250000, .elapsed_us = (int64_t)(elapsed_s * 1e6),
		.ttfb_us = 60000 };
	plan_keep(&plan, &q, &answer);
	return answer.abandon;
}

Test(plan, leaves_a_fetch_when_the_link_falls_or_dies_under_it)
{
	usual_ladder();
	settle(9000);
	cr_assert(leaves(500, 0.01f, 2, 200000, 1));
	cr_assert_lt(answer.abandon_to, 2);
	cr_assert(leaves(6000, 0.97f, 3, 200000, 3));
	cr_assert_lt(answer.abandon_to, 3);
}

Test(plan, goes_on_where_leaving_wins_nothing)
{
	usual_ladder();
	settle(9000);
	cr_assert_not(leaves(9000, 0.01f, 6, 200000, 1));
	cr_assert_not(leaves(500, 0.01f, 4, 2200000, 9), "nearly in");
	cr_assert_not(leaves(2000, 0.01f, 22, 1500000, 4), "there is time");
	cr_assert_not(leaves(500, 0.01f, 4, 20000, 0.2), "too early to tell");
}

Test(plan, takes_after_leaving_what_it_left_for)
{
	usual_ladder();
	settle(9000);
	cr_assert(leaves(500, 0.01f, 2, 200000, 1));
	q.inflight.there = false;
	q.given_up = true;
	plan_choose(&plan, &work, &q, &answer);
	cr_assert_eq(answer.rung, 0);
	q.given_up = false;
	cr_assert_eq(choose(30000, 15, 3), 4); /* and then decides anew */
}

Test(plan, spends_the_buffer_at_the_end)
{
	/* 6000 takes 7.5 s of the 12 s that are left: too much, but for the last segment */
	usual_ladder();
	settle(2400);
	cr_assert_eq(choose(2400, 12, 4), 3);
	q.segments_left = 1;
	cr_assert_eq(choose(2400, 12, 4), 4);
	q.segments_left = 60;
	cr_assert_eq(choose(2400, 12, 4), 3);
}

Test(plan, waits_until_a_segment_fits)
{
	usual_ladder();
	choose(5000, 24, 3);
	cr_assert_eq(answer.wait_us, 2 * SECOND);
	q.rate_ppm = 2000000;
	choose(5000, 24, 3);
	cr_assert_eq(answer.wait_us, SECOND);
	choose(5000, 20, 3);
	cr_assert_eq(answer.wait_us, 0);
}

Test(plan, tells_risks_and_times_that_rise_with_the_rung)
{
	usual_ladder();
	choose(4000, 3, 3);
	for (int i = 1; i < 5; i++) {
		cr_assert_geq(answer.risk[i].stall_ppm, answer.risk[i - 1].stall_ppm);
		cr_assert_gt(answer.fetch[i].us_p50, answer.fetch[i - 1].us_p50);
		cr_assert_leq(answer.fetch[i].us_p10, answer.fetch[i].us_p50);
		cr_assert_leq(answer.fetch[i].us_p50, answer.fetch[i].us_p90);
	}
	cr_assert(answer.risk[3].sustainable && !answer.risk[4].sustainable);
	cr_assert_gt(answer.risk[4].stall_ppm, 500000);
	cr_assert_lt(answer.risk[0].stall_ppm, 30000);
	cr_assert_gt(answer.max_safe_kbps, 700);
	cr_assert_lt(answer.max_safe_kbps, 3700);
	/* a fetch of 2.25 MB at 4 Mbit/s */
	cr_assert_geq(answer.fetch[4].us_p50, 4400000);
	cr_assert_leq(answer.fetch[4].us_p50, 5300000);
}

Test(plan, lets_the_viewer_weigh_stalls_against_bitrate)
{
	int calm, bold;

	usual_ladder();
	q.weights.stall = 60;
	settle(4500);
	calm = choose(4500, 5, 3);
	usual_ladder();
	q.weights.stall = 0.1f;
	settle(4500);
	bold = choose(4500, 5, 3);
	cr_assert_lt(calm, bold);
}

Test(plan, learns_how_large_segments_are_in_truth)
{
	usual_ladder();
	cr_assert_float_eq(plan_kbit(&plan, &rung[2], 3 * SECOND), 4500, 1);
	for (int i = 0; i < 50; i++)
		plan_saw(&plan, &rung[2], 3 * SECOND, 4500000 / 8 / 2);
	cr_assert_float_eq(plan_kbit(&plan, &rung[2], 3 * SECOND), 2250, 120);
	/* of the others it is a good guess */
	cr_assert_lt(plan_kbit(&plan, &rung[4], 3 * SECOND), 14000);
	for (int i = 0; i < 50; i++)
		plan_saw(&plan, &rung[4], 3 * SECOND, 18000000 / 8);
	cr_assert_float_eq(plan_kbit(&plan, &rung[4], 3 * SECOND), 18000, 2000);
}

Test(plan, weighs_enough_of_a_long_ladder)
{
	int64_t kbps[PLAN_RUNGS_MAX];

	for (int i = 0; i < PLAN_RUNGS_MAX; i++)
		kbps[i] = 100 * (i + 1);
	ladder(PLAN_RUNGS_MAX, kbps);
	settle(3000);
	cr_assert_geq(rung[choose(3000, 15, 20)].avg_kbps, 2000);
	cr_assert_leq(rung[answer.rung].avg_kbps, 3200);
	cr_assert_eq(choose(50000, 15, 40), PLAN_RUNGS_MAX - 1);
	cr_assert_eq(choose(60, 0, 40), 0);
	/* what plays need not be one that is weighed */
	for (int i = 1; i < PLAN_RUNGS_MAX; i++) {
		settle(9000);
		made_outlook(&outlook, 150, 0.4f, 0.01f);
		q.buffer_us = 2 * SECOND;
		q.current = i;
		q.inflight = (struct plan_inflight){ .there = true, .rung = i, .bytes = 20000,
			.total_bytes = kbps[i] * 375, .elapsed_us = SECOND, .ttfb_us = 60000 };
		plan_keep(&plan, &q, &answer);
		if (i > 30)
			cr_assert(answer.abandon, "rung %d", i);
		cr_assert(!answer.abandon || answer.abandon_to < i);
		q.inflight.there = false;
	}
}

Test(plan, never_takes_what_is_barred)
{
	usual_ladder();
	rung[0].barred = rung[3].barred = true;
	for (float kbps = 200; kbps < 1e5f; kbps *= 2)
		for (double b = 0; b < 25; b += 6) {
			const int got = choose(kbps, b, 2);

			cr_assert(got != 0 && got != 3, "%d", got);
			cr_assert_neq(answer.reason, PLAN_CAPPED);
			cr_assert(!answer.risk[3].allowed && answer.risk[4].allowed);
		}
	q.cap_kbps = 50; /* and nothing else is low enough */
	cr_assert_eq(choose(50000, 12, 2), 1);
}

Test(plan, keeps_to_what_plays_at_the_live_edge)
{
	/* 2 s of latency, segments of 4 s that come as they are made */
	usual_ladder();
	q.mode = PLAN_LOW_LATENCY;
	q.segment_us = 4 * SECOND;
	q.max_buffer_us = 2 * SECOND;
	settle(4000);
	cr_assert_leq(choose(4000, 1.5, 2), 3);
	cr_assert_geq(choose(4000, 1.5, 2), 2);
	cr_assert_eq(choose(40000, 1.5, 4), 4);
	cr_assert_lt(answer.risk[4].stall_ppm, 50000);
	q.mode = PLAN_LIVE;
	q.max_buffer_us = 12 * SECOND;
	settle(4000);
	cr_assert_eq(choose(4000, 8, 3), 3);
}

Test(plan, is_the_same_each_time)
{
	static struct plan_answer first[50];

	for (int run = 0; run < 2; run++) {
		usual_ladder();
		for (int i = 0; i < 50; i++) {
			memset(&answer, 0, sizeof answer);
			choose(500.0f + 200.0f * (float)(i * 7 % 50), i * 3 % 22, i % 5);
			if (run == 0)
				first[i] = answer;
			else
				cr_assert_eq(memcmp(&first[i], &answer, sizeof answer), 0);
		}
	}
}

Test(plan, survives_any_ladder)
{
	srand(1);
	for (int k = 0; k < 300; k++) {
		int64_t kbps[PLAN_RUNGS_MAX], most = 1 + rand() % 24, at = 1;
		const size_t n = 1 + (size_t)(rand() % (k % 20 == 0 ? PLAN_RUNGS_MAX : 6));

		for (size_t i = 0; i < n; i++) {
			at += rand() % 3 == 0 ? 0 : rand() % (1 << most);
			kbps[i] = at < 10000000 ? at : 10000000;
		}
		ladder(n, kbps);
		q.segment_us = 10000 + rand() % (120 * SECOND);
		q.max_buffer_us = rand() % 4 == 0 ? -1 : rand() % (200 * SECOND);
		q.rate_ppm = 1000 + rand() % 16000000;
		q.mode = (enum plan_mode)(rand() % 3);
		q.weights.stall = rand() % 2 ? -1.0f : (float)(rand() % 1000000);
		for (int i = 0; i < 3; i++) {
			q.inflight = (struct plan_inflight){ .there = rand() % 2,
				.rung = rand() % (int)n, .bytes = rand(),
				.total_bytes = rand() % 3 ? rand() : -1,
				.elapsed_us = rand(), .ttfb_us = rand() % 3 - 1 };
			choose((float)(1 + rand() % (1 << most)), rand() % 300, rand() % (int)n);
			cr_assert(answer.rung >= 0 && answer.rung < (int)n);
			for (int r = 0; r < plan.shape.rungs * plan.shape.levels *
			    plan.shape.cells; r++)
				cr_assert(isfinite(plan.v[r]));
		}
	}
}
