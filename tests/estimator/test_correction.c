/* SPDX-License-Identifier: ISC */
/* Learnt corrections: small, in order, and none where nothing was learnt. */
#include "estimator/correction.h"

#include "estimator/trend.h"
#include "tests/estimator/link.h"
#include "tests/sim/rng.h"

#include <criterion/criterion.h>
#include <math.h>

TestSuite(correction, .timeout = 20);

Test(correction, moves_little_and_keeps_the_order)
{
	struct rng r = { .state = 7 };

	for (int i = 0; i < 20000; i++) {
		const float was[3] = { 9.0f + 0.3f * (float)rng_even(&r), 9.4f,
			9.5f + (float)rng_even(&r) };
		float x[CORRECTION_INPUTS], y[3] = { was[0], was[1], was[2] };

		for (int k = 0; k < CORRECTION_INPUTS; k++)
			x[k] = (float)rng_between(&r, -6.0, 6.0);
		correction_apply(x, 1.0f, y);
		cr_assert(y[0] <= y[1] && y[1] <= y[2]);
		cr_assert_leq(fabsf(y[1] - was[1]), CORRECTION_MOST + 1e-4f);
		cr_assert_geq(y[0], was[0] - CORRECTION_MOST - 1e-4f);
		cr_assert_leq(y[2], was[2] + CORRECTION_MOST + 1e-4f);
	}
}

Test(correction, of_no_share_changes_nothing)
{
	float x[CORRECTION_INPUTS] = { 1.0f, -1.0f, 0.5f }, y[3] = { 9.0f, 10.0f, 11.0f };

	correction_apply(x, 0.0f, y);
	cr_assert(y[0] == 9.0f && y[1] == 10.0f && y[2] == 11.0f);
}

Test(correction, knows_no_rate_by_itself)
{
	struct belief b;
	struct fate fate;
	struct feedback f;
	struct trend t = { .known = true, .away = 0.4f };
	float prior[LEVELS], x[2][CORRECTION_INPUTS];

	fate_init(&fate);
	feedback_init(&f);
	for (int k = 0; k < 2; k++) { /* the same link, 16 times as fast */
		const float median = k == 0 ? 10.0f : 14.0f;
		const float q[FORECAST_QUANTILES] = { median - 2, median - 1.5f, median - 1,
			median - 0.5f, median, median + 0.5f, median + 1, median + 1.5f, median + 2 };
		const float y[3] = { q[FORECAST_P10], median, q[FORECAST_P90] };
		const struct correction_of of = { .quantiles = q, .y = y, .belief = &b,
			.fate = &fate, .feedback = &f, .trend = &t, .last_y = median + 0.3f,
			.last_known = true };

		belief_prior(prior, median, 0.5f);
		belief_init(&b, prior);
		for (int i = 0; i < TRENDS; i++)
			t.mean_y[i] = median - 0.2f;
		correction_inputs(&of, x[k]);
	}
	for (int i = 0; i < CORRECTION_INPUTS; i++)
		cr_assert_float_eq(x[0][i], x[1][i], 0.02f, "input %d", i);
}

Test(trend, follows_in_the_order_of_its_spans)
{
	struct trend t = { .known = false };

	trend_seen(&t, 10.0f, 1.0f);
	for (int i = 0; i < 8; i++)
		trend_seen(&t, 12.0f, 0.5f);
	for (int k = 1; k < TRENDS; k++)
		cr_assert_lt(t.mean_y[k], t.mean_y[k - 1]);
	cr_assert_float_eq(t.mean_y[0], 12.0f, 0.05f);
}
