/* SPDX-License-Identifier: ISC */
/* HTTP requests that are timed: libcurl's multi interface on the loop. */
#include "daemon/probe_internal.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A question and an answer for A and for AAAA, over Ethernet. */
#define NAME_UP_BYTES 160
#define NAME_DOWN_BYTES 340
#define NAME_CACHED_US 200 /* faster than that came from this host */
#define UNCOUNTED_BYTES 500

/* --- the end of a request ------------------------------------------------------------ */

static enum est_error
error_of(const struct probe *p, CURLcode code, int status)
{
	long system = 0;

	curl_easy_getinfo(p->easy, CURLINFO_OS_ERRNO, &system);
	switch (code) {
	case CURLE_OK:
		return status >= 400 ? EST_ERROR_HTTP : EST_ERROR_NONE;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return EST_ERROR_DNS;
	case CURLE_OPERATION_TIMEDOUT:
		return EST_ERROR_TIMEOUT;
	case CURLE_COULDNT_CONNECT: /* no way there is silence, a refusal is an answer */
		return system == ECONNREFUSED ? EST_ERROR_REFUSED : EST_ERROR_TIMEOUT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return EST_ERROR_TLS;
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		return system == ETIMEDOUT ? EST_ERROR_TIMEOUT : EST_ERROR_RESET;
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_BAD_CONTENT_ENCODING:
		return EST_ERROR_HTTP;
	default:
		return EST_ERROR_ABORTED;
	}
}

static int64_t
info_us(CURL *easy, CURLINFO what)
{
	curl_off_t us = 0;

	return curl_easy_getinfo(easy, what, &us) == CURLE_OK ? (int64_t)us : 0;
}

static void
read_phases(const struct probe *p, struct probe_result *r)
{
	int64_t dns_us = info_us(p->easy, CURLINFO_NAMELOOKUP_TIME_T);
	int64_t tcp_us = info_us(p->easy, CURLINFO_CONNECT_TIME_T);
	int64_t tls_us = info_us(p->easy, CURLINFO_APPCONNECT_TIME_T);

	r->dns_us = p->opened && dns_us > 0 ? dns_us : -1;
	r->tcp_us = p->opened && tcp_us > 0 ? tcp_us - dns_us : -1;
	r->tls_us = p->opened && tls_us > 0 ? tls_us - tcp_us : -1;
}

/* A name server was asked, by UDP, for both kinds of address: an estimate. */
static void
count_names(const struct probe *p, const struct probe_result *r)
{
	bool asked = p->opened ? r->dns_us > NAME_CACHED_US : !p->t.connected;

	if (p->named && asked)
		p->ph->sink.spent(p->ph->sink.ctx, NAME_DOWN_BYTES, NAME_UP_BYTES, p->in_turn);
}

/* Where the kernel does not count: what curl knows, and a fifth for what it does not. */
static void
count_by_curl(const struct probe *p)
{
	curl_off_t body = 0, sent = 0;
	long head = 0, request = 0;

	curl_easy_getinfo(p->easy, CURLINFO_SIZE_DOWNLOAD_T, &body);
	curl_easy_getinfo(p->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	curl_easy_getinfo(p->easy, CURLINFO_HEADER_SIZE, &head);
	curl_easy_getinfo(p->easy, CURLINFO_REQUEST_SIZE, &request);
	p->ph->sink.spent(p->ph->sink.ctx, ((int64_t)body + head) * 6 / 5 + UNCOUNTED_BYTES,
	    ((int64_t)sent + request) * 6 / 5 + UNCOUNTED_BYTES, p->in_turn);
}

/* What the answer looks like: is it this server's own? */
static void
read_answer(struct probe *p, struct probe_result *r)
{
	const char *type = NULL, *to = NULL;
	char *scheme = NULL;

	curl_easy_getinfo(p->easy, CURLINFO_CONTENT_TYPE, &type);
	curl_easy_getinfo(p->easy, CURLINFO_REDIRECT_URL, &to);
	curl_easy_getinfo(p->easy, CURLINFO_SCHEME, &scheme);
	r->html = type && strncasecmp(type, "text/html", 9) == 0;
	r->tls = r->status > 0 && scheme && strcasecmp(scheme, "https") == 0;
	r->cut = p->capped && p->head_bytes <= PROBE_HEAD_MAX;
	(void)snprintf(r->location, sizeof(r->location), "%.*s", PROBE_LOCATION_MAX, to ? to : "");
	p->body[p->body_len] = '\0';
	r->body = p->body;
}

/* Take it off the multi handle, tell what became of it; its easy handle stays for others. */
static void
end(struct probe *p, CURLcode code, enum est_error forced)
{
	struct probe_result r = { .status = 0, .found = p->name_only && p->opened };
	int64_t now_us = loop_now_us(p->ph->loop);
	long status = 0;

	curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
	r.status = (int)status;
	if (p->capped || code == CURLE_FILESIZE_EXCEEDED)
		code = CURLE_OK;
	if (p->head_bytes > PROBE_HEAD_MAX)
		forced = EST_ERROR_HTTP;
	if (p->elsewhere)
		forced = EST_ERROR_ABORTED;
	r.error = forced != EST_ERROR_NONE ? forced : error_of(p, code, r.status);
	read_phases(p, &r);
	read_answer(p, &r);
	count_names(p, &r);
	if (p->connection && p->connection->uncounted)
		count_by_curl(p);
	if (p->connection) {
		probe_count(p->ph, p->connection);
		probe_round_trip(p, p->connection);
		p->connection->idle = true;
		p->connection->probe = NULL;
		p->connection = NULL;
	}
	for (size_t i = 0; i < PROBE_IDLE_MAX; i++)
		if (p->ph->connection[i].probe == p)
			p->ph->connection[i].probe = NULL;
	curl_multi_remove_handle(p->ph->multi, p->easy);
	curl_slist_free_all(p->headers);
	p->headers = NULL;
	if (p->upload_bytes > 0 && code == CURLE_OK && r.error == EST_ERROR_NONE)
		p->t.bytes = p->upload_bytes;
	r.timing = p->t;
	r.duration_us = now_us - p->t.started_us;
	if (r.error == EST_ERROR_NONE)
		(void)snprintf(r.text, sizeof(r.text), "%d in %.1f ms", r.status,
		    (double)r.duration_us / 1e3);
	else if (r.error == EST_ERROR_HTTP)
		(void)snprintf(r.text, sizeof(r.text), "answered %d", r.status);
	else if (p->elsewhere)
		(void)snprintf(r.text, sizeof(r.text), "left by another link");
	else
		(void)snprintf(r.text, sizeof(r.text), "%s: %s", est_error_name(r.error),
		    code == CURLE_OK ? "given up" : curl_easy_strerror(code));
	p->used = false;
	p->done(p->arg, now_us, &r);
}

static void
read_messages(struct probe_http *ph)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(ph->multi, &left)) != NULL) {
		struct probe *p = NULL;
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &p);
		end(p, code, EST_ERROR_NONE); /* m is gone after this */
	}
}

/* --- the loop ------------------------------------------------------------------------- */

static void
on_ready(void *arg, int64_t now_us, int fd, unsigned what)
{
	struct probe_http *ph = arg;
	int running, mask = 0;

	(void)now_us;
	if (what & LOOP_READ)
		mask |= CURL_CSELECT_IN;
	if (what & LOOP_WRITE)
		mask |= CURL_CSELECT_OUT;
	curl_multi_socket_action(ph->multi, fd, mask, &running);
	read_messages(ph);
}

static int
on_interest(CURL *easy, curl_socket_t fd, int what, void *arg, void *watch)
{
	struct probe_http *ph = arg;
	struct loop_watch *w = watch;
	unsigned flags = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		loop_watch_destroy(w);
		curl_multi_assign(ph->multi, fd, NULL);
		return 0;
	}
	if (what & CURL_POLL_IN)
		flags |= LOOP_READ;
	if (what & CURL_POLL_OUT)
		flags |= LOOP_WRITE;
	if (w) {
		loop_watch_set(w, flags);
		return 0;
	}
	if (loop_watch_create(ph->loop, fd, flags, on_ready, ph, &w) != 0)
		return -1;
	curl_multi_assign(ph->multi, fd, w);
	return 0;
}

static void
on_timeout(void *arg, int64_t now_us)
{
	struct probe_http *ph = arg;
	int running;

	(void)now_us;
	curl_multi_socket_action(ph->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	read_messages(ph);
}

static int
on_timer_wanted(CURLM *multi, long ms, void *arg)
{
	struct probe_http *ph = arg;

	(void)multi;
	if (ms < 0)
		loop_timer_stop(ph->timer);
	else
		loop_timer_set(ph->timer, (int64_t)ms * 1000); /* 0 too: never from within */
	return 0;
}

/* --- start ---------------------------------------------------------------------------- */

int
probe_http_create(struct loop *loop, const char *interface,
    const struct probe_http_sink *sink, struct probe_http **out)
{
	struct probe_http *ph;
	uint32_t noise = 1;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	ph = calloc(1, sizeof(*ph));
	if (!ph)
		return -ENOMEM;
	ph->loop = loop;
	ph->sink = *sink;
	ph->changed_us = ph->renewed_us = INT64_MIN / 2;
	(void)snprintf(ph->interface, sizeof(ph->interface), "%.15s", interface);
	/* What is sent must not compress: a compressing link would look too fast. */
	for (size_t i = 0; i < UPLOAD_BLOCK; i++) {
		noise = noise * 1664525 + 1013904223;
		ph->block[i] = (char)(noise >> 24);
	}
	probe_certificates(ph);
	ph->multi = curl_multi_init();
	ph->names = curl_share_init();
	if (!ph->multi || !ph->names ||
	    curl_share_setopt(ph->names, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) != CURLSHE_OK ||
	    loop_timer_create(loop, on_timeout, ph, &ph->timer) != 0) {
		if (ph->multi)
			curl_multi_cleanup(ph->multi);
		if (ph->names)
			curl_share_cleanup(ph->names);
		free(ph);
		return -ENOMEM;
	}
	curl_multi_setopt(ph->multi, CURLMOPT_SOCKETFUNCTION, on_interest);
	curl_multi_setopt(ph->multi, CURLMOPT_SOCKETDATA, ph);
	curl_multi_setopt(ph->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
	curl_multi_setopt(ph->multi, CURLMOPT_TIMERDATA, ph);
	curl_multi_setopt(ph->multi, CURLMOPT_MAXCONNECTS, (long)PROBE_IDLE_MAX / 4);
	*out = ph;
	return 0;
}

static struct probe *
free_place(struct probe_http *ph)
{
	for (size_t i = 0; i < PROBE_FLIGHTS_MAX; i++)
		if (!ph->probe[i].used)
			return &ph->probe[i];
	return NULL;
}

int
probe_http_start(struct probe_http *ph, const struct probe_order *order,
    probe_slice_fn *slice, probe_done_fn *done, void *arg, struct probe **out)
{
	struct probe *p = free_place(ph);
	CURL *easy;

	assert(order->bytes_max > 0);
	if (!p)
		return -EBUSY;
	easy = p->easy ? p->easy : curl_easy_init();
	if (!easy)
		return -ENOMEM;
	curl_easy_reset(easy);
	*p = (struct probe){ .ph = ph, .used = true, .easy = easy, .slice = slice,
		.done = done, .arg = arg, .tag = order->tag,
		.upload_bytes = order->upload_bytes, .bytes_max = order->bytes_max,
		.window_max = order->window_max, .in_turn = order->in_turn,
		.named = probe_http_named(ph, order->url), .name_only = order->name_only,
		.proxied = probe_http_proxied(ph, order->url) };
	p->t = (struct probe_timing){ .started_us = loop_now_us(ph->loop), .ttfb_us = -1,
		.connect_us = -1, .rtt_us = -1 };
	p->t.resolving = p->named;
	p->t.last_us = p->slice_us = p->t.started_us;
	if (!probe_set_up(p, order) ||
	    curl_multi_add_handle(ph->multi, easy) != CURLM_OK) {
		curl_slist_free_all(p->headers);
		p->headers = NULL;
		p->used = false;
		return -EINVAL;
	}
	*out = p;
	return 0;
}

void
probe_http_look(const struct probe *p, struct probe_timing *out)
{
	*out = p->t;
	if (p->upload_bytes > 0 && p->connection) {
		int64_t bytes =
		    p->sent_bytes - probe_tcp_unacknowledged(p->connection->fd);

		if (bytes > out->bytes)
			out->bytes = bytes;
	}
}

void
probe_http_abort(struct probe *p, enum est_error error)
{
	assert(p->used);
	assert(error != EST_ERROR_NONE);
	end(p, CURLE_OK, error);
}

size_t
probe_http_idle(const struct probe_http *ph, struct probe_idle out[PROBE_IDLE_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < PROBE_IDLE_MAX; i++) {
		const struct connection *c = &ph->connection[i];
		struct probe_tcp tcp;

		if (!c->used || !c->idle || probe_tcp_read(c->fd, &tcp) != 0 ||
		    !tcp.established)
			continue;
		out[n++] = (struct probe_idle){ .tag = c->tag, .loopback = c->loopback,
			.beats = c->beats, .rtt_us = tcp.rtt_us,
			.last_ack_us = tcp.last_ack_us,
			.waiting = tcp.unanswered > 0 };
	}
	return n;
}

bool
probe_http_beat(struct probe_http *ph, bool on, int64_t after_us)
{
	struct connection *best = NULL;

	for (size_t i = 0; i < PROBE_IDLE_MAX; i++) {
		struct connection *c = &ph->connection[i];
		struct probe_tcp tcp;

		if (!c->used || c->loopback || !(c->idle || c->beats))
			continue;
		if (c->beats && c->idle)
			probe_count(ph, c);
		if (on && probe_tcp_read(c->fd, &tcp) == 0 && tcp.established &&
		    (!best || c->beats))
			best = c;
	}
	for (size_t i = 0; i < PROBE_IDLE_MAX; i++) {
		struct connection *c = &ph->connection[i];

		if (!c->used || (c->beats == (c == best) &&
				    (!c->beats || c->beat_us == after_us)))
			continue;
		c->beats = c == best;
		c->beat_us = after_us;
		if (c->beats)
			c->in_turn = true;
		probe_tcp_beat(c->fd, c->beats, after_us);
	}
	return best != NULL;
}

bool
probe_http_elsewhere(const struct probe_http *ph)
{
	return ph->elsewhere;
}

void
probe_http_forget(struct probe_http *ph)
{
	ph->changed_us = ph->renewed_us = loop_now_us(ph->loop);
}

void
probe_http_renew(struct probe_http *ph)
{
	ph->renewed_us = loop_now_us(ph->loop);
}

void
probe_http_destroy(struct probe_http *ph)
{
	if (!ph)
		return;
	for (size_t i = 0; i < PROBE_FLIGHTS_MAX; i++) {
		struct probe *p = &ph->probe[i];

		if (p->used)
			curl_multi_remove_handle(ph->multi, p->easy);
		if (p->easy)
			curl_easy_cleanup(p->easy);
		curl_slist_free_all(p->headers);
	}
	curl_multi_cleanup(ph->multi); /* closes connections by our own callbacks */
	curl_share_cleanup(ph->names);
	loop_timer_destroy(ph->timer);
	free(ph);
	curl_global_cleanup();
}
