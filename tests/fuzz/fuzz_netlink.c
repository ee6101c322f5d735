/* SPDX-License-Identifier: ISC */
/* Fuzz: messages of the kernel, of routes and of sockets. What is read is text that ends and
 * a picture within its bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include "daemon/netlink_parse.h"
#include "daemon/netlink_walk.h"
#include "daemon/sockdiag.h"
#include "daemon/wifi_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
must(bool so)
{
	if (!so)
		abort();
}

static bool
ends(const char *text, size_t room)
{
	return memchr(text, '\0', room) != NULL;
}

static void
must_be_a_picture(const struct net_picture *p)
{
	must(p->interfaces <= NET_INTERFACES_MAX);
	for (size_t i = 0; i < p->interfaces; i++) {
		must(ends(p->interface[i].name, sizeof p->interface[i].name));
		must(ends(p->interface[i].address4, NET_ADDRESS_MAX));
		must(ends(p->interface[i].address6, NET_ADDRESS_MAX));
		must(p->interface[i].up || !p->interface[i].carrier);
	}
}

static void
take(const struct nlmsghdr *nlh, const struct net_picture *before, struct net_picture *p)
{
	struct net_interface wireless = { .index = 3 };
	struct passive_reading reading;
	struct net_route route;

	(void)netlink_parse_link(nlh, before, p);
	(void)netlink_parse_address(nlh, p);
	if (netlink_parse_route(nlh, &route) > 0) {
		must(route.index != 0);
		must(ends(route.gateway, sizeof route.gateway));
	}
	if (wifi_parse_family(nlh) > 0)
		must(nlh->nlmsg_type == GENL_ID_CTRL);
	if (wifi_parse_ssid(nlh, nlh->nlmsg_type, &wireless) == 0)
		must(wireless.ssid_len <= NET_SSID_MAX);
	if (sockdiag_parse(nlh, &reading) == 0)
		must(reading.phase <= PASSIVE_CLOSED);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct net_picture before, p;
	/* As a socket gives it: aligned, and nothing behind its end. */
	struct nlmsghdr *all = malloc(len > 0 ? len : 1);
	const struct nlmsghdr *nlh = all;
	int left;

	if (!all || len > 1 << 20) {
		free(all);
		return 0;
	}
	memcpy(all, data, len);
	memset(&p, 0, sizeof p);
	memset(&before, 0, sizeof before);
	left = (int)netlink_whole(all, len);
	while (mnl_nlmsg_ok(nlh, left)) {
		take(nlh, &before, &p);
		nlh = mnl_nlmsg_next(nlh, &left);
	}
	must_be_a_picture(&p);
	free(all);
	return 0;
}
