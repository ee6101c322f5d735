/* SPDX-License-Identifier: ISC */
/* Sockets that are bound to one of two links, in a network of the test's own. */
#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/lab/netns.h"
#include "daemon/probe_bind.h"

#define BEYOND "203.0.113.1"

static int up0, up1;

/* Two links, and only the first one has a default route. */
static void
two_links(void)
{
	if (netns_fresh() != 0)
		cr_skip_test("network namespaces are not allowed here");
	up0 = netns_tun("up0", "10.70.0.1");
	up1 = netns_tun("up1", "10.71.0.1");
	cr_assert(up0 >= 0 && up1 >= 0);
	cr_assert_eq(netns_default_route("10.70.0.2"), 0);
}

static int
open_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	cr_assert_geq(fd, 0);
	return fd;
}

Test(bind, takes_the_device_where_that_is_allowed, .timeout = 20)
{
	int fd;

	two_links();
	fd = open_socket();
	cr_assert_eq(probe_bind(fd, AF_INET, "up1", true), PROBE_BY_DEVICE);
	close(fd);
}

Test(bind, takes_the_address_else_and_sees_when_that_leaves_by_the_other_link, .timeout = 20)
{
	struct sockaddr_in own;
	socklen_t len = sizeof own;
	char text[INET_ADDRSTRLEN];
	int fd;

	two_links();
	fd = open_socket();
	cr_assert_eq(probe_bind(fd, AF_INET, "up1", false), PROBE_BY_ADDRESS);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&own, &len), 0);
	cr_assert_str_eq(inet_ntop(AF_INET, &own.sin_addr, text, sizeof text), "10.71.0.1");
	cr_assert_not(probe_bind_leaves("up1", "10.71.0.1", BEYOND), "there is no rule for it");
	cr_assert(probe_bind_leaves("up0", "10.70.0.1", BEYOND));
	cr_assert(probe_bind_leaves("up1", "10.71.0.1", "10.71.0.2"), "next door it does");
	close(fd);
}

Test(bind, leaves_a_socket_alone_whose_link_has_no_address_of_its_family, .timeout = 20)
{
	int fd;

	two_links();
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	if (fd < 0)
		return; /* a kernel without IPv6 */
	cr_assert_eq(probe_bind(fd, AF_INET6, "up1", false), PROBE_UNBOUND);
	cr_assert_eq(probe_bind(fd, AF_INET6, "nowhere", true), PROBE_UNBOUND);
	close(fd);
}
