/* SPDX-License-Identifier: ISC */
/* Writes the estimates and the daemon's own counters as metrics. */
#include "api/metrics.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define TYPE_OPEN "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define TYPE_TEXT "text/plain; version=0.0.4; charset=utf-8"

struct writer {
	struct buf *out;
	bool open;        /* OpenMetrics */
	const char *name; /* of the family, with what its samples end in */
	const char *end;
};

/* A counter's family is named without its _total in OpenMetrics, and with it in the other. */
static void
family(struct writer *w, const char *name, const char *type, const char *help)
{
	bool counter = strcmp(type, "counter") == 0;
	const char *lines[] = {"# HELP linkqd_", help, "# TYPE linkqd_", type};

	w->name = name;
	w->end = counter ? "_total" : "";
	for (int i = 0; i < 4; i += 2) {
		buf_text(w->out, lines[i]);
		buf_text(w->out, name);
		if (counter && !w->open)
			buf_text(w->out, "_total");
		buf_char(w->out, ' ');
		buf_text(w->out, lines[i + 1]);
		buf_char(w->out, '\n');
	}
}

/* Pairs of label and value, which end with NULL. */
#define LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NONE ((const char *const[]){NULL})

static void
label(struct writer *w, const char *name, const char *value)
{
	buf_text(w->out, name);
	buf_text(w->out, "=\"");
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			buf_char(w->out, '\\');
		if (*value == '\n')
			buf_text(w->out, "\\n");
		else
			buf_char(w->out, *value);
	}
	buf_char(w->out, '"');
}

/* Up to the value. */
static void
begin(struct writer *w, const char *end, const char *const *labels)
{
	buf_text(w->out, "linkqd_");
	buf_text(w->out, w->name);
	buf_text(w->out, end);
	for (int i = 0; labels[i] != NULL; i += 2) {
		buf_char(w->out, i == 0 ? '{' : ',');
		label(w, labels[i], labels[i + 1]);
	}
	buf_text(w->out, labels[0] != NULL ? "} " : " ");
}

static void
sample(struct writer *w, const char *const *labels, int64_t n, unsigned decimals)
{
	if (n == API_UNKNOWN)
		return; /* what is not known has no sample */
	begin(w, w->end, labels);
	buf_fixed(w->out, n, decimals);
	buf_char(w->out, '\n');
}

static void
one(struct writer *w, const char *name, const char *type, const char *help, int64_t n,
    unsigned decimals)
{
	family(w, name, type, help);
	sample(w, NONE, n, decimals);
}

static int64_t
if_known(int64_t n)
{
	return n < 0 ? API_UNKNOWN : n;
}

/* --- Links -------------------------------------------------------------------------------- */

static void
rates(struct writer *w, const struct api_view *v)
{
	static const char *const directions[EST_DIRECTIONS] = {"down", "up"};
	const char *id = v->link.id;

	for (int d = 0; d < EST_DIRECTIONS; d++) {
		const struct est_rate *r = &v->est.rate[d];

		if (!r->known)
			continue;
		sample(w, LABELS("link", id, "direction", directions[d], "q", "0.1"),
		    r->kbps_p10 * 125, 0);
		sample(w, LABELS("link", id, "direction", directions[d], "q", "0.5"),
		    r->kbps_p50 * 125, 0);
		sample(w, LABELS("link", id, "direction", directions[d], "q", "0.9"),
		    r->kbps_p90 * 125, 0);
	}
}

static void
delay(struct writer *w, const char *id, const struct est_delay *d)
{
	if (!d->known)
		return;
	sample(w, LABELS("link", id, "q", "0.5"), d->us_p50, 6);
	sample(w, LABELS("link", id, "q", "0.9"), d->us_p90, 6);
}

static void
states(struct writer *w, const struct api_view *v, size_t n)
{
	family(w, "link_state", "gauge", "1 for the state that a link is in, 0 for the others.");
	for (size_t i = 0; i < n; i++)
		for (int s = 0; s < EST_ASLEEP; s++)
			sample(w, LABELS("link", v[i].link.id, "state",
			    est_state_name((enum est_state)s)), (int)v[i].est.state == s, 0);
	family(w, "link_quality", "gauge", "1 for the quality that a link has, 0 for the others.");
	for (size_t i = 0; i < n; i++)
		for (int q = 0; q < EST_QUALITIES; q++)
			sample(w, LABELS("link", v[i].link.id, "quality",
			    est_quality_name((enum est_quality)q)), (int)v[i].est.quality == q, 0);
}

static void
links(struct writer *w, const struct api_view *v, size_t n)
{
	family(w, "link_info", "gauge", "What a link is; 1.");
	for (size_t i = 0; i < n; i++)
		sample(w, LABELS("link", v[i].link.id, "interface", v[i].link.interface, "kind",
		    est_link_kind_name(v[i].link.kind)), 1, 0);
	family(w, "link_default", "gauge", "Does the default route use this link?");
	for (size_t i = 0; i < n; i++)
		sample(w, LABELS("link", v[i].link.id), v[i].link.is_default, 0);
	states(w, v, n);
	family(w, "link_goodput_bytes_per_second", "gauge",
	    "Quantiles of the mean goodput of the next seconds.");
	for (size_t i = 0; i < n; i++)
		rates(w, &v[i]);
	family(w, "link_rtt_seconds", "gauge", "Quantiles of a network round trip, as estimated.");
	for (size_t i = 0; i < n; i++)
		delay(w, v[i].link.id, &v[i].est.rtt);
	family(w, "link_ttfb_seconds", "gauge",
	    "Quantiles of the time to the first byte, as estimated.");
	for (size_t i = 0; i < n; i++)
		delay(w, v[i].link.id, &v[i].est.ttfb);
	family(w, "link_loss_ratio", "gauge", "Requests without an answer in their time.");
	for (size_t i = 0; i < n; i++)
		sample(w, LABELS("link", v[i].link.id), if_known(v[i].est.loss_ppm), 6);
	family(w, "link_confidence_ratio", "gauge", "How narrow the estimate is, 0 to 1.");
	for (size_t i = 0; i < n; i++)
		sample(w, LABELS("link", v[i].link.id), v[i].est.confidence_ppm, 6);
	family(w, "link_evidence_age_seconds", "gauge", "Since the last evidence.");
	for (size_t i = 0; i < n; i++)
		sample(w, LABELS("link", v[i].link.id), if_known(v[i].est.age_us), 6);
}

/* --- The daemon's own ----------------------------------------------------------------------- */

static void
histogram(struct writer *w, const char *name, const char *help, const struct histogram *h)
{
	static const char *const le[HISTOGRAM_BOUNDS + 1] = {"0.001", "0.0025", "0.005", "0.01",
	    "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf"};
	int64_t n = 0;

	family(w, name, "histogram", help);
	for (int i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		n += h->count[i];
		begin(w, "_bucket", LABELS("le", le[i]));
		buf_int(w->out, n);
		buf_char(w->out, '\n');
	}
	begin(w, "_sum", NONE);
	buf_fixed(w->out, h->sum_us, 6);
	buf_char(w->out, '\n');
	begin(w, "_count", NONE);
	buf_int(w->out, n);
	buf_char(w->out, '\n');
}

static void
evidence(struct writer *w, const struct api_metrics *m)
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

	family(w, "observations", "counter", "Requests and slices that were told, by source.");
	for (int s = 0; s < EST_SOURCES; s++)
		sample(w, LABELS("source", est_source_name((enum est_source)s)),
		    m->observations[s], 0);
	family(w, "rejects", "counter", "Of these, those that counted for nothing or less.");
	for (int v = EST_TAKEN + 1; v < EST_VERDICTS; v++)
		sample(w, LABELS("reason", reasons[v]), m->rejects[v], 0);
	histogram(w, "rtt_seconds", "Round trips as they were timed, by any source.", &m->rtt);
	histogram(w, "ttfb_seconds", "Times to the first byte, as they were timed.", &m->ttfb);
}

static void
probes(struct writer *w, const struct api_daemon_report *d)
{
	static const char *const kinds[] = {"latency", "download", "upload"};
	int64_t count[3] = {0}, failures[3] = {0};

	for (size_t i = 0; i < d->probes_len; i++)
		for (int k = 0; k < 3; k++)
			if (strcmp(d->probe[i].kind, kinds[k]) == 0) {
				count[k] += d->probe[i].count;
				failures[k] += d->probe[i].failures;
			}
	family(w, "probes", "counter", "Requests of the daemon's own, by kind.");
	for (int k = 0; k < 3; k++)
		sample(w, LABELS("kind", kinds[k]), count[k], 0);
	family(w, "probe_failures", "counter", "Of these, those that failed.");
	for (int k = 0; k < 3; k++)
		sample(w, LABELS("kind", kinds[k]), failures[k], 0);
	family(w, "probe_bytes", "counter", "Bytes that they moved.");
	sample(w, LABELS("direction", "down"), d->probe_bytes_down, 0);
	sample(w, LABELS("direction", "up"), d->probe_bytes_up, 0);
}

static void
history(struct writer *w, const struct api_history_report *h)
{
	one(w, "history_writable", "gauge", "1 while rows get written.", h->ok, 0);
	one(w, "history_rows", "counter", "Rows that were written.", h->rows, 0);
	one(w, "history_commits", "counter", "Transactions.", h->commits, 0);
	one(w, "history_errors", "counter", "Times that writing failed.", h->errors, 0);
	one(w, "history_dropped_rows", "counter", "Rows for which the queue had no room.",
	    h->dropped, 0);
	one(w, "history_shed_rows", "counter", "Rows that went early, to keep the size.", h->shed,
	    0);
	one(w, "history_queue_rows", "gauge", "Rows that wait to be written.", h->queued, 0);
	one(w, "history_size_bytes", "gauge", "What the history takes on the disk.",
	    if_known(h->bytes), 0);
	one(w, "history_commit_age_seconds", "gauge", "Since the last transaction.",
	    if_known(h->last_commit_us_ago), 6);
}

void
metrics_write(const struct api_source *source, bool open, struct buf *out)
{
	static struct api_view view[API_LINKS_MAX];
	static struct api_daemon_report report;
	static struct api_metrics m;
	struct writer w = {.out = out, .open = open};

	links(&w, view, source->links(source->ctx, view));
	source->daemon(source->ctx, &report);
	source->metrics(source->ctx, &m);
	evidence(&w, &m);
	probes(&w, &report);
	one(&w, "kernel_looks", "counter", "Looks at the kernel's sockets.", report.kernel.looks,
	    0);
	history(&w, &m.history);
	one(&w, "uptime_seconds", "gauge", "Since the daemon's start.", report.uptime_us, 6);
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
	metrics_write(&core->source, open, &b);
	return answer_text(out, 200, open ? TYPE_OPEN : TYPE_TEXT, &b);
}
