/* SPDX-License-Identifier: ISC */
/* Times as people write them in a query. */
#ifndef LINKQ_API_WHEN_H
#define LINKQ_API_WHEN_H

#include <stdint.h>

/*
 * RFC 3339 (2026-11-24T06:15:00Z, with fraction or offset; a blank where a query lost its
 * "+"), a date alone, Unix seconds, an age before now (-90s, -30m, -24h, -7d, -2w), now,
 * today, yesterday. A date alone and the last two mean midnight of this host's time zone.
 * 0 or -EINVAL.
 */
int when_parse(const char *text, int64_t now_wall_us, int64_t *out_wall_us);

/* RFC 3339 alone, as JSON members carry it. 0 or -EINVAL. */
int when_rfc3339(const char *text, int64_t *out_wall_us);

#endif
