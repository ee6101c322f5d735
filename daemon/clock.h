/* SPDX-License-Identifier: ISC */
/*
 * The clocks of this host, read in one place, and what their differences tell.
 *
 * Everything is measured on CLOCK_MONOTONIC, which stands still while the host sleeps;
 * CLOCK_BOOTTIME does not, so the growth of their difference is the time slept. The wall
 * clock against CLOCK_BOOTTIME moves only when somebody sets it.
 */
#ifndef LINKQ_DAEMON_CLOCK_H
#define LINKQ_DAEMON_CLOCK_H

#include <stdint.h>

struct clock_reading {
	int64_t monotonic_us, boot_us, wall_us;
};

/* For loop.c, and for threads of their own. */
int64_t clock_now_us(void);
/* All three at one instant, near enough. */
void clock_read(struct clock_reading *out);

/*
 * A descriptor that is readable when somebody set the wall clock, or the host woke up: a
 * timer on the wall clock that is cancelled by that (TFD_TIMER_CANCEL_ON_SET). Then hear it,
 * and look at the clocks. open: the descriptor, the caller's to close; or a negative errno.
 */
int clock_alarm_open(void);
void clock_alarm_hear(int fd);

/* What was seen last; begin with clock_watch_init. */
struct clock_watch {
	int64_t slept_total_us; /* boot - monotonic */
	int64_t wall_offset_us; /* wall - boot */
};

struct clock_news {
	int64_t slept_us; /* the host was suspended for so long since the last look; 0: not */
	int64_t set_us;   /* the wall clock was set by so much; 0: not */
};

/* Under this it is the reading itself that took time, or a slewed clock. */
#define CLOCK_SLEPT_MIN_US INT64_C(200000)
#define CLOCK_SET_MIN_US INT64_C(500000)

void clock_watch_init(struct clock_watch *w, const struct clock_reading *r);
struct clock_news clock_watch_look(struct clock_watch *w, const struct clock_reading *r);

#endif
