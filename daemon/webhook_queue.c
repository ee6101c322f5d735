/* SPDX-License-Identifier: ISC */
/* What one webhook is to be told, and when. */
#include "daemon/webhook_queue.h"

#include <assert.h>
#include <string.h>

void
webhook_queue_init(struct webhook_queue *q)
{
	memset(q, 0, sizeof *q);
	q->watch[WEBHOOK_STATE].told = q->watch[WEBHOOK_STATE].seen = EST_UNKNOWN;
	q->watch[WEBHOOK_QUALITY].told = q->watch[WEBHOOK_QUALITY].seen = EST_QUALITY_UNKNOWN;
}

/* This one is not delivered: the next one says so. */
static void
drop(struct webhook_queue *q, size_t i)
{
	assert(i < q->len && !(q->flying && i == 0));
	*(i + 1 < q->len ? &q->at[i + 1].missed : &q->missed) += q->at[i].missed + 1;
	q->len--;
	memmove(&q->at[i], &q->at[i + 1], (q->len - i) * sizeof q->at[0]);
}

static void
add(struct webhook_queue *q, const struct webhook_event *e)
{
	if (q->len == WEBHOOK_QUEUE_MAX) {
		drop(q, q->flying ? 1 : 0);
		q->dropped++;
	}
	if (q->len == 0 && q->pause_us == 0)
		q->due_us = e->queued_us;
	q->at[q->len] = *e;
	q->at[q->len].missed = q->missed;
	q->at[q->len++].number = ++q->number;
	q->missed = 0;
}

static void
look(struct webhook_queue *q, const struct api_view *v, enum webhook_kind kind, int now,
    int64_t hold_us)
{
	struct webhook_event e = { .kind = kind, .from = q->watch[kind].told, .to = now,
		.told_wall_us = v->wall_us, .queued_us = v->now_us };

	if (now != q->watch[kind].seen) {
		q->watch[kind].seen = now;
		q->watch[kind].since_us = v->now_us;
		q->watch[kind].since_wall_us = v->wall_us;
	}
	if (now == q->watch[kind].told || v->now_us - q->watch[kind].since_us < hold_us)
		return;
	q->watch[kind].told = now;
	e.since_wall_us = q->watch[kind].since_wall_us;
	memcpy(e.link, v->link.id, sizeof e.link);
	memcpy(e.interface, v->link.interface, sizeof e.interface);
	add(q, &e);
}

void
webhook_queue_look(struct webhook_queue *q, const struct api_view *v, unsigned kinds,
    int64_t hold_us)
{
	if (kinds & 1u << WEBHOOK_STATE)
		look(q, v, WEBHOOK_STATE, (int)v->est.state, hold_us);
	if (kinds & 1u << WEBHOOK_QUALITY)
		look(q, v, WEBHOOK_QUALITY, (int)v->est.quality, hold_us);
}

const struct webhook_event *
webhook_queue_take(struct webhook_queue *q, int64_t now_us)
{
	if (q->len == 0 || q->flying || now_us < q->due_us)
		return NULL;
	q->flying = true;
	return &q->at[0];
}

void
webhook_queue_done(struct webhook_queue *q, int64_t now_us, bool delivered)
{
	assert(q->flying && q->len > 0);
	q->flying = false;
	if (delivered) {
		q->delivered++;
		q->pause_us = 0;
		q->due_us = now_us;
		q->len--;
		memmove(&q->at[0], &q->at[1], q->len * sizeof q->at[0]);
		return;
	}
	q->failed++;
	q->pause_us = q->pause_us == 0 ? WEBHOOK_PAUSE_MIN_US : 2 * q->pause_us;
	if (q->pause_us > WEBHOOK_PAUSE_MAX_US)
		q->pause_us = WEBHOOK_PAUSE_MAX_US;
	q->due_us = now_us + q->pause_us;
}

size_t
webhook_queue_expire(struct webhook_queue *q, int64_t now_us, int64_t give_up_us)
{
	const size_t first = q->flying ? 1 : 0;
	size_t n = 0;

	while (q->len > first && now_us - q->at[first].queued_us >= give_up_us) {
		drop(q, first);
		q->given_up++;
		n++;
	}
	return n;
}

void
webhook_queue_hurry(struct webhook_queue *q, int64_t now_us)
{
	q->pause_us = 0;
	q->due_us = now_us;
}
