/* SPDX-License-Identifier: ISC */
/*
 * An HLS multivariant playlist (RFC 8216, section 4.3.4), read for its URIs and its groups,
 * and the one with a single video variant that is served in its place. Pure: no I/O.
 */
#ifndef LINKQ_DAEMON_GATEWAY_MASTER_H
#define LINKQ_DAEMON_GATEWAY_MASTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/buf.h"
#include "api/m3u.h"
#include "estimator/plan.h"

#define MASTER_VARIANTS_MAX 256
#define MASTER_MEDIA_MAX 64

struct master_variant {
	struct m3u_text uri, codecs, range, audio, subtitles, captions, resolution, frame_rate;
	int64_t peak_bps, avg_bps; /* avg 0: not said */
	int64_t height;            /* 0: not said */
};

struct master_media {
	struct m3u_text type, group, uri, list; /* uri empty: it has none */
};

struct master {
	char *text; /* its own copy */
	int64_t version;
	bool independent;
	struct master_variant variant[MASTER_VARIANTS_MAX];
	size_t variants;
	struct master_media media[MASTER_MEDIA_MAX];
	size_t medias;
	/* What is served: variants of one kind, ascending by rate, each URI once; the groups. */
	size_t rung[PLAN_RUNGS_MAX];
	size_t rungs;
	size_t lead; /* the variant that says which groups */
};

/* 0; -EINVAL with *why; -ENOMEM. -EDOM: it is a media playlist. */
int master_parse(const char *text, size_t len, struct master *out, const char **why);
void master_finish(struct master *m);

/* Is this one of the groups that are served? */
bool master_serves(const struct master *m, const struct master_media *media);

/* The playlist with one variant. Playlists of media i are named media/i.m3u8. */
void master_write(const struct master *m, struct buf *out);

#endif
