/* SPDX-License-Identifier: ISC */
/*
 * What a link's own past says of the minutes ahead: will there be an outage within 1, 5 or
 * 15 minutes, how long will it be, and how fast is the link at this hour of the week?
 *
 * Outages are told in the order of time, and a walk over the past, a minute at a time and
 * 15 minutes behind the present, counts what came next. Several experts guess from that:
 *
 *	how often outages come at all; at this hour of the week; at this time of a working day
 *	or a day off; the same, with the time since the last outage; and past moments that were
 *	as long after an outage, preceded by like gaps and like outages (0, 1, 2 or 4 of them):
 *	a commute's tunnels come in sequence, early or late, and some days not at all.
 *
 * What they guess is mixed. How much each counts is learnt on the way by how likely it said
 * that what came would come, apart for moments soon after an outage and long after: where
 * there is no pattern, the plain frequency wins. A mixture is less sure than it could be
 * (Ranjan and Gneiting, 2010), so its log-odds are stretched and moved by what came true,
 * which is learnt too.
 *
 * An example. A train leaves at 8:05 give or take 15 minutes, and enters its tunnels 4, 6
 * and 11 minutes later. At 7:50 the hour of the week knows best. At 8:14, three minutes out
 * of the first tunnel, an outage within a minute is nine in ten, though over all days that
 * minute has one in fifteen.
 *
 * Times are seconds since 1970; what goes back in time is moved to the latest instant that
 * was told. No allocation: struct ahead is 210 kB that the caller owns.
 */
#ifndef LINKQ_ESTIMATOR_AHEAD_H
#define LINKQ_ESTIMATOR_AHEAD_H

#include <stdbool.h>
#include <stdint.h>

#define AHEAD_ANCHORS 3072 /* outages and beginnings that are kept: the youngest */
#define AHEAD_HORIZONS 3
#define AHEAD_EXPERTS 9
#define AHEAD_ELAPSED 3   /* classes: soon after an outage, within the hour, later */
#define AHEAD_SLOTS 144   /* of ten minutes in a day */
#define AHEAD_BINS 34     /* of lengths: half octaves of seconds */
#define AHEAD_RATE_BINS 56 /* of goodput: thirds of an octave of kbit/s */
#define AHEAD_SUPPORT_S (14 * INT64_C(86400)) /* of history, before anything is said */
#define AHEAD_SUPPORT_DAYS 8 /* with at least some minutes of it, too */
#define AHEAD_PAST_S (400 * INT64_C(86400)) /* older history says nothing any more */

extern const int ahead_horizon_s[AHEAD_HORIZONS]; /* 60, 300, 900 */

/* An outage, or the beginning of a time in which the link was watched. */
struct ahead_anchor {
	int64_t begin_s, end_s;
	float gap_ln;    /* ln of the seconds from the anchor before; below 0: none */
	float length_ln; /* of the outage, in seconds */
	float next_ln;   /* of next_s */
	int32_t next_s;  /* from its end to the next outage; -1: none so far */
	int16_t minute;  /* of the local week, at its end; at its begin while it is open */
	bool start;      /* no outage */
	bool open;       /* it has not ended yet */
	bool cut;        /* next_s is when watching ended, not when an outage began */
	bool censored;   /* watching ended in the outage: it was at least so long */
};

/* Of moments: how many, and after how many of them an outage came within each horizon, and
 * not within the one before. */
struct ahead_cell {
	float n, came[AHEAD_HORIZONS];
};

/* Log-odds l become at + by * l. The rest is their precision, as a matrix. */
struct ahead_fit {
	float at, by, aa, ab, bb;
};

struct ahead {
	struct ahead_anchor anchor[AHEAD_ANCHORS];
	int anchors;
	bool up; /* watched now */
	int32_t zone_s;
	int64_t first_s, latest_s; /* first_s 0: nothing was told */
	int64_t day;               /* the last one with any minutes, local */
	int days;                  /* with any */
	/* The walk. */
	int64_t walk_s, week_s, score_s, score_from_s;
	int at; /* anchor that the walk is behind */
	struct ahead_cell cell[7][AHEAD_SLOTS][AHEAD_ELAPSED];
	struct ahead_cell all;
	float weight[AHEAD_ELAPSED][AHEAD_EXPERTS];
	struct ahead_fit fit[AHEAD_ELAPSED][AHEAD_HORIZONS];
	int judged[AHEAD_ELAPSED];
	float rate[7][24][AHEAD_RATE_BINS];
	float rates[7][24]; /* sums of them */
	int64_t rate_s;     /* the latest hour that was told */
};

struct ahead_length {
	bool known;
	double p50_s, p90_s, mean_s;
};

struct ahead_hour {
	bool known;
	double kbps_p10, kbps_p50, kbps_p90;
};

struct ahead_news {
	bool known;      /* the history supports it */
	bool in_outage;
	bool length_known;
	double chance[AHEAD_HORIZONS];    /* that it is offline at any time within it */
	double usual[AHEAD_HORIZONS];     /* the same by the hour of the week alone */
	struct ahead_length length[AHEAD_HORIZONS]; /* of the outage, if one comes */
	struct ahead_length remaining;    /* of the outage that there is */
	int outages, days;                /* what it rests on */
	int64_t since_s;
};

void ahead_init(struct ahead *a);
/* Local time is so much later than UTC, from now on. */
void ahead_zone(struct ahead *a, int32_t zone_s);
/* Moments before that are not worth the time to judge the experts by. */
void ahead_score_from(struct ahead *a, int64_t t_s);

/* The link is watched from then on; and is not any more. */
void ahead_up(struct ahead *a, int64_t t_s);
void ahead_down(struct ahead *a, int64_t t_s);
/* It went away for good: an outage that began with that was none. */
void ahead_left(struct ahead *a, int64_t t_s);
void ahead_outage_begins(struct ahead *a, int64_t t_s);
void ahead_outage_ends(struct ahead *a, int64_t t_s);
/* The goodput in an hour that began at t_s. */
void ahead_rate(struct ahead *a, int64_t t_s, double p10, double p50, double p90);

/* Learn from what is over by now: `most` judgements of the experts at most, of 0.2 ms each at
 * the worst, with up to 3,000 moments between two. True: there is more. */
bool ahead_walk(struct ahead *a, int64_t now_s, int most);

/* What is ahead; 0.3 ms at the worst. */
void ahead_read(const struct ahead *a, int64_t now_s, struct ahead_news *out);
/* The hour of the week that t_s is in. */
void ahead_read_hour(const struct ahead *a, int64_t t_s, struct ahead_hour *out);

#endif
