/* SPDX-License-Identifier: ISC */
/* Writes the media playlist of one rendition for a client. */
#include "daemon/gateway/listing.h"

#include "daemon/gateway/url.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 320 /* of a segment without keys and names */
#define SECOND_US INT64_C(1000000)

const char *
listing_ending(const struct media_segment *s)
{
	const char *ending = url_ending(s->uri.at, s->uri.len);

	return ending[0] != '\0' ? ending : s->map >= 0 ? ".m4s" : ".ts";
}

/* URIs may grow by being resolved, and each byte by being escaped. */
static size_t
key_bytes(const struct media *m, const struct listing *l)
{
	size_t most = 0;

	for (size_t i = 0; i < m->key_sets; i++) {
		size_t bytes = 0;

		for (size_t k = 0; k < m->keys[i].len; k++)
			bytes += 3 * m->keys[i].key[k].list.len + strlen(l->base) + 128;
		most = bytes > most ? bytes : most;
	}
	return most;
}

size_t
listing_room(const struct media *m, const struct listing *l)
{
	const size_t line = LINE_BYTES + 2 * strlen(l->folder);
	size_t keyed = 0;

	for (size_t i = 0; i < m->segments; i++)
		keyed += m->segment[i].keys >= 0;
	return 1024 + m->segments * line + keyed * key_bytes(m, l);
}

static void
write_iv(struct buf *out, const struct media_key *key, int64_t number)
{
	unsigned char iv[16];
	char text[48] = ",IV=0x";

	media_iv(key, number, iv);
	for (size_t i = 0; i < 16; i++)
		snprintf(text + 6 + 2 * i, 3, "%02x", iv[i]);
	buf_text(out, text);
}

static bool
needs_iv(const struct media_key *key)
{
	return !key->has_iv && key->format.len == 0;
}

/* The absolute URI of a key. Those of other systems' schemes are absolute by themselves. */
static int
key_url(const struct media_key *key, const char *base, char out[URL_MAX])
{
	const struct m3u_text *uri = &key->uri;

	if (!m3u_begins(uri, "data:") && !m3u_begins(uri, "skd:") && !m3u_begins(uri, "urn:"))
		return url_resolve(base, uri->at, uri->len, out);
	if (uri->len >= URL_MAX)
		return -EINVAL;
	memcpy(out, uri->at, uri->len);
	out[uri->len] = '\0';
	return 0;
}

static int
write_key(const struct media_key *key, const char *base, int64_t number, struct buf *out)
{
	struct m3u_text rest = key->list, name, value;
	const char *before = "#EXT-X-KEY:";
	char url[URL_MAX];
	bool quoted, told = false;

	if (key_url(key, base, url) != 0)
		return -EINVAL;
	while (m3u_attribute(&rest, &name, &value, &quoted)) {
		const bool uri = m3u_is(&name, "URI");

		if (uri && told)
			continue;
		told |= uri;
		buf_text(out, before);
		before = ",";
		buf_bytes(out, name.at, name.len);
		buf_text(out, quoted ? "=\"" : "=");
		if (uri)
			buf_text(out, url);
		else
			buf_bytes(out, value.at, value.len);
		if (quoted)
			buf_char(out, '"');
	}
	if (needs_iv(key)) /* our numbers may be others */
		write_iv(out, key, number);
	buf_char(out, '\n');
	return 0;
}

/* A key holds until one of its format takes its place: does each of the old ones end so? */
static bool
all_replaced(const struct media_keys *old, const struct media_keys *now)
{
	for (size_t i = 0; i < old->len; i++) {
		const struct m3u_text *format = &old->key[i].format;
		bool found = false;

		for (size_t k = 0; k < now->len; k++)
			found |= now->key[k].format.len == format->len &&
			    (format->len == 0 ||
				memcmp(now->key[k].format.at, format->at, format->len) == 0);
		if (!found)
			return false;
	}
	return true;
}

/* Those that hold from this segment on, if they are not those of the one before. */
static int
write_keys(const struct media *m, size_t i, const struct listing *l, struct buf *out)
{
	const int32_t before = i > 0 ? m->segment[i - 1].keys : -1;
	const int32_t now = m->segment[i].keys;
	const struct media_keys *set = now >= 0 ? &m->keys[now] : NULL;
	int error = 0;

	if (set == NULL) {
		if (before >= 0)
			buf_text(out, "#EXT-X-KEY:METHOD=NONE\n");
		return 0;
	}
	if (now != before && before >= 0 && !all_replaced(&m->keys[before], set))
		buf_text(out, "#EXT-X-KEY:METHOD=NONE\n");
	for (size_t k = 0; error == 0 && k < set->len; k++) {
		if (now != before || needs_iv(&set->key[k]))
			error = write_key(&set->key[k], l->base, m->sequence + (int64_t)i, out);
	}
	return error;
}

static void
write_name(const struct listing *l, int64_t number, const char *ending, struct buf *out)
{
	buf_text(out, l->folder);
	buf_char(out, '/');
	buf_int(out, number);
	buf_text(out, ending);
}

static int
write_segment(const struct media *m, size_t i, const struct listing *l, struct buf *out)
{
	const struct media_segment *s = &m->segment[i];
	const int64_t number = m->sequence + (int64_t)i + l->shift;
	const bool mark = l->marks ? number > 0 : s->discontinuity;

	if (mark)
		buf_text(out, "#EXT-X-DISCONTINUITY\n");
	if (write_keys(m, i, l, out) != 0)
		return -EINVAL;
	if (s->map >= 0 && (l->marks || i == 0 || m->segment[i - 1].map != s->map)) {
		buf_text(out, "#EXT-X-MAP:URI=\"");
		write_name(l, number, ".init.mp4", out);
		buf_text(out, "\"\n");
	}
	if (s->wall_us != MEDIA_UNKNOWN && (s->dated || i == 0)) {
		buf_text(out, "#EXT-X-PROGRAM-DATE-TIME:");
		buf_time(out, s->wall_us);
		buf_char(out, '\n');
	}
	if (s->gap)
		buf_text(out, "#EXT-X-GAP\n");
	buf_text(out, "#EXTINF:");
	buf_fixed(out, s->duration_us, 6);
	buf_text(out, ",\n");
	write_name(l, number, listing_ending(s), out);
	buf_char(out, '\n');
	return 0;
}

static void
write_head(const struct media *m, const struct listing *l, struct buf *out)
{
	const int64_t first = m->sequence + l->shift;
	const int64_t discontinuities = l->marks ? (first > 0 ? first - 1 : 0)
						 : m->discontinuity_sequence;
	const int64_t least = m->maps > 0 ? 6 : 3;

	buf_text(out, "#EXTM3U\n#EXT-X-VERSION:");
	buf_int(out, m->version > least ? m->version : least);
	buf_text(out, "\n#EXT-X-TARGETDURATION:");
	buf_int(out, (m->target_us + SECOND_US - 1) / SECOND_US);
	buf_text(out, "\n#EXT-X-MEDIA-SEQUENCE:");
	buf_int(out, first);
	if (discontinuities > 0) {
		buf_text(out, "\n#EXT-X-DISCONTINUITY-SEQUENCE:");
		buf_int(out, discontinuities);
	}
	if (m->type != MEDIA_OPEN)
		buf_text(out, m->type == MEDIA_VOD ? "\n#EXT-X-PLAYLIST-TYPE:VOD"
						   : "\n#EXT-X-PLAYLIST-TYPE:EVENT");
	if (m->independent)
		buf_text(out, "\n#EXT-X-INDEPENDENT-SEGMENTS");
	buf_char(out, '\n');
}

int
listing_write(const struct media *m, const struct listing *l, struct buf *out)
{
	write_head(m, l, out);
	for (size_t i = 0; i < m->segments; i++) {
		if (write_segment(m, i, l, out) != 0)
			return -EINVAL;
	}
	if (m->ended)
		buf_text(out, "#EXT-X-ENDLIST\n");
	return 0;
}

/* --- Are they the same? -------------------------------------------------------------------- */

static bool
same_key(const struct media_key *a, int64_t number_a, const char *base_a,
    const struct media_key *b, int64_t number_b, const char *base_b)
{
	unsigned char iv_a[16], iv_b[16];
	char url_a[URL_MAX], url_b[URL_MAX];

	media_iv(a, number_a, iv_a);
	media_iv(b, number_b, iv_b);
	return a->method.len == b->method.len &&
	    memcmp(a->method.at, b->method.at, a->method.len) == 0 &&
	    a->format.len == b->format.len &&
	    (a->format.len == 0 || memcmp(a->format.at, b->format.at, a->format.len) == 0) &&
	    key_url(a, base_a, url_a) == 0 &&
	    key_url(b, base_b, url_b) == 0 && strcmp(url_a, url_b) == 0 &&
	    ((a->format.len > 0 && !a->has_iv && !b->has_iv) ||
		memcmp(iv_a, iv_b, sizeof(iv_a)) == 0);
}

bool
listing_same_keys(const struct media *a, const struct media_segment *in_a, const char *base_a,
    const struct media *b, const struct media_segment *in_b, const char *base_b)
{
	const int64_t number_a = a->sequence + (in_a - a->segment);
	const int64_t number_b = b->sequence + (in_b - b->segment);
	const struct media_keys *ka = in_a->keys >= 0 ? &a->keys[in_a->keys] : NULL;
	const struct media_keys *kb = in_b->keys >= 0 ? &b->keys[in_b->keys] : NULL;

	if (ka == NULL || kb == NULL)
		return ka == kb;
	if (ka->len != kb->len)
		return false;
	/* In any order: of each format there is one at most. */
	for (size_t i = 0; i < ka->len; i++) {
		size_t k = 0;

		while (k < kb->len &&
		    !same_key(&ka->key[i], number_a, base_a, &kb->key[k], number_b, base_b))
			k++;
		if (k == kb->len)
			return false;
	}
	return true;
}
