/* SPDX-License-Identifier: ISC */
/* What experience adds to a forecast. */
#include "estimator/correction.h"

#include "estimator/trend.h"

#include <assert.h>
#include <math.h>

#define CLIP 6.0f /* octaves */
#define AGE_MOST_S 600.0f

_Static_assert(CORRECTION_HIDDEN % 4 == 0, "units are worked on four at once");

static float
clip(float octaves)
{
	return num_clamp(octaves, -CLIP, CLIP);
}

/* 1 now, falling to 0 with age. */
static float
fade(float age_s, float over_s)
{
	return num_exp(-num_clamp(age_s, 0.0f, AGE_MOST_S) / over_s);
}

static int
add_shape(const struct correction_of *of, float *x)
{
	static const float q[3] = { 0.1f, 0.5f, 0.9f };
	const float median = of->y[1];
	float usual[3];
	int n = 0;

	for (int k = 0; k < FORECAST_QUANTILES; k++)
		if (k != FORECAST_MEDIAN)
			x[n++] = clip(of->quantiles[k] - median);
	level_quantiles(of->belief->lr, q, usual, 3);
	x[n++] = clip(level_quantile(of->belief->mem, 0.5f) - median);
	for (int k = 0; k < 3; k++)
		x[n++] = clip(usual[k] - median);
	x[n++] = of->last_known ? clip(of->last_y - median) * fade(of->last_age_s, 10.0f) : 0.0f;
	x[n++] = of->last_known ? fade(of->last_age_s, 2.0f) : 0.0f;
	x[n++] = of->last_known ? fade(of->last_age_s, 20.0f) : 0.0f;
	for (int k = 0; k < TRENDS; k++)
		x[n++] = of->trend->known ? clip(of->trend->mean_y[k] - median) : 0.0f;
	return n;
}

void
correction_inputs(const struct correction_of *of, float x[CORRECTION_INPUTS])
{
	const v4f models = belief_models(of->belief);
	int n = add_shape(of, x);

	x[n++] = fate_outage(of->fate, belief_low(of->belief));
	x[n++] = fminf(of->fate->age_s, 30.0f) / 30.0f;
	x[n++] = fade(of->used_age_s, 3.0f);
	x[n++] = fade(of->used_age_s, 20.0f);
	for (int k = 0; k < MODELS; k++)
		x[n++] = models[k];
	x[n++] = clip(of->feedback->c10 * 3.0f);
	x[n++] = clip(of->feedback->c90 * 3.0f);
	x[n++] = of->limited;
	x[n++] = num_log2(1.0f + num_clamp(of->waiting_s, 0.0f, 30.0f));
	x[n++] = num_log2(fate_death_hz(of->fate)) + 7.0f;
	x[n++] = of->trend->known ? of->trend->away : 0.5f;
	x[n++] = (of->y[2] - of->y[0]) * 0.5f;
	x[n++] = of->to_mem;
	assert(n == CORRECTION_INPUTS);
}

/* A layer of rectified units: out = max(0, bias + sum of in * weights). */
static void
layer(const float *in, int n, const float (*weights)[CORRECTION_HIDDEN], const float *bias,
    float out[CORRECTION_HIDDEN])
{
	v4f sum[CORRECTION_HIDDEN / 4];

	for (int j = 0; j < CORRECTION_HIDDEN / 4; j++)
		sum[j] = v4_load(bias + 4 * j);
	for (int i = 0; i < n; i++)
		for (int j = 0; j < CORRECTION_HIDDEN / 4; j++)
			sum[j] += v4_load(weights[i] + 4 * j) * in[i];
	for (int j = 0; j < CORRECTION_HIDDEN / 4; j++)
		v4_store(out + 4 * j, v4_max(sum[j], v4_all(0.0f)));
}

/* z where it is small, never beyond CORRECTION_MOST: most * tanh(z / most). */
static float
bounded(float z)
{
	const float e = num_exp(2.0f * num_clamp(z / CORRECTION_MOST, -10.0f, 10.0f));

	return CORRECTION_MOST * (e - 1.0f) / (e + 1.0f);
}

void
correction_apply(const float x[CORRECTION_INPUTS], float share, float y[3])
{
	const struct correction_table *t = &correction_table;
	float first[CORRECTION_HIDDEN], second[CORRECTION_HIDDEN];
	v4f out = v4_load(t->last_bias);

	assert(share >= 0.0f && share <= 1.0f);
	layer(x, CORRECTION_INPUTS, t->first, t->first_bias, first);
	layer(first, CORRECTION_HIDDEN, t->second, t->second_bias, second);
	for (int i = 0; i < CORRECTION_HIDDEN; i++)
		out += v4_load(t->last[i]) * second[i];
	for (int k = 0; k < 3; k++)
		y[k] += share * bounded(out[k]);
	y[0] = fminf(y[0], y[1]);
	y[2] = fmaxf(y[2], y[1]);
}
