/* SPDX-License-Identifier: ISC */
/* Keeps the deadlines of connections. */
#include "api/conns.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

struct conn *
conns_add(struct conns *all, int fd, int64_t now_us)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->fd = fd;
	c->phase = CONN_NEW;
	c->since_us = now_us;
	c->next = all->first;
	if (c->next != NULL)
		c->next->prev = c;
	all->first = c;
	return c;
}

void
conns_remove(struct conns *all, struct conn *c)
{
	if (c == NULL)
		return;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		all->first = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	free(c);
}

void
conn_is(struct conn *c, enum conn_phase phase, int64_t now_us)
{
	if (c == NULL)
		return;
	c->phase = phase;
	c->since_us = now_us;
}

static bool
overdue(const struct conn *c, int64_t now_us)
{
	static const int64_t most[] = {
		[CONN_NEW] = CONNS_NEW_US,
		[CONN_IDLE] = CONNS_IDLE_US,
		[CONN_READING] = CONNS_READING_US,
		[CONN_WRITING] = CONNS_WRITING_US,
		[CONN_ASLEEP] = INT64_MAX,
		[CONN_CLOSING] = INT64_MAX,
	};

	return now_us - c->since_us > most[c->phase];
}

void
conn_small(const struct conn *c)
{
	int bytes = CONNS_SMALL_BYTES;

	if (c != NULL)
		(void)setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

void
conn_cut(struct conn *c)
{
	if (c == NULL)
		return;
	c->phase = CONN_CLOSING;
	shutdown(c->fd, SHUT_RDWR);
}

void
conns_close_overdue(struct conns *all, int64_t now_us)
{
	for (struct conn *c = all->first; c != NULL; c = c->next) {
		if (overdue(c, now_us))
			conn_cut(c);
	}
}

bool
conns_busy(const struct conns *all)
{
	for (const struct conn *c = all->first; c != NULL; c = c->next) {
		if (c->phase == CONN_READING || c->phase == CONN_WRITING)
			return true;
	}
	return false;
}

bool
conn_vanished(const struct conn *c)
{
	char byte;
	ssize_t n;

	if (c == NULL)
		return false;
	n = recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}
