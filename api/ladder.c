/* SPDX-License-Identifier: ISC */
/* What renditions are, and which may be chosen. */
#include "api/ladder.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "api/json.h"

static bool
starts(const char *at, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && strncasecmp(at, with, n) == 0;
}

/* Sound and text, by the registries of MP4 and of HLS; what else there is shows something. */
static bool
is_of(const char *const *list, const char *at, size_t len)
{
	for (; *list != NULL; list++) {
		if (starts(at, len, *list))
			return true;
	}
	return false;
}

static void
read_codec(const char *at, size_t len, struct ladder_codecs *out)
{
	static const char *const sounds[] = {"mp4a", "ac-3", "ec-3", "ac-4", "opus", "flac",
	    "alac", "dts", "mha1", "mha2", "mhm1", "mhm2", "vorbis", "iamf", "apac", "mp3", NULL};
	static const char *const texts[] = {"stpp", "wvtt", "ttml", "tx3g", "c608", "c708", NULL};

	while (len > 0 && *at == ' ') {
		at++;
		len--;
	}
	if (len == 0)
		return;
	out->any = true;
	if (is_of(sounds, at, len)) {
		out->audio = true;
	} else if (!is_of(texts, at, len) && out->video[0] == '\0') {
		size_t n = len < LADDER_CODEC_MAX ? len : LADDER_CODEC_MAX;

		memcpy(out->video, at, n);
		out->video[n] = '\0';
	}
}

void
ladder_read_codecs(const char *at, size_t len, struct ladder_codecs *out)
{
	memset(out, 0, sizeof(*out));
	while (len > 0) {
		const char *comma = memchr(at, ',', len);
		size_t n = comma != NULL ? (size_t)(comma - at) : len;

		read_codec(at, n, out);
		n += comma != NULL ? 1 : 0;
		at += n;
		len -= n;
	}
}

void
ladder_copy_id(const char *at, size_t len, char out[LADDER_ID_MAX + 1])
{
	size_t n = 0, i = 0;

	while (i < len) {
		size_t one = utf8_length(at + i, len - i);
		bool plain = one > 1 || (one == 1 && (unsigned char)at[i] >= 0x20 && at[i] != 0x7f);

		if (n + (plain ? one : 1) > LADDER_ID_MAX)
			break;
		if (plain)
			memcpy(out + n, at + i, one);
		else
			out[n] = ' ';
		n += plain ? one : 1;
		i += one > 0 ? one : 1;
	}
	out[n] = '\0';
}

static const char *const ranges[] = {"SDR", "HLG", "PQ", "other"};
_Static_assert(sizeof(ranges) / sizeof(ranges[0]) == LADDER_RANGES, "a word for each");

enum ladder_range
ladder_read_range(const char *at, size_t len)
{
	for (int r = 0; r < LADDER_RANGE_OTHER; r++) {
		if (len == strlen(ranges[r]) && memcmp(at, ranges[r], len) == 0)
			return (enum ladder_range)r;
	}
	return LADDER_RANGE_OTHER;
}

const char *
ladder_range_name(enum ladder_range r)
{
	assert(r < LADDER_RANGES);
	return ranges[r];
}

bool
ladder_can_codec(struct ladder_can *can, const char *at, size_t len)
{
	if (len == 0 || len > LADDER_CODEC_MAX || can->codecs == LADDER_CODECS_MAX)
		return false;
	memcpy(can->codec[can->codecs], at, len);
	can->codec[can->codecs][len] = '\0';
	can->codecs++;
	return true;
}

bool
ladder_can_range(struct ladder_can *can, const char *at, size_t len)
{
	enum ladder_range r = ladder_read_range(at, len);

	if (r == LADDER_RANGE_OTHER)
		return false;
	can->ranges |= 1U << r;
	return true;
}

static bool
can_decode(const struct ladder_can *can, const struct ladder_rung *g)
{
	for (size_t i = 0; i < can->codecs; i++) {
		if (starts(g->codec, strlen(g->codec), can->codec[i]))
			return true;
	}
	return can->codecs == 0 || g->codec[0] == '\0';
}

/* Another one looks better and costs no more, or as good and costs less. */
static bool
beaten(const struct ladder_rung *rung, size_t n, const struct ladder_rung *g)
{
	for (size_t i = 0; i < n; i++) {
		const struct ladder_rung *o = &rung[i];

		if (o->barred || o->avg_kbps > g->avg_kbps || o->score_micro < g->score_micro)
			continue;
		if (o->avg_kbps < g->avg_kbps || o->score_micro > g->score_micro)
			return true;
	}
	return false;
}

static void
bar_beaten(struct ladder_rung *rung, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!rung[i].barred && rung[i].score_micro < 0)
			return; /* a score of some is none: there is nothing to compare with */
	}
	/* whoever beats one that beats another beats that one too: any order will do */
	for (size_t i = 0; i < n; i++)
		rung[i].barred = rung[i].barred || beaten(rung, n, &rung[i]);
}

size_t
ladder_bar(struct ladder_rung *rung, size_t n, const struct ladder_can *can)
{
	unsigned wanted = can->ranges;
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		rung[i].barred = !can_decode(can, &rung[i]);
	for (size_t i = 0; i < n && can->ranges == 0; i++) {
		if (!rung[i].barred && rung[i].range == LADDER_SDR)
			wanted = 1U << LADDER_SDR;
	}
	for (size_t i = 0; i < n && wanted != 0; i++)
		rung[i].barred = rung[i].barred || (wanted & 1U << rung[i].range) == 0;
	bar_beaten(rung, n);
	for (size_t i = 0; i < n; i++)
		left += rung[i].barred ? 0 : 1;
	return left;
}
