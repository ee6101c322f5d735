/* SPDX-License-Identifier: ISC */
/* The picture of the network where the kernel cannot be asked, or answers nonsense. Messages
 * are composed here as <linux/rtnetlink.h> describes them. */
#define _GNU_SOURCE /* unshare */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "daemon/loop.h"
#include "daemon/netlink.h"
#include "daemon/netlink_parse.h"
#include "daemon/netlink_walk.h"

static struct loop *loop;
static int told, taken;
static struct net_picture told_of;

static void
on_change(void *arg, int64_t now_us, const struct net_picture *p)
{
	(void)arg, (void)now_us;
	told_of = *p;
	told++;
}

static int
on_message(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh, (void)arg;
	taken++;
	return MNL_CB_OK;
}

/* No descriptor more can be had, until `soft` is what it was. */
static rlim_t
descriptors(rlim_t soft)
{
	struct rlimit r;
	rlim_t was;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &r), 0);
	was = r.rlim_cur;
	r.rlim_cur = soft;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &r), 0);
	return was;
}

static void
run_until(bool (*so)(const struct netlink *), const struct netlink *nl)
{
	while (!so(nl)) /* the test's own limit ends it */
		cr_assert_eq(loop_run_once(loop, 1000), 0);
}

static bool
is_read(const struct netlink *nl)
{
	return !netlink_unread(nl);
}

Test(netlink, starts_without_a_socket_and_draws_the_picture_once_there_is_one, .timeout = 60)
{
	struct api_network_report r;
	struct netlink *nl;
	rlim_t was;

	cr_assert_eq(loop_create(&loop), 0);
	was = descriptors(0);
	cr_assert_eq(netlink_create(loop, on_change, NULL, &nl), 0);
	descriptors(was);
	cr_assert(netlink_unread(nl));
	cr_assert(netlink_picture(nl)->unknown);
	netlink_report(nl, &r);
	cr_assert_eq(r.unread, 1);
	cr_assert_eq(r.malformed, 0);
	run_until(is_read, nl);
	cr_assert_eq(told, 1, "that it can be read again is told");
	cr_assert(!told_of.unknown);
	cr_assert_gt(told_of.interfaces, 0, "loopback at least");
	netlink_report(nl, &r);
	cr_assert_eq(r.malformed, 0, "of the kernel's own messages all make sense");
	netlink_destroy(nl);
	loop_destroy(loop);
}

/* The descriptor of the socket that questions go by. */
static int
questions_fd(void)
{
	for (int fd = 3; fd < 256; fd++) {
		struct sockaddr_nl a = { 0 };
		socklen_t len = sizeof(a);

		if (getsockname(fd, (struct sockaddr *)&a, &len) == 0 &&
		    a.nl_family == AF_NETLINK && a.nl_groups == 0)
			return fd;
	}
	return -1;
}

/* A change that the kernel tells of. */
static void
set_loopback_up(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = { .ifr_name = "lo" };

	r.ifr_flags = IFF_UP;
	cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &r), 0);
	close(fd);
}

static bool
is_unread(const struct netlink *nl)
{
	return netlink_unread(nl);
}

Test(netlink, says_that_its_socket_died_keeps_the_picture_and_opens_another_one, .timeout = 60)
{
	struct api_network_report r;
	struct netlink *nl;
	int pair[2];

	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		cr_skip_test("no network of its own is allowed here");
	cr_assert_eq(loop_create(&loop), 0);
	cr_assert_eq(netlink_create(loop, on_change, NULL, &nl), 0);
	cr_assert(!netlink_unread(nl));
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	cr_assert_geq(dup2(pair[0], questions_fd()), 0);
	set_loopback_up();
	run_until(is_unread, nl);
	cr_assert_eq(told, 1);
	cr_assert(!told_of.interface[0].up, "the picture of before");
	run_until(is_read, nl);
	cr_assert_eq(told, 2);
	cr_assert(told_of.interface[0].up);
	netlink_report(nl, &r);
	cr_assert_eq(r.unread, 1);
	netlink_destroy(nl);
	loop_destroy(loop);
}

/* --- messages ------------------------------------------------------------------------------ */

static struct nlmsghdr *
link_message(void)
{
	struct nlmsghdr *nlh = calloc(1, 256);

	mnl_nlmsg_put_header(nlh);
	nlh->nlmsg_type = RTM_NEWLINK;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "eth7");
	mnl_attr_put_u8(nlh, IFLA_CARRIER, 1);
	return nlh;
}

Test(netlink, leaves_out_a_link_that_is_cut_short_at_whatever_byte, .timeout = 10)
{
	static struct net_picture before, p;
	struct nlmsghdr *whole = link_message();
	uint32_t len = whole->nlmsg_len;

	cr_assert_eq(netlink_parse_link(whole, &before, &p), 0);
	cr_assert_eq(p.interfaces, 1);
	for (uint32_t n = sizeof(*whole); n < len; n++) {
		struct nlmsghdr *cut = malloc(n);

		memcpy(cut, whole, n);
		cut->nlmsg_len = n;
		p.interfaces = 0;
		/* Where it ends between two attributes nobody can tell. */
		if (netlink_parse_link(cut, &before, &p) == 0)
			cr_assert_eq(n % 4, 0);
		else
			cr_assert_eq(p.interfaces, 0);
		free(cut);
	}
	free(whole);
}

Test(netlink, names_a_route_and_an_address_that_are_cut_short, .timeout = 10)
{
	static struct net_picture p;
	char memory[64] = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(memory);
	struct net_route route;
	struct rtmsg *rtm;

	nlh->nlmsg_len += 4;
	cr_assert_eq(netlink_parse_route(nlh, &route), -EBADMSG);
	cr_assert_eq(netlink_parse_address(nlh, &p), -EBADMSG);
	memset(memory, 0, sizeof(memory));
	nlh = mnl_nlmsg_put_header(memory);
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_type = RTN_UNICAST;
	rtm->rtm_family = AF_INET;
	cr_assert_eq(netlink_parse_route(nlh, &route), 0, "whole, but without a way out");
	mnl_attr_put_u32(nlh, RTA_OIF, 3);
	cr_assert_eq(netlink_parse_route(nlh, &route), 1);
	cr_assert_eq(route.index, 3);
	((struct nlattr *)mnl_nlmsg_get_payload_offset(nlh, sizeof(*rtm)))->nla_len = 200;
	cr_assert_eq(netlink_parse_route(nlh, &route), -EBADMSG);
}

Test(netlink, never_reads_over_the_end_whatever_length_a_message_claims, .timeout = 10)
{
	static const uint32_t claims[] = { 0, 1, 15, 17, 100, 0x7fffffff, 0x80000000, 0xfffffffc,
		0xffffffff };

	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		struct nlmsghdr *two = calloc(2, sizeof(*two));

		taken = 0;
		two[0] = (struct nlmsghdr){ .nlmsg_len = 16, .nlmsg_type = RTM_NEWLINK };
		two[1] = (struct nlmsghdr){ .nlmsg_len = claims[i], .nlmsg_type = RTM_NEWLINK };
		cr_assert_eq(netlink_whole(two, 2 * sizeof(*two)), 16);
		cr_assert_eq(netlink_walk(two, 2 * sizeof(*two), 0, 0, on_message, NULL), -EBADMSG);
		cr_assert_eq(taken, 1, "what is whole is taken");
		free(two);
	}
}
