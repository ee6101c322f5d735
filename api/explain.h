/* SPDX-License-Identifier: ISC */
/* GET /v1/explain: why the estimate is what it is. */
#ifndef LINKQ_API_EXPLAIN_H
#define LINKQ_API_EXPLAIN_H

#include "api/route.h"

int explain_answer(struct core *core, const struct request *rq, struct answer *out);

#endif
