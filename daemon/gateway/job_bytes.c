/* SPDX-License-Identifier: ISC */
/* A segment's bytes: held back, put in shape, read. */
#include "daemon/gateway/internal.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 65536
#define DROP_BYTES (1024 * 1024) /* are let go of at once, where a segment is larger than is held */

void
job_stop_asking(struct job *j)
{
	if (j->keep_asked)
		advice_drop(j->track->g->advice);
	j->keep_asked = false;
}

void
job_drop_bytes(struct job *j)
{
	job_stop_asking(j); /* of a transfer that is no more */
	fetch_abort(j->fetch);
	j->fetch = NULL;
	j->len = j->ready = 0;
	j->got = j->skip = 0;
	j->total = -1;
	j->joined = false;
}

bool
job_space(struct job *j, size_t more)
{
	size_t room = j->room > 0 ? j->room : FIRST_ROOM;
	unsigned char *larger;

	while (room < j->len + more)
		room *= 2;
	if (room == j->room)
		return true;
	larger = realloc(j->data, room);
	if (larger == NULL)
		return false;
	j->data = larger;
	j->room = room;
	return true;
}

/* Parameter sets before the first picture. */
static bool
join_mp4(struct job *j, int64_t now_us)
{
	struct track *t = j->track;
	const struct rung *r = &t->rung[j->rung];
	const bool last = !job_working(j) || (j->total >= 0 && j->got == j->total);
	size_t at = 0, n = r->init.parameters_len;
	int got;

	if (j->joined || !r->section_read || r->init.self_contained || r->init.video == 0) {
		j->ready = j->len;
		return true;
	}
	got = fmp4_make_room(&r->init, j->data, j->len, &at);
	if (got == 0 && !last)
		return true;
	if (got != 1 && t->base != j->rung) {
		t->rung[j->rung].apart = true;
		job_rung_failed(j, 502, now_us);
		return false;
	}
	j->joined = true;
	if (got == 1 && job_space(j, n)) {
		memmove(j->data + at + n, j->data + at, j->len - at);
		memcpy(j->data + at, r->init.parameters, n);
		j->len += n;
	}
	j->ready = j->len;
	return true;
}

static void
join_ts(struct job *j)
{
	if (!j->joined) {
		j->joined = true;
		memset(&j->counters, 0, sizeof(j->counters));
		if (j->track->counters_of == j->number - 1)
			j->counters = j->track->counters;
		ts_begin(&j->counters);
	}
	j->ready += ts_join(&j->counters, j->data + j->ready, j->len - j->ready);
}

void
job_join(struct job *j, int64_t now_us)
{
	const struct track *t = j->track;

	if (t->rungs == 1 || j->keyed || t->g->o.switching != GATEWAY_SWITCH_ANY)
		j->ready = j->len;
	else if (t->rung[j->rung].section.there)
		(void)join_mp4(j, now_us);
	else
		join_ts(j);
}

/* What its reader has, where not all can be held. */
static void
let_go(struct job *j, uint64_t upto)
{
	const size_t n = (size_t)(upto - j->base);

	if (n < DROP_BYTES || j->len < HOLD_MAX / 2 || j->visits > 1 || j->state == JOB_DONE)
		return;
	memmove(j->data, j->data + n, j->len - n);
	j->base += n;
	j->len -= n;
	j->ready -= n;
	gateway_kick(j->track->g); /* the transfer goes on */
}

/* All of it was read. Where its length was said, nobody comes for the end. */
static void
give(struct job *j)
{
	if (!j->given)
		playback_give(&j->track->playback, loop_now_us(j->track->g->loop), j->duration_us);
	j->given = true;
}

int64_t
job_read(struct job *j, uint64_t *pos, char *to, size_t room)
{
	const uint64_t end = j->base + j->ready;
	size_t n;

	if (j->state == JOB_FAILED || *pos < j->base)
		return SERVE_BROKEN;
	if (!j->released)
		return 0;
	n = end - *pos < room ? (size_t)(end - *pos) : room;
	if (n > 0) {
		memcpy(to, j->data + (*pos - j->base), n);
		*pos += n;
		let_go(j, *pos);
	}
	if (j->state != JOB_DONE)
		return (int64_t)n;
	if (*pos == end)
		give(j);
	return n > 0 ? (int64_t)n : SERVE_END;
}
