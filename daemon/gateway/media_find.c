/* SPDX-License-Identifier: ISC */
/* Finds a segment of one media playlist in another. */
#include "daemon/gateway/media.h"

#include <string.h>

/* Renditions of one encoding are cut at the same pictures; rounding and frames apart. */
#define SAME_US INT64_C(200000)

const struct media_segment *
media_numbered(const struct media *m, int64_t number)
{
	if (number < m->sequence || number - m->sequence >= (int64_t)m->segments)
		return NULL;
	return &m->segment[number - m->sequence];
}

static bool
near(int64_t a, int64_t b)
{
	return (a > b ? a - b : b - a) <= SAME_US;
}

/* The first one that begins at `at_us` or later, less what is near; both times ascend. */
static const struct media_segment *
at_time(const struct media *m, bool by_wall, int64_t at_us)
{
	size_t low = 0, high = m->segments;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct media_segment *s = &m->segment[middle];

		if ((by_wall ? s->wall_us : s->start_us) < at_us - SAME_US)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == m->segments)
		return NULL;
	return near(by_wall ? m->segment[low].wall_us : m->segment[low].start_us, at_us)
	    ? &m->segment[low]
	    : NULL;
}

static bool
dated(const struct media *m)
{
	return m->segments > 0 && m->segment[0].wall_us != MEDIA_UNKNOWN;
}

/* All that there ever was is in it. */
static bool
whole(const struct media *m)
{
	return m->ended || m->type != MEDIA_OPEN;
}

const struct media_segment *
media_same(const struct media *ref, size_t i, const struct media *other)
{
	const struct media_segment *s = &ref->segment[i], *found;

	if (dated(ref) && dated(other))
		found = at_time(other, true, s->wall_us);
	else if (whole(ref) && whole(other))
		found = at_time(other, false, s->start_us);
	else
		found = media_numbered(other, ref->sequence + (int64_t)i);
	return found != NULL && near(found->duration_us, s->duration_us) ? found : NULL;
}

void
media_iv(const struct media_key *key, int64_t number, unsigned char out[16])
{
	memcpy(out, key->iv, 16);
	if (key->has_iv)
		return;
	memset(out, 0, 16);
	for (int i = 0; i < 8; i++)
		out[15 - i] = (unsigned char)((uint64_t)number >> (8 * i));
}
