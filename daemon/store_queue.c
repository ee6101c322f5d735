/* SPDX-License-Identifier: ISC */
/* What waits to be written. */
#include "daemon/store_queue.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int
ring_init(struct ring *r, size_t size, size_t cap)
{
	assert(cap > 0);
	memset(r, 0, sizeof *r);
	r->memory = malloc(size * cap);
	r->size = size;
	r->cap = cap;
	return r->memory != NULL ? 0 : -ENOMEM;
}

int
queue_init(struct queue *q, size_t divisor)
{
	memset(q, 0, sizeof *q);
	if (ring_init(&q->estimates, sizeof(struct api_estimate_row),
		QUEUE_ESTIMATES / divisor) != 0 ||
	    ring_init(&q->observations, sizeof(struct api_observation_row),
		QUEUE_OBSERVATIONS / divisor) != 0 ||
	    ring_init(&q->events, sizeof(struct api_event_row), QUEUE_EVENTS / divisor) != 0 ||
	    ring_init(&q->links, sizeof(struct api_link), QUEUE_LINKS / divisor) != 0) {
		queue_finish(q);
		return -ENOMEM;
	}
	return 0;
}

void
queue_finish(struct queue *q)
{
	free(q->estimates.memory);
	free(q->observations.memory);
	free(q->events.memory);
	free(q->links.memory);
	for (size_t i = 0; i < q->kept_len; i++)
		free(q->kept[i]);
	memset(q, 0, sizeof *q);
}

size_t
queue_len(const struct queue *q)
{
	return q->estimates.len + q->observations.len + q->events.len + q->links.len +
	    q->kept_len;
}

void
ring_clear(struct ring *r)
{
	r->first = r->len = 0; /* from the front again: memory beyond stays untouched */
}

static void *
place(struct ring *r, size_t i)
{
	return (char *)r->memory + (r->first + i) % r->cap * r->size;
}

void
queue_push(struct queue *q, struct ring *r, const void *row)
{
	if (r->len == r->cap) {
		r->first = (r->first + 1) % r->cap;
		r->len--;
		q->dropped++;
	}
	memcpy(place(r, r->len), row, r->size);
	r->len++;
}

void
ring_move(struct ring *to, struct ring *from)
{
	assert(to->size == from->size);
	while (from->len > 0 && to->len < to->cap) {
		memcpy(place(to, to->len), ring_at(from, 0), to->size);
		to->len++;
		from->first = (from->first + 1) % from->cap;
		from->len--;
	}
	if (from->len == 0)
		ring_clear(from);
}

static size_t
find(const struct queue *q, const char *key)
{
	size_t i = 0;

	while (i < q->kept_len && strcmp(q->kept[i]->key, key) != 0)
		i++;
	return i;
}

/* The key's place, a new one where there is none. NULL: no room, and that is counted. */
static struct kept *
kept_of(struct queue *q, const char *key)
{
	size_t i = find(q, key);
	struct kept *k;

	assert(strlen(key) <= KEPT_KEY_MAX);
	if (i < q->kept_len)
		return q->kept[i];
	k = i < QUEUE_KEPT ? malloc(sizeof *k) : NULL;
	if (k == NULL) {
		q->dropped++;
		return NULL;
	}
	memcpy(k->key, key, strlen(key) + 1);
	q->kept[q->kept_len++] = k;
	return k;
}

void
queue_put(struct queue *q, const char *key, const void *value, size_t len)
{
	struct kept *k = kept_of(q, key);

	assert(len <= STORE_BLOB_MAX);
	if (k == NULL)
		return;
	k->dropped = false;
	k->len = len;
	if (len > 0)
		memcpy(k->value, value, len);
}

void
queue_drop(struct queue *q, const char *key)
{
	struct kept *k = kept_of(q, key);

	if (k != NULL)
		k->dropped = true;
}

const struct kept *
queue_find(const struct queue *q, const char *key)
{
	size_t i = find(q, key);

	return i < q->kept_len ? q->kept[i] : NULL;
}
