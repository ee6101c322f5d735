/* SPDX-License-Identifier: ISC */
/* The life of the server: listening, turns, ticks, events, the end. */
#include "api/server.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define CHECK_US INT64_C(1000000) /* for vanished clients */
#define LAST_RUNS 64 /* as many portions as a big body has, and some */

/* The instant of this turn; and the header Date, which changes once a second. */
static void
take_instant(struct api *api)
{
	int64_t wall_us;
	struct tm tm;
	time_t s;

	api->core.source.instant(api->core.source.ctx, &api->now_us, &wall_us);
	s = (time_t)(wall_us / 1000000);
	if (s == api->date_s && api->date[0] != '\0')
		return;
	api->date_s = s;
	if (gmtime_r(&s, &tm) == NULL ||
	    strftime(api->date, sizeof(api->date), "%a, %d %b %Y %H:%M:%S GMT", &tm) == 0)
		api->date[0] = '\0';
}

int
api_create(const struct api_options *o, const struct api_source *source, struct api **out)
{
	struct api *api = calloc(1, sizeof(*api));
	int error;

	if (api == NULL)
		return -ENOMEM;
	error = door_init(&api->door, o);
	if (error != 0) {
		free(api);
		return error;
	}
	api->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (api->epoll_fd < 0) {
		error = -errno;
		door_finish(&api->door);
		free(api);
		return error;
	}
	core_init(&api->core, source, o->boot);
	api->connections_max = o->connections_max;
	sleepers_init(&api->sleepers);
	api->sleepers.traffic = &api->core.traffic;
	api->sleepers.streams_max = o->streams_max;
	api->sleepers.suspend = http_suspend;
	api->sleepers.resume = http_resume;
	api->log = o->log;
	api->log_ctx = o->log_ctx;
	take_instant(api);
	*out = api;
	return 0;
}

int
api_listen(struct api *api, int fd, enum api_listener kind)
{
	struct epoll_event event = {.events = EPOLLIN};
	struct listener *l = &api->listener[api->listeners];

	if (kind == API_LISTEN_REMOTE && api->door.token == NULL)
		return -EPERM;
	if (api->listeners == LISTENERS_MAX)
		return -EMFILE;
	l->api = api;
	l->kind = kind;
	if (http_start(l, fd) != 0)
		return -EIO;
	if (epoll_ctl(api->epoll_fd, EPOLL_CTL_ADD, http_epoll_fd(l), &event) != 0) {
		int error = -errno;

		http_quiesce(l); /* the descriptor stays the caller's */
		http_stop(l);
		return error;
	}
	api->listeners++;
	return 0;
}

int
api_poll_fd(const struct api *api)
{
	return api->epoll_fd;
}

void
api_run(struct api *api)
{
	take_instant(api);
	sleepers_work(&api->sleepers);
	sleepers_forgotten(&api->sleepers, api->now_us);
	sleepers_wake_due(&api->sleepers, api->ending ? SIZE_MAX : SLEEPERS_AT_ONCE);
	for (size_t i = 0; i < api->listeners; i++)
		http_run(&api->listener[i]);
	/* news of a segment under way does not wait for the next tick */
	if (api->core.watches.stirred && core_watch(&api->core))
		sleepers_wake(&api->sleepers, api->now_us, false);
}

int64_t
api_timeout_us(const struct api *api)
{
	int64_t least = -1;

	if (api->sleepers.working > 0 || sleepers_any_due(&api->sleepers))
		return 0;
	for (size_t i = 0; i < api->listeners; i++) {
		int64_t us = http_timeout_us(&api->listener[i]);

		if (us >= 0 && (least < 0 || us < least))
			least = us;
	}
	return least;
}

void
api_tick(struct api *api)
{
	bool rose;

	take_instant(api);
	rose = core_update(&api->core);
	(void)core_watch(&api->core); /* who has news is pending */
	api->sleepers.measuring = api->core.source.measuring(api->core.source.ctx);
	sleepers_wake(&api->sleepers, api->now_us, rose);
	conns_close_overdue(&api->conns, api->now_us);
	if (api->now_us - api->checked_us < CHECK_US || api->sleepers.first == NULL)
		return;
	api->checked_us = api->now_us;
	sleepers_find_vanished(&api->sleepers);
	/* This version can pass over a connection while another one is suspended. */
	api_run(api);
}

void
api_event(struct api *api, const struct api_event_row *event)
{
	core_event(&api->core, event);
	take_instant(api);
	api->sleepers.measuring = api->core.source.measuring(api->core.source.ctx);
	sleepers_wake(&api->sleepers, api->now_us, events_carries(event->kind));
}

void
api_quiesce(struct api *api)
{
	api->ending = true;
	for (size_t i = 0; i < api->listeners; i++) {
		struct listener *l = &api->listener[i];
		int fd = l->quiesced ? -1 : http_quiesce(l);

		l->quiesced = true;
		if (fd >= 0)
			close(fd);
	}
	sleepers_stop(&api->sleepers, api->now_us);
}

int
api_idle(const struct api *api)
{
	return api->sleepers.first == NULL && !conns_busy(&api->conns);
}

void
api_destroy(struct api *api)
{
	if (api == NULL)
		return;
	api_quiesce(api);
	/* A suspended connection must be resumed and seen once before its daemon stops. */
	for (int i = 0; i < LAST_RUNS && api->sleepers.first != NULL; i++)
		api_run(api);
	for (size_t i = 0; i < api->listeners; i++)
		http_stop(&api->listener[i]);
	http_forget(api);
	assert(api->sleepers.first == NULL);
	close(api->epoll_fd);
	door_finish(&api->door);
	free(api);
}
