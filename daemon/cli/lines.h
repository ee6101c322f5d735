/* SPDX-License-Identifier: ISC */
/* Lines of a descriptor that may be a pipe which fills slowly: waits, but not for ever. */
#ifndef LINKQ_CLI_LINES_H
#define LINKQ_CLI_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define LINES_MAX 65536

struct lines {
	int fd;
	char text[LINES_MAX];
	size_t begin, end; /* what is read and not handed out yet */
	bool eof, skipping;
};

enum lines_result { LINES_LINE, LINES_WAIT, LINES_TOO_LONG, LINES_END };

void lines_init(struct lines *l, int fd);

/*
 * The next line without its end, valid until the next call; waits up to `ms`.
 * LINES_WAIT: none came in that time. LINES_TOO_LONG: one of LINES_MAX or more was left out.
 * Or a negative errno.
 */
int lines_next(struct lines *l, int ms, char **line);

#endif
