/* SPDX-License-Identifier: ISC */
/* The engine: links come and go, evidence goes in, events and answers come out. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "daemon/engine.h"
#include "daemon/probe_tcp.h"
#include "daemon/requests.h"

#define MS(n) (INT64_C(1000) * (n))
#define SECONDS(n) (INT64_C(1000000) * (n))
#define WALL SECONDS(1700000000)

static struct clock_reading clocks;
static struct api_event_row events[256];
static size_t events_len;
static struct engine *engine;
static struct api_source source;
static struct probes_sink sink;

static int64_t
now(void *ctx)
{
	(void)ctx;
	return clocks.monotonic_us;
}

static void
on_event(void *ctx, const struct api_event_row *row)
{
	(void)ctx;
	cr_assert_lt(events_len, 256);
	events[events_len++] = *row;
}

static void
set_up(void)
{
	struct engine_options o = { .now = now, .event = on_event };

	clocks = (struct clock_reading){ SECONDS(100), SECONDS(100), WALL };
	events_len = 0;
	cr_assert_eq(engine_create(&o, &clocks, &engine), 0);
	engine_source(engine, &source);
	engine_probes_sink(engine, ENGINE_DEFAULT, &sink);
}

static void
pass(int64_t us)
{
	for (; us > 0; us -= MS(250)) {
		clocks.monotonic_us += MS(250);
		clocks.boot_us += MS(250);
		clocks.wall_us += MS(250);
		(void)engine_tick(engine, &clocks);
	}
}

static struct link
link_named(const char *id, const char *interface, bool carrier)
{
	struct link l = { .kind = EST_LINK_WIFI, .carrier = carrier };

	(void)snprintf(l.id, sizeof(l.id), "%s", id);
	(void)snprintf(l.interface, sizeof(l.interface), "%s", interface);
	return l;
}

static void
links(const char *first, const char *second)
{
	struct links l = { .len = 0 };

	if (first)
		l.at[l.len++] = link_named(first, "wlan0", true);
	if (second)
		l.at[l.len++] = link_named(second, "eth0", true);
	engine_links(engine, clocks.monotonic_us, &l);
}

static struct api_view
view(void)
{
	struct api_view v;

	cr_assert_eq(source.view(source.ctx, NULL, &v), 0);
	return v;
}

static bool
seen(enum api_event_kind kind, const char *detail)
{
	for (size_t i = 0; i < events_len; i++)
		if (events[i].kind == kind && (!detail || !strcmp(events[i].detail, detail)))
			return true;
	return false;
}

static enum est_verdict
observe(const char *id, int64_t bytes, int64_t duration_us, int64_t ttfb_us, bool open)
{
	struct api_observation o = { .app = "test" };

	o.sample = (struct est_sample){ .bytes = bytes, .duration_us = duration_us,
		.ttfb_us = ttfb_us, .connect_us = -1, .rtt_us = -1, .in_progress = open };
	(void)snprintf(o.id, sizeof(o.id), "%s", id);
	return source.observe(source.ctx, &o);
}

/* A good link: 1 MB in 0.85 s, once a second. */
static void
good_traffic(int seconds)
{
	for (int i = 0; i < seconds; i++) {
		pass(SECONDS(1));
		cr_assert_eq(observe("", 1000000, MS(850), MS(40 + i % 5 * 10), false), EST_TAKEN);
	}
}

Test(engine, answers_offline_before_there_ever_was_a_link, .timeout = 10)
{
	struct api_view out[API_LINKS_MAX];

	set_up();
	pass(SECONDS(1));
	cr_assert_eq(view().est.state, EST_OFFLINE);
	cr_assert(view().link.is_default);
	cr_assert_eq(source.links(source.ctx, out), 0);
	engine_destroy(engine);
}

Test(engine, believes_bytes_more_than_a_missing_route, .timeout = 10)
{
	set_up();
	good_traffic(3);
	cr_assert_eq(view().est.state, EST_ONLINE);
	pass(SECONDS(15));
	cr_assert_eq(view().est.state, EST_OFFLINE, "but only for a while");
	engine_destroy(engine);
}

Test(engine, takes_a_bare_connect_for_a_round_trip, .timeout = 10)
{
	struct api_observation o = { .sample = { .direction = EST_DOWN, .duration_us = MS(40),
	    .ttfb_us = -1, .connect_us = MS(40), .rtt_us = MS(40) } };

	set_up();
	links("aaaa", NULL);
	cr_assert_eq(source.observe(source.ctx, &o), EST_TAKEN);
	cr_assert(view().est.rtt.known);
	cr_assert(view().est.rtt.us_p50 > MS(30) && view().est.rtt.us_p50 < MS(55));
	engine_destroy(engine);
}

Test(engine, takes_what_applications_say_for_the_default_link, .timeout = 10)
{
	struct api_view v;

	set_up();
	links("aaaa", "bbbb");
	good_traffic(10);
	v = view();
	cr_assert_str_eq(v.link.id, "aaaa");
	cr_assert_eq(v.est.state, EST_ONLINE);
	cr_assert(v.est.rate[EST_DOWN].known);
	cr_assert(v.est.rate[EST_DOWN].kbps_p50 > 5000 && v.est.rate[EST_DOWN].kbps_p50 < 20000);
	cr_assert_eq(source.view(source.ctx, "bbbb", &v), 0);
	cr_assert(!v.est.rate[EST_DOWN].known, "nobody said anything of that one");
	cr_assert_eq(source.view(source.ctx, "cccc", &v), -ENOENT);
	engine_destroy(engine);
}

Test(engine, is_offline_at_once_without_a_default_route, .timeout = 10)
{
	set_up();
	links("aaaa", NULL);
	good_traffic(5);
	links(NULL, NULL);
	cr_assert_eq(view().est.state, EST_OFFLINE);
	cr_assert_str_eq(view().link.id, "aaaa", "the last one");
	cr_assert(seen(API_EVENT_NETWORK, "down"));
	cr_assert(seen(API_EVENT_OUTAGE_BEGIN, NULL));
	pass(SECONDS(5));
	links("aaaa", NULL);
	good_traffic(1);
	pass(SECONDS(1));
	cr_assert_eq(view().est.state, EST_ONLINE);
	cr_assert(seen(API_EVENT_OUTAGE_END, NULL));
	engine_destroy(engine);
}

Test(engine, stays_offline_without_a_route_whatever_answers_next_door, .timeout = 10)
{
	set_up();
	links("aaaa", NULL);
	good_traffic(5);
	links(NULL, NULL);
	for (int i = 0; i < 10; i++) {
		pass(SECONDS(1));
		(void)observe("", 1000000, MS(850), MS(50), false);
		cr_assert_eq(view().est.state, EST_OFFLINE);
	}
	engine_destroy(engine);
}

Test(engine, is_offline_at_once_without_a_carrier, .timeout = 10)
{
	struct links l = { .len = 1 };

	set_up();
	links("aaaa", NULL);
	good_traffic(5);
	l.at[0] = link_named("aaaa", "wlan0", false);
	engine_links(engine, clocks.monotonic_us, &l);
	cr_assert_eq(view().est.state, EST_OFFLINE);
	cr_assert(seen(API_EVENT_NETWORK, "carrier"));
	engine_destroy(engine);
}

Test(engine, is_not_fooled_by_bytes_that_were_still_on_their_way, .timeout = 10)
{
	struct links l = { .len = 1 };

	set_up();
	links("aaaa", NULL);
	good_traffic(5);
	l.at[0] = link_named("aaaa", "wlan0", false);
	engine_links(engine, clocks.monotonic_us, &l);
	pass(MS(250));
	(void)observe("", 1000000, MS(850), MS(50), false);
	pass(MS(250));
	cr_assert_eq(view().est.state, EST_OFFLINE);
	engine_destroy(engine);
}

Test(engine, tells_when_another_link_becomes_the_default_one, .timeout = 10)
{
	set_up();
	links("aaaa", "bbbb");
	events_len = 0;
	links("bbbb", "aaaa");
	cr_assert(seen(API_EVENT_NETWORK, "route"));
	cr_assert_str_eq(view().link.id, "bbbb");
	engine_destroy(engine);
}

Test(engine, tells_an_outage_that_began_and_ended_between_two_looks, .timeout = 10)
{
	set_up();
	links("aaaa", NULL);
	good_traffic(5);
	events_len = 0;
	/* Two minutes without an answer, all told at once, and then one. */
	clocks.monotonic_us += SECONDS(120);
	clocks.boot_us += SECONDS(120);
	clocks.wall_us += SECONDS(120);
	for (int i = 0; i < 8; i++)
		sink.silence(sink.ctx, clocks.monotonic_us, SECONDS(60), 3);
	cr_assert_eq(view().est.state, EST_OFFLINE);
	(void)observe("", 1000000, MS(850), MS(50), false);
	cr_assert_eq(view().est.state, EST_ONLINE);
	pass(MS(250));
	cr_assert(seen(API_EVENT_OUTAGE_BEGIN, NULL));
	cr_assert(seen(API_EVENT_OUTAGE_END, NULL));
	engine_destroy(engine);
}

Test(engine, tells_each_change_once_in_order, .timeout = 10)
{
	int64_t last_us = 0;

	set_up();
	links("aaaa", NULL);
	good_traffic(20);
	for (int i = 0; i < 20; i++) {
		pass(SECONDS(1));
		(void)observe("", 50000, MS(900), MS(60), false);
	}
	cr_assert(seen(API_EVENT_CHANGE, NULL));
	for (size_t i = 0; i < events_len; i++)
		if (events[i].kind == API_EVENT_CHANGE) {
			cr_assert_gt(events[i].wall_us, last_us);
			last_us = events[i].wall_us;
		}
	engine_destroy(engine);
}

Test(engine, knows_a_sleep_from_an_outage, .timeout = 10)
{
	set_up();
	links("aaaa", NULL);
	good_traffic(5);
	clocks.boot_us += SECONDS(3600);
	clocks.wall_us += SECONDS(3600);
	events_len = 0;
	pass(SECONDS(1));
	cr_assert(seen(API_EVENT_STATE, "asleep"));
	cr_assert(!seen(API_EVENT_OUTAGE_BEGIN, NULL));
	cr_assert_neq(view().est.state, EST_OFFLINE);
	for (size_t i = 0; i < events_len; i++)
		if (!strcmp(events[i].detail, "asleep"))
			cr_assert_leq(events[i].wall_us, clocks.wall_us - SECONDS(3600),
			    "it fell asleep an hour ago");
	engine_destroy(engine);
}

Test(engine, counts_the_time_in_each_state_and_asleep, .timeout = 10)
{
	struct api_metrics m;
	int64_t sum_us = 0;

	set_up();
	links("home1", NULL);
	good_traffic(20);
	links(NULL, NULL);
	pass(SECONDS(30));
	clocks.boot_us += SECONDS(3600);
	clocks.wall_us += SECONDS(3600);
	pass(SECONDS(10));
	source.metrics(source.ctx, &m);
	for (int i = 0; i < EST_STATES; i++)
		sum_us += m.in_state_us[i];
	cr_assert_eq(sum_us, SECONDS(3660));
	cr_assert_eq(m.in_state_us[EST_ASLEEP], SECONDS(3600));
	cr_assert_eq(m.in_state_us[EST_OFFLINE], SECONDS(40));
	cr_assert_geq(m.in_state_us[EST_ONLINE], SECONDS(18));
	engine_destroy(engine);
}

Test(engine, notes_a_set_clock_and_measures_on, .timeout = 10)
{
	set_up();
	links("aaaa", NULL);
	good_traffic(5);
	clocks.wall_us -= SECONDS(7200);
	pass(MS(250));
	cr_assert(seen(API_EVENT_DAEMON, "clock set by -7200000 ms"));
	cr_assert_eq(view().est.state, EST_ONLINE);
	cr_assert_eq(view().wall_us, clocks.wall_us);
	engine_destroy(engine);
}

Test(engine, forgets_a_request_that_nobody_speaks_of_any_more, .timeout = 10)
{
	struct est_explain x;

	set_up();
	links("aaaa", NULL);
	good_traffic(5);
	(void)observe("lost", 1000, MS(500), MS(50), true);
	pass(SECONDS(31));
	cr_assert_eq(source.explain(source.ctx, NULL, &x), 0);
	cr_assert_eq(x.open_requests, 0);
	engine_destroy(engine);
}

Test(engine, takes_a_probe_for_a_probe, .timeout = 10)
{
	struct est_sample s = { .request = 7 | UINT64_C(1) << 63, .source = EST_PROBE,
		.bytes = 50000, .duration_us = MS(90), .ttfb_us = MS(50), .connect_us = 0,
		.rtt_us = MS(40) };
	struct est_explain x;

	set_up();
	links("aaaa", NULL);
	pass(SECONDS(1));
	s.ended_us = clocks.monotonic_us;
	sink.sample(sink.ctx, clocks.monotonic_us, &s);
	cr_assert_eq(source.explain(source.ctx, NULL, &x), 0);
	cr_assert_eq(x.source[EST_PROBE].count, 1);
	cr_assert_eq(x.source[EST_APP].count, 0);
	cr_assert_eq(view().est.state, EST_ONLINE);
	engine_destroy(engine);
}

Test(requests, give_the_bytes_that_are_new, .timeout = 10)
{
	static struct requests r;
	uint64_t n;

	cr_assert_eq(requests_init(&r), 0);
	n = requests_number(&r, "app", "1");
	cr_assert_neq(n, requests_number(&r, "app", "2"));
	cr_assert_neq(n, requests_number(&r, "ap", "p1"));
	cr_assert_eq(requests_report(&r, n, 0, 100, true), 100);
	cr_assert_eq(requests_report(&r, n, 1, 250, true), 150);
	cr_assert_eq(requests_report(&r, n, 2, 200, true), 0, "fewer than before");
	cr_assert_eq(requests_report(&r, n, 3, 300, false), 50);
	cr_assert_eq(r.open, 0);
}

Test(requests, stay_bounded_when_nobody_ends_them, .timeout = 10)
{
	static struct requests r;
	unsigned lost = 0;

	cr_assert_eq(requests_init(&r), 0);
	for (uint64_t n = 1; n <= 2 * REQUESTS_MAX; n++)
		(void)requests_report(&r, n, (int64_t)n, 1, true);
	cr_assert_eq(r.open, REQUESTS_MAX);
	cr_assert_eq(requests_report(&r, 9999999, 0, 77, false), 77);
	while (requests_stale(&r, REQUESTS_STALE_US * 2) != 0)
		lost++;
	cr_assert_eq(lost, REQUESTS_MAX);
	cr_assert_eq(r.open, 0);
}

Test(probe_tcp, finds_the_round_trip_between_two_smoothed_ones, .timeout = 10)
{
	struct probe_tcp before = { .rtt_us = 40000, .rtt_us_min = 30000, .segments_out = 5 };
	struct probe_tcp after = { .rtt_us = 41000, .rtt_us_min = 30000, .segments_out = 6 };

	cr_assert_eq(probe_tcp_sample(&before, &after), 48000);
	after.segments_out = 7;
	cr_assert_eq(probe_tcp_sample(&before, &after), -1, "two of them are not told apart");
	after.segments_out = 6;
	after.retransmits = 1;
	cr_assert_eq(probe_tcp_sample(&before, &after), -1, "whose answer was it?");
}
