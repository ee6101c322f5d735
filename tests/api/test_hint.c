/* SPDX-License-Identifier: ISC */
/* The hint: requests in their forms, and what the plan makes of them. */
#include "api/hint.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>

#include "api/longtext.h"
#include "tests/api/text.h"
#include "tests/estimator/made_outlook.h"

#define SECOND INT64_C(1000000)

TestSuite(hint, .timeout = 10);
TestSuite(plan, .timeout = 10);

/* --- Requests -------------------------------------------------------------------- */

static struct hint_request rq;
static struct problem problem;

static int
read_json(const char *body)
{
	memset(&problem, 0, sizeof(problem));
	return hint_read_json(body, strlen(body), &rq, &problem);
}

static int
read_query(const char *target)
{
	static char copy[512];
	struct query q;

	memset(&problem, 0, sizeof(problem));
	snprintf(copy, sizeof(copy), "%s", target);
	cr_assert(eq(int, query_parse(&q, copy, &problem), 0));
	return hint_read_query(&q, &rq, &problem);
}

Test(hint, reads_all_that_a_request_may_say)
{
	cr_assert(eq(int, read_json("{\"ladder\":[{\"id\":\"240p\",\"avg_kbps\":365},"
				    "{\"id\":\"720p\",\"avg_kbps\":3000,\"peak_kbps\":4400,"
				    "\"height\":720}],\"current\":\"720p\",\"buffer_s\":11.4,"
				    "\"max_buffer_s\":30,\"segment_s\":6,\"playback_rate\":1.5,"
				    "\"mode\":\"live\",\"cap\":{\"max_kbps\":8000,\"max_height\":1080},"
				    "\"last\":{\"bytes\":2190000,\"duration_s\":2.91,\"ttfb_s\":0.08,"
				    "\"rendition\":\"720p\"},\"inflight\":{\"rendition\":1,"
				    "\"bytes\":0,\"total_bytes\":2200000,\"elapsed_s\":2},"
				    "\"session\":\"tab-17\",\"weights\":{\"stall\":null}}"),
	    0), "%s", problem.detail);
	cr_assert(eq(sz, rq.rungs, 2));
	cr_assert(eq(i64, rq.rung[0].peak_kbps, 365));
	cr_assert(eq(i64, rq.rung[1].height, 720));
	cr_assert(eq(int, rq.current, 1));
	cr_assert(eq(i64, rq.buffer_us, 11400000));
	cr_assert(eq(i64, rq.max_buffer_us, 30 * SECOND));
	cr_assert(eq(i64, rq.segment_us, 6 * SECOND));
	cr_assert(eq(i64, rq.rate_ppm, 1500000));
	cr_assert(eq(int, rq.mode, PLAN_LIVE));
	cr_assert(eq(i64, rq.cap_kbps, 8000));
	cr_assert(eq(i64, rq.cap_height, 1080));
	cr_assert(rq.last.there && rq.inflight.there);
	cr_assert(eq(i64, rq.last.ttfb_us, 80000));
	cr_assert(eq(i64, rq.inflight.ttfb_us, -1));
	cr_assert(eq(i64, rq.inflight.duration_us, 2 * SECOND));
	cr_assert_str_eq(rq.session, "tab-17");
}

Test(hint, knows_the_names_of_cmcd_and_prefers_its_own)
{
	cr_assert(eq(int, read_json("{\"ladder_kbps\":[400,1200,3000],\"bl\":11400,\"br\":1250,"
				    "\"d\":4004,\"tb\":3000,\"pr\":2,\"st\":\"l\"}"),
	    0));
	cr_assert(eq(i64, rq.buffer_us, 11400000));
	cr_assert(eq(int, rq.current, 1));
	cr_assert(eq(i64, rq.segment_us, 4004000));
	cr_assert(eq(i64, rq.cap_kbps, 3000));
	cr_assert(eq(i64, rq.rate_ppm, 2000000));
	cr_assert(eq(int, rq.mode, PLAN_LIVE));
	cr_assert(eq(int, read_query("/v1/hint?ladder_kbps=400,1200,3000&bl=11400&br=1250&d=4004&"
				     "buffer_s=2.5&current=3000&mode=low-latency&st=l"),
	    0));
	cr_assert(eq(i64, rq.buffer_us, 2500000));
	cr_assert(eq(int, rq.current, 2));
	cr_assert(eq(i64, rq.segment_us, 4004000));
	cr_assert(eq(int, rq.mode, PLAN_LOW_LATENCY));
}

Test(hint, reads_cmcd_as_players_send_it)
{
	cr_assert(eq(int, read_json("{\"ladder_kbps\":[400,1200,3000],\"cmcd\":\"bl=11400,"
				    "br=(1200;v 128;a),d=4004,sid=\\\"a,\\\\\\\"b\\\",st=l,"
				    "ltc=6000,tpb=2500,tb=3000,com.example-x=1\"}"),
	    0), "%s", problem.detail);
	cr_assert(eq(i64, rq.buffer_us, 11400000));
	cr_assert(eq(i64, rq.max_buffer_us, 6 * SECOND));
	cr_assert(eq(int, rq.current, 1));
	cr_assert(eq(i64, rq.cap_kbps, 2500));
	cr_assert(eq(int, (int)rq.mode, PLAN_LIVE));
	cr_assert_str_eq(rq.session, "a,\\\"b");
	cr_assert(eq(int, read_query("/v1/hint?ladder_kbps=400,1200&CMCD=su%2Cpr%3D2%2Csid%3D%22x%22"),
	    0));
	cr_assert(eq(i64, rq.buffer_us, 0));
	cr_assert(eq(i64, rq.rate_ppm, 2000000));
	cr_assert_str_eq(rq.session, "x");
	cr_assert(eq(int, read_query("/v1/hint?ladder_kbps=400,1200&dl=3000&pr=1.5&mtp=9&bs&v=1"), 0));
	cr_assert(eq(i64, rq.buffer_us, 4500000));
	cr_assert(lt(int, read_query("/v1/hint?ladder_kbps=400&CMCD=bl%3Dx"), 0));
	cr_assert_str_eq(problem.field, "bl");
	cr_assert(lt(int, read_json("{\"ladder_kbps\":[400],\"cmcd\":5}"), 0));
	cr_assert_str_eq(problem.field, "cmcd");
}

Test(hint, gives_each_rung_a_name_of_its_own)
{
	cr_assert(eq(int, read_json("{\"ladder\":[{\"avg_kbps\":500,\"height\":720},"
				    "{\"avg_kbps\":900,\"height\":720},{\"avg_kbps\":900,"
				    "\"height\":720},{\"peak_kbps\":70}]}"),
	    0));
	cr_assert_str_eq(rq.rung[0].id, "720p");
	cr_assert_str_eq(rq.rung[1].id, "720p-900");
	cr_assert_str_eq(rq.rung[2].id, "720p-900-2");
	cr_assert_str_eq(rq.rung[3].id, "70");
	cr_assert(eq(int, hint_find(&rq, "720p-900"), 1));
	cr_assert(eq(int, hint_find(&rq, "2"), 2));
	cr_assert(eq(int, hint_find(&rq, "4"), -1));
	cr_assert(eq(int, hint_find(&rq, "1080p"), -1));
}

Test(hint, refuses_what_makes_no_sense_and_names_the_field)
{
	static const char *const cases[][2] = {
		{"{}", "ladder_kbps"},
		{"{\"ladder_kbps\":[]}", "ladder_kbps"},
		{"{\"ladder_kbps\":5}", "ladder_kbps"},
		{"{\"ladder_kbps\":[0]}", "ladder_kbps"},
		{"{\"ladder_kbps\":[\"5\"]}", "ladder_kbps"},
		{"{\"ladder_kbps\":[1e300]}", "ladder_kbps"},
		{"{\"ladder\":[5]}", "ladder"},
		{"{\"ladder\":[{\"id\":\"a\"}]}", "ladder.avg_kbps"},
		{"{\"playlist\":5}", "playlist"},
		{"{\"playlist\":\"#EXTM3U\\n#EXTINF:6,\\n\"}", "playlist"},
		{"{\"ladder_kbps\":[1],\"current\":\"x\"}", "current"},
		{"{\"ladder_kbps\":[1],\"current\":1}", "current"},
		{"{\"ladder_kbps\":[1],\"current\":-1}", "current"},
		{"{\"ladder_kbps\":[1],\"buffer_s\":-1}", "buffer_s"},
		{"{\"ladder_kbps\":[1],\"buffer_s\":\"9\"}", "buffer_s"},
		{"{\"ladder_kbps\":[1],\"segment_s\":0}", "segment_s"},
		{"{\"ladder_kbps\":[1],\"segment_s\":1e9}", "segment_s"},
		{"{\"ladder_kbps\":[1],\"mode\":\"dvd\"}", "mode"},
		{"{\"ladder_kbps\":[1],\"st\":\"x\"}", "st"},
		{"{\"ladder_kbps\":[1],\"buffer_s\":NaN}", "buffer_s"},
		{"{\"ladder_kbps\":[1],\"buffer_s\" : -Infinity}", "buffer_s"},
		{"{\"ladder_kbps\":[-1]}", "ladder_kbps"},
		{"{\"ladder_kbps\":[1,NaN]}", ""},
		{"{\"ladder_kbps\":[1],\"cap\":[]}", "cap"},
		{"{\"ladder_kbps\":[1],\"cap\":{\"max_kbps\":0}}", "cap.max_kbps"},
		{"{\"ladder_kbps\":[1],\"last\":5}", "last"},
		{"{\"ladder_kbps\":[1],\"last\":{\"bytes\":-1,\"duration_s\":1}}", "last.bytes"},
		{"{\"ladder_kbps\":[1],\"inflight\":{\"bytes\":1,\"elapsed_s\":1,"
		 "\"rendition\":7}}",
		    "inflight.rendition"},
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		cr_assert(lt(int, read_json(cases[i][0]), 0), "%s", cases[i][0]);
		cr_assert(eq(int, problem.status, 400));
		cr_assert_str_eq(problem.field, cases[i][1], "%s: field %s", cases[i][0],
		    problem.field);
	}
	cr_assert(lt(int, read_json("["), 0));
	cr_assert(lt(int, read_json("[]"), 0));
	cr_assert(lt(int, read_query("/v1/hint?ladder_kbps=1,,2"), 0));
	cr_assert(lt(int, read_query("/v1/hint?ladder_kbps=1,x"), 0));
	cr_assert(lt(int, read_query("/v1/hint"), 0));
}

Test(hint, does_not_parse_a_body_of_ten_thousand_values)
{
	static char body[40000];
	size_t n = (size_t)snprintf(body, sizeof(body), "{\"ladder_kbps\":[1");

	while (n < sizeof(body) - 10)
		n += (size_t)snprintf(body + n, sizeof(body) - n, ",1");
	snprintf(body + n, sizeof(body) - n, "]}");
	cr_assert(lt(int, read_json(body), 0));
	cr_assert(strstr(problem.detail, "4096") != NULL, "%s", problem.detail);
	cr_assert_str_eq(problem.field, "ladder_kbps");
}

Test(hint, remembers_the_sessions_that_were_asked_for_last)
{
	static struct hint_sessions s;
	char name[32];

	hint_sessions_init(&s);
	cr_assert_null(hint_session_get(&s, "", NULL));
	hint_session_put(&s, "a", "720p", 5);
	hint_session_put(&s, "a", "240p", 6);
	cr_assert_str_eq(hint_session_get(&s, "a", NULL), "240p");
	for (int i = 0; i < HINT_SESSIONS; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		hint_session_put(&s, name, "1", 7);
	}
	cr_assert_null(hint_session_get(&s, "a", NULL));
	cr_assert_str_eq(hint_session_get(&s, "s0", NULL), "1");
}

Test(hint, takes_a_playlist_out_of_its_json_as_the_parser_would)
{
	static const struct {
		const char *json, *want, *rest; /* want NULL: refused */
	} cases[] = {
		{"{\"a\":1, \"p\" : \"x\\ny\" }", "x\ny", "{\"a\":1, \"p\" : \"\" }"},
		{"{\"p\":\"\\u00e9\\ud83d\\ude84\\\"\\\\\\/\\b\\f\\r\\t\"}",
		    "\u00e9\U0001f684\"\\/\b\f\r\t", "{\"p\":\"\"}"},
		{"{\"p\":\"\\ud83d\"}", NULL, NULL},
		{"{\"p\":\"\\ude84\"}", NULL, NULL},
		{"{\"p\":\"\\u0000\"}", NULL, NULL},
		{"{\"p\":\"\\x\"}", NULL, NULL},
		{"{\"p\":\"\\u12\"}", NULL, NULL},
		{"{\"p\":\"a\nb\"}", NULL, NULL},
		{"{\"p\":\"\xff\"}", NULL, NULL},
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		struct problem p = {.status = 0};
		struct longtext t;
		int error = longtext_take(cases[i].json, strlen(cases[i].json), "p", &t, &p);

		cr_assert(eq(int, (error == 0), (cases[i].want != NULL)), "%zu", i);
		if (error == 0) {
			cr_assert(eq(sz, t.len, strlen(cases[i].want)), "%zu", i);
			cr_assert(memcmp(t.text, cases[i].want, t.len) == 0, "%zu", i);
			cr_assert(memcmp(t.rest, cases[i].rest, t.rest_len) == 0, "%zu", i);
		}
		longtext_free(&t);
	}
}

Test(hint, takes_nothing_out_that_is_not_the_member_itself)
{
	static const char *const cases[] = {"{\"a\":{\"p\":\"x\"}}", "[\"p\",\"x\"]",
	    "{\"a\":\"p\"}", "{\"p\":5}", "{\"p\"", "{\"p\":\"x", "\"p\":\"x\"", "",
	    "{\"a\":\"\\\"p\\\":\\\"x\\\"\"}", "{\"a\\"};

	for (size_t i = 0; i < LEN(cases); i++) {
		struct problem p = {.status = 0};
		struct longtext t;

		cr_assert(eq(int, longtext_take(cases[i], strlen(cases[i]), "p", &t, &p), 0));
		cr_assert(zero(ptr, t.text), "%s", cases[i]);
		cr_assert(eq(sz, t.rest_len, strlen(cases[i])), "%s", cases[i]);
		longtext_free(&t);
	}
}

/* --- The plan: a link of known rate ----------------------------------------------------- */

static struct est_snapshot est;
static struct outlook outlook;
static struct hint_plans plans;
static struct hint_choice choice;

static void
link_of(int64_t kbps)
{
	memset(&est, 0, sizeof(est));
	est.state = EST_ONLINE;
	est.rate[EST_DOWN] = (struct est_rate){kbps > 0, kbps * 7 / 10, kbps, kbps * 14 / 10};
	est.ttfb = (struct est_delay){true, 50000, 60000, 120000};
	made_outlook(&outlook, (float)kbps, 0.4f, 0.01f);
}

static const char *
decide(const char *more)
{
	char body[512];

	snprintf(body, sizeof(body), "{\"ladder_kbps\":[6000,400,3000,1200],\"segment_s\":4%s%s}",
	    *more != '\0' ? "," : "", more);
	cr_assert(eq(int, read_json(body), 0), "%s", problem.detail);
	hint_decide(&rq, &outlook, hint_plan_of(&plans, &rq), &plans.work, &choice);
	return plan_reason_name(choice.plan.reason);
}

Test(plan, answers_in_the_clients_order_and_says_why)
{
	static const struct {
		int64_t kbps;
		const char *more;
		int want; /* in the client's order: 6000, 400, 3000, 1200 */
		const char *reason;
	} cases[] = {
		{0, "\"buffer_s\":9", 1, "no_estimate"},
		{5000, "\"buffer_s\":12,\"current\":2", 2, "steady"},
		{20000, "\"buffer_s\":12,\"current\":2", 0, "up"},
		{1000, "\"buffer_s\":5,\"current\":2", 1, "down"},
		{1000, "\"buffer_s\":1,\"current\":2", 1, "recover"},
		{50000, "\"buffer_s\":12,\"current\":2,\"cap\":{\"max_kbps\":3000}", 2, "capped"},
		{50000, "\"buffer_s\":12,\"current\":2,\"cap\":{\"max_kbps\":100}", 1, "capped"},
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		const char *reason;

		link_of(cases[i].kbps);
		reason = decide(cases[i].more);
		cr_assert(eq(int, choice.rendition, cases[i].want), "%zu: %d kbit/s, %s: %d %s", i,
		    (int)cases[i].kbps, cases[i].more, choice.rendition, reason);
		cr_assert_str_eq(reason, cases[i].reason, "%zu: %s", i, reason);
	}
}

Test(plan, is_of_the_session_or_else_of_the_ladder)
{
	struct plan *a, *b;

	cr_assert(eq(int, read_json("{\"ladder_kbps\":[1,2],\"session\":\"a\"}"), 0));
	a = hint_plan_of(&plans, &rq);
	cr_assert(eq(int, read_json("{\"ladder_kbps\":[1,2]}"), 0));
	b = hint_plan_of(&plans, &rq);
	cr_assert(ne(ptr, a, b));
	cr_assert(eq(ptr, hint_plan_of(&plans, &rq), b));
	cr_assert(eq(int, read_json("{\"ladder_kbps\":[1,3]}"), 0));
	cr_assert(ne(ptr, hint_plan_of(&plans, &rq), b));
	cr_assert(eq(int, read_json("{\"ladder_kbps\":[5],\"session\":\"a\"}"), 0));
	cr_assert(eq(ptr, hint_plan_of(&plans, &rq), a));
	snprintf(rq.session, sizeof(rq.session), "a");
	plan_saw(hint_plan_of(&plans, &rq),
	    &(struct plan_rung){.avg_kbps = 1, .peak_kbps = 1}, SECOND, 500);
	cr_assert(eq(int, a->ratio_count > 0, 1));
	for (int i = 0; i < HINT_PLANS; i++) {
		snprintf(rq.session, sizeof(rq.session), "s%d", i);
		hint_plan_of(&plans, &rq);
	}
	snprintf(rq.session, sizeof(rq.session), "a");
	cr_assert(eq(int, hint_plan_of(&plans, &rq)->ratio_count > 0, 0)); /* it was forgotten */
}

Test(hint, leaves_out_the_time_in_which_nothing_more_was_there)
{
	struct est_sample s;

	cr_assert(eq(int, read_json("{\"ladder_kbps\":[1],\"mode\":\"low-latency\",\"segment_s\":4,"
				    "\"last\":{\"bytes\":1000000,\"duration_s\":4,\"ttfb_s\":0.1,"
				    "\"busy_s\":1.5}}"), 0));
	hint_sample(&rq, &rq.last, false, &s);
	cr_assert(eq(i64, s.duration_us, 1600000));
	cr_assert(eq(int, s.server_limited, 0));
	rq.last.busy_us = -1;
	hint_sample(&rq, &rq.last, false, &s);
	cr_assert(eq(i64, s.duration_us, 4 * SECOND));
	cr_assert(eq(int, s.server_limited, 1));
}

Test(hint, takes_weights_and_the_number_of_segments)
{
	cr_assert(eq(int, read_json("{\"ladder_kbps\":[1],\"weights\":{\"stall\":8,\"switch\":0.5,"
				    "\"log\":1},\"segment\":190,\"segments\":199}"), 0));
	cr_assert(epsilon_eq(flt, rq.weights.stall, 8, 1e-6f));
	cr_assert(epsilon_eq(flt, rq.weights.change, 0.5f, 1e-6f));
	cr_assert(epsilon_eq(flt, rq.weights.log, 1, 1e-6f));
	cr_assert(eq(i64, rq.segments_left, 9));
	cr_assert(lt(int, read_json("{\"ladder_kbps\":[1],\"weights\":{\"log\":2}}"), 0));
	cr_assert_str_eq(problem.field, "weights.log");
}

Test(plan, waits_while_no_segment_fits_into_the_buffer)
{
	link_of(50000);
	decide("\"buffer_s\":28,\"max_buffer_s\":30,\"current\":0");
	cr_assert(eq(i64, choice.plan.wait_us, 2 * SECOND));
	decide("\"buffer_s\":26,\"max_buffer_s\":30,\"current\":0");
	cr_assert(eq(i64, choice.plan.wait_us, 0));
	decide("\"buffer_s\":28,\"max_buffer_s\":30,\"current\":0,\"playback_rate\":2");
	cr_assert(eq(i64, choice.plan.wait_us, SECOND));
}

Test(hint, answers_in_the_shape_of_the_contract)
{
	static const char want[] =
	    "{\"rendition\":\"3000\",\"index\":2,\"wait_s\":0,\"reason\":\"steady\","
	    "\"max_safe_kbps\":";
	char memory[HINT_TEXT_MAX];
	struct buf b;

	link_of(5000);
	decide("\"buffer_s\":12,\"current\":2");
	buf_init(&b, memory, sizeof(memory));
	hint_write(&rq, &est, &choice, &b);
	cr_assert(not(b.overflow));
	cr_assert(strncmp(text_of(&b), want, strlen(want)) == 0, "%s", text_of(&b));
	cr_assert(strstr(text_of(&b), "\"abandon\":{\"do\":false,\"to\":null},\"ttl_s\":4,"
				      "\"cmcd\":{\"mtp\":5000,\"rtp\":15000},\"cmsd\":\"etp=5000,mb=")
	    != NULL, "%s", text_of(&b));
}

Test(hint, fits_its_longest_answer)
{
	static char body[PLAN_RUNGS_MAX * 128], memory[HINT_TEXT_MAX];
	size_t n = (size_t)snprintf(body, sizeof(body), "{\"ladder\":[");
	struct buf b;

	for (int i = 0; i < PLAN_RUNGS_MAX; i++)
		n += (size_t)snprintf(body + n, sizeof(body) - n,
		    "%s{\"id\":\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"%d\",\"avg_kbps\":%d}",
		    i > 0 ? "," : "", i, 9000000 + i);
	snprintf(body + n, sizeof(body) - n, "],\"segment_s\":120}");
	cr_assert(eq(int, read_json(body), 0), "%s", problem.detail);
	link_of(10);
	hint_decide(&rq, &outlook, hint_plan_of(&plans, &rq), &plans.work, &choice);
	buf_init(&b, memory, sizeof(memory));
	hint_write(&rq, &est, &choice, &b);
	cr_assert(not(b.overflow));
}
