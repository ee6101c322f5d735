/* SPDX-License-Identifier: ISC */
/*
 * How long each link was in which state and quality, of a window: of whole hours and minutes
 * as they were summed up, and of the seconds at its edges and where nothing is summed up yet.
 * The seconds of a link, with those of no data, are exactly those of the window.
 */
#ifndef LINKQ_DAEMON_CONDITIONS_H
#define LINKQ_DAEMON_CONDITIONS_H

#include <stdbool.h>

#include "api/rows.h"
#include "api/source.h"
#include "daemon/history_read.h"

struct conditions;

/* The window is the range's in whole seconds. 0 or -ENOMEM. */
int conditions_create(const struct api_range *range, struct conditions **out);
void conditions_destroy(struct conditions *c); /* NULL is fine */

/* Read some. 1: there is more, 0: it is all there, or a negative errno. */
int conditions_read(struct conditions *c, struct history_reader *r);

/* The next row: links as they came, and of each what took any time. A window without any link
 * is one of no data, of a link without a name. */
bool conditions_next(struct conditions *c, struct api_condition_row *out);

#endif
