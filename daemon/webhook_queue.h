/* SPDX-License-Identifier: ISC */
/*
 * What one webhook is to be told, and when: no I/O, time is an argument.
 *
 * A state or a quality counts when it has held for the hook's hold time and differs from the
 * last one that was told; what swings back before is never told. What cannot be delivered
 * waits, in order, one at a time, and is tried again after 1 s, 2 s, 4 s, .. 5 min. Where the
 * queue is full the oldest that waits goes, and where one is too old it goes: the next one
 * then says in `missed` how many before it were not delivered.
 *
 * An example, with a hold of 5 s. Offline for 3 s: nothing. Offline for 20 s: a change to
 * offline, 5 s after it began; and 5 s after its end, one from offline to online.
 */
#ifndef LINKQ_DAEMON_WEBHOOK_QUEUE_H
#define LINKQ_DAEMON_WEBHOOK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/source.h"

#define WEBHOOK_QUEUE_MAX 32
#define WEBHOOK_PAUSE_MIN_US INT64_C(1000000)
#define WEBHOOK_PAUSE_MAX_US INT64_C(300000000)

enum webhook_kind { WEBHOOK_STATE, WEBHOOK_QUALITY, WEBHOOK_KINDS };

struct webhook_event {
	int64_t number; /* of this hook, from 1 on */
	enum webhook_kind kind;
	int from, to; /* enum est_state, enum est_quality */
	int64_t since_wall_us, told_wall_us; /* it became so; and had held for long enough */
	int64_t queued_us;
	int64_t missed; /* before this one, and not delivered */
	char link[API_LINK_ID_MAX + 1], interface[16];
};

struct webhook_queue {
	struct {
		int told, seen;
		int64_t since_us, since_wall_us; /* of what is seen */
	} watch[WEBHOOK_KINDS];
	struct webhook_event at[WEBHOOK_QUEUE_MAX];
	size_t len;
	bool flying; /* the first one is on its way */
	int64_t due_us, pause_us;
	int64_t missed; /* behind the last one that waits */
	int64_t number;
	int64_t delivered, failed, given_up, dropped; /* failed: attempts */
};

void webhook_queue_init(struct webhook_queue *q);

/* How the link stands. `kinds`: a bit (1 << kind) for each that the hook is told of. */
void webhook_queue_look(struct webhook_queue *q, const struct api_view *v, unsigned kinds,
    int64_t hold_us);

/* The one to deliver now, which then is on its way; NULL: none is due. */
const struct webhook_event *webhook_queue_take(struct webhook_queue *q, int64_t now_us);
/* It ended so. Also false: it was given up for now, as for other settings. */
void webhook_queue_done(struct webhook_queue *q, int64_t now_us, bool delivered);

/* Drop what waits for longer than that. How many went. */
size_t webhook_queue_expire(struct webhook_queue *q, int64_t now_us, int64_t give_up_us);

/* There is a way again: try at once. */
void webhook_queue_hurry(struct webhook_queue *q, int64_t now_us);

#endif
