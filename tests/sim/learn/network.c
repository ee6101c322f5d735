/* SPDX-License-Identifier: ISC */
/* The network of the corrections, forwards and backwards. */
#include "tests/sim/learn/network.h"

#include "tests/sim/rng.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define INPUTS CORRECTION_INPUTS
#define HIDDEN CORRECTION_HIDDEN
#define BATCH 64
#define RATE 2e-3f       /* at first; along half a cosine to RATE_LEAST */
#define RATE_LEAST 1e-5f
#define DECAY 3e-3f      /* of weights, without which it would know the rides by heart */
#define MEAN 0.9f        /* Adam: of gradients, of their squares, against none at all */
#define SQUARE 0.999f
#define NONE 1e-8f

static const float quantile[3] = { 0.1f, 0.5f, 0.9f };

#define WEIGHTS (sizeof(struct correction_table) / sizeof(float))

/* A table as one row of weights: the two are the same floats. */
union weights {
	struct correction_table t;
	float w[WEIGHTS];
};

struct units {
	float first[HIDDEN], second[HIDDEN];
	float moved[3]; /* -1 to 1 of CORRECTION_MOST */
};

static void
forward(const struct correction_table *t, const float x[INPUTS], struct units *u)
{
	for (int j = 0; j < HIDDEN; j++) {
		u->first[j] = t->first_bias[j];
		for (int i = 0; i < INPUTS; i++)
			u->first[j] += t->first[i][j] * x[i];
		u->first[j] = fmaxf(u->first[j], 0.0f);
	}
	for (int j = 0; j < HIDDEN; j++) {
		u->second[j] = t->second_bias[j];
		for (int i = 0; i < HIDDEN; i++)
			u->second[j] += t->second[i][j] * u->first[i];
		u->second[j] = fmaxf(u->second[j], 0.0f);
	}
	for (int k = 0; k < 3; k++) {
		float z = t->last_bias[k];

		for (int i = 0; i < HIDDEN; i++)
			z += t->last[i][k] * u->second[i];
		u->moved[k] = tanhf(z / CORRECTION_MOST);
	}
}

static float
pinball(int k, float y, float truth)
{
	return truth > y ? quantile[k] * (truth - y) : (1.0f - quantile[k]) * (y - truth);
}

float
network_wis(const float y[3], float truth)
{
	float sum = 0.0f;

	for (int k = 0; k < 3; k++)
		sum += pinball(k, y[k], truth);
	return sum / 1.5f;
}

void
network_apply(const struct correction_table *t, const float x[INPUTS], float y[3])
{
	struct units u;

	forward(t, x, &u);
	for (int k = 0; k < 3; k++)
		y[k] += CORRECTION_MOST * u.moved[k];
	y[0] = fminf(y[0], y[1]);
	y[2] = fmaxf(y[2], y[1]);
}

/* How the loss changes with each hidden unit and each weight behind it. */
static void
backward_hidden(const struct correction_table *t, const float x[INPUTS], const struct units *u,
    const float to_second[HIDDEN], struct correction_table *g)
{
	float to_first[HIDDEN] = { 0 };

	for (int j = 0; j < HIDDEN; j++) {
		if (u->second[j] <= 0.0f)
			continue;
		g->second_bias[j] += to_second[j];
		for (int i = 0; i < HIDDEN; i++) {
			g->second[i][j] += to_second[j] * u->first[i];
			to_first[i] += to_second[j] * t->second[i][j];
		}
	}
	for (int j = 0; j < HIDDEN; j++) {
		if (u->first[j] <= 0.0f)
			continue;
		g->first_bias[j] += to_first[j];
		for (int i = 0; i < INPUTS; i++)
			g->first[i][j] += to_first[j] * x[i];
	}
}

/* Adds the gradient of one case to g. Returns its loss as an interval score. */
static float
backward(const struct correction_table *t, const struct learn_case *c,
    struct correction_table *g)
{
	float to_second[HIDDEN] = { 0 }, y[3];
	struct units u;

	forward(t, c->x, &u);
	for (int k = 0; k < 3; k++) {
		float to_out;

		y[k] = c->y[k] + CORRECTION_MOST * u.moved[k];
		to_out = (c->truth > y[k] ? -quantile[k] : 1.0f - quantile[k]) *
		    (1.0f - u.moved[k] * u.moved[k]);
		g->last_bias[k] += to_out;
		for (int i = 0; i < HIDDEN; i++) {
			g->last[i][k] += to_out * u.second[i];
			to_second[i] += to_out * t->last[i][k];
		}
	}
	backward_hidden(t, c->x, &u, to_second, g);
	return network_wis(y, c->truth);
}

static void
fill(float *w, size_t n, float spread, struct rng *r)
{
	for (size_t i = 0; i < n; i++)
		w[i] = spread * (float)rng_normal(r);
}

void
network_init(struct correction_table *t, uint64_t seed)
{
	struct rng r = { .state = seed };

	*t = (struct correction_table){ 0 };
	for (int i = 0; i < INPUTS; i++)
		fill(t->first[i], HIDDEN, sqrtf(1.0f / (float)INPUTS), &r);
	for (int i = 0; i < HIDDEN; i++) {
		fill(t->second[i], HIDDEN, sqrtf(2.0f / (float)HIDDEN), &r);
		fill(t->last[i], 3, 0.02f, &r);
	}
}

/* One step of Adam against the sum of a batch's gradients, `done` of all steps being done. */
static void
descend(union weights *w, const union weights *sum, long step, float done)
{
	static union weights mean, square;
	const float rate = RATE * (0.5f + 0.5f * cosf(3.14159265f * done)) + RATE_LEAST;
	const float of_mean = 1.0f - powf(MEAN, (float)step);
	const float of_square = 1.0f - powf(SQUARE, (float)step);

	if (step == 1) {
		memset(&mean, 0, sizeof mean);
		memset(&square, 0, sizeof square);
	}
	for (size_t i = 0; i < WEIGHTS; i++) {
		const float g = sum->w[i] / (float)BATCH;

		mean.w[i] += (1.0f - MEAN) * (g - mean.w[i]);
		square.w[i] += (1.0f - SQUARE) * (g * g - square.w[i]);
		w->w[i] -= rate * (mean.w[i] / of_mean / (sqrtf(square.w[i] / of_square) + NONE) +
		    DECAY * w->w[i]);
	}
}

void
network_train(struct correction_table *t, const struct cases *c, int epochs, uint64_t seed,
    FILE *log)
{
	const long steps = (long)((c->len + BATCH - 1) / BATCH), all = steps * epochs;
	struct rng r = { .state = ~seed };
	union weights w = { .t = *t };
	double loss = 0.0;

	assert(c->len > 0);
	for (long step = 0; step < all; step++) {
		union weights sum = { .w = { 0 } };

		for (int b = 0; b < BATCH; b++)
			loss += (double)backward(&w.t, &c->at[rng_next(&r) % c->len], &sum.t);
		descend(&w, &sum, step + 1, (float)step / (float)all);
		if ((step + 1) % steps == 0) {
			fprintf(log, "epoch %ld wis %.5f\n", step / steps + 1,
			    loss / (double)(steps * BATCH));
			loss = 0.0;
		}
	}
	*t = w.t;
}
