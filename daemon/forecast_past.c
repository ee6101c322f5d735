/* SPDX-License-Identifier: ISC */
/* From the history's rows to the past of one link. */
#include "daemon/forecast_past.h"

#include <string.h>
#include <time.h>

#define HOUR_S 3600
#define GONE_S 60
#define SECOND_US INT64_C(1000000)

void
past_init(struct past *p, const char *link, int64_t now_s)
{
	memset(p, 0, sizeof *p);
	memcpy(p->link, link, strnlen(link, API_LINK_ID_MAX));
	ahead_init(&p->ahead);
	p->gone_s = -1;
	p->zone_hour = -1;
	p->first_hour = (now_s - AHEAD_PAST_S) / HOUR_S;
}

/* Local time's distance changes on the hour, if at all. */
static void
set_zone(struct past *p, int64_t t_s)
{
	const time_t t = (time_t)t_s;
	struct tm local;

	if (t_s / HOUR_S == p->zone_hour || localtime_r(&t, &local) == NULL)
		return;
	p->zone_hour = t_s / HOUR_S;
	ahead_zone(&p->ahead, (int32_t)local.tm_gmtoff);
}

void
past_hour(struct past *p, const struct api_estimate_row *row)
{
	const int64_t t_s = row->wall_us / SECOND_US, at = t_s / HOUR_S - p->first_hour;

	if (strcmp(row->link, p->link) != 0 || at < 0 || at >= PAST_HOURS)
		return;
	p->hour[at / 8] |= (uint8_t)(1u << (at % 8));
	set_zone(p, t_s);
	if (row->down_kbps_p10 >= 0 && row->down_kbps_p50 >= 0 && row->down_kbps_p90 >= 0)
		ahead_rate(&p->ahead, t_s, (double)row->down_kbps_p10,
		    (double)row->down_kbps_p50, (double)row->down_kbps_p90);
}

static bool
has_hour(const struct past *p, int64_t at)
{
	return at >= 0 && at < PAST_HOURS && (p->hour[at / 8] >> (at % 8) & 1) != 0;
}

/* It ended without a word: up to when was it still there? */
static int64_t
end_of_rows(const struct past *p, int64_t until_s)
{
	int64_t at = p->seen_s / HOUR_S - p->first_hour, end_s = p->seen_s;

	for (; has_hour(p, at) && end_s < until_s; at++)
		end_s = (p->first_hour + at + 1) * HOUR_S;
	return end_s < until_s ? end_s : until_s;
}

static void
on_daemon(struct past *p, int64_t t_s, const char *detail)
{
	if (strcmp(detail, "start") == 0)
		ahead_down(&p->ahead, end_of_rows(p, t_s));
	else if (strcmp(detail, "stop") == 0)
		ahead_down(&p->ahead, t_s);
	else
		return;
	p->gone_s = -1;
}

static void
on_network(struct past *p, int64_t t_s, const char *detail)
{
	if (strcmp(detail, "down") == 0) {
		p->gone_s = t_s;
	} else if (strcmp(detail, "up") == 0) {
		if (p->gone_s >= 0 && t_s - p->gone_s > GONE_S)
			ahead_left(&p->ahead, p->gone_s);
		p->gone_s = -1;
		ahead_up(&p->ahead, t_s);
	}
}

static void
on_state(struct past *p, int64_t t_s, const char *detail)
{
	if (strcmp(detail, est_state_name(EST_ASLEEP)) == 0)
		ahead_left(&p->ahead, t_s);
	else if (p->gone_s < 0)
		ahead_up(&p->ahead, t_s);
}

void
past_event(struct past *p, const struct api_event_row *row)
{
	const int64_t t_s = row->wall_us / SECOND_US;

	set_zone(p, t_s);
	if (row->kind == API_EVENT_DAEMON)
		on_daemon(p, t_s, row->detail);
	if (strcmp(row->link, p->link) != 0)
		return;
	if (t_s > p->seen_s)
		p->seen_s = t_s;
	switch (row->kind) {
	case API_EVENT_NETWORK:
		on_network(p, t_s, row->detail);
		break;
	case API_EVENT_STATE:
		on_state(p, t_s, row->detail);
		break;
	case API_EVENT_OUTAGE_BEGIN:
		ahead_outage_begins(&p->ahead, t_s);
		break;
	case API_EVENT_OUTAGE_END:
		ahead_outage_ends(&p->ahead, t_s);
		break;
	case API_EVENT_CHANGE:
	case API_EVENT_DAEMON:
	default:
		break;
	}
}

bool
past_learn(struct past *p, int64_t now_s, int most)
{
	set_zone(p, now_s);
	return ahead_walk(&p->ahead, now_s, most);
}
