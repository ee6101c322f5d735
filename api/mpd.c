/* SPDX-License-Identifier: ISC */
/* Reads the ladder of a DASH MPD with expat. */
#include "api/mpd.h"

#include <assert.h>
#include <errno.h>
#include <expat.h>
#include <stdio.h>
#include <string.h>

#include "api/m3u.h"
#include "api/mpd_bulk.h"

#define DEPTH_MAX 64
#define PARSED_MAX ((size_t)96 * 1024) /* bytes: about a millisecond and a half */
#define RUNGS_MAX 64
#define TIMESCALE_MAX INT64_C(1000000000000)

enum depth { IN_NOTHING, IN_MPD, IN_PERIOD, IN_SET, IN_REPRESENTATION };
enum kind { KIND_UNKNOWN, KIND_VIDEO, KIND_AUDIO, KIND_OTHER };

/* What a Representation has of its own, or of its set. */
struct traits {
	enum kind kind;
	int64_t width, height, fps_milli;
	char codec[LADDER_CODEC_MAX + 1];
	bool sound; /* is in it */
	enum ladder_range range;
};

struct set {
	struct traits traits;
	bool trick, has_role, is_main;
	enum kind kind; /* as its Representations say */
	size_t first;   /* of its renditions */
	int64_t audio_kbps;
};

struct reader {
	XML_Parser parser;
	struct ladder_rung *out;
	bool other_role[RUNGS_MAX]; /* of out[]: its set has a Role, and it is not main */
	bool sound[RUNGS_MAX];      /* and of its own sound */
	size_t len, max;
	const char *wanted; /* the id of a Period; "" */
	struct mpd_told *told;
	int depth;
	enum depth at;  /* the innermost of those that count */
	bool here;      /* this Period is the one */
	bool done;      /* it was read */
	bool any_main;
	int64_t audio_kbps;   /* -1: no sound was seen */
	int64_t timescale;    /* of the last SegmentTemplate */
	struct set set;
	struct traits traits; /* of the Representation */
	int64_t bandwidth_kbps;
	char id[LADDER_ID_MAX + 1];
};

static void
stop(struct reader *r, const char *why)
{
	if (r->told->why[0] == '\0')
		snprintf(r->told->why, sizeof(r->told->why), "%s", why);
	XML_StopParser(r->parser, XML_FALSE);
}

/* Names with and without a prefix are the same to us. */
static const char *
local(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon != NULL ? colon + 1 : name;
}

static const char *
attribute(const char *const *attributes, const char *name)
{
	for (; *attributes != NULL; attributes += 2) {
		if (strcmp(attributes[0], name) == 0)
			return attributes[1];
	}
	return NULL;
}

static struct m3u_text
piece(const char *text)
{
	return (struct m3u_text){text, strlen(text)};
}

/* A whole number; an absent one leaves *out alone. */
static void
read_integer(struct reader *r, const char *const *attributes, const char *name, int64_t most,
    int64_t *out)
{
	const char *text = attribute(attributes, name);
	char why[MPD_WHY_MAX];
	struct m3u_text p;

	if (text == NULL)
		return;
	p = piece(text);
	if (m3u_integer(&p, most, out))
		return;
	snprintf(why, sizeof(why), "a %.20s is no number, or one that cannot be", name);
	stop(r, why);
}

/* 25, or 30000/1001 */
static void
read_rate(struct reader *r, const char *text, int64_t *out)
{
	const char *slash = strchr(text, '/');
	struct m3u_text over = piece(text), under = piece(slash != NULL ? slash + 1 : "1");
	int64_t frames, in;

	if (slash != NULL)
		over.len = (size_t)(slash - text);
	if (m3u_decimal(&over, 3, INT64_C(1000000000), &frames) &&
	    m3u_integer(&under, 1000000, &in) && in > 0)
		*out = frames / in;
	else
		stop(r, "a frameRate is none");
}

static enum kind
kind_of(const char *type)
{
	if (strncmp(type, "video", 5) == 0)
		return KIND_VIDEO;
	return strncmp(type, "audio", 5) == 0 ? KIND_AUDIO : KIND_OTHER;
}

static void
read_traits(struct reader *r, const char *const *attributes, struct traits *t)
{
	const char *type = attribute(attributes, "contentType");
	const char *mime = attribute(attributes, "mimeType");
	const char *codecs = attribute(attributes, "codecs");
	const char *rate = attribute(attributes, "frameRate");

	read_integer(r, attributes, "width", 100000, &t->width);
	read_integer(r, attributes, "height", 100000, &t->height);
	if (rate != NULL)
		read_rate(r, rate, &t->fps_milli);
	if (codecs != NULL) {
		struct ladder_codecs c;

		ladder_read_codecs(codecs, strlen(codecs), &c);
		memcpy(t->codec, c.video, sizeof(t->codec));
		t->sound = c.audio;
		if (t->kind == KIND_UNKNOWN && c.any)
			t->kind = c.video[0] != '\0' ? KIND_VIDEO : c.audio ? KIND_AUDIO : KIND_OTHER;
	}
	if (mime != NULL && strncmp(mime, "application", 11) != 0)
		t->kind = kind_of(mime);
	if (type != NULL)
		t->kind = kind_of(type);
	if (t->kind == KIND_UNKNOWN && t->height > 0)
		t->kind = KIND_VIDEO;
}

/* A descriptor: what a set is for, and how bright it is. */
static void
read_descriptor(struct reader *r, const char *name, const char *const *attributes)
{
	const char *scheme = attribute(attributes, "schemeIdUri");
	const char *value = attribute(attributes, "value");
	struct traits *t = r->at == IN_REPRESENTATION ? &r->traits : &r->set.traits;

	if (scheme == NULL)
		return;
	if (strcmp(name, "Role") == 0 && strcmp(scheme, "urn:mpeg:dash:role:2011") == 0 &&
	    value != NULL) {
		r->set.has_role = true;
		r->set.is_main = r->set.is_main || strcmp(value, "main") == 0;
	} else if (strcmp(scheme, "http://dashif.org/guidelines/trickmode") == 0) {
		r->set.trick = true;
	} else if (strcmp(scheme, "urn:mpeg:mpegB:cicp:TransferCharacteristics") == 0 &&
	    value != NULL) {
		t->range = strcmp(value, "16") == 0 ? LADDER_PQ
		    : strcmp(value, "18") == 0      ? LADDER_HLG
						    : LADDER_SDR;
	}
}

/* SegmentTemplate's duration, or the first S of its timeline. */
static void
read_segment(struct reader *r, const char *name, const char *const *attributes)
{
	int64_t units = 0;
	const struct traits *t = r->at == IN_REPRESENTATION ? &r->traits : &r->set.traits;

	if (r->at > IN_PERIOD && t->kind > KIND_VIDEO)
		return;
	if (strcmp(name, "S") == 0) {
		read_integer(r, attributes, "d", TIMESCALE_MAX, &units);
	} else {
		r->timescale = 1;
		read_integer(r, attributes, "timescale", TIMESCALE_MAX, &r->timescale);
		read_integer(r, attributes, "duration", TIMESCALE_MAX, &units);
	}
	if (r->told->segment_us == 0 && units > 0 && r->timescale > 0)
		r->told->segment_us = (int64_t)((double)units * 1e6 / (double)r->timescale);
}

static void
begin_period(struct reader *r, const char *const *attributes)
{
	const char *id = attribute(attributes, "id");

	r->at = IN_PERIOD;
	r->here = !r->done && (r->wanted[0] == '\0' || (id != NULL && strcmp(id, r->wanted) == 0));
	r->any_main = false;
	r->audio_kbps = -1;
	r->timescale = 1;
}

static void
begin_set(struct reader *r, const char *const *attributes)
{
	r->at = IN_SET;
	memset(&r->set, 0, sizeof(r->set));
	r->set.first = r->len;
	r->set.audio_kbps = -1;
	read_traits(r, attributes, &r->set.traits);
}

static void
begin_representation(struct reader *r, const char *const *attributes)
{
	const char *id = attribute(attributes, "id");
	int64_t bps = 0;

	r->at = IN_REPRESENTATION;
	r->traits = r->set.traits;
	read_traits(r, attributes, &r->traits);
	read_integer(r, attributes, "bandwidth", LADDER_KBPS_MAX * 1000, &bps);
	r->bandwidth_kbps = (bps + 999) / 1000;
	r->id[0] = '\0';
	if (id != NULL)
		ladder_copy_id(id, strlen(id), r->id);
}

static void XMLCALL
begin(void *arg, const XML_Char *full, const XML_Char **attributes)
{
	struct reader *r = arg;
	const char *const *a = (const char *const *)attributes;
	const char *name = local(full);
	const char *type;

	if (++r->depth > DEPTH_MAX) {
		stop(r, "it is nested too deep");
	} else if (r->depth == 1) {
		if (strcmp(name, "MPD") != 0)
			stop(r, "it is no MPD");
		type = attribute(a, "type");
		r->told->live = type != NULL && strcmp(type, "dynamic") == 0;
		r->at = IN_MPD;
	} else if (r->depth == 2 && strcmp(name, "Period") == 0) {
		begin_period(r, a);
	} else if (r->at < IN_PERIOD || !r->here) {
		return;
	} else if (r->depth == 3 && strcmp(name, "AdaptationSet") == 0) {
		begin_set(r, a);
	} else if (r->depth == 4 && r->at == IN_SET && strcmp(name, "Representation") == 0) {
		begin_representation(r, a);
	} else if (strcmp(name, "S") == 0 || strcmp(name, "SegmentTemplate") == 0) {
		read_segment(r, name, a);
	} else if (r->at >= IN_SET) {
		read_descriptor(r, name, a);
	}
}

static void
end_representation(struct reader *r)
{
	const struct traits *t = &r->traits;
	struct ladder_rung *g;

	if (r->set.kind == KIND_UNKNOWN)
		r->set.kind = t->kind;
	if (t->kind == KIND_AUDIO && r->bandwidth_kbps > r->set.audio_kbps)
		r->set.audio_kbps = r->bandwidth_kbps;
	if (t->kind != KIND_VIDEO)
		return;
	if (r->bandwidth_kbps == 0) {
		stop(r, "a Representation has no bandwidth");
		return;
	}
	if (r->len == r->max) {
		stop(r, "it has too many Representations");
		return;
	}
	g = &r->out[r->len];
	memset(g, 0, sizeof(*g));
	memcpy(g->id, r->id, sizeof(g->id));
	memcpy(g->codec, t->codec, sizeof(g->codec));
	g->avg_kbps = g->peak_kbps = r->bandwidth_kbps;
	g->height = t->height;
	g->fps_milli = t->fps_milli;
	g->range = t->range;
	g->score_micro = -1;
	g->variant = -1;
	r->sound[r->len] = t->sound;
	r->len++;
}

static void
end_set(struct reader *r)
{
	if (r->set.trick)
		r->len = r->set.first;
	for (size_t i = r->set.first; i < r->len; i++)
		r->other_role[i] = r->set.has_role && !r->set.is_main;
	r->any_main = r->any_main || (r->len > r->set.first && r->set.is_main);
	if (r->audio_kbps < 0 && r->set.audio_kbps >= 0)
		r->audio_kbps = r->set.audio_kbps;
}

static void
end_period(struct reader *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->len; i++) {
		if (r->any_main && r->other_role[i])
			continue;
		r->out[kept] = r->out[i];
		if (r->audio_kbps > 0 && !r->sound[i]) {
			r->out[kept].avg_kbps += r->audio_kbps;
			r->out[kept].peak_kbps += r->audio_kbps;
		}
		kept++;
	}
	r->len = kept;
	r->done = kept > 0 || r->wanted[0] != '\0';
}

static void XMLCALL
end(void *arg, const XML_Char *full)
{
	struct reader *r = arg;

	(void)full;
	r->depth--;
	if (r->at == IN_REPRESENTATION && r->depth == 3) {
		end_representation(r);
		r->at = IN_SET;
	} else if (r->at == IN_SET && r->depth == 2) {
		end_set(r);
		r->at = IN_PERIOD;
	} else if (r->at == IN_PERIOD && r->depth == 1) {
		if (r->here)
			end_period(r);
		r->here = false;
		r->at = IN_MPD;
	}
}

/* An MPD needs none, and what a document type can do to a parser is not worth it. */
static void XMLCALL
doctype(void *arg, const XML_Char *name, const XML_Char *system, const XML_Char *public,
    int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	stop(arg, "it has a document type, which an MPD does not need");
}

bool
mpd_is_one(const char *text, size_t len)
{
	size_t i = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	while (i < len && memchr(" \t\r\n", text[i], 4) != NULL)
		i++;
	return i < len && text[i] == '<';
}

/* All of it, but for what can be left out; false with told->why set. */
static bool
parse(struct reader *r, const char *text, size_t len)
{
	struct mpd_bulk bulk = {.at = text, .len = len};
	const char *piece_at;
	size_t piece_len, parsed = 0;
	bool last = false;

	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, begin, end);
	XML_SetStartDoctypeDeclHandler(r->parser, doctype);
	while (!last) {
		last = !mpd_bulk_next(&bulk, &piece_at, &piece_len);
		parsed += piece_len;
		if (parsed > PARSED_MAX) {
			snprintf(r->told->why, sizeof(r->told->why),
			    "beside its lists of segments it has over %zu KiB", PARSED_MAX / 1024);
			return false;
		}
		if (XML_Parse(r->parser, piece_at, (int)piece_len, last) == XML_STATUS_ERROR)
			break;
	}
	if (last && XML_GetErrorCode(r->parser) == XML_ERROR_NONE)
		return true;
	if (r->told->why[0] == '\0')
		snprintf(r->told->why, sizeof(r->told->why), "line %zu: %.80s",
		    (size_t)XML_GetCurrentLineNumber(r->parser) + bulk.lines,
		    XML_ErrorString(XML_GetErrorCode(r->parser)));
	return false;
}

int
mpd_parse(const char *text, size_t len, const char *period, struct ladder_rung *out,
    size_t max, struct mpd_told *told)
{
	struct reader r = {.out = out, .max = max, .wanted = period, .told = told};
	bool good;

	assert(max <= RUNGS_MAX && len < INT32_MAX);
	memset(told, 0, sizeof(*told));
	r.parser = XML_ParserCreate("UTF-8"); /* whatever it says: the text came in JSON */
	if (r.parser == NULL) {
		snprintf(told->why, sizeof(told->why), "there is no memory for it");
		return -EINVAL;
	}
	good = parse(&r, text, len);
	XML_ParserFree(r.parser);
	if (!good)
		return -EINVAL;
	told->no_period = period[0] != '\0' && !r.done;
	if (told->no_period)
		snprintf(told->why, sizeof(told->why), "it has no Period of that id");
	else if (r.len == 0)
		snprintf(told->why, sizeof(told->why), "it has no Representation of video");
	return r.len > 0 ? (int)r.len : -EINVAL;
}
