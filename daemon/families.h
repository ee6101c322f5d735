/* SPDX-License-Identifier: ISC */
/*
 * IPv4 and IPv6 apart: where this host has a way out by both, does each of them work?
 *
 * Addresses that requests went to are connected to, and hung up on, now and then: 350 bytes
 * each 4 s while there is plenty to spend, else once a minute; those of strangers each 30 s.
 * Two tries in a row without an answer while the other family works, and it is dead; one
 * answer, and it is not. Nothing is said where there is a route for one family alone: then
 * the state of the link tells.
 */
#ifndef LINKQ_DAEMON_FAMILIES_H
#define LINKQ_DAEMON_FAMILIES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "daemon/loop.h"

struct families; /* owns sockets */

struct families_sink {
	void *ctx;
	void (*opened)(void *ctx, int fd);
	void (*spent)(void *ctx, int64_t down_bytes, int64_t up_bytes);
	/* How the family fares; told when it changes. */
	void (*dead)(void *ctx, int64_t now_us, bool v6, bool dead);
};

/* 0 or -ENOMEM. */
int families_create(struct loop *loop, const struct families_sink *sink,
    struct families **out);
void families_destroy(struct families *f); /* NULL is fine */

/* By which of them there is a way out. */
void families_routes(struct families *f, int64_t now_us, bool v4, bool v6);
/* A request goes there; own: not a stranger's. */
void families_seen(struct families *f, const struct sockaddr *to, socklen_t len, bool own);
/* Somebody was connected by it. */
void families_heard(struct families *f, int64_t now_us, bool v6);
/* Another network: nothing of before holds. */
void families_reset(struct families *f, int64_t now_us);

/* Look, each second or so; plenty: there is much to spend, little: next to nothing is left.
 * True: something is under way, and 100 ms are long. */
bool families_tick(struct families *f, int64_t now_us, bool plenty, bool little);

#endif
