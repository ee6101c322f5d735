/* SPDX-License-Identifier: ISC */
/* Sums of seconds beside the same sums made second by second without any cleverness. */
#include <criterion/criterion.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/rollup.h"

#define SECOND INT64_C(1000000)
#define BEGIN INT64_C(1764000000) /* a full hour */

TestSuite(rollup, .timeout = 60);

static struct api_estimate_row
row(int64_t s, const char *link, int64_t kbps)
{
	struct api_estimate_row r = { .wall_us = (BEGIN + s) * SECOND,
		.state = EST_ONLINE,
		.quality = EST_QUALITY_GOOD,
		.down_kbps_p10 = kbps / 2,
		.down_kbps_p50 = kbps,
		.down_kbps_p90 = kbps * 2,
		.up_kbps_p50 = API_UNKNOWN,
		.rtt_us_min = kbps + 1,
		.rtt_us_p50 = kbps + 2,
		.rtt_us_p90 = kbps + 3,
		.ttfb_us_p50 = kbps + 4,
		.loss_ppm = kbps % 1000,
		.observations = 1,
		.bytes_observed = kbps,
		.bytes_probed = API_UNKNOWN };

	(void)snprintf(r.link, sizeof r.link, "%s", link);
	return r;
}

/* All buckets of these rows; the caller frees. */
static struct api_estimate_row *
roll(const struct api_estimate_row *rows, size_t len, int64_t end_s, int64_t step_s, size_t *out)
{
	struct api_estimate_row *all = NULL, one;
	struct rollup *r;
	int got;

	*out = 0;
	cr_assert_eq(rollup_create(BEGIN, BEGIN + end_s, step_s, &r), 0);
	for (size_t i = 0; i <= len; i++) {
		if (i < len)
			rollup_add(r, &rows[i], 0);
		else
			rollup_end(r);
		while ((got = rollup_next(r, &one)) > 0) {
			all = realloc(all, (*out + 1) * sizeof *all);
			all[(*out)++] = one;
		}
		cr_assert_eq(got, 0);
	}
	rollup_destroy(r);
	return all;
}

Test(rollup, mixes_beliefs_by_time_not_by_rows)
{
	struct api_estimate_row rows[64];
	struct api_estimate_row *b;
	size_t n;

	for (int i = 0; i < 40; i++)
		rows[i] = row(i, "a", 1000);
	rows[40] = row(40, "a", 90000); /* 20 s of it in this minute */
	b = roll(rows, 41, 60, 60, &n);
	cr_assert_eq(n, 1);
	cr_assert_leq(llabs(b[0].down_kbps_p10 - 500), 4);
	cr_assert_gt(b[0].down_kbps_p50, 1000, "of a mixture, not of the longest");
	cr_assert_lt(b[0].down_kbps_p50, 2000);
	free(b);
	rows[0] = row(0, "a", 90000); /* idle: one row for 40 s */
	for (int i = 0; i < 20; i++)
		rows[i + 1] = row(40 + i, "a", 1000);
	b = roll(rows, 21, 60, 60, &n);
	cr_assert_eq(n, 1);
	cr_assert_gt(b[0].down_kbps_p50, 44000);
	cr_assert_eq(b[0].observations, 21, "what was counted is summed");
	free(b);
}

Test(rollup, gives_a_belief_that_does_not_change_back)
{
	struct api_estimate_row rows[60], *b;
	size_t n;

	for (int i = 0; i < 60; i++)
		rows[i] = row(i, "a", 5200);
	b = roll(rows, 60, 60, 60, &n);
	cr_assert_eq(n, 1);
	cr_assert_eq(b[0].down_kbps_p50, 5200);
	cr_assert_eq(b[0].down_kbps_p10, 2600);
	cr_assert_eq(b[0].down_kbps_p90, 10400);
	cr_assert_eq(b[0].rtt_us_p50, 5202);
	cr_assert_eq(b[0].rtt_us_p90, 5203);
	cr_assert_eq(b[0].ttfb_us_p50, 5204);
	free(b);
}

Test(rollup, leaves_a_gap_where_nothing_held)
{
	struct api_estimate_row rows[] = { row(0, "a", 1), row(7200, "a", 2) };
	size_t n;
	struct api_estimate_row *b = roll(rows, 2, 86400, 60, &n);

	cr_assert_eq(n, 2, "a row holds for a minute, and not for the hours after it");
	cr_assert_eq(b[0].wall_us, BEGIN * SECOND);
	cr_assert_eq(b[1].wall_us, (BEGIN + 7200) * SECOND);
	free(b);
}

Test(rollup, holds_a_row_from_before_the_range)
{
	struct api_estimate_row rows[] = { row(-30, "a", 7) };
	size_t n;
	struct api_estimate_row *b = roll(rows, 1, 3600, 60, &n);

	cr_assert_eq(n, 1);
	cr_assert_eq(b[0].wall_us, BEGIN * SECOND);
	cr_assert_eq(b[0].down_kbps_p50, 7);
	cr_assert_eq(b[0].observations, API_UNKNOWN, "it was counted where it stands");
	free(b);
}

Test(rollup, keeps_what_was_never_known_unknown)
{
	struct api_estimate_row rows[] = { row(0, "a", 5) };
	struct api_estimate_row *b;
	size_t n;

	rows[0].rtt_us_min = rows[0].loss_ppm = rows[0].ttfb_us_p50 = API_UNKNOWN;
	b = roll(rows, 1, 60, 60, &n);
	cr_assert_eq(b[0].rtt_us_min, API_UNKNOWN);
	cr_assert_eq(b[0].loss_ppm, API_UNKNOWN);
	cr_assert_eq(b[0].ttfb_us_p50, API_UNKNOWN);
	cr_assert_eq(b[0].up_kbps_p50, API_UNKNOWN);
	cr_assert_eq(b[0].bytes_probed, API_UNKNOWN);
	free(b);
}

Test(rollup, survives_absurd_numbers)
{
	struct api_estimate_row rows[] = { row(0, "a", 5), row(1, "a", 5) };
	struct api_estimate_row *b;
	size_t n;

	rows[0].down_kbps_p50 = rows[1].down_kbps_p50 = INT64_MAX;
	rows[0].bytes_observed = rows[1].bytes_observed = INT64_MAX;
	rows[0].loss_ppm = INT64_MAX;
	rows[1].loss_ppm = -5;
	rows[0].rtt_us_p50 = rows[1].rtt_us_p50 = -1;
	b = roll(rows, 2, 60, 60, &n);
	cr_assert_eq(n, 1);
	cr_assert_eq(b[0].down_kbps_p50, UINT32_MAX - 1, "cut");
	cr_assert_eq(b[0].bytes_observed, INT64_MAX, "not wrapped");
	cr_assert_eq(b[0].loss_ppm, API_UNKNOWN);
	cr_assert_eq(b[0].rtt_us_p50, API_UNKNOWN);
	free(b);
}

Test(rollup, says_where_too_many_links_are_up)
{
	struct api_estimate_row one = row(0, "a", 1), out;
	struct rollup *r;
	int got = 0;

	cr_assert_eq(rollup_create(BEGIN, BEGIN + 60, 60, &r), 0);
	for (int i = 0; got == 0 && i <= ROLLUP_LINKS_MAX; i++) {
		(void)snprintf(one.link, sizeof one.link, "l%d", i);
		rollup_add(r, &one, 0);
		got = rollup_next(r, &out);
		cr_assert_eq(got < 0, i == ROLLUP_LINKS_MAX);
	}
	cr_assert_lt(got, 0);
	rollup_destroy(r);
}

static int
by_number(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Five values of a belief on a straight line of the logarithm. */
static size_t
put_belief(double *values, const struct api_estimate_row *r)
{
	double low = (double)r->down_kbps_p10, mid = (double)r->down_kbps_p50;
	double high = (double)r->down_kbps_p90;

	values[0] = low;
	values[1] = sqrt(low * mid);
	values[2] = mid;
	values[3] = sqrt(mid * high);
	values[4] = high;
	return 5;
}

/* A bin is 1.6 % wide, and within an octave the scale is straight: 6 % for the halves. */
static void
assert_near(int64_t got, double wanted)
{
	cr_assert_leq(fabs((double)got - wanted), wanted / 12, "%lld for %g", (long long)got,
	    wanted);
}

/* The same sum, from an array with what held in each second. */
static void
check_bucket(const struct api_estimate_row *b, const struct api_estimate_row *const *held,
    int64_t step_s, int64_t rows_sum)
{
	static double values[5 * 3600];
	int64_t states[EST_STATES] = { 0 }, min = INT64_MAX, loss = 0, s_known = 0;
	size_t n = 0;

	for (int64_t s = 0; s < step_s; s++) {
		if (held[s] == NULL)
			continue;
		n += put_belief(values + n, held[s]);
		s_known++;
		states[held[s]->state]++;
		loss += held[s]->loss_ppm;
		if (held[s]->rtt_us_min < min)
			min = held[s]->rtt_us_min;
	}
	cr_assert_gt(n, 0, "no row for what was not held");
	qsort(values, n, sizeof values[0], by_number);
	assert_near(b->down_kbps_p10, values[(n + 9) / 10 - 1]);
	assert_near(b->down_kbps_p50, values[(n + 1) / 2 - 1]);
	assert_near(b->down_kbps_p90, values[(9 * n + 9) / 10 - 1]);
	cr_assert_eq(b->rtt_us_min, min);
	cr_assert_eq(b->loss_ppm, (loss + s_known / 2) / s_known);
	for (int i = 0; i < EST_STATES; i++)
		cr_assert_leq(states[i], states[b->state]);
	cr_assert_eq(b->bytes_observed, rows_sum == 0 ? API_UNKNOWN : rows_sum);
}

#define SPAN 14400
#define LINKS 3

static struct api_estimate_row rows[SPAN * LINKS];
static const struct api_estimate_row *held[LINKS][SPAN + ROLLUP_HOLD_S];

static size_t
make_rows(unsigned seed)
{
	static const char *const names[LINKS] = { "a", "b", "c" };
	size_t n = 0;

	srandom(seed);
	for (int s = 0; s < SPAN; s++)
		for (int l = 0; l < LINKS; l++) {
			/* busy, idle, and away by turns */
			long busy = (s / 700 + l) % 3 == 0 ? 1 : (s / 700 + l) % 3 == 1 ? 45 : 900;

			if (random() % busy != 0)
				continue;
			rows[n] = row(s, names[l], 1000 + random() % 100000);
			rows[n].state = (enum est_state)(random() % EST_STATES);
			n++;
		}
	return n;
}

static void
hold_rows(size_t n)
{
	memset(held, 0, sizeof held);
	for (size_t i = 0; i < n; i++)
		for (int64_t s = 0; s < ROLLUP_HOLD_S; s++)
			held[rows[i].link[0] - 'a'][rows[i].wall_us / SECOND - BEGIN + s] = &rows[i];
}

static void
compare(unsigned seed, int64_t step_s)
{
	size_t n = make_rows(seed), buckets, wanted = 0;
	struct api_estimate_row *b;
	int64_t last = 0;

	hold_rows(n);
	b = roll(rows, n, SPAN, step_s, &buckets);
	for (size_t i = 0; i < buckets; i++) {
		int64_t at = b[i].wall_us / SECOND - BEGIN, sum = 0;
		int l = b[i].link[0] - 'a';
		int64_t key = at * LINKS + l;

		cr_assert(i == 0 || key > last, "in order, each once");
		last = key;
		for (size_t r = 0; r < n; r++)
			if (rows[r].link[0] == b[i].link[0] &&
			    rows[r].wall_us >= b[i].wall_us &&
			    rows[r].wall_us < b[i].wall_us + step_s * SECOND)
				sum += rows[r].bytes_observed;
		check_bucket(&b[i], &held[l][at], step_s, sum);
	}
	for (int l = 0; l < LINKS; l++)
		for (int64_t at = 0; at < SPAN; at += step_s) {
			bool any = false;

			for (int64_t s = at; s < at + step_s; s++)
				any |= held[l][s] != NULL;
			wanted += any;
		}
	cr_assert_eq(buckets, wanted, "a row for each that was held");
	free(b);
}

Test(rollup, equals_the_sum_made_second_by_second)
{
	for (unsigned seed = 1; seed <= 10; seed++) {
		compare(seed, 60);
		compare(seed, 3600);
	}
}
