/* SPDX-License-Identifier: ISC */
/* Which network a wireless interface is on, by nl80211. */
#include "daemon/wifi.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/netlink_walk.h"
#include "daemon/wifi_parse.h"

#define ANSWER_BYTES 16384 /* a family lists all of its commands */

struct question {
	int family; /* of nl80211; 0: not known yet */
	struct net_interface *interface;
	bool answered;
};

static int
on_family(const struct nlmsghdr *nlh, void *arg)
{
	struct question *q = arg;
	int family = wifi_parse_family(nlh);

	if (family > 0)
		q->family = family;
	return MNL_CB_OK;
}

static int
on_interface(const struct nlmsghdr *nlh, void *arg)
{
	struct question *q = arg;

	if (wifi_parse_ssid(nlh, q->family, q->interface) == 0)
		q->answered = true;
	return MNL_CB_OK;
}

static struct nlmsghdr *
question(void *memory, int family, int command)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(memory);
	struct genlmsghdr *head;

	nlh->nlmsg_type = (uint16_t)family;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	head = mnl_nlmsg_put_extra_header(nlh, sizeof(*head));
	head->cmd = (uint8_t)command;
	head->version = 1;
	return nlh;
}

/* The kernel has put the answer there before sending the question returns. */
static void
ask(struct mnl_socket *s, const struct nlmsghdr *nlh, mnl_cb_t fn, struct question *q)
{
	_Alignas(struct nlmsghdr) char answer[ANSWER_BYTES];
	ssize_t n;

	if (mnl_socket_sendto(s, nlh, nlh->nlmsg_len) < 0)
		return;
	n = mnl_socket_recvfrom(s, answer, sizeof(answer));
	if (n > 0)
		(void)netlink_walk(answer, (size_t)n, 0, 0, fn, q);
}

static void
ask_family(struct mnl_socket *s, struct question *q)
{
	_Alignas(struct nlmsghdr) char memory[64] = { 0 };
	struct nlmsghdr *nlh = question(memory, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);

	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, NL80211_GENL_NAME);
	ask(s, nlh, on_family, q);
}

static void
ask_name(struct mnl_socket *s, struct question *q)
{
	_Alignas(struct nlmsghdr) char memory[64] = { 0 };
	struct nlmsghdr *nlh = question(memory, q->family, NL80211_CMD_GET_INTERFACE);

	mnl_attr_put_u32(nlh, NL80211_ATTR_IFINDEX, (uint32_t)q->interface->index);
	ask(s, nlh, on_interface, q);
}

static struct mnl_socket *
open_socket(void)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (s && mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(s);
		return NULL;
	}
	return s;
}

static void
keep(const struct net_picture *before, struct net_interface *i)
{
	for (size_t k = 0; k < before->interfaces; k++) {
		const struct net_interface *was = &before->interface[k];

		if (was->index != i->index || strcmp(was->name, i->name) != 0)
			continue;
		memcpy(i->ssid, was->ssid, sizeof(i->ssid));
		i->ssid_len = was->ssid_len;
	}
}

void
wifi_names(const struct net_picture *before, struct net_picture *p)
{
	struct mnl_socket *s = NULL;
	struct question q = { 0 };

	for (size_t k = 0; k < p->interfaces; k++) {
		struct net_interface *i = &p->interface[k];

		if (i->kind != EST_LINK_WIFI)
			continue;
		q.interface = i;
		q.answered = false;
		if (i->carrier && !s) {
			s = open_socket();
			if (s)
				ask_family(s, &q);
		}
		if (i->carrier && s && q.family)
			ask_name(s, &q);
		if (!q.answered)
			keep(before, i);
	}
	if (s)
		mnl_socket_close(s);
}
