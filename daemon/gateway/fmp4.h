/* SPDX-License-Identifier: ISC */
/*
 * Fragmented MP4 segments of several renditions as one stream. Pure: no I/O.
 *
 * What a decoder must know of a rendition (the parameter sets of H.264 and H.265) stands in
 * its initialization section, and most players read that once: FFmpeg's, and all that are
 * built on it, skip any further one. So the parameter sets are put in front of the first
 * picture of each segment, where decoders take them as well. That changes three numbers: the
 * size of the first sample, the size of the box that holds it, and where the samples of
 * other tracks begin.
 *
 * It is done only where everything else is the same: the tracks, their time scales, their
 * codecs, their defaults, their edit lists.
 */
#ifndef LINKQ_DAEMON_GATEWAY_FMP4_H
#define LINKQ_DAEMON_GATEWAY_FMP4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FMP4_TRACKS_MAX 4
#define FMP4_PARAMETERS_MAX 1024
#define FMP4_HEAD_MAX (1024 * 1024) /* of a segment, before its first picture */

struct fmp4_track {
	uint32_t id, timescale;
	uint32_t handler; /* vide, soun, .. */
	uint32_t codec;   /* avc1, mp4a, .. */
	uint32_t sound;   /* channels and rate */
	uint32_t defaults[4]; /* trex */
	uint32_t edits;   /* a sum of its edit list; 0: none */
};

/* What an initialization section says. */
struct fmp4_init {
	size_t tracks;
	struct fmp4_track track[FMP4_TRACKS_MAX];
	uint32_t video; /* id of the video track; 0: none */
	uint8_t length_bytes; /* before each NAL unit */
	bool self_contained;  /* its key pictures say all by themselves: VP9, AV1 */
	size_t parameters_len;
	unsigned char parameters[FMP4_PARAMETERS_MAX]; /* NAL units with their lengths */
};

/* 0, or -EINVAL: it is none, or of a kind that cannot be joined (encrypted, a codec that is
 * not known, more tracks). */
int fmp4_read_init(const unsigned char *data, size_t len, struct fmp4_init *out);

/* May a player that was given init `a` be given segments of `b`, with b's parameters? */
bool fmp4_joins(const struct fmp4_init *a, const struct fmp4_init *b);

/*
 * Where the parameter sets go in a segment that begins with data[0..len), which is changed as
 * if they were there already: *at is the place. 1: insert the parameters there; 0: more of
 * the segment is needed; -EINVAL: it cannot be done, and nothing was changed.
 */
int fmp4_make_room(const struct fmp4_init *init, unsigned char *data, size_t len, size_t *at);

#endif
