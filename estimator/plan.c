/* SPDX-License-Identifier: ISC */
/* The rule that picks a rendition. */
#include "estimator/plan.h"

#include <assert.h>
#include <math.h>

#define PPM 1000000

/* A link near a rung must not make it flap: up asks for more room than staying. */
#define UP_SHARE 0.85 /* of a segment's time that a median fetch may take, to go up */
#define STAY_SHARE 1.0
#define UP_SHARE_LOW_LATENCY 0.7 /* there is next to no buffer for what was misjudged */
#define STAY_SHARE_LOW_LATENCY 0.85
#define START_SHARE 0.5 /* the first picture soon */
#define DEEP_SHARE 1.25 /* a full buffer may drain for a while instead of a switch */
#define UP_RISK 0.02
#define STAY_RISK 0.05
#define DEEP_RISK 0.01
#define SAFE_Z 2.054 /* of 2 %: max_safe_kbps */
#define P90_Z 1.2816
#define SPREAD_LEAST 0.05 /* no distribution is sharper than that */

/* Giving up costs what has come and a new request: only for a likely stall, and much gain. */
#define ABANDON_AFTER_US 500000
#define ABANDON_RISK 0.25
#define ABANDON_GAIN 0.8
#define ABANDON_GAIN_LOWEST 0.6

static const char *const reasons[] = {
	[PLAN_STARTUP] = "startup",
	[PLAN_STEADY] = "steady",
	[PLAN_UP] = "up",
	[PLAN_DOWN] = "down",
	[PLAN_RECOVER] = "recover",
	[PLAN_OUTAGE] = "outage",
	[PLAN_ABANDON] = "abandon",
	[PLAN_CAPPED] = "capped",
	[PLAN_NO_ESTIMATE] = "no_estimate",
};
_Static_assert(sizeof(reasons) / sizeof(reasons[0]) == PLAN_REASONS, "a word for each reason");

const char *
plan_reason_name(enum plan_reason r)
{
	assert((size_t)r < PLAN_REASONS);
	return reasons[r];
}

int64_t
plan_segment_bytes(const struct plan_rung *rung, int64_t segment_us)
{
	return (int64_t)((double)rung->avg_kbps * (double)segment_us / 8000);
}

/* Media time as time on the clock. */
static int64_t
on_clock(const struct plan_question *q, int64_t media_us)
{
	return (int64_t)((double)media_us * PPM / (double)q->rate_ppm);
}

/* The time until the buffer is empty; where it is not known, one segment's. */
static int64_t
buffer_lasts(const struct plan_question *q)
{
	return on_clock(q, q->buffer_us < 0 ? q->segment_us : q->buffer_us);
}

static double
spread(int64_t low, int64_t high)
{
	double s = low > 0 && high > low ? log((double)high / (double)low) / P90_Z : 0;

	return fmax(s, SPREAD_LEAST);
}

/* P(it takes longer than `us`), by a log-normal law through the quantiles on either side. */
static double
risk(const struct est_seconds *t, int64_t us)
{
	double s;

	if (us <= 0)
		return 1;
	if (t->us_p50 <= 0)
		return 0;
	s = us < t->us_p50 ? spread(t->us_p10, t->us_p50) : spread(t->us_p50, t->us_p90);
	return 0.5 * erfc(log((double)us / (double)t->us_p50) / s / sqrt(2));
}

static bool
allowed(const struct plan_question *q, size_t i)
{
	return (q->cap_kbps < 0 || q->rung[i].avg_kbps <= q->cap_kbps) &&
	    (q->cap_height < 0 || q->rung[i].height <= q->cap_height);
}

static bool
is_start(const struct plan_question *q)
{
	return q->current < 0 && q->buffer_us < q->segment_us;
}

/* Much is buffered: staying where we are beats a switch that may be undone soon. */
static bool
deep(const struct plan_question *q)
{
	if (q->max_buffer_us > 0)
		return q->buffer_us * 10 >= q->max_buffer_us * 6;
	return q->buffer_us >= 5 * q->segment_us;
}

static bool
fits(const struct plan_question *q, size_t i)
{
	const struct est_seconds *t = &q->fetch[i];
	bool up = (int)i > q->current, quick = q->mode == PLAN_LOW_LATENCY;
	double share = (double)t->us_p50 / (double)on_clock(q, q->segment_us);
	double danger = risk(t, buffer_lasts(q));

	if (is_start(q))
		return share <= START_SHARE;
	if ((int)i == q->current && !quick && deep(q) && share <= DEEP_SHARE && danger <= DEEP_RISK)
		return true;
	if (up)
		return share <= (quick ? UP_SHARE_LOW_LATENCY : UP_SHARE) && danger <= UP_RISK;
	return share <= (quick ? STAY_SHARE_LOW_LATENCY : STAY_SHARE) && danger <= STAY_RISK;
}

static void
risks(const struct plan_question *q, struct plan_answer *out)
{
	for (size_t i = 0; i < q->rungs; i++) {
		bool known = q->fetch[i].known;

		out->risk[i].stall_ppm = !known ? -1
		    : (int64_t)(risk(&q->fetch[i], buffer_lasts(q)) * 1000 + 0.5) * 1000;
		out->risk[i].sustainable = known &&
		    q->fetch[i].us_p50 <= on_clock(q, q->segment_us);
	}
}

/* The highest rate whose next segment comes in time with 98 %, and that can be kept up. */
static int64_t
max_safe(const struct plan_question *q)
{
	const struct est_rate *r = &q->est->rate[EST_DOWN];
	double segment = (double)on_clock(q, q->segment_us), time = (double)buffer_lasts(q);
	double low, safe;

	if (!r->known)
		return -1;
	time = fmax(time, segment);
	if (q->est->ttfb.known)
		time = fmax(time - (double)q->est->ttfb.us_p50, segment / 10);
	low = (double)r->kbps_p50 * exp(-SAFE_Z * spread(r->kbps_p10, r->kbps_p50));
	safe = fmin(low * time / segment, 0.9 * (double)r->kbps_p50);
	return (int64_t)safe;
}

static int64_t
scaled(int64_t bytes, int64_t kbps)
{
	return (int64_t)((double)bytes * 8000 / (double)(kbps < 1 ? 1 : kbps));
}

void
plan_rest(const struct est_snapshot *est, const struct plan_question *q,
    struct est_seconds *out)
{
	const struct plan_inflight *f = &q->inflight;
	const struct est_rate *r = &est->rate[EST_DOWN];
	int64_t total = f->total_bytes >= 0 ? f->total_bytes
					    : plan_segment_bytes(&q->rung[f->rung], q->segment_us);
	int64_t rest = total > f->bytes ? total - f->bytes : 0;
	int64_t first = f->ttfb_us < 0 && est->ttfb.known ? est->ttfb.us_p50 : 0;

	out->known = r->known;
	out->us_p10 = first + scaled(rest, r->kbps_p90);
	out->us_p50 = first + scaled(rest, r->kbps_p50);
	out->us_p90 = first + scaled(rest, r->kbps_p10);
}

/* The highest rung below that comes in time, or the lowest if that gains much; else none. */
static int
replacement(const struct plan_question *q, const struct est_seconds *rest)
{
	for (int c = q->inflight.rung - 1; c >= 0; c--) {
		const struct est_seconds *t = &q->fetch[c];

		if (t->known && (double)t->us_p50 < ABANDON_GAIN * (double)rest->us_p50 &&
		    risk(t, buffer_lasts(q)) <= STAY_RISK)
			return c;
	}
	if (q->fetch[0].known &&
	    (double)q->fetch[0].us_p50 < ABANDON_GAIN_LOWEST * (double)rest->us_p50)
		return 0;
	return -1;
}

static void
consider_abandoning(const struct plan_question *q, struct plan_answer *out)
{
	const struct plan_inflight *f = &q->inflight;
	struct est_seconds rest;
	int to;

	out->abandon = false;
	out->abandon_to = -1;
	if (!f->there || f->rung <= 0 || f->elapsed_us < ABANDON_AFTER_US || q->buffer_us < 0)
		return;
	plan_rest(q->est, q, &rest);
	if (!rest.known || risk(&rest, buffer_lasts(q)) <= ABANDON_RISK)
		return;
	to = replacement(q, &rest);
	if (to < 0)
		return;
	out->abandon = true;
	out->abandon_to = to;
	out->rung = to;
	out->reason = PLAN_ABANDON;
}

static enum plan_reason
reason_for(const struct plan_question *q, int best, bool capped)
{
	if (capped)
		return PLAN_CAPPED;
	if (q->current < 0)
		return PLAN_STARTUP;
	if (best > q->current)
		return PLAN_UP;
	if (q->buffer_us >= 0 && q->buffer_us < q->segment_us / 2 && best < q->current)
		return PLAN_RECOVER;
	return best < q->current ? PLAN_DOWN : PLAN_STEADY;
}

static void
choose(const struct plan_question *q, struct plan_answer *out)
{
	bool dead = q->est->state == EST_OFFLINE || q->est->state == EST_CAPTIVE;
	int best = 0, most = 0;
	bool capped = false;

	out->rung = 0;
	out->reason = dead ? PLAN_OUTAGE : PLAN_NO_ESTIMATE;
	if (dead || !q->fetch[0].known)
		return;
	for (size_t i = 0; i < q->rungs; i++) {
		if (!allowed(q, i))
			continue;
		most = (int)i;
		if (fits(q, i))
			best = (int)i;
	}
	for (size_t i = (size_t)most + 1; best == most && i < q->rungs; i++)
		capped = capped || (!allowed(q, i) && fits(q, i));
	out->rung = best;
	out->reason = reason_for(q, best, capped);
}

void
plan_decide(const struct plan_question *q, struct plan_answer *out)
{
	assert(q->rungs >= 1 && q->rungs <= PLAN_RUNGS_MAX);
	assert(q->segment_us > 0 && q->rate_ppm > 0);
	assert(q->current < (int)q->rungs && q->inflight.rung < (int)q->rungs);
	risks(q, out);
	choose(q, out);
	consider_abandoning(q, out);
	out->max_safe_kbps = max_safe(q);
	out->wait_us = 0;
	if (q->max_buffer_us >= 0 && q->buffer_us + q->segment_us > q->max_buffer_us &&
	    q->buffer_us > 0 && !out->abandon)
		out->wait_us = on_clock(q, q->buffer_us + q->segment_us - q->max_buffer_us);
	assert(out->rung >= 0 && out->rung < (int)q->rungs);
}
