/* SPDX-License-Identifier: ISC */
/* The gateway: its life, and the turns in which all that waits looks again. */
#include "daemon/gateway/internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#define ENTRY_PATIENCE_US (10 * SECOND_US)
#define IDLE_TICK_US SECOND_US

void
gateway_kick(struct gateway *g)
{
	loop_timer_set(g->kick, 0);
}

bool
gateway_marks(const struct gateway *g)
{
	return g->track[0]->rungs > 1 && g->o.switching != GATEWAY_SWITCH_NEVER;
}

void
gateway_said(struct gateway *g, const struct advice_answer *a)
{
	g->outage = a->outage;
	if (a->cmsd[0] != '\0')
		memcpy(g->cmsd, a->cmsd, sizeof(g->cmsd));
}

void
gateway_note(const struct gateway *g, const char *format, ...)
{
	char text[400];
	va_list ap;

	if (!g->o.verbose)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	fprintf(stderr, "%.3f %s\n", (double)loop_now_us(g->loop) / 1e6, text);
}

/* --- the entry --------------------------------------------------------------------------------- */

static int
add_track(struct gateway *g, size_t at, const char *folder, size_t rungs)
{
	struct track *t = calloc(1, sizeof(*t));
	int error = t != NULL ? track_init(t, g, folder, rungs) : -ENOMEM;

	if (error != 0)
		free(t);
	else
		g->track[at] = t;
	return error;
}

static int
set_list(struct gateway *g, size_t track, size_t rung, const struct m3u_text *uri)
{
	char url[URL_MAX];

	if (url_resolve(g->entry.base, uri->at, uri->len, url) != 0)
		return -EINVAL;
	list_init(&g->track[track]->rung[rung].list, g, url);
	return 0;
}

static int
set_media(struct gateway *g)
{
	char folder[32];
	int error = 0;

	for (size_t i = 0; error == 0 && i < g->master.medias; i++) {
		const struct master_media *m = &g->master.media[i];

		if (m->uri.len == 0 || !master_serves(&g->master, m))
			continue;
		snprintf(folder, sizeof(folder), "media/%zu", i);
		error = add_track(g, i + 1, folder, 1);
		if (error == 0)
			error = set_list(g, i + 1, 0, &m->uri);
	}
	return error;
}

static int
set_video(struct gateway *g)
{
	const struct master *m = &g->master;
	int error = add_track(g, 0, "video", m->rungs);

	for (size_t i = 0; error == 0 && i < m->rungs; i++) {
		const struct master_variant *v = &m->variant[m->rung[i]];
		struct rung *r = &g->track[0]->rung[i];

		error = set_list(g, 0, i, &v->uri);
		r->peak_kbps = (v->peak_bps + 999) / 1000;
		r->avg_kbps = v->avg_bps > 0 ? (v->avg_bps + 999) / 1000 : r->peak_kbps;
		r->height = v->height;
	}
	if (error == 0)
		g->track[0]->reference = 0;
	return error;
}

static int
read_entry(struct gateway *g, const char **why)
{
	int error = master_parse(g->entry.data, g->entry.len, &g->master, why);
	struct m3u_text itself = {g->entry.base, strlen(g->entry.base)};

	if (error == -EDOM) { /* a media playlist: there is nothing to choose, but to hand on */
		error = add_track(g, 0, "video", 1);
		return error != 0 ? error : set_list(g, 0, 0, &itself);
	}
	if (error != 0)
		return error;
	g->has_master = true;
	*why = "a URI in it is none";
	error = set_video(g);
	return error != 0 ? error : set_media(g);
}

static void
open_entry(struct gateway *g, int64_t now_us)
{
	gateway_ready_fn *ready = g->ready;
	const char *why;
	enum want w;
	int error = -EIO;

	if (g->begun_us == 0)
		g->begun_us = now_us;
	w = whole_want(&g->entry, INT64_MIN, now_us);
	if (w == WANT_WAIT && now_us - g->begun_us < ENTRY_PATIENCE_US)
		return;
	g->ready = NULL;
	why = g->entry.why + g->entry.bare; /* whoever waits knows the URL */
	if (w == WANT_READY)
		error = read_entry(g, &why);
	g->opened = error == 0;
	ready(g->ready_ctx, error, why);
}

/* --- turns --------------------------------------------------------------------------------------- */

/* Players that keep no buffer of their own are given one: what they will ask for next. */
static void
look_ahead(struct track *t, int64_t now_us)
{
	const struct job *now = t->wanted >= 0 ? job_of(t, t->wanted, false, now_us) : NULL;
	const struct media_segment *s;
	int64_t number = t->wanted + 1, ahead_us = 0;
	size_t held = 0;

	if (now == NULL || now->state != JOB_DONE)
		return;
	for (const struct job *j; (j = job_of(t, number, false, now_us)) != NULL; number++) {
		if (j->state != JOB_DONE)
			return;
		ahead_us += j->duration_us;
		held += j->len;
	}
	s = track_segment(t, number);
	if (s != NULL && ahead_us + s->duration_us <= t->g->o.ahead_us && held < AHEAD_MAX)
		(void)job_of(t, number, true, now_us);
}

/* What was read is kept for one who asks again, but no longer than the next is read. */
static void
let_go(struct track *t)
{
	for (size_t i = 0; i < JOBS_MAX; i++) {
		struct job *j = t->job[i];

		if (j != NULL && j->visits == 0 && !job_working(j) && j->number < t->wanted - 1)
			job_destroy(j);
	}
}

static void
turn_track(struct track *t, int64_t now_us)
{
	for (size_t i = 0; i < JOBS_MAX; i++) {
		if (t->job[i] != NULL)
			job_step(t->job[i], now_us);
	}
	let_go(t);
	look_ahead(t, now_us);
}

static void
turn(void *arg, int64_t now_us)
{
	struct gateway *g = arg;

	if (g->ready != NULL) {
		open_entry(g, now_us);
		return;
	}
	for (struct visit *v = g->visits, *next; v != NULL; v = next) {
		next = v->next;
		visit_step(v, now_us);
	}
	for (size_t i = 0; i < TRACKS_MAX; i++) {
		if (g->track[i] != NULL)
			turn_track(g->track[i], now_us);
	}
	for (struct visit *v = g->visits, *next; v != NULL; v = next) {
		next = v->next;
		visit_step(v, now_us);
	}
}

static void
on_tick(void *arg, int64_t now_us)
{
	struct gateway *g = arg;

	whole_tick(&g->entry, now_us);
	for (size_t i = 0; i < TRACKS_MAX; i++) {
		if (g->track[i] != NULL)
			track_tick(g->track[i], now_us);
	}
	if (now_us - g->served_us >= SECOND_US) {
		g->served_us = now_us;
		serve_tick(g->serve);
	}
	turn(g, now_us);
	loop_timer_set(g->tick, now_us < g->busy_us || g->visits != NULL ? TICK_US : IDLE_TICK_US);
}

/* --- life ------------------------------------------------------------------------------------------- */

static int
allow(struct gateway *g)
{
	int error = fetcher_allow(g->fetcher, g->o.url);

	for (const char *const *a = g->o.allow; error == 0 && a != NULL && *a != NULL; a++)
		error = fetcher_allow(g->fetcher, *a);
	return error;
}

int
gateway_create(struct loop *loop, const struct gateway_options *o, struct gateway **out)
{
	struct gateway *g = calloc(1, sizeof(*g));
	const struct serve_hooks hooks = {.ctx = g, .request = visit_request, .over = visit_over};
	int error;

	if (g == NULL)
		return -ENOMEM;
	g->o = *o;
	g->loop = loop;
	error = loop_timer_create(loop, turn, g, &g->kick);
	if (error == 0)
		error = loop_timer_create(loop, on_tick, g, &g->tick);
	if (error == 0)
		error = fetcher_create(loop, o->headers, &g->fetcher);
	if (error == 0)
		error = allow(g);
	if (error == 0)
		error = advice_create(loop, g->fetcher, o->places, o->places_len, &g->advice);
	if (error == 0)
		error = serve_create(loop, &hooks, o->origins, o->listen_fd, &g->serve);
	if (error != 0) {
		gateway_destroy(g);
		return error;
	}
	whole_init(&g->entry, g, o->url, (struct media_range){0, -1}, MEDIA_TEXT_MAX);
	*out = g;
	return 0;
}

void
gateway_destroy(struct gateway *g)
{
	if (g == NULL)
		return;
	serve_destroy(g->serve);
	for (size_t i = 0; i < TRACKS_MAX; i++) {
		if (g->track[i] != NULL)
			track_finish(g->track[i]);
		free(g->track[i]);
	}
	whole_finish(&g->entry);
	advice_destroy(g->advice);
	fetcher_destroy(g->fetcher);
	master_finish(&g->master);
	if (g->kick != NULL)
		loop_timer_destroy(g->kick);
	if (g->tick != NULL)
		loop_timer_destroy(g->tick);
	free(g);
}

void
gateway_open(struct gateway *g, gateway_ready_fn *ready, void *ctx)
{
	g->ready = ready;
	g->ready_ctx = ctx;
	gateway_kick(g);
	loop_timer_set(g->tick, TICK_US);
}
