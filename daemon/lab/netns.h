/* SPDX-License-Identifier: ISC */
/*
 * Namespaces and TUN devices without any program's help. With root they are made as they
 * are; without, inside a user namespace of our own in which we keep our name.
 */
#ifndef LINKQ_LAB_NETNS_H
#define LINKQ_LAB_NETNS_H

#include <stddef.h>
#include <sys/types.h>

/*
 * As fork(2): the child goes on as the first process of a new pid namespace, with its own
 * network (nothing in it but a loopback device that is down) and its own /proc. When it ends,
 * or the caller does, in whatever way, everything that it started is killed by the kernel.
 *
 * Returns 0 in the child, and in the caller a pid for netns_wait() and nothing else; SIGINT,
 * SIGTERM, SIGHUP and SIGCHLD are blocked from then on. Where it cannot be, or where no TUN
 * device would work in there: a negative errno, with why in words, and nothing has changed.
 */
pid_t netns_enter(char *why, size_t why_len);

/* Wait for the child, hand on SIGINT, SIGTERM and SIGHUP; its status as a shell would say. */
int netns_wait(pid_t pid);

/* A further empty network for this process and its children to come. */
int netns_fresh(void);

/* Bring up loopback. */
int netns_loopback_up(void);
/* One more address for loopback, as alias number n >= 1. */
int netns_loopback_add(unsigned n, const char *addr);

/*
 * A TUN device in the network of this process, up, with addr and peer on one /30. The
 * descriptor is non-blocking and carries bare IP packets; it stays good when the process
 * goes on to another network. Returns it or a negative errno.
 */
int netns_tun(const char *name, const char *addr);
int netns_default_route(const char *gateway);

#endif
