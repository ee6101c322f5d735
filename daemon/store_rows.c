/* SPDX-License-Identifier: ISC */
/*
 * Exports. The loop asks for a block, the reader's thread fills it and wakes the loop, and
 * store_dispatch hands it over. Between blocks no read is open, however slow the client.
 *
 *   idle --next--> wanted --(thread)--> filling --> filled --dispatch--> idle
 *
 * A closed export that is being filled is freed by the thread; a place is taken so long.
 */
#include "daemon/store_rows.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FLUSH_US INT64_C(1000000)
#define SECOND_US INT64_C(1000000)

static void
rows_free(struct api_rows *rows)
{
	store_fill_finish(rows);
	free(rows);
}

/* The lock is held. Rows that were handed over before are to be in it, where the disk
 * plays along. */
static bool
is_fresh(const struct store *st, const struct api_rows *rows, int64_t now_us)
{
	return rows->begun || st->done >= rows->need || !st->report.ok || st->closing ||
	    now_us >= rows->give_up_us;
}

/* The lock is held. Work on the next one; the time to look again where there is none. */
static struct api_rows *
pick(struct store *st, size_t *turn, int64_t *again_us)
{
	int64_t now_us = store_monotonic_us();

	*again_us = INT64_MAX;
	for (size_t i = 0; i < STORE_PLACES; i++) {
		size_t at = (*turn + i) % STORE_PLACES;
		struct api_rows *rows = st->rows[at];

		if (rows == NULL || (rows->phase != WANTED && !atomic_load(&rows->closed)))
			continue;
		if (atomic_load(&rows->closed) || is_fresh(st, rows, now_us)) {
			*turn = at + 1; /* the others first, next time */
			return rows;
		}
		if (rows->give_up_us < *again_us)
			*again_us = rows->give_up_us;
	}
	return NULL;
}

/* The lock is held, but not while it fills. */
static void
serve(struct store *st, struct api_rows *rows)
{
	int64_t len = 0;

	if (!atomic_load(&rows->closed)) {
		rows->phase = FILLING;
		(void)pthread_mutex_unlock(&st->lock);
		len = store_fill(rows);
		(void)pthread_mutex_lock(&st->lock);
		rows->len = len;
		rows->phase = FILLED;
	}
	if (!atomic_load(&rows->closed)) {
		store_wake(st);
		return;
	}
	for (size_t i = 0; i < STORE_PLACES; i++)
		if (st->rows[i] == rows)
			st->rows[i] = NULL;
	(void)pthread_mutex_unlock(&st->lock);
	rows_free(rows);
	(void)pthread_mutex_lock(&st->lock);
}

void *
store_reader_main(void *arg)
{
	struct store *st = arg;
	size_t turn = 0;

	store_step_back();
	(void)pthread_mutex_lock(&st->lock);
	for (;;) {
		int64_t again_us;
		struct api_rows *rows = pick(st, &turn, &again_us);

		if (rows != NULL) {
			serve(st, rows);
		} else if (st->closing) {
			break; /* store_close closed all exports first */
		} else if (again_us == INT64_MAX) {
			(void)pthread_cond_wait(&st->to_reader, &st->lock);
		} else {
			struct timespec until = store_deadline(again_us);

			(void)pthread_cond_timedwait(&st->to_reader, &st->lock, &until);
		}
	}
	(void)pthread_mutex_unlock(&st->lock);
	return NULL;
}

/* On the loop. */
static int
check(const struct store *st, const struct api_range *range)
{
	bool known = range->link[0] == '\0' || st->links_len == STORE_LINKS_MAX;

	if (range->from_wall_us > range->to_wall_us)
		return -EINVAL;
	switch (range->step_us) {
	case 0:
	case SECOND_US:
		break;
	case 60 * SECOND_US:
	case 3600 * SECOND_US:
		if (range->what != API_ESTIMATES)
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}
	for (size_t i = 0; !known && i < st->links_len; i++)
		known = strcmp(st->links[i], range->link) == 0;
	return known ? 0 : -ENOENT;
}

/* The lock is held. */
static int
find_place(struct store *st, struct api_rows *rows)
{
	size_t open = 0, place = STORE_PLACES;

	/* Our own reading takes no export away from anybody. */
	for (size_t i = 0; i < STORE_PLACES; i++)
		if (st->rows[i] == NULL)
			place = i;
		else if (!atomic_load(&st->rows[i]->closed) && st->rows[i]->raw == rows->raw)
			open++;
	if (open >= STORE_EXPORTS_MAX || place == STORE_PLACES)
		return -EBUSY;
	st->rows[place] = rows;
	return 0;
}

/* Outside of these years nothing can be, and sums of such times cannot overflow. */
static int64_t
clamp_time(int64_t us)
{
	const int64_t year_9999 = INT64_C(253402300800) * SECOND_US;

	return us < 0 ? 0 : us > year_9999 ? year_9999 : us;
}

static int
rows_open(struct store *st, const struct api_range *range, bool raw, struct api_rows **out)
{
	struct api_rows *rows;
	int err = check(st, range);

	if (err != 0)
		return err;
	rows = calloc(1, sizeof *rows);
	if (rows == NULL)
		return -ENOMEM;
	rows->st = st;
	rows->range = *range;
	rows->raw = raw;
	rows->range.from_wall_us = clamp_time(range->from_wall_us);
	rows->range.to_wall_us = clamp_time(range->to_wall_us);
	(void)pthread_mutex_lock(&st->lock);
	err = find_place(st, rows);
	if (err == 0) {
		rows->need = st->handed;
		rows->give_up_us = store_monotonic_us() + FLUSH_US;
		if (st->done < rows->need) {
			st->flush = true;
			(void)pthread_cond_signal(&st->to_writer);
		}
	}
	(void)pthread_mutex_unlock(&st->lock);
	if (err == 0)
		*out = rows;
	else
		free(rows);
	return err;
}

int
store_rows_open(struct store *st, const struct api_range *range, struct api_rows **out)
{
	return rows_open(st, range, false, out);
}

int
store_past_open(struct store *st, const struct api_range *range, struct api_rows **out)
{
	struct api_range raw = *range;

	assert(raw.what == API_ESTIMATES || raw.what == API_EVENTS);
	raw.format = API_JSONL; /* neither a header nor brackets */
	return rows_open(st, &raw, true, out);
}

void
store_rows_next(struct api_rows *rows, api_block_fn *ready, void *arg)
{
	struct store *st = rows->st;

	(void)pthread_mutex_lock(&st->lock);
	assert(rows->phase == IDLE);
	assert(!atomic_load(&rows->closed));
	rows->ready = ready;
	rows->arg = arg;
	rows->phase = WANTED;
	(void)pthread_cond_signal(&st->to_reader);
	(void)pthread_mutex_unlock(&st->lock);
}

void
store_rows_close(struct api_rows *rows)
{
	struct store *st = rows->st;

	/* The thread frees it, at once or behind the block that it fills: closing a database
	 * is no work for the loop. */
	(void)pthread_mutex_lock(&st->lock);
	atomic_store(&rows->closed, true);
	(void)pthread_cond_signal(&st->to_reader);
	(void)pthread_mutex_unlock(&st->lock);
}

void
store_rows_close_all(struct store *st)
{
	(void)pthread_mutex_lock(&st->lock);
	for (size_t i = 0; i < STORE_PLACES; i++)
		if (st->rows[i] != NULL)
			atomic_store(&st->rows[i]->closed, true);
	(void)pthread_cond_signal(&st->to_reader);
	(void)pthread_mutex_unlock(&st->lock);
}

/* The lock is held. */
static struct api_rows *
find_filled(struct store *st)
{
	for (size_t i = 0; i < STORE_PLACES; i++)
		if (st->rows[i] != NULL && st->rows[i]->phase == FILLED &&
		    !atomic_load(&st->rows[i]->closed))
			return st->rows[i];
	return NULL;
}

void
store_dispatch(struct store *st)
{
	/* The callback may ask for the next block, close this export, or open another. So
	 * each is looked up anew; one that is filled again meanwhile is served now or by
	 * the wake-up that its filling causes. */
	for (int i = 0; i < STORE_PLACES; i++) {
		struct api_rows *rows;

		(void)pthread_mutex_lock(&st->lock);
		rows = find_filled(st);
		if (rows != NULL)
			rows->phase = IDLE;
		(void)pthread_mutex_unlock(&st->lock);
		if (rows == NULL)
			return;
		rows->ready(rows->arg, rows->block, rows->len);
	}
}
