/* SPDX-License-Identifier: ISC */
/* What the API and the probes ask of the engine. */
#include "daemon/engine_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct slot *
find(struct engine *e, const char *id)
{
	if (!id)
		return &e->slot[e->current];
	for (int i = 0; i < API_LINKS_MAX; i++)
		if (e->slot[i].used && (e->slot[i].up || i == e->current) &&
		    strcmp(e->slot[i].link.id, id) == 0)
			return &e->slot[i];
	return NULL;
}

static void
instant(void *ctx, int64_t *now_us, int64_t *wall_us)
{
	struct engine *e = ctx;

	*now_us = e->o.now(e->o.ctx);
	*wall_us = engine_wall_us(e, *now_us);
}

static void
view_of(struct engine *e, struct slot *s, struct api_view *out)
{
	instant(e, &out->now_us, &out->wall_us);
	out->link = s->link;
	est_read(&s->est, out->now_us, EST_HORIZON_US, &out->est);
	engine_diagnose(e, s, &out->est, &out->diagnosis);
	engine_faults_view(s, out);
}

static int
view(void *ctx, const char *id, struct api_view *out)
{
	struct slot *s = find(ctx, id);

	if (!s)
		return -ENOENT;
	view_of(ctx, s, out);
	return 0;
}

static size_t
links(void *ctx, struct api_view out[API_LINKS_MAX])
{
	struct engine *e = ctx;
	size_t n = 0;

	if (e->slot[e->current].up)
		view_of(e, &e->slot[e->current], &out[n++]);
	for (int i = 0; i < API_LINKS_MAX; i++)
		if (i != e->current && e->slot[i].used && e->slot[i].up)
			view_of(e, &e->slot[i], &out[n++]);
	return n;
}

static int
transfer(void *ctx, const char *id, enum est_direction direction, int64_t bytes,
    struct est_seconds *out)
{
	struct engine *e = ctx;
	struct slot *s = find(e, id);

	if (!s)
		return -ENOENT;
	est_transfer(&s->est, e->o.now(e->o.ctx), direction, bytes, out);
	return 0;
}

static int
outlook(void *ctx, const char *id, struct outlook *out)
{
	struct engine *e = ctx;
	struct slot *s = find(e, id);

	if (!s)
		return -ENOENT;
	est_tick(&s->est, e->o.now(e->o.ctx));
	outlook_take(&s->est, OUTLOOK_HORIZON_US, out);
	return 0;
}

static int
forecast(void *ctx, const char *id, struct api_forecast *out)
{
	struct engine *e = ctx;
	struct slot *s = find(e, id);
	int64_t now_us;

	if (!s)
		return -ENOENT;
	memset(out, 0, sizeof(*out));
	instant(e, &now_us, &out->wall_us);
	memcpy(out->link, s->link.id, sizeof(out->link));
	if (e->forecast)
		forecast_ask(e->forecast, now_us, out);
	return 0;
}

/* connect_ms alone: no transfer, but one round trip that was answered. */
static bool
is_bare_connect(const struct est_sample *s)
{
	return s->rtt_us >= 0 && s->bytes == 0 && s->ttfb_us < 0 && !s->in_progress &&
	    s->error == EST_ERROR_NONE;
}

static enum est_verdict
observe(void *ctx, const struct api_observation *o)
{
	struct engine *e = ctx;
	struct est_sample sample = o->sample;
	int64_t now_us = e->o.now(e->o.ctx);
	int64_t new_bytes = sample.bytes;
	enum est_verdict verdict;

	sample.ended_us = now_us - o->ended_ago_us;
	sample.source = EST_APP;
	sample.request = 0;
	if (o->id[0]) {
		sample.request = requests_number(&e->requests, o->app, o->id);
		new_bytes = requests_report(&e->requests, sample.request, now_us,
		    sample.bytes, sample.in_progress);
	}
	verdict = engine_sample(e, &e->slot[e->current], now_us, &sample, new_bytes, o->app);
	if (verdict == EST_TAKEN && is_bare_connect(&sample))
		est_add_rtt(&e->slot[e->current].est, now_us, EST_APP, sample.rtt_us, true);
	if (e->probes && !sample.from_cache &&
	    (new_bytes > 0 || (sample.ttfb_us >= 0 && !sample.in_progress)))
		probes_heard(e->probes, sample.ended_us);
	if (e->probes && sample.error == EST_ERROR_DNS)
		probes_names_doubted(e->probes, now_us);
	return verdict;
}

static int
explain(void *ctx, const char *id, struct est_explain *out)
{
	struct engine *e = ctx;
	struct slot *s = find(e, id);

	if (!s)
		return -ENOENT;
	est_explain(&s->est, e->o.now(e->o.ctx), out);
	return 0;
}

static void
report(void *ctx, struct api_daemon_report *out)
{
	struct engine *e = ctx;
	int64_t now_us = e->o.now(e->o.ctx);

	memset(out, 0, sizeof(*out));
	out->next_probe_in_us = -1;
	if (e->probes)
		probes_report(e->probes, now_us, out);
	if (e->kernel)
		kernel_report(e->kernel, now_us, &out->kernel);
	if (e->netlink)
		netlink_report(e->netlink, &out->network);
	if (e->webhooks)
		webhooks_report(e->webhooks, now_us, out);
	out->uptime_us = now_us - e->started_us;
}

static void
metrics(void *ctx, struct api_metrics *out)
{
	struct engine *e = ctx;
	struct store_report r = { .bytes = -1, .last_commit_us_ago = -1 };
	struct ahead_news ahead;

	*out = e->counted;
	if (e->forecast && forecast_peek(e->forecast, e->slot[e->current].link.id,
		engine_wall_us(e, e->o.now(e->o.ctx)), &ahead)) {
		out->ahead_known = true;
		memcpy(out->ahead, ahead.chance, sizeof(out->ahead));
	}
	if (e->o.store)
		store_report(e->o.store, &r);
	out->history = (struct api_history_report){ .ok = r.ok, .rows = r.rows,
		.commits = r.commits, .dropped = r.dropped, .errors = r.errors, .shed = r.shed,
		.queued = r.queued, .bytes = r.bytes,
		.last_commit_us_ago = r.last_commit_us_ago };
}

static int
measure(void *ctx, bool over_budget)
{
	struct engine *e = ctx;

	return e->probes ? probes_measure(e->probes, e->o.now(e->o.ctx), over_budget) : -ENOENT;
}

static bool
measuring(void *ctx)
{
	struct engine *e = ctx;

	return e->probes && probes_measuring(e->probes, e->o.now(e->o.ctx));
}

static size_t
remembered(void *ctx, struct api_remembered out[API_REMEMBERED_MAX])
{
	struct engine *e = ctx;
	int64_t now_us, wall_us;

	instant(e, &now_us, &wall_us);
	return remembered_list(&e->remembered, wall_us, out);
}

static int
name(void *ctx, const char *id, const char *name)
{
	struct engine *e = ctx;
	int err = remembered_name(&e->remembered, id, name);

	for (int i = 0; !err && i < API_LINKS_MAX; i++) {
		struct api_link *l = &e->slot[i].link;

		if (e->slot[i].used && strcmp(l->id, id) == 0)
			(void)snprintf(l->name, sizeof(l->name), "%s", name);
	}
	return err;
}

/* The history's rows go by and by; a link that is there begins anew at once. */
static int64_t
forget(void *ctx, const struct api_forget *what, size_t *links)
{
	struct engine *e = ctx;
	int64_t number = 0;

	if (what->id[0] && !remembered_has(&e->remembered, what->id))
		return -ENOENT;
	if (!what->all && !what->id[0]) /* else one that nothing is learnt of passes for unseen */
		remembered_see(&e->remembered, engine_wall_us(e, e->o.now(e->o.ctx)));
	if (e->o.store)
		number = store_forget(e->o.store, what);
	if (number < 0)
		return number;
	*links = remembered_forget(&e->remembered, what);
	if (e->forecast)
		forecast_forget(e->forecast, what->before_wall_us);
	if (what->all || what->id[0])
		engine_forget(e, what->all ? NULL : what->id);
	return number;
}

static int
forgotten(void *ctx, int64_t number, int64_t *rows)
{
	struct engine *e = ctx;

	*rows = 0;
	return e->o.store ? store_forgotten(e->o.store, number, rows) : 0;
}

static void
health(void *ctx, struct api_health *out)
{
	struct engine *e = ctx;
	struct store_report r = { .ok = true };

	if (e->o.store)
		store_report(e->o.store, &r);
	*out = (struct api_health){ .alive = true, .ready = r.ok };
	if (!r.ok)
		(void)snprintf(out->why, sizeof(out->why), "history: %s", r.why);
}

static int
history_open(void *ctx, const struct api_range *range, struct api_rows **out)
{
	struct engine *e = ctx;

	return e->o.store ? store_rows_open(e->o.store, range, out) : -ENOENT;
}

void
engine_set_forecast(struct engine *e, struct forecast *f)
{
	e->forecast = f;
}

void
engine_set_webhooks(struct engine *e, const struct webhooks *w)
{
	e->webhooks = w;
}

void
engine_source(struct engine *e, struct api_source *out)
{
	*out = (struct api_source){
		.ctx = e,
		.instant = instant,
		.view = view,
		.links = links,
		.transfer = transfer,
		.outlook = outlook,
		.forecast = forecast,
		.observe = observe,
		.explain = explain,
		.daemon = report,
		.metrics = metrics,
		.measure = measure,
		.measuring = measuring,
		.remembered = remembered,
		.name = name,
		.forget = forget,
		.forgotten = forgotten,
		.health = health,
		.history_open = history_open,
		.history_next_block = store_rows_next,
		.history_close = store_rows_close,
	};
}

/* --- probes ----------------------------------------------------------------------------- */

static struct slot *
slot_of(const struct engine_probed *p)
{
	return &p->e->slot[p->link == ENGINE_DEFAULT ? p->e->current : p->link];
}

static void
probe_sample(void *ctx, int64_t now_us, const struct est_sample *s)
{
	struct engine_probed *p = ctx;
	int64_t new_bytes = requests_report(&p->e->requests, s->request, now_us, s->bytes,
	    s->in_progress);

	(void)engine_sample(p->e, slot_of(p), now_us, s, new_bytes, "");
}

static void
probe_rtt(void *ctx, int64_t now_us, int64_t rtt_us, bool answered)
{
	struct engine_probed *p = ctx;

	est_add_rtt(&slot_of(p)->est, now_us, EST_PROBE, rtt_us, answered);
	if (answered)
		engine_count_rtt(p->e, rtt_us);
}

static void
probe_silence(void *ctx, int64_t now_us, int64_t waited_us, int places)
{
	est_add_silence(&slot_of(ctx)->est, now_us, EST_PROBE, waited_us, places);
}

static int64_t
probe_wall(void *ctx, int64_t now_us)
{
	const struct engine_probed *p = ctx;

	return engine_wall_us(p->e, now_us);
}

static void
probe_keep(void *ctx, const char *key, const void *memory, size_t len)
{
	const struct engine_probed *p = ctx;

	if (p->e->o.store)
		store_put(p->e->o.store, key, memory, len);
}

static void
probe_opened(void *ctx, int fd)
{
	const struct engine_probed *p = ctx;

	if (p->e->kernel)
		kernel_own(p->e->kernel, fd);
}

static void
probe_captive(void *ctx, int64_t now_us, bool captive)
{
	struct engine_probed *p = ctx;

	est_set_captive(&slot_of(p)->est, now_us, captive);
	engine_publish(p->e, slot_of(p), now_us);
}

static void
probe_forget(void *ctx, int64_t now_us, uint64_t request)
{
	struct engine_probed *p = ctx;

	(void)requests_report(&p->e->requests, request, now_us, 0, false);
	est_forget_request(&slot_of(p)->est, request);
}

static void
probe_family(void *ctx, int64_t now_us, bool v6, bool dead)
{
	struct engine_probed *p = ctx;

	engine_fault(p->e, slot_of(p), v6 ? ENGINE_IPV6_DEAD : ENGINE_IPV4_DEAD, dead, now_us);
}

static void
probe_astray(void *ctx, int64_t now_us, bool astray)
{
	struct engine_probed *p = ctx;

	engine_fault(p->e, slot_of(p), ENGINE_UNMEASURED, astray, now_us);
}

static void
probe_belief(void *ctx, int64_t now_us, struct est_snapshot *out)
{
	est_read(&slot_of(ctx)->est, now_us, EST_HORIZON_US, out);
}

void
engine_probes_sink(struct engine *e, int link, struct probes_sink *out)
{
	struct engine_probed *p = link == ENGINE_DEFAULT ? &e->probed_default : &e->probed[link];

	*p = (struct engine_probed){ .e = e, .link = link };
	*out = (struct probes_sink){
		.ctx = p,
		.sample = probe_sample,
		.rtt = probe_rtt,
		.silence = probe_silence,
		.wall = probe_wall,
		.keep = probe_keep,
		.opened = probe_opened,
		.captive = probe_captive,
		.forget = probe_forget,
		.family = probe_family,
		.astray = probe_astray,
		.belief = probe_belief,
	};
}

struct probes *
engine_probes_of(struct engine *e, const struct slot *s)
{
	return s == &e->slot[e->current] ? e->probes : e->probed[s - e->slot].probes;
}

size_t
engine_sides(const struct engine *e, struct kernel_link out[API_LINKS_MAX])
{
	size_t n = 0;

	for (int i = 0; i < API_LINKS_MAX; i++) {
		const struct slot *s = &e->slot[i];

		if (i == e->current || !s->used || !s->up || !s->carrier)
			continue;
		out[n].link = i;
		memcpy(out[n].interface, s->link.interface, sizeof(out[n].interface));
		n++;
	}
	return n;
}

void
engine_set_side(struct engine *e, int link, struct probes *p)
{
	e->probed[link].probes = p;
}
