/* SPDX-License-Identifier: ISC */
/* Boxes of the ISO base media file format. */
#include "daemon/gateway/boxes.h"

#include <errno.h>

#define BOX_MAX (UINT64_C(1) << 40)

uint32_t
box_u32(const unsigned char *p)
{
	return BOX_TYPE(p[0], p[1], p[2], p[3]);
}

void
box_put_u32(unsigned char *p, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(n >> (24 - 8 * i));
}

int
box_next(const unsigned char *data, size_t len, size_t at, bool whole, struct box *out)
{
	uint64_t size;
	size_t head = 8;

	if (at > len || len - at < 8)
		return 0;
	size = box_u32(data + at);
	if (size == 1) {
		head = 16;
		if (len - at < 16)
			return 0;
		size = (uint64_t)box_u32(data + at + 8) << 32 | box_u32(data + at + 12);
	}
	if (size < head || size > BOX_MAX || (whole && size > len - at))
		return -EINVAL;
	*out = (struct box){.type = box_u32(data + at + 4), .from = at, .body = at + head,
	    .end = at + (size_t)size};
	return 1;
}

bool
box_find(const unsigned char *data, size_t from, size_t end, uint32_t type, struct box *out)
{
	while (box_next(data, end, from, true, out) == 1) {
		if (out->type == type)
			return true;
		from = out->end;
	}
	return false;
}
