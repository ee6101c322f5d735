/* SPDX-License-Identifier: ISC */
/*
 * Which variants are the same rendition.
 *
 * The same URI is the same video. The same in all that is said of it, behind another URI, is
 * a backup of it. And where an audio group has just the videos of another one, each a little
 * heavier or lighter by as much as sound can be, the groups differ in their sound alone.
 */
#include "api/hls_merge.h"

#include <string.h>

#define SOUND_KBPS_MAX 800 /* between the poorest and the richest sound of a stream */

uint64_t
hls_hash(uint64_t so_far, const char *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		so_far = (so_far ^ (unsigned char)at[i]) * UINT64_C(1099511628211);
	return so_far;
}

static uint64_t
mix(uint64_t h, int64_t n)
{
	return (h ^ (uint64_t)n) * UINT64_C(1099511628211);
}

/* What a viewer sees of it. */
static uint64_t
looks_of(const struct ladder_rung *g)
{
	uint64_t h = hls_hash(HLS_HASH_BEGIN, g->codec, strlen(g->codec));

	return mix(mix(mix(h, g->height), g->fps_milli), g->range);
}

/* All that is said of it, but for its URI and its sound. */
static uint64_t
key_of(const struct ladder_rung *g)
{
	uint64_t h = mix(mix(looks_of(g), g->avg_kbps), g->peak_kbps);

	return hls_hash(mix(h, g->score_micro), g->id, strlen(g->id));
}

bool
hls_add(struct hls_list *list, const struct hls_variant *v)
{
	const uint64_t looks = key_of(&v->rung);

	for (size_t i = 0; i < list->len; i++) {
		struct hls_variant *have = &list->variant[i];

		if (list->looks[i] == looks && have->audio == v->audio)
			return true;
		if (list->uri[i] != v->uri)
			continue;
		if (list->audio != 0 && v->audio == list->audio && have->audio != v->audio) {
			*have = *v; /* the same video, and the sound that plays */
			list->looks[i] = looks;
		}
		return true;
	}
	if (list->len == HLS_VARIANTS_MAX)
		return false;
	list->variant[list->len] = *v;
	list->uri[list->len] = v->uri;
	list->looks[list->len] = looks;
	list->len++;
	return true;
}

/* The next variant of a group from i on; len: there is none. */
static size_t
next_of(const struct hls_list *list, uint64_t audio, size_t i)
{
	while (i < list->len && list->variant[i].audio != audio)
		i++;
	return i;
}

/* Has the group b just the videos of a, each with a little more or less sound? */
static bool
parallel(const struct hls_list *list, uint64_t a, uint64_t b)
{
	size_t i = next_of(list, a, 0), k = next_of(list, b, 0);

	for (; i < list->len && k < list->len;
	     i = next_of(list, a, i + 1), k = next_of(list, b, k + 1)) {
		const struct ladder_rung *x = &list->variant[i].rung, *y = &list->variant[k].rung;
		int64_t more = y->peak_kbps - x->peak_kbps;

		if (x->height == 0 || looks_of(x) != looks_of(y) || more > SOUND_KBPS_MAX ||
		    more < -SOUND_KBPS_MAX)
			return false;
	}
	return i == list->len && k == list->len;
}

/* Keep those for which there is a reason to. */
static void
drop(struct hls_list *list, const bool gone[HLS_VARIANTS_MAX])
{
	size_t kept = 0;

	for (size_t i = 0; i < list->len; i++) {
		if (gone[i])
			continue;
		if (kept != i)
			list->variant[kept] = list->variant[i];
		kept++;
	}
	list->len = kept;
}

static void
merge_groups(struct hls_list *list)
{
	bool gone[HLS_VARIANTS_MAX] = {false};
	uint64_t chosen = list->variant[0].audio, known = 0;

	if (list->audio != 0 && next_of(list, list->audio, 0) < list->len)
		chosen = list->audio;
	for (size_t i = 0; i < list->len; i++) {
		const uint64_t audio = list->variant[i].audio;

		if (audio == chosen || audio == known || gone[i])
			continue;
		known = audio;
		if (!parallel(list, chosen, audio))
			continue;
		for (size_t k = i; k < list->len; k++)
			gone[k] = gone[k] || list->variant[k].audio == audio;
	}
	drop(list, gone);
}

static void
drop_sound(struct hls_list *list)
{
	bool gone[HLS_VARIANTS_MAX] = {false}, picture = false;

	for (size_t i = 0; i < list->len; i++) {
		gone[i] = list->variant[i].no_picture;
		picture = picture || !gone[i];
	}
	if (picture)
		drop(list, gone);
}

size_t
hls_merge(struct hls_list *list)
{
	if (list->len == 0)
		return 0;
	drop_sound(list);
	merge_groups(list);
	return list->len;
}
