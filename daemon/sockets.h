/* SPDX-License-Identifier: ISC */
/*
 * The sockets that the daemon listens on: those that systemd hands over, else loopback TCP
 * and a Unix socket as configured. All are non-blocking and close-on-exec.
 */
#ifndef LINKQ_DAEMON_SOCKETS_H
#define LINKQ_DAEMON_SOCKETS_H

#include <stddef.h>

#include "api/http.h"
#include "daemon/config.h"

#define SOCKETS_MAX 16

struct listening {
	int fd; /* -1: handed over to somebody who closes it */
	enum api_listener kind;
	char text[160]; /* "http://127.0.0.1:8790" with the real port, or "unix:/path" */
};

struct sockets {
	size_t len;
	struct listening at[SOCKETS_MAX];
	int lock_fd;            /* held as long as the Unix socket is ours; -1 */
	char socket_path[108];  /* to remove at the end; "" */
};

/*
 * Open them all, or none. Sockets from systemd take the place of the configured ones.
 *
 * A preset address that this host lacks is a notice in the log; one that was asked for is
 * an error, and so is a port in use. A Unix socket that nobody serves is removed; its lock
 * file (PATH.lock) makes sure of that. Mode 0660.
 *
 * 0; -EADDRINUSE, -EADDRNOTAVAIL, -EACCES, -EPERM (a remote address and no token) .. with
 * one sentence in `why`.
 */
int sockets_open(const struct conf *c, struct sockets *out, char *why, size_t why_len);

/* Close what is still ours, remove the Unix socket, then let go of its lock. */
void sockets_close(struct sockets *s);

#endif
