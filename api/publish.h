/* SPDX-License-Identifier: ISC */
/*
 * What is published of the default link, and its number.
 *
 * `seq` rises when state, quality, change, outage or the link itself do, or when a quantile
 * moved by more than 2 % since the last rise; at most about four times a second.
 */
#ifndef LINKQ_API_PUBLISH_H
#define LINKQ_API_PUBLISH_H

#include <stdbool.h>
#include <stdint.h>

#include "api/source.h"

#define PUBLISH_AGE_US INT64_C(250000) /* no answer is older */
/* The tick comes each 250 ms, a little early or late. */
#define PUBLISH_RISE_US INT64_C(240000)

struct publish {
	int64_t seq;
	int64_t rose_us;      /* when seq did last */
	bool any;             /* a view was taken */
	struct api_view view; /* the last one taken */
	struct api_view said; /* the one that seq stands for */
};

/* Does b say something else than a, by the rule above? */
bool publish_differs(const struct api_view *a, const struct api_view *b);

/* Take a new view; true if seq rose. */
bool publish_update(struct publish *p, const struct api_view *view);

/* Something happened that has a number of its own; the view is of after it. */
int64_t publish_event(struct publish *p, const struct api_view *view);

#endif
