/* SPDX-License-Identifier: ISC */
/*
 * What the live view knows: the last estimate, a line of the past a second, and what
 * happened. Pure: instants are arguments, mono_us of the monotonic clock and wall_us of the
 * one on the wall.
 */
#ifndef LINKQ_CLI_LIVE_H
#define LINKQ_CLI_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "daemon/cli/term.h"
#include "daemon/cli/view.h"

#define LIVE_BINS 1024 /* seconds that are remembered */
#define LIVE_LINES 48

/* One second. The mark is the state's: '-' online, '~' stalled, 'x' offline, 'c' captive,
 * '.' unknown, 'z' asleep, ' ' not watched. Rates in kbit/s, NAN where not known. */
struct live_bin {
	int64_t second;
	double p10, p50, p90;
	char mark;
};

/* Something that happened, in words. */
struct live_line {
	int64_t wall_us;
	struct words text;
	enum term_tone tone;
};

enum live_connection {
	LIVE_WAITING, /* no answer yet */
	LIVE_CONNECTED,
	LIVE_LOST /* there was one */
};

struct live {
	enum live_connection connection;
	int64_t connection_since_us; /* monotonic */
	bool known;                  /* view holds an estimate */
	struct view view;
	int64_t received_us; /* monotonic: when it came */
	struct live_bin bin[LIVE_BINS];
	int64_t last_second; /* that has its bin; -1: none */
	struct live_line line[LIVE_LINES];
	size_t lines; /* in all; the newest is line[(lines - 1) % LIVE_LINES] */
};

void live_init(struct live *l, int64_t mono_us);
void live_connection(struct live *l, enum live_connection connection, int64_t mono_us);

/* An estimate of the API; one of a link that is not the default one is passed over.
 * 0 or -EINVAL. */
int live_estimate(struct live *l, const json_t *doc, int64_t mono_us);

/* An event of the stream: change, outage or network; others are passed over. */
void live_event(struct live *l, const char *event, const json_t *doc, int64_t wall_us);

/* A row of the history (JSON lines), of estimates or of events. Rows come in time order and
 * before the first live_estimate. */
void live_history_estimate(struct live *l, const json_t *row, int64_t wall_us,
    int64_t mono_us);
void live_history_event(struct live *l, const json_t *row, int64_t wall_us);

/* Our own word on what happened. */
void live_say(struct live *l, int64_t wall_us, enum term_tone tone, const char *text);

/* Time passes: the seconds up to now get their bins. */
void live_tick(struct live *l, int64_t mono_us);

/* Milliseconds since the last evidence, and since the outage began, now; NAN: not known. */
double live_age_ms(const struct live *l, int64_t mono_us);
double live_outage_ms(const struct live *l, int64_t mono_us);

/* The second's bin; NULL where there is none. */
const struct live_bin *live_bin(const struct live *l, int64_t second);

/* One line for where there is no terminal: "online good  down 5.2 Mbit/s (..)  ..". */
struct live_text {
	char s[256];
};
struct live_text live_plain(const struct live *l, int64_t mono_us);

#endif
