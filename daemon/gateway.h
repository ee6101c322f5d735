/* SPDX-License-Identifier: ISC */
/*
 * Does the gateway answer? Asked only when something is wrong, to tell a dead home router
 * from a dead provider: the kernel's table of neighbours is looked at, and one TCP connection
 * to its port 53 is tried. Connected or refused, it is there. No answer counts where the
 * table says so too, or where it did answer when all was well (many a firewall never does):
 * to know that, it is tried once when the link is new and works.
 */
#ifndef LINKQ_DAEMON_GATEWAY_H
#define LINKQ_DAEMON_GATEWAY_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/loop.h"
#include "daemon/netlink.h"

struct gateway; /* owns its socket */

enum gateway_word {
	GATEWAY_UNKNOWN,
	GATEWAY_ANSWERS,
	GATEWAY_SILENT
};

struct gateway_sink {
	void *ctx;
	void (*opened)(void *ctx, int fd);
	void (*spent)(void *ctx, int64_t down_bytes, int64_t up_bytes);
};

/* 0 or -ENOMEM. */
int gateway_create(struct loop *loop, const struct gateway_sink *sink, struct gateway **out);
void gateway_destroy(struct gateway *g); /* NULL is fine */

/* The default route's; an address of "" is none. Another one begins with nothing known. */
void gateway_set(struct gateway *g, int index, const char *address);
/* Of this picture: the gateway that `interface` ("": the default route) leaves by. */
void gateway_follow(struct gateway *g, const struct net_picture *p, const char *interface);

/* Look, each second or so. trouble: nothing gets through, or names are not found. packets:
 * it may be asked, else only the table is looked at. */
void gateway_tick(struct gateway *g, int64_t now_us, bool trouble, bool packets);

enum gateway_word gateway_says(const struct gateway *g);
const char *gateway_address(const struct gateway *g); /* "": there is none */

#endif
