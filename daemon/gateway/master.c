/* SPDX-License-Identifier: ISC */
/* Reads HLS multivariant playlists, and chooses what of them is one ladder. */
#include "daemon/gateway/master.h"

#include "daemon/gateway/media.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BPS_MAX INT64_C(10000000000)

static bool
same(const struct m3u_text *a, const struct m3u_text *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->at, b->at, a->len) == 0);
}

/* 1280x720 */
static void
read_height(const struct m3u_text *v, int64_t *out)
{
	const char *x = memchr(v->at, 'x', v->len);
	struct m3u_text h;

	if (x == NULL)
		return;
	h = (struct m3u_text){x + 1, v->len - (size_t)(x + 1 - v->at)};
	if (!m3u_integer(&h, 100000, out))
		*out = 0;
}

static const char *
read_variant(struct m3u_text rest, struct master_variant *v)
{
	struct m3u_text name, value;

	*v = (struct master_variant){.peak_bps = 0};
	while (m3u_attribute(&rest, &name, &value, NULL)) {
		if (m3u_is(&name, "BANDWIDTH") && !m3u_integer(&value, BPS_MAX, &v->peak_bps))
			return "a BANDWIDTH is none";
		if (m3u_is(&name, "AVERAGE-BANDWIDTH") &&
		    !m3u_integer(&value, BPS_MAX, &v->avg_bps))
			return "an AVERAGE-BANDWIDTH is none";
		if (m3u_is(&name, "RESOLUTION")) {
			v->resolution = value;
			read_height(&value, &v->height);
		} else if (m3u_is(&name, "CODECS"))
			v->codecs = value;
		else if (m3u_is(&name, "FRAME-RATE"))
			v->frame_rate = value;
		else if (m3u_is(&name, "VIDEO-RANGE"))
			v->range = value;
		else if (m3u_is(&name, "AUDIO"))
			v->audio = value;
		else if (m3u_is(&name, "SUBTITLES"))
			v->subtitles = value;
		else if (m3u_is(&name, "CLOSED-CAPTIONS"))
			v->captions = value;
	}
	if (v->avg_bps > v->peak_bps)
		v->avg_bps = v->peak_bps;
	return v->peak_bps > 0 ? NULL : "a variant has no BANDWIDTH";
}

static const char *
read_media(struct m3u_text list, struct master *m)
{
	struct master_media *media = &m->media[m->medias];
	struct m3u_text name, value;

	if (m->medias == MASTER_MEDIA_MAX)
		return "it has too many renditions";
	*media = (struct master_media){.list = list};
	while (m3u_attribute(&list, &name, &value, NULL)) {
		if (m3u_is(&name, "TYPE"))
			media->type = value;
		else if (m3u_is(&name, "GROUP-ID"))
			media->group = value;
		else if (m3u_is(&name, "URI"))
			media->uri = value;
	}
	if (media->uri.len > MEDIA_NAME_MAX)
		return "a URI is too long";
	m->medias++;
	return NULL;
}

static const char *
read_uri(struct master *m, const struct m3u_text *line, bool *wanted)
{
	if (!*wanted)
		return NULL; /* a URI that belongs to nothing that is known */
	*wanted = false;
	if (line->len > MEDIA_NAME_MAX)
		return "a URI is too long";
	m->variant[m->variants++].uri = *line;
	return NULL;
}

static const char *
read_lines(struct master *m, struct m3u_text rest)
{
	struct m3u_text line, v;
	const char *why = NULL;
	bool wanted = false; /* the URI of a variant */

	while (why == NULL && m3u_line(&rest, &line)) {
		if (line.len > 0 && line.at[0] != '#') {
			why = read_uri(m, &line, &wanted);
		} else if (m3u_tag(&line, "#EXT-X-STREAM-INF:", &v)) {
			if (m->variants == MASTER_VARIANTS_MAX)
				return "it has too many variants";
			wanted = true;
			why = read_variant(v, &m->variant[m->variants]);
		} else if (m3u_tag(&line, "#EXT-X-MEDIA:", &v)) {
			why = read_media(v, m);
		} else if (m3u_tag(&line, "#EXT-X-VERSION:", &v)) {
			if (!m3u_integer(&v, 1000, &m->version))
				why = "its EXT-X-VERSION is none";
		} else if (m3u_begins(&line, "#EXT-X-DEFINE:")) {
			why = "it uses variables (EXT-X-DEFINE)";
		}
		m->independent |= m3u_is(&line, "#EXT-X-INDEPENDENT-SEGMENTS");
	}
	return why;
}

/* --- Which of them are one ladder ------------------------------------------------------- */

/* The first codec of a variant that begins with one of the words; "" as text: none. */
static struct m3u_text
codec(const struct master_variant *v, const char *const words[])
{
	struct m3u_text rest = v->codecs;

	while (rest.len > 0) {
		const char *comma = memchr(rest.at, ',', rest.len);
		struct m3u_text one = {rest.at, comma ? (size_t)(comma - rest.at) : rest.len};

		rest.at += one.len + (comma ? 1 : 0);
		rest.len -= one.len + (comma ? 1 : 0);
		while (one.len > 0 && one.at[0] == ' ') {
			one.at++;
			one.len--;
		}
		for (size_t i = 0; words[i] != NULL; i++) {
			if (m3u_begins(&one, words[i]))
				return (struct m3u_text){one.at, 4};
		}
	}
	return (struct m3u_text){NULL, 0};
}

/* May a player be given segments of one in place of the other's? */
static bool
same_kind(const struct master_variant *a, const struct master_variant *b)
{
	static const char *const video[] = {"avc1", "avc3", "hvc1", "hev1", "dvh1", "dvhe", "vp09",
	    "av01", NULL};
	static const char *const sound[] = {"mp4a", "ac-3", "ec-3", "opus", "Opus", "fLaC", NULL};
	struct m3u_text va = codec(a, video), vb = codec(b, video);
	struct m3u_text sa = codec(a, sound), sb = codec(b, sound);

	return same(&va, &vb) && same(&sa, &sb) && same(&a->range, &b->range) &&
	    (a->audio.len > 0) == (b->audio.len > 0) &&
	    (a->resolution.len > 0) == (b->resolution.len > 0);
}

static bool
has_uri(const struct master *m, const struct m3u_text *uri)
{
	for (size_t i = 0; i < m->rungs; i++) {
		if (same(&m->variant[m->rung[i]].uri, uri))
			return true;
	}
	return false;
}

static void
insert(struct master *m, size_t variant)
{
	size_t k = m->rungs++;

	for (; k > 0 && m->variant[m->rung[k - 1]].peak_bps > m->variant[variant].peak_bps; k--)
		m->rung[k] = m->rung[k - 1];
	m->rung[k] = variant;
}

/* How many are of a variant's kind; pictures before sound alone. */
static size_t
kin(const struct master *m, size_t of)
{
	size_t n = 0;

	for (size_t i = 0; i < m->variants; i++)
		n += same_kind(&m->variant[i], &m->variant[of]);
	return n + (m->variant[of].resolution.len > 0 ? MASTER_VARIANTS_MAX : 0);
}

static void
choose(struct master *m)
{
	size_t most = 0;

	for (size_t i = 0; i < m->variants; i++) {
		if (kin(m, i) > most) {
			most = kin(m, i);
			m->lead = i;
		}
	}
	for (size_t i = 0; i < m->variants && m->rungs < PLAN_RUNGS_MAX; i++) {
		if (same_kind(&m->variant[i], &m->variant[m->lead]) &&
		    !has_uri(m, &m->variant[i].uri))
			insert(m, i);
	}
}

/* --- The whole --------------------------------------------------------------------------- */

static int
read_text(struct master *m, size_t len, const char **why)
{
	struct m3u_text rest = {m->text, len}, line;

	if (!m3u_line(&rest, &line) || !m3u_is(&line, "#EXTM3U"))
		*why = "it does not begin with #EXTM3U";
	else
		*why = read_lines(m, rest);
	if (*why != NULL)
		return -EINVAL;
	if (m->variants == 0) {
		*why = "it has no variants";
		return strstr(m->text, "\n#EXTINF:") || strstr(m->text, "\n#EXT-X-TARGETDURATION:")
		    ? -EDOM
		    : -EINVAL;
	}
	choose(m);
	return 0;
}

int
master_parse(const char *text, size_t len, struct master *out, const char **why)
{
	int error;

	*why = len > MEDIA_TEXT_MAX ? "it is longer than 4 MiB"
	    : !media_is_text(text, len) ? "it is not UTF-8"
					: NULL;
	if (*why != NULL)
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	out->version = 1;
	out->text = malloc(len + 1);
	if (out->text == NULL) {
		*why = "no memory";
		return -ENOMEM;
	}
	memcpy(out->text, text, len);
	out->text[len] = '\0';
	error = read_text(out, len, why);
	if (error != 0)
		master_finish(out);
	return error;
}

void
master_finish(struct master *m)
{
	free(m->text);
	m->text = NULL;
	m->variants = m->medias = m->rungs = 0;
}
