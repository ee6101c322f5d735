/* SPDX-License-Identifier: ISC */
/*
 * What is believed of the rate in one direction: a probability for every level.
 *
 * A discrete Bayes filter over log rate, in the manner of Sprout (Winstein, Sivaraman and
 * Balakrishnan, 2013). Between events the belief spreads (links wander), jumps (they
 * become other links) and dies; at each event it is multiplied by how likely that event
 * was at each level. Four models of how lively the link is run side by side and exchange
 * a share of their mass (fixed share: Herbster and Warmuth, 1998), so that the interval is
 * narrow on a steady link and wide on a restless one without a setting.
 *
 * An example in numbers. A link at 10 Mbit/s is seen for a minute in increments of 0.5 s:
 * nearly all mass lies in the two bins around level 13.3. Then nothing for a minute: half
 * the mass is still within a factor of 1.6, and 1 - e^(-0.02 * 60) = 70 % would have
 * jumped, most of it to where this link has been in the last minutes (`lr`). A first
 * increment at 2 Mbit/s makes levels near 11 some 50 times likelier than those near 13.3,
 * and the second one settles it.
 *
 * Beside the belief stand two memories: `mem`, the last 15 s with traffic, which is what a
 * link comes back to after a tunnel, and `lr`, the last five minutes: what it is like.
 *
 * The mass here is conditional on the link being alive: it sums to 1. Whether it is alive
 * is one number for both directions, in fate.h.
 */
#ifndef LINKQ_ESTIMATOR_BELIEF_H
#define LINKQ_ESTIMATOR_BELIEF_H

#include "estimator/fate.h"
#include "estimator/level.h"

#include <stdbool.h>

struct belief {
	v4f p[LEVELS];     /* joint over levels and models; sums to 1 */
	float mem[LEVELS]; /* sums to 1 */
	float lr[LEVELS];  /* sums to 1 */
	float seen_s;      /* seconds with traffic */
	float fresh_s;     /* since the last substantial evidence */
	bool known;        /* evidence said something, or a memory was restored */
};

/*
 * One increment, as a likelihood needs it. Up to two hypotheses about the sender's window,
 * each with what would have been seen at every level.
 */
struct belief_sight {
	float y;       /* the level of the rate seen */
	float dt_s;    /* over how long */
	float clock_s; /* grain of that time */
	float age_s;   /* how long ago it ended */
	float other;   /* chance that something else was slow, not the link */
	bool at_least; /* the sender set the pace: faster levels are as likely */
	bool trickle;  /* so little that a dead link is not ruled out */
	bool telling;  /* long or large enough to be a rate, whatever it excludes */
	int hypotheses;
	float weight[2];
	float slack[2];          /* octaves, where the window sets the pace */
	float seen_at[2][LEVELS]; /* level that would be seen at bin i */
};

/* Any link: normal over levels around `median`, sigma in octaves, nothing under 64 kbit/s. */
void belief_prior(float prior[LEVELS], float median, float sigma);

void belief_init(struct belief *b, const float prior[LEVELS]);

/* dt_s seconds pass, in which the link dies and comes back as `step` says. */
void belief_evolve(struct belief *b, const float prior[LEVELS], const struct fate_step *step,
    float dt_s);

/*
 * Learn from an increment. The belief is known from the first one on that is telling or
 * that shifted what is believed by a sixth of a bit: "at least 2 kbit/s" says nothing of a
 * link, and a prior is no estimate. evidence[h] is how well hypothesis h foresaw it (a density over
 * octaves); returns their mixture, for fate_weigh().
 */
float belief_observe(struct belief *b, const struct belief_sight *s, float evidence[2]);

/* Multiply each level by factor[i], and sum to 1 again. Returns what the sum had become. */
float belief_multiply(struct belief *b, const float factor[LEVELS]);

/* A share of the mass leaves its levels for what the link comes back to. */
void belief_return(struct belief *b, const float prior[LEVELS], float share);

/* Move a share of the mass by `octaves`, spread by `sigma` octaves. */
void belief_move(struct belief *b, float share, float octaves, float sigma);

/* Forget where the link was just now, keep what it is like: the host slept. */
void belief_wake(struct belief *b, const float prior[LEVELS]);

/* The mass of each level over all models. */
void belief_marginal(const struct belief *b, float out[LEVELS]);

/* The mass under 64 kbit/s, and the mass of each model. */
float belief_low(const struct belief *b);
v4f belief_models(const struct belief *b);

/* What a link comes back to, and what it jumps to. */
void belief_back_to(const struct belief *b, const float prior[LEVELS], float out[LEVELS]);
void belief_jump_to(const struct belief *b, const float prior[LEVELS], float out[LEVELS]);

/* Diffusion (octaves per square root of a second) and noise at 1 s (octaves) of the models. */
extern const v4f belief_wander, belief_noise;

#define BELIEF_JUMP_HZ 0.02f

#endif
