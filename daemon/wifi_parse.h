/* SPDX-License-Identifier: ISC */
/* From messages of generic netlink to the name of a Wi-Fi network. Pure. */
#ifndef LINKQ_DAEMON_WIFI_PARSE_H
#define LINKQ_DAEMON_WIFI_PARSE_H

#include <stdint.h>

#include <libmnl/libmnl.h>

#include "daemon/netlink.h"

/* CTRL_CMD_NEWFAMILY: by which number a family's messages go. The number, above 0, or
 * -EBADMSG: another message, or one that is cut short. */
int wifi_parse_family(const struct nlmsghdr *nlh);

/* NL80211_CMD_NEW_INTERFACE of that family, about i->index: sets i->ssid, with a length of 0
 * where the interface is on no network. 0, or -EBADMSG, and then `i` is left as it was. */
int wifi_parse_ssid(const struct nlmsghdr *nlh, int family, struct net_interface *i);

#endif
