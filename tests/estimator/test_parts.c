/* SPDX-License-Identifier: ISC */
/* The parts of the estimator: levels, windows, clocks, merging, silence. */
#include "estimator/estimator.h"
#include "estimator/grain.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <criterion/theories.h>
#include <math.h>

TestSuite(level, .timeout = 20);

Test(level, has_rates_that_match_its_grid)
{
	for (int i = 0; i < LEVELS; i++) {
		const double kbps = exp2((double)level_at(i)) - 32.0;

		cr_assert_float_eq(level_kbps[i], kbps, kbps * 1e-5);
		cr_assert_float_eq(level_log2_kbps[i], log2(kbps), 1e-5);
	}
	cr_assert_lt(level_kbps[LEVEL_LOW - 1], 64.0f);
	cr_assert_geq(level_kbps[LEVEL_LOW], 64.0f);
}

TheoryDataPoints(level, has_logarithms_like_libm) = {
	DataPoints(double, 1e-30, 1e-6, 0.3, 0.70710677, 0.999999, 1.0, 1.4142135, 1.4142136, 2.0,
	    7.3, 1e6, 3e30),
};

Theory((double x), level, has_logarithms_like_libm)
{
	const double y = log2((double)(float)x);

	cr_assert_float_eq(num_log2((float)x), y, 2e-6 + fabs(y) * 2e-7);
	cr_assert_float_eq((double)num_exp2((float)y) / x, 1.0, 1e-5);
}

Test(level, finds_quantiles_inside_bins)
{
	float mass[LEVELS] = { 0 };

	mass[20] = 0.5f;
	mass[40] = 0.5f;
	cr_assert_float_eq(level_quantile(mass, 0.25f), level_at(20), 1e-5);
	cr_assert_float_eq(level_quantile(mass, 0.75f), level_at(40), 1e-5);
}

Test(level, keeps_all_mass_when_it_moves)
{
	float from[LEVELS] = { 0 }, to[LEVELS] = { 0 };

	from[50] = 1.0f;
	level_add_moved(to, from, 1.0f, -1.25f);
	cr_assert_float_eq(level_sum(to), 1.0, 1e-5);
	cr_assert_float_eq(level_quantile(to, 0.5f), level_at(50) - 1.25f, 0.08);
	level_add_moved(to, from, 1.0f, -1000.0f);
	level_add_moved(to, from, 1.0f, 1000.0f);
	cr_assert_float_eq(level_sum(to), 3.0, 1e-4);
	level_diffuse(from, 0.5f * 0.5f);
	cr_assert_float_eq(level_sum(from), 1.0, 1e-3);
}

TestSuite(window, .timeout = 20);

struct window_case {
	float bytes, window, rtt_s, kbps, s;
};

ParameterizedTestParameters(window, takes_the_time_of_slow_start)
{
	static struct window_case cases[] = {
		/* the link is the limit from the start */
		{ 100000, 100000, 0.05f, 1000, 0.8f },
		/* the window is: 50 ms * log2(1 + 30000 * ln 2 / 14480) */
		{ 30000, 14480, 0.05f, 1e6f, 0.0643f },
		/* first the one, then the other */
		{ 1000000, 14480, 0.1f, 8000, 1.0f - 0.1235f + 0.2788f - 0.0f },
	};

	return cr_make_param_array(struct window_case, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct window_case *c, window, takes_the_time_of_slow_start, .timeout = 20)
{
	cr_assert_float_eq(window_time_s(c->bytes, c->window, c->rtt_s, c->kbps), c->s, c->s * 0.02f,
	    "%f", (double)window_time_s(c->bytes, c->window, c->rtt_s, c->kbps));
}

Test(window, says_nothing_beyond_what_it_allows)
{
	struct window w;
	struct belief_sight s = { .y = 0 };
	const struct window_use u = { .bytes = 20000, .dt_s = 0.05f, .rtt_s = 0.05f,
		.least_s = 0.05f, .flows = 1.0f };

	window_init(&w);
	window_foresee(&w, &u, &s);
	/* from 100 Mbit/s on all levels would look the same */
	cr_assert_float_eq(s.seen_at[0][75], s.seen_at[0][LEVELS - 1], 0.01);
	cr_assert_gt(s.seen_at[0][40], s.seen_at[0][30] + 1.0f);
}

Test(window, learns_a_larger_initial_one)
{
	struct window w;
	struct belief_sight s = { .y = 0 };
	const struct window_use u = { .bytes = 96000, .dt_s = 0.1f, .rtt_s = 0.06f,
		.least_s = 0.06f, .flows = 1.0f,
		.cold = true };
	const float evidence[2] = { 1.0f, 1.0f };

	window_init(&w);
	for (int i = 0; i < 30; i++) {
		window_foresee(&w, &u, &s);
		window_learn(&w, &u, &s, evidence);
	}
	/* 96 kB in 100 ms over 60 ms need a first window of 30 kB */
	cr_assert_gt(w.initial, 25000.0f);
	cr_assert_lt(w.initial, 35000.0f);
}

Test(window, is_no_larger_for_an_answer_that_waited)
{
	struct window w;
	struct belief_sight s;
	/* 60 ms fetch 96 kB in 150 ms from ten segments; the first byte was held up */
	const struct window_use u = { .bytes = 96000, .dt_s = 0.15f, .rtt_s = 0.09f,
		.least_s = 0.06f, .flows = 1.0f, .fresh = true };
	const float evidence[2] = { 1.0f, 1.0f };

	window_init(&w);
	for (int i = 0; i < 10; i++) {
		window_foresee(&w, &u, &s);
		window_learn(&w, &u, &s, evidence);
	}
	cr_assert_lt(w.initial, 1.2f * WINDOW_INITIAL);
}

Test(window, is_told_from_one_that_had_grown_among_several)
{
	struct window w;
	struct belief_sight s = { .y = 0 };
	const struct window_use u = { .bytes = 60000, .dt_s = 0.1f, .rtt_s = 0.05f,
		.least_s = 0.05f, .flows = 2.0f,
		.several = true };

	window_init(&w);
	w.used = true;
	w.bytes = 200000.0f;
	window_foresee(&w, &u, &s);
	cr_assert_eq(s.hypotheses, 2);
	/* 60 kB by two flows from ten segments each would have been the window's doing */
	cr_assert_lt(s.seen_at[0][LEVELS - 1], 13.5f);
	cr_assert_gt(s.seen_at[1][LEVELS - 1], 14.0f);
}

TestSuite(grain, .timeout = 20);

Test(grain, is_measured_and_ends_with_the_first_finer_time)
{
	struct grain g = { .in_row = { 0 } };

	for (int i = 1; i <= 4; i++) {
		cr_assert_eq(grain_us(&g), 0);
		grain_see(&g, i * 70000);
	}
	cr_assert_eq(grain_us(&g), 10000);
	grain_see(&g, 71000);
	cr_assert_eq(grain_us(&g), 1000);
	grain_see(&g, 71001);
	cr_assert_eq(grain_us(&g), 0);
}

TestSuite(merge, .timeout = 20);

static struct piece
piece(int64_t from_us, int64_t to_us, float bytes, uint32_t tag)
{
	return (struct piece){ .from_us = from_us, .to_us = to_us, .start_us = from_us,
		.bytes = bytes, .tag = tag, .first = true };
}

Test(merge, gives_a_lone_request_as_it_is)
{
	static struct merge m;
	const struct piece p = piece(0, 700000, 5e5f, 1);
	struct portion out;

	merge_init(&m);
	merge_add(&m, &p);
	cr_assert(merge_take(&m, 700000, 700000, &out));
	cr_assert_float_eq(out.bytes, 5e5f, 1.0);
	cr_assert_float_eq(out.dt_s, 0.7f, 1e-4);
	cr_assert_not(merge_take(&m, 700000, 700000, &out));
}

Test(merge, sums_what_overlaps_over_the_union_of_its_time)
{
	static struct merge m;
	struct portion out;
	float bytes = 0.0f, s = 0.0f;

	merge_init(&m);
	for (uint32_t i = 0; i < 6; i++) {
		const struct piece p = piece(10000 * i, 200000 + 10000 * i, 25000.0f, i + 1);

		merge_add(&m, &p);
	}
	cr_assert(merge_shared(&m, 300000));
	while (merge_take(&m, 300000, 300000, &out)) {
		bytes += out.bytes;
		s += out.dt_s;
		cr_assert_gt(out.flows, 3.0f);
	}
	cr_assert_float_eq(bytes, 150000.0f, 10.0);
	cr_assert_float_eq(s, 0.25f, 1e-3);
}

Test(merge, holds_back_what_lies_after_the_watermark)
{
	static struct merge m;
	struct portion out;
	const struct piece a = piece(0, 400000, 4e4f, 1), b = piece(0, 400000, 4e4f, 2);

	merge_init(&m);
	merge_add(&m, &a);
	merge_add(&m, &b);
	cr_assert(merge_take(&m, 400000, 100000, &out));
	cr_assert_float_eq(out.bytes, 2e4f, 10.0);
	cr_assert_not(merge_take(&m, 400000, 100000, &out));
	cr_assert(merge_take(&m, 600000, 500000, &out));
	cr_assert_float_eq(out.bytes, 6e4f, 10.0);
}

Test(merge, bears_more_pieces_than_it_keeps)
{
	static struct merge m;
	struct portion out;
	float bytes = 0.0f;

	merge_init(&m);
	for (uint32_t i = 0; i < 500; i++) {
		const struct piece p = piece(i * 1000, i * 1000 + 50000, 1000.0f, i);

		merge_add(&m, &p);
	}
	while (merge_take(&m, 1000000, 1000000, &out))
		bytes += out.bytes;
	cr_assert_float_eq(bytes, 500000.0f, 100.0);
}

TestSuite(silence, .timeout = 20);

Test(silence, counts_once_however_many_tell_of_it)
{
	const struct smooth wait = { .mean_s = 0.05f, .dev_s = 0.01f, .known = true };
	const struct silence_of of = { .from_us = 0, .to_us = 400000 };
	struct silence s;
	float factor[LEVELS];

	silence_init(&s);
	cr_assert(silence_goes_on(&s, &of, &wait, factor));
	cr_assert_lt(factor[LEVELS - 1], 0.2f);
	cr_assert_not(silence_goes_on(&s, &of, &wait, factor));
	silence_broken(&s, 500000);
	cr_assert_float_eq(s.said, 1.0f, 1e-6);
}

Test(silence, waits_longer_where_answers_take_longer)
{
	const struct smooth quick = { .mean_s = 0.05f, .dev_s = 0.01f, .known = true };
	const struct smooth slow = { .mean_s = 0.5f, .dev_s = 0.2f, .known = true };

	cr_assert_lt(silence_survival(0.6f, false, &quick), 0.01f);
	cr_assert_gt(silence_survival(0.8f, false, &slow), 0.5f);
}

TestSuite(fate, .timeout = 20);

Test(fate, expects_a_long_outage_to_be_longer)
{
	cr_assert_gt(fate_remaining_s(30.0f, 0.5f), fate_remaining_s(1.0f, 0.5f));
	cr_assert_lt(fate_back_hz(30.0f), fate_back_hz(1.0f));
}

TestSuite(latency, .timeout = 20);

Test(latency, forgets_a_least_that_is_no_more)
{
	static struct latency l;

	latency_init(&l);
	for (int i = 0; i < 50; i++)
		latency_rtt(&l, i * 1000000, 0.02f, false);
	for (int i = 50; i < 130; i++)
		latency_rtt(&l, i * 1000000, 0.08f, false);
	cr_assert_float_eq(latency_least_s(&l), 0.08f, 0.005);
	cr_assert_float_eq(delays_quantile(&l.rtt, 130 * 1000000, 0.5f, 0.0f), 0.08f, 1e-3);
}

Test(latency, counts_an_overdue_answer_in_the_upper_quantile)
{
	static struct latency l;

	latency_init(&l);
	for (int i = 0; i < 40; i++)
		latency_ttfb(&l, i * 1000000, 0.05f, 0.0f);
	cr_assert_float_eq(delays_quantile(&l.ttfb, 40000000, 0.9f, 0.0f), 0.05f, 1e-3);
	cr_assert_float_eq(delays_quantile(&l.ttfb, 40000000, 0.9f, 1.5f), 1.5f, 1e-3);
	cr_assert_float_eq(delays_quantile(&l.ttfb, 40000000, 0.5f, 1.5f), 0.05f, 1e-3);
}

Test(latency, notes_the_delay_under_load)
{
	static struct latency l;

	latency_init(&l);
	cr_assert_lt(latency_loaded_s(&l), 0.0f);
	latency_rtt(&l, 0, 0.02f, false);
	latency_rtt(&l, 1000000, 0.3f, true);
	cr_assert_float_eq(latency_loaded_s(&l), 0.3f, 1e-6);
}
