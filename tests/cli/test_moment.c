/* SPDX-License-Identifier: ISC */
/* Instants as people write and read them. */
#include "daemon/cli/moment.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <criterion/criterion.h>

#define LEN(a) (sizeof(a) / sizeof(a)[0])

/* 2026-11-24T06:15:00.250Z */
#define NOW_US INT64_C(1795500900250000)

static void
in_berlin(void)
{
	/* POSIX's own notation: no zone files are needed */
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
}

TestSuite(moment, .timeout = 10, .init = in_berlin);

struct moment_case {
	const char *text;
	bool utc;
	const char *want; /* NULL: no instant */
};

Test(moment, takes_what_people_write)
{
	static const struct moment_case cases[] = {
		{ "now", false, "2026-11-24T06:15:00.250Z" },
		{ "today", false, "2026-11-23T23:00:00.000Z" },
		{ "today", true, "2026-11-24T00:00:00.000Z" },
		{ "yesterday", false, "2026-11-22T23:00:00.000Z" },
		{ "2h", false, "2026-11-24T04:15:00.250Z" },
		{ "-90s", false, "2026-11-24T06:13:30.250Z" },
		{ "1.5d", false, "2026-11-22T18:15:00.250Z" },
		{ "06:15", false, "2026-11-24T05:15:00.000Z" },
		{ "06:15", true, "2026-11-24T06:15:00.000Z" },
		{ "2026-11-24", false, "2026-11-23T23:00:00.000Z" },
		{ "2026-07-01 12:00", false, "2026-07-01T10:00:00.000Z" },
		{ "2026-07-01 12:00", true, "2026-07-01T12:00:00.000Z" },
		{ "2026-07-01T12:00:05.1234Z", false, "2026-07-01T12:00:05.123Z" },
		{ "2026-07-01T12:00:05+02:30", false, "2026-07-01T09:30:05.000Z" },
		{ "2024-02-29", true, "2024-02-29T00:00:00.000Z" },
		{ "2026-02-29", true, NULL },
		{ "2026-13-01", true, NULL },
		{ "24:00", true, NULL },
		{ "06:15x", true, NULL },
		{ "1795500900", true, NULL }, /* seconds ago, or since 1970? */
		{ "tomorrow", true, NULL },
		{ "", true, NULL },
		{ "-", true, NULL },
		{ "2h3", true, NULL },
		{ "2026-11-24T06:15:00+1:00", true, NULL },
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		int64_t us = -1;
		int r = moment_parse(cases[i].text, NOW_US, cases[i].utc, &us);

		if (cases[i].want == NULL) {
			cr_assert_eq(r, -EINVAL, "'%s' was taken", cases[i].text);
			cr_assert_eq(us, -1);
			continue;
		}
		cr_assert_eq(r, 0, "'%s' was refused", cases[i].text);
		cr_assert_str_eq(moment_rfc3339(us).s, cases[i].want);
	}
}

Test(moment, reads_back_what_the_daemon_writes)
{
	int64_t us;

	cr_assert_eq(moment_parse_rfc3339("2026-11-24T06:15:00.250Z", &us), 0);
	cr_assert_eq(us, NOW_US);
	cr_assert_eq(moment_parse_rfc3339("2026-11-24T06:15:00.250", &us), -EINVAL);
	cr_assert_eq(moment_parse_rfc3339("2026-11-24", &us), -EINVAL);
	cr_assert_eq(moment_parse_rfc3339("2026-11-24T06:15:00.Z", &us), -EINVAL);
}

Test(moment, shows_local_time_and_the_day_where_it_is_another)
{
	cr_assert_str_eq(moment_words(NOW_US, NOW_US, false).s, "07:15:00");
	cr_assert_str_eq(moment_words(NOW_US, NOW_US, true).s, "06:15:00 UTC");
	cr_assert_str_eq(moment_words(NOW_US - 86400000000, NOW_US, false).s, "2026-11-23 07:15:00");
	cr_assert_str_eq(moment_words(MOMENT_UNKNOWN, NOW_US, false).s, "unknown");
	cr_assert_str_eq(moment_ago(NOW_US - 34000000, NOW_US).s, "34 s ago");
	cr_assert_str_eq(moment_ago(NOW_US + 5000000, NOW_US).s, "just now");
}
