/* SPDX-License-Identifier: ISC */
/* The bounded buffer: numbers and times as text, and what happens at its end. */
#include "api/buf.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <time.h>

#include "tests/api/text.h"

TestSuite(buf, .timeout = 10);

Test(buf, writes_integers_as_printf_does)
{
	static const int64_t cases[] = {0, 1, 9, 10, 99, 100, 101, 12345, -1, -10, -99, -100,
	    INT64_MAX, INT64_MIN};

	for (size_t i = 0; i < LEN(cases); i++) {
		char memory[64], want[64];
		struct buf b;

		buf_init(&b, memory, sizeof(memory));
		buf_int(&b, cases[i]);
		snprintf(want, sizeof(want), "%lld", (long long)cases[i]);
		cr_assert_str_eq(text_of(&b), want);
	}
}

Test(buf, leaves_out_trailing_zeros_of_a_fraction)
{
	static const struct {
		int64_t n;
		unsigned decimals;
		const char *want;
	} cases[] = {
		{38200, 3, "38.2"},
		{38000, 3, "38"},
		{1, 3, "0.001"},
		{10, 3, "0.01"},
		{0, 6, "0"},
		{2000, 6, "0.002"},
		{-1500, 3, "-1.5"},
		{-1, 3, "-0.001"},
		{71, 0, "71"},
		{INT64_MAX, 6, "9223372036854.775807"},
		{INT64_MIN, 0, "-9223372036854775808"},
		{INT64_MIN, 3, "-9223372036854775.808"},
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		char memory[64];
		struct buf b;

		buf_init(&b, memory, sizeof(memory));
		buf_fixed(&b, cases[i].n, cases[i].decimals);
		cr_assert_str_eq(text_of(&b), cases[i].want);
	}
}

Test(buf, writes_times_in_utc_with_milliseconds)
{
	static const struct {
		int64_t wall_us;
		const char *want;
	} cases[] = {
		{INT64_C(1795500900250000), "2026-11-24T06:15:00.250Z"},
		{0, "1970-01-01T00:00:00.000Z"},
		{-1, "1969-12-31T23:59:59.999Z"},
		{INT64_C(951782400000999), "2000-02-29T00:00:00.000Z"},
		{INT64_C(4107542400000000), "2100-03-01T00:00:00.000Z"},
		{INT64_MAX, "9999-12-31T23:59:59.999Z"},
		{INT64_MIN, "0001-01-01T00:00:00.000Z"},
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		char memory[64];
		struct buf b;

		buf_init(&b, memory, sizeof(memory));
		buf_time(&b, cases[i].wall_us);
		cr_assert_str_eq(text_of(&b), cases[i].want);
	}
}

Test(buf, agrees_with_the_c_library_about_every_day_of_four_centuries)
{
	for (int64_t day = -100000; day < 146097; day++) {
		char memory[64], want[64];
		time_t t = day * 86400 + 3661;
		struct tm tm;
		struct buf b;

		buf_init(&b, memory, sizeof(memory));
		buf_time(&b, (int64_t)t * 1000000);
		gmtime_r(&t, &tm);
		strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
		cr_assert(b.len == strlen(want) && memcmp(memory, want, b.len) == 0,
		    "day %lld: %.*s is not %s", (long long)day, (int)b.len, memory, want);
	}
}

Test(buf, cuts_what_does_not_fit_and_says_so)
{
	char memory[8] = "zzzzzzz";
	struct buf b;

	buf_init(&b, memory, 4);
	buf_text(&b, "abc");
	cr_assert(not(b.overflow));
	buf_text(&b, "def");
	cr_assert(b.overflow);
	cr_assert(eq(sz, b.len, 4));
	buf_char(&b, '!');
	buf_int(&b, 123456);
	cr_assert(eq(sz, b.len, 4));
	cr_assert(memcmp(memory, "abcdzzz", 7) == 0);
}
