/* SPDX-License-Identifier: ISC */
/* An estimate's columns, which seconds, minutes and hours have in common. */
#include "daemon/history_columns.h"

#include <sqlite3.h>
#include <string.h>

#include "daemon/history.h"

void
history_bind(struct sqlite3_stmt *s, int at, int64_t n)
{
	if (n == API_UNKNOWN)
		(void)sqlite3_bind_null(s, at);
	else
		(void)sqlite3_bind_int64(s, at, n);
}

void
history_bind_estimate(struct sqlite3_stmt *s, int at, const struct api_estimate_row *r)
{
	const int64_t numbers[HISTORY_ESTIMATE_NUMBERS] = { r->state, r->quality,
		r->down_kbps_p10, r->down_kbps_p50, r->down_kbps_p90, r->up_kbps_p50,
		r->rtt_us_min, r->rtt_us_p50, r->rtt_us_p90, r->ttfb_us_p50, r->loss_ppm,
		r->observations, r->bytes_observed, r->bytes_probed };

	for (int i = 0; i < HISTORY_ESTIMATE_NUMBERS; i++)
		history_bind(s, at + i, numbers[i]);
}

static int64_t
get(struct sqlite3_stmt *s, int at)
{
	return sqlite3_column_type(s, at) == SQLITE_NULL ? API_UNKNOWN :
							   sqlite3_column_int64(s, at);
}

/* A number that says which of a few: the file is the world's, and may say anything. */
static unsigned
get_word(struct sqlite3_stmt *s, int at, unsigned words)
{
	int64_t n = sqlite3_column_int64(s, at);

	return n >= 0 && n < words ? (unsigned)n : 0;
}

void
history_column_estimate(struct sqlite3_stmt *s, struct api_estimate_row *r)
{
	memset(r, 0, sizeof *r);
	r->wall_us = sqlite3_column_int64(s, 0) * 1000000;
	r->state = (enum est_state)get_word(s, 2, EST_STATES);
	r->quality = (enum est_quality)get_word(s, 3, EST_QUALITIES);
	r->down_kbps_p10 = get(s, 4);
	r->down_kbps_p50 = get(s, 5);
	r->down_kbps_p90 = get(s, 6);
	r->up_kbps_p50 = get(s, 7);
	r->rtt_us_min = get(s, 8);
	r->rtt_us_p50 = get(s, 9);
	r->rtt_us_p90 = get(s, 10);
	r->ttfb_us_p50 = get(s, 11);
	r->loss_ppm = get(s, 12);
	r->observations = get(s, 13);
	r->bytes_observed = get(s, 14);
	r->bytes_probed = get(s, 15);
}

int
history_run(struct sqlite3 *db, struct sqlite3_stmt *s)
{
	int rc = sqlite3_step(s), err = 0;

	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		err = history_errno(db, rc);
	(void)sqlite3_reset(s);
	return err;
}
