/* SPDX-License-Identifier: ISC */
/* Puts connections to sleep and wakes them. */
#include "api/sleepers.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "api/links.h"

struct sleeper {
	struct sleeper *next, *prev;
	TAILQ_ENTRY(sleeper) in_due;
	struct sleepers *all;
	void *connection;
	struct conn *conn;
	struct feed *feed; /* a body; or: */
	struct call *call;
	int64_t deadline_us;
	int64_t awake_us; /* a stream that writes: since when; -1: it is not known yet */
	bool suspended;
	bool due;     /* of those that sleep */
	bool counted; /* among the streams */
	bool cut;
};

void
sleepers_init(struct sleepers *all)
{
	TAILQ_INIT(&all->due);
}

bool
sleepers_full(const struct sleepers *all)
{
	return all->traffic->waiting >= (int64_t)all->streams_max;
}

static struct sleeper *
add(struct sleepers *all, void *connection, struct conn *conn, bool counted)
{
	struct sleeper *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->all = all;
	s->connection = connection;
	s->conn = conn;
	s->counted = counted;
	s->awake_us = -1;
	all->traffic->waiting += counted ? 1 : 0;
	s->next = all->first;
	if (s->next != NULL)
		s->next->prev = s;
	all->first = s;
	conn_is(conn, CONN_ASLEEP, 0);
	return s;
}

void
sleeper_destroy(struct sleeper *s)
{
	assert(!s->suspended);
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		s->all->first = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	s->all->traffic->waiting -= s->counted ? 1 : 0;
	feed_destroy(s->feed);
	free(s);
}

static void
fall_asleep(struct sleeper *s)
{
	assert(!s->suspended);
	s->suspended = true;
	s->awake_us = -1;
	s->all->suspend(s->connection);
}

static void
wake(void *arg)
{
	struct sleeper *s = arg;

	if (!s->suspended)
		return;
	s->suspended = false;
	if (s->due)
		TAILQ_REMOVE(&s->all->due, s, in_due);
	s->due = false;
	s->all->resume(s->connection);
}

/* A call goes on by itself: its sleeper has done its part. */
static void
wake_call(struct sleeper *s)
{
	s->all->forgetting -= s->call->answer.kind == ANSWER_FORGET ? 1 : 0;
	s->call->woken = true;
	wake(s);
	sleeper_destroy(s);
}

struct sleeper *
sleepers_add_feed(struct sleepers *all, void *connection, struct conn *conn,
    struct feed *feed, bool stream)
{
	struct sleeper *s = add(all, connection, conn, stream);

	if (s == NULL) {
		feed_destroy(feed);
		return NULL;
	}
	s->feed = feed;
	if (stream)
		conn_small(conn);
	feed_on_wake(feed, wake, s);
	return s;
}

int64_t
sleeper_fill(struct sleeper *s, char *to, size_t room)
{
	int64_t n = feed_fill(s->feed, to, room);

	if (n == FEED_NONE)
		fall_asleep(s);
	return n;
}

int
sleepers_add_call(struct sleepers *all, void *connection, struct conn *conn,
    struct call *call, int64_t deadline_us)
{
	bool work = call->answer.kind == ANSWER_WORK;
	struct sleeper *s = add(all, connection, conn, !work);

	if (s == NULL)
		return -ENOMEM;
	s->call = call;
	s->deadline_us = deadline_us;
	all->working += work ? 1 : 0;
	all->forgetting += call->answer.kind == ANSWER_FORGET ? 1 : 0;
	fall_asleep(s);
	return 0;
}

static bool
waits(const struct sleeper *s)
{
	return s->suspended && s->call != NULL &&
	    (s->call->answer.kind == ANSWER_WAIT || s->call->answer.kind == ANSWER_FORGET);
}

/* `rose`: there is a newer estimate. */
static bool
is_over(const struct sleeper *s, int64_t now_us, bool rose)
{
	const struct answer *a = &s->call->answer;

	if (s->all->ending || now_us >= s->deadline_us)
		return true;
	if (a->kind == ANSWER_FORGET)
		return links_are_forgotten(a);
	return a->measures ? !s->all->measuring : rose;
}

static bool
has_to_wake(const struct sleeper *s, int64_t now_us, bool rose)
{
	if (waits(s))
		return is_over(s, now_us, rose);
	return s->feed != NULL && s->suspended && feed_pending(s->feed, now_us);
}

/* A stream that never falls asleep has words that nobody reads, or too slowly. */
static void
cut_slow(struct sleeper *s, int64_t now_us)
{
	if (s->feed == NULL || !s->counted || s->suspended || s->cut)
		return;
	if (s->awake_us < 0)
		s->awake_us = now_us;
	if (now_us - s->awake_us < SLEEPERS_SLOW_US)
		return;
	s->cut = true;
	s->all->traffic->slow_streams++;
	conn_cut(s->conn);
}

void
sleepers_wake(struct sleepers *all, int64_t now_us, bool rose)
{
	for (struct sleeper *s = all->first; s != NULL; s = s->next) {
		cut_slow(s, now_us);
		if (s->due || !has_to_wake(s, now_us, rose))
			continue;
		s->due = true;
		TAILQ_INSERT_TAIL(&all->due, s, in_due);
	}
}

void
sleepers_forgotten(struct sleepers *all, int64_t now_us)
{
	if (all->forgetting > 0)
		sleepers_wake(all, now_us, false);
}

void
sleepers_wake_due(struct sleepers *all, size_t most)
{
	struct sleeper *s;

	for (; most > 0 && (s = TAILQ_FIRST(&all->due)) != NULL; most--) {
		if (s->feed != NULL)
			wake(s);
		else
			wake_call(s);
	}
}

bool
sleepers_any_due(const struct sleepers *all)
{
	return !TAILQ_EMPTY(&all->due);
}

void
sleepers_work(struct sleepers *all)
{
	struct sleeper *next;

	if (all->working == 0)
		return;
	for (struct sleeper *s = all->first; s != NULL; s = next) {
		next = s->next;
		if (s->call == NULL || s->call->answer.kind != ANSWER_WORK ||
		    call_work(s->call) == 1)
			continue;
		all->working--;
		wake_call(s);
	}
}

void
sleepers_find_vanished(struct sleepers *all)
{
	struct sleeper *next;

	for (struct sleeper *s = all->first; s != NULL; s = next) {
		next = s->next;
		if (!s->suspended || !conn_vanished(s->conn))
			continue;
		if (s->feed != NULL)
			feed_stop(s->feed);
		else if (waits(s))
			wake_call(s);
	}
}

void
sleepers_stop(struct sleepers *all, int64_t now_us)
{
	for (struct sleeper *s = all->first; s != NULL; s = s->next) {
		if (s->feed != NULL)
			feed_stop(s->feed);
	}
	all->ending = true;
	sleepers_wake(all, now_us, true);
}
