/* SPDX-License-Identifier: ISC */
/* Reads HLS media playlists. */
#include "daemon/gateway/media.h"

#include "api/json.h"
#include "api/when.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)
#define DURATION_US_MAX (86400 * SECOND_US)
#define NUMBER_MAX (INT64_MAX / 4)
#define BYTES_MAX (INT64_C(1) << 46)
#define MAPS_MAX 4096

/* What holds for the segments to come while the lines are read. */
struct reading {
	struct media *m;
	const char *why;
	struct media_segment next; /* the one whose lines are read */
	bool has_duration, has_keys;
	struct media_keys keys;
	int64_t wall_us; /* where the next one begins; MEDIA_UNKNOWN */
	size_t segment_room, map_room, keys_room;
	struct media_range last; /* of the segment before */
};

bool
media_is_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = text[i] == '\0' ? 0 : utf8_length(text + i, len - i);

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

static int
refuse(struct reading *r, const char *why)
{
	r->why = why;
	return -EINVAL;
}

/* Room for one more in a growing array. NULL: no memory. */
static void *
room_for(void *array, size_t len, size_t *room, size_t size)
{
	size_t wanted = *room > 0 ? 2 * *room : 16;
	void *larger;

	if (len < *room)
		return array;
	larger = realloc(array, wanted * size);
	if (larger != NULL)
		*room = wanted;
	return larger;
}

/* 9.009 */
static bool
seconds(const struct m3u_text *t, int64_t *out)
{
	int64_t whole = 0, fraction = 0, unit = SECOND_US;
	size_t i = 0;

	for (; i < t->len && t->at[i] >= '0' && t->at[i] <= '9'; i++) {
		whole = whole * 10 + (t->at[i] - '0');
		if (whole > DURATION_US_MAX / SECOND_US)
			return false;
	}
	if (i == 0)
		return false;
	if (i < t->len && t->at[i] == '.') {
		for (i++; i < t->len && t->at[i] >= '0' && t->at[i] <= '9'; i++) {
			unit /= 10;
			fraction += unit * (t->at[i] - '0');
		}
	}
	*out = whole * SECOND_US + fraction;
	return i == t->len;
}

/* n[@o]; without o it follows the one before. */
static bool
byte_range(const struct m3u_text *t, int64_t follows, struct media_range *out)
{
	const char *at = memchr(t->at, '@', t->len);
	struct m3u_text n = *t, o;

	if (at != NULL) {
		n.len = (size_t)(at - t->at);
		o = (struct m3u_text){at + 1, t->len - n.len - 1};
		if (!m3u_integer(&o, BYTES_MAX, &out->from))
			return false;
	} else {
		out->from = follows;
	}
	return out->from >= 0 && m3u_integer(&n, BYTES_MAX, &out->len) && out->len > 0;
}

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* 0x and up to 32 digits */
static bool
read_iv(const struct m3u_text *t, unsigned char out[16])
{
	if (t->len < 3 || t->len > 34 || t->at[0] != '0' || (t->at[1] | 0x20) != 'x')
		return false;
	memset(out, 0, 16);
	for (size_t i = t->len, place = 0; i > 2; i--, place++) {
		int digit = digit_of(t->at[i - 1]);

		if (digit < 0)
			return false;
		out[15 - place / 2] |= (unsigned char)(digit << (place % 2 * 4));
	}
	return true;
}

static bool
same_text(const struct m3u_text *a, const struct m3u_text *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->at, b->at, a->len) == 0);
}

/* Where an attribute of a key goes, if it is one that counts here. */
static struct m3u_text *
key_place(struct media_key *key, const struct m3u_text *name)
{
	if (m3u_is(name, "METHOD"))
		return &key->method;
	if (m3u_is(name, "URI"))
		return &key->uri;
	if (m3u_is(name, "KEYFORMAT"))
		return &key->format;
	return NULL;
}

/* Strict (RFC 8216, 4.2: no name twice, and quotes where they belong), since what is written
 * again must mean the same to every reader. */
static int
read_key(struct reading *r, struct m3u_text list)
{
	struct media_key key = {.list = list};
	struct m3u_text name, value, *place;
	bool quoted;
	size_t at = 0;

	while (m3u_attribute(&list, &name, &value, &quoted)) {
		place = key_place(&key, &name);
		if (place != NULL) {
			if (place->at != NULL || quoted != (place != &key.method))
				return refuse(r, "an attribute of a key is there twice or "
						 "without its quotes");
			*place = value;
		} else if (m3u_is(&name, "IV")) {
			if (key.has_iv || !read_iv(&value, key.iv))
				return refuse(r, "a key's IV is none");
			key.has_iv = true;
		}
	}
	if (m3u_is(&key.format, "identity"))
		key.format.len = 0;
	r->has_keys = true;
	if (m3u_is(&key.method, "NONE")) {
		r->keys.len = 0;
		return 0;
	}
	if (key.method.len == 0 || key.uri.len == 0 || key.uri.len > MEDIA_NAME_MAX)
		return refuse(r, "a key has no METHOD or no URI");
	while (at < r->keys.len && !same_text(&r->keys.key[at].format, &key.format))
		at++;
	if (at == MEDIA_KEYS_MAX)
		return refuse(r, "too many keys hold at once");
	r->keys.key[at] = key;
	r->keys.len = at == r->keys.len ? at + 1 : r->keys.len;
	return 0;
}

/* The set that holds now, as an index. -1: none; -2: no memory. */
static int32_t
keys_now(struct reading *r)
{
	struct media *m = r->m;
	void *larger;

	if (r->keys.len == 0)
		return -1;
	if (!r->has_keys)
		return (int32_t)m->key_sets - 1;
	larger = room_for(m->keys, m->key_sets, &r->keys_room, sizeof(*m->keys));
	if (larger == NULL)
		return -2;
	m->keys = larger;
	m->keys[m->key_sets++] = r->keys;
	r->has_keys = false;
	return (int32_t)m->key_sets - 1;
}

static int
read_map(struct reading *r, struct m3u_text list)
{
	struct media *m = r->m;
	struct media_map map = {.range = {0, -1}};
	struct m3u_text name, value;
	void *larger;

	while (m3u_attribute(&list, &name, &value, NULL)) {
		if (m3u_is(&name, "URI"))
			map.uri = value;
		else if (m3u_is(&name, "BYTERANGE") && !byte_range(&value, 0, &map.range))
			return refuse(r, "the BYTERANGE of an EXT-X-MAP is none");
	}
	if (map.uri.len == 0 || map.uri.len > MEDIA_NAME_MAX)
		return refuse(r, "an EXT-X-MAP has no URI");
	if (m->maps == MAPS_MAX)
		return refuse(r, "it has too many initialization sections");
	larger = room_for(m->map, m->maps, &r->map_room, sizeof(*m->map));
	if (larger == NULL)
		return -ENOMEM;
	m->map = larger;
	m->map[m->maps++] = map;
	r->next.map = (int32_t)m->maps - 1;
	return 0;
}

static int
read_date(struct reading *r, struct m3u_text value)
{
	char text[64];

	if (value.len >= sizeof(text))
		return refuse(r, "an EXT-X-PROGRAM-DATE-TIME is none");
	memcpy(text, value.at, value.len);
	text[value.len] = '\0';
	/* One that cannot be read is as good as none. */
	if (when_rfc3339(text, &r->wall_us) != 0)
		r->wall_us = MEDIA_UNKNOWN;
	else
		r->next.dated = true;
	return 0;
}

static int
read_duration(struct reading *r, struct m3u_text value)
{
	const char *comma = memchr(value.at, ',', value.len);

	if (comma != NULL)
		value.len = (size_t)(comma - value.at);
	while (value.len > 0 && value.at[value.len - 1] == ' ')
		value.len--;
	if (!seconds(&value, &r->next.duration_us))
		return refuse(r, "an EXTINF has no duration");
	r->has_duration = true;
	return 0;
}

static int
read_range(struct reading *r, struct m3u_text value)
{
	int64_t follows = r->last.len >= 0 ? r->last.from + r->last.len : -1;

	if (!byte_range(&value, follows, &r->next.range))
		return refuse(r, "an EXT-X-BYTERANGE is none");
	return 0;
}

/* The line of a URI: a segment is complete. */
static int
end_segment(struct reading *r, struct m3u_text uri)
{
	struct media *m = r->m;
	struct media_segment *s;
	void *larger;

	if (!r->has_duration)
		return refuse(r, "a URI has no EXTINF before it");
	if (uri.len > MEDIA_NAME_MAX)
		return refuse(r, "a URI is too long");
	if (m->segments == MEDIA_SEGMENTS_MAX)
		return refuse(r, "it has too many segments");
	larger = room_for(m->segment, m->segments, &r->segment_room, sizeof(*m->segment));
	if (larger == NULL)
		return -ENOMEM;
	m->segment = larger;
	s = &m->segment[m->segments++];
	r->next.uri = uri;
	r->next.wall_us = r->wall_us;
	r->next.keys = keys_now(r);
	if (r->next.keys == -2)
		return -ENOMEM;
	*s = r->next;
	r->last = s->range;
	if (r->wall_us != MEDIA_UNKNOWN)
		r->wall_us += s->duration_us;
	r->next = (struct media_segment){.start_us = s->start_us + s->duration_us,
	    .map = s->map, .range = {0, -1}};
	r->has_duration = false;
	return 0;
}

static int
read_type(struct reading *r, const struct m3u_text *value)
{
	if (m3u_is(value, "VOD"))
		r->m->type = MEDIA_VOD;
	else if (m3u_is(value, "EVENT"))
		r->m->type = MEDIA_EVENT;
	return 0;
}

/* Tags with a whole number. */
static int
read_number(struct reading *r, const struct m3u_text *value, int64_t most, int64_t *out)
{
	return m3u_integer(value, most, out) ? 0 : refuse(r, "a number of its head is none");
}

static int
read_target(struct reading *r, const struct m3u_text *value)
{
	/* Whole seconds, but some write fractions. */
	if (!seconds(value, &r->m->target_us) || r->m->target_us == 0)
		return refuse(r, "its EXT-X-TARGETDURATION is none");
	return 0;
}

static int
read_line(struct reading *r, const struct m3u_text *line)
{
	struct media *m = r->m;
	struct m3u_text v;

	if (line->len == 0)
		return 0;
	if (line->at[0] != '#')
		return end_segment(r, *line);
	if (m3u_tag(line, "#EXTINF:", &v))
		return read_duration(r, v);
	if (m3u_tag(line, "#EXT-X-BYTERANGE:", &v))
		return read_range(r, v);
	if (m3u_tag(line, "#EXT-X-KEY:", &v))
		return read_key(r, v);
	if (m3u_tag(line, "#EXT-X-MAP:", &v))
		return read_map(r, v);
	if (m3u_tag(line, "#EXT-X-PROGRAM-DATE-TIME:", &v))
		return read_date(r, v);
	if (m3u_tag(line, "#EXT-X-TARGETDURATION:", &v))
		return read_target(r, &v);
	if (m3u_tag(line, "#EXT-X-MEDIA-SEQUENCE:", &v))
		return read_number(r, &v, NUMBER_MAX, &m->sequence);
	if (m3u_tag(line, "#EXT-X-DISCONTINUITY-SEQUENCE:", &v))
		return read_number(r, &v, NUMBER_MAX, &m->discontinuity_sequence);
	if (m3u_tag(line, "#EXT-X-VERSION:", &v))
		return read_number(r, &v, 1000, &m->version);
	if (m3u_tag(line, "#EXT-X-PLAYLIST-TYPE:", &v))
		return read_type(r, &v);
	if (m3u_begins(line, "#EXT-X-STREAM-INF:"))
		return refuse(r, "it is a multivariant playlist, not a media playlist");
	if (m3u_begins(line, "#EXT-X-DEFINE:"))
		return refuse(r, "it uses variables (EXT-X-DEFINE)");
	if (m3u_begins(line, "#EXT-X-SKIP:"))
		return refuse(r, "it is a part of a playlist (EXT-X-SKIP)");
	r->next.discontinuity |= m3u_is(line, "#EXT-X-DISCONTINUITY");
	r->next.gap |= m3u_is(line, "#EXT-X-GAP");
	m->ended |= m3u_is(line, "#EXT-X-ENDLIST");
	m->independent |= m3u_is(line, "#EXT-X-INDEPENDENT-SEGMENTS");
	return 0;
}

static int
read_all(struct reading *r)
{
	struct media *m = r->m;
	struct m3u_text rest = {m->text, m->len}, line;
	int error = 0;

	if (!m3u_line(&rest, &line) || !m3u_is(&line, "#EXTM3U"))
		return refuse(r, "it does not begin with #EXTM3U");
	while (error == 0 && m3u_line(&rest, &line))
		error = read_line(r, &line);
	if (error != 0)
		return error;
	if (m->target_us == 0)
		return refuse(r, "it has no EXT-X-TARGETDURATION");
	if (m->type == MEDIA_VOD)
		m->ended = true;
	return 0;
}

int
media_parse(const char *text, size_t len, struct media *out, const char **why)
{
	struct media m = {.version = 1};
	struct reading r = {.m = &m, .wall_us = MEDIA_UNKNOWN, .last = {0, -1},
	    .next = {.map = -1, .range = {0, -1}}};
	int error;

	if (len > MEDIA_TEXT_MAX)
		error = refuse(&r, "it is longer than 4 MiB");
	else if (!media_is_text(text, len))
		error = refuse(&r, "it is not UTF-8");
	else if ((m.text = malloc(len + 1)) == NULL)
		error = -ENOMEM;
	else {
		memcpy(m.text, text, len);
		m.text[len] = '\0';
		m.len = len;
		error = read_all(&r);
	}
	if (error != 0) {
		media_finish(&m);
		*why = error == -ENOMEM ? "no memory" : r.why;
		return error;
	}
	*out = m;
	return 0;
}

void
media_finish(struct media *m)
{
	free(m->text);
	free(m->segment);
	free(m->map);
	free(m->keys);
	memset(m, 0, sizeof(*m));
}
