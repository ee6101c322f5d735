/* SPDX-License-Identifier: ISC */
/* Observations of one body: read, checked and fed in portions. */
#include "api/observations.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "api/value.h"

/* Reading one takes about 5 us, feeding it half of that: a portion stays under 1 ms. Text that
 * is made to be slow takes 60 ns a byte. */
#define PORTION 48
#define PORTION_BYTES 8192

enum phase { TOP, KEY, ELEMENT, SINGLE, FEED, DONE };

struct entry {
	bool ok;
	struct api_observation o;
	char reason[128];
};

struct observations {
	const struct api_source *source;
	struct hint_watches *watches;
	const char *text;
	size_t len, at;
	enum phase phase;
	bool wrapped; /* {"observations": [ has been met */
	struct entry *entry;
	size_t entries, room;
	struct end {
		int64_t ago_us;
		uint16_t index;
	} end[OBSERVATIONS_MAX]; /* sorted as they ended */
	size_t fed, accepted;
};

struct observations *
observations_create(const struct api_source *source, struct hint_watches *watches,
    const char *body, size_t len)
{
	struct observations *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->source = source;
	o->watches = watches;
	o->text = body;
	o->len = len;
	return o;
}

void
observations_destroy(struct observations *o)
{
	if (o == NULL)
		return;
	free(o->entry);
	free(o);
}

/* --- The walk over the body: one value at a time ----------------------------- */

static void
skip_blanks(struct observations *o)
{
	while (o->at < o->len && memchr(" \t\r\n", o->text[o->at], 4) != NULL)
		o->at++;
}

static bool
take(struct observations *o, char c)
{
	skip_blanks(o);
	if (o->at == o->len || o->text[o->at] != c)
		return false;
	o->at++;
	return true;
}

static int
malformed(const struct observations *o, struct problem *p)
{
	return problem_set(p, 400, NULL, "The body is not JSON at byte %zu.", o->at);
}

/* One whole value, which may be OBSERVATION_TEXT_MAX long. */
static struct json_t *
take_value(struct observations *o, struct problem *p)
{
	size_t left = o->len - o->at, used;
	char why[sizeof(p->detail)];
	size_t len = left < OBSERVATION_TEXT_MAX ? left : OBSERVATION_TEXT_MAX;
	struct json_t *v = value_read(o->text + o->at, len, &used, p);

	if (v == NULL) {
		snprintf(why, sizeof(why), "%s", p->detail);
		if (len < left && used >= len)
			problem_set(p, 400, NULL,
			    "At byte %zu: an observation of more than %d bytes.", o->at,
			    OBSERVATION_TEXT_MAX);
		else
			problem_set(p, 400, NULL, "The body is not JSON at byte %zu: %.150s.",
			    o->at + used, why);
		return NULL;
	}
	o->at += used;
	return v;
}

static struct entry *
next_entry(struct observations *o, struct problem *p)
{
	if (o->entries == OBSERVATIONS_MAX) {
		problem_set(p, 413, NULL, "A body may have %d observations at most.",
		    OBSERVATIONS_MAX);
		return NULL;
	}
	if (o->entries == o->room) {
		size_t room = o->room == 0 ? 8 : o->room * 4;
		struct entry *bigger;

		if (room > OBSERVATIONS_MAX)
			room = OBSERVATIONS_MAX;
		bigger = realloc(o->entry, room * sizeof(*bigger));
		if (bigger == NULL) {
			problem_set(p, 503, NULL, "Out of memory.");
			return NULL;
		}
		o->entry = bigger;
		o->room = room;
	}
	return &o->entry[o->entries++];
}

static int
add_value(struct observations *o, struct problem *p)
{
	struct json_t *v = take_value(o, p);
	struct problem why = {.status = 0};
	struct entry *e;
	int64_t now_us, wall_us;

	if (v == NULL)
		return -EINVAL;
	e = next_entry(o, p);
	if (e == NULL) {
		value_free(v);
		return -EINVAL;
	}
	o->source->instant(o->source->ctx, &now_us, &wall_us);
	e->ok = observation_read(v, wall_us, &e->o, &why) == 0;
	if (!e->ok)
		snprintf(e->reason, sizeof(e->reason), "%.127s", why.detail);
	value_free(v);
	return 0;
}

/* Only blanks may follow. */
static int
end_of_body(struct observations *o, struct problem *p)
{
	skip_blanks(o);
	if (o->at != o->len)
		return malformed(o, p);
	o->phase = FEED;
	return 0;
}

static int
step_top(struct observations *o, struct problem *p)
{
	if (take(o, '[')) {
		o->phase = ELEMENT;
		return take(o, ']') ? end_of_body(o, p) : 0;
	}
	if (!take(o, '{'))
		return problem_set(p, 400, NULL,
		    "The body must be an observation, an array of them, or an object with "
		    "\"observations\".");
	o->phase = take(o, '}') ? SINGLE : KEY;
	return 0;
}

/* After the value of a member: another one, or the end of the object. */
static int
after_member(struct observations *o, struct problem *p)
{
	o->phase = KEY;
	if (take(o, ','))
		return 0;
	if (!take(o, '}'))
		return malformed(o, p);
	if (o->wrapped)
		return end_of_body(o, p);
	o->phase = SINGLE; /* no "observations" among its members: it is one itself */
	return 0;
}

static int
array_begins(struct observations *o, struct problem *p)
{
	if (o->wrapped)
		return problem_set(p, 400, "observations", "observations is given twice.");
	if (!take(o, '['))
		return problem_set(p, 400, "observations", "observations must be an array.");
	o->wrapped = true;
	o->phase = ELEMENT;
	return take(o, ']') ? after_member(o, p) : 0;
}

static int
step_key(struct observations *o, struct problem *p)
{
	struct json_t *v;
	const char *key;
	bool is_key, is_array;

	skip_blanks(o);
	v = take_value(o, p);
	if (v == NULL)
		return -EINVAL;
	key = value_string(v);
	is_key = key != NULL;
	is_array = is_key && strcmp(key, "observations") == 0;
	value_free(v);
	if (!is_key || !take(o, ':'))
		return malformed(o, p);
	if (is_array)
		return array_begins(o, p);
	skip_blanks(o);
	v = take_value(o, p);
	if (v == NULL)
		return -EINVAL;
	value_free(v);
	return after_member(o, p);
}

static int
step_element(struct observations *o, struct problem *p)
{
	skip_blanks(o);
	if (add_value(o, p) != 0)
		return -EINVAL;
	if (take(o, ','))
		return 0;
	if (!take(o, ']'))
		return malformed(o, p);
	return o->wrapped ? after_member(o, p) : end_of_body(o, p);
}

/* Now strictly and whole: a name that comes twice is refused here. */
static int
step_single(struct observations *o, struct problem *p)
{
	o->at = 0;
	skip_blanks(o);
	if (add_value(o, p) != 0)
		return -EINVAL;
	return end_of_body(o, p);
}

/* --- Feeding ------------------------------------------------------------------ */

static int
by_end(const void *a, const void *b)
{
	const struct end *ea = a, *eb = b;

	if (ea->ago_us != eb->ago_us)
		return ea->ago_us > eb->ago_us ? -1 : 1;
	return ea->index < eb->index ? -1 : 1;
}

static void
sort_entries(struct observations *o)
{
	for (size_t i = 0; i < o->entries; i++) {
		o->end[i].ago_us = o->entry[i].ok ? o->entry[i].o.ended_ago_us : 0;
		o->end[i].index = (uint16_t)i;
	}
	qsort(o->end, o->entries, sizeof(o->end[0]), by_end);
}

static void
tell_watches(struct observations *o, const struct api_observation *told)
{
	int64_t now_us, wall_us;

	if (o->watches == NULL)
		return;
	o->source->instant(o->source->ctx, &now_us, &wall_us);
	hint_watch_slice(o->watches, told, now_us);
}

static void
feed(struct observations *o, struct entry *e)
{
	enum est_verdict v;

	if (!e->ok)
		return;
	v = o->source->observe(o->source->ctx, &e->o);
	tell_watches(o, &e->o);
	/* a paced body still says "at least this much" */
	if (v == EST_TAKEN || v == EST_REJECT_SERVER) {
		o->accepted++;
		return;
	}
	e->ok = false;
	snprintf(e->reason, sizeof(e->reason), "It does not count: %s.", est_verdict_name(v));
}

static int
step_feed(struct observations *o)
{
	if (o->fed == 0)
		sort_entries(o);
	if (o->fed < o->entries)
		feed(o, &o->entry[o->end[o->fed++].index]);
	if (o->fed == o->entries)
		o->phase = DONE;
	return 0;
}

static int
step(struct observations *o, struct problem *p)
{
	switch (o->phase) {
	case TOP:
		return step_top(o, p);
	case KEY:
		return step_key(o, p);
	case ELEMENT:
		return step_element(o, p);
	case SINGLE:
		return step_single(o, p);
	case FEED:
		return step_feed(o);
	case DONE:
		break;
	}
	return 0;
}

int
observations_step(struct observations *o, struct problem *p)
{
	size_t from = o->at;

	for (int i = 0; i < PORTION && o->phase != DONE; i++) {
		if (step(o, p) != 0)
			return -EINVAL;
		if (o->at > from + PORTION_BYTES)
			break;
	}
	return o->phase == DONE ? 0 : 1;
}

void
observations_write(const struct observations *o, struct buf *out)
{
	struct jw w;

	assert(o->phase == DONE);
	jw_init(&w, out);
	jw_open(&w, '{');
	jw_key_int(&w, "accepted", (int64_t)o->accepted);
	jw_key_open(&w, "rejected", '[');
	for (size_t i = 0; i < o->entries; i++) {
		if (o->entry[i].ok)
			continue;
		jw_open(&w, '{');
		jw_key_int(&w, "index", (int64_t)i);
		jw_key_text(&w, "reason", o->entry[i].reason);
		jw_close(&w, '}');
	}
	jw_close(&w, ']');
	jw_close(&w, '}');
}
