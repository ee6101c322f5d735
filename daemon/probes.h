/* SPDX-License-Identifier: ISC */
/*
 * Active probes: asks targets as the schedule says (schedule.h), times the requests
 * (probe_http.h), and tells what came of them to whoever keeps the estimate.
 */
#ifndef LINKQ_DAEMON_PROBES_H
#define LINKQ_DAEMON_PROBES_H

#include <stdbool.h>
#include <stdint.h>

#include "api/source.h"
#include "daemon/config.h"
#include "daemon/diagnosis.h"
#include "daemon/loop.h"
#include "daemon/netlink.h"
#include "estimator/estimator.h"

struct probes; /* owns requests and connections */

/* Where results go. All calls come from the loop. */
struct probes_sink {
	void *ctx;
	/* A request, or a slice of one. */
	void (*sample)(void *ctx, int64_t now_us, const struct est_sample *s);
	void (*rtt)(void *ctx, int64_t now_us, int64_t rtt_us, bool answered);
	/* The link has been silent for so long, at so many places (2 or more). */
	void (*silence)(void *ctx, int64_t now_us, int64_t waited_us, int places);
	/* The wall clock at that instant; and keep this over a restart, by key. */
	int64_t (*wall)(void *ctx, int64_t now_us);
	void (*keep)(void *ctx, const char *key, const void *memory, size_t len);
	/* A socket of ours was opened. */
	void (*opened)(void *ctx, int fd);
	/* A portal answers in place of the Internet, or does so no more. */
	void (*captive)(void *ctx, int64_t now_us, bool captive);
	void (*forget)(void *ctx, int64_t now_us, uint64_t request);
	/* One of the families is dead while the other works, or is so no more. */
	void (*family)(void *ctx, int64_t now_us, bool v6, bool dead);
	/* What is bound to the link leaves by another one; or does so no more. */
	void (*astray)(void *ctx, int64_t now_us, bool astray);
	/* What is believed of the link that is probed. */
	void (*belief)(void *ctx, int64_t now_us, struct est_snapshot *out);
};

/* 0 or a negative errno. `c` is copied. */
int probes_create(struct loop *loop, const struct conf *c, const struct probes_sink *sink,
    struct probes **out);
/*
 * Of another link: bound to this interface, out of the budget of `first`, which outlives it.
 * `number` (over 0, below 1024) tells its requests from those of others.
 */
int probes_create_beside(struct probes *first, const struct conf *c, const char *interface,
    int number, const struct probes_sink *sink, struct probes **out);
void probes_destroy(struct probes *p); /* NULL is fine */

/* Bound to its interface, what it asked left by another: nothing can be known of the link
 * by asking, and nothing is asked any more. */
bool probes_lost_way(const struct probes *p);

/* Other targets and intervals; what is under way is given up. */
void probes_reload(struct probes *p, const struct conf *c);

/* Time passed: look after requests, start the next one. Returns how long it may take until
 * the next call: 100 ms while something is under way. */
int64_t probes_tick(struct probes *p, int64_t now_us);

/* Somebody else had a byte over the link at that time: a silent target is not the link. */
void probes_heard(struct probes *p, int64_t at_us);

/* Somebody who is not sure sees the link silent since then: ask at once. */
void probes_suspect(struct probes *p, int64_t now_us, int64_t since_us);

/* The connection is metered, or is so no more. */
void probes_metered(struct probes *p, int64_t now_us, bool metered);
/* Somebody could not find a name: is it so for us? */
void probes_names_doubted(struct probes *p, int64_t now_us);
/* Where the default route, or this interface, leaves by. */
void probes_gateway(struct probes *p, const struct net_picture *picture, const char *interface);
/* Do requests go by a proxy? Then they get out where no route does. */
bool probes_by_proxy(const struct probes *p);
/* What is known of what is broken: all but what the kernel tells of the link. */
void probes_facts(const struct probes *p, struct diagnosis_facts *out);

/* What was kept of the budget comes back. */
#define PROBES_MEMORY_KEY "budget"
void probes_restore(struct probes *p, const void *memory, size_t len);
/* A fresh measurement now: 0, or -EDQUOT (beyond the budget), -ENOENT (no targets). */
int probes_measure(struct probes *p, int64_t now_us, bool over_budget);
bool probes_measuring(const struct probes *p, int64_t now_us);
/* This host was suspended so long. */
void probes_slept(struct probes *p, int64_t slept_us);

/* Another network, or awake again: what is under way says nothing. */
void probes_reset(struct probes *p, int64_t now_us);

/* One line of the log names the hosts that will be contacted. */
void probes_announce(const struct probes *p);

/* Fills probe.., next_probe.. and probe_bytes... */
void probes_report(struct probes *p, int64_t now_us, struct api_daemon_report *out);

/* Is this the URL of a host named as loopback? */
bool probes_is_loopback(const char *url);

#endif
