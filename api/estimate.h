/* SPDX-License-Identifier: ISC */
/* The estimate as JSON: the shape that GET /v1/link, the links and the event stream share. */
#ifndef LINKQ_API_ESTIMATE_H
#define LINKQ_API_ESTIMATE_H

#include "api/json.h"
#include "api/source.h"

#define ESTIMATE_TEXT_MAX 2048

void estimate_write(struct jw *w, const struct api_view *v, int64_t seq);

/* Parts of it that other answers share. */
void estimate_rate(struct jw *w, const char *key, const struct est_rate *r);
/* The member `diagnosis`: null, or what is broken and whose it is. */
void estimate_diagnosis(struct jw *w, const struct api_diagnosis *d);
/* What is wrong with the link besides its state. */
void estimate_faults(struct jw *w, const struct api_view *v);
void estimate_change(struct jw *w, const struct api_view *v, const struct est_change *c);
void estimate_seconds(struct jw *w, const char *key, const struct est_seconds *s);

/* The wall clock of a monotonic instant, as the view pairs them. */
int64_t estimate_wall(const struct api_view *v, int64_t at_us);

/* -1, as the estimator says "not known", as API_UNKNOWN. */
int64_t estimate_known(int64_t n);

#endif
