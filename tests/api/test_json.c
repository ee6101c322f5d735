/* SPDX-License-Identifier: ISC */
/* The JSON writer: commas, escapes, and what it makes of bytes that are no text. */
#include "api/json.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <jansson.h>
#include <stdlib.h>

#include "api/rows.h"
#include "tests/api/text.h"

TestSuite(json, .timeout = 20);

Test(json, keeps_the_commas)
{
	char memory[256];
	struct buf b;
	struct jw w;

	buf_init(&b, memory, sizeof(memory));
	jw_init(&w, &b);
	jw_open(&w, '{');
	jw_key_int(&w, "a", 1);
	jw_key_open(&w, "b", '[');
	jw_close(&w, ']');
	jw_key_open(&w, "c", '[');
	jw_int(&w, 1);
	jw_open(&w, '{');
	jw_close(&w, '}');
	jw_text(&w, "x");
	jw_close(&w, ']');
	jw_key_bool(&w, "d", false);
	jw_close(&w, '}');
	cr_assert_str_eq(text_of(&b), "{\"a\":1,\"b\":[],\"c\":[1,{},\"x\"],\"d\":false}");
}

Test(json, writes_unknown_as_null)
{
	char memory[256];
	struct buf b;
	struct jw w;

	buf_init(&b, memory, sizeof(memory));
	jw_init(&w, &b);
	jw_open(&w, '[');
	jw_int(&w, API_UNKNOWN);
	jw_fixed(&w, API_UNKNOWN, 3);
	jw_time(&w, API_UNKNOWN);
	jw_fixed(&w, 38200, 3);
	jw_time(&w, 0);
	jw_close(&w, ']');
	cr_assert_str_eq(text_of(&b),
	    "[null,null,null,38.2,\"1970-01-01T00:00:00.000Z\"]");
}

Test(json, escapes_what_must_be_escaped)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{"plain", "\"plain\""},
		{"say \"hi\" \\ there", "\"say \\\"hi\\\" \\\\ there\""},
		{"a\nb\tc\rd\be\ff", "\"a\\nb\\tc\\rd\\be\\ff\""},
		{"\x01\x1f\x7f", "\"\\u0001\\u001f\\u007f\""},
		{"Zürich 🚄", "\"Zürich 🚄\""},
		{"\xff", "\"\xef\xbf\xbd\""},
		{"a\xc3", "\"a\xef\xbf\xbd\""},
		{"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},             /* overlong */
		{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* a surrogate */
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		char memory[256];
		struct buf b;
		struct jw w;

		buf_init(&b, memory, sizeof(memory));
		jw_init(&w, &b);
		jw_text(&w, cases[i].in);
		cr_assert_str_eq(text_of(&b), cases[i].want);
	}
}

Test(json, is_read_back_by_a_strict_parser_whatever_the_bytes)
{
	unsigned seed = 7;

	for (int round = 0; round < 20000; round++) {
		char memory[512], in[32];
		size_t len = (size_t)rand_r(&seed) % sizeof(in);
		struct buf b;
		struct jw w;
		json_t *back;

		for (size_t i = 0; i < len; i++)
			in[i] = (char)(rand_r(&seed) % 4 ? rand_r(&seed) : 0xc0 + rand_r(&seed) % 64);
		buf_init(&b, memory, sizeof(memory));
		jw_init(&w, &b);
		jw_text_n(&w, in, len);
		cr_assert(not(b.overflow));
		back = json_loadb(memory, b.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		cr_assert(back != NULL, "seed 7, round %d: %s", round, text_of(&b));
		json_decref(back);
	}
}
