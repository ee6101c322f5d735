/* SPDX-License-Identifier: ISC */
/*
 * GET /metrics: the estimates and the daemon's own counters, as OpenMetrics 1.0 where Accept
 * names it, else as Prometheus' text format 0.0.4. Labels are bounded: links that are up,
 * states, kinds and reasons, all of them few. Nothing is measured for it.
 */
#ifndef LINKQ_API_METRICS_H
#define LINKQ_API_METRICS_H

#include <stdbool.h>

#include "api/route.h"

int metrics_answer(struct core *core, const struct request *rq, struct answer *out);

/* Does this Accept (NULL: none) ask for OpenMetrics? */
bool metrics_wants_open(const char *accept);

/* The text. */
#define METRICS_TEXT_MAX (96 * 1024)
void metrics_write(const struct core *core, bool open, struct buf *out);

#endif
