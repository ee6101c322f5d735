/* SPDX-License-Identifier: ISC */
/*
 * Both ways of a link, driven by a script: what the kernel path and the loopback relay have
 * in common. The caller moves packets and asks the clock (CLOCK_MONOTONIC, nanoseconds).
 */
#ifndef LINKQ_LAB_WIRE_H
#define LINKQ_LAB_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/lab/hop.h"
#include "daemon/lab/script.h"
#include "daemon/lab/truth.h"

/* A line of ground truth, and what readers of struct truth see, comes so often. */
#define WIRE_PERIOD_NS INT64_C(100000000)

struct wire {
	struct hop down, up;
	struct script script;
	size_t next_row;
	int64_t script_ns; /* when it began */
	int64_t period_ns; /* the end of the period that runs */
	int64_t late_ns_max; /* in this period */
	struct hop_count down_before, up_before; /* at its begin */
	struct truth *truth;
	FILE *log; /* NULL: none */
};

/* Copies the script, which begins now. truth is zeroed by the caller and outlives the wire;
 * log stays the caller's. 0 or -ENOMEM. */
int wire_init(struct wire *w, const struct script *script, uint64_t seed, struct truth *truth,
    FILE *log, int64_t now_ns);
void wire_finish(struct wire *w);

/* Compute up to now_ns; rows and periods take effect at their own instants. */
void wire_run(struct wire *w, int64_t now_ns);
/* When something is due: a packet, a row, the end of a period. */
int64_t wire_next_ns(const struct wire *w);

/* A packet was handed over at now_ns. */
void wire_delivered(struct wire *w, const struct hop_packet *p, int64_t now_ns);

/* Another script takes over and begins now. What waits or flies stays. */
void wire_tell(struct wire *w, const struct script *script, int64_t now_ns);
/* The same, from a datagram socket on which texts of scripts arrive; each is answered, if
 * its sender has an address, with "ok" or with what is wrong. */
void wire_listen(struct wire *w, int fd, int64_t now_ns);

#endif
