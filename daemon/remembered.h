/* SPDX-License-Identifier: ISC */
/*
 * The links that this host was on: what they are called, and what was learnt of them.
 *
 * A few hundred bytes a link, in memory, so that a host that returns to one has an answer
 * at once; the store keeps the same over a restart. Where there are more than
 * REMEMBERED_MAX, the one that was seen longest ago goes; one that is up never does.
 *
 * Worked example: 256 hotels were visited, and the host comes to another one: what was
 * learnt in the first hotel is dropped, its name too. Its rows in the history stay, as long
 * as others of their age do.
 */
#ifndef LINKQ_DAEMON_REMEMBERED_H
#define LINKQ_DAEMON_REMEMBERED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/source.h"
#include "daemon/store.h"
#include "estimator/estimator.h"

#define REMEMBERED_MAX API_REMEMBERED_MAX

struct remembered_link; /* owned by the list */

struct remembered {
	struct store *store; /* NULL: nothing outlives us */
	struct remembered_link **at;
	size_t len;
};

/* Take over what the store has. 0 or a negative errno; what could not be read is unknown. */
int remembered_init(struct remembered *r, struct store *store);
void remembered_finish(struct remembered *r);

/* The link came up: `l` gets the name that it has, and is remembered from now on. */
void remembered_up(struct remembered *r, struct api_link *l, int64_t wall_us);
/* It was there until now. */
void remembered_down(struct remembered *r, const char *id, int64_t wall_us);

/* This was learnt of it until now. */
void remembered_learn(struct remembered *r, const char *id, int64_t wall_us,
    const struct est_memory *m);
/* What was learnt of it: false where nothing was. */
bool remembered_has(const struct remembered *r, const char *id);
bool remembered_recall(const struct remembered *r, const char *id, struct est_memory *out);

/* All of them, the one that was seen last first; how many. Those that are up were seen now. */
size_t remembered_list(const struct remembered *r, int64_t wall_us,
    struct api_remembered out[REMEMBERED_MAX]);

/* What a person calls it; "": nothing. 0, or -ENOENT. */
int remembered_name(struct remembered *r, const char *id, const char *name);

/* Those that are up are there at this instant: the store is told so. */
void remembered_see(struct remembered *r, int64_t wall_us);

/* They are remembered no more, but for those of them that are up, which only lose what was
 * learnt and the name. How many that were. What the store has is the caller's to forget. */
size_t remembered_forget(struct remembered *r, const struct api_forget *what);

#endif
