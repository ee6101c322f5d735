/* SPDX-License-Identifier: ISC */
/* How long each link was in which state and quality. */
#include "daemon/conditions.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/rollup.h"
#include "daemon/sums.h"

#define MINUTE 60
#define HOUR 3600
#define HOURS 24
#define LINKS_MAX 4096
#define CELLS (EST_STATES * EST_QUALITIES)

struct one_link {
	char id[API_LINK_ID_MAX + 1];
	int64_t seconds[HOURS][EST_STATES][EST_QUALITIES];
	/* What holds, where seconds are read. */
	bool holds;
	int64_t since_s;
	enum est_state state;
	enum est_quality quality;
};

struct conditions {
	int64_t from_s, to_s;
	bool by_hour;
	struct one_link **link;
	size_t links, cap;
	int err;
	/* What is being read: [begin, end) of one table. */
	enum history_table table;
	int64_t begin_s, end_s;
	bool reading;
	/* What was given out. */
	size_t at_link;
	int at_hour, at_cell;
};

int
conditions_create(const struct api_range *range, struct conditions **out)
{
	struct conditions *c = calloc(1, sizeof *c);

	if (c == NULL)
		return -ENOMEM;
	c->from_s = range->from_wall_us / 1000000;
	c->to_s = range->to_wall_us / 1000000;
	c->by_hour = range->by_hour;
	c->begin_s = c->end_s = c->from_s;
	*out = c;
	return 0;
}

void
conditions_destroy(struct conditions *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->links; i++)
		free(c->link[i]);
	free(c->link);
	free(c);
}

static struct one_link *
link_of(struct conditions *c, const char *id)
{
	struct one_link *l;

	for (size_t i = 0; i < c->links; i++)
		if (strcmp(c->link[i]->id, id) == 0)
			return c->link[i];
	if (c->links == c->cap) {
		size_t cap = c->cap + 16;
		void *more = cap <= LINKS_MAX ? realloc(c->link, cap * sizeof(void *)) : NULL;

		if (more == NULL)
			return NULL;
		c->link = more;
		c->cap = cap;
	}
	l = calloc(1, sizeof *l);
	if (l == NULL)
		return NULL;
	memcpy(l->id, id, strlen(id) + 1);
	c->link[c->links++] = l;
	return l;
}

static int
hour_of(int64_t t_s)
{
	return (int)(t_s / HOUR % HOURS);
}

/* What holds in this part, held until then. A part is within one hour. */
static void
settle(struct conditions *c, struct one_link *l, int64_t until_s)
{
	int64_t begin = l->since_s > c->begin_s ? l->since_s : c->begin_s;
	int64_t held = l->since_s + ROLLUP_HOLD_S;
	int64_t end = held < until_s ? held : until_s;

	if (l->holds && end > begin)
		l->seconds[hour_of(c->begin_s)][l->state][l->quality] += end - begin;
	l->holds = false;
}

/* True: something is wrong. */
static bool
on_row(void *arg, const struct history_row *row)
{
	struct conditions *c = arg;
	const struct api_estimate_row *e = &row->estimate;
	struct one_link *l = link_of(c, e->link);
	int64_t t_s = e->wall_us / 1000000;

	if (l == NULL) {
		c->err = -ENOMEM;
		return true;
	}
	if (c->table != HISTORY_SECONDS) {
		/* Of bytes that make no sense nothing more counts. */
		(void)sums_conditions_read(l->seconds[hour_of(t_s)], row->conditions,
		    row->conditions_len);
		return false;
	}
	settle(c, l, t_s);
	l->holds = true;
	l->since_s = t_s;
	l->state = e->state;
	l->quality = e->quality;
	return false;
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Buckets of this step from `at` on that are made: up to where? `at` where there are none. */
static int
made_until(struct conditions *c, struct history_reader *r, int64_t step, int64_t at,
    int64_t *until)
{
	int64_t first, end;
	int err;

	*until = at;
	if (at % step != 0 || at + step > c->to_s)
		return 0;
	err = history_reader_stale(r, step, at, c->to_s / step * step, &first, &end);
	if (err == 0)
		*until = first;
	return err;
}

/* The largest buckets that there are from here on. */
static int
next_part(struct conditions *c, struct history_reader *r)
{
	int64_t at = c->end_s, until, next_hour = (at / HOUR + 1) * HOUR;
	int err = made_until(c, r, HOUR, at, &until);

	c->table = HISTORY_HOURS;
	if (err == 0 && until == at) {
		c->table = HISTORY_MINUTES;
		err = made_until(c, r, MINUTE, at, &until);
		until = least(until, next_hour);
	}
	if (err == 0 && until == at) {
		c->table = HISTORY_SECONDS;
		until = least(least((at / MINUTE + 1) * MINUTE, next_hour), c->to_s);
	}
	if (err != 0)
		return err;
	c->begin_s = at;
	c->end_s = until;
	c->reading = true;
	return history_reader_select(r, c->table,
	    c->table == HISTORY_SECONDS ? at - ROLLUP_HOLD_S : at, until);
}

/* At the window's end: nothing was counted twice, whatever a foreign hand has written. */
static void
bound(struct conditions *c)
{
	for (size_t i = 0; i < c->links; i++) {
		int64_t left = c->to_s - c->from_s;
		int64_t *cell = &c->link[i]->seconds[0][0][0];

		for (int n = 0; n < HOURS * CELLS; n++) {
			cell[n] = least(cell[n], left);
			left -= cell[n];
		}
	}
}

int
conditions_read(struct conditions *c, struct history_reader *r)
{
	int got;

	if (!c->reading) {
		if (c->end_s >= c->to_s) {
			bound(c);
			return 0;
		}
		c->err = next_part(c, r);
	}
	if (c->err != 0)
		return c->err;
	got = history_reader_run(r, on_row, c);
	if (got == 0) {
		c->reading = false;
		for (size_t i = 0; i < c->links; i++)
			settle(c, c->link[i], c->end_s);
	}
	return c->err != 0 ? c->err : got < 0 ? got : 1;
}

/* Seconds of the window in this hour of the day. */
static int64_t
in_hour(const struct conditions *c, int hour)
{
	const int64_t day = HOURS * HOUR, begin = hour * HOUR;
	int64_t whole[2] = { c->from_s, c->to_s }, n[2];

	for (int i = 0; i < 2; i++) {
		int64_t rest = whole[i] % day - begin;

		n[i] = whole[i] / day * HOUR + (rest < 0 ? 0 : least(rest, HOUR));
	}
	return n[1] - n[0];
}

/* Cell 0 to CELLS - 1 are states and qualities, CELLS is no data. */
static int64_t
seconds_of(const struct conditions *c, const struct one_link *l, int hour, int cell)
{
	int64_t n = 0;

	for (int h = c->by_hour ? hour : 0; h <= (c->by_hour ? hour : HOURS - 1); h++) {
		const int64_t *at = l != NULL ? &l->seconds[h][0][0] : NULL;

		if (cell < CELLS) {
			n += at != NULL ? at[cell] : 0;
			continue;
		}
		n += in_hour(c, h);
		for (int i = 0; at != NULL && i < CELLS; i++)
			n -= at[i];
	}
	return n;
}

static bool
step(struct conditions *c)
{
	if (++c->at_cell <= CELLS)
		return true;
	c->at_cell = 0;
	if (c->by_hour && ++c->at_hour < HOURS)
		return true;
	c->at_hour = 0;
	return ++c->at_link < (c->links > 0 ? c->links : 1);
}

bool
conditions_next(struct conditions *c, struct api_condition_row *out)
{
	bool more = c->at_link < (c->links > 0 ? c->links : 1);

	while (more) {
		const struct one_link *l = c->links > 0 ? c->link[c->at_link] : NULL;
		int hour = c->at_hour, cell = c->at_cell;
		int64_t n = seconds_of(c, l, hour, cell);

		more = step(c);
		if (n <= 0)
			continue;
		*out = (struct api_condition_row){ .from_wall_us = c->from_s * 1000000,
			.to_wall_us = c->to_s * 1000000, .seconds = n, .no_data = cell == CELLS,
			.hour = c->by_hour ? hour : -1 };
		if (l != NULL)
			memcpy(out->link, l->id, sizeof out->link);
		if (cell < CELLS) {
			out->state = (enum est_state)(cell / EST_QUALITIES);
			out->quality = (enum est_quality)(cell % EST_QUALITIES);
		}
		return true;
	}
	return false;
}
