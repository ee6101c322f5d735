/* SPDX-License-Identifier: ISC */
/*
 * Is the link alive? One number for both directions, and how it changes with time.
 *
 * A link dies at a rate that is learnt: (1.2 + outages so far) / (120 s + seconds alive).
 * It comes back with a hazard that falls with the age of the outage, 1 / (15 s + 2 age):
 * dwell times are heavy-tailed, so what has been dead for long will be dead for longer.
 * Half of what dies is `off`; the other half goes to levels under 64 kbit/s, since a
 * trickle is an outage too and has a level that is worth following.
 */
#ifndef LINKQ_ESTIMATOR_FATE_H
#define LINKQ_ESTIMATOR_FATE_H

#include <stdbool.h>

struct fate {
	float off;     /* belief that nothing gets through at all */
	float age_s;   /* for so long outage belief has been over one half; 0: it is not */
	float alive_s; /* seconds in which it was not, weighted down with age */
	float outages; /* times that it rose over one half, weighted down alike */
};

/* What happens in one step of time, as chances. */
struct fate_step {
	float off;  /* before the step */
	float die;  /* of an alive link */
	float back; /* of a dead one, or of one at a trickle */
};

void fate_init(struct fate *f);

/* Chances for the next dt_s seconds; `low` is the mass under 64 kbit/s given alive. */
struct fate_step fate_step(const struct fate *f, float dt_s);

/* Carry the step out. */
void fate_evolve(struct fate *f, const struct fate_step *step, float low, float dt_s);

/* Bayes: how likely the event was if alive, and if dead. */
void fate_weigh(struct fate *f, float alive, float dead);

/* Belief in an outage: dead, or under 64 kbit/s. */
float fate_outage(const struct fate *f, float low);

/* Events a second; and the hazard of coming back after age_s. */
float fate_death_hz(const struct fate *f);
float fate_back_hz(float age_s);

/* Seconds until the end of an outage of that age, with chance q: from the dwell law. */
float fate_remaining_s(float age_s, float q);

#endif
