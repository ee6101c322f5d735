/* SPDX-License-Identifier: ISC */
/*
 * Columns that a row of the history has when they are asked for, behind all others: how far
 * apart the medians within a minute or an hour were, and how far the clocks of a place are
 * from UTC at the row's time.
 */
#ifndef LINKQ_API_ROWS_MORE_H
#define LINKQ_API_ROWS_MORE_H

#include "api/rows.h"

struct api_spread {
	int64_t least, mean, most;
};

/* Of the medians (p50) that were estimated in that time. */
struct api_spreads {
	struct api_spread down_kbps, up_kbps, rtt_us, ttfb_us;
};

enum api_zone { API_ZONE_NONE, API_ZONE_FIXED, API_ZONE_LOCAL /* of this host */ };

struct api_more {
	bool spreads;
	enum api_zone zone;
	int offset_s; /* east of UTC, of API_ZONE_FIXED */
};

/* "UTC", "local", "+05:30", "-08:00" (a blank where a query lost its "+"). 0 or -EINVAL. */
int rows_more_zone(const char *text, struct api_more *out);

/* Both go behind what rows_csv_header and rows_estimate (or its like) wrote last. */
void rows_more_header(struct buf *b, const struct api_more *more);
/* spreads NULL: not known. */
void rows_more(struct buf *b, enum api_format f, const struct api_more *more, int64_t wall_us,
    const struct api_spreads *spreads);

/* The most that they add. */
#define ROWS_MORE_MAX 768

#endif
