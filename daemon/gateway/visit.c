/* SPDX-License-Identifier: ISC */
/* A player's request: what it asks for, and what it is given. */
#include "daemon/gateway/internal.h"
#include "daemon/gateway/advice_text.h"
#include "daemon/gateway/listing.h"

#include "api/estimate.h"
#include "api/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_PLAYLIST "application/vnd.apple.mpegurl"
#define TYPE_TEXT "text/plain; charset=utf-8"
#define MASTER_ROOM (256 * 1024)
#define STATUS_ROOM 4096

static void
say(struct serve_call *c, int status, const char *why)
{
	char text[256];
	int n = snprintf(text, sizeof(text), "%.250s\n", why);

	serve_text(c, status, TYPE_TEXT, text, (size_t)n);
}

/* --- what is there at once ------------------------------------------------------------------- */

static void
answer_master(struct gateway *g, struct serve_call *c)
{
	static char text[MASTER_ROOM];
	struct buf b;

	buf_init(&b, text, sizeof(text));
	master_write(&g->master, &b);
	if (b.overflow)
		say(c, 502, "The playlist is too long.");
	else
		serve_text(c, 200, TYPE_PLAYLIST, text, b.len);
}

/* For people and tests. */
static void
answer_status(struct gateway *g, struct serve_call *c)
{
	const struct track *t = g->track[0];
	char text[STATUS_ROOM];
	size_t held = 0;
	struct buf b;
	struct jw w;

	for (size_t i = 0; i < TRACKS_MAX; i++) {
		for (size_t k = 0; g->track[i] != NULL && k < JOBS_MAX; k++)
			held += g->track[i]->job[k] != NULL ? g->track[i]->job[k]->room : 0;
	}
	buf_init(&b, text, sizeof(text));
	jw_init(&w, &b);
	jw_open(&w, '{');
	jw_key_int(&w, "renditions", (int64_t)t->rungs);
	jw_key_int(&w, "playing", t->plays >= 0 ? t->plays : API_UNKNOWN);
	jw_key_int(&w, "segments", g->segments);
	jw_key_int(&w, "switches", g->switches);
	jw_key_int(&w, "abandoned", g->abandoned);
	jw_key_int(&w, "retries", g->retries);
	jw_key_int(&w, "held_bytes", (int64_t)held);
	jw_key_bool(&w, "daemon", advice_has_daemon(g->advice));
	jw_key_bool(&w, "outage", g->outage);
	jw_close(&w, '}');
	buf_char(&b, '\n');
	serve_text(c, 200, "application/json", text, b.len);
}

/* --- what it asks for ----------------------------------------------------------------------------- */

/* Digits; the end in *rest. */
static bool
read_number(const char *text, int64_t *out, const char **rest)
{
	struct m3u_text digits = {text, strspn(text, "0123456789")};

	*rest = text + digits.len;
	return m3u_integer(&digits, INT64_MAX / 4, out);
}

/* video.m3u8, video/7.ts, video/7.init.mp4, media/2.m3u8, media/2/7.aac, .. */
static bool
read_path(struct gateway *g, const char *path, struct visit *v)
{
	const char *rest;
	int64_t n = 0;

	if (strncmp(path, "/video", 6) == 0) {
		rest = path + 6;
		v->track = g->track[0];
	} else if (strncmp(path, "/media/", 7) == 0 && read_number(path + 7, &n, &rest) &&
	    n < MASTER_MEDIA_MAX) {
		v->track = g->track[n + 1];
	} else {
		return false;
	}
	if (v->track == NULL)
		return false;
	if (strcmp(rest, ".m3u8") == 0)
		return true;
	if (rest[0] != '/' || !read_number(rest + 1, &v->number, &rest) || rest[0] != '.')
		return false;
	v->kind = strcmp(rest, ".init.mp4") == 0 ? VISIT_SECTION : VISIT_SEGMENT;
	return true;
}

/* A player's place in the track has moved. */
static void
note_place(struct visit *v, int64_t now_us)
{
	struct track *t = v->track;
	const struct media_segment *s = track_segment(t, v->number);

	if (v->kind != VISIT_SEGMENT)
		return;
	if (t->wanted >= 0 && v->number != t->wanted + 1 && v->number != t->wanted)
		playback_seek(&t->playback, now_us);
	else
		playback_ask(&t->playback, now_us, s != NULL ? s->duration_us : 0);
	t->wanted = v->number;
}

void
visit_request(void *ctx, struct serve_call *c, const char *path)
{
	struct gateway *g = ctx;
	const int64_t now_us = loop_now_us(g->loop);
	struct visit *v;

	serve_set(c, NULL);
	if (!g->opened) {
		say(c, 503, "The playlist is not there yet.");
		return;
	}
	if (g->has_master && (strcmp(path, "/master.m3u8") == 0 || strcmp(path, "/") == 0)) {
		answer_master(g, c);
		return;
	}
	if (strcmp(path, "/status") == 0) {
		answer_status(g, c);
		return;
	}
	v = calloc(1, sizeof(*v));
	if (v == NULL || !read_path(g, path, v)) {
		free(v);
		say(c, 404, "There is no such thing here.");
		return;
	}
	v->call = c;
	v->began_us = now_us;
	v->next = g->visits;
	g->visits = v;
	serve_set(c, v);
	note_place(v, now_us);
	g->busy_us = now_us + SECOND_US;
	gateway_kick(g);
}

void
visit_over(void *ctx, struct serve_call *c)
{
	struct gateway *g = ctx;
	struct visit *v = serve_get(c), **at = &g->visits;

	if (v == NULL)
		return;
	while (*at != v)
		at = &(*at)->next;
	*at = v->next;
	if (v->job != NULL)
		v->job->visits--;
	free(v);
}

/* --- playlists ----------------------------------------------------------------------------------------- */

static void
answer_list(struct visit *v)
{
	const struct track *t = v->track;
	const struct list *l = &t->rung[t->reference].list;
	const struct listing how = {.folder = strrchr(t->folder, '/') != NULL
		? strrchr(t->folder, '/') + 1 : t->folder,
	    .base = l->whole.base, .shift = t->shift, .marks = gateway_marks(t->g)};
	const size_t room = listing_room(&l->media, &how);
	char *text = room <= LISTING_MAX ? malloc(room) : NULL;
	struct buf b;

	v->answered = true;
	if (text == NULL) {
		say(v->call, 502, "The playlist is too long.");
		return;
	}
	buf_init(&b, text, room);
	if (listing_write(&l->media, &how, &b) != 0)
		say(v->call, 502, "A key of the playlist has no URI that can be resolved.");
	else
		serve_text(v->call, 200, TYPE_PLAYLIST, text, b.len);
	free(text);
}

/* So old a playlist is still an answer while the origin gives none. */
static bool
stale_will_do(const struct list *l, int64_t now_us)
{
	return l->there && now_us - l->parsed_us < 3 * l->media.target_us + 10 * SECOND_US;
}

static void
step_list(struct visit *v, int64_t now_us)
{
	struct track *t = v->track;
	struct list *l = &t->rung[t->reference].list;
	int64_t half_us = l->there ? l->media.target_us / 2 : SECOND_US;
	enum want w = track_list(t, v->began_us - (half_us < SECOND_US ? half_us : SECOND_US),
	    now_us);

	l = &t->rung[t->reference].list;
	if (w == WANT_READY || (w == WANT_FAILED && stale_will_do(l, now_us))) {
		answer_list(v);
	} else if (w == WANT_FAILED) {
		v->answered = true;
		say(v->call, l->whole.status, l->whole.why);
	}
}

/* --- segments -------------------------------------------------------------------------------------------- */

static const char *
type_of(const struct visit *v)
{
	const struct job *j = v->job;
	const char *ending = url_ending(j->url, strlen(j->url));

	if (v->kind == VISIT_SECTION)
		return "video/mp4";
	if (strcmp(ending, ".vtt") == 0 || strcmp(ending, ".webvtt") == 0)
		return "text/vtt";
	if (strcmp(ending, ".aac") == 0)
		return "audio/aac";
	if (j->track->rung[j->rung].section.there)
		return "video/mp4";
	return "video/mp2t";
}

static void
tell_cmsd(struct visit *v)
{
	char text[160];

	if (v->track->g->cmsd[0] == '\0')
		return;
	advice_cmsd(v->track->g->cmsd, text, sizeof(text));
	serve_header(v->call, "CMSD-Dynamic", text);
}

static int64_t
read_segment(void *arg, char *to, size_t room)
{
	struct visit *v = arg;

	return job_read(v->job, &v->pos, to, room);
}

static void
step_job(struct visit *v)
{
	struct job *j = v->job;

	if (v->answered) {
		serve_wake(v->call);
	} else if (j->state == JOB_FAILED) {
		v->answered = true;
		say(v->call, j->status, "The origin does not have it, in none of its renditions.");
	} else if (v->kind == VISIT_SECTION && j->state >= JOB_FETCH) {
		const struct whole *w = &j->track->rung[j->rung].section;

		v->answered = j->section_told = true;
		if (w->there)
			serve_text(v->call, 200, type_of(v), w->data, w->len);
		else
			say(v->call, 404, "The segment has no initialization section.");
	} else if (v->kind == VISIT_SEGMENT && j->released) {
		v->answered = true;
		tell_cmsd(v);
		serve_body(v->call, type_of(v), j->state == JOB_DONE && j->base == 0
		    ? (int64_t)j->len : -1, read_segment, v);
	}
}

void
visit_step(struct visit *v, int64_t now_us)
{
	struct track *t = v->track;

	if (v->kind == VISIT_LIST) {
		if (!v->answered)
			step_list(v, now_us);
		return;
	}
	if (v->job == NULL && track_segment(t, v->number) == NULL) {
		enum want w = track_list(t, t->rung[t->reference].list.there
			? v->began_us : INT64_MIN, now_us);

		if (w != WANT_WAIT && track_segment(t, v->number) == NULL && !v->answered) {
			v->answered = true;
			say(v->call, w == WANT_READY ? 404 : t->rung[t->reference].list.whole.status,
			    "There is no such segment.");
		}
	}
	if (v->job == NULL && !v->answered && track_segment(t, v->number) != NULL) {
		v->job = job_of(t, v->number, true, now_us);
		if (v->job != NULL)
			v->job->visits++;
	}
	if (v->job != NULL)
		step_job(v);
}
