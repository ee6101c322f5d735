/* SPDX-License-Identifier: ISC */
/* What is believed of the rate in one direction: how it ages, and how it learns. */
#include "estimator/belief.h"

#include <assert.h>
#include <math.h>

#define SWITCH_HZ 0.0125f
#define MEM_S 15.0f
#define LR_S 300.0f
#define LR_START_S 30.0f
#define FRESH_S 3.0f /* memories learn for so long after substantial evidence */
#define BURST_S 0.006f /* Wi-Fi and kernels hand packets over in bursts of that length */
#define MASS_LEAST 1e-12f
#define SAID_LEAST 0.16f /* bits: what a rate has to have said of a link to be known */

/* Search always moved the first up and the second down: links wander more than they jitter. */
const v4f belief_wander = { 0.11f, 0.33f, 0.12f, 0.6f };
const v4f belief_noise = { 0.075f, 0.09f, 0.31f, 0.4f };

void
belief_prior(float prior[LEVELS], float median, float sigma)
{
	for (int i = 0; i < LEVELS; i++) {
		const float z = (level_at(i) - median) / sigma;

		prior[i] = i < LEVEL_LOW ? 0.0f : num_exp(-0.5f * z * z);
	}
	level_normalise(prior);
}

void
belief_init(struct belief *b, const float prior[LEVELS])
{
	*b = (struct belief){ .fresh_s = 1e6f };
	for (int i = 0; i < LEVELS; i++) {
		b->p[i] = v4_all(prior[i] / MODELS);
		b->mem[i] = b->lr[i] = prior[i];
	}
}

void
belief_marginal(const struct belief *b, float out[LEVELS])
{
	for (int i = 0; i < LEVELS; i++)
		out[i] = v4_sum(b->p[i]);
}

v4f
belief_models(const struct belief *b)
{
	v4f sum = v4_all(0.0f);

	for (int i = 0; i < LEVELS; i++)
		sum += b->p[i];
	return sum;
}

float
belief_low(const struct belief *b)
{
	v4f low = v4_all(0.0f);

	for (int i = 0; i < LEVEL_LOW; i++)
		low += b->p[i];
	return num_clamp(v4_sum(low), 0.0f, 1.0f);
}

void
belief_back_to(const struct belief *b, const float prior[LEVELS], float out[LEVELS])
{
	for (int i = 0; i < LEVELS; i++)
		out[i] = 0.55f * b->mem[i] + 0.38f * b->lr[i] + 0.07f * prior[i];
}

void
belief_jump_to(const struct belief *b, const float prior[LEVELS], float out[LEVELS])
{
	for (int i = 0; i < LEVELS; i++)
		out[i] = 0.7f * b->lr[i] + 0.3f * prior[i];
}

/* Scale to a sum of one; returns what it was. */
static float
normalise(struct belief *b)
{
	const float sum = v4_sum(belief_models(b));

	assert(isfinite(sum) && sum > 0.0f);
	for (int i = 0; i < LEVELS; i++)
		b->p[i] = b->p[i] * (1.0f / sum) + MASS_LEAST;
	return sum;
}

/* level_diffuse() for the four models at once, each at its own pace. */
static void
wander(struct belief *b, float dt_s)
{
	const v4f v = belief_wander * belief_wander *
	    (dt_s * LEVELS_AN_OCTAVE * LEVELS_AN_OCTAVE);
	v4f a, scale, run = v4_all(0.0f), forward[LEVELS];

	for (int k = 0; k < MODELS; k++)
		a[k] = v[k] / (v[k] + 1.0f + sqrtf(1.0f + 2.0f * v[k]));
	scale = (1.0f - a) / (1.0f + a);
	for (int i = 0; i < LEVELS; i++)
		forward[i] = run = b->p[i] + a * run;
	run = v4_all(0.0f);
	for (int i = LEVELS - 1; i >= 0; i--) {
		const v4f here = b->p[i];

		b->p[i] = scale * (forward[i] + a * run);
		run = here + a * run;
	}
}

/* Pull the memories towards the belief, which must have come from traffic. */
static void
remember(struct belief *b, float dt_s)
{
	const float lr_s = fminf(LR_S, LR_START_S + b->seen_s);
	const float to_mem = 1.0f - num_exp(-dt_s / MEM_S);
	const float to_lr = 1.0f - num_exp(-dt_s / lr_s);
	const float alive = 1.0f - belief_low(b);

	if (alive < 0.5f)
		return;
	b->seen_s += dt_s;
	for (int i = 0; i < LEVELS; i++) {
		const float now = i < LEVEL_LOW ? 0.0f : v4_sum(b->p[i]) / alive;

		b->mem[i] += to_mem * (now - b->mem[i]);
		b->lr[i] += to_lr * (now - b->lr[i]);
	}
}

void
belief_evolve(struct belief *b, const float prior[LEVELS], const struct fate_step *step,
    float dt_s)
{
	const float jump = 1.0f - num_exp(-BELIEF_JUMP_HZ * dt_s);
	const float mix = 1.0f - num_exp(-SWITCH_HZ * dt_s);
	const float on = 1.0f - step->off;
	float back_to[LEVELS], jump_to[LEVELS];
	v4f low = v4_all(0.0f), high, dying, back, jumping;

	assert(dt_s >= 0.0f);
	wander(b, dt_s);
	for (int i = 0; i < LEVEL_LOW; i++)
		low += b->p[i];
	high = belief_models(b) - low;
	belief_back_to(b, prior, back_to);
	belief_jump_to(b, prior, jump_to);
	back = step->back * (on * low + step->off * (low + high));
	dying = (on * 0.5f * step->die / LEVEL_LOW) * high;
	jumping = (on * jump) * high;
	for (int i = 0; i < LEVELS; i++) {
		const float stay = i < LEVEL_LOW ? 1.0f - step->back
		                                 : (1.0f - jump) * (1.0f - step->die);
		v4f p = (on * stay) * b->p[i] + back * back_to[i] + jumping * jump_to[i];

		if (i < LEVEL_LOW)
			p += dying;
		b->p[i] = (1.0f - mix) * p + mix / MODELS * v4_sum(p);
	}
	normalise(b);
	b->fresh_s += dt_s;
	if (b->known && b->fresh_s < FRESH_S && step->off < 0.5f)
		remember(b, dt_s);
}

/* Variance of what is seen at one level, without what the window leaves open. */
static v4f
noise_of(const struct belief_sight *s)
{
	const float spread = num_exp2(0.8f * num_log2(fmaxf(1.0f / s->dt_s, 0.2f)));
	const float grain = 0.9f * fmaxf(s->clock_s, BURST_S) / s->dt_s;

	return belief_noise * belief_noise * spread + grain * grain + 0.0004f +
	    belief_wander * belief_wander * s->age_s;
}

/* What the mass says beyond what it said before, in bits (Kullback and Leibler). */
static float
said_bits(const struct belief *b, const float before[LEVELS])
{
	float bits = 0.0f;

	for (int i = 0; i < LEVELS; i++) {
		const float now = v4_sum(b->p[i]);

		bits += now * num_log2(fmaxf(now, 1e-20f) / fmaxf(before[i], 1e-20f));
	}
	return bits;
}

float
belief_observe(struct belief *b, const struct belief_sight *s, float evidence[2])
{
	const v4f noise = noise_of(s);
	v4f scale, sum[2] = { v4_all(0.0f), v4_all(0.0f) };
	float before[LEVELS], total;

	assert(s->dt_s > 0.0f && s->hypotheses >= 1 && s->hypotheses <= 2);
	if (!b->known)
		belief_marginal(b, before);
	for (int k = 0; k < MODELS; k++)
		scale[k] = 1.0f / sqrtf(noise[k]);
	for (int i = 0; i < LEVELS; i++) {
		v4f all = v4_all(0.0f);

		for (int h = 0; h < s->hypotheses; h++) {
			const float at = s->seen_at[h][i];
			const float limited = num_clamp(level_at(i) - at, 0.0f, 1.0f);
			const float open = s->slack[h] * limited;
			const float miss = s->at_least && at > s->y ? 0.0f : s->y - at;
			const float floor = s->other * (at > s->y ? 1.0f : 0.02f);
			const v4f t = 1.0f + (miss * miss / 3.0f) / (noise + open * open);
			/* Student's t with three degrees of freedom, but for a constant */
			const v4f l = scale / (t * t) * (1.0f - s->other) + floor;

			sum[h] += b->p[i] * l;
			all += s->weight[h] * l;
		}
		b->p[i] *= all;
	}
	evidence[0] = v4_sum(sum[0]);
	evidence[1] = s->hypotheses > 1 ? v4_sum(sum[1]) : evidence[0];
	total = normalise(b);
	b->known = b->known || s->telling || said_bits(b, before) > SAID_LEAST;
	return total;
}

float
belief_multiply(struct belief *b, const float factor[LEVELS])
{
	for (int i = 0; i < LEVELS; i++)
		b->p[i] *= factor[i];
	return normalise(b);
}

void
belief_return(struct belief *b, const float prior[LEVELS], float share)
{
	const v4f models = belief_models(b) * share;
	float back_to[LEVELS];

	belief_back_to(b, prior, back_to);
	for (int i = 0; i < LEVELS; i++)
		b->p[i] = b->p[i] * (1.0f - share) + models * back_to[i];
	normalise(b);
}

void
belief_move(struct belief *b, float share, float octaves, float sigma)
{
	float lane[LEVELS], moved[LEVELS];

	for (int k = 0; k < MODELS; k++) {
		for (int i = 0; i < LEVELS; i++) {
			lane[i] = b->p[i][k];
			moved[i] = 0.0f;
		}
		level_add_moved(moved, lane, share, octaves);
		level_diffuse(moved, sigma * sigma);
		for (int i = 0; i < LEVELS; i++)
			b->p[i][k] = lane[i] * (1.0f - share) + moved[i];
	}
	normalise(b);
}

void
belief_wake(struct belief *b, const float prior[LEVELS])
{
	for (int i = 0; i < LEVELS; i++)
		b->p[i] = v4_all(
		    (0.5f * b->mem[i] + 0.4f * b->lr[i] + 0.1f * prior[i]) / MODELS);
	normalise(b);
	b->fresh_s = 1e6f;
}
