/* SPDX-License-Identifier: ISC */
/*
 * What linkq demo shows: the ride while it lasts, redrawn in place on a terminal and a line
 * now and then elsewhere, and the sums at its end. 80 columns do.
 */
#ifndef LINKQ_CLI_DEMO_SHOW_H
#define LINKQ_CLI_DEMO_SHOW_H

#include <stdbool.h>

#include "daemon/cli/demo_app.h"
#include "daemon/cli/demo_ride.h"
#include "daemon/cli/view.h"

#define DEMO_MARKS 64

struct demo_show {
	const struct demo_ride *ride;
	bool live, utf8;
	bool drawn;        /* what stands there is to be drawn over */
	double next_s;     /* the next line where there is no terminal */
	/* The past for the two bars, one mark a column: of the link, of the estimate. */
	double can_kbps[DEMO_MARKS], p50[DEMO_MARKS]; /* NAN: nothing yet */
	char state[DEMO_MARKS];
};

void demo_show_begin(struct demo_show *s, const struct demo_ride *ride);
/* One look. v: the estimate; rtt_ms: the link's own, without queues. */
void demo_show_look(struct demo_show *s, double t_s, double can_kbps, double rtt_ms,
    const struct view *v, const struct demo_record *r, const struct demo_tally *t);
void demo_show_end(struct demo_show *s);

/* The sums. script_us: when the ride began, on the clock of the picks. */
void demo_show_outages(const struct demo_record *r);
void demo_show_steady(const struct demo_record *r, const struct demo_ride *ride);
void demo_show_picks(const struct demo_tally *t, const struct demo_ride *ride,
    int64_t script_us);

#endif
