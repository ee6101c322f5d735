/* SPDX-License-Identifier: ISC */
/*
 * The rows of the history as the API shows them and the store keeps them, and their text.
 *
 * Times are wall clock in microseconds since 1970; a number that is not known is
 * API_UNKNOWN and becomes an empty cell (CSV) or null (JSON).
 */
#ifndef LINKQ_API_ROWS_H
#define LINKQ_API_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "api/buf.h"
#include "estimator/estimator.h"

#define API_UNKNOWN INT64_MIN

#define API_LINK_ID_MAX 15 /* characters */
#define API_APP_MAX 31
#define API_DETAIL_MAX 95

struct api_estimate_row {
	int64_t wall_us;
	char link[API_LINK_ID_MAX + 1];
	enum est_state state;
	enum est_quality quality;
	int64_t down_kbps_p10, down_kbps_p50, down_kbps_p90;
	int64_t up_kbps_p50;
	int64_t rtt_us_min, rtt_us_p50, rtt_us_p90;
	int64_t ttfb_us_p50;
	int64_t loss_ppm;
	int64_t observations; /* in this row's time */
	int64_t bytes_observed, bytes_probed;
};

struct api_observation_row {
	int64_t wall_us;
	char link[API_LINK_ID_MAX + 1];
	enum est_source source;
	enum est_direction direction;
	int64_t bytes, duration_us, ttfb_us, connect_us;
	bool ok;
	enum est_error error;
	char app[API_APP_MAX + 1]; /* "" where it was not said */
};

enum api_event_kind {
	API_EVENT_CHANGE,       /* drop, rise, recovery, network, wake: `change` tells */
	API_EVENT_OUTAGE_BEGIN,
	API_EVENT_OUTAGE_END,
	API_EVENT_NETWORK, /* `detail` is up, down, route or carrier */
	API_EVENT_STATE,   /* `detail` is the new state */
	API_EVENT_DAEMON   /* `detail` is start or stop */
};

struct api_event_row {
	int64_t wall_us;
	char link[API_LINK_ID_MAX + 1];
	enum api_event_kind kind;
	enum est_change_kind change; /* for API_EVENT_CHANGE */
	int64_t from_kbps, to_kbps;
	int64_t duration_us; /* of an outage that ended */
	char detail[API_DETAIL_MAX + 1];
};

/* How long a link was in a state and a quality at once, of [from, to). */
struct api_condition_row {
	int64_t from_wall_us, to_wall_us;
	char link[API_LINK_ID_MAX + 1];
	bool no_data; /* nothing was written: the daemon did not run, or the link was away */
	enum est_state state;
	enum est_quality quality;
	int64_t seconds;
	int hour; /* of the day in UTC; -1: all of them together */
};

enum api_what { API_ESTIMATES, API_OBSERVATIONS, API_EVENTS, API_CONDITIONS };
enum api_format { API_CSV, API_JSONL, API_JSON };

/* "change", "outage-begin", "outage-end", "network", "state", "daemon"; for a change its own
 * kind ("drop", "rise", ..) is the row's kind. */
const char *api_event_kind_name(const struct api_event_row *row);

/* The header line of CSV, with its \n. */
void rows_csv_header(struct buf *b, enum api_what what);
void rows_condition_header(struct buf *b, bool by_hour); /* that has a column more */
/* One row: a line with its \n in CSV and JSONL; API_JSON is the object alone, and the caller
 * sets the commas. ok is 1 or 0 in CSV, true or false in JSON. */
void rows_estimate(struct buf *b, enum api_format f, const struct api_estimate_row *r);
void rows_observation(struct buf *b, enum api_format f, const struct api_observation_row *r);
void rows_event(struct buf *b, enum api_format f, const struct api_event_row *r);
void rows_condition(struct buf *b, enum api_format f, const struct api_condition_row *r);

/* The most that one row takes in any format. */
#define API_ROW_TEXT_MAX 1024

#endif
