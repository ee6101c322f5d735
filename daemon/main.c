/* SPDX-License-Identifier: ISC */
/* linkqd: options, and the order of start-up and shutdown. */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon/main_internal.h"

#include "api/http.h"
#include "daemon/clock.h"
#include "daemon/detach.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/paths.h"
#include "daemon/process.h"

#define STOP_US INT64_C(2000000) /* for answers that are on their way when we end */

/* --- start-up, in order ----------------------------------------------------------------- */

/* Targets that are all on this host measure loopback, whatever the default route is. */
static void
choose_interface(const struct conf *c, char out[16])
{
	bool loopback = c->probe.len > 0;

	for (size_t i = 0; i < c->probe.len; i++)
		loopback = loopback && probes_is_loopback(c->probe.at[i].url);
	(void)snprintf(out, 16, "%s", c->interface[0] ? c->interface : loopback ? "lo" : "");
}

static int
open_store(struct daemon *d, char *why)
{
	const struct conf *c = &d->conf;
	char path[PATHS_MAX];
	struct store_options o = {
		.path = path,
		.keep_1s_us = c->keep_seconds_us,
		.keep_minutes_us = c->keep_minutes_us,
		.keep_hours_us = c->keep_hours_us,
		.keep_bytes = c->keep_size_bytes,
		.keep_observations_us = c->keep_observations_us,
		.keep_events_us = c->keep_events_us,
	};
	int err = 0;

	if (c->database[0]) {
		(void)snprintf(path, sizeof(path), "%s", c->database);
		err = paths_make_parent(path, why, WHY_MAX);
	} else {
		err = paths_database(path, why, WHY_MAX);
	}
	if (err)
		return err;
	d->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->wake_fd < 0) {
		(void)snprintf(why, WHY_MAX, "eventfd: %s", strerror(errno));
		return -EMFILE;
	}
	o.wake_fd = d->wake_fd;
	return store_open(&o, &d->store, why, WHY_MAX);
}

/* A sense more: without it there are still applications and probes. */
static void
start_kernel(struct daemon *d)
{
	struct kernel_sink sink;
	int err;

	if (!d->conf.kernel)
		return;
	engine_kernel_sink(d->engine, &sink);
	err = kernel_create(d->loop, &sink, &d->kernel);
	if (err)
		log_warn("kernel: its sockets are not looked at: %s", strerror(-err));
	else
		engine_set_kernel(d->engine, d->kernel);
}

static int
start_engine(struct daemon *d)
{
	struct engine_options o = { .store = d->store, .now = main_now, .event = main_on_event,
		.ctx = d };
	struct probes_sink sink;
	struct clock_reading clocks;
	int err;

	clock_read(&clocks);
	err = engine_salt(d->store, &d->salt);
	if (!err)
		err = engine_create(&o, &clocks, &d->engine);
	if (!err)
		err = forecast_create(d->loop, d->store, &d->forecast);
	if (!err)
		err = netlink_create(d->loop, main_on_network, d, &d->netlink);
	if (err)
		return err;
	engine_set_netlink(d->engine, d->netlink);
	engine_set_forecast(d->engine, d->forecast);
	main_on_network(d, loop_now_us(d->loop), netlink_picture(d->netlink));
	start_kernel(d);
	engine_probes_sink(d->engine, ENGINE_DEFAULT, &sink);
	err = probes_create(d->loop, &d->conf, &sink, &d->probes);
	if (err)
		return err;
	engine_set_probes(d->engine, d->probes);
	probes_gateway(d->probes, netlink_picture(d->netlink), d->interface);
	/* An interface that was chosen, loopback too, is the only link there is. */
	if (!d->interface[0])
		err = sides_create(d->loop, d->engine, d->probes, &d->conf, &d->sides);
	if (!err && d->conf.metered == CONF_METERED_YES)
		probes_metered(d->probes, loop_now_us(d->loop), true);
	if (!err && d->conf.metered == CONF_METERED_AUTO)
		err = metered_create(d->loop, main_on_metered, d, &d->metered);
	return err;
}

static int
start_api(struct daemon *d)
{
	const struct conf *c = &d->conf;
	struct api_options o = {
		.hosts = (const char *const *)c->allowed_host.at,
		.hosts_len = c->allowed_host.len,
		.origins = (const char *const *)c->allowed_origin.at,
		.origins_len = c->allowed_origin.len,
		.token = d->token[0] ? d->token : NULL,
		.connections_max = (unsigned)c->connections_max,
		.streams_max = (unsigned)c->streams_max,
		.boot = d->boot,
		.log = main_on_api_log,
	};
	struct digest_salt run;
	int err = digest_salt_make(&run);

	if (err)
		return err;
	digest_name(&run, "boot", "", 8, d->boot);
	engine_source(d->engine, &d->source);
	err = api_create(&o, &d->source, &d->api);
	for (size_t i = 0; !err && i < d->sockets.len; i++) {
		err = api_listen(d->api, d->sockets.at[i].fd, d->sockets.at[i].kind);
		if (!err)
			d->sockets.at[i].fd = -1;
	}
	return err;
}

static void
own_socket(void *ctx, int fd)
{
	struct daemon *d = ctx;

	if (d->kernel)
		kernel_own(d->kernel, fd);
}

static int
start_webhooks(struct daemon *d)
{
	const struct webhooks_options o = { .boot = d->boot, .opened = own_socket, .ctx = d };
	char why[WHY_MAX];
	int err = webhooks_create(d->loop, &o, &d->conf.webhook, &d->webhooks, why,
	    sizeof(why));

	if (!err)
		engine_set_webhooks(d->engine, d->webhooks);
	return err;
}

static int
start_loop(struct daemon *d, const sigset_t *handled)
{
	int err = loop_signals(d->loop, handled, main_on_signal, d);

	if (!err)
		err = loop_watch_create(d->loop, d->wake_fd, LOOP_READ, main_on_store, d,
		    &d->wake_watch);
	if (!err)
		err = loop_watch_create(d->loop, api_poll_fd(d->api), LOOP_READ, main_on_api, d,
		    &d->api_watch);
	if (!err)
		err = loop_timer_create(d->loop, main_on_tick, d, &d->tick_timer);
	d->clock_fd = err ? -1 : clock_alarm_open();
	/* Without it a set clock is seen by the next tick. */
	if (d->clock_fd >= 0)
		err = loop_watch_create(d->loop, d->clock_fd, LOOP_READ, main_on_clock, d,
		    &d->clock_watch);
	if (err)
		return err;
	d->watchdog_us = notify_watchdog_us();
	loop_timer_set(d->tick_timer, 0);
	return 0;
}

/* Each step that fails says why in one sentence; returns an exit status. */
static int
start(struct daemon *d, const sigset_t *handled)
{
	char why[WHY_MAX] = "";
	const char *what;
	int err;

	if (token_read("token-file", d->conf.token_file, d->token, why, sizeof(why)) != 0 ||
	    webhooks_check(&d->conf.webhook, why, sizeof(why)) != 0) {
		log_error("%s", why);
		return EX_CONFIG;
	}
	if (sockets_open(&d->conf, &d->sockets, why, sizeof(why)) != 0) {
		log_error("%s", why);
		return EX_UNAVAILABLE;
	}
	if (open_store(d, why) != 0) {
		log_error("%s", why);
		return EX_CANTCREAT;
	}
	what = "the loop";
	err = loop_create(&d->loop);
	if (!err)
		err = loop_timer_create(d->loop, main_on_api_timer, d, &d->api_timer);
	if (!err) {
		what = "the network";
		err = start_engine(d);
	}
	if (!err) {
		what = "the HTTP server";
		err = start_api(d);
	}
	if (!err) {
		what = "the webhooks";
		err = start_webhooks(d);
	}
	if (!err) {
		what = "the loop";
		err = start_loop(d, handled);
	}
	if (err) {
		log_error("%s cannot be started: %s", what, strerror(-err));
		return EX_OSERR;
	}
	return EXIT_SUCCESS;
}

static void
tell_ready(struct daemon *d)
{
	for (size_t i = 0; i < d->sockets.len; i++)
		log_info("listening on %s", d->sockets.at[i].text);
	probes_announce(d->probes);
	engine_note(d->engine, "start");
	(void)notify_send("READY=1");
}

/* --- the end, in reverse ----------------------------------------------------------------- */

static void
finish_answers(struct daemon *d)
{
	int64_t until_us = clock_now_us() + STOP_US;

	api_quiesce(d->api);
	do {
		api_run(d->api);
		if (api_idle(d->api))
			break;
		(void)loop_run_once(d->loop, 10000);
	} while (clock_now_us() < until_us);
}

static void
stop(struct daemon *d)
{
	(void)notify_send("STOPPING=1");
	loop_timer_destroy(d->tick_timer);
	if (d->api && d->api_watch)
		finish_answers(d);
	loop_watch_destroy(d->api_watch);
	sides_destroy(d->sides);
	if (d->engine)
		engine_set_webhooks(d->engine, NULL);
	webhooks_destroy(d->webhooks);
	if (d->engine)
		engine_set_probes(d->engine, NULL);
	metered_destroy(d->metered);
	probes_destroy(d->probes);
	if (d->engine)
		engine_set_kernel(d->engine, NULL);
	kernel_destroy(d->kernel);
	if (d->engine)
		engine_set_netlink(d->engine, NULL);
	netlink_destroy(d->netlink);
	if (d->engine && d->api)
		engine_note(d->engine, "stop");
	api_destroy(d->api);
	d->api = NULL;
	if (d->engine)
		engine_set_forecast(d->engine, NULL);
	engine_destroy(d->engine);
	forecast_destroy(d->forecast);
	loop_watch_destroy(d->wake_watch);
	loop_watch_destroy(d->clock_watch);
	if (d->clock_fd >= 0)
		close(d->clock_fd);
	loop_timer_destroy(d->api_timer);
	store_close(d->store); /* everything handed over is on disk after this */
	loop_destroy(d->loop);
	sockets_close(&d->sockets);
	if (d->wake_fd >= 0)
		close(d->wake_fd);
}

static int
run(struct daemon *d, bool foreground)
{
	sigset_t handled;
	int caller = -1, status;

	process_prepare(&handled);
	if (!foreground) {
		caller = detach_begin();
		if (caller < 0) {
			log_error("cannot go into the background: %s", strerror(-caller));
			return EX_OSERR;
		}
	}
	choose_interface(&d->conf, d->interface);
	status = start(d, &handled);
	if (!foreground && status == EXIT_SUCCESS)
		log_open((enum log_level)d->conf.log_level, false);
	if (!foreground)
		detach_report(caller, status);
	if (status == EXIT_SUCCESS) {
		tell_ready(d);
		if (loop_run(d->loop) != 0) {
			log_error("the loop failed");
			status = EX_OSERR;
		}
	}
	stop(d);
	return status;
}

int
main(int argc, char **argv)
{
	static struct daemon d = { .wake_fd = -1, .clock_fd = -1, .sockets = { .lock_fd = -1 } };
	char why[WHY_MAX];
	int status = options_read(&d.options, argc, argv);

	if (status >= 0)
		goto out;
	if (options_configure(&d.options, &d.conf, why, sizeof(why)) != 0) {
		(void)fprintf(stderr, "%s\n", why);
		status = EX_CONFIG;
		goto out;
	}
	if (d.options.check_config) {
		conf_print(&d.conf, stdout);
		status = EXIT_SUCCESS;
	} else {
		log_open((enum log_level)d.conf.log_level, true);
		status = run(&d, d.options.foreground);
		log_close();
	}
	conf_finish(&d.conf);
out:
	options_finish(&d.options);
	return status;
}
