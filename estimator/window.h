/* SPDX-License-Identifier: ISC */
/*
 * The sender's congestion window: what a transfer could have shown at the most.
 *
 * With window W and round trip R, doubling each round trip while it is the limit, a link
 * of capacity C delivers B bytes in
 *
 *	C R <= W                    T = B / C
 *	b = (C R - W) / ln 2 >= B   T = R log2(1 + B ln 2 / W)	C does not appear
 *	else                        T = R log2(C R / W) + (B - b) / C
 *
 * (Cardwell, Savage and Anderson, 2000, as a fluid). An example: 30 kB over 50 ms from ten
 * segments takes 64 ms on any link over 7 Mbit/s. Seen after 64 ms it says "at least
 * 7 Mbit/s", and the likelihood, flat above that, says so by itself: no minimum size, no
 * correction, no censoring.
 *
 * The window is not known either. The initial one is learnt; whether a sender keeps its
 * window over idle time is a pair of hypotheses, weighted by what they foresaw, and so is
 * whether a request among several came on a connection that had grown before; and where
 * the window sets the pace some noise is allowed for, more with each increment.
 */
#ifndef LINKQ_ESTIMATOR_WINDOW_H
#define LINKQ_ESTIMATOR_WINDOW_H

#include "estimator/belief.h"

#include <stdbool.h>

struct window {
	float bytes;   /* of one flow, now */
	float initial; /* of a new connection; learnt */
	float reset;   /* chance that idle time brings it back to the initial one */
	float anew;    /* with several connections: chance that one had sent little before */
	float slack;   /* octaves of noise where the window sets the pace */
	bool used;
};

/* One increment, as TCP sees it. */
struct window_use {
	float bytes; /* of all flows */
	float dt_s;
	float clock_s;
	float rtt_s;   /* of this transfer, as far as is known */
	float least_s; /* the least of late */
	float flows; /* 1 or more, on average */
	bool cold;   /* after idle time: the window may have been reset */
	float before; /* bytes that a flow had had by then */
	bool several; /* of some connections, who knows which one */
	bool fresh;  /* on a new connection: it is the initial one */
};

void window_init(struct window *w);

/* Write the hypotheses, and what each foresees at every level, to the sight. */
void window_foresee(const struct window *w, const struct window_use *u,
    struct belief_sight *s);

/* The increment was seen; evidence[h] is how well hypothesis h foresaw it. */
void window_learn(struct window *w, const struct window_use *u, const struct belief_sight *s,
    const float evidence[2]);

/* Seconds for `bytes` from a window of w at `kbps`: the formulas above. */
float window_time_s(float bytes, float w, float rtt_s, float kbps);

#define WINDOW_SEGMENT 1448.0f
#define WINDOW_INITIAL (10.0f * WINDOW_SEGMENT) /* RFC 6928 */

#endif
