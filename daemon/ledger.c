/* SPDX-License-Identifier: ISC */
/* Two sliding limits of bytes, and an allowance that spreads them. */
#include "daemon/ledger.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define SECONDS(n) (INT64_C(1000000) * (n))
#define HOUR_CELL_US SECONDS(300)
#define DAY_CELL_US SECONDS(1800)
#define DAY_S 86400
#define VERSION 1

static void
window_init(struct ledger_window *w, int64_t now_us, int cells, int64_t cell_us)
{
	assert(cells <= LEDGER_DAY_CELLS);
	*w = (struct ledger_window){ .cells = cells, .cell_us = cell_us, .begin_us = now_us };
}

static void
window_move(struct ledger_window *w, int64_t now_us)
{
	int64_t steps = (now_us - w->begin_us) / w->cell_us;
	int n = steps < w->cells ? (int)steps : w->cells;

	if (steps <= 0)
		return;
	memmove(w->bytes + n, w->bytes, (size_t)(w->cells - n) * sizeof(w->bytes[0]));
	memset(w->bytes, 0, (size_t)n * sizeof(w->bytes[0]));
	w->begin_us += steps * w->cell_us;
}

static int64_t
window_spent(struct ledger_window *w, int64_t now_us)
{
	int64_t sum = 0;

	window_move(w, now_us);
	for (int i = 0; i < w->cells; i++)
		sum += w->bytes[i];
	return sum;
}

/* --- the allowance ----------------------------------------------------------------------- */

int64_t
ledger_allowance_most(const struct ledger *l)
{
	int64_t hour = l->hour.limit_bytes / 2, day = l->day.limit_bytes / 5;

	return hour < day ? hour : day;
}

/* A sixth of the day stays for what is asked out of turn. */
int64_t
ledger_a_day(const struct ledger *l)
{
	int64_t day = l->day.limit_bytes / 6 * 5 - ledger_allowance_most(l);
	int64_t hours = l->hour.limit_bytes / 3 * 24;

	return day < hours ? day : hours;
}

int64_t
ledger_allowance(struct ledger *l, int64_t now_us)
{
	int64_t most = ledger_allowance_most(l), left;
	int64_t passed_us = now_us - l->allowance_at_us;
	int64_t more;

	if (passed_us > SECONDS(DAY_S))
		passed_us = SECONDS(DAY_S);
	/* Whole bytes only: what is over stays time. */
	more = ledger_a_day(l) / 1000 * (passed_us / 1000) / DAY_S;
	if (more > 0) {
		l->allowance_bytes += more;
		l->allowance_at_us = now_us;
	}
	if (l->allowance_bytes > most)
		l->allowance_bytes = most;
	left = ledger_left(l, now_us);
	if (l->allowance_bytes <= 0)
		return 0;
	return l->allowance_bytes < left ? l->allowance_bytes : left;
}

/* --- limits ------------------------------------------------------------------------------ */

void
ledger_init(struct ledger *l, int64_t now_us, int64_t hour_bytes, int64_t day_bytes)
{
	*l = (struct ledger){ .allowance_at_us = now_us };
	window_init(&l->hour, now_us, LEDGER_HOUR_CELLS, HOUR_CELL_US);
	window_init(&l->day, now_us, LEDGER_DAY_CELLS, DAY_CELL_US);
	l->hour.limit_bytes = hour_bytes;
	l->day.limit_bytes = day_bytes;
	l->allowance_bytes = ledger_allowance_most(l);
}

void
ledger_limit(struct ledger *l, int64_t now_us, int64_t hour_bytes, int64_t day_bytes)
{
	int64_t was = ledger_allowance_most(l), least;

	(void)ledger_allowance(l, now_us);
	l->hour.limit_bytes = hour_bytes;
	l->day.limit_bytes = day_bytes;
	/* What larger limits allowed was no fault: it leaves no debt. */
	least = l->allowance_bytes < 0 ? l->allowance_bytes : 0;
	l->allowance_bytes += ledger_allowance_most(l) - was;
	if (l->allowance_bytes < least)
		l->allowance_bytes = least;
}

int64_t
ledger_left(struct ledger *l, int64_t now_us)
{
	int64_t hour = l->hour.limit_bytes - window_spent(&l->hour, now_us);
	int64_t day = l->day.limit_bytes - window_spent(&l->day, now_us);
	int64_t left = (hour < day ? hour : day) - l->held_bytes;

	return left > 0 ? left : 0;
}

bool
ledger_hold(struct ledger *l, int64_t now_us, int64_t bytes)
{
	assert(bytes >= 0);
	if (ledger_left(l, now_us) < bytes)
		return false;
	l->held_bytes += bytes;
	return true;
}

void
ledger_release(struct ledger *l, int64_t bytes)
{
	assert(bytes >= 0 && bytes <= l->held_bytes);
	l->held_bytes -= bytes;
}

void
ledger_spend(struct ledger *l, int64_t now_us, int64_t down_bytes, int64_t up_bytes,
    bool in_turn)
{
	int64_t bytes = down_bytes + up_bytes;

	assert(down_bytes >= 0 && up_bytes >= 0);
	if (in_turn)
		(void)ledger_allowance(l, now_us); /* to this instant */
	window_move(&l->hour, now_us);
	window_move(&l->day, now_us);
	l->hour.bytes[0] += bytes;
	l->day.bytes[0] += bytes;
	l->down_bytes += down_bytes;
	l->up_bytes += up_bytes;
	if (in_turn)
		l->allowance_bytes -= bytes;
}

int64_t
ledger_hour_spent(struct ledger *l, int64_t now_us)
{
	return window_spent(&l->hour, now_us);
}

int64_t
ledger_day_spent(struct ledger *l, int64_t now_us)
{
	return window_spent(&l->day, now_us);
}

int64_t
ledger_resets_us(struct ledger *l, int64_t now_us)
{
	const struct ledger_window *w = &l->day;

	window_move(&l->day, now_us);
	for (int i = w->cells - 1; i >= 0; i--)
		if (w->bytes[i] > 0)
			return w->begin_us + (w->cells - i) * w->cell_us;
	return -1;
}

void
ledger_slept(struct ledger *l, int64_t slept_us)
{
	if (slept_us <= 0)
		return;
	l->hour.begin_us -= slept_us;
	l->day.begin_us -= slept_us;
	l->allowance_at_us -= slept_us;
}

/* --- memory ------------------------------------------------------------------------------ */

void
ledger_save(struct ledger *l, int64_t now_us, int64_t wall_us, struct ledger_memory *out)
{
	(void)ledger_allowance(l, now_us);
	*out = (struct ledger_memory){ .version = VERSION, .wall_us = wall_us,
		.hour_age_us = now_us - l->hour.begin_us,
		.day_age_us = now_us - l->day.begin_us,
		.allowance_bytes = l->allowance_bytes - l->held_bytes };
	memcpy(out->hour, l->hour.bytes, sizeof(out->hour));
	memcpy(out->day, l->day.bytes, sizeof(out->day));
	out->hour[0] += l->held_bytes;
	out->day[0] += l->held_bytes;
}

static bool
sane(const int64_t *bytes, int n)
{
	for (int i = 0; i < n; i++)
		if (bytes[i] < 0 || bytes[i] > INT64_MAX / 1024)
			return false;
	return true;
}

int
ledger_restore(struct ledger *l, int64_t now_us, int64_t wall_us,
    const struct ledger_memory *m)
{
	int64_t away_us = wall_us > m->wall_us ? wall_us - m->wall_us : 0;

	if (m->version != VERSION || m->hour_age_us < 0 || m->hour_age_us > HOUR_CELL_US ||
	    m->day_age_us < 0 || m->day_age_us > DAY_CELL_US ||
	    !sane(m->hour, LEDGER_HOUR_CELLS) || !sane(m->day, LEDGER_DAY_CELLS) ||
	    m->allowance_bytes > INT64_MAX / 1024 || m->allowance_bytes < INT64_MIN / 1024)
		return -EPROTO;
	if (away_us > SECONDS(2 * DAY_S))
		away_us = SECONDS(2 * DAY_S);
	l->hour.begin_us = now_us - away_us - m->hour_age_us;
	l->day.begin_us = now_us - away_us - m->day_age_us;
	l->allowance_at_us = now_us - away_us;
	l->allowance_bytes = m->allowance_bytes;
	memcpy(l->hour.bytes, m->hour, sizeof(m->hour));
	memcpy(l->day.bytes, m->day, sizeof(m->day));
	return 0;
}
