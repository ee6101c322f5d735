/* SPDX-License-Identifier: ISC */
/*
 * The live view on a terminal, by ncurses: draws what `struct live` knows, redraws only what
 * differs, and puts the terminal back as it was.
 */
#ifndef LINKQ_CLI_SCREEN_H
#define LINKQ_CLI_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/cli/live.h"

struct screen;

/* NULL where this is no terminal that can be drawn on. */
struct screen *screen_open(void);
void screen_close(struct screen *s); /* NULL is fine */

/* `note`: one sentence about the connection while there is none. */
void screen_draw(struct screen *s, const struct live *l, const char *note, int64_t wall_us,
    int64_t mono_us, bool utc);

/* Takes the keys that are there; true: one of them ends the view. */
bool screen_keys(struct screen *s);

#endif
