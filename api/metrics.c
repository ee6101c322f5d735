/* SPDX-License-Identifier: ISC */
/* Writes the estimates and the daemon's own counters as metrics. */
#include <config.h>

#include "api/metrics.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "api/metrics_text.h"

#define TYPE_OPEN "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define TYPE_TEXT "text/plain; version=0.0.4; charset=utf-8"

/* --- Links -------------------------------------------------------------------------------- */

static void
rates(struct mt *w, const struct api_view *v)
{
	static const char *const directions[EST_DIRECTIONS] = {"down", "up"};
	const char *id = v->link.id;

	for (int d = 0; d < EST_DIRECTIONS; d++) {
		const struct est_rate *r = &v->est.rate[d];

		if (!r->known)
			continue;
		mt_sample(w, MT_LABELS("link", id, "direction", directions[d], "q", "0.1"),
		    r->kbps_p10 * 125, 0);
		mt_sample(w, MT_LABELS("link", id, "direction", directions[d], "q", "0.5"),
		    r->kbps_p50 * 125, 0);
		mt_sample(w, MT_LABELS("link", id, "direction", directions[d], "q", "0.9"),
		    r->kbps_p90 * 125, 0);
	}
}

static void
delay(struct mt *w, const char *id, const struct est_delay *d)
{
	if (!d->known)
		return;
	mt_sample(w, MT_LABELS("link", id, "q", "0.5"), d->us_p50, 6);
	mt_sample(w, MT_LABELS("link", id, "q", "0.9"), d->us_p90, 6);
}

static void
states(struct mt *w, const struct api_view *v, size_t n)
{
	mt_family(w, "link_state", "gauge", "1 for the state that a link is in, 0 for the others.");
	for (size_t i = 0; i < n; i++)
		for (int s = 0; s < EST_ASLEEP; s++)
			mt_sample(w, MT_LABELS("link", v[i].link.id, "state",
			    est_state_name((enum est_state)s)), (int)v[i].est.state == s, 0);
	mt_family(w, "link_quality", "gauge",
	    "1 for the quality that a link has, 0 for the others.");
	for (size_t i = 0; i < n; i++)
		for (int q = 0; q < EST_QUALITIES; q++)
			mt_sample(w, MT_LABELS("link", v[i].link.id, "quality",
			    est_quality_name((enum est_quality)q)), (int)v[i].est.quality == q, 0);
}

static void
identities(struct mt *w, const struct api_view *v, size_t n)
{
	mt_family(w, "link_info", "gauge", "What a link is; 1.");
	for (size_t i = 0; i < n; i++)
		mt_sample(w, MT_LABELS("link", v[i].link.id, "interface", v[i].link.interface,
		    "kind", est_link_kind_name(v[i].link.kind)), 1, 0);
	mt_family(w, "link_default", "gauge",
	    "Does the default route use this link? Without one: did it last?");
	for (size_t i = 0; i < n; i++)
		mt_sample(w, MT_LABELS("link", v[i].link.id), v[i].link.is_default, 0);
}

static void
estimates(struct mt *w, const struct api_view *v, size_t n)
{
	mt_family(w, "link_goodput_bytes_per_second", "gauge",
	    "Quantiles of the mean goodput of the next seconds.");
	for (size_t i = 0; i < n; i++)
		rates(w, &v[i]);
	mt_family(w, "link_rtt_seconds", "gauge",
	    "Quantiles of a network round trip, as estimated.");
	for (size_t i = 0; i < n; i++)
		delay(w, v[i].link.id, &v[i].est.rtt);
	mt_family(w, "link_ttfb_seconds", "gauge",
	    "Quantiles of the time to the first byte, as estimated.");
	for (size_t i = 0; i < n; i++)
		delay(w, v[i].link.id, &v[i].est.ttfb);
	mt_family(w, "link_loss_ratio", "gauge", "Requests without an answer in their time.");
	for (size_t i = 0; i < n; i++)
		mt_sample(w, MT_LABELS("link", v[i].link.id), mt_if_known(v[i].est.loss_ppm), 6);
	mt_family(w, "link_confidence_ratio", "gauge", "How narrow the estimate is, 0 to 1.");
	for (size_t i = 0; i < n; i++)
		mt_sample(w, MT_LABELS("link", v[i].link.id), v[i].est.confidence_ppm, 6);
	mt_family(w, "link_evidence_age_seconds", "gauge", "Since the last evidence.");
	for (size_t i = 0; i < n; i++)
		mt_sample(w, MT_LABELS("link", v[i].link.id), mt_if_known(v[i].est.age_us), 6);
}

/* Links that are up. Where the default route went away, the link that had it is one more:
 * an alert on a link that is offline must find it. */
static size_t
take_links(const struct api_source *source, struct api_view out[API_LINKS_MAX])
{
	size_t n = source->links(source->ctx, out);
	struct api_view last;

	if ((n > 0 && out[0].link.is_default) || n == API_LINKS_MAX ||
	    source->view(source->ctx, NULL, &last) != 0)
		return n;
	for (size_t i = 0; i < n; i++)
		if (strcmp(out[i].link.id, last.link.id) == 0)
			return n;
	out[n] = last;
	return n + 1;
}

/* --- The daemon's own ----------------------------------------------------------------------- */

static void
evidence(struct mt *w, const struct api_metrics *m)
{
	static const char *const reasons[EST_VERDICTS] = {
		[EST_TAKEN] = "",
		[EST_REJECT_CACHE] = "from_cache",
		[EST_REJECT_SERVER] = "server_limited",
		[EST_REJECT_LATE] = "too_late",
		[EST_REJECT_ORDER] = "out_of_order",
		[EST_REJECT_ABSURD] = "absurd",
		[EST_REJECT_FULL] = "too_many_at_once",
	};

	mt_family(w, "observations", "counter", "Requests and slices that were told, by source.");
	for (int s = 0; s < EST_SOURCES; s++)
		mt_sample(w, MT_LABELS("source", est_source_name((enum est_source)s)),
		    m->observations[s], 0);
	mt_family(w, "rejects", "counter", "Of these, those that counted for nothing or less.");
	for (int v = EST_TAKEN + 1; v < EST_VERDICTS; v++)
		mt_sample(w, MT_LABELS("reason", reasons[v]), m->rejects[v], 0);
	mt_histogram(w, "rtt_seconds", "Round trips as they were timed, by any source.", &m->rtt);
	mt_histogram(w, "ttfb_seconds", "Times to the first byte, as they were timed.", &m->ttfb);
	mt_family(w, "state_seconds", "counter",
	    "How long the link of the default route was in each state, and this host asleep.");
	for (int s = 0; s < EST_STATES; s++)
		mt_sample(w, MT_LABELS("state", est_state_name((enum est_state)s)),
		    m->in_state_us[s], 6);
}

static void
probes(struct mt *w, const struct api_daemon_report *d)
{
	static const char *const kinds[] = {"latency", "download", "upload"};
	int64_t count[3] = {0}, failures[3] = {0};

	for (size_t i = 0; i < d->probes_len; i++)
		for (int k = 0; k < 3; k++)
			if (strcmp(d->probe[i].kind, kinds[k]) == 0) {
				count[k] += d->probe[i].count;
				failures[k] += d->probe[i].failures;
			}
	mt_family(w, "probes", "counter", "Requests of the daemon's own, by kind.");
	for (int k = 0; k < 3; k++)
		mt_sample(w, MT_LABELS("kind", kinds[k]), count[k], 0);
	mt_family(w, "probe_failures", "counter", "Of these, those that failed.");
	for (int k = 0; k < 3; k++)
		mt_sample(w, MT_LABELS("kind", kinds[k]), failures[k], 0);
	mt_family(w, "probe_conditions", "counter",
	    "Times that something was wrong with a target, by what it was.");
	for (size_t i = 0; i < d->conditions; i++)
		if (d->condition_name[i])
			mt_sample(w, MT_LABELS("condition", d->condition_name[i]), d->condition[i], 0);
	mt_family(w, "probe_bytes", "counter", "Bytes that they moved.");
	mt_sample(w, MT_LABELS("direction", "down"), d->probe_bytes_down, 0);
	mt_sample(w, MT_LABELS("direction", "up"), d->probe_bytes_up, 0);
}

static void
budget(struct mt *w, const struct api_budget_report *b)
{
	mt_family(w, "budget_limit_bytes", "gauge", "What measuring may move in any such time.");
	mt_sample(w, MT_LABELS("per", "hour"), b->hour_limit_bytes, 0);
	mt_sample(w, MT_LABELS("per", "day"), b->day_limit_bytes, 0);
	mt_family(w, "budget_spent_bytes", "gauge", "What it moved in the last hour and day.");
	mt_sample(w, MT_LABELS("per", "hour"), b->hour_spent_bytes, 0);
	mt_sample(w, MT_LABELS("per", "day"), b->day_spent_bytes, 0);
	mt_one(w, "metered", "gauge", "1 on a connection that costs by the byte.", b->metered, 0);
}

/* Of all together: where they go is nobody's business here. */
static void
webhooks(struct mt *w, const struct api_daemon_report *d)
{
	int64_t waiting = 0, delivered = 0, failed = 0, given_up = 0, dropped = 0;

	for (size_t i = 0; i < d->hooks_len; i++) {
		waiting += d->hook[i].queued;
		delivered += d->hook[i].delivered;
		failed += d->hook[i].failed;
		given_up += d->hook[i].given_up;
		dropped += d->hook[i].dropped;
	}
	mt_one(w, "webhook_events_waiting", "gauge", "Changes to be told to webhooks.", waiting, 0);
	mt_family(w, "webhook_events", "counter", "Changes that were delivered, or never were.");
	mt_sample(w, MT_LABELS("outcome", "delivered"), delivered, 0);
	mt_sample(w, MT_LABELS("outcome", "given_up"), given_up, 0);
	mt_sample(w, MT_LABELS("outcome", "dropped"), dropped, 0);
	mt_one(w, "webhook_failures", "counter", "Attempts that are made again.", failed, 0);
	mt_family(w, "webhook_bytes", "counter", "Bytes of webhooks, outside of the budget.");
	mt_sample(w, MT_LABELS("direction", "down"), d->hook_bytes_down, 0);
	mt_sample(w, MT_LABELS("direction", "up"), d->hook_bytes_up, 0);
}

static void
kernel(struct mt *w, const struct api_kernel_report *k)
{
	mt_one(w, "kernel_looks", "counter", "Looks at the kernel's sockets.", k->looks, 0);
	mt_one(w, "kernel_sockets", "gauge", "Sockets over links, at the last look.", k->sockets,
	    0);
}

/* Once somebody has asked for a forecast: a scrape begins no reading of the history. */
static void
ahead(struct mt *w, const struct api_metrics *m)
{
	static const char *const within[AHEAD_HORIZONS] = {"1m", "5m", "15m"};

	mt_family(w, "forecast_outage_probability", "gauge",
	    "Of an outage of the default link within that time, once it was asked for.");
	for (int i = 0; i < AHEAD_HORIZONS; i++)
		mt_sample(w, MT_LABELS("within", within[i]),
		    m->ahead_known ? llround(m->ahead[i] * 1e4) : API_UNKNOWN, 4);
}

static void
history(struct mt *w, const struct api_history_report *h)
{
	mt_one(w, "history_writable", "gauge", "1 while rows get written.", h->ok, 0);
	mt_one(w, "history_rows", "counter", "Rows that were written.", h->rows, 0);
	mt_one(w, "history_commits", "counter", "Transactions.", h->commits, 0);
	mt_one(w, "history_errors", "counter", "Times that writing failed.", h->errors, 0);
	mt_one(w, "history_dropped_rows", "counter", "Rows for which the queue had no room.",
	    h->dropped, 0);
	mt_one(w, "history_shed_rows", "counter", "Rows that went early, to keep the size.",
	    h->shed, 0);
	mt_one(w, "history_queue_rows", "gauge", "Rows that wait to be written.", h->queued, 0);
	mt_one(w, "history_size_bytes", "gauge", "What the history takes on the disk.",
	    mt_if_known(h->bytes), 0);
	mt_one(w, "history_commit_age_seconds", "gauge", "Since the last transaction.",
	    mt_if_known(h->last_commit_us_ago), 6);
}

static void
traffic(struct mt *w, const struct traffic *t)
{
	static const char *const codes[TRAFFIC_CLASSES] = {NULL, NULL, "2xx", "3xx", "4xx",
	    "5xx"};

	mt_family(w, "http_answers", "counter", "Answers to requests, by status.");
	for (int i = 0; i < TRAFFIC_CLASSES; i++)
		if (codes[i] != NULL)
			mt_sample(w, MT_LABELS("code", codes[i]), t->answers[i], 0);
	mt_one(w, "http_connections", "gauge", "Connections that are open.", t->connections, 0);
	mt_one(w, "http_accepted_connections", "counter", "Connections since the start.",
	    t->accepted, 0);
	mt_one(w, "http_waiting", "gauge", "Event streams and requests that wait, open now.",
	    t->waiting, 0);
	mt_one(w, "http_streams", "counter", "Event streams that were begun.", t->streams, 0);
	mt_one(w, "http_slow_streams", "counter", "Event streams that ended since nobody read them.",
	    t->slow_streams, 0);
}

void
metrics_write(const struct core *core, bool open, struct buf *out)
{
	static struct api_view view[API_LINKS_MAX];
	static struct api_daemon_report report;
	static struct api_metrics m;
	const struct api_source *source = &core->source;
	struct mt w = {.out = out, .open = open};
	size_t n = take_links(source, view);

	source->daemon(source->ctx, &report);
	source->metrics(source->ctx, &m);
	mt_family(&w, "build_info", "gauge", "The program; 1.");
	mt_sample(&w, MT_LABELS("version", PACKAGE_VERSION), 1, 0);
	identities(&w, view, n);
	states(&w, view, n);
	estimates(&w, view, n);
	evidence(&w, &m);
	probes(&w, &report);
	budget(&w, &report.budget);
	webhooks(&w, &report);
	kernel(&w, &report.kernel);
	ahead(&w, &m);
	history(&w, &m.history);
	traffic(&w, &core->traffic);
	mt_one(&w, "uptime_seconds", "gauge", "Since the daemon's start.", report.uptime_us, 6);
	if (open)
		buf_text(out, "# EOF\n");
}

bool
metrics_wants_open(const char *accept)
{
	static const char type[] = "application/openmetrics-text";

	/* A client that names it prefers it, or says q=0 and gets what it did not want. */
	for (; accept != NULL && *accept != '\0'; accept++)
		if (strncasecmp(accept, type, sizeof(type) - 1) == 0)
			return true;
	return false;
}

int
metrics_answer(struct core *core, const struct request *rq, struct answer *out)
{
	static const char *const names[] = {NULL};
	static char text[METRICS_TEXT_MAX];
	bool open = metrics_wants_open(rq->headers->h[DOOR_ACCEPT].value);
	struct buf b;

	if (query_only(&rq->query, names, &out->problem) != 0)
		return -EINVAL;
	buf_init(&b, text, sizeof(text));
	metrics_write(core, open, &b);
	return answer_text(out, 200, open ? TYPE_OPEN : TYPE_TEXT, &b);
}
