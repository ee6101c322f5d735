/* SPDX-License-Identifier: ISC */
/* Lines of a descriptor that may be a pipe which fills slowly. */
#include "daemon/cli/lines.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

void
lines_init(struct lines *l, int fd)
{
	l->fd = fd;
	l->begin = l->end = 0;
	l->eof = l->skipping = false;
}

/* A whole line of what is there, or the rest at the end. */
static char *
take(struct lines *l)
{
	char *line = l->text + l->begin;
	char *newline = memchr(line, '\n', l->end - l->begin);

	if (newline == NULL && (!l->eof || l->begin == l->end))
		return NULL;
	if (newline == NULL)
		newline = l->text + l->end; /* there is room for it: see fill */
	*newline = '\0';
	l->begin = (size_t)(newline - l->text) + 1;
	if (l->begin > l->end)
		l->begin = l->end;
	if (newline > line && newline[-1] == '\r')
		newline[-1] = '\0';
	return line;
}

/* 1: something came; 0: nothing in time */
static int
fill(struct lines *l, int ms)
{
	struct pollfd in = { .fd = l->fd, .events = POLLIN };
	ssize_t n;
	int r = poll(&in, 1, ms);

	if (r <= 0)
		return r == 0 || errno == EINTR ? 0 : -errno;
	memmove(l->text, l->text + l->begin, l->end - l->begin);
	l->end -= l->begin;
	l->begin = 0;
	n = read(l->fd, l->text + l->end, sizeof l->text - 1 - l->end);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	l->eof = n == 0;
	l->end += (size_t)n;
	return 1;
}

int
lines_next(struct lines *l, int ms, char **line)
{
	for (;;) {
		bool skipped = l->skipping;
		int r;

		*line = take(l);
		if (*line != NULL) {
			l->skipping = false;
			return skipped ? LINES_TOO_LONG : LINES_LINE;
		}
		if (l->eof)
			return LINES_END;
		if (l->end - l->begin == sizeof l->text - 1) { /* no end of it in sight */
			l->skipping = true;
			l->begin = l->end;
		}
		r = fill(l, ms);
		if (r <= 0)
			return r == 0 ? LINES_WAIT : r;
	}
}
