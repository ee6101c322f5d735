/* SPDX-License-Identifier: ISC */
/*
 * A rendition as players' formats tell of it, and which of a ladder may be chosen at all.
 *
 * All renditions stay in the ladder, so that their places do; `barred` ones are not chosen.
 */
#ifndef LINKQ_API_LADDER_H
#define LINKQ_API_LADDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LADDER_ID_MAX 47
#define LADDER_CODEC_MAX 31
#define LADDER_CODECS_MAX 8
#define LADDER_KBPS_MAX INT64_C(10000000)

enum ladder_range { LADDER_SDR, LADDER_HLG, LADDER_PQ, LADDER_RANGE_OTHER, LADDER_RANGES };

struct ladder_rung {
	char id[LADDER_ID_MAX + 1];
	int64_t avg_kbps, peak_kbps;
	int64_t height;      /* 0: not known */
	int64_t fps_milli;   /* frames in 1000 s; 0: not known */
	int64_t score_micro; /* how well it looks, by who made it; -1: not said */
	char codec[LADDER_CODEC_MAX + 1]; /* of the video; "": not known */
	enum ladder_range range;
	int variant; /* its first place in the playlist, from 0; -1: there is none */
	bool barred;
};

/* What the client can show. */
struct ladder_can {
	char codec[LADDER_CODECS_MAX][LADDER_CODEC_MAX + 1]; /* beginnings, such as avc1 */
	size_t codecs;   /* 0: any */
	unsigned ranges; /* 1 << range; 0: not said */
};

/* What a list of codecs (RFC 6381) holds. */
struct ladder_codecs {
	char video[LADDER_CODEC_MAX + 1]; /* the first that is no sound and no text; "" */
	bool audio;
	bool any;
};
void ladder_read_codecs(const char *at, size_t len, struct ladder_codecs *out);

/* Text as an id: at most LADDER_ID_MAX bytes, whole characters, no controls. */
void ladder_copy_id(const char *at, size_t len, char out[LADDER_ID_MAX + 1]);

/* SDR, HLG, PQ; LADDER_RANGE_OTHER for any other word. */
enum ladder_range ladder_read_range(const char *at, size_t len);
const char *ladder_range_name(enum ladder_range r);

/* Add one beginning, or a range, of those that the client can show; false: no room, or it
 * is none. */
bool ladder_can_codec(struct ladder_can *can, const char *at, size_t len);
bool ladder_can_range(struct ladder_can *can, const char *at, size_t len);

/*
 * Bar what the client cannot show, and what never should be. Codecs: those that begin
 * otherwise than the client's. Ranges: the client's; where it says none, SDR alone if there
 * is any. Where every rendition has a score: those that another one beats at no more bits.
 * Returns how many are left; 0: none can be shown.
 */
size_t ladder_bar(struct ladder_rung *rung, size_t n, const struct ladder_can *can);

#endif
