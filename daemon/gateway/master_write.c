/* SPDX-License-Identifier: ISC */
/* Writes the multivariant playlist with one variant. */
#include "daemon/gateway/master.h"

#include <string.h>

static bool
in_group(const struct master_media *media, const char *type, const struct m3u_text *group)
{
	return m3u_is(&media->type, type) && group->len > 0 && media->group.len == group->len &&
	    memcmp(media->group.at, group->at, group->len) == 0;
}

bool
master_serves(const struct master *m, const struct master_media *media)
{
	const struct master_variant *lead = &m->variant[m->lead];

	return in_group(media, "AUDIO", &lead->audio) ||
	    in_group(media, "SUBTITLES", &lead->subtitles) ||
	    in_group(media, "CLOSED-CAPTIONS", &lead->captions);
}

static void
attribute(struct buf *out, const char *name, const struct m3u_text *value, bool quoted)
{
	if (value->len == 0)
		return;
	buf_char(out, ',');
	buf_text(out, name);
	buf_text(out, quoted ? "=\"" : "=");
	buf_bytes(out, value->at, value->len);
	if (quoted)
		buf_char(out, '"');
}

/* All of its attributes; the URI is ours. */
static void
write_media(const struct master *m, size_t i, struct buf *out)
{
	struct m3u_text rest = m->media[i].list, name, value;
	const char *before = "#EXT-X-MEDIA:";
	bool quoted;

	while (m3u_attribute(&rest, &name, &value, &quoted)) {
		bool uri = m3u_is(&name, "URI");

		buf_text(out, before);
		before = ",";
		buf_bytes(out, name.at, name.len);
		buf_text(out, quoted ? "=\"" : "=");
		if (uri) {
			buf_text(out, "media/");
			buf_int(out, (int64_t)i);
			buf_text(out, ".m3u8");
		} else {
			buf_bytes(out, value.at, value.len);
		}
		if (quoted)
			buf_char(out, '"');
	}
	buf_char(out, '\n');
}

/* What a player sets itself up for is the highest rung. */
static void
write_variant(const struct master *m, struct buf *out)
{
	const struct master_variant *lead = &m->variant[m->lead];
	const struct master_variant *top = &m->variant[m->rung[m->rungs - 1]];
	bool captions_none = m3u_is(&lead->captions, "NONE");

	buf_text(out, "#EXT-X-STREAM-INF:BANDWIDTH=");
	buf_int(out, top->peak_bps);
	attribute(out, "RESOLUTION", &top->resolution, false);
	attribute(out, "FRAME-RATE", &top->frame_rate, false);
	attribute(out, "CODECS", &top->codecs, true);
	attribute(out, "VIDEO-RANGE", &top->range, false);
	attribute(out, "AUDIO", &lead->audio, true);
	attribute(out, "SUBTITLES", &lead->subtitles, true);
	attribute(out, "CLOSED-CAPTIONS", &lead->captions, !captions_none);
	buf_text(out, "\nvideo.m3u8\n");
}

void
master_write(const struct master *m, struct buf *out)
{
	buf_text(out, "#EXTM3U\n#EXT-X-VERSION:");
	buf_int(out, m->version > 4 ? m->version : 4);
	buf_char(out, '\n');
	if (m->independent)
		buf_text(out, "#EXT-X-INDEPENDENT-SEGMENTS\n");
	for (size_t i = 0; i < m->medias; i++) {
		if (master_serves(m, &m->media[i]))
			write_media(m, i, out);
	}
	write_variant(m, out);
}
