/* SPDX-License-Identifier: ISC */
/*
 * The gateway's side towards players: HTTP on loopback by libmicrohttpd, driven by the loop.
 *
 * A request is answered at once or later, whole or bit by bit. Who may ask is what the API's
 * door says: nobody from beyond this host, and no page of an origin that was not allowed.
 */
#ifndef LINKQ_DAEMON_GATEWAY_SERVE_H
#define LINKQ_DAEMON_GATEWAY_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/loop.h"

#define SERVE_CONNECTIONS_MAX 24
#define SERVE_END (-1)
#define SERVE_BROKEN (-2) /* what was promised cannot be had: the connection is cut */

struct serve;
struct serve_call; /* one request; gone after `over` */

struct serve_hooks {
	void *ctx;
	/* A GET or HEAD that may come in. Answer it now or later. */
	void (*request)(void *ctx, struct serve_call *c, const char *path);
	/* It is over: answered, or the client went away. */
	void (*over)(void *ctx, struct serve_call *c);
};

/* Bytes of a body; 0: none now (serve_wake when there are), SERVE_END, SERVE_BROKEN. */
typedef int64_t serve_read_fn(void *arg, char *to, size_t room);

/* origins: of pages that may ask, NULL-terminated or NULL. fd is a listening socket on
 * loopback, and the server's on success. 0 or a negative errno. */
int serve_create(struct loop *loop, const struct serve_hooks *hooks,
    const char *const *origins, int fd, struct serve **out);
void serve_destroy(struct serve *s); /* NULL is fine; calls are over */

/* One more header of the answer to come; copied. */
void serve_header(struct serve_call *c, const char *name, const char *value);
/* The whole answer; copied. One to a client that left is dropped. */
void serve_text(struct serve_call *c, int status, const char *type, const char *text,
    size_t len);
/* A body bit by bit; length -1: not known. */
void serve_body(struct serve_call *c, const char *type, int64_t length, serve_read_fn *read,
    void *arg);
void serve_wake(struct serve_call *c);

/* The user's own mark on a call. */
void serve_set(struct serve_call *c, void *mark);
void *serve_get(const struct serve_call *c);

/* Looks for clients that went away while they waited. Each second or so. */
void serve_tick(struct serve *s);

#endif
