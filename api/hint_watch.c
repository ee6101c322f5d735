/* SPDX-License-Identifier: ISC */
/* Watches segments under way. */
#include "api/hint_watch.h"

#include <assert.h>
#include <string.h>

#include "api/json.h"

#define SILENCE_US INT64_C(120000000) /* after which nobody is there any more */

static struct hint_watch *
find(struct hint_watches *w, const char *session)
{
	for (size_t i = 0; i < HINT_WATCHES; i++) {
		if (w->watch[i].used > 0 && strcmp(w->watch[i].rq.session, session) == 0)
			return &w->watch[i];
	}
	return NULL;
}

static struct hint_watch *
take(struct hint_watches *w)
{
	struct hint_watch *oldest = &w->watch[0];

	for (size_t i = 1; i < HINT_WATCHES; i++) {
		if (w->watch[i].used < oldest->used)
			oldest = &w->watch[i];
	}
	return oldest;
}

void
hint_watch_ask(struct hint_watches *w, const struct hint_request *r,
    const struct hint_choice *c, int64_t now_us)
{
	struct hint_watch *watch = find(w, r->session);

	if (r->session[0] == '\0')
		return;
	if (!r->inflight.there) {
		if (watch != NULL)
			watch->used = 0;
		return;
	}
	if (watch == NULL)
		watch = take(w);
	watch->rq = *r;
	watch->used = ++w->uses;
	watch->told_us = watch->bytes_us = now_us;
	watch->told_buffer_us = r->buffer_us;
	watch->told_elapsed_us = r->inflight.duration_us;
	watch->bytes = (double)r->inflight.bytes;
	watch->abandon_to = c->abandon_to;
	watch->number = 0;
}

void
hint_watch_slice(struct hint_watches *w, const struct api_observation *o, int64_t now_us)
{
	for (size_t i = 0; i < HINT_WATCHES && o->id[0] != '\0'; i++) {
		struct hint_watch *watch = &w->watch[i];
		struct hint_transfer *t = &watch->rq.inflight;

		if (watch->used == 0 || strcmp(t->id, o->id) != 0)
			continue;
		if (!o->sample.in_progress) {
			watch->used = 0;
			continue;
		}
		if ((double)o->sample.bytes < (double)t->bytes)
			continue; /* one that came late */
		t->bytes = o->sample.bytes;
		if (o->sample.ttfb_us >= 0)
			t->ttfb_us = o->sample.ttfb_us;
		watch->bytes = (double)o->sample.bytes;
		watch->bytes_us = now_us - o->ended_ago_us;
		w->stirred = true;
	}
}

bool
hint_watch_any(const struct hint_watches *w)
{
	for (size_t i = 0; i < HINT_WATCHES; i++) {
		if (w->watch[i].used > 0)
			return true;
	}
	return false;
}

/* What a link that may be dead carries in that time. */
static double
carried(const struct outlook *o, int64_t us)
{
	const double kbps = (double)level_to_kbps(level_quantile(o->live, 0.5f));

	return us > 0 ? (1.0 - (double)o->dead) * kbps * (double)us / 8000 : 0;
}

/* The request as it would be asked now. */
static void
bring_up(struct hint_watch *watch, const struct outlook *o, int64_t now_us)
{
	struct hint_request *r = &watch->rq;
	const int64_t since_us = now_us - watch->told_us;
	const double plays = (double)r->rate_ppm * 1e-6;
	const bool begun = r->inflight.ttfb_us >= 0;
	const double more = begun ? carried(o, now_us - watch->bytes_us) : 0;
	const double come = watch->bytes + more;
	const int64_t total = r->inflight.total_bytes;

	r->inflight.duration_us = watch->told_elapsed_us + since_us;
	r->inflight.bytes = total >= 0 && come > (double)total ? total : (int64_t)come;
	if (watch->told_buffer_us >= 0)
		r->buffer_us = watch->told_buffer_us - (int64_t)((double)since_us * plays);
	if (r->buffer_us < 0 && watch->told_buffer_us >= 0)
		r->buffer_us = 0;
}

bool
hint_watch_look(struct hint_watches *w, struct hint_plans *plans, const struct outlook *o,
    int64_t now_us)
{
	static struct hint_choice choice;
	bool news = false;

	w->stirred = false;
	for (size_t i = 0; i < HINT_WATCHES; i++) {
		struct hint_watch *watch = &w->watch[i];
		struct plan *plan;

		if (watch->used == 0)
			continue;
		plan = hint_plan_find(plans, &watch->rq);
		if (plan == NULL || now_us - watch->told_us > SILENCE_US) {
			watch->used = 0;
			continue;
		}
		bring_up(watch, o, now_us);
		hint_keep(&watch->rq, o, plan, &choice);
		if (choice.abandon_to == watch->abandon_to)
			continue;
		watch->abandon_to = choice.abandon_to;
		watch->number = ++w->numbers;
		news = true;
	}
	return news;
}

const struct hint_watch *
hint_watch_news(const struct hint_watches *w, const char *session, int64_t after)
{
	for (size_t i = 0; i < HINT_WATCHES; i++) {
		const struct hint_watch *watch = &w->watch[i];

		if (watch->used > 0 && watch->number > after &&
		    strcmp(watch->rq.session, session) == 0)
			return watch;
	}
	return NULL;
}

void
hint_watch_write(const struct hint_watch *watch, int64_t wall_us, struct buf *out)
{
	const struct hint_request *r = &watch->rq;
	const int plays = r->inflight.rendition >= 0 ? r->inflight.rendition : r->current;
	const int next = watch->abandon_to >= 0 ? watch->abandon_to : plays;
	struct jw w;

	assert(next >= 0 && next < (int)r->rungs);
	jw_init(&w, out);
	jw_open(&w, '{');
	jw_key_time(&w, "time", wall_us);
	jw_key_text(&w, "session", r->session);
	jw_key_text(&w, "id", r->inflight.id);
	jw_key_text(&w, "rendition", r->rung[next].id);
	jw_key_int(&w, "index", next);
	jw_key_text(&w, "reason",
	    plan_reason_name(watch->abandon_to >= 0 ? PLAN_ABANDON : PLAN_STEADY));
	jw_key_open(&w, "abandon", '{');
	jw_key_bool(&w, "do", watch->abandon_to >= 0);
	jw_key_text(&w, "to", watch->abandon_to >= 0 ? r->rung[next].id : NULL);
	jw_close(&w, '}');
	jw_close(&w, '}');
}
