/* SPDX-License-Identifier: ISC */
/*
 * The ladder in an HLS multivariant playlist (RFC 8216, 4.3.4.2, and its successor).
 *
 * A rendition is what a viewer would call one. Of EXT-X-STREAM-INF it reads BANDWIDTH,
 * AVERAGE-BANDWIDTH, RESOLUTION, FRAME-RATE, CODECS, VIDEO-RANGE, SCORE and NAME, with the
 * variables of EXT-X-DEFINE, and it counts once
 *   - the same video with several audio groups: with the bit rate of the group asked for,
 *     or else of the one that comes first;
 *   - the same video on several pathways, or behind several URIs: the first pathway's.
 * Variants without a picture are left out where others have one, and so are I-frames.
 *
 * An example. 720p.m3u8 with AUDIO="aac" at 3.1 Mbit/s and again with AUDIO="ec3" at 3.4 is
 * one rendition of 3.1 Mbit/s, or of 3.4 for whoever asks for "ec3".
 */
#ifndef LINKQ_API_HLS_H
#define LINKQ_API_HLS_H

#include <stddef.h>

#include "api/ladder.h"

/* `audio`: the audio group that plays; "": not said. Returns how many renditions, in the
 * order of the playlist; or -EINVAL, and *why says it. */
int hls_parse(const char *text, size_t len, const char *audio, struct ladder_rung *out,
    size_t max, const char **why);

#endif
