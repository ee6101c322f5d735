/* SPDX-License-Identifier: ISC */
/* Whose silence is it: the link's, or one target's own? */
#include "daemon/schedule_internal.h"

#include <string.h>

/* How long a first byte may take. Without experience: three round trips by geostationary
 * satellite. A silence in a body is shorter: bytes come as they are sent. */
#define LATE_MIN_US MS(250)
#define LATE_MAX_US MS(2500)
#define LATE_UNKNOWN_US MS(1500)
#define LATE_BODY_US MS(400)

#define ALONE_US MS(2500)       /* silent while others answer: then it is given up */
#define SUSPECT_FOR_US SECONDS(10) /* then it is old news */
#define SUSPECT_AFTER_US MS(50)    /* what was heard so soon after was on its way */

bool
sched_muted(const struct sched_target *t, int64_t now_us)
{
	return now_us < t->mute_until_us;
}

bool
sched_in_the_air(const struct sched *s, int target)
{
	for (int f = 0; f < SCHED_FLIGHTS_MAX; f++)
		if (s->flight[f].used && s->flight[f].target == target)
			return true;
	return false;
}

static int64_t
expected_us(const struct sched *s, const struct sched_flight *f)
{
	const struct sched_target *t = &s->target[f->target];
	int64_t us;

	if (f->answered)
		return LATE_BODY_US + (t->ttfb_us > 0 ? 2 * t->ttfb_us : 0);
	if (t->ttfb_us < 0)
		return LATE_UNKNOWN_US;
	us = t->ttfb_us + 4 * t->ttfb_us_dev + MS(100);
	if (f->fresh)
		us += t->connect_us > 0 ? 2 * t->connect_us : t->ttfb_us;
	/* Where applications wait long for their first bytes, so may we. */
	us = us < s->ttfb_us_p90 ? s->ttfb_us_p90 : us;
	us = us < LATE_MIN_US ? LATE_MIN_US : us;
	return us > LATE_MAX_US ? LATE_MAX_US : us;
}

bool
sched_late(const struct sched *s, int64_t now_us, int flight)
{
	const struct sched_flight *f = &s->flight[flight];

	return f->used && now_us - f->last_us > expected_us(s, f);
}

void
sched_suspect(struct sched *s, int64_t since_us)
{
	s->suspect_us = since_us;
}

int64_t
sched_suspected_us(const struct sched *s, int64_t now_us)
{
	if (s->suspect_us == SCHED_NEVER || now_us - s->suspect_us > SUSPECT_FOR_US ||
	    s->heard_us > s->suspect_us + SUSPECT_AFTER_US)
		return SCHED_NEVER;
	return s->suspect_us;
}

/* Something was heard at a time when this one should have been heard as well. */
static bool
contradicted(const struct sched *s, const struct sched_flight *f)
{
	return s->heard_us > f->last_us + expected_us(s, f) / 2;
}

bool
sched_silent(const struct sched *s, int64_t now_us, int flight)
{
	return sched_late(s, now_us, flight) && !contradicted(s, &s->flight[flight]);
}

static bool
askable(const struct sched *s, int64_t now_us, size_t target)
{
	const struct sched_target *t = &s->target[target];

	return t->kind == CONF_LATENCY && !sched_muted(t, now_us);
}

size_t
sched_askable(const struct sched *s, int64_t now_us)
{
	size_t n = 0;

	for (size_t i = 0; i < s->targets; i++)
		n += askable(s, now_us, i);
	return n;
}

bool
sched_one_place(const struct sched *s, int a, int b)
{
	return a == b || strcmp(s->target[a].host, s->target[b].host) == 0;
}

/* Several URLs of one server are one place: they are dead together. */
static size_t
askable_places(const struct sched *s, int64_t now_us)
{
	size_t n = 0;

	for (size_t i = 0; i < s->targets; i++) {
		bool first = askable(s, now_us, i);

		for (size_t k = 0; k < i; k++)
			if (askable(s, now_us, k) && sched_one_place(s, (int)k, (int)i))
				first = false;
		n += first;
	}
	return n;
}

/* Two places are silent together, or one that was asked on a suspicion; or, where there is
 * only one, it is so twice, the second time on a new connection; or others said already
 * that the link is silent. */
static bool
confirmed(const struct sched *s, int64_t now_us, const struct est_snapshot *belief)
{
	bool down = belief->state == EST_STALLED || belief->state == EST_OFFLINE;
	size_t flights = 0, places = 0;
	bool fresh = false;

	for (int f = 0; f < SCHED_FLIGHTS_MAX; f++) {
		bool first = true;

		if (!sched_silent(s, now_us, f))
			continue;
		for (int k = 0; k < f; k++)
			if (sched_silent(s, now_us, k) &&
			    sched_one_place(s, s->flight[k].target, s->flight[f].target))
				first = false;
		flights++;
		places += first;
		fresh = fresh || s->flight[f].fresh;
	}
	if (places >= 2 || (flights >= 1 && down) ||
	    (flights >= 1 && sched_suspected_us(s, now_us) != SCHED_NEVER))
		return true;
	return flights >= 2 && fresh && askable_places(s, now_us) <= 1;
}

/*
 * How long others wait for first bytes. The estimate counts who waits now with the time that
 * it has waited so far; of that, the requests that are to be judged are no experience. Three
 * medians are a bound that a single one does not move.
 */
static void
learn_wait(struct sched *s, const struct est_snapshot *belief)
{
	int64_t most_us = 3 * belief->ttfb.us_p50;

	if (belief->state != EST_ONLINE)
		return;
	s->ttfb_us_p90 = !belief->ttfb.known ? -1
	    : belief->ttfb.us_p90 < most_us ? belief->ttfb.us_p90 : most_us;
}

void
sched_judge(struct sched *s, int64_t now_us, const struct est_snapshot *belief,
    enum sched_verdict verdict[SCHED_FLIGHTS_MAX])
{
	bool yes;

	learn_wait(s, belief);
	yes = confirmed(s, now_us, belief);
	if (yes && s->silent_since_us == SCHED_NEVER)
		s->silent_since_us = now_us;
	if (yes)
		s->confirmed_us = now_us;
	else if (s->heard_us > s->confirmed_us)
		s->silent_since_us = SCHED_NEVER;
	for (int i = 0; i < SCHED_FLIGHTS_MAX; i++) {
		const struct sched_flight *f = &s->flight[i];

		verdict[i] = SCHED_WAIT;
		if (!sched_late(s, now_us, i))
			continue;
		if (!contradicted(s, f))
			verdict[i] = !yes ? (f->told ? SCHED_HOLD : SCHED_WAIT)
			    : f->answered ? (f->told ? SCHED_HOLD : SCHED_WAIT)
					  : SCHED_EVIDENCE;
		else if (s->confirmed_us >= f->started_us)
			verdict[i] = SCHED_OVERTAKEN;
		else if (now_us - f->last_us > ALONE_US)
			verdict[i] = SCHED_ALONE;
		else if (f->told)
			verdict[i] = SCHED_HOLD;
	}
}

void
sched_heard(struct sched *s, int64_t at_us)
{
	if (at_us > s->heard_us)
		s->heard_us = at_us;
}
