/* SPDX-License-Identifier: ISC */
/*
 * Does the gateway answer? Asked only when something is wrong, to tell a dead home router
 * from a dead provider: the kernel's table of neighbours is looked at, and one TCP connection
 * to its port 53 is tried. Connected or refused, it is there. No answer counts where the
 * table says so too, or where it did answer when all was well (many a firewall never does):
 * to know that, it is tried once when the link is new and works.
 */
#ifndef LINKQ_DAEMON_ROUTER_H
#define LINKQ_DAEMON_ROUTER_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/loop.h"
#include "daemon/netlink.h"

struct router; /* owns its socket */

enum router_word {
	ROUTER_UNKNOWN,
	ROUTER_ANSWERS,
	ROUTER_SILENT
};

struct router_sink {
	void *ctx;
	void (*opened)(void *ctx, int fd);
	void (*spent)(void *ctx, int64_t down_bytes, int64_t up_bytes);
};

/* 0 or -ENOMEM. */
int router_create(struct loop *loop, const struct router_sink *sink, struct router **out);
void router_destroy(struct router *r); /* NULL is fine */

/* The default route's; an address of "" is none. Another one begins with nothing known. */
void router_set(struct router *r, int index, const char *address);
/* Of this picture: the gateway that `interface` ("": the default route) leaves by. */
void router_follow(struct router *r, const struct net_picture *p, const char *interface);

/* Look, each second or so. trouble: nothing gets through, or names are not found. packets:
 * it may be asked, else only the table is looked at. */
void router_tick(struct router *r, int64_t now_us, bool trouble, bool packets);

enum router_word router_says(const struct router *r);
const char *router_address(const struct router *r); /* "": there is none */

#endif
