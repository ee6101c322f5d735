/* SPDX-License-Identifier: ISC */
/* Rows of the history as CSV and JSON: names, units, unknowns, quotes. */
#include "api/rows.h"
#include "api/rows_more.h"

#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <jansson.h>
#include <stdlib.h>

#include "tests/api/text.h"

TestSuite(rows, .timeout = 10);

static const struct api_estimate_row estimate = {
	.wall_us = INT64_C(1795500900250000),
	.link = "k3f9",
	.state = EST_ONLINE,
	.quality = EST_QUALITY_GOOD,
	.down_kbps_p10 = 3300,
	.down_kbps_p50 = 5200,
	.down_kbps_p90 = 7600,
	.up_kbps_p50 = API_UNKNOWN,
	.rtt_us_min = 38200,
	.rtt_us_p50 = 45000,
	.rtt_us_p90 = 71500,
	.ttfb_us_p50 = API_UNKNOWN,
	.loss_ppm = 2000,
	.observations = 4,
	.bytes_observed = 1048576,
	.bytes_probed = 0,
};

Test(rows, writes_an_estimate_in_the_columns_of_its_header)
{
	char memory[2 * API_ROW_TEXT_MAX];
	struct buf b;

	buf_init(&b, memory, sizeof(memory));
	rows_csv_header(&b, API_ESTIMATES);
	rows_estimate(&b, API_CSV, &estimate);
	cr_assert_str_eq(text_of(&b),
	    "time,link,state,quality,down_kbps_p10,down_kbps_p50,down_kbps_p90,up_kbps_p50,"
	    "rtt_ms_min,rtt_ms_p50,rtt_ms_p90,ttfb_ms_p50,loss_ratio,observations,"
	    "bytes_observed,bytes_probed\n"
	    "2026-11-24T06:15:00.250Z,k3f9,online,good,3300,5200,7600,,"
	    "38.2,45,71.5,,0.002,4,1048576,0\n");
}

/* Where there is much room a row is written without asking for it: nobody may see that. */
Test(rows, writes_the_same_with_much_room_and_with_little)
{
	static const int64_t numbers[] = { API_UNKNOWN, 0, 7, 10, 99, 100, 1000, 4200, 9999, 10000,
		10010, 123456, 99999999, 100000000, -1, -1500, INT64_MAX, -INT64_MAX };
	size_t len = sizeof(numbers) / sizeof(numbers[0]);
	struct api_estimate_row e = estimate;
	char much[2 * API_ROW_TEXT_MAX], little[API_ROW_TEXT_MAX];
	struct buf a, b;

	for (size_t i = 0; i < len * len; i++) {
		e.down_kbps_p10 = e.rtt_us_min = e.loss_ppm = numbers[i % len];
		e.bytes_probed = e.ttfb_us_p50 = e.up_kbps_p50 = numbers[i / len];
		e.wall_us = numbers[(i + 1) % len];
		buf_init(&a, much, sizeof(much));
		rows_estimate(&a, API_CSV, &e);
		buf_init(&b, little, API_ROW_TEXT_MAX - 1);
		rows_estimate(&b, API_CSV, &e);
		cr_assert(not(b.overflow));
		cr_assert_eq(a.len, b.len);
		cr_assert_arr_eq(much, little, a.len);
	}
}

Test(rows, writes_an_observation_in_the_columns_of_its_header)
{
	static const struct api_observation_row row = {
		.wall_us = 0,
		.link = "k3f9",
		.source = EST_APP,
		.direction = EST_UP,
		.bytes = 1200,
		.duration_us = 250500,
		.ttfb_us = API_UNKNOWN,
		.connect_us = 0,
		.ok = false,
		.error = EST_ERROR_TIMEOUT,
		.app = "a, \"b\"\nc",
	};
	char memory[2 * API_ROW_TEXT_MAX];
	struct buf b;

	buf_init(&b, memory, sizeof(memory));
	rows_csv_header(&b, API_OBSERVATIONS);
	rows_observation(&b, API_CSV, &row);
	cr_assert_str_eq(text_of(&b),
	    "time,link,source,direction,bytes,duration_ms,ttfb_ms,connect_ms,ok,error,app\n"
	    "1970-01-01T00:00:00.000Z,k3f9,app,up,1200,250.5,,0,0,timeout,"
	    "\"a, \"\"b\"\"\nc\"\n");
}

Test(rows, writes_an_event_in_the_columns_of_its_header)
{
	static const struct api_event_row row = {
		.wall_us = 0,
		.link = "k3f9",
		.kind = API_EVENT_CHANGE,
		.change = EST_CHANGE_DROP,
		.from_kbps = 18000,
		.to_kbps = 5100,
		.duration_us = API_UNKNOWN,
	};
	char memory[2 * API_ROW_TEXT_MAX];
	struct buf b;

	buf_init(&b, memory, sizeof(memory));
	rows_csv_header(&b, API_EVENTS);
	rows_event(&b, API_CSV, &row);
	cr_assert_str_eq(text_of(&b),
	    "time,link,kind,from_kbps,to_kbps,duration_ms,detail\n"
	    "1970-01-01T00:00:00.000Z,k3f9,drop,18000,5100,,\n");
}

Test(rows, writes_json_with_the_names_of_the_columns_and_null_for_unknown)
{
	char memory[API_ROW_TEXT_MAX];
	struct buf b;
	json_t *back;

	buf_init(&b, memory, sizeof(memory));
	rows_estimate(&b, API_JSONL, &estimate);
	cr_assert(eq(chr, memory[b.len - 1], '\n'));
	back = json_loadb(memory, b.len, JSON_REJECT_DUPLICATES, NULL);
	cr_assert(back != NULL);
	cr_assert(eq(sz, json_object_size(back), 16));
	cr_assert(eq(int, json_is_null(json_object_get(back, "up_kbps_p50")), 1));
	cr_assert(eq(int, json_is_null(json_object_get(back, "ttfb_ms_p50")), 1));
	cr_assert(eq(int, json_integer_value(json_object_get(back, "down_kbps_p50")), 5200));
	cr_assert(epsilon_eq(dbl, json_real_value(json_object_get(back, "rtt_ms_p90")), 71.5, 1e-9));
	json_decref(back);
	buf_init(&b, memory, sizeof(memory));
	rows_estimate(&b, API_JSON, &estimate);
	cr_assert(eq(chr, memory[b.len - 1], '}'));
}

Test(rows, have_more_columns_behind_the_usual_ones_where_asked)
{
	const struct api_more more = { .spreads = true, .zone = API_ZONE_FIXED, .offset_s = -12600 };
	const struct api_spreads s = { .down_kbps = { 1, 2, 3 },
		.up_kbps = { API_UNKNOWN, API_UNKNOWN, API_UNKNOWN },
		.rtt_us = { 1000, 2500, INT64_MAX },
		.ttfb_us = { 0, 1, 2 } };
	char memory[API_ROW_TEXT_MAX + ROWS_MORE_MAX];
	struct buf b;
	json_t *back;

	buf_init(&b, memory, sizeof(memory));
	rows_csv_header(&b, API_ESTIMATES);
	rows_more_header(&b, &more);
	cr_assert_not_null(strstr(text_of(&b), "bytes_probed,down_kbps_p50_min,down_kbps_p50_mean,"));
	cr_assert_not_null(strstr(text_of(&b), ",ttfb_ms_p50_max,utc_offset\n"));
	buf_init(&b, memory, sizeof(memory));
	rows_estimate(&b, API_CSV, &estimate);
	rows_more(&b, API_CSV, &more, estimate.wall_us, &s);
	cr_assert_not_null(strstr(text_of(&b),
	    ",1048576,0,1,2,3,,,,1,2.5,9223372036854775.807,0,0.001,0.002,-03:30\n"));
	for (int f = API_JSONL; f <= API_JSON; f++) {
		buf_init(&b, memory, sizeof(memory));
		rows_estimate(&b, (enum api_format)f, &estimate);
		rows_more(&b, (enum api_format)f, &more, estimate.wall_us, NULL);
		back = json_loadb(memory, b.len, JSON_REJECT_DUPLICATES, NULL);
		cr_assert_not_null(back);
		cr_assert(eq(sz, json_object_size(back), 16 + 13));
		cr_assert(eq(int, json_is_null(json_object_get(back, "rtt_ms_p50_mean")), 1));
		cr_assert_str_eq(json_string_value(json_object_get(back, "utc_offset")), "-03:30");
		json_decref(back);
		cr_assert(eq(int, b.overflow, 0));
	}
}

Test(rows, know_the_zones_that_a_query_may_name)
{
	static const struct {
		const char *text;
		int error, offset_s;
	} cases[] = { { "UTC", 0, 0 }, { "Z", 0, 0 }, { "+05:30", 0, 19800 },
		{ " 01:00", 0, 3600 }, { "-23:59", 0, -86340 }, { "+24:00", -EINVAL, 0 },
		{ "+1:00", -EINVAL, 0 }, { "+01:60", -EINVAL, 0 }, { "", -EINVAL, 0 },
		{ "Europe/Berlin", -EINVAL, 0 }, { "+0a:00", -EINVAL, 0 } };
	struct api_more more;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&more, 0, sizeof(more));
		cr_assert_eq(rows_more_zone(cases[i].text, &more), cases[i].error, "%s",
		    cases[i].text);
		cr_assert_eq(more.offset_s, cases[i].offset_s, "%s", cases[i].text);
		cr_assert_eq(more.zone,
		    cases[i].error == 0 ? API_ZONE_FIXED : API_ZONE_NONE);
	}
	cr_assert_eq(rows_more_zone("local", &more), 0);
	cr_assert_eq(more.zone, API_ZONE_LOCAL);
}

Test(rows, fit_into_what_the_header_promises)
{
	struct api_event_row e = {
		.wall_us = INT64_MAX,
		.kind = API_EVENT_OUTAGE_BEGIN,
		.from_kbps = -INT64_MAX,
		.to_kbps = -INT64_MAX,
		.duration_us = -INT64_MAX,
	};
	struct api_observation_row o = {
		.wall_us = INT64_MAX,
		.bytes = -INT64_MAX,
		.duration_us = -INT64_MAX,
		.ttfb_us = -INT64_MAX,
		.connect_us = -INT64_MAX,
		.error = EST_ERROR_ABORTED,
	};
	char memory[API_ROW_TEXT_MAX];
	struct buf b;

	memset(e.link, 1, API_LINK_ID_MAX);
	memset(e.detail, 1, API_DETAIL_MAX);
	memset(o.link, '"', API_LINK_ID_MAX);
	memset(o.app, 1, API_APP_MAX);
	for (int f = API_CSV; f <= API_JSON; f++) {
		buf_init(&b, memory, sizeof(memory));
		rows_event(&b, (enum api_format)f, &e);
		cr_assert(not(b.overflow));
		buf_init(&b, memory, sizeof(memory));
		rows_observation(&b, (enum api_format)f, &o);
		cr_assert(not(b.overflow));
	}
}
