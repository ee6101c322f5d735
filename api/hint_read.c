/* SPDX-License-Identifier: ISC */
/* Hint requests as JSON: POST bodies and the lines of `linkq decide`. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/hint.h"
#include "api/hint_parts.h"
#include "api/value.h"

#define VALUES_MAX 4096 /* in one request: bounds the time of parsing */
#define BYTES_MAX (INT64_C(1) << 40)
#define SECOND_US INT64_C(1000000)
#define TIME_US_MAX (86400 * SECOND_US)

static int
wrong(struct problem *p, const char *field, const char *what)
{
	return problem_set(p, 400, field, "%s %s", field, what);
}

/* --- Which rendition: its id, or its place in the ladder ------------------------- */

static int
read_rendition(const struct value_in *in, const char *key, const struct hint_request *r,
    int *out)
{
	const struct json_t *v = value_get(in->object, key);
	int64_t index = -1;
	char field[64];

	if (v == NULL)
		return 0;
	snprintf(field, sizeof(field), "%s%s", in->prefix, key);
	if (value_string(v) != NULL) {
		index = hint_find(r, value_string(v));
		if (index < 0)
			return wrong(in->p, field, "is not in the ladder.");
	} else if (value_int(in, key, 0, (int64_t)r->rungs - 1, &index) != 0) {
		return -EINVAL;
	}
	*out = (int)index;
	return 0;
}

static int
read_transfer(const struct value_in *in, const struct hint_request *r,
    struct hint_transfer *t)
{
	bool lasted = value_get(in->object, "duration_s") != NULL;

	*t = (struct hint_transfer){.there = true, .rendition = -1, .bytes = -1,
	    .total_bytes = -1, .duration_us = -1, .ttfb_us = -1, .busy_us = -1,
	    .ended_ago_us = -1};
	if (value_int(in, "bytes", 0, BYTES_MAX, &t->bytes) != 0 ||
	    value_int(in, "total_bytes", 0, BYTES_MAX, &t->total_bytes) != 0 ||
	    value_scaled(in, lasted ? "duration_s" : "elapsed_s", SECOND_US, TIME_US_MAX,
		&t->duration_us) != 0 ||
	    value_scaled(in, "ttfb_s", SECOND_US, TIME_US_MAX, &t->ttfb_us) != 0 ||
	    value_scaled(in, "busy_s", SECOND_US, TIME_US_MAX, &t->busy_us) != 0 ||
	    value_bool(in, "from_cache", &t->from_cache) != 0 ||
	    value_bool(in, "aborted", &t->aborted) != 0 ||
	    value_bool(in, "reported", &t->reported) != 0 ||
	    value_scaled(in, "ended_ms_ago", 1000, TIME_US_MAX, &t->ended_ago_us) != 0 ||
	    value_text(in, "id", t->id, sizeof(t->id)) != 0 ||
	    read_rendition(in, "rendition", r, &t->rendition) != 0)
		return -EINVAL;
	if (t->bytes < 0)
		return problem_set(in->p, 400, "bytes", "%sbytes is missing.", in->prefix);
	if (t->duration_us < 0)
		return problem_set(in->p, 400, "duration_s", "%sduration_s is missing.",
		    in->prefix);
	if (t->ttfb_us > t->duration_us)
		t->ttfb_us = t->duration_us; /* rounded by another clock */
	return 0;
}

static int
read_member_transfer(const struct value_in *in, const char *key, const char *prefix,
    const struct hint_request *r, struct hint_transfer *t)
{
	struct value_in inner = {.object = value_get(in->object, key), .prefix = prefix,
	    .p = in->p};

	if (inner.object == NULL)
		return 0;
	if (!value_is_object(inner.object))
		return wrong(in->p, key, "must be an object.");
	return read_transfer(&inner, r, t);
}

/* --- The rest ---------------------------------------------------------------------- */

static int
read_mode(const struct value_in *in, struct hint_request *r)
{
	char mode[16] = "";

	if (value_text(in, "mode", mode, sizeof(mode)) != 0)
		return -EINVAL;
	if (strcmp(mode, "live") == 0)
		r->mode = PLAN_LIVE;
	else if (strcmp(mode, "low-latency") == 0)
		r->mode = PLAN_LOW_LATENCY;
	else if (strcmp(mode, "vod") == 0)
		r->mode = PLAN_VOD;
	else if (mode[0] != '\0')
		return wrong(in->p, "mode", "must be vod, live or low-latency.");
	return 0;
}

static int
read_weight(const struct value_in *in, const char *key, int64_t most_milli, float *out)
{
	int64_t milli = -1;

	if (value_scaled(in, key, 1000, most_milli, &milli) != 0)
		return -EINVAL;
	if (milli >= 0)
		*out = (float)milli / 1000;
	return 0;
}

static int
read_weights(const struct value_in *in, struct hint_request *r)
{
	struct value_in weights = {.object = value_get(in->object, "weights"),
	    .prefix = "weights.", .p = in->p};

	if (weights.object == NULL)
		return 0;
	if (!value_is_object(weights.object))
		return wrong(in->p, "weights", "must be an object.");
	if (read_weight(&weights, "stall", 1000 * INT64_C(1000000), &r->weights.stall) != 0 ||
	    read_weight(&weights, "switch", 1000 * INT64_C(1000), &r->weights.change) != 0 ||
	    read_weight(&weights, "log", 1000, &r->weights.log) != 0)
		return -EINVAL;
	return 0;
}

/* Which segment, of how many: 4 of 199 leaves 195, counted from 0. */
static int
read_left(const struct value_in *in, struct hint_request *r)
{
	int64_t segment = -1, segments = -1;

	if (value_int(in, "segment", 0, INT32_MAX, &segment) != 0 ||
	    value_int(in, "segments", 1, INT32_MAX, &segments) != 0)
		return -EINVAL;
	if (segment >= 0 && segments > segment)
		r->segments_left = segments - segment;
	return 0;
}

static int
read_times(const struct value_in *in, struct hint_request *r)
{
	if (value_scaled(in, "buffer_s", SECOND_US, TIME_US_MAX, &r->buffer_us) != 0 ||
	    value_scaled(in, "max_buffer_s", SECOND_US, TIME_US_MAX, &r->max_buffer_us) != 0 ||
	    value_scaled(in, "segment_s", SECOND_US, HINT_SEGMENT_US_MAX, &r->segment_us) != 0 ||
	    value_scaled(in, "playback_rate", 1000000, 16000000, &r->rate_ppm) != 0)
		return -EINVAL;
	if (r->segment_us < HINT_SEGMENT_US_LEAST)
		return wrong(in->p, "segment_s", "must be longer.");
	if (r->rate_ppm < 1000) /* paused: as if it played */
		r->rate_ppm = 1000000;
	return 0;
}

/* CMCD's names first, so that the plain ones win where both are there. */
static int
read_question(const struct value_in *in, const struct hint_texts *texts,
    struct hint_request *r)
{
	hint_defaults(r);
	if (hint_read_ladder(in, texts, r) != 0 || hint_read_cmcd(in, r) != 0 ||
	    read_times(in, r) != 0 || read_mode(in, r) != 0 || hint_read_cap(in, r) != 0 ||
	    hint_end_ladder(r, in->p) != 0 ||
	    read_rendition(in, "current", r, &r->current) != 0 ||
	    read_weights(in, r) != 0 || read_left(in, r) != 0 ||
	    value_text(in, "session", r->session, sizeof(r->session)) != 0 ||
	    read_member_transfer(in, "last", "last.", r, &r->last) != 0 ||
	    read_member_transfer(in, "inflight", "inflight.", r, &r->inflight) != 0)
		return -EINVAL;
	return 0;
}

/* Too many values are those of a ladder, if there is one. */
static void
name_the_longest(const struct longtext *t, struct problem *p)
{
	static const char *const names[] = {"ladder_kbps", "ladder"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && p->field[0] == '\0'; i++) {
		if (strstr(t->rest, names[i]) != NULL)
			snprintf(p->field, sizeof(p->field), "%s", names[i]);
	}
}

/* The texts out, and then the rest as an object. */
static struct json_t *
read_object(const char *text, size_t len, struct hint_texts *texts, struct problem *p)
{
	struct json_t *v;

	memset(texts, 0, sizeof(*texts));
	if (longtext_take(text, len, "playlist", &texts->playlist, p) != 0 ||
	    longtext_take(texts->playlist.rest, texts->playlist.rest_len, "mpd", &texts->mpd,
		p) != 0)
		return NULL;
	if (value_check_size(texts->mpd.rest, texts->mpd.rest_len, VALUES_MAX, p) != 0) {
		name_the_longest(&texts->mpd, p);
		return NULL;
	}
	v = value_read(texts->mpd.rest, texts->mpd.rest_len, NULL, p);
	if (v != NULL && !value_is_object(v)) {
		value_free(v);
		problem_set(p, 400, NULL, "It must be an object.");
		return NULL;
	}
	return v;
}

static void
free_texts(struct hint_texts *texts)
{
	longtext_free(&texts->playlist);
	longtext_free(&texts->mpd);
}

int
hint_read_json(const char *body, size_t len, struct hint_request *out, struct problem *p)
{
	struct hint_texts texts;
	struct json_t *v = read_object(body, len, &texts, p);
	struct value_in in = {.object = v, .prefix = "", .p = p};
	int error = -EINVAL;

	if (v != NULL) {
		error = read_question(&in, &texts, out);
		value_free(v);
	}
	free_texts(&texts);
	return error;
}

static int
read_progress(const struct value_in *in, struct hint_request *r)
{
	if (r->rungs == 0)
		return problem_set(in->p, 400, "type", "Progress before the first question.");
	if (value_scaled(in, "buffer_s", SECOND_US, TIME_US_MAX, &r->buffer_us) != 0)
		return -EINVAL;
	return read_transfer(in, r, &r->inflight);
}

static int
read_line(const struct value_in *in, const struct hint_texts *texts, struct hint_request *r,
    struct hint_line *line)
{
	char type[16] = "decide";

	line->t_us = -1;
	if (value_text(in, "type", type, sizeof(type)) != 0 ||
	    value_scaled(in, "t", SECOND_US, 100 * TIME_US_MAX, &line->t_us) != 0)
		return -EINVAL;
	if (line->t_us < 0)
		return wrong(in->p, "t", "is missing.");
	line->progress = strcmp(type, "progress") == 0;
	if (!line->progress && strcmp(type, "decide") != 0)
		return wrong(in->p, "type", "must be decide or progress.");
	return line->progress ? read_progress(in, r) : read_question(in, texts, r);
}

int
hint_read_line(const char *text, size_t len, struct hint_request *out, struct hint_line *line,
    struct problem *p)
{
	struct hint_texts texts;
	struct json_t *v = read_object(text, len, &texts, p);
	struct value_in in = {.object = v, .prefix = "", .p = p};
	int error = -EINVAL;

	if (v != NULL) {
		error = read_line(&in, &texts, out, line);
		value_free(v);
	}
	free_texts(&texts);
	return error;
}
