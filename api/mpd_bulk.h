/* SPDX-License-Identifier: ISC */
/*
 * What of an MPD need not be parsed. A live one is mostly the list of its segments, 200 KiB
 * and more, which would hold the loop for milliseconds; of each such list the first entry is
 * enough. Internal to mpd.c.
 *
 * It looks for tags alone: a '<' in an attribute is no XML, and those in comments and CDATA
 * are passed over.
 */
#ifndef LINKQ_API_MPD_BULK_H
#define LINKQ_API_MPD_BULK_H

#include <stdbool.h>
#include <stddef.h>

struct mpd_bulk {
	const char *at; /* what is left */
	size_t len;
	size_t lines; /* so many line ends were left out so far */
};

/* The next piece to parse. False: it is the last one. */
bool mpd_bulk_next(struct mpd_bulk *b, const char **at, size_t *len);

#endif
