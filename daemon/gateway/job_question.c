/* SPDX-License-Identifier: ISC */
/* The question about a segment's rendition. */
#include "daemon/gateway/internal.h"

/* What the player has, and what waits for it here. */
static int64_t
buffered(struct job *j, int64_t now_us)
{
	struct track *t = j->track;
	int64_t us = playback_buffer_us(&t->playback, now_us);

	for (size_t i = 0; i < JOBS_MAX; i++) {
		const struct job *o = t->job[i];

		if (o != NULL && o->state == JOB_DONE && !o->given && o->number < j->number &&
		    o->number >= j->number - JOBS_MAX)
			us += o->duration_us;
	}
	return us;
}

static int64_t
segments_left(const struct track *t, int64_t number)
{
	const struct media *m = &t->rung[t->reference].list.media;

	if (!m->ended)
		return -1;
	return m->sequence + (int64_t)m->segments + t->shift - number;
}

static int
mapped(const int map[], size_t len, int rung)
{
	for (size_t i = 0; i < len; i++) {
		if (map[i] == rung)
			return (int)i;
	}
	return -1;
}

/* What was fetched last: it was told as an observation already. */
static void
set_last(const struct track *t, struct hint_request *r, const int map[], int64_t now_us)
{
	r->last = t->last;
	if (!r->last.there)
		return;
	r->last.rendition = mapped(map, r->rungs, t->last.rendition);
	r->last.ended_ago_us = now_us - t->last_ended_us;
	r->last.reported = true;
}

static void
set_inflight(const struct job *j, struct hint_request *r, const int map[])
{
	const struct fetch_info *i;

	if (j->fetch == NULL)
		return;
	i = fetch_look(j->fetch);
	r->inflight = (struct hint_transfer){.there = true, .reported = true,
	    .rendition = mapped(map, r->rungs, j->rung), .bytes = j->got, .total_bytes = j->total,
	    .ttfb_us = i->ttfb_us, .ended_ago_us = -1};
}

void
job_question(struct job *j, struct hint_request *r, int64_t now_us)
{
	struct track *t = j->track;
	int *map = t->map;
	const struct list *l = &t->rung[t->reference >= 0 ? t->reference : 0].list;
	const struct media_segment *s = track_segment(t, j->number);

	hint_defaults(r);
	for (size_t i = 0; i < t->rungs; i++) {
		if (!track_usable(t, i, now_us) || j->tried & UINT64_C(1) << i)
			continue;
		map[r->rungs] = (int)i;
		r->rung[r->rungs++] = (struct ladder_rung){.avg_kbps = t->rung[i].avg_kbps,
		    .peak_kbps = t->rung[i].peak_kbps, .height = t->rung[i].height,
		    .score_micro = -1, .variant = -1};
	}
	hint_name_rungs(r);
	r->current = mapped(map, r->rungs, t->plays);
	r->buffer_us = buffered(j, now_us);
	if (s != NULL)
		r->segment_us = s->duration_us > 10000 ? s->duration_us : 10000;
	/* What is fetched ahead, besides what the player wants. */
	if (t->playback.max_us > 0)
		r->max_buffer_us = t->playback.max_us + t->g->o.ahead_us;
	r->mode = l->there && l->media.ended ? PLAN_VOD : PLAN_LIVE;
	if (l->there)
		r->segments_left = segments_left(t, j->number);
	r->cap_kbps = t->g->o.max_kbps;
	r->cap_height = t->g->o.max_height;
	set_last(t, r, map, now_us);
	set_inflight(j, r, map);
	r->inflight.duration_us = j->fetch != NULL ? now_us - fetch_look(j->fetch)->begun_us : 0;
}
