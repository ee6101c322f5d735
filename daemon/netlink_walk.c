/* SPDX-License-Identifier: ISC */
/* Over the messages of one read from a netlink socket. */
#include "daemon/netlink_walk.h"

#include <errno.h>
#include <string.h>

size_t
netlink_whole(const void *buffer, size_t len)
{
	size_t at = 0;

	while (len - at >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr head;

		memcpy(&head, (const char *)buffer + at, sizeof(head));
		if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > len - at)
			break;
		if (NLMSG_ALIGN(head.nlmsg_len) > len - at)
			return len; /* the last one goes without its padding */
		at += NLMSG_ALIGN(head.nlmsg_len);
	}
	return at;
}

int
netlink_walk(const void *buffer, size_t len, unsigned seq, unsigned portid, mnl_cb_t fn,
    void *arg)
{
	size_t whole = netlink_whole(buffer, len);
	int rc = mnl_cb_run(buffer, whole, seq, portid, fn, arg);

	if (rc < 0)
		return errno > 0 ? -errno : -EIO;
	return rc != MNL_CB_STOP && whole < len ? -EBADMSG : rc;
}
