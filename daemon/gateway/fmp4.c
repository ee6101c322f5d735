/* SPDX-License-Identifier: ISC */
/* Makes room for parameter sets in front of a segment's first picture. */
#include "daemon/gateway/fmp4.h"

#include "daemon/gateway/boxes.h"

#include <errno.h>

#define TFHD_BASE 0x000001u
#define TRUN_OFFSET 0x000001u
#define TRUN_FIRST_FLAGS 0x000004u
#define TRUN_DURATION 0x000100u
#define TRUN_SIZE 0x000200u

/* Where the numbers stand that change. */
struct numbers {
	size_t moof, first_size, mdat;
	bool mdat_long;
	int64_t first_offset; /* of the first picture, from the moof */
	size_t offset[16];    /* of each run's data_offset */
	size_t offsets;
};

static uint32_t
flags_of(const unsigned char *data, const struct box *b)
{
	return box_u32(data + b->body) & 0xffffff;
}

/* One run; `first`: it is the video track's first, whose first sample grows. */
static int
read_run(const unsigned char *data, const struct box *trun, bool first, struct numbers *n)
{
	const uint32_t flags = trun->end - trun->body >= 12 ? flags_of(data, trun) : 0;
	size_t at = trun->body + 12;

	if (!(flags & TRUN_OFFSET) || n->offsets == 16)
		return -EINVAL;
	n->offset[n->offsets++] = trun->body + 8;
	if (!first)
		return 0;
	n->first_offset = (int32_t)box_u32(data + trun->body + 8);
	at += flags & TRUN_FIRST_FLAGS ? 4 : 0;
	at += flags & TRUN_DURATION ? 4 : 0;
	if (!(flags & TRUN_SIZE) || at + 4 > trun->end || box_u32(data + trun->body + 4) == 0)
		return -EINVAL;
	n->first_size = at;
	return 0;
}

static int
read_fragment(const struct fmp4_init *init, const unsigned char *data,
    const struct box *traf, struct numbers *n)
{
	struct box tfhd, b;
	bool video;
	int error = 0;

	if (!box_find(data, traf->body, traf->end, BOX_TYPE('t', 'f', 'h', 'd'), &tfhd) ||
	    tfhd.end - tfhd.body < 8 || flags_of(data, &tfhd) & TFHD_BASE)
		return -EINVAL;
	video = box_u32(data + tfhd.body + 4) == init->video;
	for (size_t at = traf->body; error == 0 &&
	     box_next(data, traf->end, at, true, &b) == 1; at = b.end) {
		/* Pictures whose parts are encrypted are listed by size elsewhere. */
		if (b.type == BOX_TYPE('s', 'e', 'n', 'c') || b.type == BOX_TYPE('s', 'a', 'i', 'z'))
			return -EINVAL;
		if (b.type == BOX_TYPE('t', 'r', 'u', 'n'))
			error = read_run(data, &b, video && n->first_size == 0, n);
	}
	return error;
}

static int
read_moof(const struct fmp4_init *init, const unsigned char *data, const struct box *moof,
    struct numbers *n)
{
	struct box b;
	int error = 0;

	n->moof = moof->from;
	for (size_t at = moof->body; error == 0 &&
	     box_next(data, moof->end, at, true, &b) == 1; at = b.end) {
		if (b.type == BOX_TYPE('t', 'r', 'a', 'f'))
			error = read_fragment(init, data, &b, n);
	}
	return error != 0 || n->first_size == 0 ? -EINVAL : 0;
}

/* The moof and the mdat after it. 1: both are there as far as is needed. */
static int
find(const struct fmp4_init *init, const unsigned char *data, size_t len, struct numbers *n,
    struct box *sidx, struct box *mdat)
{
	struct box b;
	size_t at = 0;
	int got;

	for (; (got = box_next(data, len, at, false, &b)) == 1; at = b.end) {
		if (b.type == BOX_TYPE('m', 'd', 'a', 't')) {
			*mdat = b;
			return n->first_size != 0 ? 1 : -EINVAL;
		}
		if (b.end > FMP4_HEAD_MAX)
			return -EINVAL;
		if (b.end > len)
			return 0;
		if (b.type == BOX_TYPE('s', 'i', 'd', 'x'))
			*sidx = b;
		if (b.type == BOX_TYPE('m', 'o', 'o', 'f') &&
		    (n->first_size != 0 || read_moof(init, data, &b, n) != 0))
			return -EINVAL;
	}
	return got;
}

static void
grow(unsigned char *data, const struct box *mdat, const struct numbers *n, uint32_t by)
{
	unsigned char *size = data + mdat->from;

	if (mdat->body - mdat->from == 16) {
		uint64_t large = (uint64_t)box_u32(size + 8) << 32 | box_u32(size + 12);

		box_put_u32(size + 8, (uint32_t)((large + by) >> 32));
		box_put_u32(size + 12, (uint32_t)(large + by));
	} else {
		box_put_u32(size, box_u32(size) + by);
	}
	box_put_u32(data + n->first_size, box_u32(data + n->first_size) + by);
	for (size_t i = 0; i < n->offsets; i++) {
		uint32_t offset = box_u32(data + n->offset[i]);

		if ((int32_t)offset > n->first_offset)
			box_put_u32(data + n->offset[i], offset + by);
	}
}

int
fmp4_make_room(const struct fmp4_init *init, unsigned char *data, size_t len, size_t *at)
{
	struct numbers n = {.first_size = 0};
	struct box sidx = {.type = 0}, mdat;
	int64_t first;
	int got;

	if (init->video == 0 || init->parameters_len == 0)
		return -EINVAL;
	got = find(init, data, len, &n, &sidx, &mdat);
	if (got != 1)
		return got;
	first = (int64_t)n.moof + n.first_offset;
	if (first < (int64_t)mdat.body || first > (int64_t)mdat.end ||
	    box_u32(data + n.first_size) > UINT32_MAX - FMP4_PARAMETERS_MAX ||
	    (mdat.body - mdat.from == 8 &&
		box_u32(data + mdat.from) > UINT32_MAX - FMP4_PARAMETERS_MAX))
		return -EINVAL;
	if ((size_t)first > len)
		return first > FMP4_HEAD_MAX ? -EINVAL : 0;
	grow(data, &mdat, &n, (uint32_t)init->parameters_len);
	if (sidx.type != 0) /* its sizes would be wrong; nobody needs it */
		box_put_u32(data + sidx.from + 4, BOX_TYPE('f', 'r', 'e', 'e'));
	*at = (size_t)first;
	return 1;
}
