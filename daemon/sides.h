/* SPDX-License-Identifier: ISC */
/*
 * Probes of the links that are not the default one: a prober for each, bound to its link
 * (probe_bind.h), all out of the one budget, so that a second uplink has an estimate before
 * it is needed.
 */
#ifndef LINKQ_DAEMON_SIDES_H
#define LINKQ_DAEMON_SIDES_H

#include <stdint.h>

#include "daemon/config.h"
#include "daemon/engine.h"
#include "daemon/loop.h"
#include "daemon/probes.h"

struct sides; /* owns probers */

/* `first` are the default link's probes, which outlive us. 0 or -ENOMEM. `c` is kept. */
int sides_create(struct loop *loop, struct engine *e, struct probes *first,
    const struct conf *c, struct sides **out);
void sides_destroy(struct sides *s); /* NULL is fine */

/* Links came or went, as the engine knows. Here and below: of NULL nothing becomes. */
void sides_follow(struct sides *s);
/* As probes_tick: how long it may take until the next call. */
int64_t sides_tick(struct sides *s, int64_t now_us);
void sides_reload(struct sides *s, const struct conf *c);

#endif
