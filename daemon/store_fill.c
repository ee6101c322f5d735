/* SPDX-License-Identifier: ISC */
/* An export's text: rows of the file, or their sums, a block at a time. */
#include "daemon/store_rows.h"

#include <assert.h>
#include <errno.h>

#define BLOCK_US INT64_C(20000) /* a block that takes longer comes half full */
#define SECOND_US INT64_C(1000000)

static int64_t
round_up(int64_t n, int64_t to)
{
	return n % to > 0 ? n - n % to + to : n;
}

/* Minutes and hours are read as they are stored, and made of the seconds on the way where
 * they are not, which are the last ones as a rule: buckets of one kind at a time. */
static int
next_part(struct api_rows *rows)
{
	int64_t step_s = rows->range.step_us / SECOND_US, from_s = rows->next_s, first, end;
	int err = history_reader_stale(rows->reader, step_s, from_s, rows->end_s, &first, &end);

	rollup_destroy(rows->rollup);
	rows->rollup = NULL;
	rows->read_all = false;
	if (err != 0)
		return err;
	if (first > from_s) {
		rows->next_s = first;
		return history_reader_select(rows->reader,
		    step_s == 60 ? HISTORY_MINUTES : HISTORY_HOURS, from_s, first);
	}
	rows->next_s = end;
	err = rollup_create(from_s, end, step_s, &rows->rollup);
	/* Also the rows that still hold when it begins. */
	return err != 0 ? err : history_reader_select(rows->reader, HISTORY_SECONDS,
	    from_s - ROLLUP_HOLD_S, end);
}

static int
open_reader(struct api_rows *rows)
{
	const struct api_range *range = &rows->range;
	int err = history_reader_open(rows->st->path, range, &rows->reader);

	if (err == 0 && range->what == API_CONDITIONS)
		return conditions_create(range, &rows->conditions);
	if (err != 0 || range->step_us <= SECOND_US)
		return err;
	rows->next_s = round_up(range->from_wall_us, range->step_us) / SECOND_US;
	rows->end_s = round_up(range->to_wall_us, range->step_us) / SECOND_US;
	return next_part(rows);
}

static bool
has_room(const struct api_rows *rows)
{
	_Static_assert(sizeof(struct api_estimate_row) <= API_ROW_TEXT_MAX &&
	    sizeof(struct api_event_row) <= API_ROW_TEXT_MAX, "a raw row is no longer than text");
	return rows->text.cap - rows->text.len > API_ROW_TEXT_MAX + ROWS_MORE_MAX + 4;
}

static bool
has_more(const struct api_rows *rows)
{
	return !rows->raw &&
	    (rows->range.more.spreads || rows->range.more.zone != API_ZONE_NONE);
}

static void
append_estimate(struct api_rows *rows, const struct api_estimate_row *row,
    const struct api_spreads *spreads)
{
	if (rows->range.format == API_JSON && rows->first_row_out)
		buf_text(&rows->text, ",\n");
	rows->first_row_out = true;
	if (rows->raw)
		buf_bytes(&rows->text, row, sizeof *row);
	else
		rows_estimate(&rows->text, rows->range.format, row);
	if (has_more(rows))
		rows_more(&rows->text, rows->range.format, &rows->range.more, row->wall_us,
		    spreads);
}

/* Buckets that are done, as many as there is room for. */
static void
drain(struct api_rows *rows)
{
	struct api_estimate_row bucket;
	struct api_spreads spreads;
	int got = 1;

	while (got > 0 && has_room(rows)) {
		got = rollup_next(rows->rollup, &bucket);
		if (got <= 0)
			break;
		sums_spreads(rollup_sums(rows->rollup), &spreads);
		append_estimate(rows, &bucket, &spreads);
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
		rollup_add(rows->rollup, &row->estimate, row->link);
		drain(rows);
		return !rows->drained;
	}
	if (rows->range.what == API_ESTIMATES) {
		append_estimate(rows, &row->estimate, row->has_spreads ? &row->spreads : NULL);
		return !has_room(rows);
	}
	if (f == API_JSON && rows->first_row_out)
		buf_text(&rows->text, ",\n");
	rows->first_row_out = true;
	if (rows->raw)
		buf_bytes(&rows->text, &row->event, sizeof row->event);
	else if (rows->range.what == API_OBSERVATIONS)
		rows_observation(&rows->text, f, &row->observation);
	else
		rows_event(&rows->text, f, &row->event);
	if (has_more(rows))
		rows_more(&rows->text, f, &rows->range.more,
		    rows->range.what == API_OBSERVATIONS ? row->observation.wall_us
							 : row->event.wall_us,
		    NULL);
	return !has_room(rows);
}

static void
begin(struct api_rows *rows)
{
	rows->begun = rows->drained = true;
	rows->err = open_reader(rows);
	if (rows->err != 0)
		return;
	if (rows->range.format == API_JSON)
		buf_char(&rows->text, '[');
	if (rows->range.format != API_CSV)
		return;
	if (rows->conditions != NULL)
		rows_condition_header(&rows->text, rows->range.by_hour);
	else
		rows_csv_header(&rows->text, rows->range.what);
	if (has_more(rows))
		rows_more_header(&rows->text, &rows->range.more);
}

/* All that there is to read, then rows. */
static void
advance_conditions(struct api_rows *rows)
{
	struct api_condition_row row;
	int got = rows->read_all ? 0 : conditions_read(rows->conditions, rows->reader);

	if (got < 0)
		rows->err = got;
	if (got != 0)
		return;
	rows->read_all = true;
	if (!conditions_next(rows->conditions, &row)) {
		rows->ended = true;
		return;
	}
	if (rows->range.format == API_JSON && rows->first_row_out)
		buf_text(&rows->text, ",\n");
	rows->first_row_out = true;
	rows_condition(&rows->text, rows->range.format, &row);
}

/* One step: rows of the file, or buckets that wait since the last block. */
static void
advance(struct api_rows *rows)
{
	int got;

	if (rows->conditions != NULL) {
		advance_conditions(rows);
	} else if (rows->rollup != NULL && !rows->drained) {
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
	} else if (rows->next_s < rows->end_s) {
		rows->err = next_part(rows);
	} else {
		rows->ended = true;
	}
	if (rows->ended && rows->range.format == API_JSON)
		buf_text(&rows->text, "]\n");
}

int64_t
store_fill(struct api_rows *rows)
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

void
store_fill_finish(struct api_rows *rows)
{
	history_reader_close(rows->reader);
	conditions_destroy(rows->conditions);
	rollup_destroy(rows->rollup);
}
