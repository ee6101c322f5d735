/* SPDX-License-Identifier: ISC */
/* What the engine keeps of links over time, and what it forgets. */
#include "daemon/engine_internal.h"

#include <string.h>

#include "daemon/log.h"

void
engine_save(struct engine *e, struct slot *s, int64_t now_us)
{
	struct est_memory m = { 0 };

	s->saved_us = now_us;
	if (!s->learnt)
		return;
	s->learnt = false;
	est_save(&s->est, &m);
	remembered_learn(&e->remembered, s->link.id, engine_wall_us(e, now_us), &m);
}

void
engine_restore(struct engine *e, struct slot *s, int64_t now_us)
{
	struct est_memory m;

	if (remembered_recall(&e->remembered, s->link.id, &m) &&
	    est_restore(&s->est, now_us, &m) == 0)
		log_info("%s: a link that is known, %s", s->link.interface, s->link.id);
}

int
engine_salt(struct store *store, struct digest_salt *out)
{
	size_t len;
	int err;

	if (store && store_get(store, "salt", out->byte, sizeof(out->byte), &len) == 0 &&
	    len == sizeof(out->byte))
		return 0;
	err = digest_salt_make(out);
	if (!err && store)
		store_put(store, "salt", out->byte, sizeof(out->byte));
	return err;
}

/* As a link that came up now and is not known. */
static void
begin_anew(struct engine *e, struct slot *s, int64_t now_us)
{
	struct slot was = *s;

	engine_slot_init(e, s, was.link.id, was.link.interface, was.link.kind, now_us);
	s->link.is_default = was.link.is_default;
	s->up = was.up;
	s->carrier = was.carrier;
	s->lost_us = was.lost_us;
	s->outage_since_us = was.outage_since_us; /* its end will be told */
	memcpy(s->address4, was.address4, sizeof(s->address4));
	est_set_carrier(&s->est, now_us, s->up && s->carrier);
	if (s->up)
		remembered_up(&e->remembered, &s->link, s->link.since_wall_us);
	log_info("%s: %s is forgotten", s->link.interface, s->link.id);
}

void
engine_forget(struct engine *e, const char *id)
{
	int64_t now_us = e->o.now(e->o.ctx);

	for (int i = 0; i < API_LINKS_MAX; i++) {
		struct slot *s = &e->slot[i];

		if (!s->used || (id && strcmp(s->link.id, id) != 0))
			continue;
		if (!s->up && i != e->current)
			s->used = false;
		else
			begin_anew(e, s, now_us);
	}
	for (int i = 0; i < API_LINKS_MAX; i++)
		if (e->slot[i].used)
			engine_publish(e, &e->slot[i], now_us);
}
