/* SPDX-License-Identifier: ISC */
/*
 * From the history's rows to the past of one link: when it was watched, and its outages.
 *
 * A link is watched while it is up and the daemon runs and this host is awake. An outage that
 * began as the link was left for more than a minute is none: one does not lose the Wi-Fi of
 * one's home by leaving. Where the daemon ended without a word, the link was watched up to the
 * end of the last hour in a row of which there is a row.
 */
#ifndef LINKQ_DAEMON_FORECAST_PAST_H
#define LINKQ_DAEMON_FORECAST_PAST_H

#include <stdbool.h>
#include <stdint.h>

#include "api/rows.h"
#include "estimator/ahead.h"

#define PAST_HOURS (AHEAD_PAST_S / 3600)

struct past {
	char link[API_LINK_ID_MAX + 1];
	struct ahead ahead;
	int64_t gone_s;  /* it went away then, and is not back; -1 */
	int64_t seen_s;  /* the last word of it */
	int64_t first_hour; /* that is looked at, since 1970 */
	int64_t zone_hour;  /* of which the zone is known */
	uint8_t hour[PAST_HOURS / 8 + 1]; /* a bit where there is a row */
};

void past_init(struct past *p, const char *link, int64_t now_s);

/* An hour's estimate of the link; all of them come before the first event. */
void past_hour(struct past *p, const struct api_estimate_row *row);
/* Any event, of whichever link, in the order of time. */
void past_event(struct past *p, const struct api_event_row *row);
/* It is now; true: there is more to learn than could be learnt at once. */
bool past_learn(struct past *p, int64_t now_s, int most);

#endif
