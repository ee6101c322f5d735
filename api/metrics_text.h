/* SPDX-License-Identifier: ISC */
/*
 * The writer of metrics: families and their samples, as OpenMetrics 1.0 or as Prometheus'
 * text format 0.0.4. Names are given without the prefix linkqd_ and, of counters, without
 * _total.
 */
#ifndef LINKQ_API_METRICS_TEXT_H
#define LINKQ_API_METRICS_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "api/buf.h"
#include "api/histogram.h"

struct mt {
	struct buf *out;
	bool open;        /* OpenMetrics */
	const char *name; /* of the family, with what its samples end in */
	const char *end;
};

/* Pairs of label and value, which end with NULL. */
#define MT_LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define MT_NONE ((const char *const[]){NULL})

/* type: gauge or counter. Samples follow. */
void mt_family(struct mt *w, const char *name, const char *type, const char *help);
/* API_UNKNOWN: what is not known has no sample. */
void mt_sample(struct mt *w, const char *const *labels, int64_t n, unsigned decimals);
/* A family with one sample and no labels. */
void mt_one(struct mt *w, const char *name, const char *type, const char *help, int64_t n,
    unsigned decimals);
void mt_histogram(struct mt *w, const char *name, const char *help, const struct histogram *h);

/* Below 0 is what the sources say for unknown. */
int64_t mt_if_known(int64_t n);

#endif
