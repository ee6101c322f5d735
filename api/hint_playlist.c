/* SPDX-License-Identifier: ISC */
/* The ladder of a hint request as players have it: the text of a playlist or of an MPD. */
#include <errno.h>
#include <string.h>

#include "api/hint.h"
#include "api/hls.h"
#include "api/mpd.h"

static int
read_hls(const char *text, size_t len, const char *field, struct hint_request *r,
    struct problem *p)
{
	const char *why = NULL;
	int n = hls_parse(text, len, r->audio, r->rung, PLAN_RUNGS_MAX, &why);

	if (n < 0)
		return problem_set(p, 400, field, "%s: %s.", field, why);
	r->rungs = (size_t)n;
	return 0;
}

static int
read_mpd(const char *text, size_t len, const char *field, struct hint_request *r,
    struct problem *p)
{
	struct mpd_told told;
	int n = mpd_parse(text, len, r->period, r->rung, PLAN_RUNGS_MAX, &told);

	if (n < 0)
		return problem_set(p, 400, told.no_period ? "period" : field, "%s: %s.", field,
		    told.why);
	r->rungs = (size_t)n;
	if (told.segment_us >= HINT_SEGMENT_US_LEAST && told.segment_us <= HINT_SEGMENT_US_MAX)
		r->segment_us = told.segment_us;
	if (told.live)
		r->mode = PLAN_LIVE;
	return 0;
}

int
hint_read_playlist(const char *text, size_t len, const char *field, struct hint_request *r,
    struct problem *p)
{
	if (mpd_is_one(text, len))
		return read_mpd(text, len, field, r, p);
	if (strcmp(field, "mpd") == 0)
		return problem_set(p, 400, field, "%s: it is no XML.", field);
	return read_hls(text, len, field, r, p);
}
