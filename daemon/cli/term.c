/* SPDX-License-Identifier: ISC */
/* What the terminal can do: colours and width. */
#include "daemon/cli/term.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termcap.h> /* ncurses', whose <term.h> takes half of all names for macros */
#include <unistd.h>

bool
term_colors_wanted(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (no_color != NULL && *no_color != '\0')
		return false;
	return term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
}

bool
term_colors(FILE *f)
{
	return term_colors_wanted() && isatty(fileno(f));
}

const char *
term_tone(FILE *f, enum term_tone tone)
{
	/* ECMA-48 SGR */
	static const char *const sgr[TERM_TONES] = {
		[TERM_PLAIN] = "\033[0m",
		[TERM_GOOD] = "\033[32m",
		[TERM_FAIR] = "\033[33m",
		[TERM_BAD] = "\033[31m",
		[TERM_DIM] = "\033[2m",
		[TERM_BOLD] = "\033[1m",
	};

	assert(tone < TERM_TONES);
	return term_colors(f) ? sgr[tone] : "";
}

bool
term_moves_cursor(void)
{
	const char *term = getenv("TERM");

	return term != NULL && tgetent(NULL, term) == 1 && tgetstr("cm", NULL) != NULL;
}

int
term_width(FILE *f)
{
	struct winsize ws;

	if (ioctl(fileno(f), TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0)
		return ws.ws_col;
	return 80;
}

enum term_tone
term_tone_of(const char *state, const char *quality)
{
	if (strcmp(state, "online") == 0) {
		if (strcmp(quality, "good") == 0)
			return TERM_GOOD;
		return strcmp(quality, "minimal") == 0 ? TERM_BAD : TERM_FAIR;
	}
	if (strcmp(state, "unknown") == 0 || strcmp(state, "asleep") == 0)
		return TERM_DIM;
	return strcmp(state, "stalled") == 0 ? TERM_FAIR : TERM_BAD;
}
