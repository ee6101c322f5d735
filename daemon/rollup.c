/* SPDX-License-Identifier: ISC */
/* Estimates of seconds summed up to minutes or hours while they stream past. */
#include "daemon/rollup.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

enum column { DOWN_P10, DOWN_P50, DOWN_P90, UP_P50, RTT_P50, RTT_P90, TTFB_P50, COLUMNS };

static const size_t places[COLUMNS] = {
	[DOWN_P10] = offsetof(struct api_estimate_row, down_kbps_p10),
	[DOWN_P50] = offsetof(struct api_estimate_row, down_kbps_p50),
	[DOWN_P90] = offsetof(struct api_estimate_row, down_kbps_p90),
	[UP_P50] = offsetof(struct api_estimate_row, up_kbps_p50),
	[RTT_P50] = offsetof(struct api_estimate_row, rtt_us_p50),
	[RTT_P90] = offsetof(struct api_estimate_row, rtt_us_p90),
	[TTFB_P50] = offsetof(struct api_estimate_row, ttfb_us_p50),
};

/* What held for some seconds: 32 bytes, since an hour has up to 3600 of them. */
struct held {
	uint32_t seconds;
	uint32_t value[COLUMNS]; /* NONE: not known; greater ones are cut to NONE - 1 */
};

/* One link. */
struct lane {
	struct api_estimate_row last; /* what holds now */
	int64_t settled_s;            /* up to here it is accounted for */
	bool holds;
	struct held *held; /* of this bucket; step_s of them */
	size_t held_len;
	int64_t state_s[EST_STATES], quality_s[EST_QUALITIES];
	int64_t rtt_us_min;
	int64_t loss_sum, loss_s; /* ppm times seconds; seconds */
	int64_t observations, bytes_observed, bytes_probed;
};

struct weighted {
	uint32_t value, seconds;
};

struct rollup {
	int64_t first_s, end_s, step_s;
	int64_t bucket_s; /* where the current one begins */
	struct api_estimate_row incoming;
	bool has_incoming, begun, ended, emitting;
	size_t emit_at;
	struct lane *lane[ROLLUP_LINKS_MAX]; /* by link id */
	size_t lanes;
	struct weighted *scratch; /* step_s of them */
	int err;
};

int
rollup_create(int64_t first_s, int64_t end_s, int64_t step_s, struct rollup **out)
{
	struct rollup *r = calloc(1, sizeof *r);

	assert(step_s == 60 || step_s == 3600);
	if (r != NULL)
		r->scratch = calloc((size_t)step_s, sizeof *r->scratch);
	if (r == NULL || r->scratch == NULL) {
		free(r);
		return -ENOMEM;
	}
	r->first_s = first_s;
	r->end_s = end_s;
	r->step_s = step_s;
	*out = r;
	return 0;
}

static void
lane_destroy(struct lane *l)
{
	free(l->held);
	free(l);
}

void
rollup_destroy(struct rollup *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->lanes; i++)
		lane_destroy(r->lane[i]);
	free(r->scratch);
	free(r);
}

void
rollup_add(struct rollup *r, const struct api_estimate_row *row)
{
	assert(!r->has_incoming);
	assert(!r->ended);
	r->incoming = *row;
	r->has_incoming = true;
}

void
rollup_end(struct rollup *r)
{
	assert(!r->has_incoming);
	r->ended = true;
}

static void
bucket_clear(struct lane *l)
{
	l->held_len = 0;
	memset(l->state_s, 0, sizeof l->state_s);
	memset(l->quality_s, 0, sizeof l->quality_s);
	l->rtt_us_min = API_UNKNOWN;
	l->loss_sum = l->loss_s = 0;
	l->observations = l->bytes_observed = l->bytes_probed = API_UNKNOWN;
}

/* The link's lane; a new one where it is not there, NULL with r->err set where that fails. */
static struct lane *
lane_of(struct rollup *r, const char *link)
{
	struct lane *l;
	size_t at = 0;

	while (at < r->lanes && strcmp(r->lane[at]->last.link, link) < 0)
		at++;
	if (at < r->lanes && strcmp(r->lane[at]->last.link, link) == 0)
		return r->lane[at];
	if (r->lanes == ROLLUP_LINKS_MAX) {
		r->err = -ENOBUFS;
		return NULL;
	}
	l = calloc(1, sizeof *l);
	if (l != NULL)
		l->held = calloc((size_t)r->step_s, sizeof *l->held);
	if (l == NULL || l->held == NULL) {
		free(l);
		r->err = -ENOMEM;
		return NULL;
	}
	memcpy(l->last.link, link, strlen(link) + 1);
	bucket_clear(l);
	memmove(&r->lane[at + 1], &r->lane[at], (r->lanes - at) * sizeof r->lane[0]);
	r->lane[at] = l;
	r->lanes++;
	return l;
}

static void
account(struct rollup *r, struct lane *l, int64_t seconds)
{
	struct held *h = &l->held[l->held_len++];

	assert(l->held_len <= (size_t)r->step_s);
	h->seconds = (uint32_t)seconds;
	for (size_t c = 0; c < COLUMNS; c++) {
		int64_t v;

		memcpy(&v, (const char *)&l->last + places[c], sizeof v);
		h->value[c] = v == API_UNKNOWN || v < 0 ? NONE :
		    v < (int64_t)NONE			? (uint32_t)v :
							  NONE - 1;
	}
	l->state_s[l->last.state] += seconds;
	l->quality_s[l->last.quality] += seconds;
	if (l->last.rtt_us_min != API_UNKNOWN &&
	    (l->rtt_us_min == API_UNKNOWN || l->last.rtt_us_min < l->rtt_us_min))
		l->rtt_us_min = l->last.rtt_us_min;
	/* ppm: at most a million; anything else came from a foreign hand. */
	if (l->last.loss_ppm >= 0 && l->last.loss_ppm <= 1000000) {
		l->loss_sum += l->last.loss_ppm * seconds;
		l->loss_s += seconds;
	}
}

/* What holds in this lane, held until then within this bucket. */
static void
settle(struct rollup *r, struct lane *l, int64_t until_s)
{
	int64_t held_s = l->last.wall_us / 1000000 + ROLLUP_HOLD_S;
	int64_t begin = l->settled_s > r->bucket_s ? l->settled_s : r->bucket_s;
	int64_t end = held_s < until_s ? held_s : until_s;

	if (!l->holds)
		return;
	if (end > begin && r->bucket_s >= r->first_s && r->bucket_s < r->end_s)
		account(r, l, end - begin);
	l->settled_s = until_s;
	if (held_s <= until_s)
		l->holds = false;
}

static void
sum(int64_t *to, int64_t n)
{
	if (n != API_UNKNOWN && n >= 0 && (*to == API_UNKNOWN || *to <= INT64_MAX - n))
		*to = (*to == API_UNKNOWN ? 0 : *to) + n;
}

static void
absorb(struct rollup *r, const struct api_estimate_row *row)
{
	struct lane *l = lane_of(r, row->link);
	int64_t at_s = row->wall_us / 1000000;

	if (l == NULL)
		return;
	settle(r, l, at_s);
	l->last = *row;
	l->settled_s = at_s;
	l->holds = true;
	sum(&l->observations, row->observations);
	sum(&l->bytes_observed, row->bytes_observed);
	sum(&l->bytes_probed, row->bytes_probed);
}

static int
by_value(const void *a, const void *b)
{
	const struct weighted *x = a, *y = b;

	return (x->value > y->value) - (x->value < y->value);
}

/* The least value that held, with those below it, at least half of the known time. */
static int64_t
median(struct rollup *r, const struct lane *l, size_t column)
{
	size_t n = 0;
	uint64_t total = 0, below = 0;

	for (size_t i = 0; i < l->held_len; i++) {
		if (l->held[i].value[column] == NONE)
			continue;
		r->scratch[n].value = l->held[i].value[column];
		r->scratch[n++].seconds = l->held[i].seconds;
		total += l->held[i].seconds;
	}
	if (n == 0)
		return API_UNKNOWN;
	qsort(r->scratch, n, sizeof r->scratch[0], by_value);
	for (size_t i = 0;; i++) {
		assert(i < n);
		below += r->scratch[i].seconds;
		if (2 * below >= total)
			return r->scratch[i].value;
	}
}

static size_t
longest(const int64_t *seconds, size_t len)
{
	size_t best = 0;

	for (size_t i = 1; i < len; i++)
		if (seconds[i] > seconds[best])
			best = i;
	return best;
}

static void
emit(struct rollup *r, const struct lane *l, struct api_estimate_row *out)
{
	memset(out, 0, sizeof *out);
	memcpy(out->link, l->last.link, sizeof out->link);
	out->wall_us = r->bucket_s * 1000000;
	out->state = (enum est_state)longest(l->state_s, EST_STATES);
	out->quality = (enum est_quality)longest(l->quality_s, EST_QUALITIES);
	for (size_t c = 0; c < COLUMNS; c++) {
		int64_t v = median(r, l, c);

		memcpy((char *)out + places[c], &v, sizeof v);
	}
	out->rtt_us_min = l->rtt_us_min;
	out->loss_ppm = l->loss_s > 0 ? (l->loss_sum + l->loss_s / 2) / l->loss_s : API_UNKNOWN;
	out->observations = l->observations;
	out->bytes_observed = l->bytes_observed;
	out->bytes_probed = l->bytes_probed;
}

/* The bucket is over: all lanes are settled to its end, and rows come out. */
static void
close_bucket(struct rollup *r)
{
	for (size_t i = 0; i < r->lanes; i++)
		settle(r, r->lane[i], r->bucket_s + r->step_s);
	r->emitting = true;
	r->emit_at = 0;
}

/* All rows of it are out. Lanes that hold nothing any more go. */
static void
next_bucket(struct rollup *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->lanes; i++) {
		bucket_clear(r->lane[i]);
		if (r->lane[i]->holds)
			r->lane[kept++] = r->lane[i];
		else
			lane_destroy(r->lane[i]);
	}
	r->lanes = kept;
	r->bucket_s += r->step_s;
	r->emitting = false;
}

static bool
emit_one(struct rollup *r, struct api_estimate_row *out)
{
	while (r->emit_at < r->lanes) {
		const struct lane *l = r->lane[r->emit_at++];

		if (l->held_len > 0) {
			emit(r, l, out);
			return true;
		}
	}
	next_bucket(r);
	return false;
}

int
rollup_next(struct rollup *r, struct api_estimate_row *out)
{
	while (r->err == 0) {
		int64_t at_s = r->incoming.wall_us / 1000000;

		if (r->emitting) {
			if (emit_one(r, out))
				return 1;
		} else if (r->has_incoming && (!r->begun || r->lanes == 0)) {
			/* Over a gap in one step: nothing holds in it. */
			r->begun = true;
			r->bucket_s = at_s - at_s % r->step_s;
			absorb(r, &r->incoming);
			r->has_incoming = false;
		} else if (r->has_incoming && at_s < r->bucket_s + r->step_s) {
			absorb(r, &r->incoming);
			r->has_incoming = false;
		} else if (r->has_incoming || (r->ended && r->lanes > 0)) {
			close_bucket(r);
		} else {
			return 0;
		}
	}
	return r->err;
}
