/* SPDX-License-Identifier: ISC */
/* One sample: is it believable, and which increments, delays and silences does it hold? */
#include "estimator/estimator.h"
#include "estimator/evidence.h"

#include <assert.h>
#include <math.h>

#define DURATION_MOST_US (INT64_C(86400) * 1000000)
#define BYTES_MOST (INT64_C(1) << 50)
#define KBPS_MOST 1e8 /* 100 Gbit/s */
#define HOLE_MOST_US INT64_C(2000000)
#define UP_BUFFER_BYTES (256 * 1024) /* a socket takes as much without any link */
#define EST_RTT_SHARE 0.8f
#define RESENT_US 150000 /* no sender notices a loss much sooner: RFC 6298, RFC 8985 */
#define FLIGHT_BYTES 131072 /* may all have been sent before the first byte arrived */

/* What evidence_take() works out about one sample. */
struct reading {
	const struct est_sample *s;
	int64_t clock_us;   /* told or measured */
	struct flow *flow;  /* NULL: a request without slices */
	int64_t start_us, at_us;
	int64_t body_us;    /* when the body began; -1: it has not */
	int64_t before_us, before_bytes; /* the report before this one */
	int64_t silent_since_us;
	bool first_byte;    /* seen for the first time */
	bool first_report;
};

static bool
absurd(const struct est *e, const struct est_sample *s)
{
	if (s->ended_us > e->now_us || s->bytes < 0 || s->bytes > BYTES_MOST)
		return true;
	if (s->duration_us < 0 || s->duration_us > DURATION_MOST_US)
		return true;
	if (s->ttfb_us > s->duration_us || s->connect_us > s->duration_us)
		return true;
	if (s->ttfb_us >= 0 && s->connect_us > s->ttfb_us)
		return true;
	if (s->rtt_us > DURATION_MOST_US || s->clock_us < 0 || s->clock_us > 1000000)
		return true;
	if ((unsigned)s->source >= EST_SOURCES || (unsigned)s->direction >= EST_DIRECTIONS ||
	    (unsigned)s->error >= EST_ERRORS)
		return true;
	if (s->in_progress && s->request == 0)
		return true; /* whose slice would it be? */
	return (double)s->bytes * 8e3 > KBPS_MOST * ((double)s->duration_us + 1000.0);
}

static bool
is_link_answer(enum est_error error)
{
	return error == EST_ERROR_REFUSED || error == EST_ERROR_RESET ||
	    error == EST_ERROR_TLS || error == EST_ERROR_HTTP;
}

/* Find the request that the sample belongs to, or open it. */
static enum est_verdict
place(struct est *e, struct reading *r)
{
	const struct est_sample *s = r->s;
	struct flow *f = s->request == 0 ? NULL : flows_find(&e->flows, s->request);
	enum est_verdict verdict = EST_TAKEN;

	r->start_us = s->ended_us - s->duration_us;
	r->at_us = s->ended_us;
	if (f != NULL && (r->start_us > f->last_us + 1000 ||
	    s->direction != (enum est_direction)f->direction)) {
		flows_close(f); /* another request under the same name */
		f = NULL;
	}
	r->first_report = f == NULL;
	if (f != NULL) {
		r->start_us = f->start_us;
		r->at_us = f->start_us + s->duration_us;
		if (r->at_us > e->now_us)
			r->at_us = e->now_us;
		if (s->bytes < f->bytes || r->at_us < f->last_us) {
			verdict = EST_REJECT_ORDER;
			if (!s->in_progress)
				flows_close(f);
		}
	} else if (s->in_progress) {
		f = flows_open(&e->flows, s->request, e->now_us);
		if (f == NULL)
			return EST_REJECT_FULL;
		f->start_us = f->last_us = f->byte_us = r->start_us;
		f->source = (uint8_t)s->source;
		f->direction = (uint8_t)s->direction;
	}
	r->flow = f;
	r->before_us = f != NULL ? f->last_us : r->start_us;
	r->before_bytes = f != NULL ? f->bytes : 0;
	r->silent_since_us = f != NULL ? f->byte_us : r->start_us;
	r->body_us = f != NULL ? f->first_us : -1;
	r->first_byte = r->body_us < 0 && s->ttfb_us >= 0;
	return verdict;
}

/* What the times of this source may be off by. */
static int64_t
clock_of(struct est *e, const struct est_sample *s)
{
	struct grain *g = &e->tally[s->source].grain;
	int64_t us;

	if (s->bytes > 0) {
		grain_see(g, s->duration_us);
		if (s->ttfb_us >= 0)
			grain_see(g, s->ttfb_us);
	}
	us = grain_us(g);
	return us > s->clock_us ? us : s->clock_us;
}

static int64_t
connect_us(const struct est_sample *s)
{
	return s->connect_us > 0 ? s->connect_us : 0;
}

/* Delays: round trips, and the wait for the first byte. */
static void
take_delays(struct est *e, const struct reading *r)
{
	const struct est_sample *s = r->s;
	const float clock_s = (float)r->clock_us * 1e-6f;
	int64_t rtt_us = s->rtt_us;

	if (rtt_us < 0 && s->connect_us > 0 && (r->first_report || r->first_byte))
		rtt_us = s->connect_us;
	if (rtt_us >= 0 && (s->ttfb_us >= 0 || s->bytes > 0)) {
		const bool loaded = flows_in_body(&e->flows, (uint8_t)s->direction,
		    e->now_us) > (s->bytes > 0 && r->flow != NULL ? 1u : 0u);
		const float step = latency_rtt(&e->latency, e->now_us,
		    (float)rtt_us * 1e-6f, loaded);

		if (step != 0.0f)
			evidence_path_changed(e, step);
	}
	if (!r->first_byte)
		return;
	silence_alone(&e->silence, false);
	if (s->direction == EST_DOWN) {
		const float wait_s = (float)(s->ttfb_us - connect_us(s)) * 1e-6f;

		latency_ttfb(&e->latency, e->now_us, wait_s, clock_s);
		evidence_life(e, r->start_us + s->ttfb_us, r->start_us);
		evidence_first_packet(e, wait_s, clock_s, s->bytes);
	} else {
		evidence_life(e, r->start_us + s->ttfb_us, r->start_us);
	}
}

/* When the bytes of this increment began to come (or to go). */
static int64_t
body_begin(const struct est *e, const struct reading *r)
{
	const struct est_sample *s = r->s;
	const int64_t least_us = (int64_t)(latency_least_s(&e->latency) * 1e6f);
	int64_t begin_us = r->start_us + connect_us(s);

	if (s->direction == EST_UP)
		return begin_us;
	if (s->ttfb_us >= 0)
		return r->start_us + s->ttfb_us;
	/* not told: a round trip after the request, but most of the time is body */
	begin_us += least_us;
	return begin_us < r->at_us - s->duration_us / 2 ? begin_us
	                                                : r->at_us - s->duration_us / 2;
}

/* Where the bytes of an upload ended: with the answer, a round trip ago. */
static int64_t
body_end(const struct est *e, const struct reading *r)
{
	const struct est_sample *s = r->s;
	const int64_t least_us = (int64_t)(latency_least_s(&e->latency) * 1e6f);
	int64_t end_us = r->at_us;

	if (s->direction == EST_DOWN || s->ttfb_us < 0)
		return end_us;
	end_us = r->start_us + s->ttfb_us - least_us;
	return end_us > r->start_us + s->ttfb_us / 5 ? end_us
	                                             : r->start_us + s->ttfb_us / 5;
}

/*
 * A first packet that was lost comes late, and all that was sent behind it comes with it at
 * once. From when on it was due; -1: it was not late, or the body says enough.
 */
static int64_t
due_us(const struct est *e, const struct reading *r, const struct piece *p)
{
	const float usual_s = delays_quantile(&e->latency.ttfb, e->now_us, 0.5f, 0.0f);
	const int64_t usual_us = (int64_t)(usual_s * 1e6f);
	const int64_t late_us = p->wait_us - usual_us;

	if (!p->first || p->direction != EST_DOWN || r->s->ttfb_us < 0 || usual_s < 0.0f ||
	    p->bytes > FLIGHT_BYTES || late_us < usual_us || late_us < RESENT_US ||
	    p->to_us - p->from_us > late_us)
		return -1;
	return p->from_us - late_us;
}

static void
take_bytes(struct est *e, struct reading *r)
{
	const struct est_sample *s = r->s;
	struct est_way *way = &e->way[s->direction];
	struct piece p = {
		.start_us = r->start_us,
		.bytes = (float)(s->bytes - r->before_bytes),
		.before = (float)r->before_bytes,
		.tag = (uint32_t)(s->request ^ (s->request >> 32)),
		.clock_us = (int32_t)r->clock_us,
		.direction = (uint8_t)s->direction,
		.first = r->before_bytes == 0,
		.at_least = s->server_limited,
	};

	if (s->request == 0) /* a request of its own: no two share a tag */
		p.tag = (uint32_t)e->rejected[EST_TAKEN] * 2654435761u | 1u;
	if (s->ttfb_us >= 0 && s->direction == EST_DOWN && s->ttfb_us < INT64_C(100000000))
		p.wait_us = (int32_t)(s->ttfb_us - connect_us(s));
	p.fresh = p.first && s->connect_us > 0;
	p.to_us = body_end(e, r);
	p.from_us = p.first ? body_begin(e, r) : r->before_us;
	if (due_us(e, r, &p) >= 0) {
		p.from_us = due_us(e, r, &p);
		p.at_least = true;
	}
	if (!p.first && r->silent_since_us < r->before_us && way->last_known &&
	    r->before_us - r->silent_since_us < HOLE_MOST_US &&
	    !merge_shared(&e->merge, e->now_us)) {
		/*
		 * After a loss the reader gets nothing for some round trips, and then all
		 * at once: what comes was not sent any faster than before.
		 */
		const float dt_s = fmaxf((float)(p.to_us - p.from_us) * 1e-6f, 1e-3f);
		const float y = level_of_kbps(p.bytes * 0.008f / dt_s);

		if (y > way->last_y - 1.0f)
			p.from_us = r->silent_since_us;
	}
	if (p.from_us > p.to_us)
		p.from_us = p.to_us;
	merge_add(&e->merge, &p);
	if (s->direction == EST_DOWN || s->ttfb_us >= 0 || s->bytes > UP_BUFFER_BYTES)
		evidence_life(e, r->at_us, r->start_us);
}

/* No new byte: how long has it been, and does that say anything? */
static void
take_silence(struct est *e, const struct reading *r)
{
	const struct est_sample *s = r->s;
	const bool gave_up = !s->in_progress && s->error == EST_ERROR_TIMEOUT;
	const bool body = r->body_us >= 0 || r->before_bytes > 0;

	if (!s->in_progress && is_link_answer(s->error) && s->ttfb_us < 0)
		evidence_life(e, r->at_us, r->start_us);
	if (gave_up && !body)
		latency_unanswered(&e->latency, e->now_us,
		    (float)(s->duration_us - connect_us(s)) * 1e-6f, false);
	if (!s->in_progress && !gave_up)
		return;
	if (s->direction == EST_UP && s->bytes > 0)
		return; /* the bytes may all be on their way */
	if (r->flow != NULL && evidence_own_silence(e, r->flow, r->silent_since_us))
		return;
	evidence_silence(e, r->silent_since_us, r->at_us, body);
}

static void
remember(struct est *e, struct reading *r)
{
	struct flow *f = r->flow;

	if (f == NULL)
		return;
	if (r->s->bytes > f->bytes || r->first_byte) {
		f->byte_us = r->at_us;
		f->passed = false;
	}
	if (r->first_byte)
		f->first_us = r->start_us + r->s->ttfb_us;
	else if (f->first_us < 0 && r->s->bytes > 0 && r->s->direction == EST_DOWN)
		f->first_us = r->at_us;
	f->bytes = r->s->bytes;
	f->last_us = r->at_us;
	f->reported_us = e->now_us;
	if (!r->s->in_progress)
		flows_close(f);
}

enum est_verdict
evidence_take(struct est *e, const struct est_sample *s)
{
	struct reading r = { .s = s };
	enum est_verdict verdict;

	if (absurd(e, s))
		return EST_REJECT_ABSURD;
	if (s->from_cache)
		return EST_REJECT_CACHE;
	if (e->now_us - s->ended_us > EST_LATE_US)
		return EST_REJECT_LATE;
	verdict = place(e, &r);
	if (verdict != EST_TAKEN)
		return verdict;
	evidence_tally(e, s->source, s->bytes - r.before_bytes,
	    fminf((float)(r.at_us - r.before_us) * 1e-6f, 2.0f) *
	        (s->bytes > r.before_bytes ? 1.0f : 0.1f) + 0.02f);
	r.clock_us = clock_of(e, s);
	take_delays(e, &r);
	if (s->bytes > r.before_bytes)
		take_bytes(e, &r);
	else if (!r.first_byte)
		take_silence(e, &r);
	remember(e, &r);
	return s->server_limited ? EST_REJECT_SERVER : EST_TAKEN;
}
