/* SPDX-License-Identifier: ISC */
/* From a hint request to the plan's question and back to the client's own words. */
#include "api/hint.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/estimate.h"
#include "api/json.h"

#define SECOND_US INT64_C(1000000)
#define SEGMENT_US_PRESET (4 * SECOND_US)
#define TTL_S_MAX 10
#define LIVE_EDGE_SHARE 1.1 /* of a segment's time: it was being made meanwhile */
#define CMCD_RTP_TIMES 5 /* as hls.js and dash.js ask for */

void
hint_defaults(struct hint_request *r)
{
	memset(r, 0, sizeof(*r));
	r->current = -1;
	r->buffer_us = r->max_buffer_us = -1;
	r->segment_us = SEGMENT_US_PRESET;
	r->rate_ppm = 1000000;
	r->segments_left = -1;
	r->cap_kbps = r->cap_height = -1;
	r->weights = (struct plan_weights){-1, -1, -1};
	r->last.rendition = r->inflight.rendition = -1;
	r->last.ended_ago_us = r->inflight.ended_ago_us = -1;
	r->last.busy_us = r->inflight.busy_us = -1;
}

int
hint_find(const struct hint_request *r, const char *id)
{
	int64_t index;

	for (size_t i = 0; i < r->rungs; i++) {
		if (strcmp(r->rung[i].id, id) == 0)
			return (int)i;
	}
	if (strchr(id, '.') == NULL && query_decimal(id, 0, (int64_t)r->rungs - 1, &index) == 0)
		return (int)index;
	return -1;
}

int
hint_nearest(const struct hint_request *r, int64_t kbps)
{
	int64_t least = INT64_MAX;
	int best = -1;

	for (size_t i = 0; i < r->rungs; i++) {
		int64_t avg = r->rung[i].avg_kbps, peak = r->rung[i].peak_kbps;
		int64_t off = avg > kbps ? avg - kbps : kbps - avg;

		if (kbps == peak) /* what CMCD's br is for HLS */
			off = 0;
		if (off < least) {
			least = off;
			best = (int)i;
		}
	}
	return best;
}

static bool
taken(const struct hint_request *r, size_t before, const char *id)
{
	for (size_t i = 0; i < before; i++) {
		if (strcmp(r->rung[i].id, id) == 0)
			return true;
	}
	return false;
}

void
hint_name_rungs(struct hint_request *r)
{
	for (size_t i = 0; i < r->rungs; i++) {
		struct ladder_rung *g = &r->rung[i];
		char id[LADDER_ID_MAX + 1];

		if (g->id[0] == '\0' && g->height > 0)
			snprintf(g->id, sizeof(g->id), "%lldp", (long long)g->height);
		else if (g->id[0] == '\0')
			snprintf(g->id, sizeof(g->id), "%lld", (long long)g->avg_kbps);
		if (!taken(r, i, g->id))
			continue;
		/* 720p twice: 720p-3000 */
		snprintf(id, sizeof(id), "%.20s-%lld", g->id, (long long)g->avg_kbps);
		if (taken(r, i, id))
			snprintf(id, sizeof(id), "%.20s-%lld-%zu", g->id, (long long)g->avg_kbps, i);
		memcpy(g->id, id, sizeof(g->id));
	}
}

int
hint_end_ladder(struct hint_request *r, struct problem *p)
{
	hint_name_rungs(r);
	if (ladder_bar(r->rung, r->rungs, &r->can) > 0)
		return 0;
	return problem_set(p, 400, r->can.codecs > 0 ? "cap.codecs" : "cap.video_range",
	    "There is no rendition that the client can show.");
}

/* Ascending by rate; a short list, and nearly sorted by its nature. */
static void
sort_ladder(const struct hint_request *r, struct hint_choice *c)
{
	for (size_t i = 0; i < r->rungs; i++) {
		size_t k = i;

		for (; k > 0 && r->rung[c->order[k - 1]].avg_kbps > r->rung[i].avg_kbps; k--)
			c->order[k] = c->order[k - 1];
		c->order[k] = i;
	}
	for (size_t k = 0; k < r->rungs; k++)
		c->rank[c->order[k]] = k;
}

static int
ranked(const struct hint_choice *c, int client)
{
	return client < 0 ? -1 : (int)c->rank[client];
}

static void
set_inflight(const struct hint_request *r, const struct hint_choice *c,
    struct plan_inflight *f)
{
	int rung = r->inflight.rendition >= 0 ? r->inflight.rendition : r->current;

	f->there = r->inflight.there && rung >= 0;
	f->rung = ranked(c, rung);
	f->bytes = r->inflight.bytes;
	f->total_bytes = r->inflight.total_bytes;
	f->elapsed_us = r->inflight.duration_us;
	f->ttfb_us = r->inflight.ttfb_us;
}

/* The plan's question; its rungs point into rung[]. */
static void
ask(const struct hint_request *r, const struct outlook *o, struct hint_choice *c,
    struct plan_rung rung[PLAN_RUNGS_MAX], struct plan_question *q)
{
	*q = (struct plan_question){.rung = rung, .rungs = r->rungs, .outlook = o,
	    .given_up = r->last.there && r->last.aborted, .buffer_us = r->buffer_us,
	    .max_buffer_us = r->max_buffer_us, .segment_us = r->segment_us,
	    .rate_ppm = r->rate_ppm, .segments_left = r->segments_left, .mode = r->mode,
	    .cap_kbps = r->cap_kbps, .cap_height = r->cap_height, .weights = r->weights};
	assert(r->rungs >= 1 && r->rungs <= PLAN_RUNGS_MAX);
	sort_ladder(r, c);
	for (size_t k = 0; k < r->rungs; k++) {
		const struct ladder_rung *g = &r->rung[c->order[k]];

		rung[k] = (struct plan_rung){.avg_kbps = g->avg_kbps,
		    .peak_kbps = g->peak_kbps, .height = g->height, .barred = g->barred};
	}
	q->current = ranked(c, r->current);
	set_inflight(r, c, &q->inflight);
}

void
hint_sample(const struct hint_request *r, const struct hint_transfer *t, bool in_progress,
    struct est_sample *out)
{
	const double plays_us = (double)r->segment_us * 1e6 / (double)r->rate_ppm;

	*out = (struct est_sample){.source = EST_APP, .direction = EST_DOWN,
	    .error = t->aborted ? EST_ERROR_ABORTED : EST_ERROR_NONE, .in_progress = in_progress,
	    .from_cache = t->from_cache, .bytes = t->bytes, .duration_us = t->duration_us,
	    .ttfb_us = t->ttfb_us, .connect_us = -1, .rtt_us = -1};
	if (t->busy_us >= 0 && t->ttfb_us >= 0 && t->ttfb_us + t->busy_us < t->duration_us)
		out->duration_us = t->ttfb_us + t->busy_us;
	else
		out->server_limited = r->mode == PLAN_LOW_LATENCY &&
		    (double)t->duration_us < LIVE_EDGE_SHARE * plays_us;
}

/* A whole segment's true size. */
static void
learn_size(const struct hint_request *r, const struct hint_choice *c,
    const struct plan_rung *rung, struct plan *plan)
{
	const struct hint_transfer *t = &r->last;

	if (t->there && !t->aborted && t->rendition >= 0)
		plan_saw(plan, &rung[c->rank[t->rendition]], r->segment_us, t->bytes);
}

static void
by_the_clients_index(struct hint_choice *c)
{
	c->rendition = (int)c->order[c->plan.rung];
	c->abandon_to = c->plan.abandon ? (int)c->order[c->plan.abandon_to] : -1;
}

void
hint_decide(const struct hint_request *r, const struct outlook *o, struct plan *plan,
    struct plan_work *work, struct hint_choice *out)
{
	struct plan_rung rung[PLAN_RUNGS_MAX];
	struct plan_question q;

	ask(r, o, out, rung, &q);
	learn_size(r, out, rung, plan);
	plan_decide(plan, work, &q, &out->plan);
	by_the_clients_index(out);
}

void
hint_choose(const struct hint_request *r, const struct outlook *o, struct plan *plan,
    struct plan_work *work, struct hint_choice *out)
{
	struct plan_rung rung[PLAN_RUNGS_MAX];
	struct plan_question q;

	ask(r, o, out, rung, &q);
	learn_size(r, out, rung, plan);
	plan_choose(plan, work, &q, &out->plan);
	by_the_clients_index(out);
}

void
hint_keep(const struct hint_request *r, const struct outlook *o, struct plan *plan,
    struct hint_choice *out)
{
	struct plan_rung rung[PLAN_RUNGS_MAX];
	struct plan_question q;

	ask(r, o, out, rung, &q);
	plan_keep(plan, &q, &out->plan);
	out->abandon_to = out->plan.abandon ? (int)out->order[out->plan.abandon_to] : -1;
}

/* --- The answer -------------------------------------------------------------------- */

static void
write_renditions(const struct hint_request *r, const struct hint_choice *c, struct jw *w)
{
	jw_key_open(w, "renditions", '[');
	for (size_t i = 0; i < r->rungs; i++) {
		size_t k = c->rank[i];
		int64_t risk = c->plan.risk[k].stall_ppm;

		jw_open(w, '{');
		jw_key_text(w, "id", r->rung[i].id);
		jw_key_int(w, "kbps", r->rung[i].avg_kbps);
		if (r->rung[i].variant >= 0)
			jw_key_int(w, "variant", r->rung[i].variant);
		jw_key_bool(w, "allowed", c->plan.risk[k].allowed);
		estimate_seconds(w, "fetch_s", &c->plan.fetch[k]);
		jw_key_fixed(w, "stall_risk", estimate_known(risk), 6);
		if (c->plan.fetch[k].known)
			jw_key_bool(w, "sustainable", c->plan.risk[k].sustainable);
		else
			jw_key_null(w, "sustainable");
		jw_close(w, '}');
	}
	jw_close(w, ']');
}

static int64_t
to_hundreds(int64_t kbps)
{
	return (kbps + 50) / 100 * 100;
}

/* CTA-5006: "etp=5200,mb=4100,rtt=70", as far as it is known. */
static void
write_cmsd(const struct est_snapshot *est, const struct hint_choice *c, struct jw *w)
{
	char text[96];
	struct buf b;

	buf_init(&b, text, sizeof(text) - 1);
	if (est->rate[EST_DOWN].known) {
		buf_text(&b, "etp=");
		buf_int(&b, est->rate[EST_DOWN].kbps_p50);
	}
	if (c->plan.max_safe_kbps >= 0) {
		buf_text(&b, b.len > 0 ? ",mb=" : "mb=");
		buf_int(&b, c->plan.max_safe_kbps);
	}
	if (est->rtt.known) {
		buf_text(&b, b.len > 0 ? ",rtt=" : "rtt=");
		buf_int(&b, (est->rtt.us_p50 + 500) / 1000);
	}
	text[b.len] = '\0';
	jw_key_text(w, "cmsd", text);
}

static int64_t
ttl_s(const struct hint_request *r)
{
	int64_t s = r->segment_us / SECOND_US;

	return s < 1 ? 1 : s > TTL_S_MAX ? TTL_S_MAX : s;
}

void
hint_write(const struct hint_request *r, const struct est_snapshot *est,
    const struct hint_choice *c, struct buf *out)
{
	const struct est_rate *down = &est->rate[EST_DOWN];
	struct jw w;

	jw_init(&w, out);
	jw_open(&w, '{');
	jw_key_text(&w, "rendition", r->rung[c->rendition].id);
	jw_key_int(&w, "index", c->rendition);
	jw_key_fixed(&w, "wait_s", c->plan.wait_us / 1000, 3);
	jw_key_text(&w, "reason", plan_reason_name(c->plan.reason));
	jw_key_int(&w, "max_safe_kbps", estimate_known(c->plan.max_safe_kbps));
	write_renditions(r, c, &w);
	jw_key_open(&w, "abandon", '{');
	jw_key_bool(&w, "do", c->abandon_to >= 0);
	jw_key_text(&w, "to", c->abandon_to >= 0 ? r->rung[c->abandon_to].id : NULL);
	jw_close(&w, '}');
	jw_key_int(&w, "ttl_s", ttl_s(r));
	jw_key_open(&w, "cmcd", '{');
	jw_key_int(&w, "mtp", down->known ? to_hundreds(down->kbps_p50) : API_UNKNOWN);
	jw_key_int(&w, "rtp", to_hundreds(CMCD_RTP_TIMES * r->rung[c->rendition].avg_kbps));
	jw_close(&w, '}');
	write_cmsd(est, c, &w);
	jw_close(&w, '}');
}
