/* SPDX-License-Identifier: ISC */
/*
 * The HTTP server of the API: libmicrohttpd in external mode, one object a listening socket.
 *
 * It owns no thread and no clock. The caller's loop watches api_poll_fd() for reading
 * (level-triggered), calls api_run() when it is readable or when api_timeout_us() has
 * passed, and api_tick() each 250 ms. SIGPIPE must be ignored. All on one thread.
 */
#ifndef LINKQ_API_HTTP_H
#define LINKQ_API_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "api/source.h"

enum api_listener {
	API_LISTEN_LOOPBACK, /* TCP: Host is checked */
	API_LISTEN_UNIX,     /* Host is not looked at */
	API_LISTEN_REMOTE    /* TCP beyond loopback: every request needs the token */
};

struct api_options {
	const char *const *hosts; /* further names that Host may carry */
	size_t hosts_len;
	const char *const *origins; /* that may ask from a page, e.g. "http://localhost:3000" */
	size_t origins_len;
	const char *token;       /* NULL: API_LISTEN_REMOTE is refused */
	unsigned connections_max; /* a listener */
	unsigned streams_max;     /* event streams and waiting requests in all */
	const char *boot;         /* names this run of the daemon; part of ETag and event ids */
	void (*log)(void *ctx, const char *line); /* of the HTTP library */
	void *log_ctx;
};

struct api; /* owns descriptors */

/* Copies what it needs of both. 0 or a negative errno. */
int api_create(const struct api_options *o, const struct api_source *source, struct api **out);

/* Serve a listening socket. On success the descriptor is ours. -EPERM: remote without token. */
int api_listen(struct api *api, int fd, enum api_listener kind);

/* One descriptor that is readable while there is something to do. */
int api_poll_fd(const struct api *api);
void api_run(struct api *api);
/* How long the loop may wait before the next api_run(); -1: until the descriptor wakes it. */
int64_t api_timeout_us(const struct api *api);

/* Time passed: compare the estimates with the last published ones, raise seq where the
 * contract says so, wake event streams and waiting requests, send heartbeats, close
 * requests that take too long. */
void api_tick(struct api *api);

/* Something happened: goes to the event streams as it is (change, outage, network). The
 * source's view must know of it already; it is asked for within. */
void api_event(struct api *api, const struct api_event_row *event);

/* Take no new connections, end streams and exports. Then call api_run() until
 * api_idle() or until patience ends. */
void api_quiesce(struct api *api);
int api_idle(const struct api *api);
void api_destroy(struct api *api); /* NULL is fine */

#endif
