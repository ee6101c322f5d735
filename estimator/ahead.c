/* SPDX-License-Identifier: ISC */
/* The past of a link: outages as they are told, and the walk that learns from them. */
#include "estimator/ahead_internal.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define MINUTE_S 60
#define DAY_S 86400
#define WEEK_S (7 * DAY_S)
#define MONDAY_S (4 * DAY_S) /* 1970-01-05 */
#define LAST_S 900     /* the longest horizon */
#define SAME_S 60      /* away for less is as if it had stayed */
#define LEAVING_S 60   /* an outage that began so shortly before it left is part of that */
#define DROP 512       /* anchors that go at once where there is no room */
#define MOMENTS 3000   /* between two judgements, at a time */
#define SOON_S (15 * MINUTE_S)
#define HOUR_S 3600
#define ENOUGH 4000 /* moments judged: from there on the work is not worth it */
#define HALF_LIFE_S (8.0 * WEEK_S)
#define JUDGED_AFTER_S (5 * DAY_S)

const int ahead_horizon_s[AHEAD_HORIZONS] = { 60, 300, LAST_S };

double
ahead_recency(double age_s)
{
	return exp2(-age_s / HALF_LIFE_S);
}

int
ahead_elapsed_class(double elapsed_s)
{
	return elapsed_s < SOON_S ? 0 : elapsed_s < HOUR_S ? 1 : 2;
}

int
ahead_minute(const struct ahead *a, int64_t t_s)
{
	int64_t in = (t_s + a->zone_s - MONDAY_S) % WEEK_S;

	return (int)((in < 0 ? in + WEEK_S : in) / MINUTE_S);
}

void
ahead_init(struct ahead *a)
{
	memset(a, 0, sizeof *a);
	a->day = INT64_MIN;
	ahead_mix_init(a);
}

void
ahead_zone(struct ahead *a, int32_t zone_s)
{
	a->zone_s = zone_s;
}

void
ahead_score_from(struct ahead *a, int64_t t_s)
{
	a->score_from_s = t_s;
}

/* --- what is told -------------------------------------------------------------------- */

static float
ln(int64_t seconds)
{
	return (float)log(seconds > 0 ? (double)seconds : 1.0);
}

static int32_t
span(int64_t from_s, int64_t to_s)
{
	int64_t n = to_s - from_s;

	return n < 0 ? 0 : n > INT32_MAX ? INT32_MAX : (int32_t)n;
}

static struct ahead_anchor *
last(struct ahead *a)
{
	return a->anchors > 0 ? &a->anchor[a->anchors - 1] : NULL;
}

static void
set_next(struct ahead_anchor *of, int64_t at_s)
{
	of->next_s = span(of->end_s, at_s);
	of->next_ln = ln(of->next_s);
}

static void
push(struct ahead *a, int64_t t_s, bool start)
{
	struct ahead_anchor *n;

	if (a->anchors == AHEAD_ANCHORS) {
		a->anchors -= DROP;
		memmove(a->anchor, a->anchor + DROP, (size_t)a->anchors * sizeof a->anchor[0]);
		a->at = a->at > DROP ? a->at - DROP : 0;
	}
	n = &a->anchor[a->anchors++];
	*n = (struct ahead_anchor){ .begin_s = t_s, .end_s = t_s, .gap_ln = -1.0f,
		.next_s = -1, .start = start, .open = !start,
		.minute = (int16_t)ahead_minute(a, t_s) };
	if (a->anchors > 1 && !n[-1].cut)
		n->gap_ln = n[-1].next_ln;
}

static int64_t
in_order(struct ahead *a, int64_t t_s)
{
	if (t_s < a->latest_s)
		t_s = a->latest_s;
	a->latest_s = t_s;
	if (a->first_s == 0) {
		a->first_s = t_s;
		a->week_s = t_s;
		a->walk_s = t_s;
	}
	return t_s;
}

void
ahead_up(struct ahead *a, int64_t t_s)
{
	struct ahead_anchor *l = last(a);

	t_s = in_order(a, t_s);
	if (a->up)
		return;
	a->up = true;
	if (l != NULL && !l->censored && t_s - l->end_s - l->next_s <= SAME_S) {
		l->cut = false;
		l->next_s = -1;
		return;
	}
	push(a, t_s, true);
}

void
ahead_down(struct ahead *a, int64_t t_s)
{
	struct ahead_anchor *l = last(a);

	t_s = in_order(a, t_s);
	if (!a->up)
		return;
	assert(l != NULL);
	a->up = false;
	if (l->open) {
		l->open = false;
		l->censored = true;
		l->end_s = t_s;
		l->length_ln = ln(span(l->begin_s, t_s));
	}
	l->cut = true;
	set_next(l, t_s);
}

void
ahead_left(struct ahead *a, int64_t t_s)
{
	struct ahead_anchor *l = last(a);

	if (a->up && l->open && a->anchors > 1 && l->begin_s >= t_s - LEAVING_S) {
		int64_t begin_s = l->begin_s;

		a->anchors--;
		if (a->at >= a->anchors)
			a->at = a->anchors - 1;
		last(a)->next_s = -1;
		a->latest_s = begin_s;
		t_s = begin_s;
	}
	ahead_down(a, t_s);
}

/* It began with the last sign of life, which is before the moment that we knew. */
void
ahead_outage_begins(struct ahead *a, int64_t t_s)
{
	struct ahead_anchor *l;

	if (!a->up)
		ahead_up(a, t_s);
	l = last(a);
	if (l->open || (!l->start && t_s <= l->begin_s)) /* or it was told already */
		return;
	if (t_s < l->end_s)
		t_s = l->end_s;
	if (t_s > a->latest_s)
		a->latest_s = t_s;
	set_next(l, t_s);
	push(a, t_s, false);
}

void
ahead_outage_ends(struct ahead *a, int64_t t_s)
{
	struct ahead_anchor *l = last(a);

	t_s = in_order(a, t_s);
	if (l == NULL || !l->open)
		return;
	l->open = false;
	l->end_s = t_s;
	l->length_ln = ln(span(l->begin_s, t_s));
	l->minute = (int16_t)ahead_minute(a, t_s);
}

/* --- the walk ------------------------------------------------------------------------- */

/* What came after this moment: a category; -1: it will never be known; -2: not yet. */
static int
outcome(const struct ahead_anchor *c, int64_t t_s, int64_t now_s)
{
	int64_t left;

	if (c->next_s < 0)
		return now_s < t_s + LAST_S ? -2 : AHEAD_HORIZONS;
	left = c->end_s + c->next_s - t_s;
	if (c->cut)
		return left >= LAST_S ? AHEAD_HORIZONS : -1;
	for (int h = 0; h < AHEAD_HORIZONS; h++)
		if (left <= ahead_horizon_s[h])
			return h;
	return AHEAD_HORIZONS;
}

static void
count_day(struct ahead *a, int64_t t_s)
{
	int64_t day = (t_s + a->zone_s) / DAY_S;

	if (day == a->day)
		return;
	a->day = day;
	a->days++;
}

/* The weeks that are over count less. */
static void
fade(struct ahead *a)
{
	const int64_t weeks = (a->walk_s - a->week_s) / WEEK_S;
	const float by = (float)ahead_recency((double)weeks * WEEK_S);
	struct ahead_cell *c = &a->cell[0][0][0];

	for (int i = 0; i <= 7 * AHEAD_SLOTS * AHEAD_ELAPSED; i++) {
		struct ahead_cell *one = i < 7 * AHEAD_SLOTS * AHEAD_ELAPSED ? &c[i] : &a->all;

		one->n *= by;
		for (int h = 0; h < AHEAD_HORIZONS; h++)
			one->came[h] *= by;
	}
	a->week_s += weeks * WEEK_S;
}

static void
count(struct ahead *a, const struct ahead_moment *m, int cat)
{
	const int minute = m->minute % 1440;
	struct ahead_cell *c = &a->cell[m->minute / 1440][minute / 10][m->elapsed];

	c->n += 1.0f;
	a->all.n += 1.0f;
	if (cat < AHEAD_HORIZONS) {
		c->came[cat] += 1.0f;
		a->all.came[cat] += 1.0f;
	}
	count_day(a, m->t_s);
}

/* To the next moment outside of an outage while the link was watched. False: there is none
 * as yet. */
static bool
next_moment(struct ahead *a)
{
	for (;;) {
		const struct ahead_anchor *c = &a->anchor[a->at];
		bool more = a->at + 1 < a->anchors;

		if (more && c[1].begin_s <= a->walk_s) {
			a->at++;
			continue;
		}
		if (c->open)
			return false;
		if (a->walk_s < c->end_s)
			a->walk_s = c->end_s;
		else if (c->cut && a->walk_s >= c->end_s + c->next_s && !more)
			return false;
		else if (c->cut && a->walk_s >= c->end_s + c->next_s)
			a->walk_s = c[1].begin_s;
		else
			return true;
	}
}

static bool
is_due(struct ahead *a, const struct ahead_moment *m)
{
	if (m->t_s < a->score_s || m->t_s < a->score_from_s ||
	    m->t_s < a->first_s + JUDGED_AFTER_S)
		return false;
	a->score_s = m->t_s + (m->elapsed == 2 ? 15 : a->judged[m->elapsed] < ENOUGH ? 2 : 6) *
	    MINUTE_S;
	return true;
}

bool
ahead_walk(struct ahead *a, int64_t now_s, int most)
{
	for (int moments = MOMENTS; a->anchors > 0; a->walk_s += MINUTE_S) {
		const struct ahead_anchor *c;
		struct ahead_moment m;
		int cat;

		if (most <= 0 || moments-- <= 0)
			return true;
		if (!next_moment(a) || a->walk_s >= now_s)
			return false;
		if (a->walk_s >= a->week_s + WEEK_S)
			fade(a);
		c = &a->anchor[a->at];
		cat = outcome(c, a->walk_s, now_s);
		if (cat == -2)
			return false;
		if (cat < 0)
			continue;
		m = (struct ahead_moment){ .t_s = a->walk_s, .anchors = a->at + 1,
			.elapsed_s = (double)(a->walk_s - c->end_s),
			.minute = ahead_minute(a, a->walk_s) };
		m.elapsed = ahead_elapsed_class(m.elapsed_s);
		if (is_due(a, &m)) {
			ahead_judge(a, &m, cat);
			most--;
		}
		count(a, &m, cat);
	}
	return false;
}
