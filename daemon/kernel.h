/* SPDX-License-Identifier: ISC */
/*
 * The sense that costs no traffic: looks at the kernel's TCP sockets now and then
 * (sockdiag.h), and tells of each link what that shows (passive.h).
 *
 * Each KERNEL_BUSY_US while anything moves, each KERNEL_IDLE_US while nothing does: then
 * the interfaces' byte counters are read each second, and a look is taken when they move.
 * A look's cost is measured, and looks are spaced so that they take at most 0.5 % of a
 * core, however many sockets there are.
 *
 * Without libmnl (kernel_none.c) there is nothing to see: kernel_create says -ENOTSUP.
 */
#ifndef LINKQ_DAEMON_KERNEL_H
#define LINKQ_DAEMON_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/source.h"
#include "daemon/loop.h"
#include "daemon/passive.h"

#define KERNEL_BUSY_US INT64_C(250000)
#define KERNEL_QUIET_US INT64_C(1000000)
#define KERNEL_IDLE_US INT64_C(4000000)
#define KERNEL_SHARE 200 /* a look's cost, so many times, is the least time between two */

struct kernel; /* owns descriptors */

struct kernel_sink {
	void *ctx;
	/* What the time since the last look told of that link; for every link, each time. */
	void (*report)(void *ctx, int64_t now_us, int link, const struct passive_report *r);
};

/* An interface and the number that reports give its link. */
struct kernel_link {
	int link; /* 0 .. PASSIVE_LINKS_MAX - 1 */
	char interface[16];
};

/* 0, -ENOTSUP, or another negative errno. */
int kernel_create(struct loop *loop, const struct kernel_sink *sink, struct kernel **out);
void kernel_destroy(struct kernel *k); /* NULL is fine */

/* The links that are up. Reads this host's addresses; call it on each change of either. */
void kernel_links(struct kernel *k, const struct kernel_link *links, size_t n);

/* A socket of our own, connected or about to be: never looked at. */
void kernel_own(struct kernel *k, int fd);

/* Somebody else heard a byte over that link at that time. */
void kernel_answered(struct kernel *k, int64_t at_us, int link);

/* Time passed that nobody measured: what is seen next is new. */
void kernel_restart(struct kernel *k, int64_t now_us);

void kernel_report(const struct kernel *k, int64_t now_us, struct api_kernel_report *out);

#endif
