/* SPDX-License-Identifier: ISC */
/* The kernel's table of neighbours, by rtnetlink. */
#include "daemon/neighbour.h"

#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "daemon/netlink_walk.h"

#define BUFFER_BYTES 32768
#define ROUNDS_MAX 64 /* of a table that is large beyond reason, the rest is not read */

struct sought {
	int index;
	size_t len;
	unsigned char address[16];
	enum neighbour found;
};

static enum neighbour
meaning(unsigned state)
{
	if (state & NUD_FAILED)
		return NEIGHBOUR_FAILED;
	if (state & (NUD_INCOMPLETE | NUD_PROBE))
		return NEIGHBOUR_SOUGHT;
	return state & (NUD_REACHABLE | NUD_PERMANENT | NUD_NOARP) ? NEIGHBOUR_THERE
								  : NEIGHBOUR_UNKNOWN;
}

static int
on_attribute(const struct nlattr *a, void *arg)
{
	const struct nlattr **to = arg;

	if (mnl_attr_get_type(a) == NDA_DST)
		*to = a;
	return MNL_CB_OK;
}

static int
on_neighbour(const struct nlmsghdr *m, void *arg)
{
	struct sought *s = arg;
	const struct ndmsg *n = mnl_nlmsg_get_payload(m);
	const struct nlattr *to = NULL;

	if (m->nlmsg_type != RTM_NEWNEIGH || mnl_nlmsg_get_payload_len(m) < sizeof(*n) ||
	    n->ndm_ifindex != s->index)
		return MNL_CB_OK;
	(void)mnl_attr_parse(m, sizeof(*n), on_attribute, &to);
	if (to && mnl_attr_get_payload_len(to) == s->len &&
	    memcmp(mnl_attr_get_payload(to), s->address, s->len) == 0)
		s->found = meaning(n->ndm_state);
	return MNL_CB_OK;
}

/* The kernel has put the answer there before sending the question returns. */
static void
read_table(struct mnl_socket *nl, struct sought *s, unsigned char family)
{
	_Alignas(struct nlmsghdr) char buffer[BUFFER_BYTES];
	struct nlmsghdr *m = mnl_nlmsg_put_header(buffer);
	struct ndmsg *ask;
	int rc = MNL_CB_OK;

	m->nlmsg_type = RTM_GETNEIGH;
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	m->nlmsg_seq = 1;
	ask = mnl_nlmsg_put_extra_header(m, sizeof(*ask));
	ask->ndm_family = family;
	if (mnl_socket_sendto(nl, m, m->nlmsg_len) < 0)
		return;
	for (int i = 0; i < ROUNDS_MAX && rc == MNL_CB_OK; i++) {
		ssize_t n = mnl_socket_recvfrom(nl, buffer, sizeof(buffer));

		if (n <= 0)
			return;
		rc = netlink_walk(buffer, (size_t)n, 1, mnl_socket_get_portid(nl), on_neighbour, s);
	}
}

enum neighbour
neighbour_look(int index, const char *address)
{
	struct sought s = { .index = index, .len = 4, .found = NEIGHBOUR_UNKNOWN };
	unsigned char family = AF_INET;
	struct mnl_socket *nl;

	if (inet_pton(AF_INET, address, s.address) != 1) {
		family = AF_INET6;
		s.len = 16;
		if (inet_pton(AF_INET6, address, s.address) != 1)
			return NEIGHBOUR_UNKNOWN;
	}
	nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (!nl)
		return NEIGHBOUR_UNKNOWN;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0)
		read_table(nl, &s, family);
	mnl_socket_close(nl);
	return s.found;
}
