/* SPDX-License-Identifier: ISC */
/* What asking costs, at most and as a rule, and whether that may be spent now. */
#include "daemon/schedule_internal.h"

/* The most that one request can move, whatever the server does. Segments carry at least
 * 1,000 bytes with 66 to 86 of headers, every second one is acknowledged: 1/8 and some. */
#define MOST_SMALL_BYTES INT64_C(4000)  /* names, connecting again and again, the request */
#define MOST_HEAD_BYTES INT64_C(16384)  /* PROBE_HEAD_MAX */
#define MOST_TLS_BYTES INT64_C(16384)
#define BODY_MOST_BYTES INT64_C(65536)
#define BODY_LEAST_BYTES INT64_C(4096)
#define WINDOW_MOST_BYTES INT64_C(1048576) /* 100 Mbit/s over 80 ms */

/* As a rule. */
#define USUAL_BYTES INT64_C(700)      /* of a small request on a kept connection */
#define USUAL_TLS_BYTES INT64_C(1500) /* each tenth one is on a new connection */
#define HEAVY_BYTES INT64_C(16384)

/* Heartbeats stop before the last request that could be made does. */
#define BEAT_LEAST_BYTES INT64_C(4096)
#define LIVELY_US SECONDS(20)
#define BEAT_BYTES INT64_C(132) /* two segments over Ethernet */
#define OTHERS_US MS(700) /* so long after their last byte, others tell how it is */

/* Requests follow each other the slower the longer nothing changed; the heartbeat is there
 * all the time. In the first 40 s the interval is as it is set, after 10 minutes 30 s. */
#define CALM_PARTS 20
#define CALM_MOST_US SECONDS(30)
#define OTHERS_INTERVAL_US SECONDS(150) /* beside traffic that informs: hardly ever */
#define CAPTIVE_US SECONDS(5)

_Static_assert(MOST_HEAD_BYTES >= 16384, "a header is cut at PROBE_HEAD_MAX");

/* Of a target that is not known yet no more than a small part of the hour's bytes. */
static int64_t
cap_of(const struct sched *s, const struct sched_target *t, int64_t bytes)
{
	int64_t cap = t->body_bytes < 0 ? s->ledger->hour.limit_bytes / 32 : 2 * t->body_bytes;

	if (t->kind == CONF_DOWNLOAD)
		return bytes + BODY_LEAST_BYTES;
	cap = cap < BODY_LEAST_BYTES ? BODY_LEAST_BYTES : cap;
	return cap > BODY_MOST_BYTES ? BODY_MOST_BYTES : cap;
}

void
sched_price(const struct sched *s, struct sched_ask *ask)
{
	const struct sched_target *t = &s->target[ask->target];
	int64_t up = t->kind == CONF_UPLOAD ? ask->bytes : 0;

	ask->cap_bytes = cap_of(s, t, ask->bytes);
	ask->window_bytes = ask->cap_bytes < WINDOW_MOST_BYTES ? ask->cap_bytes : WINDOW_MOST_BYTES;
	ask->most_bytes = MOST_SMALL_BYTES + (t->tls ? MOST_TLS_BYTES : 0) +
	    (MOST_HEAD_BYTES + ask->cap_bytes + ask->window_bytes) / 8 * 9 + up * 3 / 2;
}

int64_t
sched_expected_bytes(const struct sched_target *t, int64_t body_bytes)
{
	int64_t body = body_bytes < 0 ? 0 : body_bytes;

	return USUAL_BYTES + (t->tls ? USUAL_TLS_BYTES : 0) + body + body / 10;
}

int64_t
sched_due_bytes(const struct sched *s)
{
	const struct sched_target *t = &s->target[s->due_target];

	return sched_expected_bytes(t, t->kind == CONF_LATENCY ? t->body_bytes : SIZED_MIN);
}

int64_t
sched_largest_bytes(struct sched *s, int64_t now_us)
{
	int64_t allowance = ledger_allowance(s->ledger, now_us) / 3;
	int64_t left = ledger_left(s->ledger, now_us) / 3;

	return allowance < left ? allowance : left;
}

bool
sched_affordable(struct sched *s, int64_t now_us, const struct sched_ask *ask)
{
	return ledger_left(s->ledger, now_us) >= ask->most_bytes;
}

bool
sched_affordable_in_turn(struct sched *s, int64_t now_us, const struct sched_ask *ask)
{
	const struct sched_target *t = &s->target[ask->target];
	int64_t bytes = ask->bytes > 0 ? ask->bytes : t->body_bytes;
	int64_t expected = sched_expected_bytes(t, bytes);
	/* What is heavy leaves some for what is not. */
	int64_t spare = expected >= HEAVY_BYTES ? s->ledger->hour.limit_bytes / 16 : 0;

	return sched_affordable(s, now_us, ask) &&
	    ledger_allowance(s->ledger, now_us) >= expected + spare;
}

bool
sched_hold(struct sched *s, int64_t now_us, const struct sched_ask *ask)
{
	if (ledger_hold(s->ledger, now_us, ask->most_bytes))
		return true;
	if (ask->why != SCHED_ASKED || !s->over_budget)
		return false;
	s->ledger->held_bytes += ask->most_bytes;
	return true;
}

int64_t
sched_dither_us(const struct sched *s, int64_t us)
{
	return us / 1024 * (s->dither >> 26); /* 0 to 63 of 1024 */
}

bool
sched_others_tell(const struct sched *s, int64_t now_us)
{
	return now_us - s->others_us < OTHERS_US;
}

int64_t
sched_interval_us(struct sched *s, int64_t now_us)
{
	int64_t us = (now_us - s->calm_us) / CALM_PARTS;

	us = us > CALM_MOST_US ? CALM_MOST_US : us;
	if (s->captive)
		us = CAPTIVE_US; /* somebody may be signing in */
	if (sched_others_tell(s, now_us) && us < OTHERS_INTERVAL_US)
		us = OTHERS_INTERVAL_US;
	us = us > s->interval_us ? us : s->interval_us;
	return us - sched_dither_us(s, us);
}

void
sched_metered(struct sched *s, int64_t now_us, bool metered)
{
	int64_t day_bytes = s->day_bytes;

	s->metered = metered;
	if (metered && s->metered_bytes < day_bytes)
		day_bytes = s->metered_bytes;
	ledger_limit(s->ledger, now_us, s->hour_bytes, day_bytes);
}

/* Somebody who reads a page will want the next one: there an outage matters the most. Half of
 * the allowance is for that; at 132 bytes a second that is some hours of reading a day. */
static bool
is_lively(struct sched *s, int64_t now_us)
{
	return now_us - s->others_us < LIVELY_US &&
	    ledger_allowance(s->ledger, now_us) > ledger_allowance_most(s->ledger) / 2;
}

/* With 10 MB a day 132 bytes each 3 s are 62 % of what is allowed in turn; with 1 MB, and as
 * much of it, there is one each 30 s. */
int64_t
sched_beat_us(struct sched *s, int64_t now_us)
{
	int64_t bytes_a_day = ledger_a_day(s->ledger) / 100 * 62, seconds;

	if (is_lively(s, now_us))
		return SCHED_BEAT_LIVELY_US;
	if (bytes_a_day < BEAT_BYTES * 24)
		return SECONDS(3600);
	seconds = (BEAT_BYTES * 86400 + bytes_a_day - 1) / bytes_a_day;
	return SECONDS(seconds) > SCHED_BEAT_US ? SECONDS(seconds) : SCHED_BEAT_US;
}

void
sched_heard_others(struct sched *s, int64_t at_us)
{
	if (at_us > s->others_us)
		s->others_us = at_us;
	sched_heard(s, at_us);
}

bool
sched_wants_beats(struct sched *s, int64_t now_us)
{
	return !sched_others_tell(s, now_us) &&
	    ledger_left(s->ledger, now_us) >= BEAT_LEAST_BYTES;
}
