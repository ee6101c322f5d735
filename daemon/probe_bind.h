/* SPDX-License-Identifier: ISC */
/*
 * Binding a socket to a link.
 *
 * To its device, where the kernel lets us (Linux 5.7 lets everybody): then nothing leaves by
 * another. Else to its address; which way that goes is for the routing policy to say, and
 * where there is no rule for it, it is the default route's. So it is looked at
 * (probe_bind_leaves): what left by another link says nothing of this one.
 */
#ifndef LINKQ_DAEMON_PROBE_BIND_H
#define LINKQ_DAEMON_PROBE_BIND_H

#include <stdbool.h>

enum probe_bound {
	PROBE_UNBOUND,
	PROBE_BY_DEVICE,
	PROBE_BY_ADDRESS
};

/* `device`: try that first. PROBE_UNBOUND: neither is to be had, and it must not be used. */
enum probe_bound probe_bind(int fd, int family, const char *interface, bool device);

/* Does what goes from this address to that one leave by the interface? True also where
 * nobody can tell. */
bool probe_bind_leaves(const char *interface, const char *from, const char *to);

#endif
