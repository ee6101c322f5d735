/* SPDX-License-Identifier: ISC */
/* The links that this host was on: kept, bounded, and back at once. */
#include <criterion/criterion.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "daemon/engine.h"
#include "daemon/remembered.h"
#include "daemon/store.h"
#include "tests/daemon/scratch.h"

#define SECONDS(n) (INT64_C(1000000) * (n))
#define WALL SECONDS(1700000000)

TestSuite(remembered, .init = scratch_begin, .fini = scratch_end, .timeout = 60);

static struct clock_reading clocks;

static int64_t
now(void *ctx)
{
	(void)ctx;
	return clocks.monotonic_us;
}

static struct store *
open_store(void)
{
	char why[160] = "";
	struct store_options o = { .path = scratch_path("h.db"), .wake_fd = -1 };
	struct store *st;

	cr_assert_eq(store_open(&o, &st, why, sizeof why), 0, "%s", why);
	return st;
}

static struct api_link
link_numbered(int n)
{
	struct api_link l = { .interface = "wlan0", .kind = EST_LINK_WIFI,
		.since_wall_us = WALL + SECONDS(n) };

	(void)snprintf(l.id, sizeof l.id, "net%d", n);
	return l;
}

static struct est_memory
memory_of(uint8_t byte)
{
	struct est_memory m = { .version = 1, .len = 20 };

	memset(m.bytes, byte, m.len);
	return m;
}

static void
visit(struct remembered *r, int n)
{
	struct api_link l = link_numbered(n);
	struct est_memory m = memory_of((uint8_t)n);

	remembered_up(r, &l, WALL + SECONDS(n));
	remembered_learn(r, l.id, WALL + SECONDS(n), &m);
	remembered_down(r, l.id, WALL + SECONDS(n));
}

/* What waits to be written is bounded: nobody visits more networks in five seconds. */
static struct store *
start_again(struct remembered *r, struct store *st)
{
	remembered_finish(r);
	store_close(st);
	st = open_store();
	cr_assert_eq(remembered_init(r, st), 0);
	return st;
}

Test(remembered, keeps_what_was_learnt_of_more_than_200_links_over_a_restart)
{
	struct est_memory m, want;
	struct remembered r;
	struct store *st = open_store();
	char id[16];

	cr_assert_eq(remembered_init(&r, st), 0);
	for (int n = 0; n < 220; n++) {
		visit(&r, n);
		if (n % 20 == 19)
			st = start_again(&r, st);
	}
	cr_assert_eq(r.len, 220);
	for (int n = 0; n < 220; n++) {
		(void)snprintf(id, sizeof id, "net%d", n);
		want = memory_of((uint8_t)n);
		cr_assert(remembered_recall(&r, id, &m), "%s", id);
		cr_assert_eq(memcmp(&m, &want, sizeof m), 0);
	}
	remembered_finish(&r);
	store_close(st);
}

Test(remembered, forgets_the_link_that_was_seen_longest_ago_but_none_that_is_up)
{
	struct api_link up = link_numbered(0);
	struct est_memory m = memory_of(0);
	struct remembered r;

	cr_assert_eq(remembered_init(&r, NULL), 0);
	remembered_up(&r, &up, WALL);
	remembered_learn(&r, up.id, WALL, &m);
	for (int n = 1; n <= REMEMBERED_MAX + 5; n++)
		visit(&r, n);
	cr_assert_eq(r.len, REMEMBERED_MAX);
	cr_assert(remembered_recall(&r, "net0", &m), "it is up");
	cr_assert_not(remembered_recall(&r, "net6", &m));
	cr_assert(remembered_recall(&r, "net7", &m));
	remembered_finish(&r);
}

Test(remembered, drops_from_the_store_what_it_forgets)
{
	struct remembered r;
	struct est_memory m;
	struct store *st = open_store();

	cr_assert_eq(remembered_init(&r, st), 0);
	for (int n = 0; n < REMEMBERED_MAX + 3; n++) {
		visit(&r, n);
		if (n % 20 == 19)
			st = start_again(&r, st);
	}
	st = start_again(&r, st);
	cr_assert_eq(r.len, REMEMBERED_MAX);
	cr_assert_not(remembered_recall(&r, "net2", &m));
	cr_assert(remembered_recall(&r, "net3", &m));
	remembered_finish(&r);
	store_close(st);
}

static struct engine *
engine_with(struct store *st, struct api_source *source, const char *id)
{
	struct engine_options o = { .store = st, .now = now };
	struct links l = { .len = 1 };
	struct engine *e;

	l.at[0] = (struct link){ .kind = EST_LINK_WIFI, .carrier = true, .interface = "wlan0" };
	(void)snprintf(l.at[0].id, sizeof l.at[0].id, "%s", id);
	cr_assert_eq(engine_create(&o, &clocks, &e), 0);
	engine_source(e, source);
	engine_links(e, clocks.monotonic_us, &l);
	return e;
}

Test(remembered, answers_from_memory_at_once_and_says_so)
{
	struct api_observation o = { .sample = { .bytes = 1000000, .duration_us = 850000,
	    .ttfb_us = 50000, .connect_us = -1, .rtt_us = -1 } };
	struct store *st = open_store();
	struct api_source source;
	struct api_view v;
	struct engine *e;

	clocks = (struct clock_reading){ SECONDS(100), SECONDS(100), WALL };
	e = engine_with(st, &source, "home");
	cr_assert_eq(source.view(source.ctx, NULL, &v), 0);
	cr_assert_eq(v.est.basis, EST_BASIS_PRIOR);
	cr_assert_not(v.est.rate[EST_DOWN].known, "a prior is no estimate");
	for (int i = 0; i < 20; i++) {
		clocks.monotonic_us += SECONDS(1);
		cr_assert_eq(source.observe(source.ctx, &o), EST_TAKEN);
	}
	cr_assert_eq(source.view(source.ctx, NULL, &v), 0);
	cr_assert_eq(v.est.basis, EST_BASIS_EVIDENCE);
	engine_destroy(e);
	store_close(st);

	st = open_store();
	e = engine_with(st, &source, "home");
	cr_assert_eq(source.view(source.ctx, NULL, &v), 0);
	cr_assert_eq(v.est.basis, EST_BASIS_MEMORY);
	cr_assert_eq(v.est.state, EST_UNKNOWN, "what it was is no evidence of now");
	cr_assert(v.est.rate[EST_DOWN].known);
	cr_assert(v.est.rate[EST_DOWN].kbps_p10 < 9400 && v.est.rate[EST_DOWN].kbps_p90 > 9400);
	cr_assert(v.est.rate[EST_DOWN].kbps_p90 > 2 * v.est.rate[EST_DOWN].kbps_p10, "wide");
	engine_destroy(e);
	store_close(st);
}

Test(remembered, keeps_the_link_that_is_up_when_what_is_old_is_forgotten)
{
	struct store *st = open_store();
	struct api_forget old = { .before_wall_us = WALL + SECONDS(9 * 86400) };
	struct api_source source;
	struct api_view v;
	struct engine *e;
	size_t links = 9;
	int64_t number, rows;

	clocks = (struct clock_reading){ SECONDS(100), SECONDS(100), WALL };
	e = engine_with(st, &source, "home");
	cr_assert_eq(source.name(source.ctx, "home", "Home"), 0);
	clocks.monotonic_us += SECONDS(10 * 86400); /* and nothing was learnt of it */
	number = source.forget(source.ctx, &old, &links);
	cr_assert_gt(number, 0);
	cr_assert_eq(links, 0);
	while (source.forgotten(source.ctx, number, &rows) == -EAGAIN)
		(void)poll(NULL, 0, 1);
	engine_destroy(e);
	store_close(st);

	st = open_store();
	e = engine_with(st, &source, "home");
	cr_assert_eq(source.view(source.ctx, NULL, &v), 0);
	cr_assert_str_eq(v.link.name, "Home");
	engine_destroy(e);
	store_close(st);
}

Test(remembered, begins_a_new_link_with_a_wide_prior_of_its_kind)
{
	struct est_rate wifi, ethernet;

	est_prior(EST_LINK_WIFI, &wifi);
	est_prior(EST_LINK_ETHERNET, &ethernet);
	cr_assert(ethernet.kbps_p50 > wifi.kbps_p50);
	cr_assert(wifi.kbps_p90 > 50 * wifi.kbps_p10);
}
