/* SPDX-License-Identifier: ISC */
/*
 * What measuring may cost: two hard limits in bytes on the wire, of any hour and of any day,
 * and an allowance that spreads them. Pure: bytes and instants in, no clock, no socket.
 *
 * A limit holds for a window that slides, in cells of 5 and of 30 minutes: bytes count until
 * the whole cell that they fell into is an hour (a day) old, so that no hour and no day has
 * more, wherever it begins.
 *
 * Who begins something *holds* the most that it can cost, and gives that back at its end;
 * what is held cannot be spent by others. So a limit is never passed, whatever a server
 * sends.
 *
 * The allowance is for what is asked in turn. With 10 MB a day and 4 MB an hour it is 2 MB
 * at the start, which is where the most is to be learnt, and 73 bytes each second after: a
 * heartbeat each 3 s takes 44 of them. A sixth of the day is for what is asked out of turn.
 */
#ifndef LINKQ_DAEMON_LEDGER_H
#define LINKQ_DAEMON_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#define LEDGER_HOUR_CELLS 13
#define LEDGER_DAY_CELLS 49

struct ledger_window {
	int64_t limit_bytes;
	int64_t cell_us, begin_us; /* begin: of the newest cell, bytes[0] */
	int64_t bytes[LEDGER_DAY_CELLS]; /* an hour has fewer */
	int cells;
};

struct ledger {
	struct ledger_window hour, day;
	int64_t held_bytes;
	int64_t allowance_bytes, allowance_at_us;
	int64_t down_bytes, up_bytes; /* spent since the start */
};

/* A new one: nothing was spent. */
void ledger_init(struct ledger *l, int64_t now_us, int64_t hour_bytes, int64_t day_bytes);
/* Other limits; what was spent stays spent. */
void ledger_limit(struct ledger *l, int64_t now_us, int64_t hour_bytes, int64_t day_bytes);

/* The most that the allowance ever is. */
int64_t ledger_allowance_most(const struct ledger *l);
/* What the allowance grows by in a day. */
int64_t ledger_a_day(const struct ledger *l);

/* How much may still be begun at this instant; 0 or more. */
int64_t ledger_left(struct ledger *l, int64_t now_us);
/* The part of it that is allowed in turn. */
int64_t ledger_allowance(struct ledger *l, int64_t now_us);

/* Hold so much, if there is so much. */
bool ledger_hold(struct ledger *l, int64_t now_us, int64_t bytes);
void ledger_release(struct ledger *l, int64_t bytes);

/* So much went over the wire. in_turn: it comes out of the allowance too. */
void ledger_spend(struct ledger *l, int64_t now_us, int64_t down_bytes, int64_t up_bytes,
    bool in_turn);

int64_t ledger_hour_spent(struct ledger *l, int64_t now_us);
int64_t ledger_day_spent(struct ledger *l, int64_t now_us);
/* When the oldest of what the day has is free again; -1: nothing was spent. */
int64_t ledger_resets_us(struct ledger *l, int64_t now_us);

/* The host slept so long, which `now_us` does not know. */
void ledger_slept(struct ledger *l, int64_t slept_us);

/* What outlives a restart. What is held counts as spent there: it may be when we are killed.
 * restore: 0, or -EPROTO where it is none. A wall clock that went back counts as standing. */
struct ledger_memory {
	int64_t version;
	int64_t wall_us;
	int64_t hour_age_us, day_age_us; /* of the newest cells */
	int64_t allowance_bytes;
	int64_t hour[LEDGER_HOUR_CELLS], day[LEDGER_DAY_CELLS];
};
void ledger_save(struct ledger *l, int64_t now_us, int64_t wall_us, struct ledger_memory *out);
int ledger_restore(struct ledger *l, int64_t now_us, int64_t wall_us,
    const struct ledger_memory *m);

#endif
