/* SPDX-License-Identifier: ISC */
/* Sums that are written, read and merged are those of the whole; foreign bytes do no harm. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "daemon/sums.h"

TestSuite(sums, .timeout = 30);

static struct sums whole, part, merged;
static unsigned char conditions[SUMS_CONDITIONS_MAX], detail[SUMS_DETAIL_MAX];

Test(sums, reads_a_value_back_within_one_percent)
{
	for (uint64_t v = 0; v <= UINT32_MAX; v += v / 97 + 1) {
		unsigned bin = sketch_bin((uint32_t)v);
		double back = sketch_value(bin);

		cr_assert_lt(bin, SKETCH_BINS);
		cr_assert_eq(sketch_bin(sketch_value(bin)), bin);
		cr_assert_leq((back - (double)v) * (back - (double)v), 0.008 * (double)v * 0.008 * (double)v);
	}
	cr_assert_eq(sketch_value(sketch_bin(5200)), 5215, "the header's example");
	cr_assert_eq(sketch_bin(UINT32_MAX), SKETCH_BINS - 1);
}

static struct api_estimate_row
random_row(void)
{
	int64_t kbps = 1 + random() % 1000000, us = random() % 2000000;
	struct api_estimate_row r = { .state = (enum est_state)(random() % EST_STATES),
		.quality = (enum est_quality)(random() % EST_QUALITIES),
		.down_kbps_p10 = kbps * 2 / 3, .down_kbps_p50 = kbps, .down_kbps_p90 = kbps * 2,
		.up_kbps_p50 = random() % 3 == 0 ? API_UNKNOWN : kbps / 5,
		.rtt_us_min = us / 2, .rtt_us_p50 = us, .rtt_us_p90 = us * 2,
		.ttfb_us_p50 = random() % 2 == 0 ? API_UNKNOWN : us * 3,
		.loss_ppm = random() % 1000, .observations = 1, .bytes_observed = kbps,
		.bytes_probed = API_UNKNOWN };

	return r;
}

/* Add `part`, by way of bytes, to `merged`. */
static void
merge_part(bool with_detail)
{
	struct api_estimate_row row = { .rtt_us_min = 0 };
	size_t c = sums_conditions_write(&part, conditions);
	size_t d = sums_detail_write(&part, detail);

	sums_row(&part, &row);
	sums_merge(&merged, &row, conditions, c, detail, with_detail ? d : 0);
}

Test(sums, merge_to_the_sum_of_the_whole)
{
	struct api_estimate_row a = { .wall_us = 0 }, b = { .wall_us = 0 };

	srandom(3);
	sums_clear(&whole);
	sums_clear(&merged);
	for (int minute = 0; minute < 60; minute++) {
		sums_clear(&part);
		for (int i = 0; i < 10; i++) {
			struct api_estimate_row r = random_row();

			sums_hold(&whole, &r, 6);
			sums_hold(&part, &r, 6);
			sums_count(&whole, &r);
			sums_count(&part, &r);
		}
		merge_part(true);
	}
	sums_row(&whole, &a);
	sums_row(&merged, &b);
	cr_assert_eq(memcmp(&a, &b, sizeof a), 0);
	cr_assert_eq(sums_seconds(&merged), 3600);
	for (int i = 0; i < SUMS_MEASURES; i++)
		cr_assert_eq(sums_mean(&whole.measure[i]), sums_mean(&merged.measure[i]));
	cr_assert_eq(memcmp(&whole, &merged, sizeof whole), 0, "nothing is lost");
}

Test(sums, merge_a_row_without_detail_as_one_that_was_held)
{
	struct api_estimate_row row = random_row(), back = { .wall_us = 0 };

	sums_clear(&part);
	sums_clear(&merged);
	sums_hold(&part, &row, 60);
	sums_count(&part, &row);
	merge_part(false);
	sums_row(&merged, &back);
	cr_assert_eq(sums_seconds(&merged), 60);
	cr_assert_eq(back.state, row.state);
	cr_assert_eq(back.down_kbps_p50, row.down_kbps_p50);
	cr_assert_eq(back.observations, 1);
}

Test(sums, survive_bytes_that_make_no_sense)
{
	struct api_estimate_row row = random_row();
	size_t c, d;

	srandom(7);
	sums_clear(&part);
	for (int i = 0; i < 60; i++) {
		struct api_estimate_row r = random_row();

		sums_hold(&part, &r, 1);
	}
	c = sums_conditions_write(&part, conditions);
	d = sums_detail_write(&part, detail);
	for (int i = 0; i < 20000; i++) {
		unsigned char bad_c[sizeof conditions];
		unsigned char *bad_d = malloc(d); /* so that a byte too far is seen */
		size_t c_len = 1 + (size_t)random() % c, d_len = (size_t)random() % (d + 1);

		memcpy(bad_c, conditions, c);
		memcpy(bad_d, detail, d);
		bad_d[(size_t)random() % d] = (unsigned char)random();
		if (i % 2 == 0)
			bad_c[(size_t)random() % c] = (unsigned char)random();
		sums_clear(&merged);
		sums_merge(&merged, &row, bad_c, c_len, bad_d, d_len);
		sums_row(&merged, &row);
		free(bad_d);
	}
}
