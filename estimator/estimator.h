/* SPDX-License-Identifier: ISC */
/*
 * The estimator of one link: timings of requests in, a belief about the link out.
 *
 * A pure function of its samples: no I/O, no clock, no randomness, no allocation. All
 * state is in struct est, which the caller owns and embeds. Time is an argument, always
 * `now_us` on one monotonic clock; it never runs backwards (an assert, since that is a
 * bug of the caller).
 *
 * Rates are goodput in kbit/s = 1000 bit/s of payload. Unknown is `known = false`, or -1
 * where a field says so, never 0. The mathematics is explained in belief.h.
 */
#ifndef LINKQ_ESTIMATOR_ESTIMATOR_H
#define LINKQ_ESTIMATOR_ESTIMATOR_H

#include "estimator/estimator_state.h" /* struct est: visible, so that callers embed it */
#include "estimator/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EST_HORIZON_US INT64_C(5000000)
#define EST_LATE_US INT64_C(10000000) /* what ended longer ago is refused */

/* Start with no evidence. `kind` chooses how wide and where the prior is. */
void est_init(struct est *e, enum est_link_kind kind, int64_t now_us);

/*
 * Add one sample at now_us. A sample may end in the past (it was reported late); how late
 * it may be is EST_LATE_US. Returns EST_TAKEN, or why it was not (counted in the report).
 * Bounded time.
 */
enum est_verdict est_add(struct est *e, int64_t now_us, const struct est_sample *s);

/*
 * One bare round trip (a connect, a kept connection's keep-alive, the kernel's srtt).
 * answered: rtt_us is the time it took. Not answered: it has waited rtt_us so far, or was
 * given up after it.
 */
void est_add_rtt(struct est *e, int64_t now_us, enum est_source source, int64_t rtt_us,
    bool answered);

/*
 * What the whole link carried in the dt_us until now, all its connections together, as the
 * kernel counts it: a sum already, never added to what requests tell. at_least: something
 * else than the link may have set the pace, so that it only ever raises the estimate.
 * Otherwise it is the link's own rate. clock_us is the grain of dt_us. Bytes of 0 say
 * nothing; the caller leaves out intervals whose bytes requests have told as well.
 */
void est_add_carried(struct est *e, int64_t now_us, enum est_source source,
    enum est_direction direction, int64_t bytes, int64_t dt_us, int64_t clock_us,
    bool at_least);

/*
 * Data of ours is unacknowledged at so many places (2 or more: one may be dead by itself),
 * and nothing was heard of any of them for waited_us.
 */
void est_add_silence(struct est *e, int64_t now_us, enum est_source source,
    int64_t waited_us, int places);

/*
 * Time passes. Call it each 250 ms while requests are open, so that their silence counts;
 * otherwise at any rhythm, or never. More calls never make the estimate surer.
 */
void est_tick(struct est *e, int64_t now_us);

/* The host woke up, or the link's network changed: what was certain is so no more. */
void est_wake(struct est *e, int64_t now_us);
void est_network_changed(struct est *e, int64_t now_us);

/* Facts that the kernel or a portal check knows. No carrier or no route: offline at once. */
void est_set_carrier(struct est *e, int64_t now_us, bool up);
void est_set_captive(struct est *e, int64_t now_us, bool captive);

/* A request is known to be lost from sight (its application died): forget that it is open. */
void est_forget_request(struct est *e, uint64_t request);

/* The belief as quantiles for the mean of the next horizon_us (EST_HORIZON_US usually). */
void est_read(struct est *e, int64_t now_us, int64_t horizon_us, struct est_snapshot *out);

/* Quantiles of the time for a transfer of `bytes` that starts now, on a new request. */
void est_transfer(struct est *e, int64_t now_us, enum est_direction direction, int64_t bytes,
    struct est_seconds *out);

/* What any link of that kind may be like, before anything is seen of it: a factor of a
 * hundred from p10 to p90, and no estimate. */
void est_prior(enum est_link_kind kind, struct est_rate *out);

void est_explain(const struct est *e, int64_t now_us, struct est_explain *out);

/* What is learnt of this link, to be kept; and a new start from what was kept. */
void est_save(const struct est *e, struct est_memory *out);
int est_restore(struct est *e, int64_t now_us, const struct est_memory *m); /* 0 or -EINVAL */

/* The names that the API, the CSV and the command line share. Never NULL. */
const char *est_state_name(enum est_state s);
const char *est_quality_name(enum est_quality q);
const char *est_effective_name(enum est_effective t); /* "" where it is not known */
const char *est_error_name(enum est_error e);         /* "" for none */
const char *est_change_name(enum est_change_kind k);  /* "" for none */
const char *est_source_name(enum est_source s);       /* "app", "kernel", "probe" */
const char *est_basis_name(enum est_basis b);         /* "prior", "memory", "evidence" */
const char *est_verdict_name(enum est_verdict v);     /* a few words of why */
const char *est_link_kind_name(enum est_link_kind k);

/* The reverse: 0, or -EINVAL for a word that is none. */
int est_error_parse(const char *word, enum est_error *out);

#endif
