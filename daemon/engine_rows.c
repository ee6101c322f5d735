/* SPDX-License-Identifier: ISC */
/* From estimates to the history: changes become events, seconds become rows. */
#include "daemon/engine_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/log.h"

#define SECOND_US INT64_C(1000000)

static void
emit(struct engine *e, const struct api_event_row *row)
{
	if (e->o.store)
		store_event(e->o.store, row);
	if (e->forecast)
		forecast_event(e->forecast, row);
	if (e->o.event)
		e->o.event(e->o.ctx, row);
}

static struct api_event_row
event_of(const struct slot *s, int64_t wall_us, enum api_event_kind kind)
{
	struct api_event_row row = { .wall_us = wall_us, .kind = kind,
		.from_kbps = API_UNKNOWN, .to_kbps = API_UNKNOWN, .duration_us = API_UNKNOWN };

	if (s)
		memcpy(row.link, s->link.id, sizeof(row.link));
	return row;
}

void
engine_tell(struct engine *e, const struct slot *s, int64_t wall_us,
    enum api_event_kind kind, const char *detail)
{
	struct api_event_row row = event_of(s, wall_us, kind);

	(void)snprintf(row.detail, sizeof(row.detail), "%s", detail);
	emit(e, &row);
}

static void
tell_change(struct engine *e, const struct slot *s, const struct est_change *c)
{
	struct api_event_row row =
	    event_of(s, engine_wall_us(e, c->at_us), API_EVENT_CHANGE);

	row.change = c->kind;
	row.from_kbps = c->from_kbps >= 0 ? c->from_kbps : API_UNKNOWN;
	row.to_kbps = c->to_kbps >= 0 ? c->to_kbps : API_UNKNOWN;
	emit(e, &row);
	if (c->kind == EST_CHANGE_DROP || c->kind == EST_CHANGE_RISE)
		log_info("%s: %s from %" PRId64 " to %" PRId64 " kbit/s", s->link.interface,
		    est_change_name(c->kind), c->from_kbps, c->to_kbps);
}

static void
outage_begins(struct engine *e, struct slot *s, int64_t since_us, int64_t from_kbps)
{
	struct api_event_row row =
	    event_of(s, engine_wall_us(e, since_us), API_EVENT_OUTAGE_BEGIN);

	s->outage_since_us = since_us;
	row.from_kbps = from_kbps >= 0 ? from_kbps : API_UNKNOWN;
	emit(e, &row);
}

static void
outage_ends(struct engine *e, struct slot *s, int64_t at_us)
{
	struct api_event_row row = event_of(s, engine_wall_us(e, at_us), API_EVENT_OUTAGE_END);

	row.duration_us = at_us - s->outage_since_us;
	s->outage_since_us = -1;
	emit(e, &row);
	log_info("%s: the outage lasted %" PRId64 ".%" PRId64 " s", s->link.interface,
	    row.duration_us / SECOND_US, row.duration_us % SECOND_US / 100000);
}

static bool
same(const struct est_change *a, const struct est_change *b)
{
	return a->kind == b->kind && a->at_us == b->at_us && a->from_kbps == b->from_kbps &&
	    a->to_kbps == b->to_kbps;
}

/*
 * All changes since the last one that was told, oldest first; also an outage that began and
 * ended between two looks. Their times are no order: an outage began with the last sign of
 * life, which may be before a change that is already told.
 */
static void
tell_changes(struct engine *e, struct slot *s, int64_t now_us, const struct est_snapshot *n)
{
	struct est_explain x;
	size_t fresh = 0;

	if (n->change.kind != EST_CHANGE_NONE && !same(&n->change, &s->told)) {
		est_explain(&s->est, now_us, &x);
		while (fresh < x.changes_len && !same(&x.changes[fresh], &s->told))
			fresh++;
		s->told = n->change;
	}
	while (fresh-- > 0) {
		const struct est_change *c = &x.changes[fresh];

		if (c->kind == EST_CHANGE_OUTAGE) {
			outage_begins(e, s, c->at_us, c->from_kbps);
			continue;
		}
		if (c->kind == EST_CHANGE_RECOVERY && s->outage_since_us >= 0)
			outage_ends(e, s, c->at_us);
		tell_change(e, s, c);
	}
	/* A link that began anew has no changes that would tell. */
	if (n->outage.open && s->outage_since_us < 0)
		outage_begins(e, s, n->outage.since_us, -1);
	else if (!n->outage.open && s->outage_since_us >= 0)
		outage_ends(e, s, now_us);
}

static void
fill_row(const struct engine *e, struct slot *s, int64_t now_us, struct api_estimate_row *r)
{
	struct est_snapshot n;
	const struct est_rate *down = &n.rate[EST_DOWN];

	est_read(&s->est, now_us, EST_HORIZON_US, &n);
	*r = (struct api_estimate_row){
		.wall_us = engine_wall_us(e, now_us),
		.state = n.state,
		.quality = n.quality,
		.down_kbps_p10 = down->known ? down->kbps_p10 : API_UNKNOWN,
		.down_kbps_p50 = down->known ? down->kbps_p50 : API_UNKNOWN,
		.down_kbps_p90 = down->known ? down->kbps_p90 : API_UNKNOWN,
		.up_kbps_p50 = n.rate[EST_UP].known ? n.rate[EST_UP].kbps_p50 : API_UNKNOWN,
		.rtt_us_min = n.rtt.known ? n.rtt.us_min : API_UNKNOWN,
		.rtt_us_p50 = n.rtt.known ? n.rtt.us_p50 : API_UNKNOWN,
		.rtt_us_p90 = n.rtt.known ? n.rtt.us_p90 : API_UNKNOWN,
		.ttfb_us_p50 = n.ttfb.known ? n.ttfb.us_p50 : API_UNKNOWN,
		.loss_ppm = n.loss_ppm >= 0 ? n.loss_ppm : API_UNKNOWN,
		.observations = s->observations,
		.bytes_observed = s->bytes_observed,
		.bytes_probed = s->bytes_probed,
	};
	memcpy(r->link, s->link.id, sizeof(r->link));
}

void
engine_write_row(struct engine *e, struct slot *s, int64_t now_us)
{
	struct api_estimate_row row;

	fill_row(e, s, now_us, &row);
	s->row_us = now_us;
	s->row_wall_us = row.wall_us;
	s->observations = s->bytes_observed = s->bytes_probed = 0;
	if (e->o.store)
		store_estimate(e->o.store, &row);
}

static void
sleep_row(struct engine *e, const struct slot *s, int64_t wall_us)
{
	struct api_estimate_row row = {
		.wall_us = wall_us, .state = EST_ASLEEP,
		.down_kbps_p10 = API_UNKNOWN, .down_kbps_p50 = API_UNKNOWN,
		.down_kbps_p90 = API_UNKNOWN, .up_kbps_p50 = API_UNKNOWN,
		.rtt_us_min = API_UNKNOWN, .rtt_us_p50 = API_UNKNOWN,
		.rtt_us_p90 = API_UNKNOWN, .ttfb_us_p50 = API_UNKNOWN,
		.loss_ppm = API_UNKNOWN,
	};

	memcpy(row.link, s->link.id, sizeof(row.link));
	if (e->o.store)
		store_estimate(e->o.store, &row);
}

/* A row holds for a minute, so a sleep has one for each; a night of them is not written in
 * one go, for the writer's sake. */
void
engine_sleep_rows(struct engine *e, struct slot *s, int rows_max)
{
	for (; rows_max > 0 && s->asleep_us < s->awake_us; rows_max--) {
		sleep_row(e, s, s->asleep_us);
		s->asleep_us += ROW_IDLE_US;
	}
}

void
engine_slept(struct engine *e, struct slot *s, int64_t wall_us, int64_t slept_us)
{
	engine_sleep_rows(e, s, SLEEP_ROWS_MAX); /* of the last sleep, if any are left */
	s->asleep_us = wall_us - slept_us;
	s->awake_us = slept_us < SLEEP_ROWS_MAX * ROW_IDLE_US
	    ? wall_us : s->asleep_us + SLEEP_ROWS_MAX * ROW_IDLE_US;
	engine_tell(e, s, s->asleep_us, API_EVENT_STATE, est_state_name(EST_ASLEEP));
	engine_sleep_rows(e, s, SLEEP_ROWS_EACH);
	s->state = EST_ASLEEP; /* so that what comes after it is told */
}

/*
 * A row in each second in which something happened; where nothing does, on a change and
 * once a minute. A second has one row: the wall clock's, since that is what readers join.
 */
static void
write_rows(struct engine *e, struct slot *s, int64_t now_us, bool changed)
{
	int64_t wall_us = engine_wall_us(e, now_us);
	bool happened = s->observations > 0 || s->bytes_probed > 0 || s->outage_since_us >= 0;
	bool new_second = wall_us / SECOND_US != s->row_wall_us / SECOND_US;

	if (changed || now_us - s->row_us >= ROW_IDLE_US || (happened && new_second))
		engine_write_row(e, s, now_us);
}

void
engine_diagnose(const struct engine *e, const struct slot *s, const struct est_snapshot *n,
    struct api_diagnosis *out)
{
	bool is_default = s == &e->slot[e->current];
	struct diagnosis_facts f = { .ever = s->link.interface[0] != '\0',
		.carrier = s->carrier, .routed = s->up, .state = n->state, .login = "",
		.gateway_address = "" };

	if (is_default && e->probes)
		probes_facts(e->probes, &f);
	diagnosis_make(&f, out);
}

/* A state that is not sure may have another cause in a moment. */
static void
tell_diagnosis(struct engine *e, struct slot *s, int64_t now_us, const struct est_snapshot *n)
{
	struct api_diagnosis d;
	char detail[API_DETAIL_MAX + 1];

	engine_diagnose(e, s, n, &d);
	if (d.cause == s->cause || n->state == EST_STALLED)
		return;
	s->cause = d.cause;
	(void)snprintf(detail, sizeof(detail), "diagnosis: %s", d.cause ? d.cause : "none");
	engine_tell(e, s, engine_wall_us(e, now_us), API_EVENT_DAEMON, detail);
	if (d.cause)
		log_info("%s: %s", s->link.interface[0] ? s->link.interface : "no link", d.text);
}

void
engine_publish(struct engine *e, struct slot *s, int64_t now_us)
{
	struct est_snapshot n;
	bool state, quality;

	est_read(&s->est, now_us, EST_HORIZON_US, &n);
	state = n.state != s->state;
	quality = n.quality != s->quality;
	s->quality = n.quality;
	tell_changes(e, s, now_us, &n);
	if (state) {
		s->state = n.state;
		engine_tell(e, s, engine_wall_us(e, now_us), API_EVENT_STATE,
		    est_state_name(n.state));
		log_info("%s: %s", s->link.interface[0] ? s->link.interface : "no link",
		    est_state_name(n.state));
	}
	tell_diagnosis(e, s, now_us, &n);
	write_rows(e, s, now_us, state || quality);
}
