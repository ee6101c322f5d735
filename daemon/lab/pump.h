/* SPDX-License-Identifier: ISC */
/*
 * Moves what crosses the link, as the wire says. Both ends serve until they are killed and
 * return only where something is broken, a negative errno.
 */
#ifndef LINKQ_LAB_PUMP_H
#define LINKQ_LAB_PUMP_H

#include <stddef.h>

#include "daemon/lab/wire.h"

/* CLOCK_MONOTONIC in nanoseconds. */
int64_t pump_clock_ns(void);

/* Sleep until a descriptor has something or the wire does; the wire is computed up to the
 * instant that is returned. most_ns bounds the sleep. */
struct pollfd;
int64_t pump_sleep(struct wire *w, struct pollfd *p, size_t len, int64_t most_ns);

/* IP packets between two TUN devices. Scripts arrive on control. */
int pump_packets(struct wire *w, int client_fd, int server_fd, const int control[2]);

/* Connections to any of the listening sockets are relayed to 127.0.0.1:port. Needs no
 * right; packets become pieces of a stream, so none is lost and rates are payload and 52
 * bytes a piece, as TCP would have them. Connecting is as fast as loopback is. */
int pump_streams(struct wire *w, const int *listen_fd, size_t listen_len, uint16_t port,
    const int control[2]);

#endif
