/* SPDX-License-Identifier: ISC */
/* The live view without its terminal: the event stream's bytes, what is known, the chart. */
#include "daemon/cli/live.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "daemon/cli/chart.h"
#include "daemon/cli/sse.h"
#include "daemon/cli/moment.h"

#define SECOND_US INT64_C(1000000)
#define WALL_US INT64_C(1795500900000000) /* 2026-11-24T06:15:00Z */

TestSuite(sse, .timeout = 10);
TestSuite(live, .timeout = 10);
TestSuite(chart, .timeout = 10);

static char seen[4096];

static void
note(void *arg, const char *event, const char *data)
{
	size_t len = strlen(seen);

	(void)arg;
	snprintf(seen + len, sizeof seen - len, "%s=%.40s;", event, data);
}

Test(sse, takes_events_apart_wherever_their_bytes_are_cut)
{
	static const char text[] = ": hello\n\nid: boot-7\nevent: link\ndata: {\"a\":1}\n\n"
				   "data:one\r\ndata: two\r\n\r\nevent: empty\n\nretry: 5\ndata\n\n"
				   "data: never ended";
	static const char want[] = "link={\"a\":1};message=one\ntwo;message=;";
	static struct sse s;

	for (size_t cut = 1; cut < sizeof text; cut++) {
		sse_init(&s);
		*seen = '\0';
		for (size_t i = 0; i < sizeof text - 1; i += cut) {
			size_t n = sizeof text - 1 - i < cut ? sizeof text - 1 - i : cut;

			sse_feed(&s, text + i, n, note, NULL);
		}
		cr_assert_str_eq(seen, want, "cut at %zu: %s", cut, seen);
		cr_assert_str_eq(s.id, "boot-7");
	}
}

Test(sse, leaves_out_what_is_too_long_and_goes_on)
{
	static struct sse s;
	static char big[SSE_DATA_MAX + 200];

	sse_init(&s);
	*seen = '\0';
	memset(big, 'x', sizeof big);
	sse_feed(&s, "data: ", 6, note, NULL);
	sse_feed(&s, big, sizeof big, note, NULL);
	sse_feed(&s, "\n\ndata: ok\n\n", 12, note, NULL);
	cr_assert_str_eq(seen, "message=ok;");
	/* many lines that are too long together */
	*seen = '\0';
	for (int i = 0; i < 3; i++) {
		sse_feed(&s, "data: ", 6, note, NULL);
		sse_feed(&s, big, SSE_DATA_MAX / 2, note, NULL);
		sse_feed(&s, "\n", 1, note, NULL);
	}
	sse_feed(&s, "\ndata: ok\n\n", 11, note, NULL);
	cr_assert_str_eq(seen, "message=ok;");
}

Test(sse, forgets_half_an_event_when_the_connection_was_lost)
{
	static struct sse s;

	sse_init(&s);
	*seen = '\0';
	sse_feed(&s, "id: 4\nevent: link\ndata: half", 28, note, NULL);
	sse_restart(&s);
	sse_feed(&s, "data: whole\n\n", 13, note, NULL);
	cr_assert_str_eq(seen, "message=whole;");
	cr_assert_str_eq(s.id, "4");
}

static struct live *
new_live(void)
{
	struct live *l = malloc(sizeof *l);

	cr_assert_not_null(l);
	live_init(l, 1000 * SECOND_US);
	live_connection(l, LIVE_CONNECTED, 1000 * SECOND_US);
	return l;
}

static void
estimate(struct live *l, const char *text, int64_t second)
{
	json_t *doc = json_loads(text, 0, NULL);

	cr_assert_not_null(doc);
	cr_assert_eq(live_estimate(l, doc, second * SECOND_US), 0);
	json_decref(doc);
}

#define ONLINE "{\"state\":\"online\",\"quality\":\"good\",\"age_ms\":100," \
	"\"down_kbps\":{\"p10\":2000,\"p50\":5000,\"p90\":9000}," \
	"\"link\":{\"id\":\"a\",\"default\":true}}"

Test(live, lets_ages_advance_between_the_events)
{
	struct live *l = new_live();

	estimate(l, ONLINE, 1000);
	cr_assert_float_eq(live_age_ms(l, 1002 * SECOND_US), 2100, 0.01);
	estimate(l, "{\"state\":\"unknown\",\"age_ms\":null,\"link\":{\"id\":\"a\"}}", 1003);
	cr_assert(isnan(live_age_ms(l, 1004 * SECOND_US)));
	free(l);
}

Test(live, holds_an_estimate_until_the_next_and_leaves_a_gap_while_not_connected)
{
	struct live *l = new_live();

	estimate(l, ONLINE, 1000);
	live_tick(l, 1004 * SECOND_US);
	live_connection(l, LIVE_LOST, 1005 * SECOND_US);
	live_tick(l, 1008 * SECOND_US);
	live_connection(l, LIVE_CONNECTED, 1009 * SECOND_US);
	estimate(l, "{\"state\":\"offline\",\"down_kbps\":null,\"link\":{\"id\":\"a\"}}", 1010);
	for (int64_t s = 1000; s <= 1005; s++) {
		cr_assert_eq(live_bin(l, s)->mark, '-', "%d", (int)s);
		cr_assert_eq(live_bin(l, s)->p50, 5000);
	}
	for (int64_t s = 1006; s <= 1009; s++)
		cr_assert(live_bin(l, s)->mark == ' ' && isnan(live_bin(l, s)->p50), "%d", (int)s);
	cr_assert(live_bin(l, 1010)->mark == 'x' && isnan(live_bin(l, 1010)->p50));
	cr_assert_null(live_bin(l, 1011));
	cr_assert_null(live_bin(l, 999));
	free(l);
}

Test(live, survives_being_stopped_for_long)
{
	struct live *l = new_live();

	estimate(l, ONLINE, 1000);
	live_tick(l, 900000000 * SECOND_US);
	cr_assert_eq(live_bin(l, 900000000)->p50, 5000);
	cr_assert_null(live_bin(l, 1000));
	free(l);
}

Test(live, passes_over_links_that_are_not_the_default_one)
{
	struct live *l = new_live();

	estimate(l, ONLINE, 1000);
	estimate(l, "{\"state\":\"offline\",\"link\":{\"id\":\"b\",\"default\":false}}", 1001);
	cr_assert_str_eq(l->view.state, "online");
	estimate(l, "{\"state\":\"offline\",\"link\":{\"id\":\"a\",\"default\":false}}", 1001);
	cr_assert_str_eq(l->view.state, "offline");
	free(l);
}

static const char *
newest(const struct live *l)
{
	return l->lines > 0 ? l->line[(l->lines - 1) % LIVE_LINES].text.s : "";
}

Test(live, tells_an_outage_once_and_in_words)
{
	static const struct {
		const char *event, *data, *want; /* NULL: nothing is told */
	} cases[] = {
		{ "change", "{\"change\":{\"kind\":\"drop\",\"from_kbps\":18000,\"to_kbps\":5100}}",
		    "drop from 18 Mbit/s to 5.1 Mbit/s" },
		{ "change", "{\"change\":{\"kind\":\"outage\"}}", NULL },
		{ "outage", "{\"phase\":\"begin\"}", "outage begins" },
		{ "outage", "{\"phase\":\"end\",\"lasted_ms\":12200}", "outage ends after 12 s" },
		{ "network", "{\"kind\":\"route\"}", "network: the default route changed" },
		{ "network", "{\"kind\":\"new\\u001b\"}", "network: new?" },
		{ "news", "{}", NULL },
		{ "change", "[]", NULL },
	};
	struct live *l = new_live();

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		json_t *doc = json_loads(cases[i].data, 0, NULL);
		size_t before = l->lines;

		live_event(l, cases[i].event, doc, WALL_US);
		json_decref(doc);
		cr_assert_eq(l->lines, before + (cases[i].want != NULL));
		if (cases[i].want != NULL)
			cr_assert_str_eq(newest(l), cases[i].want);
	}
	free(l);
}

static void
history(struct live *l, const char *text)
{
	json_t *row = json_loads(text, 0, NULL);

	cr_assert_not_null(row);
	live_history_estimate(l, row, WALL_US, 5000 * SECOND_US);
	json_decref(row);
}

Test(live, begins_with_the_past_that_the_daemon_remembers)
{
	struct live *l = malloc(sizeof *l);

	live_init(l, 5000 * SECOND_US);
	history(l, "{\"time\":\"2026-11-24T06:12:00.000Z\",\"state\":\"online\",\"down_kbps_p50\":10}");
	history(l, "{\"time\":\"2026-11-24T06:14:30.000Z\",\"state\":\"online\",\"down_kbps_p50\":700}");
	history(l, "{\"time\":\"2026-11-24T06:14:50.000Z\",\"state\":\"offline\",\"down_kbps_p50\":null}");
	history(l, "{\"time\":\"2027-01-01T00:00:00.000Z\",\"state\":\"online\",\"down_kbps_p50\":7}");
	history(l, "{\"time\":\"soon\",\"state\":\"online\"}");
	cr_assert_eq(live_bin(l, 4820)->p50, 10);
	cr_assert_null(live_bin(l, 4900)); /* two minutes without a row: it did not run */
	cr_assert_eq(live_bin(l, 4970)->p50, 700);
	cr_assert_eq(live_bin(l, 4989)->p50, 700);
	cr_assert_eq(live_bin(l, 4990)->mark, 'x');
	cr_assert_eq(l->last_second, 4990);
	free(l);
}

Test(chart, scales_end_at_round_numbers)
{
	static const double cases[][2] = { { 1, 1 }, { 1.1, 1.5 }, { 5200, 6000 }, { 7600, 8000 },
		{ 8100, 10000 }, { 0.003, 0.003 }, { 0, 0 }, { -1, 0 }, { (double)NAN, 0 } };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		cr_assert_float_eq(chart_nice(cases[i][0]), cases[i][1], 1e-9, "%g", cases[i][0]);
}

Test(chart, shows_median_band_and_the_worst_state_of_a_column)
{
	struct live *l = new_live();
	struct chart_column col;
	struct chart c;

	estimate(l, ONLINE, 1000);
	live_tick(l, 1008 * SECOND_US);
	estimate(l, "{\"state\":\"offline\",\"down_kbps\":null,\"link\":{\"id\":\"a\"}}", 1009);
	chart_fit(&c, l, 1009, 10, 10, 20);
	cr_assert_eq(c.seconds, 2);
	cr_assert_eq(c.newest, 1009);
	cr_assert_float_eq(c.top, 10000, 1e-6);
	col = chart_column(&c, l, 8);
	cr_assert(col.mark == '-' && col.p10 == 2000 && col.p50 == 5000 && col.p90 == 9000);
	cr_assert_eq(chart_cell(&c, &col, 0), CHART_EMPTY); /* 9 to 10 Mbit/s */
	cr_assert_eq(chart_cell(&c, &col, 1), CHART_BAND);
	cr_assert_eq(chart_cell(&c, &col, 4), CHART_MEDIAN); /* 5 to 6: at its lower edge */
	cr_assert_eq(chart_cell(&c, &col, 7), CHART_BAND);
	cr_assert_eq(chart_cell(&c, &col, 8), CHART_EMPTY);
	col = chart_column(&c, l, 9);
	cr_assert_eq(col.mark, 'x');
	col = chart_column(&c, l, 0);
	cr_assert(col.mark == ' ' && isnan(col.p50));
	cr_assert_eq(chart_cell(&c, &col, 5), CHART_EMPTY);
	free(l);
}

Test(chart, keeps_a_median_at_the_top_inside)
{
	struct chart c = { .columns = 1, .rows = 4, .seconds = 1, .top = 1000 };
	struct chart_column col = { 1000, 5000, 9000, '-' };

	cr_assert_eq(chart_cell(&c, &col, 0), CHART_MEDIAN + CHART_LEVELS - 1);
	c.top = 0;
	cr_assert_eq(chart_cell(&c, &col, 0), CHART_EMPTY);
}
