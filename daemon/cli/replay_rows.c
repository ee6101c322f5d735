/* SPDX-License-Identifier: ISC */
/* The rows that linkq replay reads. */
#include "daemon/cli/replay_rows.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_MOST 1e10 /* beyond, microseconds would not fit by far */

static const char *const column_names[REPLAY_COLUMNS] = {
	[REPLAY_T] = "t_s",
	[REPLAY_KIND] = "kind",
	[REPLAY_BYTES] = "bytes",
	[REPLAY_DURATION] = "duration_s",
	[REPLAY_TTFB] = "ttfb_s",
	[REPLAY_OK] = "ok",
	[REPLAY_ID] = "id",
	[REPLAY_DIRECTION] = "direction",
	[REPLAY_CONNECT] = "connect_s",
};

/* RFC 4180: cut at commas, quotes undone. Returns how many fields, -1 for a broken quote. */
static int
split(char *line, char *field[REPLAY_FIELDS_MAX])
{
	char *in = line;
	int n = 0;

	line[strcspn(line, "\r\n")] = '\0';
	while (n < REPLAY_FIELDS_MAX) {
		char *out = in;

		field[n++] = out;
		if (*in == '"') {
			for (in++; *in != '\0' && (*in != '"' || in[1] == '"'); in++) {
				in += *in == '"';
				*out++ = *in;
			}
			if (*in++ != '"')
				return -1;
		} else {
			in += strcspn(in, ",");
			out = in;
		}
		if (*in != ',' && *in != '\0')
			return -1;
		if (*in == '\0') {
			*out = '\0';
			return n;
		}
		in++;
		*out = '\0';
	}
	return n;
}

const char *
replay_header_parse(struct replay_header *h, char *line, char *why, size_t len)
{
	char *field[REPLAY_FIELDS_MAX];
	const int n = split(line, field);

	if (n < 0)
		return "a quote that does not end";
	for (int c = 0; c < REPLAY_COLUMNS; c++) {
		h->at[c] = -1;
		for (int i = 0; i < n; i++)
			if (strcmp(field[i], column_names[c]) == 0)
				h->at[c] = i;
		if (h->at[c] < 0 && c <= REPLAY_OK) {
			snprintf(why, len, "no column %s", column_names[c]);
			return why;
		}
	}
	return NULL;
}

/* A field as a number, empty as `none`. */
static bool
number(const char *text, double none, double *out)
{
	char *end;

	if (*text == '\0') {
		*out = none;
		return true;
	}
	*out = strtod(text, &end);
	return *end == '\0' && isfinite(*out) && fabs(*out) <= 1e15;
}

static int64_t
to_us(double s)
{
	const double most = SECONDS_MOST;

	return llround((s > most ? most : s < -most ? -most : s) * 1e6);
}

/* FNV-1a: ids are names; what matters is that two are told apart. */
static uint64_t
hash(const char *text)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *text != '\0'; text++)
		h = (h ^ (uint8_t)*text) * UINT64_C(1099511628211);
	return h != 0 ? h : 1;
}

static bool
kind_parse(const char *word, enum replay_kind *out)
{
	static const char *const kinds[] = { "transfer", "progress", "rtt", "tick" };

	for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (strcmp(word, kinds[i]) == 0) {
			*out = (enum replay_kind)i;
			return true;
		}
	}
	return false;
}

struct cells {
	const char *text[REPLAY_COLUMNS];
	double number[REPLAY_COLUMNS]; /* NAN where empty */
};

static const char *
request(const struct cells *c, struct replay_row *out)
{
	struct est_sample *s = &out->sample;
	const char *direction = c->text[REPLAY_DIRECTION], *id = c->text[REPLAY_ID];

	if (isnan(c->number[REPLAY_BYTES]) || isnan(c->number[REPLAY_DURATION]))
		return "bytes and duration_s have to be there";
	*s = (struct est_sample){
		.ended_us = out->t_us,
		.request = id != NULL && *id != '\0' ? hash(id) : 1,
		.source = EST_APP,
		.in_progress = out->kind == REPLAY_PROGRESS,
		.bytes = llround(c->number[REPLAY_BYTES]),
		.duration_us = to_us(c->number[REPLAY_DURATION]),
		.ttfb_us = -1,
		.connect_us = -1,
		.rtt_us = -1,
	};
	if (!isnan(c->number[REPLAY_TTFB]))
		s->ttfb_us = to_us(c->number[REPLAY_TTFB]);
	if (c->text[REPLAY_CONNECT] != NULL)
		s->connect_us = isnan(c->number[REPLAY_CONNECT])
		    ? 0 : to_us(c->number[REPLAY_CONNECT]);
	if (out->kind == REPLAY_TRANSFER && c->number[REPLAY_OK] == 0.0)
		s->error = EST_ERROR_TIMEOUT;
	if (direction != NULL && strcmp(direction, "up") == 0)
		s->direction = EST_UP;
	else if (direction != NULL && *direction != '\0' && strcmp(direction, "down") != 0)
		return "direction is down or up";
	return NULL;
}

static const char *
round_trip(const struct cells *c, struct replay_row *out)
{
	double s;

	out->answered = c->number[REPLAY_OK] != 0.0;
	s = c->number[out->answered ? REPLAY_TTFB : REPLAY_DURATION];
	if (isnan(s))
		return out->answered ? "a round trip without ttfb_s"
		                     : "an unanswered round trip without duration_s";
	out->rtt_us = to_us(s);
	return NULL;
}

const char *
replay_row_parse(const struct replay_header *h, char *line, struct replay_row *out,
    char *why, size_t len)
{
	char *field[REPLAY_FIELDS_MAX];
	const int n = split(line, field);
	struct cells cells = { 0 };

	if (n < 0)
		return "a quote that does not end";
	for (int c = 0; c < REPLAY_COLUMNS; c++) {
		const char *text = h->at[c] < 0 ? NULL : h->at[c] < n ? field[h->at[c]] : "";
		const bool word = c == REPLAY_KIND || c == REPLAY_ID || c == REPLAY_DIRECTION;

		cells.text[c] = text;
		cells.number[c] = (double)NAN;
		if (text == NULL || word)
			continue;
		if (!number(text, (double)NAN, &cells.number[c])) {
			snprintf(why, len, "%s is no number: '%.40s'", column_names[c], text);
			return why;
		}
	}
	if (!kind_parse(cells.text[REPLAY_KIND], &out->kind)) {
		snprintf(why, len, "unknown kind '%.40s'", cells.text[REPLAY_KIND]);
		return why;
	}
	if (isnan(cells.number[REPLAY_T]))
		return "t_s is empty";
	out->t_us = to_us(cells.number[REPLAY_T]);
	switch (out->kind) {
	case REPLAY_TRANSFER:
	case REPLAY_PROGRESS:
		return request(&cells, out);
	case REPLAY_RTT:
		return round_trip(&cells, out);
	case REPLAY_TICK:
		break;
	}
	return NULL;
}
