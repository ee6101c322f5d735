/* SPDX-License-Identifier: ISC */
/* Targets of requests: splitting, decoding, typed values, times. */
#include "api/history.h"
#include "api/query.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <time.h>

#include "api/when.h"
#include "tests/api/text.h"

#define SECOND INT64_C(1000000)
#define NOW (INT64_C(1795500900) * SECOND) /* 2026-11-24T06:15:00Z */

TestSuite(query, .timeout = 10);
TestSuite(when, .timeout = 10);

static int
parse(struct query *q, const char *target, struct problem *p)
{
	static char copy[512];

	snprintf(copy, sizeof(copy), "%s", target);
	memset(p, 0, sizeof(*p));
	return query_parse(q, copy, p);
}

Test(query, splits_and_decodes)
{
	struct problem p;
	struct query q;

	cr_assert(eq(int, parse(&q, "/v1/hist%6Fry?from=-24h&to=a%20b+c&&flag&x=1=2", &p), 0));
	cr_assert_str_eq(q.path, "/v1/history");
	cr_assert(eq(sz, q.params, 4));
	cr_assert_str_eq(query_get(&q, "from"), "-24h");
	cr_assert_str_eq(query_get(&q, "to"), "a b c");
	cr_assert_str_eq(query_get(&q, "flag"), "");
	cr_assert_str_eq(query_get(&q, "x"), "1=2");
	cr_assert_null(query_get(&q, "y"));
	cr_assert(eq(int, parse(&q, "/a+b?", &p), 0));
	cr_assert_str_eq(q.path, "/a+b");
}

Test(query, refuses_what_could_be_read_two_ways)
{
	static const char *const cases[] = {"", "v1", "*", "http://elsewhere/v1/link",
	    "/a%00b", "/a?x=%00", "/a%0ab", "/a%zz", "/a%2", "/a%", "/a?x=1&x=2", "/a?%ff",
	    "/a%c0%af", "/a?x=%7f", "/a b", "/a?x=1\t"};

	for (size_t i = 0; i < LEN(cases); i++) {
		struct problem p;
		struct query q;

		cr_assert(lt(int, parse(&q, cases[i], &p), 0), "%s", cases[i]);
		cr_assert(eq(int, p.status, 400), "%s", cases[i]);
	}
}

Test(query, bounds_the_number_of_parameters)
{
	char target[1024] = "/a?";
	struct problem p = {0};
	struct query q;

	for (int i = 0; i <= QUERY_PARAMS_MAX; i++)
		snprintf(target + strlen(target), sizeof(target) - strlen(target), "p%d=1&", i);
	cr_assert(lt(int, query_parse(&q, target, &p), 0));
	cr_assert(eq(sz, q.params, QUERY_PARAMS_MAX));
}

Test(query, reads_numbers_within_their_bounds_and_names_the_field_else)
{
	static const struct {
		const char *target;
		int64_t want; /* -1: refused */
	} cases[] = {
		{"/a?n=5", 5}, {"/a?n=100", 100}, {"/a", 7}, {"/a?n=101", -1}, {"/a?n=0", -1},
		{"/a?n=", -1}, {"/a?n=5x", -1}, {"/a?n=-5", -1}, {"/a?n=5.0", -1},
		{"/a?n=99999999999999999999", -1}, {"/a?n=0x5", -1}, {"/a?n=+5", -1},
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		int64_t n = 7;
		struct problem p;
		struct query q;

		cr_assert(eq(int, parse(&q, cases[i].target, &p), 0));
		if (query_int(&q, "n", 1, 100, &n, &p) != 0)
			n = -1;
		cr_assert(eq(i64, n, cases[i].want), "%s", cases[i].target);
		if (n == -1)
			cr_assert_str_eq(p.field, "n");
	}
}

Test(query, reads_seconds_with_their_fraction)
{
	static const struct {
		const char *text;
		int64_t want;
	} cases[] = {
		{"1", SECOND}, {"0.25", SECOND / 4}, {".5", SECOND / 2}, {"0", 0},
		{"60.0000009", 60 * SECOND}, {"1e3", -1}, {"nan", -1}, {"", -1}, {".", -1},
		{"-1", -1}, {"99999999999", -1}, {"1.2.3", -1},
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		int64_t n = -1;

		query_decimal(cases[i].text, 6, 1000 * SECOND, &n);
		cr_assert(eq(i64, n, cases[i].want), "%s", cases[i].text);
	}
}

Test(query, names_a_parameter_that_the_route_does_not_have)
{
	static const char *const names[] = {"from", "to", NULL};
	struct problem p;
	struct query q;

	cr_assert(eq(int, parse(&q, "/a?from=1&form=2", &p), 0));
	cr_assert(lt(int, query_only(&q, names, &p), 0));
	cr_assert_str_eq(p.field, "form");
}

Test(when, reads_what_people_write)
{
	static const struct {
		const char *text;
		int64_t want; /* -1: refused */
	} cases[] = {
		{"now", NOW},
		{"2026-11-24T06:15:00Z", NOW},
		{"2026-11-24t06:15:00.25z", NOW + SECOND / 4},
		{"2026-11-24T06:15:00.1234567Z", NOW + 123456},
		{"2026-11-24T08:15:00+02:00", NOW},
		{"2026-11-24T08:15:00 02:00", NOW}, /* a + that went through a form */
		{"2026-11-24T01:15:00-05:00", NOW},
		{"2026-11-24 06:15:00Z", NOW},
		{"2026-11-24", NOW - (6 * 3600 + 900) * SECOND},
		{"today", NOW - (6 * 3600 + 900) * SECOND},
		{"yesterday", NOW - (30 * 3600 + 900) * SECOND},
		{"1795500900", NOW},
		{"1795500900.5", NOW + SECOND / 2},
		{"-24h", NOW - 24 * 3600 * SECOND},
		{"-30m", NOW - 1800 * SECOND},
		{"-7d", NOW - 7 * 86400 * SECOND},
		{"-90s", NOW - 90 * SECOND},
		{"-2w", NOW - 14 * 86400 * SECOND},
		{"0", 0},
		{"", -1}, {"-", -1}, {"-5", -1}, {"-5y", -1}, {"-5hh", -1}, {"24h", -1},
		{"tomorrow", -1}, {"2026-13-01", -1}, {"2026-02-29", -1}, {"2026-11-24T25:00:00Z", -1},
		{"2026-11-24T06:15:00", -1}, {"2026-11-24T06:15Z", -1}, {"2026-11-24T06:15:00.Z", -1},
		{"-99999999999999999999d", -1}, {"1795500900000", -1}, {"-9999999w", -1},
		{"2026-11-24T06:15:00Zx", -1}, {"now ", -1},
	};

	setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < LEN(cases); i++) {
		int64_t got = -1;

		when_parse(cases[i].text, NOW, &got);
		cr_assert(eq(i64, got, cases[i].want), "%s", cases[i].text);
	}
}

Test(when, means_midnight_of_this_hosts_zone_by_a_day)
{
	int64_t got = 0;

	setenv("TZ", "XYZ-3", 1); /* three hours east: 09:15 there */
	tzset();
	cr_assert(eq(int, when_parse("today", NOW, &got), 0));
	cr_assert(eq(i64, got, NOW - (9 * 3600 + 900) * SECOND));
	cr_assert(eq(int, when_parse("2026-11-23", NOW, &got), 0));
	cr_assert(eq(i64, got, NOW - (33 * 3600 + 900) * SECOND));
}

Test(query, asks_for_conditions_of_a_window_in_whole_seconds)
{
	char target[] = "/v1/conditions?from=2026-11-24T06:15:00.700Z&to=2026-11-24T06:16:00.200Z"
	    "&by=hour&link=k3f9";
	char wrong[] = "/v1/conditions?by=week", step[] = "/v1/conditions?step=1m";
	struct problem p = {.status = 0};
	struct api_range r;
	struct query q;

	cr_assert_eq(query_parse(&q, target, &p), 0);
	cr_assert_eq(history_window(&q, INT64_C(1795500900000000), &r, &p), 0);
	cr_assert_eq(r.what, API_CONDITIONS);
	cr_assert(r.by_hour);
	cr_assert_eq(r.from_wall_us % 1000000, 0);
	cr_assert_eq(r.to_wall_us - r.from_wall_us, 60000000);
	cr_assert_str_eq(r.link, "k3f9");
	cr_assert_eq(query_parse(&q, wrong, &p), 0);
	cr_assert_neq(history_window(&q, INT64_C(1795500900000000), &r, &p), 0);
	cr_assert_str_eq(p.field, "by");
	cr_assert_eq(query_parse(&q, step, &p), 0);
	cr_assert_neq(history_window(&q, INT64_C(1795500900000000), &r, &p), 0);
	cr_assert_str_eq(p.field, "step");
}
