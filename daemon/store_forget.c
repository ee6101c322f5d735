/* SPDX-License-Identifier: ISC */
/* The store: what is to be forgotten, from the loop to the thread that writes. */
#include <errno.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/store_internal.h"

void
store_unlock_to_work(struct store *st)
{
	st->busy_since_us = store_monotonic_us();
	(void)pthread_mutex_unlock(&st->lock);
}

void
store_lock_after_work(struct store *st)
{
	(void)pthread_mutex_lock(&st->lock);
	st->busy_since_us = 0;
}

/* A free place, or that of the one that was done first. NULL: all are under way. */
static struct store_forgetting *
place(struct store *st)
{
	struct store_forgetting *best = NULL;

	for (size_t i = 0; i < STORE_FORGETS_MAX; i++) {
		struct store_forgetting *f = &st->forget[i];

		if (f->number == 0)
			return f;
		if (f->done && (!best || f->number < best->number))
			best = f;
	}
	return best;
}

int64_t
store_forget(struct store *st, const struct api_forget *what)
{
	struct store_forgetting *f;
	int64_t number = -EBUSY;

	(void)pthread_mutex_lock(&st->lock);
	f = place(st);
	if (f) {
		number = ++st->forgets;
		*f = (struct store_forgetting){ .number = number, .what = *what };
		st->flush = true;
		(void)pthread_cond_signal(&st->to_writer);
	}
	(void)pthread_mutex_unlock(&st->lock);
	return number;
}

int
store_forgotten(struct store *st, int64_t number, int64_t *rows)
{
	int err = -ENOENT;

	(void)pthread_mutex_lock(&st->lock);
	for (size_t i = 0; i < STORE_FORGETS_MAX; i++) {
		const struct store_forgetting *f = &st->forget[i];

		if (f->number != number)
			continue;
		err = f->done ? f->err : -EAGAIN;
		*rows = f->rows;
	}
	(void)pthread_mutex_unlock(&st->lock);
	return err;
}

/* The first one that is not done. */
static struct store_forgetting *
first(struct store *st)
{
	struct store_forgetting *best = NULL;

	for (size_t i = 0; i < STORE_FORGETS_MAX; i++) {
		struct store_forgetting *f = &st->forget[i];

		if (f->number != 0 && !f->done && (!best || f->number < best->number))
			best = f;
	}
	return best;
}

bool
store_is_forgetting(const struct store *st)
{
	for (size_t i = 0; i < STORE_FORGETS_MAX; i++)
		if (st->forget[i].number != 0 && !st->forget[i].done)
			return true;
	return false;
}

static int
work(struct history *h, const struct api_forget *what, bool begun, int64_t *rows)
{
	int got;

	if (what->all || what->id[0] != '\0') {
		if (!begun) {
			got = history_forget(h, what->all ? NULL : what->id);
			return got < 0 ? got : 1;
		}
	} else if ((got = history_forget_before(h, what->before_wall_us, rows)) != 0) {
		return got;
	}
	return history_forget_step(h, rows);
}

bool
store_forget_some(struct store *st)
{
	struct store_forgetting *f = first(st);
	struct api_forget what;
	int64_t rows;
	bool begun;
	int got;

	if (!f)
		return false;
	what = f->what;
	rows = f->rows;
	begun = f->begun;
	store_unlock_to_work(st);
	got = work(st->history, &what, begun, &rows);
	store_lock_after_work(st); /* the place stays ours: only what is done makes room */
	f->begun = true;
	f->rows = rows;
	if (got == 1)
		return true;
	f->done = true;
	f->err = got;
	if (got < 0)
		log_warn("history: not all could be forgotten: %s", strerror(-got));
	store_wake(st);
	return true;
}

void
store_forget_at_end(struct store *st)
{
	struct store_forgetting *f;

	while ((f = first(st)) != NULL) {
		if (!f->begun)
			(void)store_forget_some(st);
		f->done = true;
	}
}
