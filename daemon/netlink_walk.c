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

int
netlink_collect(const struct nlmsghdr *nlh, size_t header, struct netlink_attributes *all)
{
	const struct nlattr *a = mnl_nlmsg_get_payload_offset(nlh, header);
	int left = (int)mnl_nlmsg_get_payload_len(nlh) - (int)NLMSG_ALIGN(header);

	/* Whole messages are aligned, and the library rounds up what is not. */
	if (nlh->nlmsg_len % NLMSG_ALIGNTO != 0 || left < 0)
		return -EBADMSG;
	for (; mnl_attr_ok(a, left); a = mnl_attr_next(a)) {
		left -= MNL_ALIGN(a->nla_len);
		if (mnl_attr_get_type(a) < NETLINK_ATTRIBUTES)
			all->at[mnl_attr_get_type(a)] = a;
	}
	return left == 0 ? 0 : -EBADMSG;
}

const void *
netlink_payload(const struct netlink_attributes *all, unsigned type, size_t bytes)
{
	const struct nlattr *a = all->at[type];

	return a && mnl_attr_get_payload_len(a) >= bytes ? mnl_attr_get_payload(a) : NULL;
}
