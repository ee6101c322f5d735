/* SPDX-License-Identifier: ISC */
/* The links of this host, read off the picture of the network. */
#include "daemon/links.h"

#include <stdio.h>
#include <string.h>

#define NETWORK_MAX (NET_ADDRESS_MAX + 2 * NET_SSID_MAX + 2)
#define ID_CHARACTERS 8 /* 40 bits: 200 links collide once in 50 million hosts */

static const struct net_interface *
find_interface(const struct net_picture *p, int index)
{
	for (size_t i = 0; i < p->interfaces; i++)
		if (p->interface[i].index == index)
			return &p->interface[i];
	return NULL;
}

/* The IPv4 gateway names the network; where there is none, the IPv6 one does. */
static const char *
gateway_of(const struct net_picture *p, int index)
{
	for (int v6 = 0; v6 <= 1; v6++)
		for (size_t i = 0; i < p->routes; i++) {
			const struct net_route *r = &p->route[i];

			if (r->index == index && r->v6 == (v6 != 0) && r->gateway[0])
				return r->gateway;
		}
	return "";
}

/* What an interface is on: its gateway, and the Wi-Fi network's name in hexadecimal digits,
 * of which any byte may be anything. Without a name the gateway alone. */
static void
network_of(const struct net_picture *p, const struct net_interface *i, char out[NETWORK_MAX])
{
	int len = snprintf(out, NETWORK_MAX, "%s%s", gateway_of(p, i->index),
	    i->ssid_len > 0 ? "\n" : "");

	for (size_t k = 0; k < i->ssid_len; k++)
		len += snprintf(out + len, NETWORK_MAX - (size_t)len, "%02x", i->ssid[k]);
}

static void
add(const struct net_picture *p, const struct digest_salt *salt,
    const struct net_interface *i, struct links *out)
{
	struct link *l = &out->at[out->len];
	char network[NETWORK_MAX];

	for (size_t k = 0; k < out->len; k++)
		if (strcmp(out->at[k].interface, i->name) == 0)
			return;
	if (out->len == API_LINKS_MAX)
		return;
	*l = (struct link){ .kind = i->kind, .carrier = i->carrier };
	(void)snprintf(l->interface, sizeof(l->interface), "%s", i->name);
	(void)snprintf(l->address4, sizeof(l->address4), "%s", i->address4);
	network_of(p, i, network);
	digest_name(salt, i->name, network, ID_CHARACTERS, l->id);
	out->len++;
}

void
links_read(const struct net_picture *p, const struct digest_salt *salt,
    const char *interface, struct links *out)
{
	const struct net_interface *i;
	int first = p->out4 ? p->out4 : p->out6;

	*out = (struct links){ 0 };
	if (p->unknown) { /* whatever there is, taken for one link */
		struct net_interface any = { .name = "unknown", .kind = EST_LINK_OTHER,
			.up = true, .carrier = true };

		if (interface[0])
			(void)snprintf(any.name, sizeof(any.name), "%.15s", interface);
		add(p, salt, &any, out);
		return;
	}
	if (interface[0]) {
		for (size_t k = 0; k < p->interfaces; k++)
			if (strcmp(p->interface[k].name, interface) == 0 &&
			    p->interface[k].up)
				add(p, salt, &p->interface[k], out);
		return;
	}
	i = first ? find_interface(p, first) : NULL;
	/* An address that stands for the Internet may be routed nowhere on purpose; then
	 * the default route with the least metric is taken. Loopback is no way out. */
	if (i && i->up && i->kind != EST_LINK_LOOPBACK)
		add(p, salt, i, out);
	for (size_t k = 0; k < p->routes; k++) {
		i = find_interface(p, p->route[k].index);
		if (i && i->up && i->kind != EST_LINK_LOOPBACK)
			add(p, salt, i, out);
	}
}
