/* SPDX-License-Identifier: ISC */
/* Which variants of an HLS playlist are the same rendition. Internal to hls.c. */
#ifndef LINKQ_API_HLS_MERGE_H
#define LINKQ_API_HLS_MERGE_H

#include "api/ladder.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HLS_VARIANTS_MAX 256 /* that differ, before audio groups are put together */

#define HLS_HASH_BEGIN UINT64_C(14695981039346656037)
uint64_t hls_hash(uint64_t so_far, const char *at, size_t len); /* FNV-1a */

struct hls_variant {
	struct ladder_rung rung;
	uint64_t uri;    /* a hash of it */
	uint64_t audio;  /* of its audio group; 0: it has none */
	bool no_picture; /* sound alone, by its codecs */
};

struct hls_list {
	struct hls_variant variant[HLS_VARIANTS_MAX];
	uint64_t uri[HLS_VARIANTS_MAX], looks[HLS_VARIANTS_MAX]; /* to find them by, fast */
	size_t len;
	uint64_t audio; /* the group asked for; 0: none */
};

/* Add one, unless it is the same as another. False: there is no room. */
bool hls_add(struct hls_list *list, const struct hls_variant *v);

/* Put audio groups together, and drop what has no picture. How many are left, at their
 * places from 0 on. */
size_t hls_merge(struct hls_list *list);

#endif
