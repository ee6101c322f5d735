/* SPDX-License-Identifier: ISC */
/* HTTP requests that are timed: libcurl's multi interface on the loop. */
#include "daemon/probe_http.h"

#include <config.h>

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <glob.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

#include "daemon/log.h"
#include "daemon/probe_tcp.h"

#define CERTIFICATES "/etc/ssl/certs"
#define NAMES_KEPT_S 3600L
#define LIFE_MAX_S 86400L /* of a connection */
#define UPLOAD_BLOCK 16384

struct connection {
	bool used, idle;
	int fd, tag;
	bool loopback;
	struct probe *probe; /* who uses it now, or opened it; NULL */
};

struct probe {
	struct probe_http *ph;
	bool used;
	CURL *easy; /* kept for the next request */
	struct curl_slist *headers;
	struct connection *connection;
	struct probe_tcp before; /* at the moment the request was sent */
	bool has_before;
	bool opened; /* a socket for this request */
	bool capped;
	int tag;
	int64_t upload_bytes, sent_bytes, bytes_max;
	int64_t slice_us; /* when the last one was told */
	struct probe_timing t;
	probe_slice_fn *slice;
	probe_done_fn *done;
	void *arg;
};

struct probe_http {
	struct loop *loop;
	CURLM *multi;
	struct loop_timer *timer;
	char interface[24];
	probe_opened_fn *opened;
	void *opened_arg;
	const char *ca_dir, *ca_file; /* NULL: as curl was built */
	int64_t changed_us;           /* what was found before is of another network */
	int64_t renewed_us;           /* what was opened before is not used again */
	struct probe probe[PROBE_FLIGHTS_MAX];
	struct connection connection[PROBE_IDLE_MAX];
	char block[UPLOAD_BLOCK];
};

/* --- connections: ours, so that the kernel can be asked about them ------------------ */

static struct connection *
connection_of(struct probe_http *ph, int fd)
{
	for (size_t i = 0; i < PROBE_IDLE_MAX; i++)
		if (ph->connection[i].used && ph->connection[i].fd == fd)
			return &ph->connection[i];
	return NULL;
}

static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct probe *p = arg;
	struct probe_http *ph = p->ph;
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

	(void)purpose;
	p->opened = true;
	if (fd < 0)
		return CURL_SOCKET_BAD;
	ph->opened(ph->opened_arg, fd);
	for (size_t i = 0; i < PROBE_IDLE_MAX; i++) {
		struct connection *c = &ph->connection[i];

		if (c->used)
			continue;
		*c = (struct connection){ .used = true, .fd = fd, .tag = p->tag, .probe = p };
		c->loopback = probe_tcp_loopback(&address->addr);
		p->t.loopback = c->loopback;
		break;
	}
	return fd;
}

static void read_round_trip(struct probe *p, const struct connection *c);

/* May be called long after the request that opened it: `arg` is what outlives them all. */
static int
on_close(void *arg, curl_socket_t fd)
{
	struct connection *c = connection_of(arg, fd);

	if (c) {
		if (c->probe && c->probe->connection == c) {
			read_round_trip(c->probe, c);
			c->probe->connection = NULL;
		}
		c->used = false;
	}
	return close(fd);
}

/* The connection that has this port at our end. */
static struct connection *
connection_at(struct probe_http *ph, int port)
{
	for (size_t i = 0; i < PROBE_IDLE_MAX; i++) {
		struct connection *c = &ph->connection[i];
		struct sockaddr_storage own;
		socklen_t len = sizeof(own);
		in_port_t at;

		if (!c->used || getsockname(c->fd, (struct sockaddr *)&own, &len) != 0)
			continue;
		at = own.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&own)->sin6_port
					       : ((struct sockaddr_in *)&own)->sin_port;
		if (ntohs(at) == port)
			return c;
	}
	return NULL;
}

/* Connected, or a kept connection was found: the request is sent next. */
static int
on_connected(void *arg, char *address, char *own_address, int port, int own_port)
{
	struct probe *p = arg;
	struct connection *c = connection_at(p->ph, own_port);

	(void)own_address, (void)port;
	p->t.connected = true;
	p->t.loopback = c ? c->loopback
			  : strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
	p->t.connect_us = p->opened ? loop_now_us(p->ph->loop) - p->t.started_us : 0;
	if (p->t.loopback && p->opened)
		p->t.connect_us = -1;
	p->connection = c;
	if (!c)
		return CURL_PREREQFUNC_OK;
	c->idle = false;
	c->probe = p;
	c->tag = p->tag;
	p->has_before = probe_tcp_read(c->fd, &p->before) == 0;
	if (p->has_before && p->opened && !p->t.loopback)
		p->t.rtt_us = p->before.rtt_us_min;
	return CURL_PREREQFUNC_OK;
}

/* A new connection: the least of its round trips. A kept one: the one just timed. */
static void
read_round_trip(struct probe *p, const struct connection *c)
{
	struct probe_tcp after;

	if (p->t.loopback || !p->has_before || probe_tcp_read(c->fd, &after) != 0)
		return;
	p->t.rtt_us = p->opened ? after.rtt_us_min : probe_tcp_sample(&p->before, &after);
}

/* --- bytes --------------------------------------------------------------------------- */

static size_t
on_header(char *data, size_t size, size_t count, void *arg)
{
	struct probe *p = arg;

	(void)data;
	if (p->t.ttfb_us < 0) {
		p->t.last_us = loop_now_us(p->ph->loop);
		p->t.ttfb_us = p->t.last_us - p->t.started_us;
		p->slice_us = p->t.last_us; /* a slice is of the body */
	}
	return size * count;
}

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	struct probe *p = arg;
	int64_t now_us = loop_now_us(p->ph->loop);

	(void)data;
	p->t.last_us = now_us;
	if (p->upload_bytes == 0)
		p->t.bytes += (int64_t)(size * count);
	if (p->t.bytes > p->bytes_max && p->upload_bytes == 0) {
		p->capped = true;
		return 0; /* curl ends the transfer */
	}
	if (p->slice && p->upload_bytes == 0 && now_us - p->slice_us >= PROBE_SLICE_US) {
		p->slice_us = now_us;
		p->slice(p->arg, now_us, &p->t);
	}
	return size * count;
}

static size_t
on_upload(char *data, size_t size, size_t count, void *arg)
{
	struct probe *p = arg;
	int64_t left = p->upload_bytes - p->sent_bytes;
	size_t n = size * count;

	if (n > UPLOAD_BLOCK)
		n = UPLOAD_BLOCK;
	if ((int64_t)n > left)
		n = (size_t)left;
	memcpy(data, p->ph->block, n);
	p->sent_bytes += (int64_t)n;
	return n;
}

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
	curl_off_t body = 0, sent = 0;
	long head = 0, request = 0;

	r->dns_us = p->opened && dns_us > 0 ? dns_us : -1;
	r->tcp_us = p->opened && tcp_us > 0 ? tcp_us - dns_us : -1;
	r->tls_us = p->opened && tls_us > 0 ? tls_us - tcp_us : -1;
	curl_easy_getinfo(p->easy, CURLINFO_SIZE_DOWNLOAD_T, &body);
	curl_easy_getinfo(p->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	curl_easy_getinfo(p->easy, CURLINFO_HEADER_SIZE, &head);
	curl_easy_getinfo(p->easy, CURLINFO_REQUEST_SIZE, &request);
	r->down_bytes = (int64_t)body + head;
	r->up_bytes = (int64_t)sent + request;
}

/* Take it off the multi handle, tell what became of it; its easy handle stays for others. */
static void
end(struct probe *p, CURLcode code, enum est_error forced)
{
	struct probe_result r = { .status = 0 };
	int64_t now_us = loop_now_us(p->ph->loop);
	long status = 0;

	curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
	r.status = (int)status;
	if (p->capped || code == CURLE_FILESIZE_EXCEEDED)
		code = CURLE_OK;
	r.error = forced != EST_ERROR_NONE ? forced : error_of(p, code, r.status);
	read_phases(p, &r);
	if (p->connection) {
		read_round_trip(p, p->connection);
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

/* A folder of certificates by hash costs nothing until one is needed; the bundle is parsed
 * whole: 20 ms of the loop and 3 MB for ever. */
static void
choose_certificates(struct probe_http *ph)
{
	glob_t found;

	ph->ca_file = getenv("SSL_CERT_FILE");
	ph->ca_dir = getenv("SSL_CERT_DIR");
	if (ph->ca_file || ph->ca_dir)
		return;
	if (glob(CERTIFICATES "/????????.0", GLOB_NOSORT, NULL, &found) != 0)
		return;
	if (found.gl_pathc > 0)
		ph->ca_dir = CERTIFICATES;
	globfree(&found);
}

int
probe_http_create(struct loop *loop, const char *interface, probe_opened_fn *opened, void *arg,
    struct probe_http **out)
{
	struct probe_http *ph;
	uint32_t noise = 1;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return -ENOMEM;
	ph = calloc(1, sizeof(*ph));
	if (!ph)
		return -ENOMEM;
	ph->loop = loop;
	ph->opened = opened;
	ph->opened_arg = arg;
	ph->changed_us = ph->renewed_us = INT64_MIN / 2;
	if (interface[0])
		(void)snprintf(ph->interface, sizeof(ph->interface), "if!%.15s", interface);
	/* What is sent must not compress: a compressing link would look too fast. */
	for (size_t i = 0; i < UPLOAD_BLOCK; i++) {
		noise = noise * 1664525 + 1013904223;
		ph->block[i] = (char)(noise >> 24);
	}
	choose_certificates(ph);
	ph->multi = curl_multi_init();
	if (!ph->multi || loop_timer_create(loop, on_timeout, ph, &ph->timer) != 0) {
		if (ph->multi)
			curl_multi_cleanup(ph->multi);
		free(ph);
		return -ENOMEM;
	}
	curl_multi_setopt(ph->multi, CURLMOPT_SOCKETFUNCTION, on_interest);
	curl_multi_setopt(ph->multi, CURLMOPT_SOCKETDATA, ph);
	curl_multi_setopt(ph->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
	curl_multi_setopt(ph->multi, CURLMOPT_TIMERDATA, ph);
	curl_multi_setopt(ph->multi, CURLMOPT_MAXCONNECTS, (long)PROBE_IDLE_MAX / 2);
	*out = ph;
	return 0;
}

static bool
set_connection(struct probe *p, const struct probe_order *o)
{
	CURL *e = p->easy;
	long ms = (long)(o->connect_timeout_us / 1000);
	/* Older than the network we are on: a name or a connection of another one. */
	int64_t on_it_s = (p->t.started_us - p->ph->changed_us) / 1000000;
	long names_s = on_it_s < NAMES_KEPT_S ? (long)on_it_s : NAMES_KEPT_S;
	int64_t new_s = (p->t.started_us - p->ph->renewed_us) / 1000000;
	long life_s = new_s < LIFE_MAX_S ? (long)new_s : LIFE_MAX_S;
	int bad = 0;

	if (o->known_address)
		names_s = -1;

	bad += curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) != CURLE_OK;
	/* Giving up must not wait for a thread that waits for a name server. */
	bad += curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_PROXY, "") != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) !=
	    CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_DNS_CACHE_TIMEOUT, names_s) != CURLE_OK;
	/* In whole seconds, and 0 is no limit: in the first one nothing is reused. */
	bad += curl_easy_setopt(e, CURLOPT_MAXLIFETIME_CONN, life_s) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, ms) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)(o->timeout_us / 1000)) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, (long)(o->fresh || life_s == 0)) !=
	    CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, (long)o->keepalive) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, (long)(PROBE_KEEPALIVE_US / 1000000)) !=
	    CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_TCP_KEEPINTVL, 1L) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, p) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, on_close) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, p->ph) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_connected) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_PREREQDATA, p) != CURLE_OK;
	if (p->ph->interface[0])
		bad += curl_easy_setopt(e, CURLOPT_INTERFACE, p->ph->interface) != CURLE_OK;
	if (p->ph->ca_file || p->ph->ca_dir) {
		bad += curl_easy_setopt(e, CURLOPT_CAINFO, p->ph->ca_file) != CURLE_OK;
		bad += curl_easy_setopt(e, CURLOPT_CAPATH, p->ph->ca_dir) != CURLE_OK;
	}
	return bad == 0;
}

static bool
set_request(struct probe *p, const struct probe_order *o)
{
	CURL *e = p->easy;
	int bad = 0;

	/* A cache between here and there would answer for a link that is dead. */
	p->headers = curl_slist_append(NULL, "Cache-Control: no-cache");
	bad += p->headers == NULL;
	bad += curl_easy_setopt(e, CURLOPT_URL, o->url) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_PRIVATE, p) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_USERAGENT, "linkqd/" PACKAGE_VERSION) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_HEADERDATA, p) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_WRITEDATA, p) != CURLE_OK;
	if (o->upload_bytes > 0) {
		p->headers = curl_slist_append(p->headers, "Content-Type: application/octet-stream");
		p->headers = curl_slist_append(p->headers, "Expect:");
		bad += curl_easy_setopt(e, CURLOPT_POST, 1L) != CURLE_OK;
		bad += curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
			   (curl_off_t)o->upload_bytes) != CURLE_OK;
		bad += curl_easy_setopt(e, CURLOPT_READFUNCTION, on_upload) != CURLE_OK;
		bad += curl_easy_setopt(e, CURLOPT_READDATA, p) != CURLE_OK;
	}
	bad += curl_easy_setopt(e, CURLOPT_HTTPHEADER, p->headers) != CURLE_OK;
	return bad == 0;
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
		.upload_bytes = order->upload_bytes, .bytes_max = order->bytes_max };
	p->t = (struct probe_timing){ .started_us = loop_now_us(ph->loop), .ttfb_us = -1,
		.connect_us = -1, .rtt_us = -1 };
	p->t.last_us = p->slice_us = p->t.started_us;
	if (!set_connection(p, order) || !set_request(p, order) ||
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
			.rtt_us = tcp.rtt_us, .last_ack_us = tcp.last_ack_us,
			.waiting = tcp.unanswered > 0 };
	}
	return n;
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
	loop_timer_destroy(ph->timer);
	free(ph);
	curl_global_cleanup();
}
