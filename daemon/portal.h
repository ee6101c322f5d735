/* SPDX-License-Identifier: ISC */
/*
 * Does a portal answer in place of the Internet? Answers in, a verdict out; pure.
 *
 * A portal shows in what it answers: a redirect to a host of its own, a page of HTML where
 * there never was one, 200 where 204 was asked for, 511 (RFC 6585). One target alone may
 * have moved, so one is asked at once at another place, and only where two say so it is one:
 *
 *   0.0 s  a.example, which answers 200, redirects to login.hotel.example: ask another one
 *   0.1 s  b.example/generate_204 answers 200: captive
 *   ...    a.example answers 200 again: the portal lets through
 *
 * A target that was never seen otherwise may redirect by itself (http to https, say). That is
 * odd, no more; it counts where another place redirects to the very same host. A target that
 * never answered clean is not believed to have become so by the portal's kindness.
 */
#ifndef LINKQ_DAEMON_PORTAL_H
#define LINKQ_DAEMON_PORTAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/config.h"

#define PORTAL_TARGETS_MAX CONF_TARGETS_MAX
#define PORTAL_HOST_MAX 63
#define PORTAL_URL_MAX 191
#define PORTAL_FRESH_US INT64_C(300000000) /* older signs say nothing */

enum portal_sign {
	PORTAL_UNTOLD,  /* it says nothing of a portal */
	PORTAL_CLEAN,   /* the target itself */
	PORTAL_ODD,     /* it may be the target's own doing */
	PORTAL_SUSPECT  /* not what this target answers */
};

/* An answer, as far as it matters. */
struct portal_answer {
	const char *url;      /* that was asked for */
	int status;
	const char *location; /* of a redirect, whole; "": none */
	bool tls;             /* the certificate was the right one */
	bool html;
	const char *body;     /* its first bytes, with a NUL behind them */
	int64_t body_bytes;   /* in all */
};

/* How a target looks when it is itself. */
struct portal_look {
	bool known, html;
	int status;
	char to[PORTAL_HOST_MAX + 1]; /* host of the redirect; "" */
};

struct portal_target {
	enum portal_sign sign; /* of its last answer */
	int64_t at_us;
	char place[PORTAL_HOST_MAX + 1]; /* host and port */
	struct portal_look usual, seen;
	uint64_t page; /* digest of a page that looks like a login; 0: it does not */
};

struct portal {
	struct portal_target target[PORTAL_TARGETS_MAX];
	bool captive;
	char login[PORTAL_URL_MAX + 1]; /* where to sign in, as it was last seen; "" */
};

/* Nothing is known. Also for other targets. */
void portal_init(struct portal *p);

/* Another network: what was seen is of the old one; how targets look stays. */
void portal_reset(struct portal *p);

/* A target answered. Returns whether another place should be asked at once. */
bool portal_answered(struct portal *p, int64_t now_us, int target,
    const struct portal_answer *a);

/* What this answer of that target says by itself, before anybody else is asked. */
enum portal_sign portal_judge(const struct portal_target *t, const struct portal_answer *a);

/* The host and the port of a URL, lower case; cut where there is no room. */
void portal_place(const char *url, char out[PORTAL_HOST_MAX + 1]);

#endif
