/* SPDX-License-Identifier: ISC */
/* Other programs' timings as observations, and lines that come slowly. */
#include "daemon/cli/timings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "daemon/cli/lines.h"

#define LEN(a) (sizeof(a) / sizeof(a)[0])

TestSuite(timings, .timeout = 10);
TestSuite(lines, .timeout = 10);

struct timings_case {
	const char *in, *want; /* NULL: none */
};

static void
check(const struct timings_case *c, json_t *(*turn)(const json_t *, const char **))
{
	json_t *in = json_loads(c->in, 0, NULL), *got, *want;
	const char *why = NULL;

	cr_assert_not_null(in, "%s", c->in);
	got = turn(in, &why);
	if (c->want == NULL) {
		cr_assert_null(got, "%s", c->in);
	} else {
		want = json_loads(c->want, 0, NULL);
		cr_assert_not_null(want, "%s", c->want);
		cr_assert(json_equal(got, want), "%s gives %s", c->in,
		    got ? json_dumps(got, JSON_COMPACT | JSON_REAL_PRECISION(12)) : why);
		json_decref(want);
	}
	json_decref(got);
	json_decref(in);
}

Test(timings, of_curl_tell_new_connections_from_kept_ones_and_failures_apart)
{
	static const struct timings_case cases[] = {
		{ "{\"size_download\":8488,\"size_upload\":0,\"time_total\":0.256128,"
		  "\"time_starttransfer\":0.106066,\"time_connect\":0.030116,"
		  "\"time_appconnect\":0.065,\"num_connects\":1,\"http_code\":200,\"exitcode\":0}",
		  "{\"bytes\":8488,\"duration_ms\":256.128,\"ttfb_ms\":106.066,"
		  "\"connect_ms\":65.0}" },
		{ "{\"size_download\":10,\"time_total\":0.2,\"time_starttransfer\":0.1,"
		  "\"time_connect\":0.03,\"time_appconnect\":0.0,\"num_connects\":1,"
		  "\"http_code\":503,\"exitcode\":0}",
		  "{\"bytes\":10,\"duration_ms\":200.0,\"ttfb_ms\":100.0,\"connect_ms\":30.0,"
		  "\"ok\":false,\"error\":\"http\"}" },
		{ "{\"size_download\":5,\"size_upload\":9000,\"time_total\":2,"
		  "\"time_starttransfer\":1.9,\"time_connect\":0,\"num_connects\":0,"
		  "\"http_code\":200}",
		  "{\"bytes\":9000,\"direction\":\"up\",\"duration_ms\":2000.0,"
		  "\"ttfb_ms\":1900.0,\"connect_ms\":0}" },
		{ "{\"size_download\":0,\"time_total\":5.0,\"time_starttransfer\":0,"
		  "\"time_connect\":0.0,\"num_connects\":0,\"http_code\":0,\"exitcode\":28}",
		  "{\"bytes\":0,\"duration_ms\":5000.0,\"ok\":false,\"error\":\"timeout\"}" },
		{ "{\"size_download\":0,\"time_total\":0.001,\"http_code\":0,\"exitcode\":7}",
		  "{\"bytes\":0,\"duration_ms\":1.0,\"ok\":false,\"error\":\"aborted\"}" },
		{ "{\"size_download\":\"5\",\"time_total\":1}", NULL },
		{ "{\"size_download\":5}", NULL },
		{ "[]", NULL },
	};

	for (size_t i = 0; i < LEN(cases); i++)
		check(&cases[i], timings_of_curl);
}

#define START "\"startedDateTime\":\"2026-11-24T07:15:00.000+01:00\",\"time\":1250.5,"
#define GET "\"request\":{\"method\":\"GET\",\"url\":\"https://a.test/\",\"bodySize\":0},"

Test(timings, of_an_archive_leave_the_queue_out_and_mark_what_came_from_a_cache)
{
	static const struct timings_case cases[] = {
		{ "{" START GET "\"response\":{\"status\":200,\"bodySize\":5000,\"content\":"
		  "{\"size\":20000}},\"timings\":{\"blocked\":1000,\"dns\":10,\"connect\":40,"
		  "\"ssl\":25,\"send\":0.5,\"wait\":100,\"receive\":100}}",
		  "{\"bytes\":5000,\"duration_ms\":250.5,\"ttfb_ms\":150.5,\"connect_ms\":50.0,"
		  "\"ended_at\":\"2026-11-24T06:15:01.250Z\"}" },
		{ "{" START GET "\"_fromCache\":\"disk\",\"response\":{\"status\":200,\"bodySize\":0},"
		  "\"timings\":{\"dns\":-1,\"connect\":-1,\"send\":0,\"wait\":2,\"receive\":1}}",
		  "{\"bytes\":0,\"duration_ms\":3.0,\"ttfb_ms\":2.0,\"connect_ms\":0,"
		  "\"from_cache\":true,\"ended_at\":\"2026-11-24T06:15:01.250Z\"}" },
		{ "{" START GET "\"response\":{\"status\":404,\"bodySize\":-1,\"_transferSize\":700},"
		  "\"timings\":{\"connect\":-1,\"send\":0,\"wait\":2,\"receive\":1}}",
		  "{\"bytes\":700,\"duration_ms\":3.0,\"ttfb_ms\":2.0,\"connect_ms\":0,"
		  "\"ok\":false,\"error\":\"http\",\"ended_at\":\"2026-11-24T06:15:01.250Z\"}" },
		{ "{" START GET "\"response\":{\"status\":200,\"bodySize\":-1,\"content\":"
		  "{\"size\":900,\"compression\":300}},"
		  "\"timings\":{\"connect\":-1,\"send\":0,\"wait\":2,\"receive\":1}}",
		  "{\"bytes\":600,\"duration_ms\":3.0,\"ttfb_ms\":2.0,\"connect_ms\":0,"
		  "\"ended_at\":\"2026-11-24T06:15:01.250Z\"}" },
		{ "{" START "\"request\":{\"url\":\"http://a.test/\",\"bodySize\":70000},"
		  "\"response\":{\"status\":201,\"bodySize\":10},"
		  "\"timings\":{\"connect\":-1,\"send\":500,\"wait\":100,\"receive\":1}}",
		  "{\"bytes\":70000,\"direction\":\"up\",\"duration_ms\":601.0,\"ttfb_ms\":600.0,"
		  "\"connect_ms\":0,\"ended_at\":\"2026-11-24T06:15:01.250Z\"}" },
		{ "{" START GET "\"response\":{\"status\":0,\"_error\":\"net::ERR_CONNECTION_TIMED_OUT\"},"
		  "\"timings\":{\"connect\":-1,\"send\":0,\"wait\":900,\"receive\":0}}",
		  "{\"bytes\":0,\"duration_ms\":900.0,\"connect_ms\":0,\"ok\":false,"
		  "\"error\":\"timeout\",\"ended_at\":\"2026-11-24T06:15:01.250Z\"}" },
		{ "{" START GET "\"response\":{\"status\":0,\"_error\":\"net::ERR_BLOCKED_BY_CLIENT\"},"
		  "\"timings\":{}}", NULL },
		{ "{" START "\"request\":{\"url\":\"data:,x\"},\"response\":{\"status\":200,"
		  "\"bodySize\":1},\"timings\":{}}", NULL },
		{ "{" GET "\"response\":{\"status\":200,\"bodySize\":1},\"timings\":{}}", NULL },
		{ "{" START GET "\"response\":{\"status\":200,\"bodySize\":1}}", NULL },
		{ "[]", NULL },
	};

	for (size_t i = 0; i < LEN(cases); i++)
		check(&cases[i], timings_of_har_entry);
}

Test(lines, are_handed_out_whole_also_the_last_and_never_the_endless)
{
	struct lines *l = malloc(sizeof *l);
	char *line, *big = malloc(2 * LINES_MAX);
	int fd[2];

	cr_assert_eq(pipe(fd), 0);
	lines_init(l, fd[0]);
	cr_assert_eq(lines_next(l, 0, &line), LINES_WAIT);
	cr_assert_eq(write(fd[1], "one\r\n\ntw", 8), 8);
	cr_assert_eq(lines_next(l, 0, &line), LINES_LINE);
	cr_assert_str_eq(line, "one");
	cr_assert_eq(lines_next(l, 0, &line), LINES_LINE);
	cr_assert_str_eq(line, "");
	cr_assert_eq(lines_next(l, 0, &line), LINES_WAIT);
	cr_assert_eq(write(fd[1], "o\n", 2), 2);
	cr_assert_eq(lines_next(l, 0, &line), LINES_LINE);
	cr_assert_str_eq(line, "two");
	/* longer than there is room for, piece by piece: a pipe holds less than it all */
	memset(big, 'x', 2 * LINES_MAX);
	for (int i = 0; i < 4; i++) {
		cr_assert_eq(write(fd[1], big, LINES_MAX / 2), LINES_MAX / 2);
		cr_assert_eq(lines_next(l, 0, &line), LINES_WAIT);
	}
	cr_assert_eq(write(fd[1], "\nlast", 5), 5);
	cr_assert_eq(lines_next(l, 0, &line), LINES_TOO_LONG);
	close(fd[1]);
	cr_assert_eq(lines_next(l, 0, &line), LINES_LINE);
	cr_assert_str_eq(line, "last");
	cr_assert_eq(lines_next(l, 0, &line), LINES_END);
	close(fd[0]);
	free(big);
	free(l);
}
