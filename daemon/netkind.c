/* SPDX-License-Identifier: ISC */
/* What kind of link a network device is, by its type and what /sys tells of it. */
#include "daemon/netlink.h"

#include <linux/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef ARPHRD_RAWIP
#define ARPHRD_RAWIP 519
#endif

/* "wlan", "wwan", "vlan" ..; "" where the kernel says nothing. */
static void
device_type(const char *name, char *out, size_t len)
{
	char path[64], line[64];
	FILE *file;

	out[0] = '\0';
	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/uevent", name);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "DEVTYPE=", 8) == 0)
			(void)snprintf(out, len, "%.31s", line + 8);
	}
	(void)fclose(file);
}

static bool
has(const char *name, const char *what)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/%s", name, what);
	return access(path, F_OK) == 0;
}

enum est_link_kind
net_kind(unsigned arphrd, const char *name)
{
	char type[32];

	if (arphrd == ARPHRD_LOOPBACK)
		return EST_LINK_LOOPBACK;
	device_type(name, type, sizeof(type));
	if (strcmp(type, "wwan") == 0 || arphrd == ARPHRD_RAWIP)
		return EST_LINK_WWAN;
	if (strcmp(type, "wlan") == 0 || has(name, "phy80211"))
		return EST_LINK_WIFI;
	if (strcmp(type, "vxlan") == 0 || strcmp(type, "geneve") == 0 ||
	    strcmp(type, "wireguard") == 0 || has(name, "tun_flags"))
		return EST_LINK_TUNNEL;
	switch (arphrd) {
	case ARPHRD_ETHER:
		return EST_LINK_ETHERNET;
	case ARPHRD_NONE:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
	case ARPHRD_IPGRE:
	case ARPHRD_IP6GRE:
		return EST_LINK_TUNNEL;
	default:
		return EST_LINK_OTHER;
	}
}
