/* SPDX-License-Identifier: ISC */
/* What the prober finds out about what is broken: names, the gateway, a portal, a target. */
#include "daemon/probes_internal.h"

#include <string.h>

#include "daemon/log.h"

#define NAMES_TIMEOUT_US INT64_C(4000000)
#define NAMES_LEAST_US INT64_C(120000000)
#define NAMES_SOON_US INT64_C(5000000)   /* while they are lost, */
#define NAMES_LATER_US INT64_C(60000000) /* and after some of them */
#define NAMES_SOON_TRIES 12
#define NAMES_BYTES INT64_C(600)
#define NAMES_SHARE 30 /* of the day's bytes, at most the 30th part looks for names */
#define LOST_AFTER 2   /* names in a row: one may be gone by itself */

/* --- names ----------------------------------------------------------------------------- */

static int64_t
names_interval_us(const struct probes *p)
{
	int64_t day_bytes = p->sched.ledger->day.limit_bytes;
	int64_t us = day_bytes > 0 ? INT64_C(86400000000) / day_bytes * NAMES_SHARE * NAMES_BYTES
				   : NAMES_LEAST_US;

	return us > NAMES_LEAST_US ? us : NAMES_LEAST_US;
}

static void
names_told(struct probes *p, int64_t now_us, bool found)
{
	struct doctor *d = &p->doctor;
	bool was_lost = d->lost >= LOST_AFTER;

	d->known = true;
	if (found) {
		d->lost = 0;
		d->any_address = true;
		d->due_us = now_us + names_interval_us(p);
		if (was_lost)
			log_info("names are found again");
		return;
	}
	d->lost++;
	d->due_us = d->lost < LOST_AFTER ? now_us
	    : now_us + (d->lost < NAMES_SOON_TRIES ? NAMES_SOON_US : NAMES_LATER_US);
	if (d->lost == LOST_AFTER)
		log_warn("no name is found: the name server does not answer");
}

static void
on_name(void *arg, int64_t now_us, const struct probe_result *r)
{
	struct probes *p = arg;

	p->doctor.probe = NULL;
	if (r->error == EST_ERROR_ABORTED && !r->found)
		return;
	/* In an outage a name is lost with all else, unless that is why it looks like one. */
	if (!r->found && p->doctor.down && p->doctor.any_address) {
		p->doctor.due_us = now_us + NAMES_SOON_US;
		return;
	}
	names_told(p, now_us, r->found);
}

/* The next target that has a name; -1: none has. */
static int
named_target(struct probes *p)
{
	for (size_t i = 0; i < p->sched.targets; i++) {
		int target = (p->doctor.target + 1 + (int)i) % (int)p->sched.targets;

		if (probe_http_named(p->http, p->target[target].url))
			return p->doctor.target = target;
	}
	return -1;
}

static void
look_for_a_name(struct probes *p, int64_t now_us)
{
	struct probe_order order = { .bytes_max = 1, .window_max = 1, .in_turn = true,
		.connect_timeout_us = NAMES_TIMEOUT_US, .timeout_us = NAMES_TIMEOUT_US,
		.name_only = true };
	struct doctor *d = &p->doctor;
	char url[CONF_TEXT_MAX + 32];
	int target;

	if (d->probe || now_us < d->due_us || (d->down && d->any_address))
		return;
	target = named_target(p);
	if (target < 0 || ledger_left(p->sched.ledger, now_us) < NAMES_BYTES) {
		d->due_us = now_us + NAMES_LEAST_US;
		return;
	}
	probes_url(p->target[target].url, 1, url, sizeof(url));
	order.url = url;
	order.tag = target;
	d->due_us = now_us + NAMES_SOON_US;
	(void)probe_http_start(p->http, &order, NULL, on_name, p, &d->probe);
}

void
probes_names_doubted(struct probes *p, int64_t now_us)
{
	struct doctor *d = &p->doctor;

	if (now_us - d->doubted_us < NAMES_SOON_US || d->lost >= LOST_AFTER)
		return;
	d->doubted_us = now_us;
	if (d->due_us > now_us)
		d->due_us = now_us;
}

/* --- the gateway ----------------------------------------------------------------------- */

static void
on_gateway_opened(void *ctx, int fd)
{
	struct probes *p = ctx;

	p->sink.opened(p->sink.ctx, fd);
}

static void
on_gateway_spent(void *ctx, int64_t down_bytes, int64_t up_bytes)
{
	probes_on_spent(ctx, down_bytes, up_bytes, false);
}

void
probes_gateway(struct probes *p, const struct net_picture *picture, const char *interface)
{
	router_follow(p->router, picture, interface);
	if (p->families)
		families_routes(p->families, loop_now_us(p->loop), picture->out4 != 0,
		    picture->out6 != 0);
}

bool
probes_by_proxy(const struct probes *p)
{
	return p->sched.targets > 0 && probe_http_proxied(p->http, p->target[0].url);
}

/* --- as a whole ------------------------------------------------------------------------ */

int
doctor_begin(struct probes *p)
{
	struct router_sink sink = { .ctx = p, .opened = on_gateway_opened,
		.spent = on_gateway_spent };

	p->doctor.due_us = loop_now_us(p->loop) + names_interval_us(p);
	p->doctor.doubted_us = SCHED_NEVER;
	return router_create(p->loop, &sink, &p->router);
}

void
doctor_reset(struct probes *p, int64_t now_us)
{
	struct doctor *d = &p->doctor;

	if (d->probe)
		probe_http_abort(d->probe, EST_ERROR_ABORTED);
	*d = (struct doctor){ .due_us = now_us + names_interval_us(p), .doubted_us = SCHED_NEVER };
	portal_reset(&p->portal);
	p->sched.captive = false;
	p->sink.captive(p->sink.ctx, now_us, false);
}

void
doctor_tick(struct probes *p, int64_t now_us, const struct est_snapshot *belief)
{
	struct doctor *d = &p->doctor;
	bool packets = p->sched.targets > 0 && ledger_left(p->sched.ledger, now_us) > NAMES_BYTES;

	d->down = belief->state == EST_OFFLINE || belief->state == EST_STALLED;
	router_tick(p->router, now_us, d->down || d->lost > 0, packets && (d->down || d->lost > 0 ||
		belief->state == EST_ONLINE));
	if (p->sched.targets > 0)
		look_for_a_name(p, now_us);
}

bool
doctor_names_lost(const struct probes *p)
{
	return p->doctor.lost >= LOST_AFTER;
}

void
doctor_answer(struct probes *p, int64_t now_us, int target, const struct probe_result *r)
{
	struct portal_answer a = { .url = p->target[target].url, .status = r->status,
		.location = r->location, .tls = r->tls, .html = r->html, .body = r->body,
		.body_bytes = r->timing.bytes };
	bool was = p->portal.captive, wonder;

	if (r->timing.connect_us > 0 || r->status > 0)
		p->doctor.any_address = true;
	if (r->error == EST_ERROR_DNS)
		probes_names_doubted(p, now_us);
	if (r->status == 0)
		return;
	wonder = portal_answered(&p->portal, now_us, target, &a);
	if (wonder)
		sched_wonder(&p->sched, now_us, target);
	if (was == p->portal.captive)
		return;
	p->sched.captive = p->portal.captive;
	p->sink.captive(p->sink.ctx, now_us, p->portal.captive);
	if (p->portal.captive)
		log_warn("a portal answers in place of the Internet%s%s",
		    p->portal.login[0] ? ": sign in at " : "", p->portal.login);
	else
		log_info("the portal lets through");
}

bool
doctor_disbelieves(const struct probes *p, int target)
{
	return p->portal.target[target].sign >= PORTAL_ODD;
}

/* --- conditions ------------------------------------------------------------------------ */

void
doctor_condition(struct probes *p, int target, enum condition c)
{
	struct target *t = &p->target[target];

	if (c != CONDITION_NONE)
		p->conditions[c]++;
	if (c == t->condition)
		return;
	t->condition = c;
	/* Others are told where they fail. */
	if (c == CONDITION_REDIRECT || c == CONDITION_REDIRECT_LOOP || c == CONDITION_ENDLESS)
		log_warn("probe: %s: it %s", p->sched.target[target].host, condition_words(c));
}

/* A target that is in a condition while another place is in none. */
static int
sick_target(const struct probes *p)
{
	int sick = -1;
	bool well = false;

	for (size_t i = 0; i < p->sched.targets; i++) {
		if (p->target[i].count == 0 || p->target[i].condition == CONDITION_PORTAL)
			continue;
		if (p->target[i].condition == CONDITION_NONE)
			well = true;
		else if (sick < 0)
			sick = (int)i;
	}
	return well ? sick : -1;
}

void
probes_facts(const struct probes *p, struct diagnosis_facts *out)
{
	const struct doctor *d = &p->doctor;
	int sick = sick_target(p);

	out->captive = p->portal.captive;
	out->login = p->portal.login;
	out->gateway = router_says(p->router);
	out->gateway_address = router_address(p->router);
	out->names = !d->known ? DIAGNOSIS_NAMES_UNKNOWN
	    : d->lost >= LOST_AFTER ? DIAGNOSIS_NAMES_LOST : DIAGNOSIS_NAMES_FOUND;
	out->no_address = !d->any_address;
	out->host = sick < 0 ? NULL : p->sched.target[sick].host;
	out->how = sick < 0 ? "" : condition_words(p->target[sick].condition);
}
