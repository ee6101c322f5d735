/* SPDX-License-Identifier: ISC */
/* A source for tests: no estimator, no store. */
#include "tests/api/fake_source.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/estimator/made_outlook.h"

#define BLOCK 65536
#define ROWS_SOME 1000
#define ROWS_MANY 2000000

struct api_rows {
	struct fake *fake;
	struct api_range range;
	int64_t row, rows;
	bool header, opened, closed;
	api_block_fn *ready;
	void *arg;
	char text[BLOCK];
};

static void
instant(void *ctx, int64_t *now_us, int64_t *wall_us)
{
	struct fake *f = ctx;
	struct timespec t;

	if (f->speed > 0) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		f->now_us = (t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000) * f->speed;
		clock_gettime(CLOCK_REALTIME, &t);
		f->wall_us = t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
	}
	*now_us = f->now_us;
	*wall_us = f->wall_us;
}

static void
rate(struct est_rate *r, int64_t kbps)
{
	r->known = kbps >= 0;
	r->kbps_p10 = kbps * 6 / 10;
	r->kbps_p50 = kbps;
	r->kbps_p90 = kbps * 14 / 10;
}

static void
fill_view(struct fake *f, struct api_view *out)
{
	struct est_snapshot *e = &out->est;

	memset(out, 0, sizeof(*out));
	instant(f, &out->now_us, &out->wall_us);
	snprintf(out->link.id, sizeof(out->link.id), "k3f9");
	snprintf(out->link.interface, sizeof(out->link.interface), "wlan0");
	out->link.kind = EST_LINK_WIFI;
	out->link.is_default = true;
	out->link.since_wall_us = INT64_C(1795499892000000);
	e->at_us = out->now_us;
	e->state = f->state;
	e->quality = f->kbps >= 0 ? EST_QUALITY_GOOD : EST_QUALITY_UNKNOWN;
	e->effective = f->kbps >= 0 ? EST_EFFECTIVE_4G : EST_EFFECTIVE_UNKNOWN;
	rate(&e->rate[EST_DOWN], f->kbps);
	rate(&e->rate[EST_UP], f->kbps >= 0 ? f->kbps / 5 : -1);
	if (f->kbps >= 0) {
		e->rtt = (struct est_delay){true, 38200, 45000, 71500};
		e->ttfb = (struct est_delay){true, 60000, 70000, 180000};
	}
	e->jitter_us = e->rpm = e->loss_ppm = e->age_us = -1;
	e->samples = f->observed;
	e->change.kind = f->changed_us > 0 ? EST_CHANGE_DROP : EST_CHANGE_NONE;
	e->change.at_us = f->changed_us;
	e->change.from_kbps = 18000;
	e->change.to_kbps = f->kbps;
	e->outage.open = f->state == EST_OFFLINE;
	e->outage.since_us = f->changed_us;
	e->outage.remaining_us_p50 = 9000000;
	e->outage.remaining_us_p90 = 40000000;
}

static int
view(void *ctx, const char *id, struct api_view *out)
{
	if (id != NULL && strcmp(id, "k3f9") != 0)
		return -ENOENT;
	fill_view(ctx, out);
	return 0;
}

static size_t
links(void *ctx, struct api_view out[API_LINKS_MAX])
{
	fill_view(ctx, &out[0]);
	return 1;
}

static int
transfer(void *ctx, const char *id, enum est_direction direction, int64_t bytes,
    struct est_seconds *out)
{
	const struct fake *f = ctx;

	(void)direction;
	if (id != NULL && strcmp(id, "k3f9") != 0)
		return -ENOENT;
	memset(out, 0, sizeof(*out));
	out->known = f->kbps > 0;
	if (!out->known)
		return 0;
	out->us_p50 = 70000 + bytes * 8 * 1000 / f->kbps;
	out->us_p10 = out->us_p50 * 7 / 10;
	out->us_p90 = out->us_p50 * 16 / 10;
	return 0;
}

static int
outlook(void *ctx, const char *id, struct outlook *out)
{
	const struct fake *f = ctx;

	if (id != NULL && strcmp(id, "k3f9") != 0)
		return -ENOENT;
	made_outlook(out, (float)f->kbps, 0.4f, f->state == EST_OFFLINE ? 0.99f : 0.01f);
	return 0;
}

static void
event(struct fake *f, enum api_event_kind kind, const char *detail)
{
	struct api_event_row row = {.wall_us = f->wall_us, .link = "k3f9", .kind = kind,
	    .change = EST_CHANGE_DROP, .from_kbps = 18000, .to_kbps = 5100,
	    .duration_us = kind == API_EVENT_OUTAGE_END ? 4200000 : API_UNKNOWN};

	snprintf(row.detail, sizeof(row.detail), "%s", detail);
	if (f->api != NULL)
		api_event(f->api, &row);
}

static void
set_state(struct fake *f, enum est_state s)
{
	f->state = s;
	f->changed_us = f->now_us;
	event(f, s == EST_OFFLINE ? API_EVENT_OUTAGE_BEGIN : API_EVENT_OUTAGE_END, "");
}

/* A link that is known for long; one that was seen too little while it is `unready`. */
static int
forecast(void *ctx, const char *id, struct api_forecast *out)
{
	struct fake *f = ctx;
	int64_t now_us;

	if (id != NULL && strcmp(id, "k3f9") != 0)
		return -ENOENT;
	memset(out, 0, sizeof(*out));
	snprintf(out->link, sizeof(out->link), "k3f9");
	instant(f, &now_us, &out->wall_us);
	for (int i = 0; i < API_AHEAD_HOURS; i++) {
		out->hour[i].from_wall_us = INT64_C(1795500000000000) + i * INT64_C(3600000000);
		if (i == 3)
			out->hour[i].of = (struct ahead_hour){true, 1200.4, 4800, 9000};
	}
	if (f->unready)
		return 0;
	out->news = (struct ahead_news){.known = true, .outages = 210, .days = 41,
	    .since_s = 1790000000, .in_outage = f->state == EST_OFFLINE,
	    .chance = {0.03125, 0.5, 0.75}, .usual = {0.02, 0.1, 0.25},
	    .length = {[2] = {true, 38.2, 90, 45.5}}};
	if (out->news.in_outage) {
		out->news.remaining = (struct ahead_length){true, 12, 48, 20};
		out->outage_since_wall_us = out->wall_us - 4000000;
	}
	return 0;
}

static enum est_verdict
observe(void *ctx, const struct api_observation *o)
{
	struct fake *f = ctx;

	f->observed++;
	f->last = *o;
	if (strcmp(o->app, "ctl:offline") == 0)
		set_state(f, EST_OFFLINE);
	else if (strcmp(o->app, "ctl:online") == 0)
		set_state(f, EST_ONLINE);
	else if (strcmp(o->app, "ctl:network") == 0)
		event(f, API_EVENT_NETWORK, "route");
	else if (strcmp(o->app, "ctl:change") == 0)
		event(f, API_EVENT_CHANGE, "");
	else if (strcmp(o->app, "ctl:unready") == 0)
		f->unready = true;
	else if (strcmp(o->app, "ctl:cache") == 0)
		return EST_REJECT_CACHE;
	else if (o->sample.duration_us > 0)
		f->kbps = o->sample.bytes * 8000 / o->sample.duration_us;
	if (f->state == EST_UNKNOWN)
		f->state = EST_ONLINE;
	return EST_TAKEN;
}

static int
explain(void *ctx, const char *id, struct est_explain *out)
{
	(void)ctx;
	(void)id;
	memset(out, 0, sizeof(*out));
	out->source[EST_PROBE].age_us = -1;
	return 0;
}

static void
daemon_report(void *ctx, struct api_daemon_report *out)
{
	const struct fake *f = ctx;

	memset(out, 0, sizeof(*out));
	out->probes_len = 2;
	snprintf(out->probe[0].target, sizeof(out->probe[0].target), "observed");
	out->probe[0].count = f->observed;
	snprintf(out->probe[1].target, sizeof(out->probe[1].target), "exports");
	out->probe[1].count = f->exports;
	out->next_probe_in_us = -1;
}

static void
metrics(void *ctx, struct api_metrics *out)
{
	(void)ctx;
	memset(out, 0, sizeof(*out));
	out->history = (struct api_history_report){.ok = true, .rows = 1000, .commits = 20,
	    .queued = 3, .bytes = 123456, .last_commit_us_ago = 2500000};
	out->ahead_known = true;
	out->ahead[2] = 0.75;
	histogram_add(&out->rtt, 42000);
	histogram_add(&out->ttfb, 11000000);
	out->observations[EST_APP] = 7;
	out->rejects[EST_REJECT_CACHE] = 1;
}

static int
measure(void *ctx, bool over_budget)
{
	struct fake *f = ctx;

	if (f->observed == 0 && !over_budget)
		return -EDQUOT;
	f->measure_until_us = f->now_us + 1000000;
	return 0;
}

static bool
measuring(void *ctx)
{
	const struct fake *f = ctx;

	return f->now_us < f->measure_until_us;
}

static size_t
remembered(void *ctx, struct api_remembered out[API_REMEMBERED_MAX])
{
	const struct fake *f = ctx;

	memset(out, 0, 2 * sizeof(*out));
	snprintf(out[0].link.id, sizeof(out[0].link.id), "k3f9");
	snprintf(out[0].link.name, sizeof(out[0].link.name), "%s", f->name);
	snprintf(out[0].link.interface, sizeof(out[0].link.interface), "wlan0");
	out[0].link.kind = EST_LINK_WIFI;
	out[0].seen_wall_us = f->wall_us;
	out[0].up = out[0].learnt = true;
	snprintf(out[1].link.id, sizeof(out[1].link.id), "train");
	snprintf(out[1].link.interface, sizeof(out[1].link.interface), "wlan0");
	out[1].link.kind = EST_LINK_WIFI;
	return 2;
}

static int
name(void *ctx, const char *id, const char *name)
{
	struct fake *f = ctx;

	if (strcmp(id, "k3f9") != 0)
		return -ENOENT;
	snprintf(f->name, sizeof(f->name), "%s", name);
	return 0;
}

/* Rows of "train" never go, and those of a second one are too many. */
static int64_t
forget(void *ctx, const struct api_forget *what, size_t *links)
{
	struct fake *f = ctx;

	if (what->id[0] != '\0' && strcmp(what->id, "k3f9") != 0 && strcmp(what->id, "train") != 0)
		return -ENOENT;
	if (f->forgetting > 8)
		return -EBUSY;
	*links = what->all ? 2 : 1;
	f->forgetting++;
	f->forget_until_us = strcmp(what->id, "train") == 0 ? INT64_MAX : f->now_us + 300000;
	return f->forgetting;
}

static int
forgotten(void *ctx, int64_t number, int64_t *rows)
{
	struct fake *f = ctx;

	(void)number;
	*rows = 1234;
	return f->now_us < f->forget_until_us ? -EAGAIN : 0;
}

static void
health(void *ctx, struct api_health *out)
{
	const struct fake *f = ctx;

	out->alive = true;
	out->ready = !f->unready;
	snprintf(out->why, sizeof(out->why), "%s", f->unready ? "The disk is full." : "");
}

static int
history_open(void *ctx, const struct api_range *range, struct api_rows **out)
{
	static const char *const known[] = {"", "k3f9", "big", "stuck", "fail", "at-once"};
	struct fake *f = ctx;
	struct api_rows *r;
	bool found = false;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		found = found || strcmp(range->link, known[i]) == 0;
	if (!found)
		return -ENOENT;
	if (f->exports == FAKE_EXPORTS_MAX)
		return -EBUSY;
	r = calloc(1, sizeof(*r));
	assert(r != NULL);
	r->fake = f;
	r->range = *range;
	r->rows = strcmp(range->link, "big") == 0 ? ROWS_MANY : ROWS_SOME;
	f->exports++;
	*out = r;
	return 0;
}

static void
fill_block(struct api_rows *r, struct buf *b)
{
	struct api_estimate_row e = {.link = "k3f9", .state = EST_ONLINE,
	    .quality = EST_QUALITY_GOOD, .down_kbps_p10 = 3300, .down_kbps_p50 = 5200,
	    .down_kbps_p90 = 7600, .up_kbps_p50 = API_UNKNOWN, .rtt_us_min = 38200,
	    .rtt_us_p50 = 45000, .rtt_us_p90 = 71500, .ttfb_us_p50 = 70000, .loss_ppm = 2000};

	struct api_condition_row c = {.from_wall_us = r->range.from_wall_us,
	    .to_wall_us = r->range.to_wall_us, .link = "k3f9", .state = EST_ONLINE,
	    .quality = EST_QUALITY_GOOD, .seconds = 7, .hour = r->range.by_hour ? 6 : -1};

	if (!r->header && r->range.format == API_CSV)
		rows_csv_header(b, r->range.what);
	if (!r->header && r->range.format == API_CSV && r->range.more.zone != API_ZONE_NONE)
		rows_more_header(b, &r->range.more);
	if (r->range.format == API_JSON && !r->header)
		buf_char(b, '[');
	r->header = true;
	while (r->row < r->rows && b->cap - b->len > API_ROW_TEXT_MAX + ROWS_MORE_MAX) {
		e.wall_us = r->range.from_wall_us + r->row * 1000000;
		if (r->range.format == API_JSON && r->row > 0)
			buf_char(b, ',');
		if (r->range.what == API_CONDITIONS)
			rows_condition(b, r->range.format, &c);
		else
			rows_estimate(b, r->range.format, &e);
		if (r->range.more.zone != API_ZONE_NONE)
			rows_more(b, r->range.format, &r->range.more, e.wall_us, NULL);
		r->row++;
	}
	if (r->range.format == API_JSON && r->row == r->rows) {
		buf_char(b, ']');
		r->row++;
	}
}

static void
deliver(struct api_rows *r)
{
	api_block_fn *ready = r->ready;
	bool first = !r->header;
	struct buf b;

	r->ready = NULL;
	buf_init(&b, r->text, sizeof(r->text));
	if (!first && strcmp(r->range.link, "fail") == 0) {
		ready(r->arg, NULL, -EIO);
		return;
	}
	fill_block(r, &b);
	ready(r->arg, r->text, (int64_t)b.len);
}

static void
history_next_block(struct api_rows *r, api_block_fn *ready, void *arg)
{
	struct fake *f = r->fake;

	assert(r->ready == NULL);
	r->ready = ready;
	r->arg = arg;
	if (strcmp(r->range.link, "at-once") == 0) {
		deliver(r);
		return;
	}
	if (strcmp(r->range.link, "stuck") == 0)
		return;
	for (int i = 0; i < FAKE_EXPORTS_MAX; i++) {
		if (f->waiting[i] == NULL) {
			f->waiting[i] = r;
			return;
		}
	}
	assert(false && "more exports wait than are open");
}

static void
history_close(struct api_rows *r)
{
	for (int i = 0; i < FAKE_EXPORTS_MAX; i++) {
		if (r->fake->waiting[i] == r)
			r->fake->waiting[i] = NULL;
	}
	r->fake->exports--;
	free(r);
}

void
fake_deliver(struct fake *f)
{
	for (int i = 0; i < FAKE_EXPORTS_MAX; i++) {
		struct api_rows *r = f->waiting[i];

		f->waiting[i] = NULL;
		if (r != NULL)
			deliver(r);
	}
}

void
fake_init(struct fake *f, struct api_source *out)
{
	memset(f, 0, sizeof(*f));
	f->kbps = -1;
	f->wall_us = INT64_C(1795500900250000);
	*out = (struct api_source){
		.ctx = f,
		.instant = instant,
		.view = view,
		.links = links,
		.transfer = transfer,
		.outlook = outlook,
		.forecast = forecast,
		.observe = observe,
		.explain = explain,
		.daemon = daemon_report,
		.metrics = metrics,
		.measure = measure,
		.measuring = measuring,
		.remembered = remembered,
		.name = name,
		.forget = forget,
		.forgotten = forgotten,
		.health = health,
		.history_open = history_open,
		.history_next_block = history_next_block,
		.history_close = history_close,
	};
}
