/* SPDX-License-Identifier: ISC */
/*
 * HTTP requests that are timed: libcurl's multi interface on the loop. Only probe_http.c and
 * its other half, probe_setup.c, know <curl/curl.h>.
 *
 * Times are taken at the events of the loop, in microseconds from the start of a request,
 * DNS and connecting included. Phases before the request itself are curl's. Loopback is
 * said so: its connect times and round trips tell nothing of a link, and are not given.
 */
#ifndef LINKQ_DAEMON_PROBE_HTTP_H
#define LINKQ_DAEMON_PROBE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "daemon/loop.h"
#include "estimator/estimator.h"

#define PROBE_FLIGHTS_MAX 13 /* requests at once; one looks for a name */
#define PROBE_IDLE_MAX 32    /* connections in all; there are no others */
#define PROBE_HEAD_MAX 16384 /* bytes of an answer's header: more is nonsense */
#define PROBE_BODY_MAX 1023  /* bytes of a body that are kept, to be looked at */
#define PROBE_LOCATION_MAX 191

struct probe_http; /* owns the multi handle and its connections */
struct probe;      /* one request under way */

struct probe_order {
	const char *url;       /* http or https; copied */
	int64_t upload_bytes;  /* over 0: POST so many bytes */
	const char *body;      /* POST this; copied. NULL: there is none */
	const char *const *headers; /* more of them, NULL ends; copied. NULL: none */
	int64_t bytes_max;     /* of the answer's body; there it ends, as if it were whole */
	int64_t window_max;    /* of what is on its way to us at once */
	bool in_turn;          /* told with its bytes */
	int64_t connect_timeout_us;
	int64_t timeout_us; /* of the whole request */
	bool fresh;         /* on a new connection, with a fresh window */
	bool known_address; /* take an address that was ever found: DNS may be dead too */
	bool name_only;     /* find an address anew, and no more: it ends without an answer */
	int tag;            /* of whom the connection is; given back by probe_http_idle */
};

struct probe_timing {
	int64_t started_us; /* monotonic */
	int64_t last_us;    /* when the last byte came or was acknowledged; or started_us */
	int64_t bytes;      /* of the body so far; of an upload: acknowledged */
	int64_t ttfb_us;    /* start to the first byte of the answer; -1: none has come */
	int64_t connect_us; /* DNS, TCP and TLS; 0: a kept connection, -1: not yet, not known */
	int64_t rtt_us;     /* one round trip by the kernel's clock; -1: not known */
	bool resolving; /* it waits for an address */
	bool connected;
	bool loopback; /* or by a proxy: nor do the proxy's times tell of a link */
};

struct probe_result {
	struct probe_timing timing;
	int64_t duration_us;
	enum est_error error;
	int status;                    /* of HTTP; 0: there was no answer */
	int64_t dns_us, tcp_us, tls_us; /* phases; -1: there was none */
	bool found;                    /* of name_only: there is an address */
	bool tls, html;                /* the certificate was right; the body says that it is HTML */
	bool cut;                      /* there was more of the body than was allowed */
	char location[PROBE_LOCATION_MAX + 1]; /* of a redirect, whole; "" */
	const char *body;              /* the first bytes of it, NUL behind them; until the return */
	char text[64];                 /* how it went, for a person */
};

/* A slice of a body came (each PROBE_SLICE_US about). Called by curl from within: nothing
 * of this header may be called here. */
typedef void probe_slice_fn(void *arg, int64_t now_us, const struct probe_timing *t);
/* It ended; the probe is gone. Others may be started. */
typedef void probe_done_fn(void *arg, int64_t now_us, const struct probe_result *r);

#define PROBE_SLICE_US INT64_C(100000)

/*
 * What is told besides. opened: a socket, before it connects. spent: so much went over the
 * wire, of requests, heartbeats and closing alike; in_turn as ordered, heartbeats are.
 */
struct probe_http_sink {
	void *ctx;
	void (*opened)(void *ctx, int fd);
	/* It is for that address, by this order's tag; and: it is connected. Not of loopback, and
	 * not of a proxy. */
	void (*seen)(void *ctx, const struct sockaddr *to, socklen_t len, int tag);
	void (*connected)(void *ctx, bool v6);
	void (*spent)(void *ctx, int64_t down_bytes, int64_t up_bytes, bool in_turn);
};

/* Requests go by this proxy: a URL, "environment" (as http_proxy, https_proxy and no_proxy
 * say) or "" for none. Connections of before are not used again. */
void probe_http_proxy(struct probe_http *ph, const char *proxy);

/* `interface`: bind to it (probe_bind.h); "": do not. 0 or a negative errno. The first call
 * comes before threads. */
int probe_http_create(struct loop *loop, const char *interface,
    const struct probe_http_sink *sink, struct probe_http **out);
/* Requests under way end without a call. NULL is fine. */
void probe_http_destroy(struct probe_http *ph);

/* 0, -EBUSY (too many at once), -EINVAL (curl does not take it) or -ENOMEM. */
int probe_http_start(struct probe_http *ph, const struct probe_order *order,
    probe_slice_fn *slice, probe_done_fn *done, void *arg, struct probe **out);

/* Do requests for this URL go by a proxy? */
bool probe_http_proxied(const struct probe_http *ph, const char *url);
/* Has this URL a name that somebody has to find an address for? */
bool probe_http_named(const struct probe_http *ph, const char *url);

/* How it stands. */
void probe_http_look(const struct probe *p, struct probe_timing *out);

/* Give up: calls done with this error. */
void probe_http_abort(struct probe *p, enum est_error error);

/* A connection that is kept and not used, as its kernel sees it. */
struct probe_idle {
	int tag;
	bool loopback;
	int64_t rtt_us;      /* smoothed; -1 */
	int64_t last_ack_us; /* how long ago the other end gave a sign of life */
	bool beats;          /* it is the one that is asked for signs of life */
	bool waiting;        /* a keep-alive is unanswered */
};

/*
 * The heartbeat: of the connections that idle the kernel asks one, over a link, for a sign
 * of life (TCP's keep-alive) when it was silent for so long, then each second. Two segments,
 * 132 bytes on Ethernet. Call it from time to time: it counts what heartbeats cost, too.
 * Returns whether there is one.
 */
bool probe_http_beat(struct probe_http *ph, bool on, int64_t after_us);

size_t probe_http_idle(const struct probe_http *ph, struct probe_idle out[PROBE_IDLE_MAX]);

/* Requests that were bound to the interface's address left by another link, and ended with
 * EST_ERROR_ABORTED: asking on is of no use until routes change. */
bool probe_http_elsewhere(const struct probe_http *ph);

/* Connections of before are not used again: their windows are of a link that was. */
void probe_http_renew(struct probe_http *ph);
/* Names of before neither: another network. */
void probe_http_forget(struct probe_http *ph);

#endif
