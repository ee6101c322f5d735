/* SPDX-License-Identifier: ISC */
/* Tells the evidence behind the estimate, and what the daemon is about to do. */
#include "api/explain.h"

#include <errno.h>

#include "api/budget.h"
#include "api/json.h"

#define EXPLAIN_TEXT_MAX 16384

static void
sources(struct jw *w, const struct est_explain *e)
{
	jw_key_open(w, "sources", '{');
	for (int s = 0; s < EST_SOURCES; s++) {
		const struct est_source_report *r = &e->source[s];

		jw_key_open(w, est_source_name((enum est_source)s), '{');
		jw_key_int(w, "count", r->count);
		jw_key_fixed(w, "weight", r->weight_ppm / 1000, 3);
		jw_key_int(w, "age_ms", r->age_us < 0 ? API_UNKNOWN : r->age_us / 1000);
		jw_key_int(w, "bytes", r->bytes);
		jw_close(w, '}');
	}
	jw_close(w, '}');
}

static void
verdicts(struct jw *w, const struct est_explain *e)
{
	static const char *const names[EST_VERDICTS] = {
		[EST_TAKEN] = "taken",
		[EST_REJECT_CACHE] = "from_cache",
		[EST_REJECT_SERVER] = "server_limited",
		[EST_REJECT_LATE] = "too_late",
		[EST_REJECT_ORDER] = "out_of_order",
		[EST_REJECT_ABSURD] = "absurd",
		[EST_REJECT_FULL] = "too_many_at_once",
	};

	jw_key_int(w, "taken", e->rejected[EST_TAKEN]);
	jw_key_open(w, "rejected", '{');
	for (int v = EST_TAKEN + 1; v < EST_VERDICTS; v++)
		jw_key_int(w, names[v], e->rejected[v]);
	jw_close(w, '}');
}

static void
link_part(struct jw *w, const struct api_view *v, const struct est_explain *e)
{
	jw_key_time(w, "time", v->wall_us);
	jw_key_text(w, "link", v->link.id);
	jw_key_text(w, "state", est_state_name(v->est.state));
	estimate_diagnosis(w, &v->diagnosis);
	estimate_faults(w, v);
	sources(w, e);
	verdicts(w, e);
	jw_key_int(w, "open_requests", e->open_requests);
	jw_key_int(w, "silent_ms", e->silent_us / 1000);
	jw_key_fixed(w, "dead_probability", e->off_ppm, 6);
	jw_key_int(w, "outages", e->outages);
	jw_key_int(w, "window_bytes", e->window_bytes);
	jw_key_fixed(w, "rate_limited_share", e->rate_limited_ppm, 6);
	jw_key_open(w, "changes", '[');
	for (size_t i = 0; i < e->changes_len; i++)
		estimate_change(w, v, &e->changes[i]);
	jw_close(w, ']');
}

static void
probes(struct jw *w, const struct api_daemon_report *d)
{
	jw_key_open(w, "probes", '[');
	for (size_t i = 0; i < d->probes_len; i++) {
		const struct api_probe_report *r = &d->probe[i];

		jw_open(w, '{');
		jw_key_text(w, "target", r->target);
		jw_key_text(w, "kind", r->kind);
		jw_key_bool(w, "own", r->own);
		jw_key_int(w, "count", r->count);
		jw_key_int(w, "failures", r->failures);
		jw_key_int(w, "age_ms", r->last_age_us < 0 ? API_UNKNOWN : r->last_age_us / 1000);
		jw_key_text(w, "last", r->last);
		jw_key_text(w, "condition", r->condition ? r->condition : "");
		jw_close(w, '}');
	}
	jw_close(w, ']');
}

static void
kernel_part(struct jw *w, const struct api_kernel_report *k)
{
	jw_key_open(w, "kernel", '{');
	jw_key_bool(w, "on", k->on);
	if (k->on) {
		jw_key_int(w, "sockets", k->sockets);
		jw_key_int(w, "looks", k->looks);
		jw_key_int(w, "age_ms", k->age_us / 1000);
		jw_key_int(w, "period_ms", k->period_us / 1000);
		jw_key_int(w, "cost_us", k->cost_us);
		jw_key_int(w, "cost_us_max", k->cost_us_max);
		jw_key_int(w, "ended", k->ended);
		jw_key_int(w, "lost", k->lost);
		jw_key_int(w, "broken", k->broken);
		jw_key_int(w, "malformed", k->malformed);
		jw_key_int(w, "left_out", k->left_out);
		jw_key_int(w, "silences", k->silences);
		jw_key_int(w, "probes_asked_for", k->wishes);
	}
	jw_close(w, '}');
}

/* What is wrong with targets and with asking the kernel, and how often it was. */
static void
conditions(struct jw *w, const struct api_daemon_report *d)
{
	jw_key_open(w, "conditions", '{');
	for (size_t i = 0; i < d->conditions; i++)
		if (d->condition_name[i])
			jw_key_int(w, d->condition_name[i], d->condition[i]);
	jw_key_int(w, "network_unread", d->network.unread);
	jw_key_int(w, "network_malformed", d->network.malformed);
	jw_close(w, '}');
	if (d->names_known)
		jw_key_bool(w, "names_found", d->names_found);
	else
		jw_key_null(w, "names_found");
	jw_key_text(w, "portal", d->portal);
}

static void
hooks_part(struct jw *w, const struct api_daemon_report *d)
{
	jw_key_open(w, "webhooks", '[');
	for (size_t i = 0; i < d->hooks_len; i++) {
		const struct api_hook_report *h = &d->hook[i];

		jw_open(w, '{');
		jw_key_text(w, "target", h->target);
		jw_key_int(w, "queued", h->queued);
		jw_key_int(w, "delivered", h->delivered);
		jw_key_int(w, "failed", h->failed);
		jw_key_int(w, "given_up", h->given_up);
		jw_key_int(w, "dropped", h->dropped);
		jw_key_int(w, "age_ms", h->last_age_us < 0 ? API_UNKNOWN : h->last_age_us / 1000);
		jw_key_text(w, "last", h->last);
		jw_close(w, '}');
	}
	jw_close(w, ']');
	jw_key_open(w, "webhook_bytes", '{');
	jw_key_int(w, "down", d->hook_bytes_down);
	jw_key_int(w, "up", d->hook_bytes_up);
	jw_close(w, '}');
}

static void
daemon_part(struct jw *w, const struct api_daemon_report *d, int64_t wall_us)
{
	probes(w, d);
	conditions(w, d);
	kernel_part(w, &d->kernel);
	jw_key_open(w, "next_probe", '{');
	jw_key_int(w, "in_ms",
	    d->next_probe_in_us < 0 ? API_UNKNOWN : d->next_probe_in_us / 1000);
	jw_key_text(w, "kind", d->next_probe_kind);
	jw_key_text(w, "reason", d->next_probe_reason);
	jw_close(w, '}');
	jw_key_open(w, "probe_bytes", '{');
	jw_key_int(w, "down", d->probe_bytes_down);
	jw_key_int(w, "up", d->probe_bytes_up);
	jw_close(w, '}');
	jw_key_open(w, "budget", '{');
	budget_write(w, &d->budget, wall_us);
	jw_close(w, '}');
	hooks_part(w, d);
	jw_key_int(w, "uptime_s", d->uptime_us / 1000000);
}

int
explain_answer(struct core *core, const struct request *rq, struct answer *out)
{
	static const char *const names[] = {"link", NULL};
	static char text[EXPLAIN_TEXT_MAX];
	static struct api_daemon_report report;
	const char *link = query_get(&rq->query, "link");
	struct est_explain e;
	struct api_view v;
	struct buf b;
	struct jw w;

	if (query_only(&rq->query, names, &out->problem) != 0)
		return -EINVAL;
	if (core->source.view(core->source.ctx, link, &v) != 0 ||
	    core->source.explain(core->source.ctx, link, &e) != 0)
		return problem_set(&out->problem, 404, "link", "There is no link %.20s.",
		    link != NULL ? link : "");
	core->source.daemon(core->source.ctx, &report);
	buf_init(&b, text, sizeof(text));
	jw_init(&w, &b);
	jw_open(&w, '{');
	link_part(&w, &v, &e);
	daemon_part(&w, &report, v.wall_us);
	jw_close(&w, '}');
	return answer_text(out, 200, TYPE_JSON, &b);
}
