/* SPDX-License-Identifier: ISC */
/* The HTTP client's half that speaks to curl about one request: options and callbacks. */
#include "daemon/probe_internal.h"

#include <config.h>

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <glob.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CERTIFICATES "/etc/ssl/certs"
#define NAMES_KEPT_S 3600L
#define LIFE_MAX_S 86400L /* of a connection */

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
	enum probe_bound bound = PROBE_UNBOUND;

	(void)purpose;
	p->opened = true;
	p->t.resolving = false;
	if (p->name_only) {
		if (fd >= 0)
			close(fd);
		return CURL_SOCKET_BAD; /* that is all there was to know */
	}
	if (fd < 0)
		return CURL_SOCKET_BAD;
	if (ph->interface[0]) {
		bound = probe_bind(fd, address->family, ph->interface, !ph->no_device);
		ph->no_device = ph->no_device || bound == PROBE_BY_ADDRESS;
		if (bound == PROBE_UNBOUND) { /* no address of that family there */
			close(fd);
			return CURL_SOCKET_BAD;
		}
	}
	for (size_t i = 0; i < PROBE_IDLE_MAX; i++) {
		struct connection *c = &ph->connection[i];

		if (c->used)
			continue;
		*c = (struct connection){ .used = true, .fd = fd, .tag = p->tag, .probe = p,
			.v6 = address->family == AF_INET6,
			.by_address = bound == PROBE_BY_ADDRESS, .in_turn = p->in_turn,
			.window_max = p->window_max };
		c->loopback = p->proxied || probe_tcp_loopback(&address->addr);
		p->t.loopback = c->loopback;
		probe_tcp_clamp(fd, p->window_max);
		ph->sink.opened(ph->sink.ctx, fd);
		if (!c->loopback)
			ph->sink.seen(ph->sink.ctx, &address->addr, address->addrlen, p->tag);
		return fd;
	}
	close(fd); /* no place to count its bytes */
	return CURL_SOCKET_BAD;
}

void
probe_count(struct probe_http *ph, struct connection *c)
{
	struct probe_wire w;

	c->uncounted = probe_tcp_wire(c->fd, c->v6, &w) == -ENOSYS;
	if (c->uncounted || w.down_bytes + w.up_bytes <= c->told.down_bytes + c->told.up_bytes)
		return;
	ph->sink.spent(ph->sink.ctx, w.down_bytes - c->told.down_bytes,
	    w.up_bytes - c->told.up_bytes, c->in_turn);
	c->told = w;
}

/* Both ends say goodbye; one that is cut off may have its whole window on the way to us. */
static void
count_closing(struct probe_http *ph, struct connection *c)
{
	int64_t both = 2 * PROBE_SEGMENT_BYTES(c->v6);
	bool cut = c->probe && c->probe->capped;

	probe_count(ph, c);
	if (c->told.down_bytes == 0)
		return; /* it never was connected */
	ph->sink.spent(ph->sink.ctx, both + (cut ? c->window_max : 0), both, c->in_turn);
}

/* May be called long after the request that opened it: `arg` is what outlives them all. */
static int
on_close(void *arg, curl_socket_t fd)
{
	struct connection *c = connection_of(arg, fd);

	if (c) {
		count_closing(arg, c);
		if (c->probe && c->probe->connection == c) {
			probe_round_trip(c->probe, c);
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

	(void)port;
	if (c && c->by_address && p->opened &&
	    !probe_bind_leaves(p->ph->interface, own_address, address)) {
		p->elsewhere = p->ph->elsewhere = true;
		return CURL_PREREQFUNC_ABORT;
	}
	p->t.connected = true;
	if (c && p->opened && !c->loopback)
		p->ph->sink.connected(p->ph->sink.ctx, c->v6);
	p->t.resolving = false;
	p->t.loopback = c ? c->loopback
			  : strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
	p->t.connect_us = p->opened ? loop_now_us(p->ph->loop) - p->t.started_us : 0;
	if (p->t.loopback && p->opened)
		p->t.connect_us = -1;
	p->connection = c;
	if (!c)
		return CURL_PREREQFUNC_OK;
	if (!p->opened)
		probe_count(p->ph, c); /* heartbeats so far */
	c->idle = false;
	c->probe = p;
	c->tag = p->tag;
	c->in_turn = p->in_turn;
	if (c->window_max != p->window_max)
		probe_tcp_clamp(c->fd, p->window_max);
	c->window_max = p->window_max;
	p->has_before = probe_tcp_read(c->fd, &p->before) == 0;
	if (p->has_before && p->opened && !p->t.loopback)
		p->t.rtt_us = p->before.rtt_us_min;
	return CURL_PREREQFUNC_OK;
}

/* A new connection: the least of its round trips. A kept one: the one just timed. */
void
probe_round_trip(struct probe *p, const struct connection *c)
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
	p->head_bytes += (int64_t)(size * count);
	if (p->head_bytes > PROBE_HEAD_MAX) {
		p->capped = true;
		return 0;
	}
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

	p->t.last_us = now_us;
	for (size_t i = 0; i < size * count && p->body_len < PROBE_BODY_MAX; i++)
		p->body[p->body_len++] = data[i] ? data[i] : ' ';
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

/* --- whom to ask, and by whom ------------------------------------------------------------ */

/* Not an address: 192.0.2.1 and [2001:db8::1] begin so. */
static bool
is_named(const char *url)
{
	const char *host = strstr(url, "://");

	return host && host[3] != '[' && strspn(host + 3, "0123456789.") !=
	    strcspn(host + 3, ":/?#");
}

/* no_proxy is curl's business: who is exempt loses a round trip that could be told. */
bool
probe_http_proxied(const struct probe_http *ph, const char *url)
{
	static const char *const names[] = { "http_proxy", "https_proxy", "HTTPS_PROXY",
		"all_proxy", "ALL_PROXY" };
	bool tls = strncmp(url, "https:", 6) == 0;

	if (strcmp(ph->proxy, "environment") != 0)
		return ph->proxy[0] != '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value && *value && (i >= 3 || (i == 0) != tls))
			return true;
	}
	return false;
}

bool
probe_http_named(const struct probe_http *ph, const char *url)
{
	return is_named(url) && !probe_http_proxied(ph, url);
}

void
probe_http_proxy(struct probe_http *ph, const char *proxy)
{
	assert(strlen(proxy) < sizeof(ph->proxy));
	if (strcmp(ph->proxy, proxy) == 0)
		return;
	memcpy(ph->proxy, proxy, strlen(proxy) + 1);
	probe_http_renew(ph);
}

/* --- options -------------------------------------------------------------------------- */

/* A folder of certificates by hash costs nothing until one is needed; the bundle is parsed
 * whole: 20 ms of the loop and 3 MB for ever. */
void
probe_certificates(struct probe_http *ph)
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
	if (o->name_only)
		names_s = 0;

	bad += curl_easy_setopt(e, CURLOPT_SHARE, o->name_only ? p->ph->names : NULL) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) != CURLE_OK;
	/* Giving up must not wait for a thread that waits for a name server. */
	bad += curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK;
	if (strcmp(p->ph->proxy, "environment") != 0)
		bad += curl_easy_setopt(e, CURLOPT_PROXY, p->ph->proxy) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) !=
	    CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_DNS_CACHE_TIMEOUT, names_s) != CURLE_OK;
	/* In whole seconds, and 0 is no limit: in the first one nothing is reused. */
	bad += curl_easy_setopt(e, CURLOPT_MAXLIFETIME_CONN, life_s) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, ms) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)(o->timeout_us / 1000)) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_FRESH_CONNECT,
		   (long)(o->fresh || o->name_only || life_s == 0)) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_open) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, p) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, on_close) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, p->ph) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_connected) != CURLE_OK;
	bad += curl_easy_setopt(e, CURLOPT_PREREQDATA, p) != CURLE_OK;
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
	for (size_t i = 0; o->headers && o->headers[i]; i++) {
		p->headers = curl_slist_append(p->headers, o->headers[i]);
		bad += p->headers == NULL;
	}
	if (o->body) {
		p->headers = curl_slist_append(p->headers, "Expect:");
		bad += curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
			   (curl_off_t)strlen(o->body)) != CURLE_OK;
		bad += curl_easy_setopt(e, CURLOPT_COPYPOSTFIELDS, o->body) != CURLE_OK;
	}
	bad += curl_easy_setopt(e, CURLOPT_HTTPHEADER, p->headers) != CURLE_OK;
	return bad == 0;
}

bool
probe_set_up(struct probe *p, const struct probe_order *o)
{
	return set_connection(p, o) && set_request(p, o);
}
