/* SPDX-License-Identifier: ISC */
/* From messages of rtnetlink to parts of the picture. */
#include "daemon/netlink_parse.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

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

#define ATTRIBUTES 64

struct attributes {
	const struct nlattr *at[ATTRIBUTES]; /* by type; NULL: not there */
};

static int
keep(const struct nlattr *a, void *arg)
{
	struct attributes *all = arg;

	if (mnl_attr_get_type(a) < ATTRIBUTES)
		all->at[mnl_attr_get_type(a)] = a;
	return MNL_CB_OK;
}

/* What an attribute holds, if it holds so many bytes at least. */
static const void *
payload(const struct attributes *all, unsigned type, size_t bytes)
{
	const struct nlattr *a = all->at[type];

	return a && mnl_attr_get_payload_len(a) >= bytes ? mnl_attr_get_payload(a) : NULL;
}

static uint32_t
number(const struct attributes *all, unsigned type)
{
	uint32_t n = 0;
	const void *at = payload(all, type, sizeof(n));

	if (at)
		memcpy(&n, at, sizeof(n));
	return n;
}

void
netlink_parse_link(const struct nlmsghdr *nlh, const struct net_picture *before,
    struct net_picture *p)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct net_interface *out = &p->interface[p->interfaces];
	const struct net_interface *known;
	struct attributes all = { 0 };
	const uint8_t *carrier;

	if (p->interfaces == NET_INTERFACES_MAX)
		return;
	mnl_attr_parse(nlh, sizeof(*ifi), keep, &all);
	if (!all.at[IFLA_IFNAME] ||
	    mnl_attr_validate(all.at[IFLA_IFNAME], MNL_TYPE_NUL_STRING) < 0 ||
	    mnl_attr_get_payload_len(all.at[IFLA_IFNAME]) > sizeof(out->name))
		return;
	strcpy(out->name, mnl_attr_get_str(all.at[IFLA_IFNAME]));
	carrier = payload(&all, IFLA_CARRIER, 1);
	out->index = ifi->ifi_index;
	out->up = (ifi->ifi_flags & IFF_UP) != 0;
	out->carrier =
	    out->up && (carrier ? *carrier != 0 : (ifi->ifi_flags & IFF_LOWER_UP) != 0);
	known = interface_of(before, out->index);
	out->kind = known && strcmp(known->name, out->name) == 0
	    ? known->kind
	    : net_kind(ifi->ifi_type, out->name);
	p->interfaces++;
}

void
netlink_parse_address(const struct nlmsghdr *nlh, struct net_picture *p)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	struct net_interface *out = interface_in(p, (int)ifa->ifa_index);
	size_t bytes = ifa->ifa_family == AF_INET ? 4 : 16;
	struct attributes all = { 0 };
	const void *address;
	char *text;

	if (!out || ifa->ifa_scope != RT_SCOPE_UNIVERSE)
		return;
	mnl_attr_parse(nlh, sizeof(*ifa), keep, &all);
	address = payload(&all, IFA_LOCAL, bytes);
	if (!address)
		address = payload(&all, IFA_ADDRESS, bytes);
	text = ifa->ifa_family == AF_INET ? out->address4 : out->address6;
	if (address && !text[0])
		inet_ntop(ifa->ifa_family, address, text, NET_ADDRESS_MAX);
}

bool
netlink_parse_route(const struct nlmsghdr *nlh, struct net_route *out)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct attributes all = { 0 };
	const struct rtnexthop *hop;
	const void *gateway;

	*out = (struct net_route){ .v6 = rtm->rtm_family == AF_INET6 };
	if (rtm->rtm_type != RTN_UNICAST)
		return false;
	mnl_attr_parse(nlh, sizeof(*rtm), keep, &all);
	out->index = (int)number(&all, RTA_OIF);
	out->metric = number(&all, RTA_PRIORITY);
	gateway = payload(&all, RTA_GATEWAY, out->v6 ? 16 : 4);
	if (gateway)
		inet_ntop(rtm->rtm_family, gateway, out->gateway, sizeof(out->gateway));
	hop = payload(&all, RTA_MULTIPATH, sizeof(*hop));
	if (hop && !out->index) /* several next hops: the first one stands for them */
		out->index = hop->rtnh_ifindex;
	return out->index != 0;
}
