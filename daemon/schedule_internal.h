/* SPDX-License-Identifier: ISC */
/* What the parts of the schedule share. */
#ifndef LINKQ_DAEMON_SCHEDULE_INTERNAL_H
#define LINKQ_DAEMON_SCHEDULE_INTERNAL_H

#include "daemon/schedule.h"

#define MS(n) (INT64_C(1000) * (n))
#define SECONDS(n) (INT64_C(1000000) * (n))

#define SCHED_WIDE_LEAST_US SECONDS(5)

/* schedule_judge.c: is it left alone, is it being asked, is it late and nobody else heard? */
bool sched_muted(const struct sched_target *t, int64_t now_us);
bool sched_in_the_air(const struct sched *s, int target);
bool sched_silent(const struct sched *s, int64_t now_us, int flight);
/* Targets for small requests that are not known to be dead. */
size_t sched_askable(const struct sched *s, int64_t now_us);

/* schedule.c: is there budget for so many bytes now? Keeps the ledger's windows. */
bool sched_affordable(struct sched *s, int64_t now_us, int64_t bytes);

/* schedule_end.c: kept connections are of a link that was. */
void sched_renew(struct sched *s, int64_t now_us, bool better);

#endif
