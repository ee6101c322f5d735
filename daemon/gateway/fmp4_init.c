/* SPDX-License-Identifier: ISC */
/* Reads what an initialization section of fragmented MP4 says. */
#include "daemon/gateway/boxes.h"
#include "daemon/gateway/fmp4.h"

#include <errno.h>
#include <string.h>

#define VIDEO_ENTRY 78 /* bytes of a VisualSampleEntry before its boxes */
#define SOUND_ENTRY 28

struct view {
	const unsigned char *data;
	struct fmp4_init *out;
};

static uint32_t
u16(const unsigned char *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

/* One NAL unit with its length before it. */
static bool
add_unit(struct fmp4_init *out, const unsigned char *unit, size_t len)
{
	unsigned char *to = out->parameters + out->parameters_len;

	if (out->parameters_len + out->length_bytes + len > FMP4_PARAMETERS_MAX || len == 0 ||
	    (out->length_bytes < 4 && len >> (8 * out->length_bytes) != 0))
		return false;
	for (size_t i = 0; i < out->length_bytes; i++)
		to[i] = (unsigned char)(len >> (8 * (out->length_bytes - 1 - i)));
	memcpy(to + out->length_bytes, unit, len);
	out->parameters_len += out->length_bytes + len;
	return true;
}

/* `count` NAL units of 16-bit lengths from *at on. */
static bool
add_units(struct fmp4_init *out, const unsigned char *p, size_t len, size_t *at, size_t count)
{
	for (; count > 0; count--) {
		size_t unit;

		if (len - *at < 2)
			return false;
		unit = u16(p + *at);
		*at += 2;
		if (unit > len - *at || !add_unit(out, p + *at, unit))
			return false;
		*at += unit;
	}
	return true;
}

/* AVCDecoderConfigurationRecord, ISO 14496-15, 5.3.3.1 */
static bool
read_avc(struct fmp4_init *out, const unsigned char *p, size_t len)
{
	size_t at = 6;

	if (len < 7)
		return false;
	out->length_bytes = (p[4] & 3) + 1;
	if (!add_units(out, p, len, &at, p[5] & 0x1f) || at >= len)
		return false;
	at++;
	return add_units(out, p, len, &at, p[at - 1]);
}

/* HEVCDecoderConfigurationRecord, ISO 14496-15, 8.3.3.1 */
static bool
read_hevc(struct fmp4_init *out, const unsigned char *p, size_t len)
{
	size_t at = 23;

	if (len < 23)
		return false;
	out->length_bytes = (p[21] & 3) + 1;
	for (unsigned i = 0; i < p[22]; i++) {
		if (len - at < 3)
			return false;
		at += 3;
		if (!add_units(out, p, len, &at, u16(p + at - 2)))
			return false;
	}
	return true;
}

static int
read_video(struct view *v, const struct box *entry, struct fmp4_track *t)
{
	static const uint32_t whole[] = {BOX_TYPE('v', 'p', '0', '9'), BOX_TYPE('a', 'v', '0', '1')};
	const size_t boxes = entry->body + VIDEO_ENTRY;
	struct box c;

	if (v->out->video != 0 || boxes > entry->end)
		return -EINVAL;
	v->out->video = t->id;
	v->out->self_contained = entry->type == whole[0] || entry->type == whole[1];
	if (v->out->self_contained)
		return 0;
	if ((entry->type == BOX_TYPE('a', 'v', 'c', '1') ||
		entry->type == BOX_TYPE('a', 'v', 'c', '3')) &&
	    box_find(v->data, boxes, entry->end, BOX_TYPE('a', 'v', 'c', 'C'), &c))
		return read_avc(v->out, v->data + c.body, c.end - c.body) ? 0 : -EINVAL;
	if ((entry->type == BOX_TYPE('h', 'v', 'c', '1') ||
		entry->type == BOX_TYPE('h', 'e', 'v', '1')) &&
	    box_find(v->data, boxes, entry->end, BOX_TYPE('h', 'v', 'c', 'C'), &c))
		return read_hevc(v->out, v->data + c.body, c.end - c.body) ? 0 : -EINVAL;
	return -EINVAL; /* not known, or encrypted */
}

static int
read_entry(struct view *v, const struct box *stsd, struct fmp4_track *t)
{
	struct box entry;

	if (stsd->end - stsd->body < 8 || box_u32(v->data + stsd->body + 4) != 1 ||
	    box_next(v->data, stsd->end, stsd->body + 8, true, &entry) != 1)
		return -EINVAL;
	t->codec = entry.type;
	if (t->handler == BOX_TYPE('v', 'i', 'd', 'e'))
		return read_video(v, &entry, t);
	if (t->handler == BOX_TYPE('s', 'o', 'u', 'n')) {
		if (entry.end - entry.body < SOUND_ENTRY || entry.type == BOX_TYPE('e', 'n', 'c', 'a'))
			return -EINVAL;
		t->sound = u16(v->data + entry.body + 16) << 20 ^
		    u16(v->data + entry.body + 24);
	}
	return 0;
}

/* FNV-1a; never 0. */
static uint32_t
sum(const unsigned char *p, size_t len)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 16777619u;
	return hash | 1;
}

static bool
down(struct view *v, struct box *at, uint32_t type)
{
	return box_find(v->data, at->body, at->end, type, at);
}

/* What follows the version of a full box: times of 32 or 64 bits come first. */
static bool
after_times(struct view *v, const struct box *b, size_t *at)
{
	*at = b->body + (b->end > b->body && v->data[b->body] == 1 ? 20 : 12);
	return *at + 4 <= b->end;
}

static int
read_track(struct view *v, struct box trak)
{
	struct fmp4_track *t = &v->out->track[v->out->tracks];
	struct box b = trak, media;
	size_t at;

	if (v->out->tracks == FMP4_TRACKS_MAX)
		return -EINVAL;
	*t = (struct fmp4_track){.id = 0};
	if (!down(v, &b, BOX_TYPE('t', 'k', 'h', 'd')) || !after_times(v, &b, &at))
		return -EINVAL;
	t->id = box_u32(v->data + at);
	b = trak;
	if (down(v, &b, BOX_TYPE('e', 'd', 't', 's')) && down(v, &b, BOX_TYPE('e', 'l', 's', 't')))
		t->edits = sum(v->data + b.body, b.end - b.body);
	media = trak;
	if (t->id == 0 || !down(v, &media, BOX_TYPE('m', 'd', 'i', 'a')))
		return -EINVAL;
	b = media;
	if (!down(v, &b, BOX_TYPE('m', 'd', 'h', 'd')) || !after_times(v, &b, &at))
		return -EINVAL;
	t->timescale = box_u32(v->data + at);
	b = media;
	if (!down(v, &b, BOX_TYPE('h', 'd', 'l', 'r')) || b.end - b.body < 12)
		return -EINVAL;
	t->handler = box_u32(v->data + b.body + 8);
	if (!down(v, &media, BOX_TYPE('m', 'i', 'n', 'f')) ||
	    !down(v, &media, BOX_TYPE('s', 't', 'b', 'l')) ||
	    !down(v, &media, BOX_TYPE('s', 't', 's', 'd')))
		return -EINVAL;
	v->out->tracks++;
	return read_entry(v, &media, t);
}

static void
read_defaults(struct view *v, struct box moov)
{
	struct box b, mvex = moov;
	size_t at;

	if (!down(v, &mvex, BOX_TYPE('m', 'v', 'e', 'x')))
		return;
	for (at = mvex.body; box_next(v->data, mvex.end, at, true, &b) == 1; at = b.end) {
		if (b.type != BOX_TYPE('t', 'r', 'e', 'x') || b.end - b.body < 24)
			continue;
		for (size_t i = 0; i < v->out->tracks; i++) {
			struct fmp4_track *t = &v->out->track[i];

			for (size_t k = 0; t->id == box_u32(v->data + b.body + 4) && k < 4; k++)
				t->defaults[k] = box_u32(v->data + b.body + 8 + 4 * k);
		}
	}
}

int
fmp4_read_init(const unsigned char *data, size_t len, struct fmp4_init *out)
{
	struct fmp4_init init = {.tracks = 0};
	struct view v = {data, &init};
	struct box moov, b;
	int error = 0;

	if (!box_find(data, 0, len, BOX_TYPE('m', 'o', 'o', 'v'), &moov))
		return -EINVAL;
	for (size_t at = moov.body; box_next(data, moov.end, at, true, &b) == 1; at = b.end) {
		if (b.type == BOX_TYPE('t', 'r', 'a', 'k'))
			error = error != 0 ? error : read_track(&v, b);
	}
	if (error != 0 || init.tracks == 0)
		return -EINVAL;
	read_defaults(&v, moov);
	*out = init;
	return 0;
}

bool
fmp4_joins(const struct fmp4_init *a, const struct fmp4_init *b)
{
	return a->tracks == b->tracks && a->video == b->video &&
	    a->length_bytes == b->length_bytes &&
	    memcmp(a->track, b->track, a->tracks * sizeof(a->track[0])) == 0;
}
