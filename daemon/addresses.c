/* SPDX-License-Identifier: ISC */
/* getifaddrs(), in the form that passive.h takes. */
#include "daemon/addresses.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static unsigned
bits_set(const uint8_t *mask, size_t len)
{
	unsigned n = 0;

	for (size_t i = 0; i < len; i++)
		n += (unsigned)__builtin_popcount(mask[i]);
	return n;
}

static int
link_named(const struct kernel_link *links, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(links[i].interface, name) == 0)
			return links[i].link;
	return -1;
}

/* False: an address of another family. */
static int
take(const struct ifaddrs *a, struct passive_address *out)
{
	int broadcast = (a->ifa_flags & IFF_BROADCAST) != 0;

	if (!a->ifa_addr)
		return 0;
	if (a->ifa_addr->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)a->ifa_addr;
		const struct sockaddr_in *mask = (const void *)a->ifa_netmask;

		memset(out->address + 10, 0xff, 2);
		memcpy(out->address + 12, &in->sin_addr, 4);
		out->prefix = mask && broadcast
		    ? 96 + bits_set((const uint8_t *)&mask->sin_addr, 4) : 128;
		return 1;
	}
	if (a->ifa_addr->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in = (const void *)a->ifa_addr;
		const struct sockaddr_in6 *mask = (const void *)a->ifa_netmask;

		memcpy(out->address, &in->sin6_addr, 16);
		out->prefix = mask && broadcast
		    ? bits_set((const uint8_t *)&mask->sin6_addr, 16) : 128;
		return 1;
	}
	return 0;
}

size_t
addresses_read(const struct kernel_link *links, size_t n, struct passive_address *out,
    size_t max)
{
	struct ifaddrs *all;
	size_t found = 0;

	if (getifaddrs(&all) < 0)
		return 0;
	for (const struct ifaddrs *a = all; a && found < max; a = a->ifa_next) {
		struct passive_address *next = &out[found];

		memset(next, 0, sizeof(*next));
		if (!take(a, next))
			continue;
		next->link = link_named(links, n, a->ifa_name);
		next->interface = if_nametoindex(a->ifa_name);
		found++;
	}
	freeifaddrs(all);
	return found;
}
