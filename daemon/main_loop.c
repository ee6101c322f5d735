/* SPDX-License-Identifier: ISC */
/* The daemon's parts, and what happens to them on the loop. */
#include "daemon/main_internal.h"

#include <signal.h>
#include <unistd.h>

#include "api/http.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/reload.h"

#define WRITER_STUCK_US INT64_C(60000000)

/* Nobody is told what was so before the host slept, or with the clock of before. */
static void
look_at_clocks(struct daemon *d)
{
	struct clock_reading clocks;

	clock_read(&clocks);
	engine_clocks(d->engine, loop_now_us(d->loop), &clocks);
}

static void
run_api(struct daemon *d)
{
	int64_t wait_us;

	look_at_clocks(d);
	api_run(d->api);
	wait_us = api_timeout_us(d->api);
	if (wait_us < 0)
		loop_timer_stop(d->api_timer);
	else
		loop_timer_set(d->api_timer, wait_us);
}

void
main_on_api(void *arg, int64_t now_us, int fd, unsigned what)
{
	(void)now_us, (void)fd, (void)what;
	run_api(arg);
}

void
main_on_api_timer(void *arg, int64_t now_us)
{
	(void)now_us;
	run_api(arg);
}

void
main_on_store(void *arg, int64_t now_us, int fd, unsigned what)
{
	struct daemon *d = arg;
	uint64_t count;

	(void)now_us, (void)what;
	if (read(fd, &count, sizeof(count)) < 0)
		return;
	store_dispatch(d->store);
	run_api(d);
}

/* systemd's watchdog: the loop turns, since we are here; and the writer is not stuck. */
static void
feed_watchdog(struct daemon *d, int64_t now_us)
{
	struct store_report r;

	if (d->watchdog_us == 0 || now_us - d->watchdog_told_us < d->watchdog_us / 2)
		return;
	store_report(d->store, &r);
	if (r.busy_us > WRITER_STUCK_US)
		return;
	d->watchdog_told_us = now_us;
	(void)notify_send("WATCHDOG=1");
}

static int64_t
tick_webhooks(struct daemon *d)
{
	struct api_view v;

	if (d->source.view(d->source.ctx, NULL, &v) != 0)
		return WEBHOOKS_IDLE_US;
	return webhooks_tick(d->webhooks, &v);
}

void
main_on_tick(void *arg, int64_t now_us)
{
	struct daemon *d = arg;
	struct clock_reading clocks;
	int64_t engine_us, probes_us, hooks_us, sides_us;

	clock_read(&clocks);
	clocks.monotonic_us = now_us; /* one event, one instant */
	engine_us = engine_tick(d->engine, &clocks);
	probes_us = probes_tick(d->probes, now_us);
	sides_us = sides_tick(d->sides, now_us);
	probes_us = sides_us < probes_us ? sides_us : probes_us;
	hooks_us = tick_webhooks(d);
	if (hooks_us < probes_us)
		probes_us = hooks_us;
	api_tick(d->api);
	feed_watchdog(d, now_us);
	if (d->watchdog_us > 0 && probes_us > d->watchdog_us / 4)
		probes_us = d->watchdog_us / 4;
	loop_timer_set(d->tick_timer, engine_us < probes_us ? engine_us : probes_us);
	run_api(d);
}

/* From wherever it happened: the API's own work waits for the loop's next round. */
void
main_on_event(void *ctx, const struct api_event_row *row)
{
	struct daemon *d = ctx;

	if (!d->api)
		return;
	api_event(d->api, row);
	loop_timer_set(d->api_timer, 0);
}

void
main_on_clock(void *arg, int64_t now_us, int fd, unsigned what)
{
	struct daemon *d = arg;

	(void)now_us, (void)what;
	clock_alarm_hear(fd);
	look_at_clocks(d);
	loop_timer_set(d->tick_timer, 0);
}

int64_t
main_now(void *ctx)
{
	const struct daemon *d = ctx;

	return loop_now_us(d->loop);
}

void
main_on_network(void *arg, int64_t now_us, const struct net_picture *picture)
{
	struct daemon *d = arg;
	struct links links;

	links_read(picture, &d->salt, d->interface, &links);
	if (d->probes)
		probes_gateway(d->probes, picture, d->interface);
	engine_links(d->engine, now_us, &links);
	engine_network(d->engine, now_us);
	sides_follow(d->sides);
}

/* A secret that cannot be read leaves all of them as they were. */
static void
reload_webhooks(struct daemon *d)
{
	char why[WHY_MAX];

	if (webhooks_reload(d->webhooks, &d->conf.webhook, why, sizeof(why)) != 0)
		log_error("reload: %s; the webhooks stay as they were", why);
}

void
main_on_metered(void *arg, int64_t now_us, bool metered)
{
	struct daemon *d = arg;

	probes_metered(d->probes, now_us, metered);
}

void
main_on_signal(void *arg, int64_t now_us, int number)
{
	struct daemon *d = arg;

	(void)now_us;
	if (number == SIGHUP) {
		reload(&d->options, &d->conf, d->probes);
		sides_reload(d->sides, &d->conf);
		reload_webhooks(d);
		return;
	}
	log_info("%s: ending", number == SIGTERM ? "SIGTERM" : "SIGINT");
	loop_stop(d->loop);
}

void
main_on_api_log(void *ctx, const char *line)
{
	(void)ctx;
	log_debug("http: %s", line);
}
