/* SPDX-License-Identifier: ISC */
/* The ladder of a hint request, in each of its forms, and what caps it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/hint_parts.h"

static int
wrong(struct problem *p, const char *field, const char *what)
{
	return problem_set(p, 400, field, "%s %s", field, what);
}

static void
rung_defaults(struct ladder_rung *g)
{
	memset(g, 0, sizeof(*g));
	g->score_micro = -1;
	g->variant = -1;
}

static int
read_numbers(const struct json_t *array, struct hint_request *r, struct problem *p)
{
	double kbps;

	for (size_t i = 0; i < value_len(array); i++) {
		if (!value_number(value_at(array, i), &kbps) || kbps < 1 || kbps > (double)LADDER_KBPS_MAX)
			return wrong(p, "ladder_kbps", "must hold numbers of kbit/s from 1 on.");
		rung_defaults(&r->rung[i]);
		r->rung[i].avg_kbps = r->rung[i].peak_kbps = (int64_t)(kbps + 0.5);
	}
	return 0;
}

static int
read_rung(const struct json_t *object, struct ladder_rung *g, struct problem *p)
{
	struct value_in in = {.object = object, .prefix = "ladder.", .p = p};
	char codecs[128] = "", range[8] = "SDR";
	struct ladder_codecs c;

	if (!value_is_object(object))
		return wrong(p, "ladder", "must hold objects.");
	rung_defaults(g);
	if (value_text(&in, "id", g->id, sizeof(g->id)) != 0 ||
	    value_int(&in, "avg_kbps", 1, LADDER_KBPS_MAX, &g->avg_kbps) != 0 ||
	    value_int(&in, "peak_kbps", 1, LADDER_KBPS_MAX, &g->peak_kbps) != 0 ||
	    value_int(&in, "height", 0, 100000, &g->height) != 0 ||
	    value_scaled(&in, "fps", 1000, 1000000, &g->fps_milli) != 0 ||
	    value_scaled(&in, "score", 1000000, INT64_MAX / 16, &g->score_micro) != 0 ||
	    value_text(&in, "codecs", codecs, sizeof(codecs)) != 0 ||
	    value_text(&in, "video_range", range, sizeof(range)) != 0)
		return -EINVAL;
	if (g->avg_kbps == 0 && g->peak_kbps == 0)
		return wrong(p, "ladder.avg_kbps", "is missing.");
	if (g->avg_kbps == 0)
		g->avg_kbps = g->peak_kbps;
	if (g->peak_kbps < g->avg_kbps)
		g->peak_kbps = g->avg_kbps;
	ladder_read_codecs(codecs, strlen(codecs), &c);
	memcpy(g->codec, c.video, sizeof(g->codec));
	g->range = ladder_read_range(range, strlen(range));
	return 0;
}

static int
read_objects(const struct json_t *array, struct hint_request *r, struct problem *p)
{
	for (size_t i = 0; i < value_len(array); i++) {
		if (read_rung(value_at(array, i), &r->rung[i], p) != 0)
			return -EINVAL;
	}
	return 0;
}

static int
read_array(const struct value_in *in, const char *key, struct hint_request *r,
    int (*read)(const struct json_t *, struct hint_request *, struct problem *))
{
	const struct json_t *array = value_get(in->object, key);

	if (!value_is_array(array) || value_len(array) == 0 ||
	    value_len(array) > PLAN_RUNGS_MAX)
		return problem_set(in->p, 400, key, "%s must be an array of 1 to %d renditions.",
		    key, PLAN_RUNGS_MAX);
	memset(r->rung, 0, sizeof(r->rung));
	r->rungs = value_len(array);
	return read(array, r, in->p);
}

/* A text, or what stands in its place. */
static int
read_text(const struct value_in *in, const char *key, const struct longtext *text,
    struct hint_request *r)
{
	if (text->text != NULL)
		return hint_read_playlist(text->text, text->len, key, r, in->p);
	return wrong(in->p, key, "must be the text of a playlist.");
}

int
hint_read_ladder(const struct value_in *in, const struct hint_texts *texts,
    struct hint_request *r)
{
	if (value_text(in, "audio", r->audio, sizeof(r->audio)) != 0 ||
	    value_text(in, "period", r->period, sizeof(r->period)) != 0)
		return -EINVAL;
	if (value_get(in->object, "ladder") != NULL)
		return read_array(in, "ladder", r, read_objects);
	if (value_get(in->object, "ladder_kbps") != NULL)
		return read_array(in, "ladder_kbps", r, read_numbers);
	if (texts->playlist.text != NULL || value_get(in->object, "playlist") != NULL)
		return read_text(in, "playlist", &texts->playlist, r);
	if (texts->mpd.text != NULL || value_get(in->object, "mpd") != NULL)
		return read_text(in, "mpd", &texts->mpd, r);
	return problem_set(in->p, 400, "ladder_kbps",
	    "ladder_kbps, ladder, playlist or mpd is missing.");
}

/* --- Caps ---------------------------------------------------------------------------------- */

/* A word, or a list of them, each of which `add` takes. */
static int
read_words(const struct value_in *cap, const char *key, struct ladder_can *can,
    bool (*add)(struct ladder_can *, const char *, size_t), const char *what)
{
	const struct json_t *v = value_get(cap->object, key);
	size_t n = value_is_array(v) ? value_len(v) : 1;
	char field[64];

	snprintf(field, sizeof(field), "%s%s", cap->prefix, key);
	for (size_t i = 0; v != NULL && i < n; i++) {
		const char *word = value_string(value_is_array(v) ? value_at(v, i) : v);

		if (word == NULL || !add(can, word, strlen(word)))
			return wrong(cap->p, field, what);
	}
	return 0;
}

int
hint_read_cap(const struct value_in *in, struct hint_request *r)
{
	struct value_in cap = {.object = value_get(in->object, "cap"), .prefix = "cap.",
	    .p = in->p};

	if (cap.object == NULL)
		return 0;
	if (!value_is_object(cap.object))
		return wrong(in->p, "cap", "must be an object.");
	if (value_int(&cap, "max_kbps", 1, LADDER_KBPS_MAX, &r->cap_kbps) != 0 ||
	    value_int(&cap, "max_height", 1, 100000, &r->cap_height) != 0 ||
	    read_words(&cap, "codecs", &r->can, ladder_can_codec,
		"must be up to 8 beginnings of codecs, such as avc1.") != 0 ||
	    read_words(&cap, "video_range", &r->can, ladder_can_range,
		"must be of SDR, HLG and PQ.") != 0)
		return -EINVAL;
	return 0;
}
