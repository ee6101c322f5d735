/* SPDX-License-Identifier: ISC */
/* A track: its rungs, and which of their playlists is listed. */
#include "daemon/gateway/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
track_init(struct track *t, struct gateway *g, const char *folder, size_t rungs)
{
	memset(t, 0, sizeof(*t));
	t->rung = calloc(rungs, sizeof(*t->rung));
	if (t->rung == NULL)
		return -ENOMEM;
	t->g = g;
	t->rungs = rungs;
	snprintf(t->folder, sizeof(t->folder), "%s", folder);
	t->reference = rungs == 1 ? 0 : -1;
	t->fixed = rungs == 1 ? 0 : -1;
	t->base = t->plays = -1;
	t->wanted = t->counters_of = -1;
	playback_init(&t->playback);
	return 0;
}

void
track_finish(struct track *t)
{
	for (size_t i = 0; i < JOBS_MAX; i++)
		job_destroy(t->job[i]);
	for (size_t i = 0; t->rung != NULL && i < t->rungs; i++) {
		list_finish(&t->rung[i].list);
		whole_finish(&t->rung[i].section);
	}
	free(t->rung);
}

bool
track_usable(const struct track *t, size_t rung, int64_t now_us)
{
	const struct rung *r = &t->rung[rung];

	return !r->apart && now_us >= r->bad_until_us &&
	    (t->fixed < 0 || t->fixed == (int)rung);
}

int
track_near(const struct track *t, int rung, uint64_t but, int64_t now_us)
{
	for (int i = rung; i >= 0; i--) {
		if (!(but & UINT64_C(1) << i) && track_usable(t, (size_t)i, now_us))
			return i;
	}
	for (int i = rung + 1; i < (int)t->rungs; i++) {
		if (!(but & UINT64_C(1) << i) && track_usable(t, (size_t)i, now_us))
			return i;
	}
	return -1;
}

const struct media_segment *
track_segment(const struct track *t, int64_t number)
{
	if (t->reference < 0 || !t->rung[t->reference].list.there)
		return NULL;
	return media_numbered(&t->rung[t->reference].list.media, number - t->shift);
}

/* Numbers go on in the playlist of another rung: by the latest segment that both have. */
static void
move(struct track *t, int to)
{
	const struct list *old = &t->rung[t->reference].list;
	const struct media *m = &t->rung[to].list.media;

	for (size_t i = old->there ? old->media.segments : 0; i > 0; i--) {
		const struct media_segment *s = media_same(&old->media, i - 1, m);

		if (s == NULL)
			continue;
		t->shift += old->media.sequence + (int64_t)i - 1 - (m->sequence + (s - m->segment));
		break;
	}
	gateway_note(t->g, "%s: the playlist of rendition %d leads on", t->folder, to);
	t->reference = to;
}

enum want
track_list(struct track *t, int64_t since_us, int64_t now_us)
{
	struct list *l = &t->rung[t->reference].list;
	enum want w = list_want(l, since_us, now_us), other = WANT_FAILED;
	int to;

	if (w != WANT_FAILED)
		return w;
	t->rung[t->reference].bad_until_us = now_us + 10 * SECOND_US;
	to = track_near(t, t->reference, UINT64_C(1) << t->reference, now_us);
	if (to >= 0)
		other = list_want(&t->rung[to].list, since_us, now_us);
	if (other == WANT_READY)
		move(t, to);
	else if (other == WANT_FAILED && to >= 0)
		t->rung[to].bad_until_us = now_us + 10 * SECOND_US;
	if (to >= 0)
		return other == WANT_READY ? WANT_READY : WANT_WAIT;
	return WANT_FAILED;
}

void
track_tick(struct track *t, int64_t now_us)
{
	for (size_t i = 0; i < t->rungs; i++) {
		whole_tick(&t->rung[i].list.whole, now_us);
		whole_tick(&t->rung[i].section, now_us);
	}
	for (size_t i = 0; i < JOBS_MAX; i++) {
		if (t->job[i] != NULL)
			job_tick(t->job[i], now_us);
	}
}
