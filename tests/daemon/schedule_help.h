/* SPDX-License-Identifier: ISC */
/* A schedule before targets of a test's, its time by hand. */
#ifndef LINKQ_TESTS_DAEMON_SCHEDULE_HELP_H
#define LINKQ_TESTS_DAEMON_SCHEDULE_HELP_H

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "daemon/schedule_internal.h"

static struct sched sched;
static struct est_snapshot belief;
static int64_t now_us;

static inline void
set_up(unsigned targets, bool own)
{
	static struct conf c;

	memset(&c, 0, sizeof(c));
	c.probe_interval_us = SECONDS(2);
	c.stranger_interval_us = SECONDS(30);
	c.download_interval_us = SECONDS(30);
	c.upload_interval_us = SECONDS(300);
	c.budget_hour_bytes = c.budget_day_bytes = 100000000;
	c.probe.len = targets;
	for (unsigned i = 0; i < targets; i++) {
		c.probe.at[i].own = own;
		(void)snprintf(c.probe.at[i].url, sizeof(c.probe.at[i].url),
		    "http://host%u.example:81/x?y", i);
	}
	now_us = SECONDS(1000);
	sched_init(&sched, now_us, &c);
	belief = (struct est_snapshot){ .state = EST_ONLINE };
}

/* Ask if it wants to; the flight's place or -1. */
static inline int
ask(struct sched_ask *out)
{
	return sched_next(&sched, now_us, &belief, out) ? sched_started(&sched, now_us, out)
							: -1;
}

static inline void
answer(int flight, int64_t ttfb_us)
{
	struct sched_end end = { .answered = true, .ttfb_us = ttfb_us, .connect_us = -1,
		.rtt_us = -1 };

	sched_ended(&sched, now_us, flight, &end);
}

/* So that it is known how long each target takes. */
static inline void
settle(void)
{
	struct sched_ask a;

	for (int i = 0; i < 12; i++) {
		int f = ask(&a);

		cr_assert_geq(f, 0);
		now_us += MS(50);
		answer(f, MS(50));
		now_us += SECONDS(2);
	}
}

static inline enum sched_verdict
judge(int flight)
{
	enum sched_verdict v[SCHED_FLIGHTS_MAX];

	sched_judge(&sched, now_us, &belief, v);
	return v[flight];
}

#endif
