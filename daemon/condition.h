/* SPDX-License-Identifier: ISC */
/* What may be wrong with a target, by how its last request went. Pure. */
#ifndef LINKQ_DAEMON_CONDITION_H
#define LINKQ_DAEMON_CONDITION_H

#include "daemon/probe_http.h"

enum condition {
	CONDITION_NONE,
	CONDITION_SILENT,      /* no answer while others answer */
	CONDITION_NO_NAME,     /* no address is found for it */
	CONDITION_REFUSED,
	CONDITION_RESET,
	CONDITION_CERTIFICATE, /* TLS fails */
	CONDITION_HTTP_ERROR,
	CONDITION_REDIRECT,      /* somewhere else; it is not followed */
	CONDITION_REDIRECT_LOOP, /* to itself */
	CONDITION_ENDLESS,       /* more than it may send: cut */
	CONDITION_TRUNCATED,     /* less than it said */
	CONDITION_PORTAL,        /* somebody else answers for it */
	CONDITIONS
};

extern const char *const condition_names[CONDITIONS]; /* one word */
/* "does not answer", "refuses connections": behind the target's host. */
const char *condition_words(enum condition c);

/* Of a request for `url` that ended. A failed one that says nothing of its target (it was
 * given up, or silent with the whole link) has none. */
enum condition condition_of(const char *url, const struct probe_result *r);

#endif
