/* SPDX-License-Identifier: ISC */
/*
 * The media playlist that a client is given: the segments of one rendition under names of
 * ours, so that each can be fetched from any. Pure: no I/O.
 *
 * Media sequence numbers stay. Which rendition a segment will be of is not known when it is
 * listed, so where it may be another one than before it is marked as if it were: each
 * segment but number 0 has EXT-X-DISCONTINUITY before it, and its own EXT-X-MAP. The
 * discontinuity sequence number of segment n is then n, in all playlists and for ever.
 */
#ifndef LINKQ_DAEMON_GATEWAY_LISTING_H
#define LINKQ_DAEMON_GATEWAY_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/buf.h"
#include "daemon/gateway/media.h"

#define LISTING_MAX (16 * 1024 * 1024) /* what takes more room is refused */

struct listing {
	const char *folder; /* of the segments' names, as the playlist has it: "video" */
	const char *base;   /* URL of the playlist: keys are told by their absolute URIs */
	int64_t shift;      /* number for the client = number in the playlist + shift */
	bool marks;         /* renditions may change between any two segments */
};

/* How much room it takes at the most; may be over LISTING_MAX. */
size_t listing_room(const struct media *m, const struct listing *l);

/* 0, or -EINVAL: a key has no URI that can be resolved. */
int listing_write(const struct media *m, const struct listing *l, struct buf *out);

/* ".ts" and the like, by which players know what a segment is. */
const char *listing_ending(const struct media_segment *s);

/* Are the keys of these segments the same to a client that was told of the first ones? */
bool listing_same_keys(const struct media *a, const struct media_segment *in_a,
    const char *base_a, const struct media *b, const struct media_segment *in_b,
    const char *base_b);

#endif
