/* SPDX-License-Identifier: ISC */
/*
 * The event loop: descriptors, timers and signals on libevent, and the one place where the
 * monotonic clock is read.
 *
 * The clock is read once an event, before its callback runs, and handed down as `now_us`;
 * code below never asks what time it is. One thread; nothing here is thread-safe.
 */
#ifndef LINKQ_DAEMON_LOOP_H
#define LINKQ_DAEMON_LOOP_H

#include <signal.h>
#include <stdint.h>

struct loop;       /* owns the event base */
struct loop_watch; /* one watched descriptor; the descriptor stays the caller's */
struct loop_timer;

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

typedef void loop_fn(void *arg, int64_t now_us);
typedef void loop_watch_fn(void *arg, int64_t now_us, int fd, unsigned what);
typedef void loop_signal_fn(void *arg, int64_t now_us, int signal);

/* 0, or -ENOMEM. */
int loop_create(struct loop **out);
/* All watches and timers must be gone by then. NULL is fine. */
void loop_destroy(struct loop *loop);

/* Until loop_stop. 0, or -EIO where the kernel's interface fails. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* One round that waits at most wait_us. For an orderly end, after loop_run. */
int loop_run_once(struct loop *loop, int64_t wait_us);

/* The instant of the event that is being handled; outside of one, of the call. */
int64_t loop_now_us(const struct loop *loop);

/* Level-triggered: called as long as the descriptor is ready for any of `what`. */
int loop_watch_create(struct loop *loop, int fd, unsigned what, loop_watch_fn *fn, void *arg,
    struct loop_watch **out);
void loop_watch_set(struct loop_watch *w, unsigned what); /* 0: watch nothing for now */
void loop_watch_destroy(struct loop_watch *w);

/* Fires once, delay_us from the event that is being handled; set again from its callback. */
int loop_timer_create(struct loop *loop, loop_fn *fn, void *arg, struct loop_timer **out);
void loop_timer_set(struct loop_timer *t, int64_t delay_us);
void loop_timer_stop(struct loop_timer *t);
void loop_timer_destroy(struct loop_timer *t);

/*
 * Signals that arrive on the loop like any other event, once for the loop's whole life.
 * They must be blocked in every thread (main blocks all before the first thread starts).
 */
int loop_signals(struct loop *loop, const sigset_t *set, loop_signal_fn *fn, void *arg);

#endif
