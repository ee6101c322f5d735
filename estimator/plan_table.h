/* SPDX-License-Identifier: ISC */
/*
 * The value of being somewhere in a stream: a table, and how it improves.
 *
 * Streaming as a Markov decision process. A state is (rung just fetched, level of the link,
 * seconds in the buffer); one step is one segment. With b seconds in the buffer, a fetch of
 * rung q that takes T is worth
 *
 *     F = u_q - stall * max(0, T - b) + 0.96 * V(q, r, min(most, max(0, b - T) + L))
 *
 * and a decision takes the best one less what a switch costs. Two things are actions inside
 * the table and not rules around it: a fetch can be given up after a while for a lower rung,
 * and a dead link is a level whose length is drawn from the law of outages. So a low buffer
 * has its price, and a tail of very slow levels ends in something that can be done.
 *
 * An example. Rungs of 1, 2.5 and 5 Mbit/s, segments of 3 s, 6 Mbit/s: the top takes 2.5 s.
 * From 12 s of buffer it is worth 5 and leaves 12.5 s; from 1 s it stalls for 1.5 s at
 * 5.75 a second, and 2.5 Mbit/s is better until there are some seconds.
 *
 * The table is kept between decisions: one sweep each is as good as thirty at once, since
 * the laws move slowly. After Puterman, Markov Decision Processes (1994), 6.3.
 */
#ifndef LINKQ_ESTIMATOR_PLAN_TABLE_H
#define LINKQ_ESTIMATOR_PLAN_TABLE_H

#include "estimator/outlook.h"

#include <stdint.h>

#define PLAN_RUNGS_MAX 64
#define PLAN_LEVELS 32 /* at most; one more is "dead" */
#define PLAN_CELLS 48
#define PLAN_CELLS_COARSE 12
#define PLAN_RUNGS_TABLE 24 /* of a longer ladder every second or third is weighed */
#define PLAN_TABLE (PLAN_RUNGS_TABLE * PLAN_LEVELS * PLAN_CELLS)
#define PLAN_TABLE_DEAD (PLAN_RUNGS_TABLE * (PLAN_LEVELS + 1) * PLAN_CELLS)
#define PLAN_GIVE_UPS 2
#define PLAN_SIZES 3 /* a segment may be so much smaller or larger than its rung says */
#define PLAN_DWELLS 5
#define PLAN_BACKS 3
#define PLAN_DISCOUNT 0.96f

_Static_assert(PLAN_CELLS % 24 == 0 && PLAN_CELLS_COARSE % 12 == 0, "blocks of twelve");

/* What a table is made for. Another shape is another table. */
struct plan_shape {
	int rungs, levels, cells;
	float kbps[PLAN_RUNGS_TABLE];  /* ascending */
	float worth[PLAN_RUNGS_TABLE]; /* of a segment, as if of bitrate in Mbit/s */
	float segment_s; /* seconds on the clock that a segment plays */
	float gain_s;    /* what the buffer has more when one is in */
	float lead_s;    /* so much of a fetch plays while it comes */
	float most_s;    /* the most in the buffer when one asks */
	float stall;     /* price of a second without a picture */
	float change;    /* price of a switch, for each unit of worth */
	float low;       /* log2(kbit/s) of level 0 */
	float step;      /* octaves between levels */
	float give_up_s[PLAN_GIVE_UPS];
};

/* How the link moves and what things take: as of one decision. */
struct plan_laws {
	float wait_s;                    /* for the first byte */
	float kbit[PLAN_RUNGS_TABLE];    /* of a segment of each rung */
	float share[PLAN_SIZES], factor[PLAN_SIZES];
	float age_s;                     /* of the outage, if there is one now */
	float back[PLAN_BACKS];          /* log2(kbit/s) after an outage */
	float move[PLAN_LEVELS][PLAN_LEVELS + 1]; /* chances over one segment; last: dies */
};

/* Room to work in, for one decision; holds nothing between them. */
struct plan_work {
	float fetch[PLAN_TABLE_DEAD];
	float ahead[PLAN_TABLE];
	float ending[PLAN_RUNGS_TABLE * PLAN_LEVELS * PLAN_CELLS_COARSE];
};

extern const float plan_dwell_share[PLAN_DWELLS], plan_back_share[PLAN_BACKS];

static inline float
plan_cell_s(const struct plan_shape *s)
{
	return s->most_s / (float)(s->cells - 1);
}

static inline const float *
plan_row(const struct plan_shape *s, const float *v, int rung, int level)
{
	return v + (rung * s->levels + level) * s->cells;
}

static inline float
plan_level_kbps(const struct plan_shape *s, int level)
{
	return num_exp2(s->low + s->step * (float)level);
}

/* The level nearest to a rate. */
int plan_level(const struct plan_shape *s, float log2_kbps);

/* How long an outage of that age goes on, in five cases. */
void plan_dwell(float age_s, float out_s[PLAN_DWELLS]);

/* Spread a belief over the plan's levels; what lies beyond them goes to the ends. */
void plan_project(const struct plan_shape *s, const float mass[LEVELS],
    float out[PLAN_LEVELS]);

/*
 * The laws of the link as it is; kbit and the sizes are the caller's to fill in. The first
 * leaves out the moves from segment to segment, which only a sweep needs.
 */
void plan_laws_now(const struct plan_shape *s, const struct outlook *o,
    struct plan_laws *out);
void plan_laws(const struct plan_shape *s, const struct outlook *o, struct plan_laws *out);

/* One sweep: v becomes what it is worth to look one segment further. */
void plan_sweep(const struct plan_shape *s, const struct plan_laws *l, float *v,
    struct plan_work *w);

/*
 * The table of a stream that ends after `left` more segments: its buffer need not be saved.
 * Returns the shape that w->ending is of.
 */
struct plan_shape plan_end(const struct plan_shape *s, const struct plan_laws *l, int left,
    struct plan_work *w);

/* From nothing to a usable table: sweeps on a coarse one. Then v is of shape s. */
void plan_solve(const struct plan_shape *s, const struct plan_laws *l, int sweeps, float *v,
    struct plan_work *w);

#endif
