/* SPDX-License-Identifier: ISC */
/* From messages of rtnetlink to parts of the picture. */
#include "daemon/netlink_parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/netlink_walk.h"

static struct net_interface *
interface_in(struct net_picture *p, int index)
{
	for (size_t i = 0; i < p->interfaces; i++)
		if (p->interface[i].index == index)
			return &p->interface[i];
	return NULL;
}

static const struct net_interface *
interface_of(const struct net_picture *p, int index)
{
	for (size_t i = 0; i < p->interfaces; i++)
		if (p->interface[i].index == index)
			return &p->interface[i];
	return NULL;
}

static uint32_t
number(const struct netlink_attributes *all, unsigned type)
{
	uint32_t n = 0;
	const void *at = netlink_payload(all, type, sizeof(n));

	if (at)
		memcpy(&n, at, sizeof(n));
	return n;
}

int
netlink_parse_link(const struct nlmsghdr *nlh, const struct net_picture *before,
    struct net_picture *p)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct net_interface *out = &p->interface[p->interfaces];
	const struct net_interface *known;
	struct netlink_attributes all = { 0 };
	const uint8_t *carrier;

	if (netlink_collect(nlh, sizeof(*ifi), &all) != 0 || !all.at[IFLA_IFNAME] ||
	    mnl_attr_validate(all.at[IFLA_IFNAME], MNL_TYPE_NUL_STRING) < 0 ||
	    mnl_attr_get_payload_len(all.at[IFLA_IFNAME]) > sizeof(out->name))
		return -EBADMSG;
	if (p->interfaces == NET_INTERFACES_MAX)
		return 0;
	strcpy(out->name, mnl_attr_get_str(all.at[IFLA_IFNAME]));
	carrier = netlink_payload(&all, IFLA_CARRIER, 1);
	out->index = ifi->ifi_index;
	out->up = (ifi->ifi_flags & IFF_UP) != 0;
	out->carrier =
	    out->up && (carrier ? *carrier != 0 : (ifi->ifi_flags & IFF_LOWER_UP) != 0);
	known = interface_of(before, out->index);
	out->kind = known && strcmp(known->name, out->name) == 0
	    ? known->kind
	    : net_kind(ifi->ifi_type, out->name);
	p->interfaces++;
	return 0;
}

int
netlink_parse_address(const struct nlmsghdr *nlh, struct net_picture *p)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct netlink_attributes all = { 0 };
	struct net_interface *out;
	const void *address;
	size_t bytes;
	char *text;

	if (netlink_collect(nlh, sizeof(*ifa), &all) != 0)
		return -EBADMSG;
	out = interface_in(p, (int)ifa->ifa_index);
	if (!out || ifa->ifa_scope != RT_SCOPE_UNIVERSE ||
	    (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6))
		return 0;
	bytes = ifa->ifa_family == AF_INET ? 4 : 16;
	address = netlink_payload(&all, IFA_LOCAL, bytes);
	if (!address)
		address = netlink_payload(&all, IFA_ADDRESS, bytes);
	if (!address)
		return -EBADMSG;
	text = ifa->ifa_family == AF_INET ? out->address4 : out->address6;
	if (!text[0])
		inet_ntop(ifa->ifa_family, address, text, NET_ADDRESS_MAX);
	return 0;
}

int
netlink_parse_route(const struct nlmsghdr *nlh, struct net_route *out)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct netlink_attributes all = { 0 };
	const struct rtnexthop *hop;
	const void *gateway;

	if (netlink_collect(nlh, sizeof(*rtm), &all) != 0)
		return -EBADMSG;
	if (rtm->rtm_type != RTN_UNICAST)
		return 0;
	*out = (struct net_route){ .v6 = rtm->rtm_family == AF_INET6 };
	out->index = (int)number(&all, RTA_OIF);
	out->metric = number(&all, RTA_PRIORITY);
	gateway = netlink_payload(&all, RTA_GATEWAY, out->v6 ? 16 : 4);
	if (gateway)
		inet_ntop(rtm->rtm_family, gateway, out->gateway, sizeof(out->gateway));
	hop = netlink_payload(&all, RTA_MULTIPATH, sizeof(*hop));
	if (hop && !out->index) /* several next hops: the first one stands for them */
		out->index = hop->rtnh_ifindex;
	return out->index != 0;
}
