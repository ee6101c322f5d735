/* SPDX-License-Identifier: ISC */
/* The name of a Wi-Fi network in a link's identity. Messages are composed here, as
 * <linux/nl80211.h> describes them: the test machine has no radio. */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "daemon/wifi.h"
#include "daemon/wifi_parse.h"

#define FAMILY 28

static struct nlmsghdr *
compose(void *memory, int family, int command)
{
	struct nlmsghdr *nlh;
	struct genlmsghdr *head;

	memset(memory, 0, 256);
	nlh = mnl_nlmsg_put_header(memory);
	nlh->nlmsg_type = (uint16_t)family;
	head = mnl_nlmsg_put_extra_header(nlh, sizeof(*head));
	head->cmd = (uint8_t)command;
	return nlh;
}

static struct nlmsghdr *
interface_on(void *memory, const char *ssid, size_t len)
{
	struct nlmsghdr *nlh = compose(memory, FAMILY, NL80211_CMD_NEW_INTERFACE);

	mnl_attr_put_u32(nlh, NL80211_ATTR_IFINDEX, 3);
	mnl_attr_put_strz(nlh, NL80211_ATTR_IFNAME, "wlan0");
	mnl_attr_put(nlh, NL80211_ATTR_MAC, 6, "\2\0\0\0\0\1");
	if (ssid)
		mnl_attr_put(nlh, NL80211_ATTR_SSID, len, ssid);
	mnl_attr_put_u32(nlh, NL80211_ATTR_WIPHY_FREQ, 5180);
	return nlh;
}

Test(wifi, finds_the_family_in_a_composed_message, .timeout = 10)
{
	_Alignas(struct nlmsghdr) char memory[256];
	struct nlmsghdr *nlh = compose(memory, GENL_ID_CTRL, CTRL_CMD_NEWFAMILY);

	cr_assert_eq(wifi_parse_family(nlh), -EBADMSG, "without a number");
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, "nl80211");
	mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, FAMILY);
	cr_assert_eq(wifi_parse_family(nlh), FAMILY);
	nlh->nlmsg_type = FAMILY;
	cr_assert_eq(wifi_parse_family(nlh), -EBADMSG, "of another family");
}

Test(wifi, reads_the_name_of_a_network_from_a_composed_message, .timeout = 10)
{
	_Alignas(struct nlmsghdr) char memory[256];
	struct net_interface i = { .index = 3 };

	cr_assert_eq(wifi_parse_ssid(interface_on(memory, "caf\0e", 5), FAMILY, &i), 0);
	cr_assert_eq(i.ssid_len, 5, "any byte may be in a name");
	cr_assert_arr_eq(i.ssid, "caf\0e", 5);
	cr_assert_eq(wifi_parse_ssid(interface_on(memory, NULL, 0), FAMILY, &i), 0);
	cr_assert_eq(i.ssid_len, 0, "on no network");
	cr_assert_eq(i.ssid[0], 0);
}

Test(wifi, leaves_out_composed_messages_that_make_no_sense, .timeout = 10)
{
	_Alignas(struct nlmsghdr) char memory[256];
	struct net_interface i = { .index = 3, .ssid = "home", .ssid_len = 4 };
	struct net_interface other = { .index = 4 };
	static const char longest[33] = "12345678901234567890123456789012";
	struct nlmsghdr *nlh = interface_on(memory, "train", 5);

	cr_assert_eq(wifi_parse_ssid(nlh, FAMILY + 1, &i), -EBADMSG);
	cr_assert_eq(wifi_parse_ssid(nlh, FAMILY, &other), -EBADMSG, "of another interface");
	for (uint32_t n = sizeof(*nlh); n < nlh->nlmsg_len; n++) {
		struct net_interface cut_of = i;
		struct nlmsghdr *cut = malloc(n);

		memcpy(cut, nlh, n);
		cut->nlmsg_len = n;
		if (wifi_parse_ssid(cut, FAMILY, &cut_of) != 0)
			cr_assert_arr_eq(cut_of.ssid, "home", 5);
		free(cut);
	}
	cr_assert_eq(wifi_parse_ssid(interface_on(memory, longest, 33), FAMILY, &i), -EBADMSG);
	cr_assert_arr_eq(i.ssid, "home", 5);
	cr_assert_eq(wifi_parse_ssid(interface_on(memory, longest, 32), FAMILY, &i), 0);
	cr_assert_eq(i.ssid_len, 32);
}

static void
card(struct net_picture *p, const char *ssid, bool carrier)
{
	memset(p, 0, sizeof(*p));
	p->interfaces = 1;
	p->interface[0] = (struct net_interface){ .index = 1 << 30, .name = "wlan0",
		.kind = EST_LINK_WIFI, .up = true, .carrier = carrier, .ssid_len = strlen(ssid) };
	memcpy(p->interface[0].ssid, ssid, strlen(ssid));
}

Test(wifi, keeps_the_name_while_the_carrier_is_lost_or_nobody_can_be_asked, .timeout = 10)
{
	static struct net_picture before, p;

	card(&before, "home", true);
	for (int carrier = 0; carrier <= 1; carrier++) {
		card(&p, "", carrier != 0);
		wifi_names(&before, &p);
		cr_assert_eq(p.interface[0].ssid_len, 4);
		cr_assert_arr_eq(p.interface[0].ssid, "home", 5);
	}
	card(&p, "", true);
	strcpy(p.interface[0].name, "wlan1");
	wifi_names(&before, &p);
	cr_assert_eq(p.interface[0].ssid_len, 0, "of another card");
}
