/* SPDX-License-Identifier: ISC */
/* GET /v1/history, /v1/history.csv and /v1/conditions: which rows are asked for. */
#ifndef LINKQ_API_HISTORY_H
#define LINKQ_API_HISTORY_H

#include "api/route.h"

/* The range that a query names. 0, or -EINVAL with the problem set. */
int history_range(const struct query *q, int64_t now_wall_us, struct api_range *out,
    struct problem *p);

/* The window and the rest that a query for conditions names. */
int history_window(const struct query *q, int64_t now_wall_us, struct api_range *out,
    struct problem *p);

int conditions_answer(struct core *core, const struct request *rq, struct answer *out);
int history_answer(struct core *core, const struct request *rq, struct answer *out);

#endif
