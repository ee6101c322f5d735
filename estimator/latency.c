/* SPDX-License-Identifier: ISC */
/* How long answers take: quantiles, variation, loss, and how long to wait for the next. */
#include "estimator/latency.h"

#include "estimator/level.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define HALF_LIFE_S 20.0f
#define OVERDUE_SHARE 0.15f /* of all weight: a late answer tells of the next one */
#define LEAST_CREEP 0.02f   /* a sample: the least forgets */
#define LEAST_DEFAULT_S 0.06f
#define STEP_WINDOW_US INT64_C(15000000)
#define LOSS_KEEP 0.985f /* a request: some 64 are remembered */

_Static_assert(DELAYS_KEPT < 256 && DELAYS_KEPT % 4 == 0, "indices are bytes");

void
latency_init(struct latency *l)
{
	memset(l, 0, sizeof *l);
}

static void
smooth_add(struct smooth *s, float x_s)
{
	if (!s->known) {
		*s = (struct smooth){ .mean_s = x_s, .dev_s = 0.5f * x_s, .known = true };
		return;
	}
	/* RFC 6298 2.3 */
	s->dev_s += 0.25f * (fabsf(s->mean_s - x_s) - s->dev_s);
	s->mean_s += 0.125f * (x_s - s->mean_s);
}

static void
delays_add(struct delays *d, int64_t now_us, float x_s, bool waited)
{
	const int32_t us = (int32_t)(num_clamp(x_s, 0.0f, 2000.0f) * 1e6f);
	const uint8_t slot = d->next;
	int n = 0;

	for (int i = 0; i < d->len; i++) /* take the slot's old place out */
		if (d->sorted[i] != slot)
			d->sorted[n++] = d->sorted[i];
	while (n > 0 && d->us[d->sorted[n - 1]] > us) {
		d->sorted[n] = d->sorted[n - 1];
		n--;
	}
	d->sorted[n] = slot;
	d->at_us[slot] = now_us;
	d->us[slot] = us;
	d->waited[slot] = waited;
	d->next = (uint8_t)((slot + 1) % DELAYS_KEPT);
	if (d->len < DELAYS_KEPT)
		d->len++;
}

/* Forget the samples that are lower bounds only. */
static void
delays_purge(struct delays *d)
{
	struct delays kept = { 0 };

	for (int i = 0; i < d->len; i++) {
		/* from the oldest on: a full ring begins at `next` */
		const int k = d->len < DELAYS_KEPT ? i : (d->next + i) % DELAYS_KEPT;

		if (!d->waited[k])
			delays_add(&kept, d->at_us[k], (float)d->us[k] * 1e-6f, false);
	}
	*d = kept;
}

float
delays_quantile(const struct delays *d, int64_t now_us, float q, float overdue_s)
{
	const float overdue_us = overdue_s * 1e6f;
	float weight[DELAYS_KEPT], sum = 0.0f, waiting, below = 0.0f, last = 0.0f;
	bool passed = !(overdue_s > 0.0f);

	if (d->len == 0)
		return overdue_s > 0.0f ? overdue_s : -1.0f;
	for (int i = 0; i < DELAYS_KEPT; i += 4) {
		v4f age;

		for (int k = 0; k < 4; k++)
			age[k] = (float)(now_us - d->at_us[i + k]) * (1e-6f / HALF_LIFE_S);
		v4_store(weight + i, v4_exp2(-v4_min(v4_max(age, v4_all(0.0f)), v4_all(40.0f))));
	}
	for (int i = 0; i < d->len; i++)
		sum += weight[i];
	waiting = passed ? 0.0f : fmaxf(1.0f, sum) * OVERDUE_SHARE / (1.0f - OVERDUE_SHARE);
	sum += waiting;
	for (int i = 0; i < d->len; i++) {
		const int k = d->sorted[i];

		if (!passed && overdue_us < (float)d->us[k]) {
			below += waiting;
			passed = true;
			if (below >= q * sum)
				return overdue_s;
		}
		below += weight[k];
		last = (float)d->us[k];
		if (below >= q * sum)
			return last * 1e-6f;
	}
	return passed ? last * 1e-6f : overdue_s;
}

float
delays_least(const struct delays *d, int64_t now_us, int64_t within_us)
{
	for (int i = 0; i < d->len; i++)
		if (now_us - d->at_us[d->sorted[i]] <= within_us)
			return (float)d->us[d->sorted[i]] * 1e-6f;
	return -1.0f;
}

static void
least_add(struct latency *l, float x_s)
{
	x_s = fmaxf(x_s, 1e-4f);
	if (!l->least_known || x_s < l->least_s)
		l->least_s = x_s;
	else
		l->least_s = fminf(l->least_s * (1.0f + LEAST_CREEP), x_s);
	l->least_known = true;
}

/* Whether the path changed: far under the least of late, or far over it twice unloaded. */
static float
path_step(struct latency *l, int64_t now_us, float rtt_s, bool loaded)
{
	const float least_s = delays_least(&l->rtt, now_us, STEP_WINDOW_US);

	if (least_s <= 0.0f)
		return 0.0f;
	if (rtt_s > 1.7f * least_s + 0.02f && !loaded) {
		if (++l->slow_in_row < 2)
			return 0.0f;
	} else {
		l->slow_in_row = 0;
		if (rtt_s > 0.6f * least_s || least_s - rtt_s < 0.005f)
			return 0.0f;
	}
	l->slow_in_row = 0;
	l->rtt_smooth.known = false;
	l->least_known = false;
	l->rtt.len = l->rtt.next = 0;
	return num_log2(fmaxf(rtt_s, 1e-4f) / least_s);
}

static void
count(struct latency *l, bool answered)
{
	l->asked = l->asked * LOSS_KEEP + 1.0f;
	l->lost = l->lost * LOSS_KEEP + (answered ? 0.0f : 1.0f);
	if (answered) {
		l->run_over = true;
		return;
	}
	l->lost_run = l->run_over ? 1.0f : l->lost_run * LOSS_KEEP + 1.0f;
	l->run_over = false;
}

void
latency_unanswered(struct latency *l, int64_t now_us, float waited_s, bool rtt)
{
	assert(waited_s >= 0.0f);
	delays_add(rtt ? &l->rtt : &l->ttfb, now_us, waited_s, true);
	count(l, false);
}

void
latency_recovered(struct latency *l)
{
	delays_purge(&l->rtt);
	delays_purge(&l->ttfb);
	l->lost = fmaxf(0.0f, l->lost - l->lost_run);
	l->asked = fmaxf(0.0f, l->asked - l->lost_run);
	l->lost_run = 0.0f;
}

float
latency_rtt(struct latency *l, int64_t now_us, float rtt_s, bool loaded)
{
	const float step = path_step(l, now_us, rtt_s, loaded);

	assert(rtt_s >= 0.0f);
	if (l->last_rtt_s > 0.0f) /* RFC 3550 6.4.1: gain 1/16 */
		l->jitter_s += (fabsf(rtt_s - l->last_rtt_s) - l->jitter_s) / 16.0f;
	l->last_rtt_s = fmaxf(rtt_s, 1e-6f);
	delays_add(&l->rtt, now_us, rtt_s, false);
	count(l, true);
	smooth_add(&l->rtt_smooth, rtt_s);
	smooth_add(&l->wait, rtt_s);
	least_add(l, rtt_s);
	if (loaded) {
		l->loaded_s[l->loaded_next] = rtt_s;
		l->loaded_next = (uint8_t)((l->loaded_next + 1) % LOADED_KEPT);
		if (l->loaded_len < LOADED_KEPT)
			l->loaded_len++;
	}
	return step;
}

void
latency_ttfb(struct latency *l, int64_t now_us, float wait_s, float clock_s)
{
	assert(wait_s >= 0.0f);
	delays_add(&l->ttfb, now_us, wait_s, false);
	count(l, true);
	/* The end of an outage is no measure of the path. */
	if (l->wait.known && wait_s > 4.0f * l->wait.mean_s + 0.2f)
		return;
	smooth_add(&l->wait, wait_s);
	least_add(l, fmaxf(wait_s - 0.5f * clock_s, 0.5f * wait_s));
}

float
latency_least_s(const struct latency *l)
{
	return l->least_known ? fmaxf(l->least_s, 2e-4f) : LEAST_DEFAULT_S;
}

struct smooth
latency_wait(const struct latency *l)
{
	if (l->wait.known)
		return l->wait;
	return (struct smooth){ .mean_s = 0.3f, .dev_s = 0.15f };
}

float
latency_loaded_s(const struct latency *l)
{
	float sorted[LOADED_KEPT];

	if (l->loaded_len == 0)
		return -1.0f;
	for (int i = 0; i < l->loaded_len; i++) {
		int n = i;

		while (n > 0 && sorted[n - 1] > l->loaded_s[i]) {
			sorted[n] = sorted[n - 1];
			n--;
		}
		sorted[n] = l->loaded_s[i];
	}
	return sorted[l->loaded_len / 2];
}
