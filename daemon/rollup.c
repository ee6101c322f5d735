/* SPDX-License-Identifier: ISC */
/* Estimates of seconds summed up to minutes or hours while they stream past. */
#include "daemon/rollup.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One link. */
struct lane {
	struct api_estimate_row last; /* what holds now */
	int64_t order;
	int64_t settled_s;            /* up to here it is accounted for */
	bool holds, any;              /* any: something was held in this bucket */
	struct sums sums;             /* of this bucket */
};

struct rollup {
	int64_t first_s, end_s, step_s;
	int64_t bucket_s; /* where the current one begins */
	struct api_estimate_row incoming;
	int64_t order; /* of it */
	bool has_incoming, begun, ended, emitting;
	size_t emit_at;
	struct lane *lane[ROLLUP_LINKS_MAX]; /* by link id */
	size_t lanes;
	const struct lane *emitted; /* the last one */
	int err;
};

int
rollup_create(int64_t first_s, int64_t end_s, int64_t step_s, struct rollup **out)
{
	struct rollup *r = calloc(1, sizeof *r);

	assert(step_s == 60 || step_s == 3600);
	if (r == NULL)
		return -ENOMEM;
	r->first_s = first_s;
	r->end_s = end_s;
	r->step_s = step_s;
	*out = r;
	return 0;
}

void
rollup_destroy(struct rollup *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->lanes; i++)
		free(r->lane[i]);
	free(r);
}

void
rollup_add(struct rollup *r, const struct api_estimate_row *row, int64_t order)
{
	assert(!r->has_incoming);
	assert(!r->ended);
	r->incoming = *row;
	r->order = order;
	r->has_incoming = true;
}

void
rollup_end(struct rollup *r)
{
	assert(!r->has_incoming);
	r->ended = true;
}

static int
compare(const struct lane *l, int64_t order, const char *link)
{
	int by_order = (l->order > order) - (l->order < order);

	return by_order != 0 ? by_order : strcmp(l->last.link, link);
}

/* The link's lane; a new one where it is not there, NULL with r->err set where that fails. */
static struct lane *
lane_of(struct rollup *r, const char *link)
{
	struct lane *l;
	size_t at = 0;

	while (at < r->lanes && compare(r->lane[at], r->order, link) < 0)
		at++;
	if (at < r->lanes && compare(r->lane[at], r->order, link) == 0)
		return r->lane[at];
	if (r->lanes == ROLLUP_LINKS_MAX) {
		r->err = -ENOBUFS;
		return NULL;
	}
	l = calloc(1, sizeof *l);
	if (l == NULL) {
		r->err = -ENOMEM;
		return NULL;
	}
	memcpy(l->last.link, link, strlen(link) + 1);
	l->order = r->order;
	sums_clear(&l->sums);
	memmove(&r->lane[at + 1], &r->lane[at], (r->lanes - at) * sizeof r->lane[0]);
	r->lane[at] = l;
	r->lanes++;
	return l;
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
	if (end > begin && r->bucket_s >= r->first_s && r->bucket_s < r->end_s) {
		sums_hold(&l->sums, &l->last, end - begin);
		l->any = true;
	}
	l->settled_s = until_s;
	if (held_s <= until_s)
		l->holds = false;
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
	sums_count(&l->sums, row);
}

static void
emit(struct rollup *r, const struct lane *l, struct api_estimate_row *out)
{
	memset(out, 0, sizeof *out);
	memcpy(out->link, l->last.link, sizeof out->link);
	out->wall_us = r->bucket_s * 1000000;
	sums_row(&l->sums, out);
	r->emitted = l;
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
		sums_clear(&r->lane[i]->sums);
		r->lane[i]->any = false;
		if (r->lane[i]->holds)
			r->lane[kept++] = r->lane[i];
		else
			free(r->lane[i]);
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

		if (l->any) {
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

const struct sums *
rollup_sums(const struct rollup *r)
{
	assert(r->emitted != NULL);
	return &r->emitted->sums;
}
