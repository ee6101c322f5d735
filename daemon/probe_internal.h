/* SPDX-License-Identifier: ISC */
/* What the two halves of the HTTP client share: its state, and what the loop's half calls. */
#ifndef LINKQ_DAEMON_PROBE_INTERNAL_H
#define LINKQ_DAEMON_PROBE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <curl/curl.h>

#include "daemon/config.h"
#include "daemon/probe_bind.h"
#include "daemon/probe_http.h"
#include "daemon/probe_tcp.h"

#define UPLOAD_BLOCK 16384

struct connection {
	bool used, idle;
	int fd, tag;
	bool loopback, v6, by_address;
	int64_t beat_us; /* after so long */
	bool beats;      /* the kernel asks it for signs of life */
	bool in_turn;    /* as its last request */
	bool uncounted;  /* the kernel does not count for us */
	int64_t window_max;
	struct probe_wire told; /* of its cost */
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
	bool elsewhere; /* it left by another link: it says nothing of this one */
	bool capped;
	bool named;  /* not an address: a name server was asked */
	bool name_only;
	bool proxied;
	bool in_turn;
	int64_t window_max, head_bytes;
	int tag;
	int64_t upload_bytes, sent_bytes, bytes_max;
	int64_t slice_us; /* when the last one was told */
	char body[PROBE_BODY_MAX + 1];
	size_t body_len;
	struct probe_timing t;
	probe_slice_fn *slice;
	probe_done_fn *done;
	void *arg;
};

struct probe_http {
	struct loop *loop;
	CURLM *multi;
	CURLSH *names; /* where names are found anew: what is known stays known elsewhere */
	struct loop_timer *timer;
	char proxy[CONF_TEXT_MAX + 1];
	char interface[16];   /* "": whatever the kernel takes */
	bool no_device;       /* sockets cannot be bound to it */
	bool elsewhere;       /* and those bound to its address leave by another link */
	struct probe_http_sink sink;
	const char *ca_dir, *ca_file; /* NULL: as curl was built */
	int64_t changed_us;           /* what was found before is of another network */
	int64_t renewed_us;           /* what was opened before is not used again */
	struct probe probe[PROBE_FLIGHTS_MAX];
	struct connection connection[PROBE_IDLE_MAX];
	char block[UPLOAD_BLOCK];
};

/* Everything that curl has to know of this request, its callbacks too; false: it does not
 * take it. */
bool probe_set_up(struct probe *p, const struct probe_order *o);

/* Tell what this connection has cost since that was last told. */
void probe_count(struct probe_http *ph, struct connection *c);

/* Which authorities to trust. */
void probe_certificates(struct probe_http *ph);

/* The round trip of the request that ended: of a new connection the least one, of a kept
 * one the one just timed. */
void probe_round_trip(struct probe *p, const struct connection *c);

#endif
