/* SPDX-License-Identifier: ISC */
/* A segment on its way: which rendition, its playlist, its initialization section. */
#include "daemon/gateway/internal.h"
#include "daemon/gateway/listing.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 2       /* through all rungs */
#define ROUND_PAUSE_US SECOND_US
#define LIVE_POLL_US (SECOND_US / 2)

bool
job_working(const struct job *j)
{
	return j->state != JOB_DONE && j->state != JOB_FAILED;
}

static void
fail(struct job *j, int status)
{
	j->state = JOB_FAILED;
	j->status = status;
	gateway_note(j->track->g, "%s/%lld: cannot be had (%d)", j->track->folder,
	    (long long)j->number, status);
}

void
job_rung_failed(struct job *j, int status, int64_t now_us)
{
	struct track *t = j->track;
	int next;

	j->tried |= UINT64_C(1) << j->rung;
	/* What one says of itself is less than that none could be asked. */
	j->status = status > j->status ? status : j->status;
	job_drop_bytes(j);
	next = track_near(t, j->rung, j->tried, now_us);
	if (next < 0 && (j->status == 404 || ++j->rounds >= ROUNDS_MAX)) {
		fail(j, j->status);
		return;
	}
	if (next < 0) {
		j->tried = 0;
		j->not_before_us = now_us + ROUND_PAUSE_US;
	} else {
		gateway_note(t->g, "%s/%lld: not of rendition %d (%d), of %d", t->folder,
		    (long long)j->number, j->rung, status, next);
		j->rung = next;
	}
	j->state = JOB_LIST;
}

/* --- Which rung ------------------------------------------------------------------------------ */

static void
chosen(struct job *j, int rung)
{
	struct track *t = j->track;

	if (j->rung != rung)
		job_drop_bytes(j);
	j->rung = rung;
	j->state = JOB_LIST;
	if (t->g->o.switching == GATEWAY_SWITCH_NEVER && t->fixed < 0)
		t->fixed = rung;
}

static void
on_advice(void *ctx, const struct advice_answer *a)
{
	struct job *j = ctx;

	gateway_said(j->track->g, a);
	chosen(j, j->track->map[a->rung]);
	gateway_kick(j->track->g);
}

/* One segment of a track at a time: a link is not to be shared between two. */
static bool
others_work(const struct job *j)
{
	for (size_t i = 0; i < JOBS_MAX; i++) {
		const struct job *o = j->track->job[i];

		if (o != NULL && o != j && job_working(o) &&
		    (o->state > JOB_CHOOSE || o->number < j->number))
			return true;
	}
	return false;
}

static void
choose(struct job *j, int64_t now_us)
{
	static struct hint_request r;
	struct track *t = j->track;
	int only;

	if (others_work(j))
		return;
	only = t->fixed >= 0 ? track_near(t, t->fixed, 0, now_us) : -1;
	if (only >= 0) {
		chosen(j, only);
		return;
	}
	job_question(j, &r, now_us);
	j->begun_us = now_us;
	if (r.rungs == 0) { /* none is well just now */
		chosen(j, 0);
		return;
	}
	j->state = JOB_ASKED;
	advice_ask(t->g->advice, &r, false, on_advice, j);
}

/* --- Where it is --------------------------------------------------------------------------- */

static const struct media_segment *
in_rung(const struct job *j, const struct media_segment *s)
{
	const struct track *t = j->track;
	const struct media *ref = &t->rung[t->reference].list.media;
	const struct list *l = &t->rung[j->rung].list;

	if (!l->there)
		return NULL;
	if (j->rung == t->reference)
		return s;
	return media_same(ref, (size_t)(s - ref->segment), &l->media);
}

/* What there is to know of the segment for fetching it. False: not of this rung. */
static bool
locate(struct job *j, const struct media_segment *s)
{
	const struct track *t = j->track;
	const struct list *ref = &t->rung[t->reference].list, *l = &t->rung[j->rung].list;
	const struct media_segment *here = in_rung(j, s);

	if (here == NULL || here->gap ||
	    !listing_same_keys(&ref->media, s, ref->whole.base, &l->media, here, l->whole.base) ||
	    url_resolve(l->whole.base, here->uri.at, here->uri.len, j->url) != 0)
		return false;
	j->range = here->range;
	j->duration_us = here->duration_us;
	j->keyed = here->keys >= 0;
	return true;
}

/* The playlist of the rung, with the segment in it. */
static void
find(struct job *j, int64_t now_us)
{
	struct track *t = j->track;
	struct list *l = &t->rung[j->rung].list;
	const struct media_segment *s = track_segment(t, j->number);
	enum want w;

	if (s == NULL) {
		fail(j, 404);
		return;
	}
	/* At the live edge it may be listed a moment later than in the one that is listed. */
	w = list_want(l, INT64_MIN, now_us);
	if (w == WANT_READY && in_rung(j, s) == NULL && !l->media.ended &&
	    now_us - j->begun_us < l->media.target_us)
		w = list_want(l, now_us - LIVE_POLL_US, now_us);
	if (w == WANT_READY && in_rung(j, s) == NULL && !l->media.ended &&
	    now_us - j->begun_us < l->media.target_us)
		return;
	if (w == WANT_FAILED)
		t->rung[j->rung].bad_until_us = now_us + 10 * SECOND_US;
	if (w == WANT_FAILED)
		job_rung_failed(j, l->whole.status, now_us);
	else if (w == WANT_READY && !locate(j, s))
		job_rung_failed(j, 404, now_us);
	else if (w == WANT_READY)
		j->state = JOB_SECTION;
}

/* --- Its initialization section ------------------------------------------------------------- */

/* The whole of the rung is the section that this segment has. */
static bool
point_section(struct job *j, const struct media_segment *here)
{
	struct rung *r = &j->track->rung[j->rung];
	const struct media_map *map = &r->list.media.map[here->map];
	char url[URL_MAX];

	if (url_resolve(r->list.whole.base, map->uri.at, map->uri.len, url) != 0)
		return false;
	if (strcmp(r->section.url, url) == 0 && r->section.range.from == map->range.from &&
	    r->section.range.len == map->range.len)
		return true;
	whole_finish(&r->section);
	whole_init(&r->section, j->track->g, url, map->range, FMP4_HEAD_MAX);
	r->section_known = false;
	return true;
}

/* Can a player go on with this rung? The first one sets what the others must be like. */
static bool
fits(struct job *j)
{
	struct track *t = j->track;
	struct rung *r = &t->rung[j->rung];

	if (!r->section_known) {
		r->section_known = true;
		r->section_read = !j->keyed && fmp4_read_init((unsigned char *)r->section.data,
		    r->section.len, &r->init) == 0;
	}
	if (t->base < 0)
		t->base = j->rung;
	if (t->g->o.switching != GATEWAY_SWITCH_ANY || t->base == j->rung || t->rungs == 1)
		return true;
	return r->section_read && t->rung[t->base].section_read &&
	    fmp4_joins(&t->rung[t->base].init, &r->init);
}

static void
get_section(struct job *j, int64_t now_us)
{
	struct rung *r = &j->track->rung[j->rung];
	const struct media_segment *s = track_segment(j->track, j->number);
	const struct media_segment *here = s != NULL ? in_rung(j, s) : NULL;
	enum want w = WANT_READY;

	if (here != NULL && here->map >= 0 && point_section(j, here))
		w = whole_want(&r->section, INT64_MIN, now_us);
	if (w == WANT_WAIT)
		return;
	if (w == WANT_FAILED) {
		job_rung_failed(j, r->section.status, now_us);
	} else if (r->section.there && !fits(j)) {
		gateway_note(j->track->g, "%s: rendition %d cannot be joined with %d",
		    j->track->folder, j->rung, j->track->base);
		r->apart = true;
		job_rung_failed(j, 502, now_us);
	} else {
		job_fetch(j, now_us);
	}
}

/* What has come since. */
static void
take_on(struct job *j, int64_t now_us)
{
	if (j->ready < j->len)
		job_join(j, now_us);
	if (j->state == JOB_FETCH && j->len < HOLD_MAX)
		fetch_resume(j->fetch);
}

/* --- The whole ------------------------------------------------------------------------------- */

void
job_step(struct job *j, int64_t now_us)
{
	enum job_state before;

	do {
		before = j->state;
		if (now_us < j->not_before_us)
			return;
		switch (j->state) {
		case JOB_CHOOSE:
			choose(j, now_us);
			break;
		case JOB_LIST:
			find(j, now_us);
			break;
		case JOB_SECTION:
			get_section(j, now_us);
			break;
		case JOB_FETCH:
			take_on(j, now_us);
			break;
		case JOB_ASKED:
		case JOB_DONE:
		case JOB_FAILED:
			break;
		}
	} while (j->state != before);
}

void
job_destroy(struct job *j)
{
	if (j == NULL)
		return;
	assert(j->visits == 0);
	if (j->state == JOB_ASKED || j->keep_asked)
		advice_drop(j->track->g->advice);
	fetch_abort(j->fetch);
	free(j->data);
	for (size_t i = 0; i < JOBS_MAX; i++) {
		if (j->track->job[i] == j)
			j->track->job[i] = NULL;
	}
	free(j);
}

/* How little a job is wanted by one who is to have `number` next; 0: it is. */
static int64_t
useless(const struct job *j, int64_t number)
{
	const int64_t wanted = j->track->wanted;

	if (j->visits > 0)
		return 0;
	if (j->number > number)
		return INT64_MAX - JOBS_MAX; /* from before a jump back */
	return j->number < wanted ? wanted - j->number : 0;
}

/* A free place, or that of what is wanted least. JOBS_MAX: all are wanted. */
static size_t
to_replace(const struct track *t, int64_t number)
{
	size_t best = JOBS_MAX;
	int64_t most = 0;

	for (size_t i = 0; i < JOBS_MAX; i++) {
		if (t->job[i] == NULL)
			return i;
		if (useless(t->job[i], number) > most) {
			most = useless(t->job[i], number);
			best = i;
		}
	}
	return best;
}

static struct job *
begin_job(struct track *t, int64_t number, int64_t now_us)
{
	size_t at = to_replace(t, number);
	struct job *j;

	if (at == JOBS_MAX)
		return NULL;
	job_destroy(t->job[at]);
	j = calloc(1, sizeof(*j));
	if (j == NULL)
		return NULL;
	*j = (struct job){.track = t, .number = number, .rung = -1, .total = -1,
	    .range = {0, -1}, .begun_us = now_us, .progress_us = now_us};
	t->job[at] = j;
	return j;
}

/* A player went elsewhere: what was fetched ahead for it is not to be in the way. */
static void
clear_ahead(struct track *t, int64_t number)
{
	for (size_t i = 0; i < JOBS_MAX; i++) {
		if (t->job[i] != NULL && t->job[i]->number != number && t->job[i]->visits == 0 &&
		    job_working(t->job[i]))
			job_destroy(t->job[i]);
	}
}

struct job *
job_of(struct track *t, int64_t number, bool begin, int64_t now_us)
{
	for (size_t i = 0; i < JOBS_MAX; i++) {
		struct job *j = t->job[i];

		if (j == NULL || j->number != number)
			continue;
		if (j->base == 0 && !(j->state == JOB_FAILED && j->visits == 0))
			return j;
		if (!begin || j->visits > 0)
			return j;
		job_destroy(j); /* what was handed on is gone; or another try */
	}
	if (!begin)
		return NULL;
	clear_ahead(t, number);
	return begin_job(t, number, now_us);
}
