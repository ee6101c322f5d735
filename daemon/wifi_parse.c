/* SPDX-License-Identifier: ISC */
/* From messages of generic netlink to the name of a Wi-Fi network. */
#include "daemon/wifi_parse.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>
#include <string.h>

#include "daemon/netlink_walk.h"

_Static_assert((int)NL80211_ATTR_SSID < NETLINK_ATTRIBUTES, "it is collected");

/* Its attributes, where it is this command of this family. */
static int
collect(const struct nlmsghdr *nlh, int family, int command,
    struct netlink_attributes *all)
{
	const struct genlmsghdr *head = mnl_nlmsg_get_payload(nlh);

	if (netlink_collect(nlh, sizeof(*head), all) != 0 || nlh->nlmsg_type != family ||
	    head->cmd != command)
		return -EBADMSG;
	return 0;
}

int
wifi_parse_family(const struct nlmsghdr *nlh)
{
	struct netlink_attributes all = { 0 };
	const void *at;
	uint16_t number;

	if (collect(nlh, GENL_ID_CTRL, CTRL_CMD_NEWFAMILY, &all) != 0)
		return -EBADMSG;
	at = netlink_payload(&all, CTRL_ATTR_FAMILY_ID, sizeof(number));
	if (!at)
		return -EBADMSG;
	memcpy(&number, at, sizeof(number));
	return number >= NLMSG_MIN_TYPE ? number : -EBADMSG;
}

int
wifi_parse_ssid(const struct nlmsghdr *nlh, int family, struct net_interface *i)
{
	struct netlink_attributes all = { 0 };
	const void *at, *ssid;
	uint32_t index;
	size_t len = 0;

	if (collect(nlh, family, NL80211_CMD_NEW_INTERFACE, &all) != 0)
		return -EBADMSG;
	at = netlink_payload(&all, NL80211_ATTR_IFINDEX, sizeof(index));
	if (!at)
		return -EBADMSG;
	memcpy(&index, at, sizeof(index));
	ssid = netlink_payload(&all, NL80211_ATTR_SSID, 0);
	if (ssid)
		len = mnl_attr_get_payload_len(all.at[NL80211_ATTR_SSID]);
	if (index != (uint32_t)i->index || len > sizeof(i->ssid))
		return -EBADMSG;
	memset(i->ssid, 0, sizeof(i->ssid));
	if (len > 0)
		memcpy(i->ssid, ssid, len);
	i->ssid_len = len;
	return 0;
}
