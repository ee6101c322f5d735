/* SPDX-License-Identifier: ISC */
/*
 * The picture of this host's network: interfaces, whether they carry, and default routes.
 *
 * With libmnl (netlink.c) the kernel tells of changes, and a change is seen some 20 ms
 * later; without it (netproc.c) /proc and /sys are read each second. Either way the whole
 * picture is given anew, since the kernel does not announce every route that it drops.
 */
#ifndef LINKQ_DAEMON_NETLINK_H
#define LINKQ_DAEMON_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/source.h"
#include "daemon/loop.h"
#include "estimator/estimator.h"

#define NET_INTERFACES_MAX 64
#define NET_ROUTES_MAX 64
#define NET_SSID_MAX 32 /* IEEE 802.11, 9.4.2.2 */
#define NET_ADDRESS_MAX 46 /* text, with its NUL */

struct net_interface {
	int index;
	char name[16];
	enum est_link_kind kind;
	bool up;      /* set up by the administrator */
	bool carrier; /* a cable, a station, a session: something at the other end */
	/* Of Wi-Fi, the network's name; 0: none, or not known. Never stored, never logged. */
	uint8_t ssid[NET_SSID_MAX];
	size_t ssid_len;
	char address4[NET_ADDRESS_MAX], address6[NET_ADDRESS_MAX]; /* global ones; "": none */
};

struct net_route {
	int index; /* of the interface */
	bool v6;
	char gateway[NET_ADDRESS_MAX]; /* "": straight out, as on a point-to-point link */
	uint32_t metric;
};

struct net_picture {
	struct net_interface interface[NET_INTERFACES_MAX];
	size_t interfaces;
	struct net_route route[NET_ROUTES_MAX]; /* default routes only */
	size_t routes;
	int out4, out6; /* the interface that the kernel takes to the Internet; 0: none */
	bool unknown;   /* nothing could be read yet: nobody knows whether there is a way out */
};

struct netlink; /* owns descriptors */

typedef void netlink_fn(void *arg, int64_t now_us, const struct net_picture *picture);

/*
 * Draws the first picture at once (netlink_picture), then calls back on each change. The
 * callback's picture is valid until the next one. 0 or a negative errno.
 *
 * A kernel that cannot be asked is no failure: the picture is unknown, or stays as it was,
 * the callback is called as that begins and ends, and it is tried again each second.
 */
int netlink_create(struct loop *loop, netlink_fn *changed, void *arg, struct netlink **out);
const struct net_picture *netlink_picture(const struct netlink *nl);
/* It cannot be read now; the picture may be old. */
bool netlink_unread(const struct netlink *nl);
void netlink_report(const struct netlink *nl, struct api_network_report *out);
void netlink_destroy(struct netlink *nl); /* NULL is fine */

/* The number of the interface by which the kernel goes from this address to that one; or a
 * negative errno: no way, or not known. */
int netlink_way(const char *from, const char *to);

/* Shared by both ways of looking: by the kernel's device type and what /sys tells. */
enum est_link_kind net_kind(unsigned arphrd, const char *name);

#endif
