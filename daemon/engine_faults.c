/* SPDX-License-Identifier: ISC */
/* What is wrong with a link besides its state: named, told as an event, and shown. */
#include "daemon/engine_internal.h"

#include <string.h>

#include "daemon/log.h"

static const struct {
	const char *name, *begins, *ends; /* events of the network */
	const char *text;
} faults[ENGINE_FAULTS] = {
	[ENGINE_UNMEASURED] = { "unmeasured", "unmeasured", "measured",
	    "Requests that are bound to this link leave by another one, so that it cannot be "
	    "measured: a routing rule for its address is missing." },
	[ENGINE_IPV4_DEAD] = { "ipv4_dead", "ipv4-dead", "ipv4-works",
	    "IPv4 is dead: it has a route, and nothing answers by it. IPv6 works." },
	[ENGINE_IPV6_DEAD] = { "ipv6_dead", "ipv6-dead", "ipv6-works",
	    "IPv6 is dead: it has a route, and nothing answers by it. IPv4 works." },
	[ENGINE_NETWORK_UNREAD] = { "network_unread", "network-unread", "network-read",
	    "The kernel cannot be asked for interfaces and routes: a change of the network is "
	    "not seen." },
};

_Static_assert((int)ENGINE_FAULTS <= API_FAULTS_MAX, "all fit into an answer");

void
engine_fault(struct engine *e, struct slot *s, enum engine_fault which, bool on,
    int64_t now_us)
{
	int64_t wall_us = engine_wall_us(e, now_us);

	if ((s->fault_wall_us[which] != 0) == on)
		return;
	s->fault_wall_us[which] = on ? wall_us : 0;
	if (!s->used)
		return;
	engine_tell(e, s, wall_us, API_EVENT_NETWORK,
	    on ? faults[which].begins : faults[which].ends);
	if (on)
		log_warn("%s: %s: %s", s->link.interface, faults[which].name, faults[which].text);
	else
		log_info("%s: %s is over", s->link.interface, faults[which].name);
}

void
engine_network(struct engine *e, int64_t now_us)
{
	bool unread = e->netlink && netlink_unread(e->netlink);

	/* Of the default link, whichever it is. */
	for (int i = 0; i < API_LINKS_MAX; i++)
		engine_fault(e, &e->slot[i], ENGINE_NETWORK_UNREAD, unread && i == e->current,
		    now_us);
}

void
engine_faults_view(const struct slot *s, struct api_view *out)
{
	out->faults = 0;
	for (int i = 0; i < ENGINE_FAULTS; i++)
		if (s->fault_wall_us[i] != 0)
			out->fault[out->faults++] = (struct api_fault){ .name = faults[i].name,
				.since_wall_us = s->fault_wall_us[i], .text = faults[i].text };
}
