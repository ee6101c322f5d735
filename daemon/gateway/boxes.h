/* SPDX-License-Identifier: ISC */
/* Boxes of the ISO base media file format (ISO 14496-12, section 4.2), one after another. */
#ifndef LINKQ_DAEMON_GATEWAY_BOXES_H
#define LINKQ_DAEMON_GATEWAY_BOXES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOX_TYPE(a, b, c, d) \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

struct box {
	uint32_t type;
	size_t from;  /* of the box, in what was given */
	size_t body;  /* of what is in it */
	size_t end;   /* may lie beyond what was given: see box_next */
};

/* The box at `at`. 1: *out is set, and out->end may be beyond len where `whole` is false;
 * 0: its head is not all there; -EINVAL: it is none. */
int box_next(const unsigned char *data, size_t len, size_t at, bool whole, struct box *out);

/* The first box of a type among those in [from, end). */
bool box_find(const unsigned char *data, size_t from, size_t end, uint32_t type,
    struct box *out);

uint32_t box_u32(const unsigned char *p);
void box_put_u32(unsigned char *p, uint32_t n);

#endif
