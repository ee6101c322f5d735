/* SPDX-License-Identifier: ISC */
/*
 * A client on a ride, in virtual time: requests over a simple TCP (a round trip of latency,
 * slow start from ten segments, a window of bytes each round trip at the link's own speed,
 * a fair share of the link, losses that hold the reader up), reported as applications do.
 */
#ifndef LINKQ_TESTS_SIM_CLIENT_H
#define LINKQ_TESTS_SIM_CLIENT_H

#include "estimator/types.h"
#include "tests/sim/ride.h"
#include "tests/sim/rng.h"

#include <stdbool.h>
#include <stdint.h>

enum client_kind { CLIENT_VIDEO, CLIENT_BULK, CLIENT_WEB, CLIENT_PROBE, CLIENT_KINDS };

#define CLIENT_STEP_S 0.002
#define CONNECTIONS 6

/* One connection and the request on it. */
struct connection {
	bool busy;
	bool fresh;       /* this request opened it */
	uint64_t request;
	double start_s, first_s, reported_s, used_s;
	double waited_s, wait_s; /* for the first byte */
	double size, got;
	double window;
	double credit, round_s; /* of this round trip: bytes and time that are left */
	double hole_s;    /* nothing is read for so long, after a loss */
};

struct client {
	enum client_kind kind;
	const struct ride *ride;
	struct rng rng;
	struct connection on[CONNECTIONS];
	uint64_t requests;
	double now_s;
	double next_s;    /* next request, page, segment or probe */
	int queued;       /* objects of the page that are still to fetch */
	double rate_kbps, buffer_s; /* of the player */
	int probes;
	/* what to do with a report; `finished` for the peers that know no slices */
	void (*report)(void *arg, const struct est_sample *s);
	void *arg;
};

void client_init(struct client *c, enum client_kind kind, const struct ride *ride,
    uint64_t seed);

/* CLIENT_STEP_S pass. */
void client_step(struct client *c);

const char *client_name(enum client_kind kind);

#endif
