/* SPDX-License-Identifier: ISC */
/* Over the messages of one read from a netlink socket, and never over its end: libmnl takes
 * a length from 2^31 on for a negative one, and would read outside of the buffer. */
#ifndef LINKQ_DAEMON_NETLINK_WALK_H
#define LINKQ_DAEMON_NETLINK_WALK_H

#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

/* How many of these bytes are whole messages, from the first one on. */
size_t netlink_whole(const void *buffer, size_t len);

/* mnl_cb_run over what is whole. MNL_CB_OK, MNL_CB_STOP or a negative errno: -EBADMSG where
 * a message that is not whole was met before the answer's end. */
int netlink_walk(const void *buffer, size_t len, unsigned seq, unsigned portid, mnl_cb_t fn,
    void *arg);

#define NETLINK_ATTRIBUTES 64

struct netlink_attributes {
	const struct nlattr *at[NETLINK_ATTRIBUTES]; /* by type; NULL: not there */
};

/* All attributes behind a header of so many bytes. 0, or -EBADMSG: the header, or one of
 * them, is not whole. */
int netlink_collect(const struct nlmsghdr *nlh, size_t header, struct netlink_attributes *all);

/* What an attribute holds, if it holds so many bytes at least; else NULL. */
const void *netlink_payload(const struct netlink_attributes *all, unsigned type, size_t bytes);

#endif
