/* SPDX-License-Identifier: ISC */
/*
 * The engine owns the estimates, one a link: it feeds them, answers the API's questions
 * from them, turns their changes into events, and writes the history.
 *
 * Several links may be up; each has an estimate of its own. What applications tell and
 * what probes find belongs to the link of the default route. A link that is gone keeps
 * answering as the default one, `offline`, until there is another. What was learnt of a
 * link is kept in the store and comes back with it.
 */
#ifndef LINKQ_DAEMON_ENGINE_H
#define LINKQ_DAEMON_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "api/source.h"
#include "daemon/clock.h"
#include "daemon/forecast.h"
#include "daemon/kernel.h"
#include "daemon/links.h"
#include "daemon/probes.h"
#include "daemon/store.h"
#include "daemon/webhook.h"

struct engine;

struct engine_options {
	struct store *store; /* NULL: nothing is kept (tests) */
	/* The instant of the event that is being handled. */
	int64_t (*now)(void *ctx);
	/* To the event streams; NULL: nowhere. */
	void (*event)(void *ctx, const struct api_event_row *row);
	void *ctx;
};

/* 0 or a negative errno. `clocks` is the present. */
int engine_create(const struct engine_options *o, const struct clock_reading *clocks,
    struct engine **out);
/* Writes what is not written yet. NULL is fine. */
void engine_destroy(struct engine *e);

/* The salt of this host: made at the first start, then kept in the store. */
int engine_salt(struct store *store, struct digest_salt *out);

/* What the API asks of us. */
void engine_source(struct engine *e, struct api_source *out);
/* Where probes tell their results, and whom they are told that somebody heard a byte: of a
 * link by its number, or of the default one, whichever that is. */
#define ENGINE_DEFAULT (-1)
void engine_probes_sink(struct engine *e, int link, struct probes_sink *out);
void engine_set_probes(struct engine *e, struct probes *p);
/* Who looks ahead, and is told what happens; NULL: nobody. */
void engine_set_forecast(struct engine *e, struct forecast *f);
/* Who knows how the webhooks fare; NULL: nobody. */
void engine_set_webhooks(struct engine *e, const struct webhooks *w);
/* Links that are up and carry, but for the default one, and their numbers; how many. */
size_t engine_sides(const struct engine *e, struct kernel_link out[API_LINKS_MAX]);
void engine_set_side(struct engine *e, int link, struct probes *p); /* NULL: none any more */

/* Where the kernel's sockets tell what they show, and who is told of links and answers. */
void engine_kernel_sink(struct engine *e, struct kernel_sink *out);
void engine_set_kernel(struct engine *e, struct kernel *k); /* NULL: there is none */

/* Who knows whether the network can be read; NULL: nobody. */
void engine_set_netlink(struct engine *e, const struct netlink *nl);
/* It can be read no more, or again: that is a fault of the default link. */
void engine_network(struct engine *e, int64_t now_us);

/* The links that are there now, the default one first. */
void engine_links(struct engine *e, int64_t now_us, const struct links *links);

/* Look at the clocks, before anybody is told anything: were they set, did the host sleep?
 * `r` as it was read just now, now_us the event's instant. */
void engine_clocks(struct engine *e, int64_t now_us, const struct clock_reading *r);

/* Time passed: silence counts, changes become events, rows are written. Returns how long
 * it may take until the next call. */
int64_t engine_tick(struct engine *e, const struct clock_reading *clocks);

/* "start", "stop", or another word, as an event of the daemon. */
void engine_note(struct engine *e, const char *detail);

#endif
