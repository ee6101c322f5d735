/* SPDX-License-Identifier: ISC */
/* An estimate of the API, read for showing: unknown stays unknown. */
#include "daemon/cli/view.h"

#include <errno.h>
#include <math.h>

#include <criterion/criterion.h>

#include "daemon/cli/moment.h"

#define LEN(a) (sizeof(a) / sizeof(a)[0])

TestSuite(view, .timeout = 10);

static int
read_text(const char *text, struct view *out)
{
	json_t *doc = json_loads(text, 0, NULL);
	int r;

	cr_assert_not_null(doc, "%s", text);
	r = view_read(doc, out);
	json_decref(doc);
	return r;
}

Test(view, keeps_what_is_not_known_apart_from_zero)
{
	struct view v;

	cr_assert_eq(read_text("{\"state\":\"unknown\",\"down_kbps\":{\"p10\":null,\"p50\":0},"
			       "\"rtt_ms\":null,\"age_ms\":\"soon\",\"change\":null,"
			       "\"outage\":null}", &v), 0);
	cr_assert(isnan(v.down_kbps.p10));
	cr_assert_eq(v.down_kbps.p50, 0);
	cr_assert(isnan(v.rtt_ms_p50) && isnan(v.age_ms) && isnan(v.confidence));
	cr_assert_str_empty(v.change.kind);
	cr_assert_eq(v.change.time_us, MOMENT_UNKNOWN);
	cr_assert_not(v.outage);
}

Test(view, takes_nothing_for_an_estimate_that_has_no_state)
{
	struct view v;

	cr_assert_eq(read_text("{}", &v), -EINVAL);
	cr_assert_eq(read_text("[]", &v), -EINVAL);
	cr_assert_eq(read_text("{\"state\":3}", &v), -EINVAL);
}

Test(view, turns_state_and_quality_into_the_exit_status)
{
	static const struct {
		const char *state, *quality;
		int want;
	} cases[] = {
		{ "online", "good", 0 }, { "online", "moderate", 0 }, { "online", "unknown", 0 },
		{ "online", "minimal", 1 }, { "stalled", "good", 1 }, { "offline", "minimal", 2 },
		{ "captive", "good", 3 }, { "unknown", "unknown", 4 }, { "asleep", "good", 4 },
		{ "a-new-word", "good", 4 },
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		char text[100];
		struct view v;

		snprintf(text, sizeof text, "{\"state\":\"%s\",\"quality\":\"%s\"}", cases[i].state,
		    cases[i].quality);
		cr_assert_eq(read_text(text, &v), 0);
		cr_assert_eq(view_exit_status(&v), cases[i].want, "%s", text);
	}
}

Test(view, says_the_state_in_words)
{
	struct view v;

	read_text("{\"state\":\"online\",\"quality\":\"good\",\"effective_type\":\"4g\","
		  "\"link\":{\"id\":\"k3f9\",\"interface\":\"wlan0\",\"kind\":\"wifi\","
		  "\"name\":\"ho\\u001bme\"},\"change\":{\"kind\":\"drop\",\"from_kbps\":18000,"
		  "\"to_kbps\":5100}}", &v);
	cr_assert_str_eq(view_headline(&v).s, "Online, good (4g)");
	cr_assert_str_eq(view_link(&v).s, "wlan0 (wifi), 'ho?me'");
	cr_assert_str_eq(view_change_words(&v.change).s, "drop from 18 Mbit/s to 5.1 Mbit/s");
	read_text("{\"state\":\"online\",\"quality\":\"unknown\"}", &v);
	cr_assert_str_eq(view_headline(&v).s, "Online, quality not known yet");
	cr_assert_str_eq(view_link(&v).s, "no link");
	read_text("{\"state\":\"offline\",\"quality\":\"minimal\"}", &v);
	cr_assert_str_eq(view_headline(&v).s, "Offline: nothing gets through");
}
