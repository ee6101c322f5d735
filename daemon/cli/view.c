/* SPDX-License-Identifier: ISC */
/* The estimate as the API gives it, read into plain numbers for showing. */
#include "daemon/cli/view.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "daemon/cli/moment.h"

/* A number of `object`, at `key` or at `key`.`inner`. */
static double
number(const json_t *object, const char *key, const char *inner)
{
	const json_t *value = json_object_get(object, key);

	if (inner != NULL)
		value = json_object_get(value, inner);
	return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static void
text(const json_t *object, const char *key, char *out, size_t cap)
{
	const char *value = json_string_value(json_object_get(object, key));

	words_clean(value != NULL ? value : "", out, cap);
}

static int64_t
instant(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));
	int64_t us;

	return value != NULL && moment_parse_rfc3339(value, &us) == 0 ? us : MOMENT_UNKNOWN;
}

static struct view_quantiles
quantiles(const json_t *object, const char *key)
{
	return (struct view_quantiles){
		.p10 = number(object, key, "p10"),
		.p50 = number(object, key, "p50"),
		.p90 = number(object, key, "p90"),
	};
}

void
view_read_change(const json_t *doc, struct view_change *out)
{
	text(doc, "kind", out->kind, sizeof out->kind);
	out->time_us = instant(doc, "time");
	out->from_kbps = number(doc, "from_kbps", NULL);
	out->to_kbps = number(doc, "to_kbps", NULL);
}

static void
read_faults(const json_t *list, struct view *out)
{
	size_t i, most = sizeof out->fault / sizeof out->fault[0];

	for (i = 0; i < json_array_size(list) && i < most; i++)
		text(json_array_get(list, i), "text", out->fault[i], sizeof out->fault[i]);
	out->faults = i;
}

int
view_read(const json_t *doc, struct view *out)
{
	const json_t *link = json_object_get(doc, "link");
	const json_t *evidence = json_object_get(doc, "evidence");
	const json_t *outage = json_object_get(doc, "outage");
	const json_t *remaining = json_object_get(outage, "expected_remaining_s");

	if (!json_is_string(json_object_get(doc, "state")))
		return -EINVAL;
	*out = (struct view){
		.seq = number(doc, "seq", NULL),
		.time_us = instant(doc, "time"),
		.down_kbps = quantiles(doc, "down_kbps"),
		.up_kbps = quantiles(doc, "up_kbps"),
		.rtt_ms_min = number(doc, "rtt_ms", "min"),
		.rtt_ms_p50 = number(doc, "rtt_ms", "p50"),
		.rtt_ms_p90 = number(doc, "rtt_ms", "p90"),
		.ttfb_ms_p50 = number(doc, "ttfb_ms", "p50"),
		.ttfb_ms_p90 = number(doc, "ttfb_ms", "p90"),
		.loss_ratio = number(doc, "loss_ratio", NULL),
		.responsiveness_rpm = number(doc, "responsiveness_rpm", NULL),
		.confidence = number(doc, "confidence", NULL),
		.age_ms = number(doc, "age_ms", NULL),
		.samples = number(evidence, "samples", NULL),
		.share_app = number(evidence, "app", NULL),
		.share_kernel = number(evidence, "kernel", NULL),
		.share_probe = number(evidence, "probe", NULL),
		.outage = json_is_object(outage),
		.outage_since_us = instant(outage, "since"),
		.outage_lasted_ms = number(outage, "lasted_ms", NULL),
		.outage_remaining_s_p50 = number(remaining, "p50", NULL),
		.outage_remaining_s_p90 = number(remaining, "p90", NULL),
	};
	text(link, "id", out->link, sizeof out->link);
	text(link, "name", out->name, sizeof out->name);
	text(link, "interface", out->interface, sizeof out->interface);
	text(link, "kind", out->link_kind, sizeof out->link_kind);
	text(json_object_get(doc, "diagnosis"), "cause", out->cause, sizeof out->cause);
	text(json_object_get(doc, "diagnosis"), "text", out->diagnosis, sizeof out->diagnosis);
	text(doc, "state", out->state, sizeof out->state);
	text(doc, "quality", out->quality, sizeof out->quality);
	text(doc, "effective_type", out->effective_type, sizeof out->effective_type);
	view_read_change(json_object_get(doc, "change"), &out->change);
	read_faults(json_object_get(doc, "faults"), out);
	return 0;
}

int
view_exit_status(const struct view *v)
{
	if (strcmp(v->state, "online") == 0)
		return strcmp(v->quality, "minimal") == 0 ? 1 : 0;
	if (strcmp(v->state, "stalled") == 0)
		return 1;
	if (strcmp(v->state, "offline") == 0)
		return 2;
	return strcmp(v->state, "captive") == 0 ? 3 : 4;
}

/* What a state means, for those who do not know our words. */
static const char *
meaning(const char *state)
{
	static const char *const known[][2] = {
		{ "unknown", "no evidence yet" },
		{ "stalled", "no bytes where there should be some" },
		{ "offline", "nothing gets through" },
		{ "captive", "a portal answers in place of the Internet" },
		{ "asleep", "this host was suspended" },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (strcmp(state, known[i][0]) == 0)
			return known[i][1];
	}
	return NULL;
}

struct words
view_headline(const struct view *v)
{
	struct words w, state = words_capital(v->state);
	const char *what = meaning(v->state);

	if (what != NULL)
		snprintf(w.s, sizeof w.s, "%.23s: %s", state.s, what);
	else if (*v->quality == '\0' || strcmp(v->quality, "unknown") == 0)
		snprintf(w.s, sizeof w.s, "%.23s, quality not known yet", state.s);
	else if (*v->effective_type == '\0')
		snprintf(w.s, sizeof w.s, "%.23s, %s", state.s, v->quality);
	else
		snprintf(w.s, sizeof w.s, "%.23s, %s (%s)", state.s, v->quality, v->effective_type);
	return w;
}

struct words
view_link(const struct view *v)
{
	struct words w;
	int n;

	if (*v->interface == '\0') {
		snprintf(w.s, sizeof w.s, "%s", *v->link != '\0' ? v->link : "no link");
		return w;
	}
	n = snprintf(w.s, sizeof w.s, "%s (%s)", v->interface,
	    *v->link_kind != '\0' ? v->link_kind : "other");
	if (*v->name != '\0')
		snprintf(w.s + n, sizeof w.s - (size_t)n, ", '%.30s'", v->name);
	return w;
}

struct words
view_change_words(const struct view_change *c)
{
	struct words w;

	if (isfinite(c->from_kbps) && isfinite(c->to_kbps))
		snprintf(w.s, sizeof w.s, "%s from %.24s to %.24s", c->kind,
		    words_kbps(c->from_kbps).s, words_kbps(c->to_kbps).s);
	else if (isfinite(c->to_kbps))
		snprintf(w.s, sizeof w.s, "%s to %.24s", c->kind, words_kbps(c->to_kbps).s);
	else
		snprintf(w.s, sizeof w.s, "%s", c->kind);
	return w;
}
