/* SPDX-License-Identifier: ISC */
/* One observation: its members, their bounds, and whether they can be true together. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/observations.h"
#include "api/value.h"
#include "api/when.h"

#define BYTES_MAX (INT64_C(1) << 40)
#define DURATION_US_MAX (INT64_C(24) * 3600 * 1000000)
#define AGO_US_MAX (INT64_C(366) * 24 * 3600 * 1000000)
#define FUTURE_US INT64_C(1000) /* clocks round */
#define GRAIN_US INT64_C(1000)  /* so do browsers */
#define ABSURD_BYTES_PER_US INT64_C(12500) /* 100 Gbit/s */

#define ABSENT (-1)

static int
reject(struct problem *p, const char *field, const char *why)
{
	return problem_set(p, 400, field, "%s", why);
}

static int
read_words(const struct value_in *in, struct api_observation *o)
{
	char direction[8] = "down", error[16] = "";
	struct est_sample *s = &o->sample;

	/* A text that is too long is none of the words either. */
	if (value_text(in, "direction", direction, sizeof(direction)) != 0 ||
	    (strcmp(direction, "down") != 0 && strcmp(direction, "up") != 0))
		return reject(in->p, "direction", "direction must be down or up.");
	if (strcmp(direction, "up") == 0)
		s->direction = EST_UP;
	if (value_text(in, "app", o->app, sizeof(o->app)) != 0)
		return -EINVAL;
	if (value_text(in, "error", error, sizeof(error)) != 0 ||
	    (error[0] != '\0' && est_error_parse(error, &s->error) != 0))
		return reject(in->p, "error", "error must be timeout, refused, reset, dns, tls, "
					      "http or aborted.");
	return 0;
}

/* Text, or a whole number as text. */
static int
read_id(const struct value_in *in, struct api_observation *o)
{
	const struct json_t *v = value_get(in->object, "id");
	int64_t n = 0;

	if (v == NULL || value_string(v) != NULL)
		return value_text(in, "id", o->id, sizeof(o->id));
	if (value_int(in, "id", INT64_MIN / 1024, INT64_MAX / 1024, &n) != 0)
		return -EINVAL;
	snprintf(o->id, sizeof(o->id), "%lld", (long long)n);
	return 0;
}

static int
read_flags(const struct value_in *in, struct api_observation *o)
{
	struct est_sample *s = &o->sample;
	bool ok = s->error == EST_ERROR_NONE;

	if (value_bool(in, "ok", &ok) != 0 ||
	    value_bool(in, "in_progress", &s->in_progress) != 0 ||
	    value_bool(in, "from_cache", &s->from_cache) != 0 ||
	    value_bool(in, "server_limited", &s->server_limited) != 0)
		return -EINVAL;
	if (ok && s->error != EST_ERROR_NONE)
		return reject(in->p, "ok", "ok and error contradict each other.");
	if (s->in_progress && (!ok || s->error != EST_ERROR_NONE))
		return reject(in->p, "in_progress", "A request in progress has not failed yet.");
	if (s->in_progress && o->id[0] == '\0')
		return reject(in->p, "id", "A slice needs the id of its request.");
	/* it failed and nobody says how: unanswered, or given up on the way */
	if (!ok && s->error == EST_ERROR_NONE)
		s->error = s->ttfb_us < 0 && s->bytes == 0 ? EST_ERROR_TIMEOUT
							   : EST_ERROR_ABORTED;
	return 0;
}

static int
read_numbers(const struct value_in *in, struct est_sample *s)
{
	s->bytes = s->duration_us = s->ttfb_us = s->connect_us = ABSENT;
	s->rtt_us = ABSENT;
	if (value_int(in, "bytes", 0, BYTES_MAX, &s->bytes) != 0 ||
	    value_scaled(in, "duration_ms", 1000, DURATION_US_MAX, &s->duration_us) != 0 ||
	    value_scaled(in, "ttfb_ms", 1000, DURATION_US_MAX, &s->ttfb_us) != 0 ||
	    value_scaled(in, "connect_ms", 1000, DURATION_US_MAX, &s->connect_us) != 0)
		return -EINVAL;
	if (s->bytes == ABSENT && s->duration_us == ABSENT && s->connect_us > 0) {
		/* connect_ms alone: one round trip, no transfer */
		s->bytes = 0;
		s->duration_us = s->rtt_us = s->connect_us;
		return 0;
	}
	if (s->bytes == ABSENT)
		return reject(in->p, "bytes", "bytes is missing.");
	if (s->duration_us == ABSENT)
		return reject(in->p, "duration_ms", "duration_ms is missing.");
	return 0;
}

/* Part before whole; what a coarse clock makes of it is put straight, not refused. */
static int
check_order(struct est_sample *s, struct problem *p)
{
	if (s->ttfb_us > s->duration_us + GRAIN_US)
		return reject(p, "ttfb_ms", "ttfb_ms is longer than duration_ms.");
	if (s->connect_us > s->duration_us + GRAIN_US)
		return reject(p, "connect_ms", "connect_ms is longer than duration_ms.");
	if (s->ttfb_us > s->duration_us)
		s->ttfb_us = s->duration_us;
	if (s->connect_us > s->duration_us)
		s->connect_us = s->duration_us;
	if (s->ttfb_us >= 0 && s->connect_us > s->ttfb_us + GRAIN_US)
		return reject(p, "connect_ms", "connect_ms is longer than ttfb_ms.");
	if (s->ttfb_us >= 0 && s->connect_us > s->ttfb_us)
		s->connect_us = s->ttfb_us;
	if (!s->from_cache && s->bytes > 0 && (s->duration_us == 0 ||
	    s->bytes / s->duration_us > ABSURD_BYTES_PER_US))
		return reject(p, "bytes", "So many bytes in so little time: no link does that.");
	return 0;
}

static int
read_end(const struct value_in *in, int64_t wall_us, struct api_observation *o)
{
	const struct json_t *ago = value_get(in->object, "ended_ms_ago");
	char at[40] = "";
	int64_t at_us;
	double n;

	if (value_text(in, "ended_at", at, sizeof(at)) != 0)
		return -EINVAL;
	if (ago != NULL && at[0] != '\0')
		return reject(in->p, "ended_at", "ended_at and ended_ms_ago say the same twice.");
	if (ago != NULL && value_number(ago, &n) && n < 0)
		return reject(in->p, "ended_ms_ago", "It ended in the future.");
	if (value_scaled(in, "ended_ms_ago", 1000, AGO_US_MAX, &o->ended_ago_us) != 0)
		return -EINVAL;
	if (at[0] == '\0')
		return 0;
	if (when_rfc3339(at, &at_us) != 0)
		return reject(in->p, "ended_at", "ended_at must be a time of RFC 3339.");
	if (at_us > wall_us + FUTURE_US)
		return reject(in->p, "ended_at", "It ended in the future.");
	if (at_us < wall_us - AGO_US_MAX)
		return reject(in->p, "ended_at", "It ended more than a year ago.");
	o->ended_ago_us = at_us < wall_us ? wall_us - at_us : 0;
	return 0;
}

int
observation_read(const struct json_t *object, int64_t wall_us, struct api_observation *out,
    struct problem *p)
{
	struct value_in in = {.object = object, .prefix = "", .p = p};
	struct api_observation o;

	memset(&o, 0, sizeof(o));
	o.sample.source = EST_APP;
	if (!value_is_object(object))
		return reject(p, NULL, "An observation must be an object.");
	if (read_numbers(&in, &o.sample) != 0 || read_words(&in, &o) != 0 ||
	    read_id(&in, &o) != 0 || read_flags(&in, &o) != 0 ||
	    check_order(&o.sample, p) != 0 || read_end(&in, wall_us, &o) != 0)
		return -EINVAL;
	*out = o;
	return 0;
}
