/* SPDX-License-Identifier: ISC */
/* Weeks of one link, made by a seed: when it is watched, and its outages. */
#ifndef LINKQ_TESTS_SIM_WEEKS_H
#define LINKQ_TESTS_SIM_WEEKS_H

#include <stdbool.h>
#include <stdint.h>

#define WEEKS 9
#define WEEKS_EVENTS_MAX 40000

enum week_kind { WEEK_UP, WEEK_DOWN, WEEK_BEGINS, WEEK_ENDS };

struct week_event {
	double t_s;
	enum week_kind kind;
};

struct weeks_plan {
	const char *name;
	int routes;            /* of the commute; 0: none */
	bool only_on_the_way;  /* the link is there on the way only */
	bool moves;            /* from week 5 on the day begins an hour later */
	double jitter_min;     /* deviation of the departure */
	double a_day;          /* outages without any pattern, while it is watched */
	double in_bursts;      /* of them, how many come at once in the mean; 0: one */
	double by_hour;        /* how much more often they come on working evenings */
};

struct weeks {
	struct week_event at[WEEKS_EVENTS_MAX];
	int len;
};

/* Begins on a Monday, t_s = 0. In the order of time. */
void weeks_make(struct weeks *w, const struct weeks_plan *plan, uint64_t seed);

#endif
