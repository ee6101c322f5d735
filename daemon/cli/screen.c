/* SPDX-License-Identifier: ISC */
/* The live view on a terminal, by ncurses. */
#include "config.h"

#include "daemon/cli/screen.h"

#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NCURSES_NOMACROS
#include <curses.h>

#include "daemon/cli/chart.h"
#include "daemon/cli/term.h"
#include "daemon/cli/moment.h"

#define WINDOW_S 120    /* that the chart shows at least */
#define NAME_COLUMNS 12 /* of a row: what it is, then its value */
#define VALUE_COLUMNS 12
#define AXIS_COLUMNS 12
#define CHART_ROWS_MIN 3
#define CHART_ROWS_MAX 18

struct screen {
	SCREEN *curses;
	bool utf8, colors;
	int width, height; /* of this drawing */
	int y;             /* the next free row */
};

struct screen *
screen_open(void)
{
	struct screen *s;

	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO) || !term_moves_cursor())
		return NULL;
	s = calloc(1, sizeof *s);
	if (s == NULL)
		return NULL;
	/* characters only: numbers keep their point */
	setlocale(LC_CTYPE, "");
	s->curses = newterm(NULL, stdout, stdin);
	if (s->curses == NULL) {
		free(s);
		return NULL;
	}
	s->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	s->colors = term_colors_wanted() && has_colors();
	if (s->colors) {
		start_color();
		use_default_colors();
		init_pair(TERM_GOOD, COLOR_GREEN, -1);
		init_pair(TERM_FAIR, COLOR_YELLOW, -1);
		init_pair(TERM_BAD, COLOR_RED, -1);
	}
	cbreak();
	noecho();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	return s;
}

void
screen_close(struct screen *s)
{
	if (s == NULL)
		return;
	endwin();
	delscreen(s->curses);
	free(s);
}

bool
screen_keys(struct screen *s)
{
	int key;

	(void)s;
	while ((key = wgetch(stdscr)) != ERR) {
		if (key == 'q' || key == 'Q' || key == 3 /* ^C, where it is no signal */)
			return true;
		if (key == 12) /* ^L */
			clearok(curscr, TRUE);
	}
	return false;
}

static void
tone_on(const struct screen *s, enum term_tone tone)
{
	if (tone == TERM_BOLD)
		attron(A_BOLD);
	else if (tone == TERM_DIM)
		attron(A_DIM);
	else if (tone != TERM_PLAIN && s->colors)
		attron(COLOR_PAIR((int)tone));
	else if (tone == TERM_BAD)
		attron(A_BOLD);
}

static void
tone_off(void)
{
	attrset(A_NORMAL);
}

/* How many bytes of `text` fill at most `columns`; *used: how many columns they take. Each
 * character of ours and of names is taken to be one column wide. */
static int
bytes_for(const char *text, int columns, int *used)
{
	int n = 0;

	*used = 0;
	while (text[n] != '\0') {
		int len = 1;

		while (((unsigned char)text[n + len] & 0xc0) == 0x80)
			len++;
		if (*used == columns)
			break;
		n += len;
		++*used;
	}
	return n;
}

/* Put text at a place, cut at the right edge; returns the columns it takes. */
__attribute__((format(printf, 5, 6))) static int
put(const struct screen *s, int y, int x, enum term_tone tone, const char *format, ...)
{
	char text[512];
	va_list ap;
	int n, used;

	if (y < 0 || y >= s->height || x < 0 || x >= s->width)
		return 0;
	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	n = bytes_for(text, s->width - x, &used);
	tone_on(s, tone);
	mvaddnstr(y, x, text, n);
	tone_off();
	return used;
}

static int
width_of(const char *text)
{
	int used;

	bytes_for(text, 10000, &used);
	return used;
}

/* Name, value and, where there is room for all of it, more. */
static void
row(struct screen *s, const char *name, const char *value, enum term_tone tone,
    const char *more)
{
	int x = NAME_COLUMNS + (width_of(value) < VALUE_COLUMNS ? VALUE_COLUMNS :
	    width_of(value) + 1);

	put(s, s->y, 0, TERM_PLAIN, "%s", name);
	put(s, s->y, NAME_COLUMNS, tone, "%s", value);
	if (x + width_of(more) <= s->width)
		put(s, s->y, x, TERM_PLAIN, "%s", more);
	s->y++;
}

static void
draw_header(struct screen *s, const struct live *l, const char *note, int64_t mono_us)
{
	const char *what = l->connection == LIVE_CONNECTED ? "live" : "not connected";
	int x = s->width - width_of(what);

	put(s, 0, 0, TERM_BOLD, "linkq watch");
	if (l->known)
		put(s, 0, 13, TERM_PLAIN, "%s", view_link(&l->view).s);
	/* a column stays free before it, whatever the name's length */
	put(s, 0, x - 1, l->connection == LIVE_CONNECTED ? TERM_PLAIN : TERM_BAD, " %s", what);
	s->y = 1;
	if (l->connection == LIVE_CONNECTED || *note == '\0')
		return;
	put(s, 1, 0, TERM_BAD, "%s Trying again, %s so far.", note,
	    words_s((double)((mono_us - l->connection_since_us) / 1000000)).s);
	s->y = 2;
}

static void
draw_band(struct screen *s, const char *name, const struct view_quantiles *q)
{
	char more[160] = "";

	if (isfinite(q->p10) && isfinite(q->p90))
		snprintf(more, sizeof more, "4 times in 5 from %s", words_band(q->p10, q->p90).s);
	row(s, name, words_kbps(q->p50).s, TERM_BOLD, more);
}

static void
draw_values(struct screen *s, const struct view *v)
{
	char more[256] = "";

	draw_band(s, "Down", &v->down_kbps);
	draw_band(s, "Up", &v->up_kbps);
	if (isfinite(v->rtt_ms_min) && isfinite(v->rtt_ms_p90))
		snprintf(more, sizeof more, "at best %s, 9 in 10 within %s",
		    words_ms(v->rtt_ms_min).s, words_ms(v->rtt_ms_p90).s);
	row(s, "Round trip", words_ms(v->rtt_ms_p50).s, TERM_BOLD, more);
	*more = '\0';
	if (isfinite(v->ttfb_ms_p90))
		snprintf(more, sizeof more, "9 in 10 within %s", words_ms(v->ttfb_ms_p90).s);
	row(s, "First byte", words_ms(v->ttfb_ms_p50).s, TERM_BOLD, more);
}

static void
draw_evidence(struct screen *s, const struct live *l, int64_t mono_us)
{
	const struct view *v = &l->view;
	double age = live_age_ms(l, mono_us);
	char more[320];

	if (isfinite(age))
		snprintf(more, sizeof more, "last evidence %s", words_age(age).s);
	else
		snprintf(more, sizeof more, "no evidence yet");
	row(s, "Confidence", words_percent(v->confidence).s, TERM_PLAIN, more);
	if (isfinite(v->share_app) && isfinite(v->share_kernel) && isfinite(v->share_probe))
		snprintf(more, sizeof more, "apps %s, kernel %s, probes %s",
		    words_percent(v->share_app).s, words_percent(v->share_kernel).s,
		    words_percent(v->share_probe).s);
	else
		*more = '\0';
	row(s, "Samples", isfinite(v->samples) ? "" : "unknown", TERM_PLAIN, "");
	if (isfinite(v->samples))
		put(s, s->y - 1, NAME_COLUMNS, TERM_PLAIN, "%.0f", v->samples);
	if (NAME_COLUMNS + VALUE_COLUMNS + width_of(more) <= s->width)
		put(s, s->y - 1, NAME_COLUMNS + VALUE_COLUMNS, TERM_PLAIN, "%s", more);
}

static void
draw_outage(struct screen *s, const struct live *l, int64_t mono_us)
{
	const struct view *v = &l->view;
	char more[128] = "";

	if (!v->outage)
		return;
	if (isfinite(v->outage_remaining_s_p50))
		snprintf(more, sizeof more, "another %s is expected",
		    words_s(v->outage_remaining_s_p50).s);
	row(s, "Outage", words_ms(live_outage_ms(l, mono_us)).s, TERM_BAD, more);
}

/* The median inside a cell, by the scan lines of the DEC terminals. */
static const char *
median_glyph(const struct screen *s, int level)
{
	static const char *const utf8[CHART_LEVELS] = { "\xe2\x8e\xbd", "\xe2\x8e\xbc",
		"\xe2\x94\x80", "\xe2\x8e\xbb", "\xe2\x8e\xba" };
	static const char *const ascii[CHART_LEVELS] = { "_", "_", "-", "-", "\"" };

	return s->utf8 ? utf8[level] : ascii[level];
}

static const char *
band_glyph(const struct screen *s)
{
	return s->utf8 ? "\xe2\x96\x91" : ":";
}

static enum term_tone
tone_of_mark(char mark)
{
	return mark == '-' ? TERM_GOOD : mark == '~' ? TERM_FAIR :
	    mark == 'x' || mark == 'c' ? TERM_BAD : TERM_DIM;
}

static void
draw_columns(struct screen *s, const struct live *l, const struct chart *c, int top)
{
	for (int i = 0; i < c->columns; i++) {
		struct chart_column col = chart_column(c, l, i);
		const char mark[2] = { col.mark, '\0' };
		int x = AXIS_COLUMNS + i;

		for (int r = 0; r < c->rows; r++) {
			int cell = chart_cell(c, &col, r);

			if (cell >= CHART_MEDIAN)
				put(s, top + r, x, tone_of_mark(col.mark), "%s",
				    median_glyph(s, cell - CHART_MEDIAN));
			else if (cell == CHART_BAND)
				put(s, top + r, x, TERM_DIM, "%s", band_glyph(s));
		}
		put(s, top + c->rows, x, tone_of_mark(col.mark), "%s",
		    *mark == '-' && s->utf8 ? "\xe2\x94\x80" : mark);
	}
}

static void
draw_chart(struct screen *s, const struct live *l, int rows, int64_t mono_us)
{
	struct chart c;
	int top = s->y, columns = s->width - AXIS_COLUMNS;

	if (columns < 10)
		return;
	chart_fit(&c, l, mono_us / 1000000, columns, rows, WINDOW_S);
	if (c.top > 0) {
		put(s, top, 0, TERM_PLAIN, "%*s", AXIS_COLUMNS - 1, words_kbps(c.top).s);
		if (rows >= 5)
			put(s, top + rows / 2, 0, TERM_PLAIN, "%*s", AXIS_COLUMNS - 1,
			    words_kbps(c.top * (rows - rows / 2) / rows).s);
	}
	put(s, top + rows, 0, TERM_PLAIN, "%*s", AXIS_COLUMNS - 1, "0");
	draw_columns(s, l, &c, top);
	s->y = top + rows + 1;
	put(s, s->y, AXIS_COLUMNS, TERM_PLAIN, "%s ago",
	    words_s((double)c.seconds * c.columns).s);
	put(s, s->y, s->width - 3, TERM_PLAIN, "now");
	s->y++;
}

static void
draw_lines(struct screen *s, const struct live *l, int rows, int64_t wall_us, bool utc)
{
	size_t kept = l->lines < LIVE_LINES ? l->lines : LIVE_LINES;

	for (size_t i = 0; i < kept && rows > 0; i++, rows--) {
		const struct live_line *line = &l->line[(l->lines - 1 - i) % LIVE_LINES];
		int x = put(s, s->y, 0, TERM_PLAIN, "%s  ", moment_words(line->wall_us, wall_us, utc).s);

		put(s, s->y, x, line->tone, "%s", line->text.s);
		s->y++;
	}
	if (kept == 0 && rows > 0)
		put(s, s->y++, 0, TERM_DIM, "Nothing has happened yet.");
}

static void
draw_footer(struct screen *s)
{
	static const char keys[] = "q quits";
	char legend[160];

	snprintf(legend, sizeof legend, "%s median  %s 4 times in 5  ~ stalled  x offline  c portal",
	    median_glyph(s, 2), band_glyph(s));
	put(s, s->height - 1, 0, TERM_BOLD, "%s", keys);
	if (width_of(legend) + 9 > s->width)
		snprintf(legend, sizeof legend, "%s median %s band ~ stalled x offline c portal",
		    median_glyph(s, 2), band_glyph(s));
	if (width_of(legend) + 9 <= s->width)
		put(s, s->height - 1, s->width - width_of(legend), TERM_PLAIN, "%s", legend);
}

static void
draw_waiting(struct screen *s, const char *note, const struct live *l, int64_t mono_us)
{
	put(s, 2, 0, TERM_BOLD, "Waiting for linkqd, %s so far.",
	    words_s((double)((mono_us - l->connection_since_us) / 1000000)).s);
	put(s, 3, 0, TERM_PLAIN, "%s", note);
	put(s, s->height - 1, 0, TERM_BOLD, "q quits");
}

/* All that has a place of its own; what room is left goes to the chart and the events. */
static void
draw_estimate(struct screen *s, const struct live *l, int64_t wall_us, int64_t mono_us,
    bool utc)
{
	bool airy = s->height >= 22;
	int left, lines, rows;

	s->y += airy;
	if (l->connection == LIVE_CONNECTED)
		put(s, s->y++, 0, term_tone_of(l->view.state, l->view.quality), "%s",
		    view_headline(&l->view).s);
	else
		put(s, s->y++, 0, TERM_DIM, "Last known: %s", view_headline(&l->view).s);
	draw_outage(s, l, mono_us);
	draw_values(s, &l->view);
	draw_evidence(s, l, mono_us);
	s->y += airy;
	left = s->height - 1 - s->y - airy;
	lines = left / 4 < 2 ? 2 : left / 4;
	rows = left - lines - 2 - airy; /* the axis and its words */
	if (rows > CHART_ROWS_MAX)
		rows = CHART_ROWS_MAX;
	if (rows >= 6)
		rows -= rows % 2; /* half of the scale has an edge of its own */
	if (rows >= CHART_ROWS_MIN) {
		draw_chart(s, l, rows, mono_us);
		s->y += airy;
	}
	draw_lines(s, l, s->height - 1 - airy - s->y, wall_us, utc);
	draw_footer(s);
}

void
screen_draw(struct screen *s, const struct live *l, const char *note, int64_t wall_us,
    int64_t mono_us, bool utc)
{
	getmaxyx(stdscr, s->height, s->width);
	erase();
	draw_header(s, l, l->known ? note : "", mono_us);
	if (l->known)
		draw_estimate(s, l, wall_us, mono_us, utc);
	else
		draw_waiting(s, note, l, mono_us);
	refresh();
}
