/* SPDX-License-Identifier: ISC */
/* Binding a socket to a link: to its device, or to its address. */
#include "daemon/probe_bind.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/netlink.h"

static bool
is_for(const struct ifaddrs *a, int family, const char *interface)
{
	const struct sockaddr_in6 *in6;

	if (!a->ifa_addr || a->ifa_addr->sa_family != family ||
	    strcmp(a->ifa_name, interface) != 0)
		return false;
	in6 = (const void *)a->ifa_addr;
	return family != AF_INET6 || !IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr);
}

enum probe_bound
probe_bind(int fd, int family, const char *interface, bool device)
{
	enum probe_bound how = PROBE_UNBOUND;
	struct ifaddrs *all;

	if (device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
			  (socklen_t)strlen(interface) + 1) == 0)
		return PROBE_BY_DEVICE;
	if (getifaddrs(&all) < 0)
		return how;
	for (const struct ifaddrs *a = all; a && how == PROBE_UNBOUND; a = a->ifa_next)
		if (is_for(a, family, interface) &&
		    bind(fd, a->ifa_addr, family == AF_INET6 ? sizeof(struct sockaddr_in6)
							      : sizeof(struct sockaddr_in)) == 0)
			how = PROBE_BY_ADDRESS;
	freeifaddrs(all);
	return how;
}

bool
probe_bind_leaves(const char *interface, const char *from, const char *to)
{
	int index = netlink_way(from, to);

	return index <= 0 || (unsigned)index == if_nametoindex(interface);
}
