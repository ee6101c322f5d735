/* SPDX-License-Identifier: ISC */
/*
 * An HLS media playlist (RFC 8216, section 4.3.2 and 4.3.3), read. Pure: no I/O.
 *
 * What a segment depends on is kept with it: its place in time, its part of a resource, the
 * initialization section and the keys that hold for it. Parts of low-latency playlists are
 * left out; the whole segments remain. What cannot be read is refused with a reason.
 */
#ifndef LINKQ_DAEMON_GATEWAY_MEDIA_H
#define LINKQ_DAEMON_GATEWAY_MEDIA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/m3u.h"

#define MEDIA_TEXT_MAX (4 * 1024 * 1024) /* of any playlist */
#define MEDIA_SEGMENTS_MAX 32768
#define MEDIA_KEYS_MAX 4 /* that hold at once, of several systems */
#define MEDIA_UNKNOWN INT64_MIN
#define MEDIA_NAME_MAX 2048 /* of a URI in it */

struct media_range {
	int64_t from, len; /* len -1: all of it */
};

struct media_key {
	struct m3u_text method, uri, format; /* format empty: "identity" */
	struct m3u_text list;                /* the whole attribute list */
	bool has_iv;
	unsigned char iv[16];
};

struct media_keys {
	struct media_key key[MEDIA_KEYS_MAX];
	size_t len;
};

struct media_map {
	struct m3u_text uri;
	struct media_range range;
};

struct media_segment {
	struct m3u_text uri;
	int64_t start_us;    /* from the first segment of this playlist */
	int64_t duration_us;
	int64_t wall_us;     /* by EXT-X-PROGRAM-DATE-TIME, also of one before; MEDIA_UNKNOWN */
	struct media_range range;
	int32_t map, keys; /* which of them; -1: none */
	bool discontinuity; /* a mark stands before it */
	bool dated;         /* its own EXT-X-PROGRAM-DATE-TIME */
	bool gap;           /* EXT-X-GAP: there is nothing to fetch */
};

enum media_type { MEDIA_OPEN, MEDIA_EVENT, MEDIA_VOD };

struct media {
	char *text; /* its own copy; all m3u_text point into it */
	size_t len;
	int64_t version;
	int64_t target_us;
	int64_t sequence, discontinuity_sequence;
	enum media_type type;
	bool ended, independent;
	struct media_segment *segment;
	size_t segments;
	struct media_map *map;
	size_t maps;
	struct media_keys *keys;
	size_t key_sets;
};

/* 0; -EINVAL with *why set; -ENOMEM. media_finish it where it was 0. */
int media_parse(const char *text, size_t len, struct media *out, const char **why);
void media_finish(struct media *m);

/* The segment with that media sequence number; NULL: it is not (or no more) there. */
const struct media_segment *media_numbered(const struct media *m, int64_t number);

/*
 * The segment of `other` that shows what ref's segment `i` shows: by date and time where both
 * tell it, else by its place in time where both begin at the begin, else by its number. NULL:
 * there is none, or it is cut at other places.
 */
const struct media_segment *media_same(const struct media *ref, size_t i,
    const struct media *other);

/* The IV of a segment's key: its own, or its media sequence number (RFC 8216, 5.2). */
void media_iv(const struct media_key *key, int64_t number, unsigned char out[16]);

/* Well-formed UTF-8 without NUL? A playlist must be. */
bool media_is_text(const char *text, size_t len);

#endif
