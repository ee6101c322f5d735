/* SPDX-License-Identifier: ISC */
/*
 * Exports. The loop asks for a block, the reader's thread fills it and wakes the loop, and
 * store_dispatch hands it over. Between blocks no read is open, however slow the client.
 *
 *   idle --next--> wanted --(thread)--> filling --> filled --dispatch--> idle
 *
 * A closed export that is being filled is freed by the thread; a place is taken so long.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/history_read.h"
#include "daemon/log.h"
#include "daemon/rollup.h"
#include "daemon/store_internal.h"

#define BLOCK_BYTES 65536
#define BLOCK_US INT64_C(20000)   /* a block that takes longer comes half full */
#define FLUSH_US INT64_C(1000000)
#define SECOND_US INT64_C(1000000)

enum phase { IDLE, WANTED, FILLING, FILLED };

struct api_rows {
	struct store *st;
	/* Covered by the store's lock. */
	enum phase phase;
	atomic_bool closed; /* also read by the thread while it fills */
	api_block_fn *ready;
	void *arg;
	int64_t len; /* of the block, or what ended it */
	int64_t need;   /* rows that were handed over before it was opened */
	int64_t give_up_us; /* wait no longer for them to be on disk */

	/* The thread's, while it fills; nobody's else. */
	struct api_range range;
	struct history_reader *reader;
	struct rollup *rollup;
	struct buf text; /* what is in the block */
	bool begun, first_row_out, drained, read_all, ended;
	int err;
	char block[BLOCK_BYTES];
};

static int64_t
round_up(int64_t n, int64_t to)
{
	return n % to > 0 ? n - n % to + to : n;
}

/* What is asked of the file: for a sum also the rows that still hold when it begins. */
static int
open_reader(struct api_rows *rows)
{
	struct api_range range = rows->range;
	int64_t step = range.step_us;

	if (step > SECOND_US) {
		int64_t first = round_up(range.from_wall_us, step);
		int64_t end = round_up(range.to_wall_us, step);
		int err = rollup_create(first / SECOND_US, end / SECOND_US, step / SECOND_US,
		    &rows->rollup);

		if (err != 0)
			return err;
		range.from_wall_us = first - ROLLUP_HOLD_S * SECOND_US;
		range.to_wall_us = end;
	}
	return history_reader_open(rows->st->path, &range, &rows->reader);
}

static bool
has_room(const struct api_rows *rows)
{
	return rows->text.cap - rows->text.len > API_ROW_TEXT_MAX + 4;
}

static void
append_estimate(struct api_rows *rows, const struct api_estimate_row *row)
{
	if (rows->range.format == API_JSON && rows->first_row_out)
		buf_text(&rows->text, ",\n");
	rows->first_row_out = true;
	rows_estimate(&rows->text, rows->range.format, row);
}

/* Buckets that are done, as many as there is room for. */
static void
drain(struct api_rows *rows)
{
	struct api_estimate_row bucket;
	int got = 1;

	while (got > 0 && has_room(rows)) {
		got = rollup_next(rows->rollup, &bucket);
		if (got > 0)
			append_estimate(rows, &bucket);
	}
	if (got < 0)
		rows->err = got;
	rows->drained = got == 0;
}

/* One row of the file. True: the block is full, or something is wrong. */
static bool
on_row(void *arg, const struct history_row *row)
{
	struct api_rows *rows = arg;
	enum api_format f = rows->range.format;

	if (rows->rollup != NULL) {
		rollup_add(rows->rollup, &row->estimate);
		drain(rows);
		return !rows->drained;
	}
	if (rows->range.what == API_ESTIMATES) {
		append_estimate(rows, &row->estimate);
		return !has_room(rows);
	}
	if (f == API_JSON && rows->first_row_out)
		buf_text(&rows->text, ",\n");
	rows->first_row_out = true;
	if (rows->range.what == API_OBSERVATIONS)
		rows_observation(&rows->text, f, &row->observation);
	else
		rows_event(&rows->text, f, &row->event);
	return !has_room(rows);
}

static void
begin(struct api_rows *rows)
{
	rows->begun = rows->drained = true;
	rows->err = open_reader(rows);
	if (rows->err != 0)
		return;
	if (rows->range.format == API_CSV)
		rows_csv_header(&rows->text, rows->range.what);
	else if (rows->range.format == API_JSON)
		buf_char(&rows->text, '[');
}

/* One step: rows of the file, or buckets that wait since the last block. */
static void
advance(struct api_rows *rows)
{
	int got;

	if (rows->rollup != NULL && !rows->drained) {
		drain(rows);
	} else if (!rows->read_all) {
		got = history_reader_run(rows->reader, on_row, rows);
		if (got < 0)
			rows->err = got;
		rows->read_all = got == 0;
		if (rows->read_all && rows->rollup != NULL) {
			rollup_end(rows->rollup);
			rows->drained = false;
		}
	} else {
		rows->ended = true;
		if (rows->range.format == API_JSON)
			buf_text(&rows->text, "]\n");
	}
}

/* On the reader's thread, without the lock. What api_block_fn is to be told. */
static int64_t
fill(struct api_rows *rows)
{
	int64_t until_us = store_monotonic_us() + BLOCK_US;

	buf_init(&rows->text, rows->block, sizeof rows->block);
	if (!rows->begun)
		begin(rows);
	while (rows->err == 0 && !rows->ended && has_room(rows) && !atomic_load(&rows->closed)) {
		advance(rows);
		if (rows->text.len > 0 && store_monotonic_us() > until_us)
			break; /* hours take many rows to sum up: give what is there */
	}
	assert(!rows->text.overflow);
	/* An error comes behind the good rows, in a block of its own. */
	return rows->text.len > 0 ? (int64_t)rows->text.len : rows->err;
}

static void
rows_free(struct api_rows *rows)
{
	history_reader_close(rows->reader);
	rollup_destroy(rows->rollup);
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
		len = fill(rows);
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

	for (size_t i = 0; i < STORE_PLACES; i++)
		if (st->rows[i] == NULL)
			place = i;
		else if (!atomic_load(&st->rows[i]->closed))
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

int
store_rows_open(struct store *st, const struct api_range *range, struct api_rows **out)
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
