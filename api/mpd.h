/* SPDX-License-Identifier: ISC */
/*
 * The ladder in a DASH MPD (ISO/IEC 23009-1).
 *
 * Of one Period, the named one or else the first that shows something, it reads the
 * Representations of all AdaptationSets of video: bandwidth, width, height, frameRate and
 * codecs, each from the Representation or else from its set. Sets for trick play, and those
 * whose Role is another than main where one has that, are left out. The sound of the first
 * audio set, at its highest bandwidth, is added to each, for it comes over the same link.
 *
 * Beside its lists of segments, of which the first entries are enough, it may have 96 KiB.
 * Nothing is fetched: xlink stays as it is. A document type is refused, and with it every
 * entity. The only file that includes expat.
 */
#ifndef LINKQ_API_MPD_H
#define LINKQ_API_MPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/ladder.h"

#define MPD_WHY_MAX 128

struct mpd_told {
	int64_t segment_us; /* of the video; 0: not said */
	bool live;          /* type="dynamic" */
	bool no_period;     /* there is none of that name */
	char why[MPD_WHY_MAX]; /* what is wrong, as the end of a sentence */
};

/* Is it one rather than HLS: is its first character a '<'? */
bool mpd_is_one(const char *text, size_t len);

/* `period`: the id of one; "": not said. Returns how many, in the order of the text; or
 * -EINVAL, and told->why says it. */
int mpd_parse(const char *text, size_t len, const char *period, struct ladder_rung *out,
    size_t max, struct mpd_told *told);

#endif
