/* SPDX-License-Identifier: ISC */
/* What the live view knows: the last estimate, the past, and what happened. */
#include "daemon/cli/live.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "daemon/cli/moment.h"

#define SECOND_US INT64_C(1000000)
#define MINUTE_S 60

void
live_init(struct live *l, int64_t mono_us)
{
	memset(l, 0, sizeof *l);
	l->connection = LIVE_WAITING;
	l->connection_since_us = mono_us;
	l->last_second = -1;
	for (size_t i = 0; i < LIVE_BINS; i++)
		l->bin[i].second = -1;
}

static char
mark_of(const char *state)
{
	static const char *const states[] = { "online", "stalled", "offline", "captive", "asleep" };
	static const char marks[] = "-~xcz";

	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
		if (strcmp(state, states[i]) == 0)
			return marks[i];
	}
	return '.';
}

static void
set_bin(struct live *l, int64_t second, const struct live_bin *like)
{
	struct live_bin *b;

	if (second < 0 || second <= l->last_second - LIVE_BINS)
		return;
	b = &l->bin[second % LIVE_BINS];
	*b = *like;
	b->second = second;
	if (second > l->last_second)
		l->last_second = second;
}

static struct live_bin
bin_of_view(const struct live *l)
{
	static const struct live_bin gap = { .p10 = (double)NAN, .p50 = (double)NAN,
		.p90 = (double)NAN, .mark = ' ' };
	struct live_bin b = gap;

	if (!l->known || l->connection != LIVE_CONNECTED)
		return b;
	b.p10 = l->view.down_kbps.p10;
	b.p50 = l->view.down_kbps.p50;
	b.p90 = l->view.down_kbps.p90;
	b.mark = mark_of(l->view.state);
	return b;
}

void
live_tick(struct live *l, int64_t mono_us)
{
	struct live_bin b = bin_of_view(l);
	int64_t now = mono_us / SECOND_US;
	int64_t from = l->last_second < 0 ? now : l->last_second + 1;

	if (now - from >= LIVE_BINS) /* it was stopped meanwhile */
		from = now - LIVE_BINS + 1;
	for (int64_t s = from; s <= now; s++)
		set_bin(l, s, &b);
}

void
live_connection(struct live *l, enum live_connection connection, int64_t mono_us)
{
	if (connection == l->connection)
		return;
	live_tick(l, mono_us);
	l->connection = connection;
	l->connection_since_us = mono_us;
}

int
live_estimate(struct live *l, const json_t *doc, int64_t mono_us)
{
	struct live_bin b;
	struct view v;

	if (view_read(doc, &v) != 0)
		return -EINVAL;
	if (json_is_false(json_object_get(json_object_get(doc, "link"), "default")) && l->known &&
	    strcmp(v.link, l->view.link) != 0)
		return 0;
	live_tick(l, mono_us); /* what was so until now */
	l->view = v;
	l->known = true;
	l->received_us = mono_us;
	b = bin_of_view(l);
	set_bin(l, mono_us / SECOND_US, &b);
	return 0;
}

static void
add_line(struct live *l, int64_t wall_us, enum term_tone tone, const struct words *text)
{
	struct live_line *line = &l->line[l->lines++ % LIVE_LINES];

	line->wall_us = wall_us;
	line->text = *text;
	line->tone = tone;
}

void
live_say(struct live *l, int64_t wall_us, enum term_tone tone, const char *text)
{
	struct words w;

	snprintf(w.s, sizeof w.s, "%s", text);
	add_line(l, wall_us, tone, &w);
}

static enum term_tone
tone_of_change(const char *kind)
{
	if (strcmp(kind, "drop") == 0 || strcmp(kind, "outage") == 0)
		return TERM_BAD;
	if (strcmp(kind, "rise") == 0 || strcmp(kind, "recovery") == 0)
		return TERM_GOOD;
	return TERM_PLAIN;
}

static int64_t
time_of(const json_t *doc, int64_t otherwise)
{
	const char *text = json_string_value(json_object_get(doc, "time"));
	int64_t us;

	return text != NULL && moment_parse_rfc3339(text, &us) == 0 ? us : otherwise;
}

static void
add_outage(struct live *l, int64_t wall_us, bool begins, const json_t *lasted_ms)
{
	struct words w;

	if (begins)
		snprintf(w.s, sizeof w.s, "outage begins");
	else if (json_is_number(lasted_ms))
		snprintf(w.s, sizeof w.s, "outage ends after %.60s",
		    words_ms(json_number_value(lasted_ms)).s);
	else
		snprintf(w.s, sizeof w.s, "outage ends");
	add_line(l, wall_us, begins ? TERM_BAD : TERM_GOOD, &w);
}

static const char *
network_words(const char *kind)
{
	static const char *const known[][2] = {
		{ "up", "link is up" },
		{ "down", "link is down" },
		{ "route", "the default route changed" },
		{ "carrier", "the carrier changed" },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (strcmp(kind, known[i][0]) == 0)
			return known[i][1];
	}
	return kind;
}

static void
add_network(struct live *l, int64_t wall_us, const char *kind)
{
	struct words w;
	char clean[40];

	snprintf(w.s, sizeof w.s, "network: %s",
	    network_words(words_clean(kind != NULL ? kind : "", clean, sizeof clean)));
	add_line(l, wall_us, TERM_PLAIN, &w);
}

/* An outage comes as an event of its own; as a change it would be told twice. */
static bool
told_as_outage(const char *kind)
{
	return strcmp(kind, "outage") == 0 || strcmp(kind, "recovery") == 0;
}

void
live_event(struct live *l, const char *event, const json_t *doc, int64_t wall_us)
{
	int64_t at = time_of(doc, wall_us);

	if (strcmp(event, "change") == 0) {
		struct view_change c;
		struct words w;

		view_read_change(json_object_get(doc, "change"), &c);
		if (*c.kind == '\0' || told_as_outage(c.kind))
			return;
		w = view_change_words(&c);
		add_line(l, c.time_us != MOMENT_UNKNOWN ? c.time_us : at, tone_of_change(c.kind), &w);
	} else if (strcmp(event, "outage") == 0) {
		const char *phase = json_string_value(json_object_get(doc, "phase"));

		add_outage(l, at, phase != NULL && strcmp(phase, "begin") == 0,
		    json_object_get(doc, "lasted_ms"));
	} else if (strcmp(event, "network") == 0) {
		add_network(l, at, json_string_value(json_object_get(doc, "kind")));
	}
}

void
live_history_event(struct live *l, const json_t *row, int64_t wall_us)
{
	const char *kind = json_string_value(json_object_get(row, "kind"));
	const char *detail = json_string_value(json_object_get(row, "detail"));
	int64_t at = time_of(row, wall_us);
	struct view_change c;
	struct words w;

	if (kind == NULL || strcmp(kind, "state") == 0 || told_as_outage(kind))
		return;
	if (strcmp(kind, "outage-begin") == 0 || strcmp(kind, "outage-end") == 0) {
		add_outage(l, at, kind[7] == 'b', json_object_get(row, "duration_ms"));
	} else if (strcmp(kind, "network") == 0) {
		add_network(l, at, detail);
	} else if (strcmp(kind, "daemon") == 0) {
		snprintf(w.s, sizeof w.s, "linkqd %s",
		    detail != NULL && strcmp(detail, "stop") == 0 ? "stopped" : "started");
		add_line(l, at, TERM_DIM, &w);
	} else {
		view_read_change(row, &c);
		w = view_change_words(&c);
		add_line(l, at, tone_of_change(c.kind), &w);
	}
}

static double
cell(const json_t *row, const char *name)
{
	const json_t *n = json_object_get(row, name);

	return json_is_number(n) ? json_number_value(n) : (double)NAN;
}

void
live_history_estimate(struct live *l, const json_t *row, int64_t wall_us, int64_t mono_us)
{
	const char *state = json_string_value(json_object_get(row, "state"));
	int64_t at = time_of(row, MOMENT_UNKNOWN), second;
	struct live_bin b = { .second = -1 };

	if (state == NULL || at == MOMENT_UNKNOWN || at > wall_us)
		return;
	second = (mono_us - (wall_us - at)) / SECOND_US;
	b.p10 = cell(row, "down_kbps_p10");
	b.p50 = cell(row, "down_kbps_p50");
	b.p90 = cell(row, "down_kbps_p90");
	b.mark = mark_of(state);
	/* while nothing happens there is one row a minute: the one before holds until then */
	if (l->last_second >= 0 && second - l->last_second <= MINUTE_S + 5) {
		const struct live_bin before = l->bin[l->last_second % LIVE_BINS];

		for (int64_t s = l->last_second + 1; s < second; s++)
			set_bin(l, s, &before);
	}
	set_bin(l, second, &b);
}

double
live_age_ms(const struct live *l, int64_t mono_us)
{
	return l->view.age_ms + (double)(mono_us - l->received_us) / 1e3;
}

double
live_outage_ms(const struct live *l, int64_t mono_us)
{
	return l->view.outage_lasted_ms + (double)(mono_us - l->received_us) / 1e3;
}

const struct live_bin *
live_bin(const struct live *l, int64_t second)
{
	const struct live_bin *b;

	if (second < 0)
		return NULL;
	b = &l->bin[second % LIVE_BINS];
	return b->second == second ? b : NULL;
}

struct live_text
live_plain(const struct live *l, int64_t mono_us)
{
	const struct view *v = &l->view;
	struct live_text t;
	size_t n;

	n = (size_t)snprintf(t.s, sizeof t.s, "%s %s  down %s (%s)  up %s  rtt %s", v->state,
	    *v->quality != '\0' ? v->quality : "unknown", words_kbps(v->down_kbps.p50).s,
	    words_band(v->down_kbps.p10, v->down_kbps.p90).s, words_kbps(v->up_kbps.p50).s,
	    words_ms(v->rtt_ms_p50).s);
	if (n < sizeof t.s)
		n += (size_t)snprintf(t.s + n, sizeof t.s - n, "  confidence %s  age %s",
		    words_percent(v->confidence).s, words_s(live_age_ms(l, mono_us) / 1e3).s);
	if (v->outage && n < sizeof t.s)
		snprintf(t.s + n, sizeof t.s - n, "  outage %s", words_ms(live_outage_ms(l, mono_us)).s);
	return t;
}
