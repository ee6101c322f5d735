/* SPDX-License-Identifier: ISC */
/* What the kernel's sockets tell, as the engine takes it. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "daemon/engine.h"

#define MS(n) (INT64_C(1000) * (n))
#define SECONDS(n) (INT64_C(1000000) * (n))

TestSuite(engine_kernel, .timeout = 10);

static struct clock_reading clocks;
static struct engine *engine;
static struct api_source source;
static struct kernel_sink sink;

static int64_t
now(void *ctx)
{
	(void)ctx;
	return clocks.monotonic_us;
}

static void
pass(int64_t us)
{
	clocks.monotonic_us += us;
	clocks.boot_us += us;
	clocks.wall_us += us;
	(void)engine_tick(engine, &clocks);
}

static void
set_up(void)
{
	struct engine_options o = { .now = now };
	struct links l = { .len = 2 };

	clocks = (struct clock_reading){ SECONDS(100), SECONDS(100), SECONDS(1700000000) };
	cr_assert_eq(engine_create(&o, &clocks, &engine), 0);
	engine_source(engine, &source);
	engine_kernel_sink(engine, &sink);
	for (int i = 0; i < 2; i++) {
		l.at[i].kind = EST_LINK_WIFI;
		l.at[i].carrier = true;
		(void)snprintf(l.at[i].id, sizeof(l.at[i].id), "link%d", i);
		(void)snprintf(l.at[i].interface, sizeof(l.at[i].interface), "wlan%d", i);
	}
	engine_links(engine, clocks.monotonic_us, &l);
	pass(MS(250));
}

static struct api_view
view(const char *id)
{
	struct api_view v;

	cr_assert_eq(source.view(source.ctx, id, &v), 0);
	return v;
}

/* The number that the engine gives a link. The place of a host without one, 0, is free again
 * by the time that the second one comes. */
static int
number_of(const char *id)
{
	return strcmp(id, "link0") == 0 ? 1 : 0;
}

static struct passive_report
report(int64_t kbps, enum passive_certainty certainty)
{
	return (struct passive_report){
		.interval_us = MS(250), .sockets = 1, .heard = true,
		.heard_us = clocks.monotonic_us,
		.in = { .bytes = kbps * 250 / 8, .kbps = kbps, .certainty = certainty },
		.out = { .kbps = -1 },
		.rtt_us = { MS(45) }, .rtts = 1,
	};
}

static void
carry(const char *id, int64_t us, int64_t kbps, enum passive_certainty certainty)
{
	for (; us > 0; us -= MS(250)) {
		struct passive_report r = report(kbps, certainty);

		sink.report(sink.ctx, clocks.monotonic_us, number_of(id), &r);
		pass(MS(250));
	}
}

Test(engine_kernel, tells_each_link_what_its_own_sockets_carried)
{
	struct api_view a, b;

	set_up();
	for (int i = 0; i < 20; i++) {
		struct passive_report fast = report(20000, PASSIVE_LINK_RATE);
		struct passive_report slow = report(2000, PASSIVE_LINK_RATE);

		sink.report(sink.ctx, clocks.monotonic_us, number_of("link0"), &fast);
		sink.report(sink.ctx, clocks.monotonic_us, number_of("link1"), &slow);
		pass(MS(250));
	}
	a = view("link0");
	b = view("link1");
	cr_assert_eq(a.est.state, EST_ONLINE);
	cr_assert(a.est.rate[EST_DOWN].kbps_p50 > 16000 && a.est.rate[EST_DOWN].kbps_p50 < 24000);
	cr_assert(b.est.rate[EST_DOWN].kbps_p50 > 1600 && b.est.rate[EST_DOWN].kbps_p50 < 2400);
	cr_assert_eq(a.est.share_ppm[EST_KERNEL], 1000000);
	engine_destroy(engine);
}

Test(engine_kernel, never_lowers_by_a_flow_that_may_pace_itself)
{
	int64_t before;

	set_up();
	carry("link0", SECONDS(10), 9600, PASSIVE_LINK_RATE);
	before = view("link0").est.rate[EST_DOWN].kbps_p50;
	carry("link0", SECONDS(30), 1000, PASSIVE_AT_LEAST);
	cr_assert_geq(view("link0").est.rate[EST_DOWN].kbps_p50, before * 9 / 10);
	engine_destroy(engine);
}

Test(engine_kernel, leaves_the_rate_to_applications_that_tell_it)
{
	int64_t kernel;
	struct est_explain x;

	set_up();
	for (int i = 1; i <= 20; i++) {
		struct passive_report r = report(9600, PASSIVE_LINK_RATE);
		struct api_observation o = { .id = "a", .app = "test" };

		o.sample = (struct est_sample){ .bytes = i * 300000, .duration_us = i * MS(250),
			.ttfb_us = MS(1), .connect_us = -1, .rtt_us = -1, .in_progress = true };
		(void)source.observe(source.ctx, &o);
		sink.report(sink.ctx, clocks.monotonic_us, number_of("link0"), &r);
		pass(MS(250));
	}
	cr_assert_eq(source.explain(source.ctx, NULL, &x), 0);
	kernel = x.source[EST_KERNEL].bytes;
	cr_assert_lt(kernel, 600000, "%lld bytes counted twice", (long long)kernel);
	engine_destroy(engine);
}

Test(engine_kernel, is_offline_within_a_second_of_silence_at_two_places)
{
	int64_t silent_us = 0;

	set_up();
	carry("link0", SECONDS(10), 9600, PASSIVE_LINK_RATE);
	while (view("link0").est.state != EST_OFFLINE) {
		struct passive_report r = {
			.interval_us = MS(250), .sockets = 2, .waiting = true,
			.in.kbps = -1, .out.kbps = -1,
			.silent_us = silent_us += MS(250), .silent_places = 2,
		};

		cr_assert_leq(silent_us, SECONDS(1));
		sink.report(sink.ctx, clocks.monotonic_us, number_of("link0"), &r);
		pass(MS(250));
	}
	cr_assert_neq(view("link1").est.state, EST_OFFLINE);
	carry("link0", MS(250), 5000, PASSIVE_AT_LEAST);
	cr_assert_eq(view("link0").est.state, EST_ONLINE);
	engine_destroy(engine);
}

Test(engine_kernel, ignores_a_report_of_a_link_that_is_gone)
{
	struct links none = { .len = 0 };

	set_up();
	engine_links(engine, clocks.monotonic_us, &none);
	carry("link0", SECONDS(1), 9600, PASSIVE_LINK_RATE);
	cr_assert_eq(view(NULL).est.state, EST_OFFLINE);
	engine_destroy(engine);
}
