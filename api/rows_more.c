/* SPDX-License-Identifier: ISC */
/* Adds columns to a row that is written already: its end is taken off and put on again. */
#include "api/rows_more.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NUMBERS 12

static const struct {
	const char *name;
	unsigned decimals;
} numbers[NUMBERS] = {
	{"down_kbps_p50_min", 0}, {"down_kbps_p50_mean", 0}, {"down_kbps_p50_max", 0},
	{"up_kbps_p50_min", 0}, {"up_kbps_p50_mean", 0}, {"up_kbps_p50_max", 0},
	{"rtt_ms_p50_min", 3}, {"rtt_ms_p50_mean", 3}, {"rtt_ms_p50_max", 3},
	{"ttfb_ms_p50_min", 3}, {"ttfb_ms_p50_mean", 3}, {"ttfb_ms_p50_max", 3},
};

#define OFFSET "utc_offset"

static int
two_digits(const char *at)
{
	if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
		return -1;
	return (at[0] - '0') * 10 + at[1] - '0';
}

int
rows_more_zone(const char *text, struct api_more *out)
{
	int hours, minutes, s;

	if (strcmp(text, "local") == 0) {
		out->zone = API_ZONE_LOCAL;
		return 0;
	}
	if (strcmp(text, "UTC") == 0 || strcmp(text, "Z") == 0) {
		out->zone = API_ZONE_FIXED;
		out->offset_s = 0;
		return 0;
	}
	if (strlen(text) != 6 || strchr("+- ", text[0]) == NULL || text[3] != ':')
		return -EINVAL;
	hours = two_digits(text + 1);
	minutes = two_digits(text + 4);
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return -EINVAL;
	s = hours * 3600 + minutes * 60;
	out->zone = API_ZONE_FIXED;
	out->offset_s = text[0] == '-' ? -s : s;
	return 0;
}

static void
offset_text(const struct api_more *more, int64_t wall_us, char out[16])
{
	int s = more->offset_s, minutes;
	time_t at = (time_t)(wall_us / 1000000);
	struct tm tm;

	if (more->zone == API_ZONE_LOCAL)
		s = localtime_r(&at, &tm) != NULL ? (int)tm.tm_gmtoff : 0;
	minutes = (s < 0 ? -s : s) / 60;
	snprintf(out, 16, "%c%02d:%02d", s < 0 ? '-' : '+', minutes / 60 % 100, minutes % 60);
}

void
rows_more_header(struct buf *b, const struct api_more *more)
{
	assert(b->len > 0 && b->at[b->len - 1] == '\n');
	b->len--;
	for (int i = 0; more->spreads && i < NUMBERS; i++) {
		buf_char(b, ',');
		buf_text(b, numbers[i].name);
	}
	if (more->zone != API_ZONE_NONE)
		buf_text(b, "," OFFSET);
	buf_char(b, '\n');
}

static void
name(struct buf *b, enum api_format f, const char *text)
{
	buf_char(b, ',');
	if (f == API_CSV)
		return;
	buf_char(b, '"');
	buf_text(b, text);
	buf_text(b, "\":");
}

static void
add_spreads(struct buf *b, enum api_format f, const struct api_spreads *spreads)
{
	const struct api_spread *of[] = {&spreads->down_kbps, &spreads->up_kbps,
	    &spreads->rtt_us, &spreads->ttfb_us};

	for (int i = 0; i < NUMBERS; i++) {
		const struct api_spread *s = of[i / 3];
		int64_t n = i % 3 == 0 ? s->least : i % 3 == 1 ? s->mean : s->most;

		name(b, f, numbers[i].name);
		if (n != API_UNKNOWN)
			buf_fixed(b, n, numbers[i].decimals);
		else if (f != API_CSV)
			buf_text(b, "null");
	}
}

void
rows_more(struct buf *b, enum api_format f, const struct api_more *more, int64_t wall_us,
    const struct api_spreads *spreads)
{
	static const struct api_spread unknown = {API_UNKNOWN, API_UNKNOWN, API_UNKNOWN};
	static const char *const end[] = {[API_CSV] = "\n", [API_JSONL] = "}\n",
	    [API_JSON] = "}"};
	const struct api_spreads none = {unknown, unknown, unknown, unknown};
	char text[16];

	assert(b->len > strlen(end[f]) &&
	    memcmp(b->at + b->len - strlen(end[f]), end[f], strlen(end[f])) == 0);
	b->len -= strlen(end[f]);
	if (more->spreads)
		add_spreads(b, f, spreads != NULL ? spreads : &none);
	if (more->zone != API_ZONE_NONE) {
		offset_text(more, wall_us, text);
		name(b, f, OFFSET);
		buf_text(b, f == API_CSV ? "" : "\"");
		buf_text(b, text);
		buf_text(b, f == API_CSV ? "" : "\"");
	}
	buf_text(b, end[f]);
}
