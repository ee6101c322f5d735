/* SPDX-License-Identifier: ISC */
/* Posted observations: what is taken, what is refused and why, and in what order. */
#include "api/observations.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/api/fake_source.h"
#include "tests/api/text.h"

TestSuite(observations, .timeout = 20);

static struct fake fake;
static struct api_source source;
static char answer[OBSERVATIONS_ANSWER_MAX];

/* Post a body; the answer, or the problem's detail. Returns its status. */
static int
post_n(const char *body, size_t len)
{
	struct observations *o;
	struct problem p = {0};
	struct buf b;
	int more;

	fake_init(&fake, &source);
	o = observations_create(&source, NULL, body, len);
	cr_assert(o != NULL);
	do
		more = observations_step(o, &p);
	while (more == 1);
	buf_init(&b, answer, sizeof(answer) - 1);
	if (more == 0)
		observations_write(o, &b);
	else
		buf_text(&b, p.detail);
	answer[b.len] = '\0';
	observations_destroy(o);
	return more == 0 ? 202 : p.status;
}

static int
post(const char *body)
{
	return post_n(body, strlen(body));
}

#define GOOD "{\"bytes\":650000,\"duration_ms\":1000.5,\"ttfb_ms\":70}"

Test(observations, takes_one_an_array_or_an_object_with_them)
{
	static const struct {
		const char *body;
		int64_t fed;
	} cases[] = {
		{GOOD, 1},
		{"[" GOOD "," GOOD "]", 2},
		{"{\"observations\":[" GOOD "]}", 1},
		{" { \"app\" : \"x\" , \"observations\" : [ " GOOD " , " GOOD " ] , \"v\":1 } ", 2},
		{"[]", 0},
		{"{\"observations\":[]}", 0},
		{"{\"observations\":[],\"x\":null}", 0},
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		char want[64];

		snprintf(want, sizeof(want), "{\"accepted\":%d,\"rejected\":[]}",
		    (int)cases[i].fed);
		cr_assert(eq(int, post(cases[i].body), 202), "%s: %s", cases[i].body, answer);
		cr_assert_str_eq(answer, want);
		cr_assert(eq(i64, fake.observed, cases[i].fed));
	}
}

Test(observations, keeps_the_numbers_and_their_units)
{
	const struct est_sample *s = &fake.last.sample;

	cr_assert(eq(int, post("{\"id\":\"r1\",\"direction\":\"up\",\"bytes\":650000,"
			       "\"duration_ms\":1000.5,\"ttfb_ms\":70,\"connect_ms\":40.25,"
			       "\"in_progress\":true,\"server_limited\":true,"
			       "\"ended_ms_ago\":1500,\"app\":\"player\"}"),
	    202));
	cr_assert_str_eq(answer, "{\"accepted\":1,\"rejected\":[]}");
	cr_assert_str_eq(fake.last.id, "r1");
	cr_assert_str_eq(fake.last.app, "player");
	cr_assert(eq(i64, fake.last.ended_ago_us, 1500000));
	cr_assert(eq(int, s->direction, EST_UP));
	cr_assert(eq(i64, s->bytes, 650000));
	cr_assert(eq(i64, s->duration_us, 1000500));
	cr_assert(eq(i64, s->ttfb_us, 70000));
	cr_assert(eq(i64, s->connect_us, 40250));
	cr_assert(s->in_progress && s->server_limited && !s->from_cache);
	cr_assert(eq(i64, s->rtt_us, -1));
}

Test(observations, says_unknown_where_nothing_was_said)
{
	const struct est_sample *s = &fake.last.sample;

	cr_assert(eq(int, post("{\"bytes\":0,\"duration_ms\":2000,\"ttfb_ms\":null}"), 202));
	cr_assert(eq(i64, s->ttfb_us, -1));
	cr_assert(eq(i64, s->connect_us, -1));
	cr_assert(eq(int, s->error, EST_ERROR_NONE));
	cr_assert(eq(int, post("{\"connect_ms\":40}"), 202));
	cr_assert(eq(i64, s->bytes, 0));
	cr_assert(eq(i64, s->rtt_us, 40000));
	cr_assert(eq(i64, s->duration_us, 40000));
	cr_assert(eq(int, post("{\"bytes\":0,\"duration_ms\":9000,\"ok\":false}"), 202));
	cr_assert(eq(int, s->error, EST_ERROR_TIMEOUT));
	cr_assert(eq(int, post("{\"bytes\":9,\"duration_ms\":9000,\"ttfb_ms\":5,\"ok\":false}"),
	    202));
	cr_assert(eq(int, s->error, EST_ERROR_ABORTED));
	cr_assert(eq(int, post("{\"bytes\":0,\"duration_ms\":9,\"error\":\"refused\"}"), 202));
	cr_assert(eq(int, s->error, EST_ERROR_REFUSED));
}

Test(observations, rejects_what_cannot_be_and_says_why)
{
	static const struct {
		const char *object, *word; /* of the reason */
	} cases[] = {
		{"{}", "bytes is missing"},
		{"{\"bytes\":5}", "duration_ms is missing"},
		{"{\"duration_ms\":5}", "bytes is missing"},
		{"{\"connect_ms\":0}", "bytes is missing"},
		{"{\"bytes\":-1,\"duration_ms\":5}", "bytes must be"},
		{"{\"bytes\":1.5,\"duration_ms\":5}", "bytes must be"},
		{"{\"bytes\":\"5\",\"duration_ms\":5}", "bytes must be"},
		{"{\"bytes\":1e300,\"duration_ms\":5}", "bytes must be"},
		{"{\"bytes\":9223372036854775807,\"duration_ms\":5}", "bytes must be"},
		{"{\"bytes\":5,\"duration_ms\":-1}", "duration_ms must be"},
		{"{\"bytes\":5,\"duration_ms\":1e12}", "duration_ms must be"},
		{"{\"bytes\":5,\"duration_ms\":[]}", "duration_ms must be"},
		{"{\"bytes\":5,\"duration_ms\":0}", "no link"},
		{"{\"bytes\":1000000000000,\"duration_ms\":1}", "no link"},
		{"{\"bytes\":5,\"duration_ms\":5,\"ttfb_ms\":50}", "longer than duration_ms"},
		{"{\"bytes\":5,\"duration_ms\":5,\"connect_ms\":50}", "longer than duration_ms"},
		{"{\"bytes\":5,\"duration_ms\":50,\"connect_ms\":40,\"ttfb_ms\":20}",
		    "longer than ttfb_ms"},
		{"{\"bytes\":5,\"duration_ms\":5,\"direction\":\"sideways\"}",
		    "direction must be down or up"},
		{"{\"bytes\":5,\"duration_ms\":5,\"error\":\"connection reset by peer\"}",
		    "error must be timeout"},
		{"{\"bytes\":5,\"duration_ms\":5,\"error\":\"oops\"}", "error must be"},
		{"{\"bytes\":5,\"duration_ms\":5,\"ok\":1}", "ok must be"},
		{"{\"bytes\":5,\"duration_ms\":5,\"ok\":true,\"error\":\"dns\"}", "contradict"},
		{"{\"bytes\":5,\"duration_ms\":5,\"ok\":false,\"in_progress\":true}", "progress"},
		{"{\"bytes\":5,\"duration_ms\":5,\"ended_ms_ago\":-1}", "future"},
		{"{\"bytes\":5,\"duration_ms\":5,\"ended_at\":\"2026-11-24T06:15:02Z\"}", "future"},
		{"{\"bytes\":5,\"duration_ms\":5,\"ended_at\":\"2020-01-01T00:00:00Z\"}", "year"},
		{"{\"bytes\":5,\"duration_ms\":5,\"ended_at\":\"yesterday\"}", "RFC 3339"},
		{"{\"bytes\":5,\"duration_ms\":5,\"ended_at\":5}", "ended_at must be"},
		{"{\"bytes\":5,\"duration_ms\":5,\"ended_ms_ago\":1,"
		 "\"ended_at\":\"2026-11-24T06:15:00Z\"}",
		    "twice"},
		{"{\"bytes\":5,\"duration_ms\":5,\"app\":\"0123456789012345678901234567890123\"}",
		    "app must be"},
		{"{\"bytes\":5,\"duration_ms\":5,\"app\":\"a\\nb\"}",
		    "without control characters"},
		{"{\"bytes\":5,\"duration_ms\":5,\"id\":true}", "id must be"},
		{"{\"bytes\":5,\"duration_ms\":5,\"in_progress\":true}", "needs the id"},
		{"5", "must be an object"},
		{"null", "must be an object"},
		{"[]", "must be an object"},
		{"{\"bytes\":5,\"duration_ms\":5,\"app\":\"ctl:cache\"}", "cache"},
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		char body[512];

		/* the good ones around it count all the same */
		snprintf(body, sizeof(body), "[" GOOD ",%s," GOOD "]", cases[i].object);
		cr_assert(eq(int, post(body), 202), "%s: %s", body, answer);
		cr_assert(strstr(answer, "{\"accepted\":2,\"rejected\":[{\"index\":1,") == answer,
		    "%s: %s", cases[i].object, answer);
		cr_assert(strstr(answer, cases[i].word) != NULL, "%s: %s", cases[i].object, answer);
	}
}

Test(observations, refuses_bodies_that_are_no_json_and_counts_nothing_of_them)
{
	static const char *const cases[] = {"", " ", "x", "5", "\"a\"", "null", "[", "[" GOOD,
	    "[" GOOD ",", "[" GOOD ",]", "[," GOOD "]", "[" GOOD "] x", GOOD GOOD, "{", "{\"a\"}",
	    "{\"a\":}", "{\"a\":1,}", "{\"observations\":5}", "{\"observations\":[" GOOD "]",
	    "{\"observations\":[],\"observations\":[]}", "{\"observations\":[" GOOD "}}",
	    "{\"bytes\":5,\"bytes\":5,\"duration_ms\":5}", "[" GOOD "}", "{5:1}", "[01]",
	    "[\"\xff\"]", "{\"observations\":[]}]", "[{\"bytes\":NaN,\"duration_ms\":5}]"};

	for (size_t i = 0; i < LEN(cases); i++) {
		cr_assert(eq(int, post(cases[i]), 400), "%s: %s", cases[i], answer);
		cr_assert(eq(i64, fake.observed, 0), "%s", cases[i]);
	}
}

Test(observations, tells_where_a_body_is_no_json_and_why)
{
	cr_assert(eq(int, post("[" GOOD ",{\"bytes\":5,\"bytes\":6}]"), 400));
	cr_assert(strstr(answer, "duplicate") != NULL, "%s", answer);
	cr_assert(eq(int, post(" {\"bytes\":18446744073709551617}"), 400));
	cr_assert(strstr(answer, "too big") != NULL, "%s", answer);
	cr_assert(eq(int, post("     {\"bytes\":5,}"), 400));
	cr_assert(strstr(answer, "at byte 17:") != NULL, "%s", answer);
}

Test(observations, refuses_more_than_five_hundred_before_any_counts)
{
	static char body[OBSERVATIONS_MAX * 64];
	size_t n;

	for (int many = OBSERVATIONS_MAX; many <= OBSERVATIONS_MAX + 1; many++) {
		n = 0;
		for (int i = 0; i < many; i++)
			n += (size_t)snprintf(body + n, sizeof(body) - n,
			    "%c{\"bytes\":1,\"duration_ms\":1}", i == 0 ? '[' : ',');
		body[n++] = ']';
		if (many == OBSERVATIONS_MAX) {
			cr_assert(eq(int, post_n(body, n), 202));
			cr_assert(eq(i64, fake.observed, many));
		} else {
			cr_assert(eq(int, post_n(body, n), 413));
			cr_assert(eq(i64, fake.observed, 0));
		}
	}
}

Test(observations, does_not_parse_a_huge_value_at_one_go)
{
	static char body[200000];

	memset(body, '[', sizeof(body));
	cr_assert(eq(int, post_n(body, sizeof(body)), 400));
	memset(body, ' ', sizeof(body));
	body[0] = '[';
	body[1] = '"';
	memset(body + 2, 'a', 100000);
	cr_assert(eq(int, post_n(body, sizeof(body)), 400));
	cr_assert(strstr(answer, "8192") != NULL, "%s", answer);
}

Test(observations, are_fed_as_they_ended)
{
	cr_assert(eq(int, post("[{\"id\":\"new\",\"bytes\":1,\"duration_ms\":1},"
			       "{\"id\":\"old\",\"bytes\":1,\"duration_ms\":1,\"ended_ms_ago\":900}]"),
	    202));
	cr_assert_str_eq(fake.last.id, "new");
	cr_assert(eq(int, post("[{\"id\":\"a\",\"bytes\":1,\"duration_ms\":1},"
			       "{\"id\":\"b\",\"bytes\":1,\"duration_ms\":1}]"),
	    202));
	cr_assert_str_eq(fake.last.id, "b");
}
