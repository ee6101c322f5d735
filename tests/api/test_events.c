/* SPDX-License-Identifier: ISC */
/* When an estimate is a new one, and what the event stream says of it. */
#include "api/events.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "api/core.h"
#include "api/publish.h"
#include "tests/api/fake_source.h"
#include "tests/api/text.h"

TestSuite(publish, .timeout = 10);
TestSuite(events, .timeout = 10);

static struct api_view
view_at(int64_t now_us)
{
	struct api_view v;

	memset(&v, 0, sizeof(v));
	v.now_us = now_us;
	v.wall_us = now_us;
	v.est.state = EST_ONLINE;
	v.est.rate[EST_DOWN] = (struct est_rate){true, 3000, 5000, 7000};
	return v;
}

Test(publish, rises_when_a_quantile_moves_by_more_than_two_percent)
{
	struct publish p = {0};
	struct api_view v = view_at(1000000);

	cr_assert(publish_update(&p, &v));
	cr_assert(eq(i64, p.seq, 1));
	v.now_us += 250000;
	v.est.rate[EST_DOWN].kbps_p50 = 5100; /* 2 % */
	cr_assert(not(publish_update(&p, &v)));
	v.now_us += 250000;
	v.est.rate[EST_DOWN].kbps_p50 = 5101;
	cr_assert(publish_update(&p, &v));
	cr_assert(eq(i64, p.seq, 2));
}

Test(publish, sees_slow_drift_as_well)
{
	struct publish p = {0};
	struct api_view v = view_at(1000000);
	int64_t rises = 0;

	for (int i = 0; i < 100; i++) { /* 1 % a tick, from 5000 to about 13500 */
		rises += publish_update(&p, &v) ? 1 : 0;
		v.now_us += 250000;
		v.est.rate[EST_DOWN].kbps_p50 += v.est.rate[EST_DOWN].kbps_p50 / 100;
	}
	cr_assert(gt(i64, rises, 30));
}

Test(publish, rises_for_state_change_and_link_at_most_four_times_a_second)
{
	struct publish p = {0};
	struct api_view v = view_at(1000000);
	int64_t rises = 0;

	publish_update(&p, &v);
	for (int i = 0; i < 100; i++) { /* ten seconds, flapping each 100 ms */
		v.now_us += 100000;
		v.est.state = i % 2 ? EST_ONLINE : EST_OFFLINE;
		rises += publish_update(&p, &v) ? 1 : 0;
	}
	cr_assert(le(i64, rises, 42));
	cr_assert(ge(i64, rises, 10));
	v.now_us += 250000;
	publish_update(&p, &v);
	v.now_us += 250000;
	snprintf(v.link.id, sizeof(v.link.id), "other");
	cr_assert(publish_update(&p, &v));
	v.now_us += 250000;
	v.est.change.kind = EST_CHANGE_RISE;
	cr_assert(publish_update(&p, &v));
}

Test(publish, does_not_lose_what_moved_too_soon)
{
	struct publish p = {0};
	struct api_view v = view_at(1000000);

	publish_update(&p, &v);
	v.now_us += 100000;
	v.est.state = EST_OFFLINE;
	cr_assert(not(publish_update(&p, &v)));
	v.now_us += 150000;
	cr_assert(publish_update(&p, &v));
}

Test(publish, renders_once_for_250_ms_and_never_gives_anything_older)
{
	static struct fake fake;
	static struct core core;
	struct api_source source;
	char *first;

	fake_init(&fake, &source);
	fake.now_us = 1000000;
	core_init(&core, &source, "b00t");
	core_refresh(&core);
	first = strdup(text_of(core_link(&core)));
	fake.kbps = 5000;
	fake.now_us += 249999;
	fake.wall_us += 249999;
	core_refresh(&core);
	cr_assert_str_eq(text_of(core_link(&core)), first);
	fake.now_us += 1;
	fake.wall_us += 1;
	core_refresh(&core);
	cr_assert_str_neq(text_of(core_link(&core)), first);
	cr_assert(strstr(text_of(core_link(&core)), "\"p50\":5000") != NULL);
	cr_assert(eq(i64, core.publish.seq, 2));
	free(first);
}

Test(publish, gives_an_event_a_number_and_an_estimate_that_knows_of_it)
{
	static const struct api_event_row change = {.kind = API_EVENT_CHANGE};
	static const struct api_event_row state = {.kind = API_EVENT_STATE};
	static struct fake fake;
	static struct core core;
	struct api_source source;

	fake_init(&fake, &source);
	core_init(&core, &source, "b00t");
	core_refresh(&core);
	fake.state = EST_OFFLINE;
	core_event(&core, &change);
	cr_assert(eq(i64, core.publish.seq, 2));
	cr_assert(strstr(text_of(core_link(&core)), "\"seq\":2") != NULL);
	cr_assert(strstr(text_of(core_link(&core)), "offline") != NULL);
	core_event(&core, &state); /* not one for the stream */
	cr_assert(eq(i64, core.publish.seq, 2));
}

static struct events e;
static struct events_cursor c;
static char text[EVENTS_TEXT_MAX];

static const char *
next(int64_t seq, int64_t now_us)
{
	char json[] = "{\"x\":1}";
	struct buf link = {.at = json, .len = strlen(json), .cap = sizeof(json)}, b;

	buf_init(&b, text, sizeof(text));
	events_next(&e, &c, seq, &link, now_us, &b);
	return text_of(&b);
}

static bool
begins(const char *message, const char *with)
{
	return strncmp(message, with, strlen(with)) == 0;
}

static void
keep(int64_t seq)
{
	struct api_event_row row = {.wall_us = 1000000, .link = "k3f9",
	    .kind = API_EVENT_NETWORK, .detail = "route"};

	events_keep(&e, seq, &row);
}

Test(events, greets_with_the_estimate_and_then_is_silent)
{
	events_init(&e, "b00t");
	keep(4);
	events_start(&e, NULL, 0, &c);
	cr_assert(events_pending(&e, &c, 5, 0));
	cr_assert_str_eq(next(5, 0), "retry: 2000\n\n");
	cr_assert_str_eq(next(5, 0), "id: b00t-5\nevent: link\ndata: {\"x\":1}\n\n");
	cr_assert(not(events_pending(&e, &c, 5, 0)));
	cr_assert_str_eq(next(5, 0), "");
	keep(6);
	cr_assert(events_pending(&e, &c, 6, 0));
	cr_assert_str_eq(next(6, 0),
	    "id: b00t-6\nevent: network\ndata: {\"time\":\"1970-01-01T00:00:01.000Z\","
	    "\"link\":\"k3f9\",\"kind\":\"route\"}\n\n");
}

Test(events, beats_when_nothing_happens)
{
	events_init(&e, "b00t");
	events_start(&e, NULL, 0, &c);
	next(1, 0);
	next(1, 0);
	cr_assert(not(events_pending(&e, &c, 1, EVENTS_HEARTBEAT_US - 1)));
	cr_assert(events_pending(&e, &c, 1, EVENTS_HEARTBEAT_US));
	cr_assert_str_eq(next(1, EVENTS_HEARTBEAT_US), ":\n\n");
	cr_assert(not(events_pending(&e, &c, 1, EVENTS_HEARTBEAT_US)));
}

Test(events, replay_what_was_missed_of_this_run)
{
	events_init(&e, "b00t");
	keep(3);
	keep(5);
	keep(8);
	events_start(&e, "b00t-3", 0, &c);
	next(9, 0);
	cr_assert(begins(next(9, 0), "id: b00t-5\n"));
	cr_assert(begins(next(9, 0), "id: b00t-8\n"));
	cr_assert(begins(next(9, 0), "id: b00t-9\nevent: link\n"));
	cr_assert_str_eq(next(9, 0), "");
}

Test(events, replay_nothing_for_ids_that_are_not_of_this_run)
{
	static const char *const ids[] = {"other-3", "b00t", "b00t-", "b00t-x", "", "3",
	    "b00t-3x"};

	events_init(&e, "b00t");
	keep(5);
	for (size_t i = 0; i < LEN(ids); i++) {
		events_start(&e, ids[i], 0, &c);
		next(9, 0);
		cr_assert(begins(next(9, 0), "id: b00t-9\nevent: link\n"), "%s", ids[i]);
	}
}

Test(events, skip_what_the_ring_has_forgotten)
{
	events_init(&e, "b00t");
	events_start(&e, NULL, 0, &c);
	next(1, 0);
	for (int i = 0; i < 3 * EVENTS_KEPT; i++)
		keep(10 + i);
	for (int i = 2 * EVENTS_KEPT; i < 3 * EVENTS_KEPT; i++) {
		char want[32];

		snprintf(want, sizeof(want), "id: b00t-%d\n", 10 + i);
		cr_assert(begins(next(500, 0), want), "%s", text);
	}
	cr_assert(strstr(next(500, 0), "event: link\n") != NULL);
}

Test(events, tell_the_two_ends_of_an_outage)
{
	struct api_event_row row = {.wall_us = 5000000, .link = "k3f9",
	    .kind = API_EVENT_OUTAGE_BEGIN, .duration_us = INT64_MIN};

	events_init(&e, "b00t");
	events_start(&e, NULL, 0, &c);
	next(1, 0);
	events_keep(&e, 2, &row);
	row.kind = API_EVENT_OUTAGE_END;
	row.duration_us = 4200000;
	events_keep(&e, 3, &row);
	cr_assert_str_eq(next(3, 0),
	    "id: b00t-2\nevent: outage\ndata: {\"time\":\"1970-01-01T00:00:05.000Z\","
	    "\"link\":\"k3f9\",\"phase\":\"begin\",\"since\":\"1970-01-01T00:00:05.000Z\","
	    "\"lasted_ms\":null}\n\n");
	cr_assert_str_eq(next(3, 0),
	    "id: b00t-3\nevent: outage\ndata: {\"time\":\"1970-01-01T00:00:05.000Z\","
	    "\"link\":\"k3f9\",\"phase\":\"end\",\"since\":\"1970-01-01T00:00:00.800Z\","
	    "\"lasted_ms\":4200}\n\n");
}
