/* SPDX-License-Identifier: ISC */
/* Hint requests as a query, for the shell: the same names, flat. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/hint_parts.h"

#define KBPS_MAX LADDER_KBPS_MAX
#define SECOND_US INT64_C(1000000)
#define TIME_US_MAX (86400 * SECOND_US)

/* "400,1200,3000" */
static int
read_ladder(const struct query *q, struct hint_request *r, struct problem *p)
{
	const char *at = query_get(q, "ladder_kbps");

	if (at == NULL)
		return problem_set(p, 400, "ladder_kbps", "ladder_kbps is missing.");
	while (*at != '\0' && r->rungs < PLAN_RUNGS_MAX) {
		char one[16];
		size_t len = strcspn(at, ",");
		int64_t kbps = 0;

		if (len < sizeof(one)) {
			memcpy(one, at, len);
			one[len] = '\0';
			query_decimal(one, 0, KBPS_MAX, &kbps);
		}
		if (kbps < 1)
			break;
		r->rung[r->rungs].avg_kbps = r->rung[r->rungs].peak_kbps = kbps;
		r->rung[r->rungs].score_micro = r->rung[r->rungs].variant = -1;
		r->rungs++;
		at += len;
		at += *at == ',' ? 1 : 0;
	}
	if (*at != '\0' || r->rungs == 0)
		return problem_set(p, 400, "ladder_kbps",
		    "ladder_kbps must be 1 to %d numbers of kbit/s with commas.", PLAN_RUNGS_MAX);
	return hint_end_ladder(r, p);
}

static int
read_current(const struct query *q, struct hint_request *r, struct problem *p)
{
	const char *id = query_get(q, "current");
	if (id == NULL)
		return 0;
	r->current = hint_find(r, id);
	if (r->current < 0)
		return problem_set(p, 400, "current", "current is not in the ladder.");
	return 0;
}

static int
read_times(const struct query *q, struct hint_request *r, struct problem *p)
{
	if (query_seconds(q, "buffer_s", TIME_US_MAX, &r->buffer_us, p) != 0 ||
	    query_seconds(q, "max_buffer_s", TIME_US_MAX, &r->max_buffer_us, p) != 0 ||
	    query_seconds(q, "segment_s", HINT_SEGMENT_US_MAX, &r->segment_us, p) != 0 ||
	    query_seconds(q, "playback_rate", 16000000, &r->rate_ppm, p) != 0)
		return -EINVAL;
	if (r->segment_us < HINT_SEGMENT_US_LEAST)
		return problem_set(p, 400, "segment_s", "segment_s must be longer.");
	if (r->rate_ppm < 1000)
		r->rate_ppm = 1000000;
	return 0;
}

static int
read_words(const struct query *q, struct hint_request *r, struct problem *p)
{
	static const char *const modes[] = {"vod", "live", "low-latency", NULL};
	const char *session = query_get(q, "session");
	int mode = (int)r->mode;

	if (query_word(q, "mode", modes, &mode, p) != 0)
		return -EINVAL;
	r->mode = (enum plan_mode)mode;
	if (session == NULL)
		return 0;
	if (strlen(session) > HINT_SESSION_MAX)
		return problem_set(p, 400, "session", "session has %d bytes at most.",
		    HINT_SESSION_MAX);
	memcpy(r->session, session, strlen(session) + 1);
	return 0;
}

int
hint_read_query(const struct query *q, struct hint_request *out, struct problem *p)
{
	static const char *const names[] = {"ladder_kbps", "current", "buffer_s",
	    "max_buffer_s", "segment_s", "playback_rate", "mode", "max_kbps", "max_height",
	    "session", "format", HINT_CMCD_NAMES, NULL};

	hint_defaults(out);
	if (query_only(q, names, p) != 0 || read_ladder(q, out, p) != 0 ||
	    hint_read_cmcd_query(q, out, p) != 0 || read_times(q, out, p) != 0 ||
	    read_words(q, out, p) != 0 ||
	    query_int(q, "max_kbps", 1, KBPS_MAX, &out->cap_kbps, p) != 0 ||
	    query_int(q, "max_height", 1, 100000, &out->cap_height, p) != 0)
		return -EINVAL;
	return read_current(q, out, p);
}
