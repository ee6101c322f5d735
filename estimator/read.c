/* SPDX-License-Identifier: ISC */
/* The estimator of one link: what comes out. */
#include "estimator/estimator.h"

#include "estimator/evidence.h"

#include <assert.h>
#include <math.h>

#define KNOWN_NOTHING_OCTAVES 6.7f /* from p10 to p90 of a prior */

struct forecast_ask
evidence_ask(const struct est *e, enum est_direction d, float horizon_s)
{
	const struct est_way *way = &e->way[d];

	return (struct forecast_ask){
		.belief = &way->belief,
		.prior = e->prior,
		.fate = &e->fate,
		.horizon_s = horizon_s,
		.last_y = way->last_y,
		.last_age_s = fmaxf(0.0f, (float)(e->now_us - way->last_us) * 1e-6f),
		.last_known = way->last_known,
		.to_mem = way->reversion.to_mem,
	};
}

void
evidence_forecast(const struct est *e, enum est_direction d, float horizon_s,
    float raw[FORECAST_QUANTILES])
{
	const struct forecast_ask ask = evidence_ask(e, d, horizon_s);

	forecast_quantiles(&ask, raw);
}

/* For how long a request has had no answer; 0: none waits. */
static float
waiting_s(const struct est *e)
{
	return fmaxf((float)flows_waiting_us(&e->flows, e->now_us) * 1e-6f, e->unanswered_s);
}

static float
age_s(const struct est *e, int64_t at_us)
{
	return fmaxf(0.0f, (float)(e->now_us - at_us) * 1e-6f);
}

/*
 * How far the corrections count: they were learnt for 5 s and from one request at a time;
 * half or twice the horizon is none of theirs.
 */
static float
correction_share(const struct est *e, float horizon_s)
{
	const float octaves = fabsf(num_log2(horizon_s / FEEDBACK_HORIZON_S));

	if (merge_shared(&e->merge, e->now_us))
		return 0.0f;
	return num_clamp(1.0f - octaves, 0.0f, 1.0f);
}

float
evidence_uncorrected(const struct est *e, enum est_direction d, float horizon_s,
    float x[CORRECTION_INPUTS], float y[3])
{
	const struct est_way *way = &e->way[d];
	const float share = correction_share(e, horizon_s);
	float raw[FORECAST_QUANTILES];
	const struct correction_of of = {
		.quantiles = raw,
		.y = y,
		.belief = &way->belief,
		.fate = &e->fate,
		.feedback = &way->feedback,
		.trend = &way->trend,
		.last_y = way->last_y,
		.last_age_s = age_s(e, way->last_us),
		.last_known = way->last_known,
		.used_age_s = way->used ? age_s(e, way->used_us) : 1e3f,
		.limited = way->limited,
		.waiting_s = waiting_s(e),
		.to_mem = way->reversion.to_mem,
	};

	assert(way->belief.known);
	if (horizon_s != FEEDBACK_HORIZON_S || !feedback_noted(&way->feedback, e->now_us, raw))
		evidence_forecast(e, d, horizon_s, raw);
	feedback_apply(&way->feedback, raw, y);
	if (share > 0.0f)
		correction_inputs(&of, x);
	return share;
}

static void
read_rate(const struct est *e, enum est_direction d, float horizon_s, struct est_rate *out,
    float y[3])
{
	float x[CORRECTION_INPUTS], share;

	if (!e->way[d].belief.known) {
		*out = (struct est_rate){ .known = false };
		return;
	}
	share = evidence_uncorrected(e, d, horizon_s, x, y);
	if (share > 0.0f)
		correction_apply(x, share, y);
	out->known = true;
	out->kbps_p10 = (int64_t)lrintf(level_to_kbps(y[0]));
	out->kbps_p50 = (int64_t)lrintf(level_to_kbps(y[1]));
	out->kbps_p90 = (int64_t)lrintf(level_to_kbps(y[2]));
	assert(out->kbps_p10 <= out->kbps_p50 && out->kbps_p50 <= out->kbps_p90);
}

/* For how long an answer has been overdue; 0: none is. */
static float
overdue_s(const struct est *e)
{
	const struct smooth wait = latency_wait(&e->latency);
	const float longest_s = waiting_s(e);

	return longest_s > wait.mean_s + 2.0f * wait.dev_s ? longest_s : 0.0f;
}

static void
read_delay(const struct delays *d, int64_t now_us, float late_s, struct est_delay *out)
{
	float least_s = delays_least(d, now_us, INT64_C(60000000));

	*out = (struct est_delay){ .known = d->len > 0 };
	if (!out->known)
		return;
	if (least_s < 0.0f)
		least_s = delays_least(d, now_us, INT64_MAX);
	out->us_p50 = (int64_t)lrintf(delays_quantile(d, now_us, 0.5f, late_s) * 1e6f);
	out->us_p90 = (int64_t)lrintf(delays_quantile(d, now_us, 0.9f, late_s) * 1e6f);
	out->us_min = (int64_t)lrintf(least_s * 1e6f);
	if (out->us_min > out->us_p50)
		out->us_min = out->us_p50;
	assert(out->us_p50 <= out->us_p90);
}

static void
read_shares(const struct est *e, int64_t out[EST_SOURCES])
{
	float sum = 0.0f;
	int64_t left = 1000000;
	int most = 0;

	for (int k = 0; k < EST_SOURCES; k++) {
		sum += e->tally[k].weight;
		most = e->tally[k].weight > e->tally[most].weight ? k : most;
	}
	for (int k = 0; k < EST_SOURCES; k++) {
		out[k] = sum > 1e-12f
		    ? (int64_t)lrintf(e->tally[k].weight / sum * 1000.0f) * 1000 : 0;
		left -= out[k];
	}
	if (sum > 1e-12f)
		out[most] += left; /* rounding; they sum to one */
}

static int64_t
confidence_ppm(const struct est_rate *rate, const float y[3])
{
	const float known = 1.0f - (y[2] - y[0]) / KNOWN_NOTHING_OCTAVES;

	if (!rate->known)
		return 0;
	return (int64_t)lrintf(num_clamp(known, 0.0f, 1.0f) * 1000.0f) * 1000;
}

static void
read_outage(const struct est *e, struct est_outage *out)
{
	*out = (struct est_outage){ .open = e->change.state == EST_OFFLINE };
	out->remaining_us_p50 = out->remaining_us_p90 = -1;
	if (!out->open)
		return;
	out->since_us = e->change.outage_us;
	if (!e->no_carrier) {
		const float age_s = (float)(e->now_us - out->since_us) * 1e-6f;

		out->remaining_us_p50 =
		    (int64_t)lrintf(fate_remaining_s(age_s, 0.5f) * 10.0f) * 100000;
		out->remaining_us_p90 =
		    (int64_t)lrintf(fate_remaining_s(age_s, 0.9f) * 10.0f) * 100000;
	}
}

static void
read_words(struct est *e, struct est_snapshot *out)
{
	const struct latency *l = &e->latency;
	const struct est_rate *down = &out->rate[EST_DOWN];
	const float rtt_s = out->rtt.known ? (float)out->rtt.us_p50 * 1e-6f : -1.0f;
	const struct change_figures figures = {
		.kbps = down->known ? (float)down->kbps_p50 : -1.0f,
		.rtt_s = rtt_s,
		.loss = l->asked > 3.0f ? l->lost / l->asked : -1.0f,
		.outage = e->change.state == EST_OFFLINE,
	};

	change_quality(&e->change, e->now_us, &figures);
	out->state = e->change.state;
	out->quality = e->change.quality;
	if (out->state == EST_UNKNOWN)
		out->quality = EST_QUALITY_UNKNOWN;
	out->effective = change_effective(figures.kbps, rtt_s);
}

static enum est_basis
basis_of(const struct est *e)
{
	const struct est_way *way = &e->way[EST_DOWN];

	if (!way->belief.known)
		return EST_BASIS_PRIOR;
	return e->restored && !way->used ? EST_BASIS_MEMORY : EST_BASIS_EVIDENCE;
}

void
est_read(struct est *e, int64_t now_us, int64_t horizon_us, struct est_snapshot *out)
{
	const struct latency *l = &e->latency;
	struct est_snapshot *r = &e->read;
	float y[EST_DIRECTIONS][3], late_s, loaded_s;

	assert(horizon_us > 0);
	if (e->read_horizon_us == horizon_us && r->at_us == now_us) {
		*out = *r;
		return;
	}
	est_tick(e, now_us);
	*r = (struct est_snapshot){ .at_us = now_us, .samples = e->rejected[EST_TAKEN] };
	for (int d = 0; d < EST_DIRECTIONS; d++)
		read_rate(e, (enum est_direction)d, (float)horizon_us * 1e-6f, &r->rate[d],
		    y[d]);
	r->basis = basis_of(e);
	late_s = overdue_s(e);
	read_delay(&l->rtt, now_us, late_s, &r->rtt);
	read_delay(&l->ttfb, now_us, late_s, &r->ttfb);
	r->jitter_us = l->rtt.len > 1 ? (int64_t)lrintf(l->jitter_s * 1e6f) : -1;
	r->loss_ppm = l->asked > 0.0f
	    ? (int64_t)lrintf(num_clamp(l->lost / l->asked, 0.0f, 1.0f) * 1e4f) * 100 : -1;
	loaded_s = latency_loaded_s(l);
	r->rpm = loaded_s > 0.0f ? (int64_t)lrintf(fminf(60.0f / loaded_s, 1e6f)) : -1;
	r->confidence_ppm = confidence_ppm(&r->rate[EST_DOWN], y[EST_DOWN]);
	r->age_us = e->evidence ? now_us - e->heard_us : -1;
	read_shares(e, r->share_ppm);
	if (e->change.past_len > 0)
		r->change = e->change.past[0];
	else
		r->change = (struct est_change){ .from_kbps = -1, .to_kbps = -1 };
	read_outage(e, &r->outage);
	read_words(e, r);
	e->read_horizon_us = horizon_us;
	*out = *r;
}

void
est_explain(const struct est *e, int64_t now_us, struct est_explain *out)
{
	int64_t share[EST_SOURCES];

	assert(now_us >= e->now_us);
	read_shares(e, share);
	*out = (struct est_explain){ .changes_len = e->change.past_len };
	for (int k = 0; k < EST_SOURCES; k++)
		out->source[k] = (struct est_source_report){
			.count = e->tally[k].count,
			.age_us = e->tally[k].count > 0 ? now_us - e->tally[k].last_us : -1,
			.weight_ppm = share[k],
			.bytes = e->tally[k].bytes,
		};
	for (int k = 0; k < EST_VERDICTS; k++)
		out->rejected[k] = e->rejected[k];
	for (int k = 0; k < EST_CHANGES_KEPT; k++)
		out->changes[k] = e->change.past[k];
	out->open_requests = (int64_t)flows_count(&e->flows, now_us);
	out->silent_us = flows_waiting_us(&e->flows, now_us);
	out->off_ppm = (int64_t)lrintf(
	    fate_outage(&e->fate, belief_low(&e->way[EST_DOWN].belief)) * 1e4f) * 100;
	out->outages = (int64_t)lrintf(e->fate.outages);
	out->window_bytes = (int64_t)lrintf(e->way[EST_DOWN].window.initial);
	out->rate_limited_ppm = (int64_t)lrintf(e->way[EST_DOWN].limited * 1e4f) * 100;
}
