/* SPDX-License-Identifier: ISC */
/*
 * The kernel's TCP sockets by NETLINK_SOCK_DIAG: dumps of those that are there, and word of
 * those that go. Unprivileged; sees the network namespace that it was opened in.
 *
 * A dump is begun and its parts are taken as they can be read, a slice an event, so that
 * nothing takes long: the kernel walks its table as far as one message (32 KiB, about 75
 * sockets) goes, each time that one is read. One walk gives IPv4 and IPv6 where the kernel
 * still knows the old request; else there are two.
 *
 * On any error the socket is closed and the next sockdiag_begin opens another: a dump that
 * was cut short leaves the kernel in the middle of its walk.
 */
#ifndef LINKQ_DAEMON_SOCKDIAG_H
#define LINKQ_DAEMON_SOCKDIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/passive.h"

struct sockdiag; /* owns two descriptors */

typedef void sockdiag_fn(void *arg, int64_t now_us, const struct passive_reading *r);

struct sockdiag_counters {
	int64_t dumps;       /* that came to their end */
	int64_t interrupted; /* of them, the table changed underway (NLM_F_DUMP_INTR) */
	int64_t failed;      /* begun and not ended: the socket was opened anew */
	int64_t malformed;   /* messages that were cut short or hold no socket */
	int64_t gone;        /* sockets whose end was told */
	int64_t lost;        /* times that word of ends was lost, or was too much to take */
	int64_t cost_us;     /* processor time of the last whole dump */
	int64_t cost_us_max;
	bool one_walk;       /* both families at once */
	bool ends_told;      /* the kernel tells of sockets that go */
};

/* 0, or a negative errno: the kernel has no such interface, or it may not be used. */
int sockdiag_open(struct sockdiag **out);
void sockdiag_close(struct sockdiag *sd); /* NULL is fine */

/* Begin a dump. 0, -EBUSY (one is underway), or why it cannot be. */
int sockdiag_begin(struct sockdiag *sd);

/* Readable while a dump is underway; may be another descriptor after each begin. */
int sockdiag_dump_fd(const struct sockdiag *sd);

enum sockdiag_progress { SOCKDIAG_MORE, SOCKDIAG_WHOLE, SOCKDIAG_CHANGED };

/* Take what can be read, up to about a millisecond's worth. Progress, or a negative errno
 * (the dump is over, and failed). CHANGED: at its end, but sockets may be missing. */
int sockdiag_slice(struct sockdiag *sd, int64_t now_us, sockdiag_fn *fn, void *arg);

/* Give up the dump that is underway, if any. */
void sockdiag_reset(struct sockdiag *sd);

/* Readable when ends are told; -1: they are not. */
int sockdiag_gone_fd(const struct sockdiag *sd);

/* Take the ends that were told: how many. At most some hundred; where more came since the
 * last call the rest is dropped, and counted. The descriptor may be another one after it. */
int sockdiag_drain(struct sockdiag *sd, int64_t now_us, sockdiag_fn *fn, void *arg);

struct sockdiag_counters sockdiag_counters(const struct sockdiag *sd);

/* One message's socket as a reading. 0, or -EBADMSG. Without tcp_info all of that is
 * unknown; the figures that an older kernel's lacks are. For tests, and for both above. */
struct nlmsghdr;
int sockdiag_parse(const struct nlmsghdr *nlh, struct passive_reading *out);

#endif
