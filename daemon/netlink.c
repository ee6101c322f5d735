/* SPDX-License-Identifier: ISC */
/*
 * The picture of the network by rtnetlink: one socket hears that something changed, the
 * other one asks for everything, a question after the other, each read as it comes.
 *
 * Changes are not applied one by one. The kernel drops IPv4 routes without a word when a
 * device goes down, and a notification may be lost; a new picture is always right, and on
 * a host with a long table it is read in portions, so that the loop never waits.
 */
#include "daemon/netlink.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "daemon/log.h"
#include "daemon/netlink_parse.h"
#include "daemon/netlink_walk.h"
#include "daemon/wifi.h"

#define BUFFER_BYTES 32768
#define SETTLE_US INT64_C(20000) /* several changes come in one burst */
#define GAP_US INT64_C(100000)   /* between two pictures */
#define RETRY_US INT64_C(1000000)
#define STUCK_US INT64_C(2000000) /* a round that takes longer is given up */
#define FIRST_MS 1000
#define FIRST_TRIES 4

#define GROUPS                                                                               \
	(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |         \
	    RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_RULE)

/* Nothing is sent there: the kernel is asked which way it would go. Documentation
 * addresses (RFC 5737, RFC 3849) are covered by what covers the Internet. */
#define FAR4 "192.0.2.1"
#define FAR6 "2001:db8::1"

enum step { ASK_LINKS, ASK_ADDRESSES, ASK_ROUTES4, ASK_ROUTES6, ASK_OUT4, ASK_OUT6, DONE };

struct netlink {
	struct loop *loop;
	netlink_fn *changed;
	void *arg;
	struct mnl_socket *events, *queries;
	struct loop_watch *events_watch, *queries_watch;
	struct loop_timer *timer;
	enum step step; /* DONE: no question is open */
	uint32_t seq;
	bool dirty;     /* something changed since the open question's round began */
	bool unread;    /* the last round failed, or a socket died since */
	int64_t drawn_us, begun_us;
	struct api_network_report count;
	struct net_picture now, next;
	char buffer[BUFFER_BYTES];
};

static void malformed(struct netlink *nl);

static void
add_route(struct net_picture *p, const struct net_route *route)
{
	for (size_t i = 0; i < p->routes; i++)
		if (p->route[i].index == route->index && p->route[i].v6 == route->v6)
			return; /* the first one has the least metric */
	if (p->routes < NET_ROUTES_MAX)
		p->route[p->routes++] = *route;
}

static void
take_route(struct netlink *nl, const struct nlmsghdr *nlh)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct net_route route;
	int way = netlink_parse_route(nlh, &route);

	if (way < 0)
		malformed(nl);
	if (way <= 0)
		return;
	if (nl->step == ASK_OUT4)
		nl->next.out4 = route.index;
	else if (nl->step == ASK_OUT6)
		nl->next.out6 = route.index;
	else if (rtm->rtm_dst_len != 0 || rtm->rtm_table != RT_TABLE_MAIN)
		return;
	add_route(&nl->next, &route);
}

static int
take(const struct nlmsghdr *nlh, void *arg)
{
	struct netlink *nl = arg;
	int err = 0;

	if (nlh->nlmsg_type == RTM_NEWLINK)
		err = netlink_parse_link(nlh, &nl->now, &nl->next);
	if (nlh->nlmsg_type == RTM_NEWADDR)
		err = netlink_parse_address(nlh, &nl->next);
	if (nlh->nlmsg_type == RTM_NEWROUTE)
		take_route(nl, nlh);
	if (err)
		malformed(nl);
	return MNL_CB_OK;
}

static void
ask_out(struct nlmsghdr *nlh, int family)
{
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	uint8_t far[16];
	unsigned bytes = family == AF_INET ? 4 : 16;

	inet_pton(family, family == AF_INET ? FAR4 : FAR6, far);
	rtm->rtm_family = (unsigned char)family;
	rtm->rtm_dst_len = (unsigned char)(8 * bytes);
	mnl_attr_put(nlh, RTA_DST, bytes, far);
}

/* Ask the question of this step. 0 or a negative errno. */
static int
ask(struct netlink *nl)
{
	char memory[256] = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(memory);
	struct ifaddrmsg *ifa;
	struct rtmsg *rtm;

	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++nl->seq;
	switch (nl->step) {
	case ASK_LINKS:
		nlh->nlmsg_type = RTM_GETLINK;
		mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
		break;
	case ASK_ADDRESSES:
		nlh->nlmsg_type = RTM_GETADDR;
		ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
		ifa->ifa_family = AF_UNSPEC;
		break;
	case ASK_ROUTES4:
	case ASK_ROUTES6:
		nlh->nlmsg_type = RTM_GETROUTE;
		rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
		rtm->rtm_family = nl->step == ASK_ROUTES4 ? AF_INET : AF_INET6;
		rtm->rtm_table = RT_TABLE_MAIN;
		break;
	default:
		nlh->nlmsg_type = RTM_GETROUTE;
		nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
		ask_out(nlh, nl->step == ASK_OUT4 ? AF_INET : AF_INET6);
		break;
	}
	return mnl_socket_sendto(nl->queries, nlh, nlh->nlmsg_len) < 0 ? -errno : 0;
}

static struct mnl_socket *
open_socket(unsigned groups)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int one = 1;

	if (!s)
		return NULL;
	/* Where the kernel knows it, a dump is filtered by table before it is sent. */
	(void)mnl_socket_setsockopt(s, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	if (mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID) < 0) {
		int err = errno;

		mnl_socket_close(s);
		errno = err;
		return NULL;
	}
	return s;
}

static void
by_metric(struct net_picture *p)
{
	for (size_t i = 1; i < p->routes; i++)
		for (size_t j = i; j > 0 && p->route[j].metric < p->route[j - 1].metric; j--) {
			struct net_route swap = p->route[j];

			p->route[j] = p->route[j - 1];
			p->route[j - 1] = swap;
		}
}

static void
round_end(struct netlink *nl)
{
	int64_t now_us = loop_now_us(nl->loop);
	bool same, told = nl->unread;

	nl->step = DONE;
	nl->unread = false;
	nl->drawn_us = now_us;
	by_metric(&nl->next);
	wifi_names(&nl->now, &nl->next);
	same = memcmp(&nl->now, &nl->next, sizeof(nl->now)) == 0;
	nl->now = nl->next;
	if (nl->dirty)
		loop_timer_set(nl->timer, GAP_US);
	else
		loop_timer_stop(nl->timer);
	if ((!same || told) && nl->changed)
		nl->changed(nl->arg, now_us, &nl->now);
}

static void
close_socket(struct mnl_socket **s, struct loop_watch **watch)
{
	loop_watch_destroy(*watch);
	*watch = NULL;
	if (*s)
		mnl_socket_close(*s);
	*s = NULL;
}

/* Named until a round has succeeded, and logged once. */
static void
trouble(struct netlink *nl, int err)
{
	bool before = nl->unread;

	nl->count.unread++;
	nl->unread = true;
	if (before)
		return;
	log_warn("netlink: the network cannot be read: %s; trying again", strerror(-err));
	if (nl->changed)
		nl->changed(nl->arg, loop_now_us(nl->loop), &nl->now);
}

static void
malformed(struct netlink *nl)
{
	if (nl->count.malformed++ == 0)
		log_warn("netlink: a message of the kernel's is cut short or makes no sense; "
			 "it is left out");
}

/* After an error half a dump may be waiting in the socket: take a new one, later. */
static void
round_fail(struct netlink *nl, int err)
{
	nl->step = DONE;
	nl->dirty = true;
	close_socket(&nl->queries, &nl->queries_watch);
	loop_timer_set(nl->timer, err == -EINTR ? GAP_US : RETRY_US);
	if (err == -EBADMSG)
		malformed(nl);
	if (err != -EINTR) /* changed while it was read: nothing is wrong */
		trouble(nl, err);
}

static void on_queries(void *arg, int64_t now_us, int fd, unsigned what);
static void on_events(void *arg, int64_t now_us, int fd, unsigned what);

static int
open_watched(struct netlink *nl, unsigned groups, loop_watch_fn *fn, struct mnl_socket **s,
    struct loop_watch **watch)
{
	int err;

	if (*s)
		return 0;
	*s = open_socket(groups);
	if (!*s)
		return -errno;
	err = loop_watch_create(nl->loop, mnl_socket_get_fd(*s), LOOP_READ, fn, nl, watch);
	if (err)
		close_socket(s, watch);
	return err;
}

static void
round_step(struct netlink *nl)
{
	int err;

	if (nl->step == DONE) {
		round_end(nl);
		return;
	}
	err = ask(nl);
	if (err)
		round_fail(nl, err);
}

static void
round_begin(struct netlink *nl)
{
	int err = open_watched(nl, GROUPS, on_events, &nl->events, &nl->events_watch);

	if (!err)
		err = open_watched(nl, 0, on_queries, &nl->queries, &nl->queries_watch);
	if (err) {
		round_fail(nl, err);
		return;
	}
	nl->dirty = false;
	nl->begun_us = loop_now_us(nl->loop);
	loop_timer_set(nl->timer, STUCK_US);
	memset(&nl->next, 0, sizeof(nl->next));
	nl->step = ASK_LINKS;
	round_step(nl);
}

/* Read one buffer of answers. false: there was nothing to read. */
static bool
read_answers(struct netlink *nl)
{
	ssize_t n = mnl_socket_recvfrom(nl->queries, nl->buffer, sizeof(nl->buffer));
	bool single = nl->step == ASK_OUT4 || nl->step == ASK_OUT6;
	int rc;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		/* ENOSPC: longer than any buffer that the kernel was told of. */
		round_fail(nl, n == 0 ? -EPIPE : errno == ENOSPC ? -EBADMSG : -errno);
		return false;
	}
	if (nl->step == DONE)
		return false;
	rc = netlink_walk(nl->buffer, (size_t)n, nl->seq, mnl_socket_get_portid(nl->queries),
	    take, nl);
	/* No way to the Internet is an answer; no IPv6 in this kernel is one too. */
	if (rc < 0 && rc != -EBADMSG && (single || rc == -EOPNOTSUPP || rc == -EAFNOSUPPORT))
		rc = MNL_CB_STOP;
	if (rc < 0) {
		round_fail(nl, rc);
		return false;
	}
	if (rc == MNL_CB_STOP) {
		nl->step++;
		round_step(nl);
	}
	return true;
}

static void
on_queries(void *arg, int64_t now_us, int fd, unsigned what)
{
	(void)now_us, (void)fd, (void)what;
	(void)read_answers(arg); /* one buffer an event: the loop stays quick */
}

static void
on_timer(void *arg, int64_t now_us)
{
	struct netlink *nl = arg;

	if (nl->step == DONE && nl->dirty)
		round_begin(nl);
	else if (nl->step != DONE && now_us - nl->begun_us >= STUCK_US)
		round_fail(nl, -ETIMEDOUT);
	else if (nl->step != DONE)
		loop_timer_set(nl->timer, nl->begun_us + STUCK_US - now_us);
}

struct news {
	struct netlink *nl;
	bool yes;
};

/* Is it about what a picture shows? A router's thousands of routes are not. */
static int
matters(const struct nlmsghdr *nlh, void *arg)
{
	struct news *news = arg;
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	bool route = nlh->nlmsg_type == RTM_NEWROUTE || nlh->nlmsg_type == RTM_DELROUTE;

	/* 0.0.0.0/1 and 128.0.0.0/1 are how some tunnels take the default route over. */
	if (route && mnl_nlmsg_get_payload_len(nlh) < sizeof(*rtm)) {
		malformed(news->nl);
		route = false;
	}
	if (!route || rtm->rtm_dst_len <= 1)
		news->yes = true;
	return MNL_CB_OK;
}

/* It is no use any more: nobody tells of changes until it is open again. */
static void
events_fail(struct netlink *nl, int err)
{
	close_socket(&nl->events, &nl->events_watch);
	nl->dirty = true;
	loop_timer_set(nl->timer, RETRY_US);
	trouble(nl, err);
}

static void
on_events(void *arg, int64_t now_us, int fd, unsigned what)
{
	struct netlink *nl = arg;
	struct news news = { .nl = nl };
	ssize_t n;

	(void)fd, (void)what;
	n = mnl_socket_recvfrom(nl->events, nl->buffer, sizeof(nl->buffer));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == 0 || (n < 0 && errno != ENOBUFS && errno != ENOSPC)) {
		events_fail(nl, n == 0 ? -EPIPE : -errno);
		return;
	}
	if (n < 0) { /* ENOBUFS: some were lost, which is a change */
		news.yes = true;
		if (errno == ENOSPC)
			malformed(nl);
	} else if (netlink_walk(nl->buffer, (size_t)n, 0, 0, matters, &news) < 0) {
		news.yes = true;
		malformed(nl);
	}
	if (!news.yes || nl->dirty)
		return;
	nl->dirty = true;
	loop_timer_set(nl->timer,
	    now_us - nl->drawn_us > GAP_US ? SETTLE_US : GAP_US - (now_us - nl->drawn_us));
}

/* The first picture, waited for: it takes about a millisecond. */
static void
first_picture(struct netlink *nl)
{
	struct pollfd p = { .events = POLLIN };

	for (int i = 0; i < FIRST_TRIES && nl->now.unknown && !nl->unread; i++) {
		round_begin(nl);
		while (nl->step != DONE) {
			p.fd = mnl_socket_get_fd(nl->queries);
			if (poll(&p, 1, FIRST_MS) <= 0)
				round_fail(nl, -ETIMEDOUT);
			else
				(void)read_answers(nl);
		}
	}
}

int
netlink_create(struct loop *loop, netlink_fn *changed, void *arg, struct netlink **out)
{
	struct netlink *nl = calloc(1, sizeof(*nl));
	int err;

	if (!nl)
		return -ENOMEM;
	*nl = (struct netlink){ .loop = loop, .step = DONE, .now = { .unknown = true } };
	err = loop_timer_create(loop, on_timer, nl, &nl->timer);
	if (err) {
		netlink_destroy(nl);
		return err;
	}
	first_picture(nl);
	nl->changed = changed;
	nl->arg = arg;
	*out = nl;
	return 0;
}

bool
netlink_unread(const struct netlink *nl)
{
	return nl->unread;
}

void
netlink_report(const struct netlink *nl, struct api_network_report *out)
{
	*out = nl->count;
}

const struct net_picture *
netlink_picture(const struct netlink *nl)
{
	return &nl->now;
}

void
netlink_destroy(struct netlink *nl)
{
	if (!nl)
		return;
	close_socket(&nl->events, &nl->events_watch);
	close_socket(&nl->queries, &nl->queries_watch);
	loop_timer_destroy(nl->timer);
	free(nl);
}
