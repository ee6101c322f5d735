/* SPDX-License-Identifier: ISC */
/* What the parts of the schedule share. */
#ifndef LINKQ_DAEMON_SCHEDULE_INTERNAL_H
#define LINKQ_DAEMON_SCHEDULE_INTERNAL_H

#include "daemon/schedule.h"

#define MS(n) (INT64_C(1000) * (n))
#define SECONDS(n) (INT64_C(1000000) * (n))

#define SIZED_MIN INT64_C(65536)
#define SCHED_WIDE_LEAST_US SECONDS(5)

/* schedule_judge.c: is it left alone, is it being asked, is it late and nobody else heard? */
bool sched_muted(const struct sched_target *t, int64_t now_us);
bool sched_in_the_air(const struct sched *s, int target);
bool sched_silent(const struct sched *s, int64_t now_us, int flight);
/* Targets for small requests that are not known to be dead. */
size_t sched_askable(const struct sched *s, int64_t now_us);
/* Are these two targets on one server? */
bool sched_one_place(const struct sched *s, int a, int b);

/* schedule_cost.c: fill in what it is cut at and what it may cost; what it will cost; whether
 * that is allowed now, in turn or not. */
void sched_price(const struct sched *s, struct sched_ask *ask);
int64_t sched_expected_bytes(const struct sched_target *t, int64_t body_bytes);
bool sched_affordable(struct sched *s, int64_t now_us, const struct sched_ask *ask);
bool sched_affordable_in_turn(struct sched *s, int64_t now_us, const struct sched_ask *ask);
/* The largest body that may be asked for in turn: a third of what there is. */
int64_t sched_largest_bytes(struct sched *s, int64_t now_us);
/* Hold what this one can cost at most; beyond the limits where somebody asked for that. */
bool sched_hold(struct sched *s, int64_t now_us, const struct sched_ask *ask);

/* schedule_measure.c: what is next of a measurement that somebody asked for? */
bool sched_measure_next(struct sched *s, int64_t now_us, const struct est_snapshot *belief,
    struct sched_ask *out);

/* schedule_cost.c: did somebody else have a byte just now? Then that is what tells. */
bool sched_others_tell(const struct sched *s, int64_t now_us);

/* A part of this time, up to a sixteenth, another one after each start: what is asked in step
 * with something else (others' probes, a timer of the network) sees only a part of it. */
int64_t sched_dither_us(const struct sched *s, int64_t us);

/* schedule_cost.c: the interval between small requests, longer while nothing changes. */
int64_t sched_interval_us(struct sched *s, int64_t now_us);

/* schedule_end.c: kept connections are of a link that was. */
void sched_renew(struct sched *s, int64_t now_us, bool better);

#endif
