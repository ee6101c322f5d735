/* SPDX-License-Identifier: ISC */
/*
 * What POST /v1/observations does, in portions, since five hundred observations are more
 * work than the loop may do at a time.
 *
 * First all of the body is read and checked, so that a body that is no JSON or has too many
 * observations counts for nothing; then they are fed in the order in which they ended.
 */
#ifndef LINKQ_API_OBSERVATIONS_H
#define LINKQ_API_OBSERVATIONS_H

#include <stddef.h>

#include "api/buf.h"
#include "api/problem.h"
#include "api/hint_watch.h"
#include "api/source.h"

#define OBSERVATIONS_MAX 500        /* in one body */
#define OBSERVATION_TEXT_MAX 8192   /* of one of them */
#define OBSERVATIONS_ANSWER_MAX (OBSERVATIONS_MAX * 192 + 64)

struct observations;

/* Borrows the body and the source until it is destroyed, and those who watch transfers that
 * the observations may be slices of (NULL: nobody does). NULL: no memory. */
struct observations *observations_create(const struct api_source *source,
    struct hint_watches *watches, const char *body, size_t len);
void observations_destroy(struct observations *o); /* NULL is fine */

/* One portion. 1: there is more to do; 0: done; -EINVAL: 400 or 413, and nothing counted. */
int observations_step(struct observations *o, struct problem *p);

/* {"accepted":n,"rejected":[..]} */
void observations_write(const struct observations *o, struct buf *out);

struct json_t;

/* One observation, checked. 0, or -EINVAL with the reason in p->detail. wall_us is now. */
int observation_read(const struct json_t *object, int64_t wall_us,
    struct api_observation *out, struct problem *p);

#endif
