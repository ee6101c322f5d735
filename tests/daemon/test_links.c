/* SPDX-License-Identifier: ISC */
/* Links read off pictures of networks that no test machine has. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "daemon/links.h"

static const struct digest_salt salt = { { 1, 2, 3 } };
static const struct digest_salt other_salt = { { 3, 2, 1 } };

static void
interface(struct net_picture *p, int index, const char *name, enum est_link_kind kind,
    bool carrier)
{
	struct net_interface *i = &p->interface[p->interfaces++];

	*i = (struct net_interface){ .index = index, .kind = kind, .up = true, .carrier = carrier };
	(void)snprintf(i->name, sizeof(i->name), "%s", name);
}

static void
route(struct net_picture *p, int index, bool v6, const char *gateway, uint32_t metric)
{
	struct net_route *r = &p->route[p->routes++];

	*r = (struct net_route){ .index = index, .v6 = v6, .metric = metric };
	(void)snprintf(r->gateway, sizeof(r->gateway), "%s", gateway);
}

static struct net_picture
home(void)
{
	struct net_picture p = { 0 };

	interface(&p, 1, "lo", EST_LINK_LOOPBACK, true);
	interface(&p, 2, "eth0", EST_LINK_ETHERNET, true);
	interface(&p, 3, "wlan0", EST_LINK_WIFI, true);
	route(&p, 2, false, "192.168.1.1", 100);
	route(&p, 3, false, "192.168.1.1", 600);
	route(&p, 2, true, "fe80::1", 100);
	p.out4 = p.out6 = 2;
	return p;
}

Test(links, lists_each_way_out_once_and_the_default_one_first, .timeout = 10)
{
	struct net_picture p = home();
	struct links links;

	links_read(&p, &salt, "", &links);
	cr_assert_eq(links.len, 2);
	cr_assert_str_eq(links.at[0].interface, "eth0");
	cr_assert_str_eq(links.at[1].interface, "wlan0");
	p.out4 = 3;
	links_read(&p, &salt, "", &links);
	cr_assert_str_eq(links.at[0].interface, "wlan0");
}

Test(links, follows_the_kernel_where_a_tunnel_takes_the_traffic, .timeout = 10)
{
	struct net_picture p = home();
	struct links links;

	interface(&p, 9, "wg0", EST_LINK_TUNNEL, true);
	p.out4 = 9;
	links_read(&p, &salt, "", &links);
	cr_assert_eq(links.len, 3);
	cr_assert_str_eq(links.at[0].interface, "wg0");
	cr_assert_eq(links.at[0].kind, EST_LINK_TUNNEL);
}

Test(links, gives_one_card_another_name_on_another_network, .timeout = 10)
{
	struct net_picture p = home(), train = home();
	struct links a, b;

	(void)snprintf(train.route[0].gateway, sizeof(train.route[0].gateway), "10.0.0.1");
	links_read(&p, &salt, "", &a);
	links_read(&train, &salt, "", &b);
	cr_assert_str_neq(a.at[0].id, b.at[0].id);
	links_read(&p, &salt, "", &b);
	cr_assert_str_eq(a.at[0].id, b.at[0].id, "back home it is the same again");
}

Test(links, tells_wifi_networks_with_one_gateway_apart_by_their_names, .timeout = 10)
{
	struct net_picture p = home(), cafe;
	struct links plain, a, b, again;

	links_read(&p, &salt, "", &plain);
	memcpy(p.interface[2].ssid, "home", 4);
	p.interface[2].ssid_len = 4;
	cafe = p;
	memcpy(cafe.interface[2].ssid, "caf\0", 4);
	links_read(&p, &salt, "", &a);
	links_read(&cafe, &salt, "", &b);
	links_read(&p, &salt, "", &again);
	cr_assert_str_neq(a.at[1].id, b.at[1].id);
	cr_assert_str_eq(a.at[1].id, again.at[1].id);
	cr_assert_str_eq(a.at[0].id, plain.at[0].id, "what is no Wi-Fi keeps its name");
	cr_assert_str_neq(a.at[1].id, plain.at[1].id);
}

/* What was learnt of links is found by these names: they must stay what they were. */
Test(links, calls_a_link_without_wifi_what_it_was_always_called, .timeout = 10)
{
	struct net_picture p = home();
	struct links links;

	links_read(&p, &salt, "", &links);
	cr_assert_str_eq(links.at[0].id, "tjbjdmvn");
}

Test(links, names_networks_so_that_another_host_cannot_tell, .timeout = 10)
{
	struct net_picture p = home();
	struct links a, b;

	links_read(&p, &salt, "", &a);
	links_read(&p, &other_salt, "", &b);
	cr_assert_str_neq(a.at[0].id, b.at[0].id);
	cr_assert_eq(strlen(a.at[0].id), 8);
	cr_assert_eq(strspn(a.at[0].id, "abcdefghijklmnopqrstuvwxyz234567"), 8);
}

Test(links, keeps_its_name_when_ipv6_comes_after_ipv4, .timeout = 10)
{
	struct net_picture p = home(), later = home();
	struct links a, b;

	p.routes = 2; /* the IPv6 route is not there yet */
	links_read(&p, &salt, "", &a);
	links_read(&later, &salt, "", &b);
	cr_assert_str_eq(a.at[0].id, b.at[0].id);
}

Test(links, knows_an_ipv6_only_host, .timeout = 10)
{
	struct net_picture p = { 0 };
	struct links links;

	interface(&p, 2, "eth0", EST_LINK_ETHERNET, true);
	route(&p, 2, true, "fe80::1", 1024);
	p.out6 = 2;
	links_read(&p, &salt, "", &links);
	cr_assert_eq(links.len, 1);
}

Test(links, finds_none_without_a_default_route, .timeout = 10)
{
	struct net_picture p = home();
	struct links links;

	p.routes = 0;
	p.out4 = p.out6 = 0;
	links_read(&p, &salt, "", &links);
	cr_assert_eq(links.len, 0);
}

Test(links, takes_whatever_there_is_for_one_link_where_nobody_knows, .timeout = 10)
{
	struct net_picture p = { .unknown = true };
	struct links links;

	links_read(&p, &salt, "", &links);
	cr_assert_eq(links.len, 1);
	cr_assert_str_eq(links.at[0].interface, "unknown");
	cr_assert_eq(links.at[0].kind, EST_LINK_OTHER);
	cr_assert(links.at[0].carrier);
	links_read(&p, &salt, "usb7", &links);
	cr_assert_str_eq(links.at[0].interface, "usb7");
}

Test(links, never_takes_loopback_for_a_way_out, .timeout = 10)
{
	struct net_picture p = home();
	struct links links;

	p.out4 = 1;
	links_read(&p, &salt, "", &links);
	cr_assert_str_eq(links.at[0].interface, "eth0");
}

Test(links, keeps_to_the_interface_that_was_asked_for, .timeout = 10)
{
	struct net_picture p = home();
	struct links links;

	links_read(&p, &salt, "lo", &links);
	cr_assert_eq(links.len, 1);
	cr_assert_str_eq(links.at[0].interface, "lo");
	links_read(&p, &salt, "usb7", &links);
	cr_assert_eq(links.len, 0, "it is not there");
}

Test(links, says_where_the_carrier_is_lost, .timeout = 10)
{
	struct net_picture p = home();
	struct links links;

	p.interface[1].carrier = false;
	links_read(&p, &salt, "", &links);
	cr_assert(!links.at[0].carrier);
	cr_assert(links.at[1].carrier);
}
