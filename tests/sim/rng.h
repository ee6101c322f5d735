/* SPDX-License-Identifier: ISC */
/* Seeded randomness for simulations: the same everywhere. */
#ifndef LINKQ_TESTS_SIM_RNG_H
#define LINKQ_TESTS_SIM_RNG_H

#include <math.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

/* splitmix64 (Steele, Lea and Flood, 2014) */
static inline uint64_t
rng_next(struct rng *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Evenly in [0, 1). */
static inline double
rng_even(struct rng *r)
{
	return (double)(rng_next(r) >> 11) * 0x1p-53;
}

static inline double
rng_between(struct rng *r, double lo, double hi)
{
	return lo + (hi - lo) * rng_even(r);
}

/* Normal, near enough: twelve even ones. */
static inline double
rng_normal(struct rng *r)
{
	double sum = -6.0;

	for (int i = 0; i < 12; i++)
		sum += rng_even(r);
	return sum;
}

static inline double
rng_exponential(struct rng *r, double mean)
{
	return -mean * log(1.0 - rng_even(r));
}

#endif
