/* SPDX-License-Identifier: ISC */
/* When does an estimate count as a new one. */
#include "api/publish.h"

#include <string.h>

/* More than 2 % of what it was. */
static bool
moved(int64_t was, int64_t is)
{
	int64_t by = is > was ? is - was : was - is;

	return by > (was < 0 ? 0 : was) / 50;
}

static bool
rate_moved(const struct est_rate *a, const struct est_rate *b)
{
	if (a->known != b->known)
		return true;
	return b->known && (moved(a->kbps_p10, b->kbps_p10) || moved(a->kbps_p50, b->kbps_p50) ||
	    moved(a->kbps_p90, b->kbps_p90));
}

static bool
delay_moved(const struct est_delay *a, const struct est_delay *b)
{
	if (a->known != b->known)
		return true;
	return b->known && (moved(a->us_min, b->us_min) || moved(a->us_p50, b->us_p50) ||
	    moved(a->us_p90, b->us_p90));
}

static bool
link_differs(const struct api_link *a, const struct api_link *b)
{
	return strcmp(a->id, b->id) != 0 || strcmp(a->name, b->name) != 0 ||
	    strcmp(a->interface, b->interface) != 0 || a->kind != b->kind ||
	    a->is_default != b->is_default || a->since_wall_us != b->since_wall_us;
}

static bool
cause_differs(const struct api_diagnosis *a, const struct api_diagnosis *b)
{
	return strcmp(a->cause ? a->cause : "", b->cause ? b->cause : "") != 0;
}

static bool
faults_differ(const struct api_view *a, const struct api_view *b)
{
	if (a->faults != b->faults)
		return true;
	for (size_t i = 0; i < a->faults; i++)
		if (strcmp(a->fault[i].name, b->fault[i].name) != 0)
			return true;
	return false;
}

bool
publish_differs(const struct api_view *a, const struct api_view *b)
{
	const struct est_snapshot *ea = &a->est, *eb = &b->est;

	return ea->state != eb->state || ea->quality != eb->quality ||
	    ea->effective != eb->effective || ea->change.kind != eb->change.kind ||
	    ea->change.at_us != eb->change.at_us || ea->outage.open != eb->outage.open ||
	    ea->outage.since_us != eb->outage.since_us || link_differs(&a->link, &b->link) ||
	    faults_differ(a, b) || rate_moved(&ea->rate[EST_DOWN], &eb->rate[EST_DOWN]) ||
	    rate_moved(&ea->rate[EST_UP], &eb->rate[EST_UP]) ||
	    cause_differs(&a->diagnosis, &b->diagnosis) || delay_moved(&ea->rtt, &eb->rtt) || delay_moved(&ea->ttfb, &eb->ttfb);
}

static void
rise(struct publish *p, const struct api_view *view)
{
	p->any = true;
	p->view = p->said = *view;
	p->rose_us = view->now_us;
	p->seq++;
}

bool
publish_update(struct publish *p, const struct api_view *view)
{
	p->view = *view;
	if (p->any && (view->now_us - p->rose_us < PUBLISH_RISE_US ||
	    !publish_differs(&p->said, view)))
		return false;
	rise(p, view);
	return true;
}

int64_t
publish_event(struct publish *p, const struct api_view *view)
{
	rise(p, view);
	return p->seq;
}
