/* SPDX-License-Identifier: ISC */
/*
 * One link over a stretch of time: what a row of a minute or an hour says, and all that is
 * needed to make an hour of minutes without loss.
 *
 * An estimate is a belief: with p10, p50 and p90 it says how likely which goodput is. Over a
 * stretch these beliefs are mixed by the time for which they were held, and the quantiles
 * are those of the mixture. Each second counts as five values of equal weight, at the
 * quantiles 0.1, 0.3, 0.5, 0.7 and 0.9 (those between in the middle on the scale of bins), so
 * that a belief which does not change comes out as it went in. Of the RTT what lies below
 * p50 is counted as p50, and of what has but a p50 all. Minimum, mean and maximum are of the
 * p50s.
 */
#ifndef LINKQ_DAEMON_SUMS_H
#define LINKQ_DAEMON_SUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/rows.h"
#include "api/rows_more.h"
#include "daemon/sketch.h"

enum sums_measure { SUMS_DOWN, SUMS_UP, SUMS_RTT, SUMS_TTFB, SUMS_MEASURES };
enum sums_quantile { SUMS_P10, SUMS_P50, SUMS_P90, SUMS_QUANTILES };

struct measured { /* kbit/s or us; greater ones than fit are cut */
	/* Of each quantile. A mixture's lies between them: closer than a bin tells. */
	uint32_t min[SUMS_QUANTILES], max[SUMS_QUANTILES];
	uint64_t sum; /* p50 times seconds */
	int64_t seconds; /* in which it was known */
	struct sketch sketch;
};

struct sums {
	int64_t seconds[EST_STATES][EST_QUALITIES];
	int64_t rtt_us_min;
	int64_t loss_sum, loss_s; /* ppm times seconds; seconds */
	int64_t observations, bytes_observed, bytes_probed;
	struct measured measure[SUMS_MEASURES];
};

void sums_clear(struct sums *s); /* from zeros on */

/* This estimate was held so long. */
void sums_hold(struct sums *s, const struct api_estimate_row *row, int64_t seconds);
/* What was counted in this row's time. */
void sums_count(struct sums *s, const struct api_estimate_row *row);

int64_t sums_seconds(const struct sums *s);
/* The row, but for its time and link. */
void sums_row(const struct sums *s, struct api_estimate_row *out);
/* What its medians were between. */
void sums_spreads(const struct sums *s, struct api_spreads *out);
/* The mean, API_UNKNOWN where nothing was known. */
int64_t sums_mean(const struct measured *m);

/* Seconds by state and quality as bytes: (state * 8 + quality, varint of seconds) each. read
 * adds them up; false where the bytes make no sense. */
#define SUMS_CONDITIONS_MAX (EST_STATES * EST_QUALITIES * 11)
size_t sums_conditions_write(const struct sums *s, unsigned char *out);
bool sums_conditions_read(int64_t seconds[EST_STATES][EST_QUALITIES],
    const unsigned char *bytes, size_t len);

/* The rest as bytes: loss and the measures. */
#define SUMS_DETAIL_MAX (20 + SUMS_MEASURES * (60 + SKETCH_BYTES_MAX))
size_t sums_detail_write(const struct sums *s, unsigned char *out);
/* Add a shorter stretch: its row and the bytes of both kinds. Without detail (len 0), or
 * where that makes no sense, the row counts as an estimate that was held all the time. */
void sums_merge(struct sums *s, const struct api_estimate_row *row,
    const unsigned char *conditions, size_t conditions_len, const unsigned char *detail,
    size_t detail_len);

#endif
