/* SPDX-License-Identifier: ISC */
/* The picture of the network without netlink: /proc and getifaddrs, read each second. */
#include "daemon/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_US INT64_C(1000000)
#define LINES_MAX 4096 /* of a routing table: what comes later is not looked at */

struct netlink {
	struct loop *loop;
	netlink_fn *changed;
	void *arg;
	struct loop_timer *timer;
	struct net_picture now;
};

static unsigned
device_number(const char *name, const char *what)
{
	char path[64];
	unsigned number = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/%s", name, what);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%u", &number) != 1)
		number = 0;
	(void)fclose(file);
	return number;
}

static struct net_interface *
interface_named(struct net_picture *p, const char *name)
{
	struct net_interface *out;

	for (size_t i = 0; i < p->interfaces; i++)
		if (strcmp(p->interface[i].name, name) == 0)
			return &p->interface[i];
	if (p->interfaces == NET_INTERFACES_MAX || strlen(name) >= sizeof(out->name))
		return NULL;
	out = &p->interface[p->interfaces++];
	(void)snprintf(out->name, sizeof(out->name), "%s", name);
	out->index = (int)if_nametoindex(name);
	out->kind = net_kind(device_number(name, "type"), name);
	return out;
}

static void
look_at_interfaces(struct net_picture *p)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) != 0)
		return;
	for (struct ifaddrs *a = all; a; a = a->ifa_next) {
		struct net_interface *out = interface_named(p, a->ifa_name);
		const struct sockaddr_in *v4 = (const void *)a->ifa_addr;
		const struct sockaddr_in6 *v6 = (const void *)a->ifa_addr;

		if (!out)
			continue;
		out->up = (a->ifa_flags & IFF_UP) != 0;
		out->carrier = out->up && (a->ifa_flags & IFF_RUNNING) != 0;
		if (!a->ifa_addr)
			continue;
		if (a->ifa_addr->sa_family == AF_INET && !out->address4[0])
			inet_ntop(AF_INET, &v4->sin_addr, out->address4, NET_ADDRESS_MAX);
		if (a->ifa_addr->sa_family == AF_INET6 && !out->address6[0] &&
		    !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr))
			inet_ntop(AF_INET6, &v6->sin6_addr, out->address6, NET_ADDRESS_MAX);
	}
	freeifaddrs(all);
}

static void
add_route(struct net_picture *p, const char *name, bool v6, const void *gateway,
    bool has_gateway, uint32_t metric)
{
	struct net_interface *i = interface_named(p, name);
	struct net_route *r = &p->route[p->routes];
	int *out = v6 ? &p->out6 : &p->out4;

	if (!i || i->kind == EST_LINK_LOOPBACK || p->routes == NET_ROUTES_MAX)
		return;
	*r = (struct net_route){ .index = i->index, .v6 = v6, .metric = metric };
	if (has_gateway)
		inet_ntop(v6 ? AF_INET6 : AF_INET, gateway, r->gateway, sizeof(r->gateway));
	p->routes++;
	for (size_t k = 0; k < p->routes; k++)
		if (p->route[k].v6 == v6 && p->route[k].metric < metric)
			return;
	*out = i->index;
}

/* Iface Destination Gateway Flags RefCnt Use Metric Mask ..: addresses as the host stores
 * them, in hexadecimal. */
static void
look_at_routes4(struct net_picture *p)
{
	FILE *file = fopen("/proc/net/route", "re");
	char line[256], name[IFNAMSIZ];
	uint32_t to, gateway, flags, metric, mask;

	for (int n = 0; file && n < LINES_MAX && fgets(line, sizeof(line), file); n++)
		if (sscanf(line,
			"%15s %" SCNx32 " %" SCNx32 " %" SCNx32 " %*d %*d %" SCNu32 " %" SCNx32,
			name, &to, &gateway, &flags, &metric, &mask) == 6 &&
		    to == 0 && mask == 0 && (flags & 1) != 0)
			add_route(p, name, false, &gateway, gateway != 0, metric);
	if (file)
		(void)fclose(file);
}

/* Destination length source length next-hop metric refcnt use flags device */
static void
look_at_routes6(struct net_picture *p)
{
	FILE *file = fopen("/proc/net/if_inet6", "re");
	char line[256], name[IFNAMSIZ], hop[33];
	uint32_t length, metric, flags;
	uint8_t gateway[16];

	if (file)
		(void)fclose(file);
	file = file ? fopen("/proc/net/ipv6_route", "re") : NULL;
	for (int n = 0; file && n < LINES_MAX && fgets(line, sizeof(line), file); n++) {
		if (sscanf(line,
			"%*32s %" SCNx32 " %*32s %*x %32s %" SCNx32 " %*x %*x %" SCNx32
			" %15s",
			&length, hop, &metric, &flags, name) != 5 ||
		    length != 0 || (flags & 1) == 0 || (flags & 0x200) != 0 /* RTF_REJECT */)
			continue;
		for (unsigned i = 0; i < 16; i++) {
			char pair[3] = { hop[2 * i], hop[2 * i + 1], '\0' };

			gateway[i] = (uint8_t)strtoul(pair, NULL, 16);
		}
		add_route(p, name, true, gateway, strspn(hop, "0") != 32, metric);
	}
	if (file)
		(void)fclose(file);
}

static void
look(void *arg, int64_t now_us)
{
	struct netlink *nl = arg;
	struct net_picture next;

	memset(&next, 0, sizeof(next));
	look_at_interfaces(&next);
	look_at_routes4(&next);
	look_at_routes6(&next);
	loop_timer_set(nl->timer, LOOK_US);
	if (memcmp(&nl->now, &next, sizeof(next)) == 0)
		return;
	nl->now = next;
	if (nl->changed)
		nl->changed(nl->arg, now_us, &nl->now);
}

int
netlink_create(struct loop *loop, netlink_fn *changed, void *arg, struct netlink **out)
{
	struct netlink *nl = calloc(1, sizeof(*nl));
	int err;

	if (!nl)
		return -ENOMEM;
	*nl = (struct netlink){ .loop = loop };
	err = loop_timer_create(loop, look, nl, &nl->timer);
	if (err) {
		free(nl);
		return err;
	}
	look(nl, loop_now_us(loop));
	nl->changed = changed;
	nl->arg = arg;
	*out = nl;
	return 0;
}

const struct net_picture *
netlink_picture(const struct netlink *nl)
{
	return &nl->now;
}

bool
netlink_unread(const struct netlink *nl)
{
	(void)nl;
	return false;
}

void
netlink_report(const struct netlink *nl, struct api_network_report *out)
{
	(void)nl;
	*out = (struct api_network_report){ 0 };
}

void
netlink_destroy(struct netlink *nl)
{
	if (!nl)
		return;
	loop_timer_destroy(nl->timer);
	free(nl);
}

int
netlink_way(const char *from, const char *to)
{
	(void)from, (void)to;
	return -ENOTSUP;
}
