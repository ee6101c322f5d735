/* SPDX-License-Identifier: ISC */
/*
 * Requests of applications that are open: from the names that they gave them to numbers,
 * and from cumulative bytes to increments. A fixed table; what is not heard of for
 * REQUESTS_STALE_US is forgotten.
 */
#ifndef LINKQ_DAEMON_REQUESTS_H
#define LINKQ_DAEMON_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/digest.h"

#define REQUESTS_MAX 512
#define REQUESTS_STALE_US INT64_C(30000000)

struct request {
	uint64_t number; /* 0: a free place */
	int64_t told_us; /* last report */
	int64_t bytes;   /* so far */
};

struct requests {
	struct digest_salt salt; /* of this run: an application cannot aim at another's */
	struct request at[REQUESTS_MAX];
	unsigned open;
};

/* 0 or a negative errno (no randomness to be had). */
int requests_init(struct requests *r);

/* The number of a request; its top bit is 0, and it is not 0. */
uint64_t requests_number(const struct requests *r, const char *app, const char *id);

/*
 * A report came. Returns the bytes that are new in it. `open`: more will come; otherwise
 * its place is free again. Where all places are taken it counts as if it were alone.
 */
int64_t requests_report(struct requests *r, uint64_t number, int64_t now_us, int64_t bytes,
    bool open);

/* One that was not heard of for too long, taken out of the table; 0: there is none. */
uint64_t requests_stale(struct requests *r, int64_t now_us);

#endif
