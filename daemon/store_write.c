/* SPDX-License-Identifier: ISC */
/* The thread that writes: batches in, retention, and what to do when the disk says no. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/log.h"
#include "daemon/store_internal.h"

#define SECOND_US INT64_C(1000000)
#define RETRY_S_MAX 30
#define TIDY_US (60 * SECOND_US)
#define TIDY_QUIET_US (300 * SECOND_US) /* what is not summed up yet is read as seconds */
#define TIDY_PAGES 256          /* given back a time: 1 MiB */
#define TIDY_WORK_US 200000     /* then a pause, so that a commit is never far */
#define TIDY_PAUSE_US SECOND_US
#define FULL_PERCENT 95 /* of the size: room is made from here on .. */
#define ROOM_PERCENT 93 /* .. to here */
#define STEADY_US (600 * SECOND_US)
#define STEP_US (60 * SECOND_US) /* a difference that is a set clock */

/* The lock is held: the whole queue, or what fits. */
static void
take_batch(struct store *st)
{
	struct queue *b = &st->batch, *q = &st->queue;

	assert(queue_len(b) == 0);
	ring_move(&b->estimates, &q->estimates);
	ring_move(&b->observations, &q->observations);
	ring_move(&b->events, &q->events);
	ring_move(&b->links, &q->links);
	memcpy(b->kept, q->kept, sizeof b->kept);
	b->kept_len = q->kept_len;
	q->kept_len = 0;
	/* Rows that are left are the newer ones. */
	st->batch_through = st->handed - (int64_t)queue_len(q);
	st->batch_is_part = queue_len(q) > 0;
}

static void
clear_batch(struct queue *b)
{
	ring_clear(&b->estimates);
	ring_clear(&b->observations);
	ring_clear(&b->events);
	ring_clear(&b->links);
	for (size_t i = 0; i < b->kept_len; i++)
		free(b->kept[i]);
	b->kept_len = 0;
}

static int
write_batch(struct history *h, const struct queue *b)
{
	int err = history_begin(h);

	/* Links first: what a row's link is should be known before the row. */
	for (size_t i = 0; err == 0 && i < b->links.len; i++)
		err = history_link(h, ring_at(&b->links, i));
	for (size_t i = 0; err == 0 && i < b->estimates.len; i++)
		err = history_estimate(h, ring_at(&b->estimates, i));
	for (size_t i = 0; err == 0 && i < b->observations.len; i++)
		err = history_observation(h, ring_at(&b->observations, i));
	for (size_t i = 0; err == 0 && i < b->events.len; i++)
		err = history_event(h, ring_at(&b->events, i));
	for (size_t i = 0; err == 0 && i < b->kept_len; i++)
		err = b->kept[i]->dropped
		    ? history_drop(h, b->kept[i]->key)
		    : history_put(h, b->kept[i]->key, b->kept[i]->value, b->kept[i]->len);
	if (err == 0)
		err = history_commit(h);
	if (err != 0)
		history_rollback(h);
	return err;
}

static int
write_or_restart(struct store *st, char *why, size_t why_len)
{
	int err;

	if (history_disk_is_full(st->history)) {
		(void)snprintf(why, why_len, "not written: the disk is nearly full");
		return -ENOSPC;
	}
	err = write_batch(st->history, &st->batch);
	if (err == -EBADMSG) {
		err = history_restart(st->history, why, why_len);
		if (err == 0)
			err = write_batch(st->history, &st->batch);
	}
	if (err != 0)
		(void)snprintf(why, why_len, "not written: %s",
		    err == -ENOSPC ? "no space" : strerror(-err));
	return err;
}

/* The lock is held. One line a change of state, not one a try. */
static void
note(struct store *st, int err, const char *why)
{
	bool was = st->report.ok;

	st->report.ok = err == 0;
	(void)snprintf(st->report.why, sizeof st->report.why, "%s", err == 0 ? "" : why);
	if (err != 0)
		st->report.errors++;
	if (was && err != 0)
		log_warn("history: %s; it is tried again, and what comes waits in memory",
		    why);
	if (!was && err == 0)
		log_info("history: written again");
	if (was != st->report.ok)
		store_wake(st);
}

/* Each commit writes whole pages, so a few rows of an idle link wait for more. */
static bool
is_quiet(const struct queue *q)
{
	return q->events.len == 0 && q->links.len == 0 && q->kept_len == 0 &&
	    q->estimates.len + q->observations.len <= STORE_QUIET_ROWS;
}

/* The lock is held, but not while SQLite works. */
static int
commit(struct store *st)
{
	char why[sizeof st->report.why] = "";
	int64_t rows, bytes = st->report.bytes;
	int err;

	if (queue_len(&st->batch) == 0) {
		st->quiet = is_quiet(&st->queue);
		take_batch(st);
	}
	rows = (int64_t)queue_len(&st->batch);
	store_unlock_to_work(st);
	err = write_or_restart(st, why, sizeof why);
	if (err == 0)
		(void)history_size(st->history, &bytes);
	store_lock_after_work(st);
	st->report.bytes = bytes;
	note(st, err, why);
	if (err == 0) {
		clear_batch(&st->batch);
		st->done = st->batch_through;
		st->report.rows += rows;
		st->report.commits++;
		st->last_commit_us = store_monotonic_us();
		st->retry_s = 1;
	}
	if (queue_len(&st->queue) == 0)
		st->flush = false;
	(void)pthread_cond_broadcast(&st->to_reader);
	return err;
}

/* The lock is held. */
static bool
is_full(const struct store *st)
{
	return st->o.keep_bytes > 0 &&
	    st->report.bytes > st->o.keep_bytes / 100 * FULL_PERCENT;
}

static int64_t
clock_us(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t);
	return (int64_t)t.tv_sec * SECOND_US + t.tv_nsec / 1000;
}

bool
store_clock_is_steady(struct store_clock *c, int64_t wall_us, int64_t boot_us)
{
	int64_t offset = wall_us - boot_us;

	if (!c->begun || llabs(offset - c->offset_us) > STEP_US)
		c->steady_since_us = boot_us;
	c->begun = true;
	c->offset_us = offset; /* a clock that is slewed is followed */
	return boot_us - c->steady_since_us >= STEADY_US;
}

static int64_t
cutoff(int64_t wall_us, int64_t keep_us)
{
	return keep_us > 0 ? wall_us - keep_us : INT64_MIN / 2;
}

/* One step of what there is to do, without the lock: how much was done, 0: nothing is left
 * of this kind, or a negative errno. */
typedef int tidy_fn(struct store *st, int64_t wall_us);

/* What was to be forgotten when the last run ended. */
static int
forget(struct store *st, int64_t wall_us)
{
	int64_t rows = 0;

	(void)wall_us;
	return history_forget_step(st->history, &rows);
}

static int
sum_up(struct store *st, int64_t wall_us)
{
	return history_sum_up(st->history, wall_us);
}

static int
retain(struct store *st, int64_t wall_us)
{
	const struct store_options *o = &st->o;
	struct history_cutoff before = {
		.seconds_wall_us = cutoff(wall_us, o->keep_1s_us),
		.minutes_wall_us = cutoff(wall_us, o->keep_minutes_us),
		.hours_wall_us = cutoff(wall_us, o->keep_hours_us),
		.observations_wall_us = cutoff(wall_us, o->keep_observations_us),
		.events_wall_us = cutoff(wall_us, o->keep_events_us),
	};

	return history_retain(st->history, &before);
}

static int
make_room(struct store *st, int64_t wall_us)
{
	int64_t bytes, limit = st->o.keep_bytes / 100;
	int err = history_size(st->history, &bytes), gone;

	(void)wall_us;
	if (err != 0)
		return err;
	(void)pthread_mutex_lock(&st->lock);
	st->report.bytes = bytes;
	(void)pthread_mutex_unlock(&st->lock);
	limit *= st->making_room ? ROOM_PERCENT : FULL_PERCENT;
	st->making_room = limit > 0 && bytes > limit;
	if (!st->making_room)
		return 0;
	gone = history_shed(st->history);
	if (gone > 0) {
		(void)pthread_mutex_lock(&st->lock);
		st->report.shed += gone;
		(void)pthread_mutex_unlock(&st->lock);
	}
	return gone;
}

static int
shrink(struct store *st, int64_t wall_us)
{
	int left = history_shrink(st->history, TIDY_PAGES);

	(void)wall_us;
	return left < 0 ? left : 0; /* the rest next time: most are soon used again */
}

/* The lock is held. Rows that wait come first, and an export that waits for them. */
static bool
may_tidy(const struct store *st, int64_t until_us)
{
	return !st->closing && !st->flush && queue_len(&st->queue) < STORE_COMMIT_ROWS &&
	    store_monotonic_us() < until_us;
}

/* The lock is held, but not while SQLite works. True: there is more to do. */
static bool
tidy_up(struct store *st, struct store_clock *clock)
{
	static tidy_fn *const steps[] = { forget, sum_up, retain, make_room, shrink };
	int64_t wall_us = clock_us(CLOCK_REALTIME);
	int64_t until_us = store_monotonic_us() + TIDY_WORK_US;
	bool steady = store_clock_is_steady(clock, wall_us, clock_us(CLOCK_BOOTTIME));
	int got = 0;

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		if (steps[i] == retain && !steady)
			continue;
		do {
			store_unlock_to_work(st);
			got = steps[i](st, wall_us);
			store_lock_after_work(st);
		} while (got > 0 && may_tidy(st, until_us));
		if (got < 0 && got != -EBADMSG) { /* corrupt: a commit will find out */
			st->report.errors++;
			log_debug("history: tidying: %s", strerror(-got));
		}
		if (!may_tidy(st, until_us))
			return true;
	}
	return got > 0;
}

/* The lock is held. When the next commit is due: now or earlier means at once. */
static int64_t
due_us(struct store *st, int64_t now_us, int64_t *first_us, int64_t retry_us)
{
	size_t len = queue_len(&st->queue);

	if (queue_len(&st->batch) > 0) /* a failure waits for its time, whatever else comes */
		return st->closing ? now_us : retry_us;
	if (len == 0) {
		*first_us = -1;
		st->flush = false;
		return INT64_MAX;
	}
	if (*first_us < 0)
		*first_us = now_us;
	if (len >= STORE_COMMIT_ROWS || st->flush || st->closing)
		return now_us;
	return *first_us +
	    (is_quiet(&st->queue) ? STORE_QUIET_S : STORE_COMMIT_S) * SECOND_US;
}

/* The lock is held. At the end: what cannot be written now is lost, and said. */
static void
finish(struct store *st)
{
	int err = 0;

	while (err == 0 && queue_len(&st->queue) + queue_len(&st->batch) > 0)
		err = commit(st);
	if (err == 0)
		store_forget_at_end(st);
	if (err != 0)
		log_error("history: %zu rows are lost: %s",
		    queue_len(&st->queue) + queue_len(&st->batch), st->report.why);
}

void *
store_writer_main(void *arg)
{
	struct store *st = arg;
	int64_t first_us = -1, retry_us = 0;
	int64_t tidy_us = store_monotonic_us(); /* at once: from then on the clock is watched */
	struct store_clock clock = { 0 };

	st->retry_s = 1;
	store_step_back();
	(void)pthread_mutex_lock(&st->lock);
	while (!st->closing) {
		int64_t now_us = store_monotonic_us();
		int64_t due = due_us(st, now_us, &first_us, retry_us);

		if (due <= now_us) {
			int err = commit(st);

			/* A step makes room for four batches, so that a flood is no match. */
			if (err == 0 && is_full(st) && !st->closing) {
				store_unlock_to_work(st);
				(void)make_room(st, 0);
				store_lock_after_work(st);
				tidy_us = now_us;
			}

			if (!st->batch_is_part) /* else the rest is as old: at once */
				first_us = -1;
			if (err != 0) {
				retry_us = store_monotonic_us() + st->retry_s * SECOND_US;
				st->retry_s = st->retry_s * 2 < RETRY_S_MAX ? st->retry_s * 2 :
									      RETRY_S_MAX;
			}
		} else if (store_is_forgetting(st) && queue_len(&st->batch) == 0) {
			(void)store_forget_some(st);
		} else if (tidy_us <= now_us) {
			tidy_us = store_monotonic_us() +
			    (tidy_up(st, &clock) ? TIDY_PAUSE_US :
				st->quiet		  ? TIDY_QUIET_US :
							    TIDY_US);
		} else {
			struct timespec until =
			    store_deadline(due < tidy_us ? due : tidy_us);

			(void)pthread_cond_timedwait(&st->to_writer, &st->lock, &until);
		}
	}
	finish(st);
	(void)pthread_cond_broadcast(&st->to_reader);
	(void)pthread_mutex_unlock(&st->lock);
	return NULL;
}
