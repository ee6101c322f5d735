/* SPDX-License-Identifier: ISC */
/*
 * What people are told: state and quality with hysteresis, and when the link changed.
 *
 * The belief has no thresholds; people need words that do not flicker. A state follows
 * outage belief and silence; a quality has to hold for some seconds; a drop or rise is a
 * level whose whole interval left the one before, by more than this link usually moves. A
 * slow drift moves the reference along and is no change.
 */
#ifndef LINKQ_ESTIMATOR_CHANGE_H
#define LINKQ_ESTIMATOR_CHANGE_H

#include "estimator/types.h"

#include <stdbool.h>
#include <stdint.h>

struct change {
	enum est_state state;
	enum est_quality quality, next_quality;
	int64_t next_since_us; /* next_quality has been asked for since then */
	int64_t outage_us;     /* begin of the outage that state OFFLINE stands for */
	struct est_change past[EST_CHANGES_KEPT]; /* newest first */
	uint8_t past_len;
	float ref_y;    /* the level that a change is measured from */
	float dev;      /* how far the level usually is from it, octaves */
	float settled_s; /* evidence since the reference was set */
	float away_s;   /* evidence since the level left it */
	bool ref_known;
};

/* What the state is judged by. */
struct change_signs {
	bool evidence;   /* there was any */
	bool dead;       /* no carrier: known, not believed */
	bool captive;
	float outage;    /* belief */
	float survival;  /* of the silence that goes on; 1: none */
	int64_t life_us; /* the youngest sign of life */
	int64_t silent_us; /* begin of the silence that survival is of */
	int64_t slow_us; /* since then there was a trickle at the most; -1: there is more */
	float wait_s;    /* for a first byte, usually: a queue holds bytes up as well */
	int64_t now_us;
	float median_y;  /* of the live levels; for from and to of changes */
	bool rate_known;
};

void change_init(struct change *c);

/* Follow the signs; true when the state is another one. */
bool change_state(struct change *c, const struct change_signs *s);

/* The level after dt_s of evidence: quantiles of the live belief. */
void change_level(struct change *c, int64_t now_us, const float y[3], float dt_s);

/* What a quality is judged by: kbit/s, seconds, a share; negative: not known. */
struct change_figures {
	float kbps, rtt_s, loss;
	bool outage;
};

void change_quality(struct change *c, int64_t now_us, const struct change_figures *f);

/* Effective connection type: the table of the Network Information API. */
enum est_effective change_effective(float kbps, float rtt_s);

void change_note(struct change *c, enum est_change_kind kind, int64_t at_us, float from_y,
    float to_y);

/* The reference is void: the link may be another one now. */
void change_forget_level(struct change *c);

#endif
