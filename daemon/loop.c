/* SPDX-License-Identifier: ISC */
/* The event loop on libevent. */
#include "daemon/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/time.h>
#include <unistd.h>

#include <event2/event.h>

#include "daemon/clock.h"
#include "daemon/log.h"

struct loop {
	struct event_base *base;
	bool in_event;
	int64_t now_us;
	int signal_fd; /* -1: none */
	struct loop_watch *signal_watch;
	loop_signal_fn *signal_fn;
	void *signal_arg;
};

struct loop_watch {
	struct loop *loop;
	struct event *event;
	int fd;
	unsigned what;
	loop_watch_fn *fn;
	void *arg;
};

struct loop_timer {
	struct loop *loop;
	struct event *event;
	loop_fn *fn;
	void *arg;
};

static void
event_log(int severity, const char *line)
{
	if (severity >= EVENT_LOG_WARN)
		log_warn("libevent: %s", line);
}

int
loop_create(struct loop **out)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	struct event_config *config = event_config_new();

	event_set_log_callback(event_log);
	if (loop && config) {
		/* No locks: every event base of this program lives on one thread. */
		event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
		loop->base = event_base_new_with_config(config);
	}
	if (config)
		event_config_free(config);
	if (!loop || !loop->base) {
		free(loop);
		return -ENOMEM;
	}
	loop->signal_fd = -1;
	*out = loop;
	return 0;
}

void
loop_destroy(struct loop *loop)
{
	if (!loop)
		return;
	loop_watch_destroy(loop->signal_watch);
	if (loop->signal_fd >= 0)
		close(loop->signal_fd);
	event_base_free(loop->base);
	free(loop);
}

int
loop_run(struct loop *loop)
{
	return event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0 ? -EIO : 0;
}

void
loop_stop(struct loop *loop)
{
	event_base_loopbreak(loop->base);
}

static struct timeval
to_timeval(int64_t us)
{
	struct timeval tv = { 0 };

	if (us > 0) {
		tv.tv_sec = (time_t)(us / 1000000);
		tv.tv_usec = (suseconds_t)(us % 1000000);
	}
	return tv;
}

int
loop_run_once(struct loop *loop, int64_t wait_us)
{
	struct timeval wait = to_timeval(wait_us);

	if (wait_us <= 0)
		return event_base_loop(loop->base, EVLOOP_NONBLOCK) < 0 ? -EIO : 0;
	event_base_loopexit(loop->base, &wait);
	return event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY) < 0 ? -EIO
										    : 0;
}

int64_t
loop_now_us(const struct loop *loop)
{
	return loop->in_event ? loop->now_us : clock_now_us();
}

/* Events do not nest: libevent calls back from its own loop only. */
static int64_t
event_begin(struct loop *loop)
{
	assert(!loop->in_event);
	loop->in_event = true;
	loop->now_us = clock_now_us();
	return loop->now_us;
}

static void
event_end(struct loop *loop)
{
	loop->in_event = false;
}

static void
on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct loop_watch *w = arg;
	struct loop *loop = w->loop;
	unsigned ready = 0;

	if (what & EV_READ)
		ready |= LOOP_READ;
	if (what & EV_WRITE)
		ready |= LOOP_WRITE;
	w->fn(w->arg, event_begin(loop), fd, ready); /* may destroy w */
	event_end(loop);
}

int
loop_watch_create(struct loop *loop, int fd, unsigned what, loop_watch_fn *fn, void *arg,
    struct loop_watch **out)
{
	struct loop_watch *w = calloc(1, sizeof(*w));

	assert(fd >= 0);
	if (!w)
		return -ENOMEM;
	*w = (struct loop_watch){ .loop = loop, .fd = fd, .fn = fn, .arg = arg };
	w->event = event_new(loop->base, fd, EV_PERSIST, on_watch, w);
	if (!w->event) {
		free(w);
		return -ENOMEM;
	}
	loop_watch_set(w, what);
	*out = w;
	return 0;
}

void
loop_watch_set(struct loop_watch *w, unsigned what)
{
	short flags = EV_PERSIST;

	if (what == w->what)
		return;
	if (w->what)
		event_del(w->event);
	w->what = what;
	if (!what)
		return;
	if (what & LOOP_READ)
		flags |= EV_READ;
	if (what & LOOP_WRITE)
		flags |= EV_WRITE;
	event_assign(w->event, w->loop->base, w->fd, flags, on_watch, w);
	if (event_add(w->event, NULL) != 0)
		log_error("loop: descriptor %d cannot be watched", w->fd);
}

void
loop_watch_destroy(struct loop_watch *w)
{
	if (!w)
		return;
	event_free(w->event);
	free(w);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *t = arg;
	struct loop *loop = t->loop;

	(void)fd, (void)what;
	t->fn(t->arg, event_begin(loop)); /* may destroy t */
	event_end(loop);
}

int
loop_timer_create(struct loop *loop, loop_fn *fn, void *arg, struct loop_timer **out)
{
	struct loop_timer *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	*t = (struct loop_timer){ .loop = loop, .fn = fn, .arg = arg };
	t->event = evtimer_new(loop->base, on_timer, t);
	if (!t->event) {
		free(t);
		return -ENOMEM;
	}
	*out = t;
	return 0;
}

void
loop_timer_set(struct loop_timer *t, int64_t delay_us)
{
	struct timeval tv = to_timeval(delay_us);

	event_add(t->event, &tv);
}

void
loop_timer_stop(struct loop_timer *t)
{
	event_del(t->event);
}

void
loop_timer_destroy(struct loop_timer *t)
{
	if (!t)
		return;
	event_free(t->event);
	free(t);
}

static void
on_signal(void *arg, int64_t now_us, int fd, unsigned what)
{
	struct loop *loop = arg;
	struct signalfd_siginfo info;

	(void)what;
	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		loop->signal_fn(loop->signal_arg, now_us, (int)info.ssi_signo);
}

int
loop_signals(struct loop *loop, const sigset_t *set, loop_signal_fn *fn, void *arg)
{
	assert(loop->signal_fd < 0);
	loop->signal_fn = fn;
	loop->signal_arg = arg;
	loop->signal_fd = signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (loop->signal_fd < 0)
		return -errno;
	return loop_watch_create(loop, loop->signal_fd, LOOP_READ, on_signal, loop,
	    &loop->signal_watch);
}
