/* SPDX-License-Identifier: ISC */
/*
 * Which rendition next, and whether to go on with the one under way: asked of the daemon
 * (POST /v1/hint), or of the same code in here with what our own transfers taught where no
 * daemon answers in time. All our transfers are told to both.
 */
#ifndef LINKQ_DAEMON_GATEWAY_ADVICE_H
#define LINKQ_DAEMON_GATEWAY_ADVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "api/hint.h"
#include "daemon/gateway/fetch.h"

#define ADVICE_PATIENCE_US INT64_C(400000) /* then our own decision is taken */
#define ADVICE_AWAY_US INT64_C(5000000)    /* a daemon that does not answer is left alone */

struct advice; /* owns an estimator and a plan */

struct advice_place {
	const char *socket; /* path of the daemon's socket; NULL: the URL is TCP's */
	const char *url;    /* without a path: http://localhost */
	const char *authorization; /* "Authorization: Bearer .."; NULL: none */
};

struct advice_answer {
	int rung;       /* by the index of the request's rungs */
	int abandon_to; /* -1: go on */
	bool outage;    /* nothing gets through now */
	bool of_daemon;
	char cmsd[96];  /* "etp=5200,mb=4100,rtt=70"; "" */
};

typedef void advice_fn(void *ctx, const struct advice_answer *a);

/* Places are borrowed, tried in order; places_len may be 0. */
int advice_create(struct loop *loop, struct fetcher *f, const struct advice_place *places,
    size_t places_len, struct advice **out);
void advice_destroy(struct advice *a); /* NULL is fine */

/* One question at a time; a new one takes the place of one that was not answered. `keep`: of
 * r->inflight alone. fn is called later, from the loop, never from within. */
void advice_ask(struct advice *a, const struct hint_request *r, bool keep, advice_fn *fn,
    void *ctx);
void advice_drop(struct advice *a);

/* A transfer, or a slice of one: its number is the same for all its slices. */
struct advice_transfer {
	uint64_t number;
	int64_t bytes, duration_us, ttfb_us; /* ttfb -1: no byte yet */
	int64_t ended_us;                    /* on the loop's clock */
	bool in_progress;
	const char *error; /* NULL, or a word of the API: "timeout", "aborted", .. */
};
void advice_tell(struct advice *a, const struct advice_transfer *t);

/* Does the daemon answer? For people. */
bool advice_has_daemon(const struct advice *a);

#endif
