/* SPDX-License-Identifier: ISC */
/* Webhooks: who is told, what is said, and how it is signed. */
#include "daemon/webhook.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/json.h"
#include "daemon/digest.h"
#include "daemon/log.h"
#include "daemon/probe_http.h"
#include "daemon/probes.h"
#include "daemon/token.h"
#include "daemon/webhook_queue.h"

#define BODY_MAX 1024
#define ANSWER_MAX 16384 /* bytes: what a receiver says beyond that nobody needs */
#define CONNECT_US INT64_C(10000000)
#define TIMEOUT_US INT64_C(20000000)
#define SECOND_US INT64_C(1000000)

struct hook {
	struct webhooks *all;
	struct conf_hook conf;
	char secret[TOKEN_MAX + 1];
	struct webhook_queue queue;
	struct probe *flight; /* NULL: none */
	int64_t last_us;      /* the last attempt ended then; -1: none did */
	char last[64];
	bool troubled;        /* the log knows */
};

struct webhooks {
	struct loop *loop;
	struct webhooks_options o;
	char boot[17];
	struct probe_http *http; /* NULL: there was never a hook */
	struct hook hook[CONF_HOOKS_MAX];
	size_t len;
	bool offline;
	int64_t wall_offset_us;
	int64_t down_bytes, up_bytes;
};

/* --- what is said -------------------------------------------------------------------------- */

static const char *
kind_name(enum webhook_kind kind)
{
	return kind == WEBHOOK_STATE ? "state" : "quality";
}

static const char *
value_name(enum webhook_kind kind, int value)
{
	return kind == WEBHOOK_STATE ? est_state_name((enum est_state)value)
				     : est_quality_name((enum est_quality)value);
}

static void
name_event(const struct webhooks *w, const struct webhook_event *e, char *out, size_t cap)
{
	(void)snprintf(out, cap, "%s-%" PRId64, w->boot, e->number);
}

static void
write_body(const struct webhooks *w, const struct webhook_event *e, char body[BODY_MAX])
{
	char id[48];
	struct buf b;
	struct jw j;

	name_event(w, e, id, sizeof id);
	buf_init(&b, body, BODY_MAX - 1);
	jw_init(&j, &b);
	jw_open(&j, '{');
	jw_key_int(&j, "schema", 1);
	jw_key_text(&j, "id", id);
	jw_key_time(&j, "time", e->told_wall_us);
	jw_key_open(&j, "link", '{');
	jw_key_text(&j, "id", e->link);
	jw_key_text(&j, "interface", e->interface);
	jw_close(&j, '}');
	jw_key_text(&j, "kind", kind_name(e->kind));
	jw_key_text(&j, "from", value_name(e->kind, e->from));
	jw_key_text(&j, "to", value_name(e->kind, e->to));
	jw_key_time(&j, "since", e->since_wall_us);
	jw_key_int(&j, "missed", e->missed);
	jw_close(&j, '}');
	assert(!b.overflow);
	body[b.len] = '\0';
}

/* --- one delivery --------------------------------------------------------------------------- */

/* The host alone: paths are secrets at some receivers. */
static void
name_host(const struct hook *h, char *out, size_t cap)
{
	const char *host = strstr(h->conf.url, "://");
	size_t len = host != NULL ? strcspn(host + 3, "/?#") : 0;

	(void)snprintf(out, cap, "%.*s", (int)(len + (size_t)(host + 3 - h->conf.url)),
	    h->conf.url);
}

static void
tell_log(struct hook *h, bool delivered)
{
	char host[128];

	if (h->troubled != delivered)
		return; /* the same complaint once, and its end */
	name_host(h, host, sizeof host);
	h->troubled = !delivered;
	if (delivered)
		log_info("webhook: %s takes events again", host);
	else
		log_warn("webhook: %s: %s; %zu wait", host, h->last, h->queue.len);
}

static void
on_done(void *arg, int64_t now_us, const struct probe_result *r)
{
	struct hook *h = arg;
	const bool delivered =
	    r->error == EST_ERROR_NONE && r->status >= 200 && r->status < 300;

	h->flight = NULL;
	h->last_us = now_us;
	(void)snprintf(h->last, sizeof h->last, "%s", r->text);
	webhook_queue_done(&h->queue, now_us, delivered);
	tell_log(h, delivered);
}

static void
on_slice(void *arg, int64_t now_us, const struct probe_timing *t)
{
	(void)arg, (void)now_us, (void)t;
}

static void
deliver(struct hook *h, const struct webhook_event *e, int64_t now_us)
{
	struct webhooks *w = h->all;
	char body[BODY_MAX], stamp[32], hex[DIGEST_HEX], id[48], kind[48], delivery[96];
	char signature[160];
	const char *headers[] = { "Content-Type: application/json", kind, delivery, signature,
		NULL };
	const struct probe_order order = { .url = h->conf.url, .body = body, .headers = headers,
		.bytes_max = ANSWER_MAX, .connect_timeout_us = CONNECT_US,
		.timeout_us = TIMEOUT_US };
	int err;

	write_body(w, e, body);
	name_event(w, e, id, sizeof id);
	(void)snprintf(stamp, sizeof stamp, "%" PRId64, (now_us + w->wall_offset_us) / SECOND_US);
	digest_sign(h->secret, stamp, body, hex);
	(void)snprintf(kind, sizeof kind, "Linkqd-Event: %s", kind_name(e->kind));
	(void)snprintf(delivery, sizeof delivery, "Linkqd-Delivery: %s", id);
	(void)snprintf(signature, sizeof signature, "Linkqd-Signature: t=%s,v1=%s", stamp, hex);
	err = probe_http_start(w->http, &order, on_slice, on_done, h, &h->flight);
	if (err == 0)
		return;
	h->flight = NULL;
	h->last_us = now_us;
	(void)snprintf(h->last, sizeof h->last, "%s", strerror(-err));
	webhook_queue_done(&h->queue, now_us, false);
	tell_log(h, false);
}

/* --- time ------------------------------------------------------------------------------------ */

static int64_t
tick(struct hook *h, const struct api_view *v, bool returned)
{
	const struct webhook_event *e;
	const unsigned kinds = (h->conf.state ? 1u << WEBHOOK_STATE : 0) |
	    (h->conf.quality ? 1u << WEBHOOK_QUALITY : 0);
	const int64_t now_us = v->now_us;
	char host[128];
	size_t gone;

	webhook_queue_look(&h->queue, v, kinds, h->conf.hold_us);
	gone = webhook_queue_expire(&h->queue, now_us, h->conf.give_up_us);
	if (gone > 0) {
		name_host(h, host, sizeof host);
		log_warn("webhook: %s: %zu given up, undelivered for too long", host, gone);
	}
	if (returned)
		webhook_queue_hurry(&h->queue, now_us);
	if (h->all->offline && !probes_is_loopback(h->conf.url))
		return WEBHOOKS_IDLE_US;
	e = webhook_queue_take(&h->queue, now_us);
	if (e != NULL)
		deliver(h, e, now_us);
	return h->queue.len > 0 && h->queue.due_us > now_us ? h->queue.due_us - now_us : WEBHOOKS_IDLE_US;
}

int64_t
webhooks_tick(struct webhooks *w, const struct api_view *v)
{
	/* A portal's 200 would be taken for the receiver's. */
	const bool offline = v->est.state == EST_OFFLINE || v->est.state == EST_CAPTIVE;
	const bool returned = w->offline && !offline;
	int64_t wait_us = WEBHOOKS_IDLE_US;

	w->offline = offline;
	w->wall_offset_us = v->wall_us - v->now_us;
	if (returned && w->http != NULL)
		probe_http_forget(w->http); /* connections and names of before */
	for (size_t i = 0; i < w->len; i++) {
		const int64_t us = tick(&w->hook[i], v, returned);

		if (us < wait_us)
			wait_us = us;
	}
	return wait_us;
}

/* --- beginning, change and end ------------------------------------------------------------ */

static void
on_opened(void *ctx, int fd)
{
	struct webhooks *w = ctx;

	w->o.opened(w->o.ctx, fd);
}

static void
on_spent(void *ctx, int64_t down_bytes, int64_t up_bytes, bool in_turn)
{
	struct webhooks *w = ctx;

	(void)in_turn;
	w->down_bytes += down_bytes;
	w->up_bytes += up_bytes;
}

/* What is on its way is tried anew later. */
static void
end_flights(struct webhooks *w)
{
	for (size_t i = 0; i < w->len; i++)
		if (w->hook[i].flight != NULL)
			probe_http_abort(w->hook[i].flight, EST_ERROR_ABORTED);
}

static const struct hook *
same_as(const struct webhooks *w, const char *url)
{
	for (size_t i = 0; i < w->len; i++)
		if (strcmp(w->hook[i].conf.url, url) == 0)
			return &w->hook[i];
	return NULL;
}

static void
tell_lost(const struct webhooks *w, const struct conf_hooks *stay)
{
	for (size_t i = 0; i < w->len; i++) {
		const struct hook *h = &w->hook[i];
		bool stays = false;
		char host[128];

		for (size_t j = 0; stay != NULL && j < stay->len; j++)
			stays = stays || strcmp(stay->at[j].url, h->conf.url) == 0;
		if (stays || h->queue.len == 0)
			continue;
		name_host(h, host, sizeof host);
		log_warn("webhook: %s: %zu events were never delivered", host, h->queue.len);
	}
}

typedef char secret_text[TOKEN_MAX + 1];

static int
read_secrets(const struct conf_hooks *conf, secret_text *out, char *why, size_t why_len)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < conf->len; i++)
		err = token_read("webhook", conf->at[i].secret_file, out[i], why, why_len);
	return err;
}

int
webhooks_check(const struct conf_hooks *conf, char *why, size_t why_len)
{
	secret_text secret[CONF_HOOKS_MAX];

	return read_secrets(conf, secret, why, why_len);
}

int
webhooks_reload(struct webhooks *w, const struct conf_hooks *conf, char *why, size_t why_len)
{
	static struct hook fresh[CONF_HOOKS_MAX];
	static secret_text secret[CONF_HOOKS_MAX];
	const struct probe_http_sink sink = { .ctx = w, .opened = on_opened, .spent = on_spent };
	int err;

	err = read_secrets(conf, secret, why, why_len);
	if (err != 0)
		return err;
	if (conf->len > 0 && w->http == NULL)
		err = probe_http_create(w->loop, "", &sink, &w->http);
	if (err != 0) {
		(void)snprintf(why, why_len, "webhook: %s", strerror(-err));
		return err;
	}
	end_flights(w);
	tell_lost(w, conf);
	for (size_t i = 0; i < conf->len; i++) {
		const struct hook *before = same_as(w, conf->at[i].url);
		struct hook *h = &fresh[i];

		*h = before != NULL ? *before : (struct hook){ .last_us = -1 };
		if (before == NULL)
			webhook_queue_init(&h->queue);
		h->all = w;
		h->conf = conf->at[i];
		memcpy(h->secret, secret[i], sizeof secret[i]);
	}
	memcpy(w->hook, fresh, sizeof fresh);
	memset(secret, 0, sizeof secret);
	w->len = conf->len;
	for (size_t i = 0; i < w->len; i++) {
		char host[128];

		name_host(&w->hook[i], host, sizeof host);
		log_info("webhook: changes are told to %s", host);
	}
	return 0;
}

int
webhooks_create(struct loop *loop, const struct webhooks_options *o,
    const struct conf_hooks *conf, struct webhooks **out, char *why, size_t why_len)
{
	struct webhooks *w = calloc(1, sizeof *w);
	int err;

	if (w == NULL) {
		(void)snprintf(why, why_len, "webhook: out of memory");
		return -ENOMEM;
	}
	w->loop = loop;
	w->o = *o;
	(void)snprintf(w->boot, sizeof w->boot, "%s", o->boot);
	err = webhooks_reload(w, conf, why, why_len);
	if (err != 0) {
		free(w);
		return err;
	}
	*out = w;
	return 0;
}

void
webhooks_destroy(struct webhooks *w)
{
	if (w == NULL)
		return;
	end_flights(w);
	tell_lost(w, NULL);
	probe_http_destroy(w->http);
	free(w);
}

void
webhooks_report(const struct webhooks *w, int64_t now_us, struct api_daemon_report *out)
{
	_Static_assert(CONF_HOOKS_MAX <= API_HOOKS_MAX, "a report for each hook");
	for (size_t i = 0; i < w->len; i++) {
		const struct hook *h = &w->hook[i];
		struct api_hook_report *r = &out->hook[i];

		name_host(h, r->target, sizeof r->target);
		r->queued = (int64_t)h->queue.len;
		r->delivered = h->queue.delivered;
		r->failed = h->queue.failed;
		r->given_up = h->queue.given_up;
		r->dropped = h->queue.dropped;
		r->last_age_us = h->last_us < 0 ? -1 : now_us - h->last_us;
		(void)snprintf(r->last, sizeof r->last, "%s", h->last);
	}
	out->hooks_len = w->len;
	out->hook_bytes_down = w->down_bytes;
	out->hook_bytes_up = w->up_bytes;
}
