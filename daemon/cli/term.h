/* SPDX-License-Identifier: ISC */
/*
 * What the terminal can do: colours only where a terminal shows them and nobody said no
 * (NO_COLOR, TERM=dumb). Colour never carries a meaning alone; the word stands beside it.
 */
#ifndef LINKQ_CLI_TERM_H
#define LINKQ_CLI_TERM_H

#include <stdbool.h>
#include <stdio.h>

enum term_tone { TERM_PLAIN, TERM_GOOD, TERM_FAIR, TERM_BAD, TERM_DIM, TERM_BOLD, TERM_TONES };

/* NO_COLOR (https://no-color.org: set and not empty) and TERM let colours be. */
bool term_colors_wanted(void);

/* term_colors_wanted, and the stream is a terminal. */
bool term_colors(FILE *f);

/* The escape sequence that starts a tone on `f`, "" where there are no colours. TERM_PLAIN
 * ends every tone. */
const char *term_tone(FILE *f, enum term_tone tone);

/* Can the terminal on standard output, by its TERM, put its cursor anywhere? "dumb" cannot. */
bool term_moves_cursor(void);

/* The columns of a terminal; 80 where `f` is none. */
int term_width(FILE *f);

/* The tone of a state and quality as the API names them. */
enum term_tone term_tone_of(const char *state, const char *quality);

#endif
