/* SPDX-License-Identifier: ISC */
/* GET /v1/forecast: what is expected ahead on a link. */
#ifndef LINKQ_API_FORECAST_H
#define LINKQ_API_FORECAST_H

#include "api/route.h"

int forecast_answer(struct core *core, const struct request *rq, struct answer *out);

#endif
