/* SPDX-License-Identifier: ISC */
/* Active probes: the schedule on one side, timed requests on the other. */
#include "daemon/probes_internal.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"

#define TICK_US INT64_C(100000) /* while something is under way */
#define IDLE_US INT64_C(1000000)
#define SOON_US INT64_C(10000)
#define LIVELY_US INT64_C(250000) /* while heartbeats follow each other fast */
#define WHOLE_FACTOR 6 /* a long body may take so many times what a first byte may */
#define NUMBER_SHIFT 48 /* of the prober, in the number of a request */
#define REQUEST_BIT (UINT64_C(1) << 63) /* numbers of applications' requests have it not */

/* --- what is told --------------------------------------------------------------------- */

static struct est_sample
sample_of(const struct flight *f, int64_t now_us, const struct probe_timing *t)
{
	enum conf_target_kind kind =
	    f->p->sched.target[f->p->sched.flight[f->place].target].kind;

	return (struct est_sample){
		.ended_us = now_us,
		.request = f->request,
		.source = EST_PROBE,
		.direction = kind == CONF_UPLOAD ? EST_UP : EST_DOWN,
		.bytes = t->bytes,
		.duration_us = now_us - t->started_us,
		.ttfb_us = t->ttfb_us,
		.connect_us = t->connect_us,
		.rtt_us = t->rtt_us,
	};
}

static void
tell_slice(struct flight *f, int64_t now_us, const struct probe_timing *t)
{
	struct est_sample s = sample_of(f, now_us, t);

	if (f->untold)
		return;
	s.in_progress = true;
	f->p->sched.flight[f->place].told = true;
	f->p->sink.sample(f->p->sink.ctx, now_us, &s);
}

static void
take_back(struct flight *f, int64_t now_us)
{
	struct sched_flight *s = &f->p->sched.flight[f->place];

	if (s->told)
		f->p->sink.forget(f->p->sink.ctx, now_us, f->request);
	s->told = false;
	/* What came so far was counted: the rest of it cannot be told apart any more. */
	f->untold = f->untold || s->answered;
}

static void
on_slice(void *arg, int64_t now_us, const struct probe_timing *t)
{
	struct flight *f = arg;
	struct sched_flight *s = &f->p->sched.flight[f->place];

	s->answered = true;
	s->last_us = t->last_us;
	sched_heard(&f->p->sched, t->last_us);
	tell_slice(f, now_us, t);
}

static bool
is_answer(const struct probe_result *r)
{
	return r->timing.ttfb_us >= 0 || r->error == EST_ERROR_REFUSED ||
	    r->error == EST_ERROR_RESET || r->error == EST_ERROR_TLS;
}

static void
tell_end(struct flight *f, int64_t now_us, const struct probe_result *r)
{
	struct est_sample s = sample_of(f, now_us, &r->timing);
	const struct sched_flight *flight = &f->p->sched.flight[f->place];
	bool silent = r->error == EST_ERROR_TIMEOUT || r->error == EST_ERROR_DNS ||
	    r->error == EST_ERROR_ABORTED;

	s.error = r->error;
	/* A portal is near, and says nothing of what is beyond it. */
	if (r->status > 0 && doctor_disbelieves(f->p, f->p->sched.flight[f->place].target)) {
		take_back(f, now_us);
		return;
	}
	/* A silence that was not confirmed is the target's own. */
	if (f->untold || (silent && !flight->told && s.ttfb_us < 0)) {
		take_back(f, now_us);
		return;
	}
	if (silent && s.ttfb_us >= 0)
		take_back(f, now_us);
	else
		f->p->sink.sample(f->p->sink.ctx, now_us, &s);
}

static void
note(struct probes *p, int target, int64_t now_us, const struct probe_result *r)
{
	struct target *t = &p->target[target];
	struct sched_target *s = &p->sched.target[target];
	bool failed = r->error != EST_ERROR_NONE && r->error != EST_ERROR_ABORTED;

	t->count++;
	t->failures += failed;
	t->last_us = now_us;
	(void)snprintf(t->last, sizeof(t->last), "%s", r->text);
	if (doctor_disbelieves(p, target))
		doctor_condition(p, target, CONDITION_PORTAL);
	else if (r->timing.ttfb_us >= 0 || failed)
		doctor_condition(p, target, condition_of(t->url, r));
	/* It answers, but not what it should: others are better asked. */
	if (failed && is_answer(r)) {
		int64_t for_us = sched_mute(&p->sched, now_us, target);

		if (s->mutes == 1)
			log_warn("probe: %s: %s; asked again in %" PRId64 " s", s->host, r->text,
			    for_us / 1000000);
	}
}

static void
on_done(void *arg, int64_t now_us, const struct probe_result *r)
{
	struct flight *f = arg;
	struct probes *p = f->p;
	int target = p->sched.flight[f->place].target;
	struct sched_end end = {
		.answered = is_answer(r),
		.failed = r->error != EST_ERROR_NONE,
		.ttfb_us = r->error == EST_ERROR_NONE ? r->timing.ttfb_us : -1,
		.connect_us = r->timing.connect_us,
		.rtt_us = r->timing.rtt_us,
		.body_bytes = r->timing.bytes,
	};

	if (end.ttfb_us >= 0 && end.connect_us > 0)
		end.ttfb_us -= end.connect_us;
	if (p->sched.target[target].kind == CONF_UPLOAD)
		end.ttfb_us = -1;
	log_debug("probe: %s: %s, %" PRId64 " bytes, first byte %" PRId64 " us, connect %" PRId64
	    " us, round trip %" PRId64 " us (%s)", p->sched.target[target].host, r->text,
	    r->timing.bytes, r->timing.ttfb_us, r->timing.connect_us, r->timing.rtt_us,
	    sched_why_name(f->why));
	doctor_answer(p, now_us, target, r);
	tell_end(f, now_us, r);
	sched_ended(&p->sched, now_us, f->place, &end);
	note(p, target, now_us, r);
	f->probe = NULL;
}

/* --- asking ---------------------------------------------------------------------------- */

void
probes_url(const char *pattern, int64_t bytes, char *out, size_t len)
{
	const char *at = strstr(pattern, "{bytes}");

	if (!at)
		(void)snprintf(out, len, "%s", pattern);
	else
		(void)snprintf(out, len, "%.*s%" PRId64 "%s", (int)(at - pattern), pattern,
		    bytes, at + strlen("{bytes}"));
}

static void
start(struct probes *p, int64_t now_us, const struct sched_ask *ask)
{
	struct sched_target *t = &p->sched.target[ask->target];
	char url[CONF_TEXT_MAX + 32];
	struct probe_order order = {
		.url = url,
		.upload_bytes = t->kind == CONF_UPLOAD ? ask->bytes : 0,
		.bytes_max = ask->cap_bytes,
		.window_max = ask->window_bytes,
		.in_turn = !ask->urgent,
		.connect_timeout_us = p->timeout_us,
		.timeout_us = t->kind == CONF_LATENCY ? 2 * p->timeout_us
						      : WHOLE_FACTOR * p->timeout_us,
		.fresh = ask->fresh,
		.known_address = ask->urgent || doctor_names_lost(p),
		.tag = ask->target,
	};
	int place = sched_started(&p->sched, now_us, ask), err;
	struct flight *f;

	if (place < 0)
		return;
	probes_url(p->target[ask->target].url, ask->bytes, url, sizeof(url));
	f = &p->flight[place];
	*f = (struct flight){ .p = p, .place = place, .why = ask->why,
		.request = REQUEST_BIT | ++p->requests };
	err = probe_http_start(p->http, &order, on_slice, on_done, f, &f->probe);
	if (err) {
		struct sched_end end = { .ttfb_us = -1, .connect_us = -1, .rtt_us = -1 };

		f->probe = NULL;
		sched_ended(&p->sched, now_us, place, &end);
		(void)sched_mute(&p->sched, now_us, ask->target);
		log_warn("probe: %s: cannot be asked: %s", t->host, strerror(-err));
	}
}

/* --- the tick -------------------------------------------------------------------------- */

/* What changed since the last look: connected, bytes of an upload; and has it its time? */
static void
look_at(struct flight *f, int64_t now_us)
{
	struct probes *p = f->p;
	struct sched_flight *s = &p->sched.flight[f->place];
	struct probe_timing t;

	probe_http_look(f->probe, &t);
	if (t.connected && !f->connected && t.connect_us != 0) {
		s->last_us = t.started_us + (t.connect_us > 0 ? t.connect_us : 0);
		if (t.connect_us > 0) {
			sched_heard(&p->sched, s->last_us);
			if (t.ttfb_us < 0 && t.rtt_us > 0 && s->told)
				p->sink.rtt(p->sink.ctx, now_us, t.rtt_us, true);
		}
	}
	f->connected = t.connected;
	if (t.ttfb_us >= 0) {
		s->answered = true;
		s->last_us = t.last_us;
		sched_heard(&p->sched, t.last_us);
	}
	if (p->sched.target[s->target].kind == CONF_UPLOAD && t.bytes > f->bytes) {
		f->bytes = t.bytes;
		s->last_us = now_us;
		sched_heard(&p->sched, now_us);
		tell_slice(f, now_us, &t);
	}
	/* In a long outage one call follows the other, and none waits long. */
	if (now_us - s->last_us > (f->why == SCHED_RECOVERY && !t.connected && sched_long(&p->sched, now_us)
		? SCHED_CALL_US : p->timeout_us))
		probe_http_abort(f->probe, EST_ERROR_TIMEOUT);
}

static void
blame(struct probes *p, int64_t now_us, struct flight *f)
{
	struct sched_flight *s = &p->sched.flight[f->place];
	const char *host = p->sched.target[s->target].host;
	int64_t waited_us = now_us - s->last_us;
	int target = s->target;
	int64_t for_us;

	struct probe_timing t;

	probe_http_look(f->probe, &t);
	take_back(f, now_us);
	f->untold = true;
	probe_http_abort(f->probe, EST_ERROR_TIMEOUT);
	if (t.resolving) { /* nobody has asked it yet */
		doctor_condition(p, target, CONDITION_NO_NAME);
		probes_names_doubted(p, now_us);
		return;
	}
	doctor_condition(p, target, CONDITION_SILENT);
	for_us = sched_mute(&p->sched, now_us, target);
	if (p->sched.target[target].mutes == 1)
		log_warn("probe: %s: no answer in %" PRId64 " ms while others answer; asked "
		    "again in %" PRId64 " s", host, waited_us / 1000, for_us / 1000000);
}

static void
act(struct probes *p, int64_t now_us, struct flight *f, enum sched_verdict verdict)
{
	struct probe_timing t;
	int64_t since_us;

	switch (verdict) {
	case SCHED_WAIT:
		break;
	case SCHED_HOLD:
		take_back(f, now_us);
		break;
	case SCHED_EVIDENCE:
		/* First what has been so for longer: time that was counted is not counted anew. */
		since_us = sched_suspected_us(&p->sched, now_us);
		if (since_us != SCHED_NEVER)
			p->sink.silence(p->sink.ctx, now_us, now_us - since_us, 2);
		probe_http_look(f->probe, &t);
		tell_slice(f, now_us, &t);
		break;
	case SCHED_ALONE:
		blame(p, now_us, f);
		break;
	case SCHED_OVERTAKEN:
		take_back(f, now_us);
		f->untold = true;
		probe_http_abort(f->probe, EST_ERROR_ABORTED);
		break;
	}
}

static void
give_up_all(struct probes *p, int64_t now_us)
{
	for (int i = 0; i < SCHED_FLIGHTS_MAX; i++) {
		if (!p->flight[i].probe)
			continue;
		take_back(&p->flight[i], now_us);
		p->flight[i].untold = true;
		probe_http_abort(p->flight[i].probe, EST_ERROR_ABORTED);
	}
}

/* Routes have changed at the earliest when somebody resets us. */
static void
look_for_way(struct probes *p, int64_t now_us)
{
	if (p->lost_way || !probe_http_elsewhere(p->http))
		return;
	p->lost_way = true;
	p->sink.astray(p->sink.ctx, now_us, true);
	give_up_all(p, now_us);
}

int64_t
probes_tick(struct probes *p, int64_t now_us)
{
	enum sched_verdict verdict[SCHED_FLIGHTS_MAX];
	struct est_snapshot belief;
	enum conf_target_kind kind;
	struct sched_ask ask;
	const char *why;
	int64_t due_us, most_us;
	bool open = false;

	look_for_way(p, now_us);
	p->sink.belief(p->sink.ctx, now_us, &belief);
	doctor_tick(p, now_us, &belief);
	if (p->sched.targets == 0 || p->lost_way)
		return IDLE_US;
	for (int i = 0; i < SCHED_FLIGHTS_MAX; i++)
		if (p->flight[i].probe)
			look_at(&p->flight[i], now_us);
	p->sink.belief(p->sink.ctx, now_us, &belief);
	sched_judge(&p->sched, now_us, &belief, verdict);
	for (int i = 0; i < SCHED_FLIGHTS_MAX; i++)
		if (p->flight[i].probe)
			act(p, now_us, &p->flight[i], verdict[i]);
	probes_listen(p, now_us, &belief);
	p->sink.belief(p->sink.ctx, now_us, &belief);
	while (sched_next(&p->sched, now_us, &belief, &ask)) {
		if (p->sched.renew)
			probe_http_renew(p->http);
		p->sched.renew = false;
		for (int i = 0; i < ask.copies; i++)
			start(p, now_us, &ask);
	}
	probes_keep_in_time(p, now_us);
	open = probes_families_tick(p, now_us);
	for (int i = 0; i < SCHED_FLIGHTS_MAX; i++)
		open = open || p->flight[i].probe;
	if (open)
		return TICK_US;
	due_us = sched_due_us(&p->sched, now_us, &belief, &kind, &why);
	most_us = !sched_wants_beats(&p->sched, now_us) ||
		sched_beat_us(&p->sched, now_us) > SCHED_BEAT_LIVELY_US ? IDLE_US : LIVELY_US;
	if (due_us < 0 || due_us - now_us > most_us)
		return most_us;
	return due_us - now_us > SOON_US ? due_us - now_us : SOON_US;
}

/* --- the rest -------------------------------------------------------------------------- */

static void
configure(struct probes *p, const struct conf *c)
{
	memset(p->target, 0, sizeof(p->target));
	portal_init(&p->portal);
	probe_http_proxy(p->http, c->probe_proxy);
	p->timeout_us = c->probe_timeout_us;
	for (size_t i = 0; i < c->probe.len; i++) {
		struct target *t = &p->target[i];

		memcpy(t->url, c->probe.at[i].url, sizeof(t->url));
		t->last_us = t->beat_us = SCHED_NEVER;
	}
}

static int
create(struct loop *loop, const struct conf *c, const char *interface, int number,
    const struct probes_sink *sink, struct ledger *ledger, struct probes **out)
{
	struct probes *p = calloc(1, sizeof(*p));
	struct probe_http_sink http = { .ctx = p, .opened = probes_on_opened,
		.seen = probes_on_seen, .connected = probes_on_connected, .spent = probes_on_spent };
	int err;

	if (!p)
		return -ENOMEM;
	p->loop = loop;
	p->sink = *sink;
	p->requests = (uint64_t)number << NUMBER_SHIFT;
	p->beside = ledger != NULL;
	sched_init(&p->sched, loop_now_us(loop), c);
	if (ledger)
		sched_share(&p->sched, ledger);
	err = doctor_begin(p);
	if (!err)
		err = probes_families_begin(p);
	if (!err)
		err = probe_http_create(loop, interface, &http, &p->http);
	if (err) {
		router_destroy(p->router);
		families_destroy(p->families);
		free(p);
		return err;
	}
	configure(p, c);
	*out = p;
	return 0;
}

int
probes_create(struct loop *loop, const struct conf *c, const struct probes_sink *sink,
    struct probes **out)
{
	return create(loop, c, c->interface, 0, sink, NULL, out);
}

int
probes_create_beside(struct probes *first, const struct conf *c, const char *interface,
    int number, const struct probes_sink *sink, struct probes **out)
{
	assert(number >= 0 && number < 1024);
	return create(first->loop, c, interface, number + 1, sink, first->sched.ledger, out);
}

bool
probes_lost_way(const struct probes *p)
{
	return p->lost_way;
}

void
probes_destroy(struct probes *p)
{
	int64_t now_us;

	if (!p)
		return;
	now_us = loop_now_us(p->loop);
	if (p->lost_way)
		p->sink.astray(p->sink.ctx, now_us, false);
	give_up_all(p, now_us); /* and whatever is held for them */
	router_destroy(p->router);
	families_destroy(p->families);
	probe_http_destroy(p->http); /* closing costs bytes, too */
	probes_keep(p, now_us);
	free(p);
}

void
probes_reload(struct probes *p, const struct conf *c)
{
	give_up_all(p, loop_now_us(p->loop));
	doctor_reset(p, loop_now_us(p->loop));
	sched_configure(&p->sched, loop_now_us(p->loop), c);
	configure(p, c);
}

void
probes_slept(struct probes *p, int64_t slept_us)
{
	ledger_slept(p->sched.ledger, slept_us);
}

void
probes_reset(struct probes *p, int64_t now_us)
{
	give_up_all(p, now_us);
	if (p->families)
		families_reset(p->families, now_us);
	doctor_reset(p, now_us);
	sched_reset(&p->sched, now_us);
	probe_http_forget(p->http);
}
