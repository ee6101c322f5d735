/* SPDX-License-Identifier: ISC */
/* POST and GET /v1/hint: the hint over HTTP. */
#ifndef LINKQ_API_HINT_ROUTE_H
#define LINKQ_API_HINT_ROUTE_H

#include "api/route.h"

int hint_answer_get(struct core *core, const struct request *rq, struct answer *out);
int hint_answer_post(struct core *core, const struct request *rq, struct answer *out);

#endif
