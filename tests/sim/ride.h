/* SPDX-License-Identifier: ISC */
/* A ride: capacity and round trip of a link over time, made from a few words and a seed. */
#ifndef LINKQ_TESTS_SIM_RIDE_H
#define LINKQ_TESTS_SIM_RIDE_H

#include <stdint.h>

#define RIDE_STEP_S 0.1
#define RIDE_STEPS_MAX 6000

struct ride {
	int steps;
	float kbps[RIDE_STEPS_MAX];
	float rtt_ms[RIDE_STEPS_MAX];
};

/* What a link does beside its mean level. Everything is off where it is 0. */
struct ride_plan {
	double seconds;
	double kbps, rtt_ms;

	double wander;      /* octaves: spread of the slow part */
	double wander_s;    /* its time constant */
	double jitter;      /* octaves: spread from one 100 ms to the next */
	double rtt_jitter;  /* share: exponential, on top of the round trip */

	double dead_every_s; /* tunnels: mean time between them */
	double dead_s;       /* and their length, half to twice that */
	double trickle_kbps; /* what gets through in them */

	double period_s;    /* each period begins with a dip */
	double dip_s;
	double dip_share;   /* of the capacity that is left in it */
	double period_octaves; /* and a level of its own, spread by that */

	double busy_every_s; /* somebody else takes a share, on and off */
	double busy_s, busy_share;

	/* up to three steps to another link altogether */
	struct {
		double at_s, kbps, rtt_ms;
	} step[3];
	double drift; /* octaves a minute */
};

void ride_make(struct ride *r, const struct ride_plan *p, uint64_t seed);

/* Mean capacity over [a, b) seconds, kbit/s. */
double ride_mean_kbps(const struct ride *r, double a_s, double b_s);

double ride_kbps(const struct ride *r, double t_s);
double ride_rtt_s(const struct ride *r, double t_s);

#endif
