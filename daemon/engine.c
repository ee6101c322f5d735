/* SPDX-License-Identifier: ISC */
/* The engine: links come and go, evidence goes in, time passes. */
#include "daemon/engine_internal.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/ledger.h"
#include "daemon/log.h"

#define NOWHERE "none" /* the link of a host that never had one */

int64_t
engine_wall_us(const struct engine *e, int64_t now_us)
{
	return now_us + e->wall_offset_us;
}

/* --- links ------------------------------------------------------------------------------ */

static struct slot *
slot_of(struct engine *e, const char *id)
{
	for (int i = 0; i < API_LINKS_MAX; i++)
		if (e->slot[i].used && strcmp(e->slot[i].link.id, id) == 0)
			return &e->slot[i];
	return NULL;
}

/* A free place, or that of a link that is gone. */
static struct slot *
new_slot(struct engine *e)
{
	struct slot *gone = NULL;

	for (int i = 0; i < API_LINKS_MAX; i++) {
		if (!e->slot[i].used)
			return &e->slot[i];
		if (!e->slot[i].up && i != e->current &&
		    (!gone || e->slot[i].row_us < gone->row_us))
			gone = &e->slot[i];
	}
	return gone;
}

void
engine_slot_init(struct engine *e, struct slot *s, const char *id, const char *interface,
    enum est_link_kind kind, int64_t now_us)
{
	int64_t wall_us = engine_wall_us(e, now_us);

	memset(s, 0, sizeof(*s));
	s->used = true;
	(void)snprintf(s->link.id, sizeof(s->link.id), "%s", id);
	(void)snprintf(s->link.interface, sizeof(s->link.interface), "%s", interface);
	s->link.kind = kind;
	s->link.since_wall_us = wall_us;
	s->outage_since_us = -1;
	s->heard_us = s->lost_us = INT64_MIN / 2;
	s->saved_us = s->row_us = now_us;
	est_init(&s->est, kind, now_us);
}

/* Gone for long: what was learnt holds, what was so at the last moment does not. */
static void
start_again(struct slot *s, int64_t now_us)
{
	struct est_memory m = { 0 };

	est_save(&s->est, &m);
	est_init(&s->est, s->link.kind, now_us);
	(void)est_restore(&s->est, now_us, &m);
	s->told.kind = EST_CHANGE_NONE;
}

static void
link_up(struct engine *e, struct slot *s, const struct link *l, int64_t now_us)
{
	bool back = s->used;

	if (!back) {
		engine_slot_init(e, s, l->id, l->interface, l->kind, now_us);
		engine_restore(e, s, now_us);
	} else if (now_us - s->lost_us > GONE_US) {
		start_again(s, now_us);
	}
	s->link.since_wall_us = engine_wall_us(e, now_us);
	s->up = true;
	s->carrier = l->carrier;
	memcpy(s->address4, l->address4, sizeof(s->address4));
	remembered_up(&e->remembered, &s->link, s->link.since_wall_us);
	est_set_carrier(&s->est, now_us, l->carrier);
	engine_tell(e, s, engine_wall_us(e, now_us), API_EVENT_NETWORK, "up");
	log_info("%s: up, a %s link, %s", l->interface, est_link_kind_name(l->kind), l->id);
}

static void
link_down(struct engine *e, struct slot *s, int64_t now_us)
{
	s->up = false;
	s->lost_us = now_us;
	s->heard_us = INT64_MIN / 2;
	engine_save(e, s, now_us);
	remembered_down(&e->remembered, s->link.id, engine_wall_us(e, now_us));
	est_set_carrier(&s->est, now_us, false);
	engine_tell(e, s, engine_wall_us(e, now_us), API_EVENT_NETWORK, "down");
	log_info("%s: no way out any more", s->link.interface);
}

static void
link_stays(struct engine *e, struct slot *s, const struct link *l, int64_t now_us)
{
	if (s->carrier != l->carrier) {
		s->carrier = l->carrier;
		s->heard_us = INT64_MIN / 2;
		est_set_carrier(&s->est, now_us, l->carrier);
		engine_tell(e, s, engine_wall_us(e, now_us), API_EVENT_NETWORK, "carrier");
		log_info("%s: carrier %s", l->interface, l->carrier ? "is back" : "lost");
	}
	/* The same gateway gave us another address: another session, as a modem does it. */
	if (s->address4[0] && l->address4[0] && strcmp(s->address4, l->address4) != 0) {
		est_network_changed(&s->est, now_us);
		engine_tell(e, s, engine_wall_us(e, now_us), API_EVENT_NETWORK, "route");
	}
	if (l->address4[0])
		memcpy(s->address4, l->address4, sizeof(s->address4));
}

static bool
is_listed(const struct links *links, const char *id)
{
	for (size_t i = 0; i < links->len; i++)
		if (strcmp(links->at[i].id, id) == 0)
			return true;
	return false;
}

static void
set_default(struct engine *e, struct slot *s, int64_t now_us)
{
	int before = e->current;

	if (&e->slot[before] != s)
		est_set_captive(&e->slot[before].est, now_us, false); /* nobody looks any more */
	e->current = (int)(s - e->slot);
	e->slot[before].link.is_default = false;
	s->link.is_default = true;
	if (before == e->current)
		return;
	engine_tell(e, s, engine_wall_us(e, now_us), API_EVENT_NETWORK, "route");
	if (e->probes)
		probes_reset(e->probes, now_us);
	if (strcmp(e->slot[before].link.id, NOWHERE) == 0)
		e->slot[before].used = false;
}

void
engine_links(struct engine *e, int64_t now_us, const struct links *links)
{
	for (int i = 0; i < API_LINKS_MAX; i++)
		if (e->slot[i].used && e->slot[i].up && !is_listed(links, e->slot[i].link.id))
			link_down(e, &e->slot[i], now_us);
	e->routed = links->len > 0;
	for (size_t i = 0; i < links->len; i++) {
		const struct link *l = &links->at[i];
		struct slot *s = slot_of(e, l->id);

		if (s && s->up) {
			link_stays(e, s, l, now_us);
		} else {
			if (!s) {
				s = new_slot(e);
				if (!s)
					continue; /* all places are up */
				s->used = false;
			}
			link_up(e, s, l, now_us);
		}
		if (i == 0)
			set_default(e, s, now_us);
	}
	engine_kernel_links(e);
	for (int i = 0; i < API_LINKS_MAX; i++)
		if (e->slot[i].used)
			engine_publish(e, &e->slot[i], now_us);
}

/* --- evidence ---------------------------------------------------------------------------- */

/*
 * Bytes came although this host never had a way out that the kernel would name (only a
 * proxy leads out, say): that is the stronger word, for a while. A link that lost its route
 * or its carrier is offline whatever still answers next door, unless that is the proxy that
 * requests were told to go by.
 */
void
engine_overrule(struct slot *s, int64_t now_us, bool by_proxy)
{
	if (s->link.interface[0] && !by_proxy)
		return;
	if (now_us - s->heard_us > OVERRIDE_US)
		est_set_carrier(&s->est, now_us, true);
	s->heard_us = now_us;
}

static void
end_overruling(struct slot *s, int64_t now_us)
{
	if (s->heard_us == INT64_MIN / 2 || now_us - s->heard_us <= OVERRIDE_US)
		return;
	s->heard_us = INT64_MIN / 2;
	if (!s->up || !s->carrier)
		est_set_carrier(&s->est, now_us, false);
}

static void
store_sample(struct engine *e, const struct slot *s, int64_t now_us,
    const struct est_sample *sample, const char *app)
{
	int64_t ago_us = now_us - sample->ended_us;
	struct api_observation_row row = {
		.wall_us = engine_wall_us(e, now_us) - ago_us,
		.source = sample->source,
		.direction = sample->direction,
		.bytes = sample->bytes,
		.duration_us = sample->duration_us,
		.ttfb_us = sample->ttfb_us >= 0 ? sample->ttfb_us : API_UNKNOWN,
		.connect_us = sample->connect_us >= 0 ? sample->connect_us : API_UNKNOWN,
		.ok = sample->error == EST_ERROR_NONE,
		.error = sample->error,
	};

	memcpy(row.link, s->link.id, sizeof(row.link));
	(void)snprintf(row.app, sizeof(row.app), "%s", app);
	if (e->o.store)
		store_observation(e->o.store, &row);
}

void
engine_count_rtt(struct engine *e, int64_t rtt_us)
{
	if (rtt_us >= 0)
		histogram_add(&e->counted.rtt, rtt_us);
}

/* The time to the first byte belongs to the whole request, not to each slice of it. */
static void
count_sample(struct engine *e, const struct est_sample *s, enum est_verdict verdict)
{
	e->counted.observations[s->source]++;
	e->counted.rejects[verdict]++;
	if (s->in_progress || (verdict != EST_TAKEN && verdict != EST_REJECT_SERVER))
		return;
	if (s->ttfb_us >= 0)
		histogram_add(&e->counted.ttfb, s->ttfb_us);
	engine_count_rtt(e, s->rtt_us);
}

enum est_verdict
engine_sample(struct engine *e, struct slot *s, int64_t now_us,
    const struct est_sample *sample, int64_t new_bytes, const char *app)
{
	bool life = new_bytes > 0 || sample->ttfb_us >= 0;
	enum est_verdict verdict;

	if (life && !sample->from_cache) {
		engine_overrule(s, now_us, sample->source == EST_PROBE && e->probes &&
		    probes_by_proxy(e->probes));
		if (e->kernel && (new_bytes > 0 || !sample->in_progress))
			kernel_answered(e->kernel, sample->ended_us, (int)(s - e->slot));
	}
	verdict = est_add(&s->est, now_us, sample);
	count_sample(e, sample, verdict);
	if (verdict != EST_TAKEN && verdict != EST_REJECT_SERVER)
		return verdict;
	s->learnt = true;
	e->active_us = now_us;
	s->observations++;
	if (sample->source == EST_PROBE) {
		s->bytes_probed += new_bytes;
		s->bytes_probed_total += new_bytes;
	} else {
		s->bytes_observed += new_bytes;
		s->told_bytes[sample->direction] += new_bytes;
	}
	if (!sample->in_progress)
		store_sample(e, s, now_us, sample, app);
	return verdict;
}

/* --- time -------------------------------------------------------------------------------- */

static void
wake_up(struct engine *e, int64_t now_us, int64_t slept_us)
{
	log_info("this host was suspended for %" PRId64 " s", slept_us / 1000000);
	e->counted.in_state_us[EST_ASLEEP] += slept_us;
	for (int i = 0; i < API_LINKS_MAX; i++) {
		struct slot *s = &e->slot[i];

		if (!s->used || !s->up)
			continue;
		engine_slept(e, s, engine_wall_us(e, now_us), slept_us);
		est_wake(&s->est, now_us);
		engine_publish(e, s, now_us); /* what was rendered before is stale */
	}
	if (e->probes) {
		probes_slept(e->probes, slept_us);
		probes_reset(e->probes, now_us);
	}
	for (int i = 0; i < API_LINKS_MAX; i++)
		if (e->probed[i].probes)
			probes_reset(e->probed[i].probes, now_us);
	if (e->kernel)
		kernel_restart(e->kernel, now_us);
}

void
engine_clocks(struct engine *e, int64_t now_us, const struct clock_reading *r)
{
	struct clock_news news = clock_watch_look(&e->clocks, r);
	char detail[API_DETAIL_MAX + 1];

	e->wall_offset_us = r->wall_us - r->monotonic_us;
	if (news.slept_us)
		wake_up(e, now_us, news.slept_us);
	if (!news.set_us)
		return;
	(void)snprintf(detail, sizeof(detail), "clock set by %" PRId64 " ms",
	    news.set_us / 1000);
	engine_tell(e, NULL, r->wall_us, API_EVENT_DAEMON, detail);
	log_info("the wall clock was set by %" PRId64 " ms", news.set_us / 1000);
}

/* Since the last tick, in the state that was told then. */
static void
count_state(struct engine *e, int64_t now_us)
{
	enum est_state state = e->slot[e->current].state;

	/* that this host slept is counted when it wakes; awake, nothing was told yet */
	e->counted.in_state_us[state == EST_ASLEEP ? EST_UNKNOWN : state] +=
	    now_us - e->ticked_us;
	e->ticked_us = now_us;
}

int64_t
engine_tick(struct engine *e, const struct clock_reading *clocks)
{
	int64_t now_us = clocks->monotonic_us;
	bool busy = e->requests.open > 0 || now_us - e->active_us < 2 * TICK_IDLE_US;
	uint64_t lost;

	count_state(e, now_us);
	engine_clocks(e, now_us, clocks);
	while ((lost = requests_stale(&e->requests, now_us)) != 0)
		est_forget_request(&e->slot[e->current].est, lost);
	for (int i = 0; i < API_LINKS_MAX; i++) {
		struct slot *s = &e->slot[i];

		if (!s->used || (!s->up && i != e->current))
			continue;
		engine_sleep_rows(e, s, SLEEP_ROWS_EACH);
		end_overruling(s, now_us);
		est_tick(&s->est, now_us);
		engine_publish(e, s, now_us);
		busy = busy || s->state == EST_STALLED || s->state == EST_OFFLINE;
		if (now_us - s->saved_us >= SAVE_US)
			engine_save(e, s, now_us);
	}
	return busy ? TICK_BUSY_US : TICK_IDLE_US;
}

void
engine_note(struct engine *e, const char *detail)
{
	engine_tell(e, NULL, engine_wall_us(e, e->o.now(e->o.ctx)), API_EVENT_DAEMON, detail);
}

void
engine_set_probes(struct engine *e, struct probes *p)
{
	struct ledger_memory m;
	size_t len;

	e->probes = p;
	if (p && e->o.store &&
	    store_get(e->o.store, PROBES_MEMORY_KEY, &m, sizeof(m), &len) == 0)
		probes_restore(p, &m, len);
}

int
engine_create(const struct engine_options *o, const struct clock_reading *clocks,
    struct engine **out)
{
	struct engine *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return -ENOMEM;
	e->o = *o;
	err = requests_init(&e->requests);
	if (!err)
		err = remembered_init(&e->remembered, o->store);
	if (err) {
		free(e);
		return err;
	}
	clock_watch_init(&e->clocks, clocks);
	e->wall_offset_us = clocks->wall_us - clocks->monotonic_us;
	e->started_us = e->ticked_us = e->active_us = clocks->monotonic_us;
	engine_slot_init(e, &e->slot[0], NOWHERE, "", EST_LINK_OTHER, clocks->monotonic_us);
	e->slot[0].link.is_default = true;
	est_set_carrier(&e->slot[0].est, clocks->monotonic_us, false);
	*out = e;
	return 0;
}

void
engine_destroy(struct engine *e)
{
	int64_t now_us;

	if (!e)
		return;
	now_us = e->o.now(e->o.ctx);
	for (int i = 0; i < API_LINKS_MAX; i++) {
		if (!e->slot[i].used)
			continue;
		engine_sleep_rows(e, &e->slot[i], SLEEP_ROWS_MAX);
		if (e->slot[i].observations > 0)
			engine_write_row(e, &e->slot[i], now_us);
		engine_save(e, &e->slot[i], now_us);
	}
	remembered_finish(&e->remembered);
	free(e);
}
