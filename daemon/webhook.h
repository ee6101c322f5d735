/* SPDX-License-Identifier: ISC */
/*
 * Webhooks: a POST to each configured URL when the default link's state or quality changes.
 *
 * Each has its own hold time, queue and secret (webhook_queue.h). The body is JSON, and the
 * header Linkqd-Signature: t=UNIX,v1=HEX is the HMAC-SHA-256 of "UNIX.BODY" by the secret.
 * Any 2xx is a delivery; a redirect is not followed, and is none. While the link is offline
 * or behind a portal nothing is tried but on loopback. What waits at the end of the daemon is lost, and counted
 * in the log.
 */
#ifndef LINKQ_DAEMON_WEBHOOK_H
#define LINKQ_DAEMON_WEBHOOK_H

#include "api/source.h"
#include "daemon/config.h"
#include "daemon/loop.h"

struct webhooks; /* owns its connections */

struct webhooks_options {
	const char *boot; /* names this run of the daemon; at most 16 characters, copied */
	void (*opened)(void *ctx, int fd); /* a socket of ours */
	void *ctx;
};

/* Are all secrets there, and for nobody else to read? 0, or a negative errno with one
 * sentence in `why`. */
int webhooks_check(const struct conf_hooks *conf, char *why, size_t why_len);

/* 0, or a negative errno as above. */
int webhooks_create(struct loop *loop, const struct webhooks_options *o,
    const struct conf_hooks *conf, struct webhooks **out, char *why, size_t why_len);
void webhooks_destroy(struct webhooks *w); /* NULL is fine */

/* Other hooks; one whose URL stays keeps what waits. As in create; nothing changes on an
 * error. */
int webhooks_reload(struct webhooks *w, const struct conf_hooks *conf, char *why,
    size_t why_len);

#define WEBHOOKS_IDLE_US INT64_C(60000000)
/* Time passed, and the default link is so. How long it may take until the next call. */
int64_t webhooks_tick(struct webhooks *w, const struct api_view *v);

/* Fills hook and hooks_len. */
void webhooks_report(const struct webhooks *w, int64_t now_us,
    struct api_daemon_report *out);

#endif
