/* SPDX-License-Identifier: ISC */
/* Writes an estimate as JSON. */
#include "api/estimate.h"

int64_t
estimate_wall(const struct api_view *v, int64_t at_us)
{
	return v->wall_us - (v->now_us - at_us);
}

int64_t
estimate_known(int64_t n)
{
	return n < 0 ? API_UNKNOWN : n;
}

static int64_t
if_known(bool known, int64_t n)
{
	return known ? n : API_UNKNOWN;
}

void
estimate_rate(struct jw *w, const char *key, const struct est_rate *r)
{
	jw_key_open(w, key, '{');
	jw_key_int(w, "p10", if_known(r->known, r->kbps_p10));
	jw_key_int(w, "p50", if_known(r->known, r->kbps_p50));
	jw_key_int(w, "p90", if_known(r->known, r->kbps_p90));
	jw_close(w, '}');
}

void
estimate_seconds(struct jw *w, const char *key, const struct est_seconds *s)
{
	jw_key_open(w, key, '{');
	jw_key_fixed(w, "p10", if_known(s->known, s->us_p10 / 1000), 3);
	jw_key_fixed(w, "p50", if_known(s->known, s->us_p50 / 1000), 3);
	jw_key_fixed(w, "p90", if_known(s->known, s->us_p90 / 1000), 3);
	jw_close(w, '}');
}

/* In ms, to ten microseconds: finer is noise. */
static void
delay(struct jw *w, const char *key, const struct est_delay *d, bool with_min)
{
	jw_key_open(w, key, '{');
	if (with_min)
		jw_key_fixed(w, "min", if_known(d->known, d->us_min / 10), 2);
	jw_key_fixed(w, "p50", if_known(d->known, d->us_p50 / 10), 2);
	jw_key_fixed(w, "p90", if_known(d->known, d->us_p90 / 10), 2);
	jw_close(w, '}');
}

static void
link_write(struct jw *w, const struct api_link *l)
{
	jw_key_open(w, "link", '{');
	jw_key_text(w, "id", l->id);
	if (l->name[0] != '\0')
		jw_key_text(w, "name", l->name);
	jw_key_text(w, "interface", l->interface);
	jw_key_text(w, "kind", est_link_kind_name(l->kind));
	jw_key_bool(w, "default", l->is_default);
	jw_key_time(w, "since", l->since_wall_us > 0 ? l->since_wall_us : API_UNKNOWN);
	jw_close(w, '}');
}

void
estimate_change(struct jw *w, const struct api_view *v, const struct est_change *c)
{
	if (c->kind == EST_CHANGE_NONE) {
		jw_null(w);
		return;
	}
	jw_open(w, '{');
	jw_key_text(w, "kind", est_change_name(c->kind));
	jw_key_time(w, "time", estimate_wall(v, c->at_us));
	jw_key_int(w, "from_kbps", estimate_known(c->from_kbps));
	jw_key_int(w, "to_kbps", estimate_known(c->to_kbps));
	jw_close(w, '}');
}

static void
outage(struct jw *w, const struct api_view *v)
{
	const struct est_outage *o = &v->est.outage;

	if (!o->open) {
		jw_key_null(w, "outage");
		return;
	}
	jw_key_open(w, "outage", '{');
	jw_key_time(w, "since", estimate_wall(v, o->since_us));
	jw_key_int(w, "lasted_ms", (v->now_us - o->since_us) / 1000);
	jw_key_open(w, "expected_remaining_s", '{');
	jw_key_fixed(w, "p50",
	    if_known(o->remaining_us_p50 >= 0, o->remaining_us_p50 / 100000), 1);
	jw_key_fixed(w, "p90",
	    if_known(o->remaining_us_p90 >= 0, o->remaining_us_p90 / 100000), 1);
	jw_close(w, '}');
	jw_close(w, '}');
}

void
estimate_diagnosis(struct jw *w, const struct api_diagnosis *d)
{
	if (!d->cause) {
		jw_key_null(w, "diagnosis");
		return;
	}
	jw_key_open(w, "diagnosis", '{');
	jw_key_text(w, "cause", d->cause);
	jw_key_text(w, "whose", d->whose ? d->whose : "");
	jw_key_text(w, "text", d->text);
	jw_close(w, '}');
}

void
estimate_faults(struct jw *w, const struct api_view *v)
{
	jw_key_open(w, "faults", '[');
	for (size_t i = 0; i < v->faults; i++) {
		jw_open(w, '{');
		jw_key_text(w, "name", v->fault[i].name);
		jw_key_time(w, "since", v->fault[i].since_wall_us);
		jw_key_text(w, "text", v->fault[i].text);
		jw_close(w, '}');
	}
	jw_close(w, ']');
}

static void
evidence(struct jw *w, const struct est_snapshot *e)
{
	jw_key_open(w, "evidence", '{');
	jw_key_int(w, "samples", e->samples);
	for (int s = 0; s < EST_SOURCES; s++)
		jw_key_fixed(w, est_source_name((enum est_source)s), e->share_ppm[s] / 1000, 3);
	jw_close(w, '}');
}

/* What is told beside the unknown: where nothing is known, what is thinkable. */
static void
prior(struct jw *w, const struct api_view *v)
{
	struct est_rate rate;

	jw_key_text(w, "basis", est_basis_name(v->est.basis));
	if (v->est.basis != EST_BASIS_PRIOR) {
		jw_key_null(w, "prior");
		return;
	}
	est_prior(v->link.kind, &rate);
	jw_key_open(w, "prior", '{');
	estimate_rate(w, "down_kbps", &rate);
	estimate_rate(w, "up_kbps", &rate);
	jw_close(w, '}');
}

void
estimate_write(struct jw *w, const struct api_view *v, int64_t seq)
{
	const struct est_snapshot *e = &v->est;

	jw_open(w, '{');
	jw_key_int(w, "schema", 1);
	jw_key_int(w, "seq", seq);
	jw_key_time(w, "time", v->wall_us);
	link_write(w, &v->link);
	jw_key_text(w, "state", est_state_name(e->state));
	jw_key_text(w, "quality", est_quality_name(e->quality));
	jw_key_text(w, "effective_type", est_effective_name(e->effective));
	estimate_rate(w, "down_kbps", &e->rate[EST_DOWN]);
	estimate_rate(w, "up_kbps", &e->rate[EST_UP]);
	prior(w, v);
	delay(w, "rtt_ms", &e->rtt, true);
	delay(w, "ttfb_ms", &e->ttfb, false);
	jw_key_fixed(w, "jitter_ms", if_known(e->jitter_us >= 0, e->jitter_us / 10), 2);
	jw_key_fixed(w, "loss_ratio", estimate_known(e->loss_ppm), 6);
	jw_key_int(w, "responsiveness_rpm", estimate_known(e->rpm));
	jw_key_fixed(w, "confidence", e->confidence_ppm / 1000, 3);
	jw_key_int(w, "age_ms", if_known(e->age_us >= 0, e->age_us / 1000));
	evidence(w, e);
	jw_key(w, "change");
	estimate_change(w, v, &e->change);
	outage(w, v);
	estimate_diagnosis(w, &v->diagnosis);
	estimate_faults(w, v);
	jw_close(w, '}');
}
