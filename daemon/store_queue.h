/* SPDX-License-Identifier: ISC */
/*
 * What waits to be written: a bounded ring for each kind of row. Where one is full its
 * oldest row goes and is counted; since each kind has its own, a flood of observations
 * never costs an event. No lock of its own; the store's covers it.
 */
#ifndef LINKQ_DAEMON_STORE_QUEUE_H
#define LINKQ_DAEMON_STORE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/rows.h"
#include "api/source.h"
#include "daemon/store.h"

#define QUEUE_ESTIMATES 1024
#define QUEUE_OBSERVATIONS 4096
#define QUEUE_EVENTS 256
#define QUEUE_LINKS 32
#define QUEUE_KEPT 64
#define KEPT_KEY_MAX 63

struct ring {
	void *memory; /* ours */
	size_t size, cap, first, len;
};

struct kept {
	bool dropped; /* in place of a value */
	size_t len;
	char key[KEPT_KEY_MAX + 1];
	unsigned char value[STORE_BLOB_MAX];
};

struct queue {
	struct ring estimates, observations, events, links;
	struct kept *kept[QUEUE_KEPT]; /* one a key */
	size_t kept_len;
	int64_t dropped;
};

int queue_init(struct queue *q, size_t divisor); /* capacities are divided by it; -ENOMEM */
void queue_finish(struct queue *q);
size_t queue_len(const struct queue *q);

/* Copy one in. */
void queue_push(struct queue *q, struct ring *r, const void *row);
void queue_put(struct queue *q, const char *key, const void *value, size_t len);
void queue_drop(struct queue *q, const char *key);
/* NULL: it does not wait here. */
const struct kept *queue_find(const struct queue *q, const char *key);

/* Take the oldest out, as many as `to` has room for. Both rings are of one kind. */
void ring_move(struct ring *to, struct ring *from);
static inline const void *
ring_at(const struct ring *r, size_t i)
{
	return (const char *)r->memory + (r->first + i) % r->cap * r->size;
}
void ring_clear(struct ring *r);

#endif
