/* SPDX-License-Identifier: ISC */
/*
 * How much a player has in its buffer, by what it has fetched: it plays from its first whole
 * segment on, and each further one adds its duration. A player that was paused has more than
 * that, and one that seeked begins anew. Pure: instants are arguments.
 *
 * Example: segments of 2 s handed over at 0, 0.2 and 0.4 s; at 1.4 s it has 4.6 s. Its next
 * request comes at 2.4 s, though nothing kept it from asking before: it wants no more than
 * 3.6 s before it asks, so with the segment that it asks for then it holds 5.6 s at the most.
 */
#ifndef LINKQ_DAEMON_GATEWAY_PLAYBACK_H
#define LINKQ_DAEMON_GATEWAY_PLAYBACK_H

#include <stdbool.h>
#include <stdint.h>

struct playback {
	bool playing;
	int64_t at_us, buffer_us; /* so much at that instant */
	int64_t given_us;         /* when a segment was last handed over */
	int64_t max_us;           /* what it lets its buffer be filled to; -1: not known */
	int64_t stalled_us;       /* so long it had nothing, by this reckoning */
};

void playback_init(struct playback *p);
int64_t playback_buffer_us(struct playback *p, int64_t now_us);
/* A segment was handed over whole. */
void playback_give(struct playback *p, int64_t now_us, int64_t duration_us);
/* It asks for the next one, of that duration. */
void playback_ask(struct playback *p, int64_t now_us, int64_t duration_us);
/* It asks for another than the next one. */
void playback_seek(struct playback *p, int64_t now_us);

#endif
