/* SPDX-License-Identifier: ISC */
/* The store, from the loop's side: rows are handed over, threads begin and end. */
#include <config.h>

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "daemon/history_read.h"
#include "daemon/log.h"
#include "daemon/store_internal.h"

#define STEP_BACK 5 /* of nice: a third of the loop's share where both want a core */

int64_t
store_monotonic_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct timespec
store_deadline(int64_t us)
{
	return (struct timespec) { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };
}

void
store_wake(struct store *st)
{
	uint64_t one = 1;

	/* Full (EAGAIN) means that the loop is to wake anyway. */
	if (st->o.wake_fd >= 0 && write(st->o.wake_fd, &one, sizeof one) == -1)
		return;
}

/* -ENOMEM where it cannot be remembered. */
static int
know_link(struct store *st, const char *id)
{
	for (size_t i = 0; i < st->links_len; i++)
		if (strcmp(st->links[i], id) == 0)
			return 0;
	if (st->links_len == STORE_LINKS_MAX)
		return 0;
	if (st->links_len == st->links_cap) {
		size_t cap = st->links_cap + 32;
		void *more = realloc(st->links, cap * sizeof st->links[0]);

		if (more == NULL)
			return -ENOMEM;
		st->links = more;
		st->links_cap = cap;
	}
	(void)snprintf(st->links[st->links_len++], sizeof st->links[0], "%s", id);
	return 0;
}

static void
each_link(void *arg, const char *id)
{
	(void)know_link(arg, id);
}

/* What only turns out to be corrupt when it is read makes way for a new file as well. */
static int
read_links(struct store *st, char *why, size_t why_len)
{
	int err = history_each_link(st->history, each_link, st);

	if (err == -EBADMSG) {
		st->links_len = 0;
		return history_restart(st->history, why, why_len);
	}
	if (err != 0)
		(void)snprintf(why, why_len, "database: %s: %s", st->path, strerror(-err));
	return err;
}

void
store_step_back(void)
{
	const id_t self = (id_t)gettid(); /* on Linux a thread has a priority of its own */
	int nice_now;

	errno = 0;
	nice_now = getpriority(PRIO_PROCESS, self);
	if (errno == 0)
		(void)setpriority(PRIO_PROCESS, self, nice_now + STEP_BACK);
}

static int
start(pthread_t *thread, void *(*run)(void *), struct store *st)
{
	sigset_t all, before;
	int err;

	/* Signals are the loop's. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(thread, NULL, run, st);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

static void
init_locks(struct store *st)
{
	pthread_condattr_t attr;

	(void)pthread_mutex_init(&st->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&st->to_writer, &attr);
	(void)pthread_cond_init(&st->to_reader, &attr);
	(void)pthread_condattr_destroy(&attr);
}

static void
stop_writer(struct store *st)
{
	(void)pthread_mutex_lock(&st->lock);
	st->closing = true;
	(void)pthread_cond_signal(&st->to_writer);
	(void)pthread_cond_signal(&st->to_reader);
	(void)pthread_mutex_unlock(&st->lock);
	(void)pthread_join(st->writer, NULL);
}

static void
store_free(struct store *st)
{
	history_close(st->history);
	queue_finish(&st->queue);
	queue_finish(&st->batch);
	free(st->links);
	(void)pthread_cond_destroy(&st->to_writer);
	(void)pthread_cond_destroy(&st->to_reader);
	(void)pthread_mutex_destroy(&st->lock);
	free(st);
}

int
store_open(const struct store_options *o, struct store **out, char *why, size_t why_len)
{
	struct store *st = calloc(1, sizeof *st);
	int err = st != NULL ? 0 : -ENOMEM;

	if (err == 0) {
		init_locks(st);
		(void)snprintf(st->path, sizeof st->path, "%s", o->path);
		st->o = *o;
		st->o.path = st->path;
		st->last_commit_us = -1;
		st->report.ok = true;
		st->report.bytes = -1;
		if (queue_init(&st->queue, 1) != 0 || queue_init(&st->batch, 8) != 0)
			err = -ENOMEM;
	}
	if (err == -ENOMEM)
		(void)snprintf(why, why_len, "database: out of memory");
	if (err == 0)
		err = history_open(o->path, &st->history, why, why_len);
	if (err == 0)
		err = read_links(st, why, why_len);
	if (err == 0) {
		err = start(&st->writer, store_writer_main, st);
		if (err == 0 && (err = start(&st->reader, store_reader_main, st)) != 0)
			stop_writer(st);
		if (err != 0)
			(void)snprintf(why, why_len, "database: no thread: %s", strerror(-err));
	}
	if (err == 0)
		*out = st;
	else if (st != NULL)
		store_free(st);
	return err;
}

void
store_close(struct store *st)
{
	if (st == NULL)
		return;
	store_rows_close_all(st);
	stop_writer(st);
	(void)pthread_join(st->reader, NULL);
	store_free(st);
}

/* The lock is held. The writer wakes for the first row, to begin counting the seconds, where
 * there may be too many to wait for long, and for the one that makes a batch. */
static void
handed_over(struct store *st)
{
	size_t len = queue_len(&st->queue);

	st->handed++;
	if (len <= STORE_QUIET_ROWS + 1 || len == STORE_COMMIT_ROWS)
		(void)pthread_cond_signal(&st->to_writer);
}

static void
push(struct store *st, struct ring *r, const void *row)
{
	(void)pthread_mutex_lock(&st->lock);
	queue_push(&st->queue, r, row);
	handed_over(st);
	(void)pthread_mutex_unlock(&st->lock);
}

void
store_estimate(struct store *st, const struct api_estimate_row *row)
{
	(void)know_link(st, row->link);
	push(st, &st->queue.estimates, row);
}

void
store_observation(struct store *st, const struct api_observation_row *row)
{
	(void)know_link(st, row->link);
	push(st, &st->queue.observations, row);
}

void
store_event(struct store *st, const struct api_event_row *row)
{
	if (row->link[0] != '\0')
		(void)know_link(st, row->link);
	push(st, &st->queue.events, row);
}

void
store_link(struct store *st, const struct api_link *link)
{
	(void)know_link(st, link->id);
	push(st, &st->queue.links, link);
}

void
store_put(struct store *st, const char *key, const void *value, size_t len)
{
	(void)pthread_mutex_lock(&st->lock);
	queue_put(&st->queue, key, value, len);
	handed_over(st);
	(void)pthread_mutex_unlock(&st->lock);
}

void
store_drop(struct store *st, const char *key)
{
	(void)pthread_mutex_lock(&st->lock);
	queue_drop(&st->queue, key);
	handed_over(st);
	(void)pthread_mutex_unlock(&st->lock);
}

int
store_each_link(struct store *st, store_link_fn *each, void *arg)
{
	return history_read_links(st->path, each, arg);
}

int
store_get(struct store *st, const char *key, void *value, size_t cap, size_t *len)
{
	const struct kept *k;
	bool dropped = false;
	int err = -ENOENT;

	/* What waits is newer than what is written. */
	(void)pthread_mutex_lock(&st->lock);
	k = queue_find(&st->queue, key);
	if (k == NULL)
		k = queue_find(&st->batch, key);
	dropped = k != NULL && k->dropped;
	if (k != NULL && !dropped) {
		err = k->len <= cap ? 0 : -ENOBUFS;
		if (err == 0) {
			memcpy(value, k->value, k->len);
			*len = k->len;
		}
	}
	(void)pthread_mutex_unlock(&st->lock);
	return err != -ENOENT || dropped ? err : history_read_kept(st->path, key, value, cap, len);
}

void
store_report(struct store *st, struct store_report *out)
{
	int64_t now_us = store_monotonic_us();

	(void)pthread_mutex_lock(&st->lock);
	*out = st->report;
	out->dropped = st->queue.dropped;
	out->queued = (int64_t)queue_len(&st->queue) + (int64_t)queue_len(&st->batch);
	out->last_commit_us_ago =
	    st->last_commit_us < 0 ? -1 : now_us - st->last_commit_us;
	out->busy_us = st->busy_since_us == 0 ? 0 : now_us - st->busy_since_us;
	(void)pthread_mutex_unlock(&st->lock);
}
