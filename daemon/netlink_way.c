/* SPDX-License-Identifier: ISC */
/* Which way would the kernel go from here to there? Asked once, answered at once. */
#include "daemon/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "daemon/netlink_parse.h"
#include "daemon/netlink_walk.h"

static int
take(const struct nlmsghdr *nlh, void *arg)
{
	struct net_route route;

	if (nlh->nlmsg_type == RTM_NEWROUTE && netlink_parse_route(nlh, &route) > 0)
		*(int *)arg = route.index;
	return MNL_CB_OK;
}

static int
ask(struct mnl_socket *s, const char *from, const char *to)
{
	char memory[4096] = { 0 }; /* the question, then the answer */
	int family = strchr(to, ':') ? AF_INET6 : AF_INET, index = -ENETUNREACH;
	uint16_t bytes = family == AF_INET6 ? 16 : 4;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(memory);
	uint8_t address[16];
	struct rtmsg *rtm;
	ssize_t n;
	int err;

	nlh->nlmsg_type = RTM_GETROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = (unsigned char)family;
	rtm->rtm_dst_len = rtm->rtm_src_len = (unsigned char)(8 * bytes);
	if (inet_pton(family, to, address) != 1)
		return -EINVAL;
	mnl_attr_put(nlh, RTA_DST, bytes, address);
	if (inet_pton(family, from, address) != 1)
		return -EINVAL;
	mnl_attr_put(nlh, RTA_SRC, bytes, address);
	if (mnl_socket_sendto(s, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	/* The answer is there when the question was taken: nothing is waited for. */
	n = mnl_socket_recvfrom(s, memory, sizeof(memory));
	if (n < 0)
		return -errno;
	err = netlink_walk(memory, (size_t)n, 0, 0, take, &index);
	return err < 0 ? err : index;
}

int
netlink_way(const char *from, const char *to)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int index;

	if (!s)
		return -errno;
	index = mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : ask(s, from, to);
	mnl_socket_close(s);
	return index;
}
