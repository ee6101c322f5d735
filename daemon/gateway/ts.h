/* SPDX-License-Identifier: ISC */
/*
 * MPEG-TS segments of several renditions as one unbroken stream. Pure: no I/O.
 *
 * Each rendition counts its packets by itself (continuity_counter, ISO 13818-1, 2.4.3.3), so
 * that the first packets of a segment of another rendition look as if some had been lost; a
 * player then takes the picture before for damaged. Here the counters go on instead. Each
 * segment begins with its tables and a key picture, which is all that a decoder needs.
 *
 * Example: the last packet of PID 256 that was handed on had the counter 9, the first one of
 * the next segment has 4. All of that segment's packets of PID 256 get 6 more, modulo 16.
 */
#ifndef LINKQ_DAEMON_GATEWAY_TS_H
#define LINKQ_DAEMON_GATEWAY_TS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TS_PACKET 188
#define TS_PIDS_MAX 32 /* of one stream; further ones are left as they are */

/* The last counter of each PID. */
struct ts_counters {
	size_t len;
	struct {
		uint16_t pid;
		uint8_t last, add;
		bool seen; /* in this segment */
	} pid[TS_PIDS_MAX];
};

/* A segment begins: *c holds the counters at the end of the one before it. */
void ts_begin(struct ts_counters *c);

/* Rewrite the whole packets in data; returns how many bytes they are. What is no MPEG-TS is
 * taken whole and left alone. */
size_t ts_join(struct ts_counters *c, unsigned char *data, size_t len);

#endif
