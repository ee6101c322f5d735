/* SPDX-License-Identifier: ISC */
/* From messages of rtnetlink to parts of the picture. 0, or -EBADMSG for a message that is
 * cut short or makes no sense, which adds nothing. Only netlink.c and netlink_parse.c know <libmnl/libmnl.h>
 * for routes. */
#ifndef LINKQ_DAEMON_NETLINK_PARSE_H
#define LINKQ_DAEMON_NETLINK_PARSE_H

#include <libmnl/libmnl.h>

#include "daemon/netlink.h"

/* RTM_NEWLINK. `before` is the last picture: what kind a device is does not change. */
int netlink_parse_link(const struct nlmsghdr *nlh, const struct net_picture *before,
    struct net_picture *p);
/* RTM_NEWADDR, after the links. */
int netlink_parse_address(const struct nlmsghdr *nlh, struct net_picture *p);
/* RTM_NEWROUTE. 1: a way out, 0: something else, or -EBADMSG. */
int netlink_parse_route(const struct nlmsghdr *nlh, struct net_route *out);

#endif
