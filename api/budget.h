/* SPDX-License-Identifier: ISC */
/* GET /v1/budget: what measuring has cost, and may. */
#ifndef LINKQ_API_BUDGET_H
#define LINKQ_API_BUDGET_H

#include "api/json.h"
#include "api/route.h"

/* The members that /v1/explain has as well. */
void budget_write(struct jw *w, const struct api_budget_report *g, int64_t wall_us);

/* POST /v1/measure: measures, and answers with the estimate when that has ended. */
int measure_answer(struct core *core, const struct request *rq, struct answer *out);
int budget_answer(struct core *core, const struct request *rq, struct answer *out);

#endif
