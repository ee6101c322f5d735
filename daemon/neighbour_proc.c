/* SPDX-License-Identifier: ISC */
/* The kernel's table of IPv4 neighbours as /proc shows it; built where there is no libmnl. */
#include "daemon/neighbour.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define COMPLETE 0x2

enum neighbour
neighbour_look(int index, const char *address)
{
	char line[256], name[IF_NAMESIZE], at[48], device[IF_NAMESIZE];
	enum neighbour found = NEIGHBOUR_UNKNOWN;
	unsigned flags;
	FILE *f;

	if (index <= 0 || !if_indextoname((unsigned)index, name))
		return NEIGHBOUR_UNKNOWN;
	f = fopen("/proc/net/arp", "re");
	if (!f)
		return NEIGHBOUR_UNKNOWN;
	/* IP address, HW type, Flags, HW address, Mask, Device; of age it says nothing. */
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%47s %*x %x %*s %*s %15s", at, &flags, device) == 3 &&
		    strcmp(at, address) == 0 && strcmp(device, name) == 0)
			found = flags & COMPLETE ? NEIGHBOUR_UNKNOWN : NEIGHBOUR_FAILED;
	(void)fclose(f);
	return found;
}
