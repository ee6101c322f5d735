/* SPDX-License-Identifier: ISC */
/*
 * An estimate's columns, which seconds, minutes and hours have in common, and what else the
 * parts of history.c do alike.
 */
#ifndef LINKQ_DAEMON_HISTORY_COLUMNS_H
#define LINKQ_DAEMON_HISTORY_COLUMNS_H

#include <stdint.h>

#include "api/rows.h"

struct sqlite3;
struct sqlite3_stmt;

#define HISTORY_ESTIMATE_COLUMNS \
	"t, link, state, quality, down_kbps_p10, down_kbps_p50, down_kbps_p90, up_kbps_p50," \
	" rtt_us_min, rtt_us_p50, rtt_us_p90, ttfb_us_p50, loss_ppm, observations," \
	" bytes_observed, bytes_probed"
#define HISTORY_ESTIMATE_ALL 16 /* of them */
/* Of minutes and hours, behind those. */
#define HISTORY_SPREAD_COLUMNS \
	", down_kbps_least, down_kbps_mean, down_kbps_most, up_kbps_least, up_kbps_mean," \
	" up_kbps_most, rtt_us_least, rtt_us_mean, rtt_us_most, ttfb_us_least, ttfb_us_mean," \
	" ttfb_us_most"
#define HISTORY_ESTIMATE_NUMBERS 14 /* without t and link */

/* A number, or NULL for API_UNKNOWN. */
void history_bind(struct sqlite3_stmt *s, int at, int64_t n);
/* All but t and link, at parameters `at` and on. */
void history_bind_estimate(struct sqlite3_stmt *s, int at, const struct api_estimate_row *r);
/* From the columns above, the first being t; the link is left empty. */
void history_column_estimate(struct sqlite3_stmt *s, struct api_estimate_row *r);

/* Run a statement that gives no rows, or none that matter, and reset it. */
int history_run(struct sqlite3 *db, struct sqlite3_stmt *s);

#endif
