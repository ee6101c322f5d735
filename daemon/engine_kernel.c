/* SPDX-License-Identifier: ISC */
/* What the kernel's sockets tell becomes evidence for the link that they use. */
#include "daemon/engine_internal.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/log.h"

/* Sums of what applications tell and of what the kernel sees fade with this time. */
#define TOLD_US INT64_C(2000000)
#define JIFFY_US INT64_C(4000)

_Static_assert(API_LINKS_MAX <= PASSIVE_LINKS_MAX, "a place for each link");

/* How much of what the kernel sees do applications tell by themselves? They know it better:
 * where it is most of it, the kernel's word on the rate is left out. */
static bool
told_already(struct slot *s, const struct passive_report *r, enum est_direction d,
    int64_t bytes)
{
	int64_t left_us = TOLD_US - r->interval_us;
	int64_t keep_us = left_us > 0 ? left_us : 0;

	s->told_bytes[d] = s->told_bytes[d] / 1000 * (keep_us * 1000 / TOLD_US);
	s->seen_bytes[d] = s->seen_bytes[d] / 1000 * (keep_us * 1000 / TOLD_US) + bytes;
	return s->told_bytes[d] * 2 > s->seen_bytes[d];
}

static void
take_rate(struct engine *e, struct slot *s, int64_t now_us, const struct passive_report *r,
    enum est_direction d)
{
	const struct passive_rate *rate = d == EST_DOWN ? &r->in : &r->out;
	/* Our own probe took a share of the link that is not in the sum. */
	bool at_least = rate->certainty == PASSIVE_AT_LEAST ||
	    s->bytes_probed_total != s->bytes_probed_seen;
	int64_t bytes = rate->bytes;

	if (r->interval_us <= 0 || bytes <= 0 || told_already(s, r, d, bytes))
		return;
	s->bytes_observed += bytes;
	if (rate->kbps > 0)
		bytes = rate->kbps * r->interval_us / 8000;
	est_add_carried(&s->est, now_us, EST_KERNEL, d, bytes, r->interval_us, JIFFY_US,
	    at_least || rate->kbps <= 0);
	s->learnt = true;
	e->active_us = now_us;
}

static void
take_silence(struct engine *e, struct slot *s, int64_t now_us, const struct passive_report *r)
{
	struct probes *probes = engine_probes_of(e, s);

	if (r->silent_us > 0) {
		if (!s->kernel_silent)
			log_debug("%s: %" PRId64 " places are unanswered for %" PRId64 " ms",
			    s->link.interface, r->silent_places, r->silent_us / 1000);
		est_add_silence(&s->est, now_us, EST_KERNEL, r->silent_us,
		    (int)r->silent_places);
		e->active_us = now_us;
	}
	s->kernel_silent = r->silent_us > 0;
	if (r->wish == PASSIVE_NO_WISH)
		return;
	log_debug("%s: %s, for %" PRId64 " ms", s->link.interface, passive_wish_name(r->wish),
	    r->wish_us / 1000);
	if (probes)
		probes_suspect(probes, now_us, r->quiet_since_us);
}

static void
on_report(void *ctx, int64_t now_us, int link, const struct passive_report *r)
{
	struct engine *e = ctx;
	struct slot *s = &e->slot[link];

	if (!s->used || !s->up)
		return;
	if (r->heard) {
		engine_overrule(s, now_us, false);
		if (engine_probes_of(e, s))
			probes_heard(engine_probes_of(e, s), r->heard_us);
	}
	take_rate(e, s, now_us, r, EST_DOWN);
	take_rate(e, s, now_us, r, EST_UP);
	s->bytes_probed_seen = s->bytes_probed_total;
	for (size_t i = 0; i < r->rtts; i++) {
		est_add_rtt(&s->est, now_us, EST_KERNEL, r->rtt_us[i], true);
		engine_count_rtt(e, r->rtt_us[i]);
	}
	take_silence(e, s, now_us, r);
	if (r->heard || r->silent_us > 0)
		engine_publish(e, s, now_us);
}

void
engine_kernel_sink(struct engine *e, struct kernel_sink *out)
{
	*out = (struct kernel_sink){ .ctx = e, .report = on_report };
}

void
engine_set_netlink(struct engine *e, const struct netlink *nl)
{
	e->netlink = nl;
}

void
engine_set_kernel(struct engine *e, struct kernel *k)
{
	e->kernel = k;
	engine_kernel_links(e);
}

void
engine_kernel_links(struct engine *e)
{
	struct kernel_link list[API_LINKS_MAX];
	size_t n = 0;

	if (!e->kernel)
		return;
	for (int i = 0; i < API_LINKS_MAX; i++) {
		if (!e->slot[i].used || !e->slot[i].up)
			continue;
		list[n].link = i;
		memcpy(list[n].interface, e->slot[i].link.interface, sizeof(list[n].interface));
		n++;
	}
	kernel_links(e->kernel, list, n);
}
