/* SPDX-License-Identifier: ISC */
/*
 * The links of this host, read off the picture of the network: each interface that a
 * default route leaves by, together with the network it is on.
 *
 * A link's identity is a hash, salted on this host, of its interface, its gateway
 * and, where there is one, its Wi-Fi network's name: the same card is another link at home
 * than on the train, and nobody can read the network off the link's name. Worked example: wlan0 by 192.168.1.1 is "k3f9ae7c"; the next day wlan0 by
 * 10.0.0.1 is "p2mxq4zt"; back home it is "k3f9ae7c" again, and what was learnt returns.
 */
#ifndef LINKQ_DAEMON_LINKS_H
#define LINKQ_DAEMON_LINKS_H

#include <stdbool.h>
#include <stddef.h>

#include "api/source.h"
#include "daemon/digest.h"
#include "daemon/netlink.h"

struct link {
	char id[API_LINK_ID_MAX + 1];
	char interface[16];
	enum est_link_kind kind;
	bool carrier;
	char address4[NET_ADDRESS_MAX];
};

struct links {
	struct link at[API_LINKS_MAX]; /* the default one first */
	size_t len;                    /* 0: no way out of this host */
};

/* Where the picture is unknown, one link of another kind, without a network, stands for all.
 * `interface`: measure this one, whatever the default route says; "": follow it. */
void links_read(const struct net_picture *p, const struct digest_salt *salt,
    const char *interface, struct links *out);

#endif
