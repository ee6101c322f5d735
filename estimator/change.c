/* SPDX-License-Identifier: ISC */
/* State with hysteresis, and when the link changed. */
#include "estimator/change.h"

#include "estimator/level.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define OFFLINE_OVER 0.4f  /* 0.25 is too eager: false alarms each hour */
#define ONLINE_UNDER 0.25f
#define STALLED_OVER 0.12f
#define STALLED_SILENCE 0.02f /* chance of such a silence on a living link */
#define OFFLINE_LEAST_US INT64_C(900000) /* a hole in a full queue is shorter */

#define TRICKLE_WAITS 4.0f /* so long may a queue's holes make a link look slow */

#define REF_S 20.0f  /* the reference follows a drift */
#define DEV_S 120.0f
#define SETTLE_S 4.0f
#define AWAY_S 0.8f
#define APART 0.5f   /* octaves between the reference and the near end of the interval */
#define CHANGE_LEAST 0.8f
#define CHANGE_DEVS 2.5f

void
change_init(struct change *c)
{
	memset(c, 0, sizeof *c);
	c->dev = 0.2f;
}

static int64_t
kbps_of(float y)
{
	return y < 0.0f ? -1 : (int64_t)lrintf(level_to_kbps(y));
}

void
change_note(struct change *c, enum est_change_kind kind, int64_t at_us, float from_y,
    float to_y)
{
	memmove(&c->past[1], &c->past[0], (EST_CHANGES_KEPT - 1) * sizeof c->past[0]);
	c->past[0] = (struct est_change){
		.kind = kind,
		.at_us = at_us,
		.from_kbps = kbps_of(from_y),
		.to_kbps = kbps_of(to_y),
	};
	if (c->past_len < EST_CHANGES_KEPT)
		c->past_len++;
}

void
change_forget_level(struct change *c)
{
	c->ref_known = false;
	c->settled_s = c->away_s = 0.0f;
}

static enum est_state
judge(const struct change *c, const struct change_signs *s)
{
	const bool was_out = c->state == EST_OFFLINE;
	const bool silent = s->survival < STALLED_SILENCE;
	const int64_t quiet_us = s->survival < 1.0f && s->silent_us > s->life_us ? s->silent_us
	                                                                    : s->life_us;
	/* Nothing that was asked for came for so long, or no more than a trickle. */
	const bool lasting = !s->evidence || s->now_us - quiet_us >= OFFLINE_LEAST_US ||
	    (s->slow_us >= 0 && (float)(s->now_us - s->slow_us) * 1e-6f >=
	        fmaxf(OFFLINE_LEAST_US * 1e-6f, TRICKLE_WAITS * s->wait_s));

	if (s->dead)
		return EST_OFFLINE;
	if (s->captive)
		return EST_CAPTIVE;
	if (!s->evidence && s->outage < OFFLINE_OVER)
		return EST_UNKNOWN;
	if (s->outage > (was_out ? ONLINE_UNDER : OFFLINE_OVER) && (was_out || lasting))
		return EST_OFFLINE;
	if (was_out && silent)
		return EST_OFFLINE;
	if (s->outage > STALLED_OVER || silent)
		return EST_STALLED;
	return EST_ONLINE;
}

bool
change_state(struct change *c, const struct change_signs *s)
{
	const float median = s->rate_known ? s->median_y : -1.0f;
	const enum est_state was = c->state, is = judge(c, s);

	if (is == was)
		return false;
	c->state = is;
	if (is == EST_OFFLINE) {
		/* it began with the last sign of life, not when we were sure */
		c->outage_us = s->evidence && s->now_us - s->life_us < INT64_C(30000000)
		    ? s->life_us : s->now_us;
		change_note(c, EST_CHANGE_OUTAGE, c->outage_us, median, LEVEL_BASE);
		c->away_s = 0.0f;
	} else if (was == EST_OFFLINE) {
		change_note(c, EST_CHANGE_RECOVERY, s->now_us, LEVEL_BASE, median);
		c->away_s = 0.0f;
	}
	return true;
}

void
change_level(struct change *c, int64_t now_us, const float y[3], float dt_s)
{
	const float away = y[1] - c->ref_y;
	const float near_end = away < 0.0f ? c->ref_y - y[2] : y[0] - c->ref_y;
	const float far = fmaxf(CHANGE_LEAST, CHANGE_DEVS * c->dev);

	assert(y[0] <= y[1] && y[1] <= y[2] && dt_s >= 0.0f);
	if (!c->ref_known) {
		c->ref_y = y[1];
		c->ref_known = true;
		c->settled_s = c->away_s = 0.0f;
		return;
	}
	dt_s = fminf(dt_s, 2.0f);
	c->settled_s += dt_s;
	c->away_s = near_end > APART && fabsf(away) > far ? c->away_s + dt_s : 0.0f;
	if (c->away_s >= AWAY_S && c->settled_s >= SETTLE_S && c->state != EST_OFFLINE) {
		change_note(c, away < 0.0f ? EST_CHANGE_DROP : EST_CHANGE_RISE, now_us,
		    c->ref_y, y[1]);
		c->ref_y = y[1];
		c->settled_s = c->away_s = 0.0f;
		return;
	}
	if (c->settled_s < SETTLE_S)
		c->ref_y += (1.0f - num_exp(-dt_s)) * away;
	else if (c->away_s <= 0.0f)
		c->ref_y += (1.0f - num_exp(-dt_s / REF_S)) * away;
	c->dev += (1.0f - num_exp(-dt_s / DEV_S)) * (fabsf(away) - c->dev);
}
