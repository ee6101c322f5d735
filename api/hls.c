/* SPDX-License-Identifier: ISC */
/* Reads the ladder of an HLS multivariant playlist. */
#include "api/hls.h"

#include <errno.h>
#include <string.h>

#include "api/hls_merge.h"
#include "api/m3u_variables.h"

#define TEXT_MAX 1024 /* of an attribute with its variables replaced */

struct reader {
	struct hls_list list;
	struct m3u_variables variables;
	struct m3u_text pathway; /* the first one */
	bool any;                  /* a variant was seen, of any pathway */
	char text[TEXT_MAX];
	const char *why;
};

/* Text with its variables replaced; false: one is not defined, or it is too long. */
static bool
expand(struct reader *r, struct m3u_text text, struct m3u_text *out)
{
	struct m3u_text piece;
	size_t n = 0;
	int more;

	while ((more = m3u_expand(&r->variables, &text, &piece)) == 1) {
		if (piece.len > sizeof(r->text) - n)
			return false;
		if (piece.len > 0)
			memcpy(r->text + n, piece.at, piece.len);
		n += piece.len;
	}
	*out = (struct m3u_text){r->text, n};
	return more == 0;
}

/* FNV-1a; 0 stands for nothing. */
static bool
hash(struct reader *r, struct m3u_text text, uint64_t *out)
{
	struct m3u_text piece;
	int more;

	*out = HLS_HASH_BEGIN;
	while ((more = m3u_expand(&r->variables, &text, &piece)) == 1)
		*out = hls_hash(*out, piece.at, piece.len);
	return more == 0;
}

static bool
kbps(const struct m3u_text *v, int64_t *out)
{
	int64_t bps;

	if (!m3u_integer(v, LADDER_KBPS_MAX * 1000, &bps) || bps == 0)
		return false;
	*out = (bps + 999) / 1000;
	return true;
}

/* 1280x720 */
static bool
height(const struct m3u_text *v, int64_t *out)
{
	const char *x = memchr(v->at, 'x', v->len);
	struct m3u_text h;

	if (x == NULL)
		return false;
	h.at = x + 1;
	h.len = v->len - (size_t)(x + 1 - v->at);
	return m3u_integer(&h, 100000, out);
}

/* Attributes that are text; each may hold variables. */
static bool
read_text(struct reader *r, const struct m3u_text *name, const struct m3u_text *value,
    struct hls_variant *v)
{
	struct ladder_codecs codecs;
	struct m3u_text text;

	if (m3u_is(name, "AUDIO"))
		return hash(r, *value, &v->audio);
	if (m3u_is(name, "NAME")) {
		if (!expand(r, *value, &text))
			return false;
		ladder_copy_id(text.at, text.len, v->rung.id);
	} else if (m3u_is(name, "CODECS")) {
		if (!expand(r, *value, &text))
			return false;
		ladder_read_codecs(text.at, text.len, &codecs);
		memcpy(v->rung.codec, codecs.video, sizeof(codecs.video));
		v->no_picture = codecs.any && codecs.video[0] == '\0';
	} else if (m3u_is(name, "VIDEO-RANGE")) {
		v->rung.range = ladder_read_range(value->at, value->len);
	}
	return true;
}

/* NULL, or what is wrong. */
static const char *
read_variant(struct reader *r, struct m3u_text rest, struct hls_variant *v)
{
	static const char bad[] = "a variant has no BANDWIDTH, or a number that is none";
	struct ladder_rung *g = &v->rung;
	struct m3u_text name, value;
	bool peak = false, good = true;

	memset(v, 0, sizeof(*v));
	g->score_micro = -1;
	while (good && m3u_attribute(&rest, &name, &value, NULL)) {
		if (m3u_is(&name, "BANDWIDTH"))
			good = peak = kbps(&value, &g->peak_kbps);
		else if (m3u_is(&name, "AVERAGE-BANDWIDTH"))
			good = kbps(&value, &g->avg_kbps);
		else if (m3u_is(&name, "RESOLUTION"))
			good = height(&value, &g->height);
		else if (m3u_is(&name, "FRAME-RATE"))
			good = m3u_decimal(&value, 3, 1000000, &g->fps_milli);
		else if (m3u_is(&name, "SCORE"))
			good = m3u_decimal(&value, 6, INT64_MAX / 16, &g->score_micro);
		else if (!read_text(r, &name, &value, v))
			return "a variant has a variable that is not defined, or one too long";
	}
	if (g->avg_kbps == 0 || g->avg_kbps > g->peak_kbps)
		g->avg_kbps = g->peak_kbps;
	v->no_picture = v->no_picture && g->height == 0;
	return good && peak ? NULL : bad;
}

/* Is it on the pathway of the first one? */
static bool
on_the_pathway(struct reader *r, struct m3u_text rest)
{
	struct m3u_text name, value, pathway = {".", 1}; /* what it is without a word */

	while (m3u_attribute(&rest, &name, &value, NULL)) {
		if (m3u_is(&name, "PATHWAY-ID"))
			pathway = value;
	}
	if (!r->any)
		r->pathway = pathway;
	r->any = true;
	return pathway.len == r->pathway.len && memcmp(pathway.at, r->pathway.at, pathway.len) == 0;
}

/* The URI of a variant: the next line that is no tag, no comment and not empty. */
static bool
next_uri(struct m3u_text *rest, struct m3u_text *out)
{
	struct m3u_text after = *rest;

	while (m3u_line(&after, out)) {
		if (m3u_begins(out, "#EXT-X-STREAM-INF:"))
			return false;
		*rest = after;
		if (out->len > 0 && *out->at != '#')
			return true;
	}
	return false;
}

static const char *
add_variant(struct reader *r, struct m3u_text attributes, struct m3u_text *rest, int place)
{
	struct m3u_text uri;
	struct hls_variant v;
	const char *why = read_variant(r, attributes, &v);

	if (why != NULL)
		return why;
	if (!next_uri(rest, &uri))
		return "a variant has no URI; is it cut off?";
	if (!hash(r, uri, &v.uri))
		return "a URI has a variable that is not defined, or is too long";
	v.rung.variant = place;
	if (!on_the_pathway(r, attributes))
		return NULL;
	return hls_add(&r->list, &v) ? NULL : "it has too many variants";
}

/* NULL, or what is wrong with the playlist. */
static const char *
read_all(struct reader *r, struct m3u_text rest)
{
	struct m3u_text l, list;
	int place = 0;

	if (m3u_begins(&rest, "\xef\xbb\xbf"))
		return "it begins with a byte order mark";
	if (!m3u_line(&rest, &l) || !m3u_is(&l, "#EXTM3U"))
		return "it does not begin with #EXTM3U";
	while (m3u_line(&rest, &l)) {
		const char *why = NULL;

		if (m3u_begins(&l, "#EXTINF:") || m3u_begins(&l, "#EXT-X-TARGETDURATION"))
			return "it is a media playlist, not a multivariant one";
		if (m3u_tag(&l, "#EXT-X-DEFINE:", &list) && !m3u_define(&r->variables, list))
			return "an EXT-X-DEFINE is none, comes twice, or is one too many";
		if (m3u_tag(&l, "#EXT-X-STREAM-INF:", &list))
			why = add_variant(r, list, &rest, place++);
		if (why != NULL)
			return why;
	}
	return r->any ? NULL : "it has no variants";
}

int
hls_parse(const char *text, size_t len, const char *audio, struct ladder_rung *out, size_t max,
    const char **why)
{
	static struct reader r; /* large; one thread alone reads playlists */
	size_t n;

	memset(&r, 0, sizeof(r));
	if (audio[0] != '\0')
		r.list.audio = hls_hash(HLS_HASH_BEGIN, audio, strlen(audio));
	*why = read_all(&r, (struct m3u_text){text, len});
	if (*why != NULL)
		return -EINVAL;
	n = hls_merge(&r.list);
	if (n > max) {
		*why = "it has too many renditions";
		return -EINVAL;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = r.list.variant[i].rung;
	return (int)n;
}
