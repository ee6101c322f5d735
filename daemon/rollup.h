/* SPDX-License-Identifier: ISC */
/*
 * Estimates of seconds summed up to minutes or hours while they stream past.
 *
 * A row holds from its second until the next row of its link, ROLLUP_HOLD_S at the most
 * (the daemon writes each second while something happens, and once a minute when idle).
 * Over the time that is held so:
 *   state, quality    the one that held longest
 *   rtt_us_min        the least
 *   loss_ppm          the mean
 *   other quantiles   those of the mixture of the beliefs that were held (sums.h)
 * and observations and bytes are the sums of the bucket's rows. Where nothing was held
 * there is no row, and what was not known in any row stays unknown.
 *
 * Example: 40 s of p50 = 1000 (40 rows), then idle at 90,000 (1 row): the minute's p10 and
 * p50 are of the 1000, and its p90 is of the 90,000.
 */
#ifndef LINKQ_DAEMON_ROLLUP_H
#define LINKQ_DAEMON_ROLLUP_H

#include <stdbool.h>
#include <stdint.h>

#include "api/rows.h"
#include "daemon/sums.h"

#define ROLLUP_HOLD_S 60
#define ROLLUP_LINKS_MAX 64 /* that are up within one bucket */

struct rollup;

/* step_s: 60 or 3600. Buckets begin at multiples of it; those come out that begin in
 * [first_s, end_s), in seconds since 1970. 0 or -ENOMEM. */
int rollup_create(int64_t first_s, int64_t end_s, int64_t step_s, struct rollup **out);
void rollup_destroy(struct rollup *r); /* NULL is fine */

/* The next row, in the order of time. Buckets of one time come in the order of `order`, which
 * is a link's own, and of their ids where that is the same. Those from ROLLUP_HOLD_S before first_s should be
 * among them. Only while rollup_next gives nothing. */
void rollup_add(struct rollup *r, const struct api_estimate_row *row, int64_t order);
/* No more rows will come. */
void rollup_end(struct rollup *r);
/* 1: a bucket of one link is done, 0: none for now, -ENOMEM, -ENOBUFS (too many links). */
int rollup_next(struct rollup *r, struct api_estimate_row *out);
/* All of that bucket; until the next rollup_next. */
const struct sums *rollup_sums(const struct rollup *r);

#endif
