/* SPDX-License-Identifier: ISC */
/*
 * The grid of levels on which a belief lives, and arithmetic that is the same everywhere.
 *
 * A level is y = log2(rate + 32), rate in kbit/s: 1.0 is a factor of two, 5.0 is nothing
 * at all, and what lies under 32 kbit/s is not told apart much. 11,600 kbit/s is 13.5.
 * The grid has LEVELS bins from 5.0 to 22.2 (5 Gbit/s); bin i stands for its centre.
 *
 * The logarithms here are our own because libm's differ in the last bit between machines
 * with and without FMA, and because four at once cost less than one of libm's. Errors are
 * below 1e-6 octaves, far under a bin.
 */
#ifndef LINKQ_ESTIMATOR_LEVEL_H
#define LINKQ_ESTIMATOR_LEVEL_H

#include <stdint.h>
#include <string.h>

#define LEVELS 112
#define LEVELS_AN_OCTAVE 6.5f
#define LEVEL_BASE 5.0f
#define LEVEL_EPS_KBPS 32.0f
#define LEVEL_LOW 10 /* bins under this one are under 64 kbit/s: an outage */

/* Four floats, worked on at once. In a belief, one for each liveliness model. */
typedef float v4f __attribute__((vector_size(16)));
typedef int32_t v4i __attribute__((vector_size(16)));

#define MODELS 4
_Static_assert(sizeof(v4f) == MODELS * sizeof(float), "a lane for each model");
_Static_assert(LEVELS % 4 == 0, "levels are worked on four at once");

extern const float level_kbps[LEVELS];      /* the rate of bin i */
extern const float level_log2_kbps[LEVELS]; /* and its logarithm */

/* The level of bin i. */
static inline float
level_at(int i)
{
	return LEVEL_BASE + ((float)i + 0.5f) / LEVELS_AN_OCTAVE;
}

static inline v4f
v4_all(float x)
{
	return (v4f){ x, x, x, x };
}

static inline float
v4_sum(v4f x)
{
	return (x[0] + x[1]) + (x[2] + x[3]);
}

static inline v4f
v4_pick(v4i mask, v4f yes, v4f no)
{
	return (v4f)(((v4i)yes & mask) | ((v4i)no & ~mask));
}

static inline v4f
v4_max(v4f a, v4f b)
{
	return v4_pick(a > b, a, b);
}

static inline v4f
v4_min(v4f a, v4f b)
{
	return v4_pick(a < b, a, b);
}

static inline v4f
v4_load(const float *from)
{
	v4f x;

	memcpy(&x, from, sizeof x);
	return x;
}

static inline void
v4_store(float *to, v4f x)
{
	memcpy(to, &x, sizeof x);
}

/* log2 of finite x > 0: exponent, and the series of atanh for the rest. */
static inline v4f
v4_log2(v4f x)
{
	const v4i bits = (v4i)x;
	v4i e = ((bits >> 23) & 0xff) - 127;
	v4f m = (v4f)((bits & 0x007fffff) | 0x3f800000);
	const v4i high = m > v4_all(1.41421356f);
	v4f t, t2, s;

	m = v4_pick(high, m * 0.5f, m);
	e -= high;
	t = (m - 1.0f) / (m + 1.0f);
	t2 = t * t;
	s = t2 * 0.1111111f + 0.14285714f;
	s = s * t2 + 0.2f;
	s = s * t2 + 0.33333333f;
	s = s * t2 + 1.0f;
	return __builtin_convertvector(e, v4f) + t * s * 2.88539008f;
}

/* 2^x; under -126 it is as small as a normal float can be, over 126 as large. */
static inline v4f
v4_exp2(v4f x)
{
	v4i n;
	v4f f, s;

	x = v4_min(v4_max(x, v4_all(-126.0f)), v4_all(126.0f));
	n = __builtin_convertvector(x + 200.5f, v4i) - 200; /* rounds down: all positive */
	f = (x - __builtin_convertvector(n, v4f)) * 0.69314718f;
	s = f * 1.9841270e-4f + 1.3888889e-3f;
	s = s * f + 8.3333333e-3f;
	s = s * f + 4.1666667e-2f;
	s = s * f + 0.16666667f;
	s = s * f + 0.5f;
	s = s * f + 1.0f;
	s = s * f + 1.0f;
	return s * (v4f)((n + 127) << 23);
}

static inline float
num_log2(float x)
{
	return v4_log2(v4_all(x))[0];
}

static inline float
num_exp2(float x)
{
	return v4_exp2(v4_all(x))[0];
}

/* e^x */
static inline float
num_exp(float x)
{
	return num_exp2(x * 1.44269504f);
}

static inline float
num_clamp(float x, float lo, float hi)
{
	return x < lo ? lo : x > hi ? hi : x;
}

/* The level of a rate, and the rate of a level (0 at the least). */
float level_of_kbps(float kbps);
float level_to_kbps(float y);

/*
 * The level under which a share `q` of the mass lies, by interpolation in the bin. The
 * masses need not sum to one; where there is none at all, the lowest level.
 */
float level_quantile(const float mass[LEVELS], float q);

/* Several at once, q ascending. */
void level_quantiles(const float mass[LEVELS], const float *q, float *y, int n);

/* to += weight * from, moved by `octaves`; what would leave the grid stays at its edge. */
void level_add_moved(float to[LEVELS], const float from[LEVELS], float weight, float octaves);

/* Spread by a two-sided geometric kernel of that variance, in octaves squared. */
void level_diffuse(float mass[LEVELS], float variance);

/* Scale to a sum of one; what has no sum becomes even. */
void level_normalise(float mass[LEVELS]);

float level_sum(const float mass[LEVELS]);

#endif
