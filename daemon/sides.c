/* SPDX-License-Identifier: ISC */
/* Probes of the links that are not the default one. */
#include "daemon/sides.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"

#define IDLE_US INT64_C(1000000)

struct side {
	char interface[16]; /* "": nobody's */
	struct probes *probes;
};

struct sides {
	struct loop *loop;
	struct engine *engine;
	struct probes *first;
	const struct conf *conf;
	struct side side[API_LINKS_MAX]; /* by the engine's number of the link */
};

static void
end(struct sides *s, int link)
{
	struct side *side = &s->side[link];

	if (side->probes)
		engine_set_side(s->engine, link, NULL);
	probes_destroy(side->probes);
	*side = (struct side){ 0 };
}

static void
begin(struct sides *s, const struct kernel_link *l)
{
	struct side *side = &s->side[l->link];
	struct probes_sink sink;
	int err;

	engine_probes_sink(s->engine, l->link, &sink);
	err = probes_create_beside(s->first, s->conf, l->interface, l->link, &sink,
	    &side->probes);
	if (err) {
		log_warn("probe: %s: not measured beside the default link: %s", l->interface,
		    strerror(-err));
		return;
	}
	memcpy(side->interface, l->interface, sizeof(side->interface));
	engine_set_side(s->engine, l->link, side->probes);
}

void
sides_follow(struct sides *s)
{
	struct kernel_link list[API_LINKS_MAX];
	bool there[API_LINKS_MAX] = { false };
	size_t n;

	if (!s)
		return;
	n = engine_sides(s->engine, list);
	/* A place may have another link by now; and where there was no way there may be one. */
	for (size_t i = 0; i < n; i++)
		there[list[i].link] =
		    strcmp(s->side[list[i].link].interface, list[i].interface) == 0 &&
		    s->side[list[i].link].probes &&
		    !probes_lost_way(s->side[list[i].link].probes);
	for (int i = 0; i < API_LINKS_MAX; i++)
		if (s->side[i].probes && !there[i])
			end(s, i);
	for (size_t i = 0; i < n; i++)
		if (!s->side[list[i].link].probes)
			begin(s, &list[i]);
}

int64_t
sides_tick(struct sides *s, int64_t now_us)
{
	int64_t least_us = IDLE_US;

	for (int i = 0; s && i < API_LINKS_MAX; i++) {
		int64_t us;

		if (!s->side[i].probes)
			continue;
		us = probes_tick(s->side[i].probes, now_us);
		least_us = us < least_us ? us : least_us;
	}
	return least_us;
}

void
sides_reload(struct sides *s, const struct conf *c)
{
	if (!s)
		return;
	s->conf = c;
	for (int i = 0; i < API_LINKS_MAX; i++)
		if (s->side[i].probes)
			probes_reload(s->side[i].probes, c);
	sides_follow(s);
}

int
sides_create(struct loop *loop, struct engine *e, struct probes *first,
    const struct conf *c, struct sides **out)
{
	struct sides *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	*s = (struct sides){ .loop = loop, .engine = e, .first = first, .conf = c };
	*out = s;
	sides_follow(s);
	return 0;
}

void
sides_destroy(struct sides *s)
{
	if (!s)
		return;
	for (int i = 0; i < API_LINKS_MAX; i++)
		end(s, i);
	free(s);
}
