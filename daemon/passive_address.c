/* SPDX-License-Identifier: ISC */
/* Which link a socket goes out by, and which say nothing of the way out. */
#include <string.h>

#include "daemon/passive_link.h"

static const uint8_t mapped_v4[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool
passive_is_v4(const uint8_t a[16])
{
	return memcmp(a, mapped_v4, sizeof(mapped_v4)) == 0;
}

static bool
is_loopback(const uint8_t a[16])
{
	static const uint8_t v6[16] = {[15] = 1};

	if (passive_is_v4(a))
		return a[12] == 127;
	return memcmp(a, v6, sizeof(v6)) == 0;
}

static bool
same_prefix(const uint8_t a[16], const uint8_t b[16], unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	if (memcmp(a, b, bytes) != 0)
		return false;
	return rest == 0 || ((a[bytes] ^ b[bytes]) >> (8 - rest)) == 0;
}

static bool
is_link_local(const uint8_t a[16])
{
	return a[0] == 0xfe && (a[1] & 0xc0) == 0x80;
}

int
passive_link_of(const struct passive_address *list, size_t n, const struct passive_reading *r)
{
	int link = -1;

	if (is_loopback(r->from) || is_loopback(r->to) || is_link_local(r->to))
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct passive_address *a = &list[i];

		if (same_prefix(a->address, r->to, a->prefix))
			return -1; /* a neighbour, or this host itself (128) */
		if (r->interface ? a->interface == r->interface
				 : memcmp(a->address, r->from, 16) == 0)
			link = a->link;
	}
	return link;
}
