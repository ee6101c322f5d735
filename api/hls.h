/* SPDX-License-Identifier: ISC */
/*
 * The ladder in an HLS multivariant playlist (RFC 8216, section 4.3.4.2).
 *
 * Reads EXT-X-STREAM-INF alone: BANDWIDTH (peak, required), AVERAGE-BANDWIDTH, RESOLUTION,
 * NAME. The same rung under several URIs counts once. A media playlist is refused.
 */
#ifndef LINKQ_API_HLS_H
#define LINKQ_API_HLS_H

#include <stddef.h>
#include <stdint.h>

#define HLS_NAME_MAX 47

struct hls_variant {
	char name[HLS_NAME_MAX + 1]; /* "" */
	int64_t avg_kbps;            /* the peak where the average is not said */
	int64_t peak_kbps;
	int64_t height; /* 0: not said */
};

/* Returns how many variants, in the order of the playlist; or -EINVAL, and *why says it. */
int hls_parse(const char *text, size_t len, struct hls_variant *out, size_t max,
    const char **why);

#endif
