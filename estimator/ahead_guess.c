/* SPDX-License-Identifier: ISC */
/* The experts of the look ahead: what comes, by the clock and by what usually follows. */
#include "estimator/ahead_internal.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum expert { ALL, HOUR, DAY, DAY_ELAPSED, GAPS, GAPS_DAY, LIKE_1, LIKE_2, LIKE_4 };
_Static_assert(LIKE_4 + 1 == AHEAD_EXPERTS, "a weight for each expert");

#define LIKES (LIKE_4 - GAPS + 1)
#define LOGISTIC 0.5513 /* scale of a logistic distribution with a deviation of 1 */
#define BLUR 0.10       /* by which a gap differs from day to day, as a share of it */
#define BLUR_S 20.0     /* and in seconds */
#define LENGTH_BLUR 0.25
#define UNLIKE 0.03     /* the least that a like moment counts for: some outages are missed */
#define GAP_LIKE 0.25   /* deviations, as shares */
#define LENGTH_LIKE 0.6
#define CLOCK_LIKE_MIN 60.0
#define LEAST 1e-4
#define PRIOR_LIKE 0.7
#define PRIOR_MOMENTS 45.0 /* an hour's moments are no sixty independent ones */
#define LOOK_BACK 1000     /* anchors that are compared */
#define REACH 3            /* slots of ten minutes to either side */

/* --- by the clock ----------------------------------------------------------------------- */

struct sum {
	double n, came[AHEAD_HORIZONS];
};

static void
add(struct sum *s, const struct ahead_cell *c, double weight)
{
	s->n += weight * (double)c->n;
	for (int h = 0; h < AHEAD_HORIZONS; h++)
		s->came[h] += weight * (double)c->came[h];
}

/* With so many moments of what is believed without them. */
static void
guess(const struct sum *s, const double *prior, double moments, double *p)
{
	p[AHEAD_HORIZONS] = 1.0;
	for (int h = 0; h < AHEAD_HORIZONS; h++) {
		p[h] = (s->came[h] + moments * prior[h]) / (s->n + moments);
		p[AHEAD_HORIZONS] -= p[h];
	}
}

static bool
is_off(int day)
{
	return day >= 5;
}

static double
day_like(int a, int b)
{
	return a == b ? 1.0 : is_off(a) == is_off(b) ? 0.6 : 0.02;
}

static void
by_hour(const struct ahead *a, int minute, const double *all, double *p)
{
	const int day = minute / 1440, slot = minute % 1440 / 60 * 6;
	struct sum same = { 0 }, like = { 0 };
	double parent[AHEAD_CATS];

	for (int d = 0; d < 7; d++)
		for (int s = slot; s < slot + 6; s++)
			for (int e = 0; e < AHEAD_ELAPSED; e++) {
				if (d == day)
					add(&same, &a->cell[d][s][e], 1.0);
				if (is_off(d) == is_off(day))
					add(&like, &a->cell[d][s][e], 1.0);
			}
	guess(&like, all, 3.0 * PRIOR_MOMENTS, parent);
	guess(&same, parent, 3.0 * PRIOR_MOMENTS, p);
}

static void
by_day(const struct ahead *a, const struct ahead_moment *m, const double *all,
    double p[AHEAD_EXPERTS][AHEAD_CATS])
{
	struct sum any = { 0 }, like = { 0 };
	const int day = m->minute / 1440, minute = m->minute % 1440;

	for (int at = -REACH; at <= REACH; at++) {
		const int slot = minute / 10 + at;
		const double off = (slot * 10 + 5 - minute) / 12.0;
		const double near = exp(-0.5 * off * off);

		for (int d = 0; d < 7; d++) {
			const double w = near * day_like(d, day);
			const struct ahead_cell *c =
			    a->cell[d][(slot + AHEAD_SLOTS) % AHEAD_SLOTS];

			for (int e = 0; e < AHEAD_ELAPSED; e++)
				add(&any, &c[e], w);
			add(&like, &c[m->elapsed], w);
		}
	}
	guess(&any, all, PRIOR_MOMENTS, p[DAY]);
	guess(&like, p[DAY], PRIOR_MOMENTS, p[DAY_ELAPSED]);
}

/* --- by what usually follows -------------------------------------------------------------- */

static double
bell(double deviations)
{
	return UNLIKE + (1.0 - UNLIKE) * exp(-0.5 * deviations * deviations);
}

static double
clock_like(int minute_a, int minute_b)
{
	int off = (minute_a - minute_b) % 1440;
	double d;

	off = off < 0 ? off + 1440 : off;
	d = (off > 720 ? 1440 - off : off) / CLOCK_LIKE_MIN;
	return bell(d) * (is_off(minute_a / 1440) == is_off(minute_b / 1440) ? 1.0 : 0.3);
}

static double
like(const struct ahead_anchor *a, const struct ahead_anchor *b)
{
	double w;

	if (a->start || b->start)
		return a->start == b->start ? 1.0 : UNLIKE;
	if (a->gap_ln < 0.0f || b->gap_ln < 0.0f)
		w = UNLIKE;
	else
		w = bell((double)(a->gap_ln - b->gap_ln) / GAP_LIKE);
	if (a->open || b->open)
		return w;
	return w * (0.3 + 0.7 * bell((double)(a->length_ln - b->length_ln) / LENGTH_LIKE));
}

/* Weights of past anchor j as seen from anchor i: of its gap alone, with the time of day,
 * with the last outage, with the last two, with the last four. */
static void
weigh(const struct ahead *a, int i, int j, int64_t t_s, int minute, double w[LIKES])
{
	const struct ahead_anchor *x = &a->anchor[i], *y = &a->anchor[j];
	double one = ahead_recency((double)(t_s - y->end_s));

	w[0] = one;
	one *= clock_like(minute, (y->minute + minute - x->minute + 2 * 10080) % 10080);
	w[1] = one;
	for (int back = 0; back < 4; back++) {
		if (back <= j && back <= i && one > LEAST)
			one *= like(x - back, y - back);
		else
			one *= back <= i ? UNLIKE : 1.0;
		if (back < 2)
			w[2 + back] = one;
		if (back <= j && back <= i && (x[-back].start || y[-back].start)) {
			/* what was before the link was there says nothing */
			if (back == 0)
				w[3] = one;
			break;
		}
	}
	w[4] = one;
}

struct after {
	double n[LIKES], came[LIKES][AHEAD_HORIZONS];
	double until_ln[AHEAD_CATS]; /* ln of the elapsed time, and of that with each horizon */
};

/* The share of gaps like this one that is over by then. */
static double
over_by(double until_ln, double next_ln, double scale)
{
	return 1.0 / (1.0 + exp((next_ln - until_ln) / scale));
}

/* Of this gap: what is beyond the elapsed time, and how that ends. False: nothing is. */
static bool
shares(const struct after *f, const struct ahead_anchor *y, double *left,
    double came[AHEAD_HORIZONS])
{
	const double next_ln = (double)y->next_ln, jitter = BLUR_S / (1.0 + (double)y->next_s);
	const double scale = LOGISTIC * sqrt(BLUR * BLUR + jitter * jitter);
	double before;

	if (y->cut) {
		*left = 1.0;
		memset(came, 0, AHEAD_HORIZONS * sizeof *came);
		return next_ln >= f->until_ln[AHEAD_HORIZONS];
	}
	if ((next_ln - f->until_ln[0]) / scale < -8.0)
		return false;
	before = over_by(f->until_ln[0], next_ln, scale);
	*left = 1.0 - before;
	for (int h = 0; h < AHEAD_HORIZONS; h++) {
		const double by = over_by(f->until_ln[h + 1], next_ln, scale);

		came[h] = by - before;
		before = by;
	}
	return true;
}

static void
by_likes(const struct ahead *a, const struct ahead_moment *m, struct after *f,
    double lengths[AHEAD_HORIZONS][AHEAD_BINS])
{
	const int i = m->anchors - 1;

	for (int h = 0; h < AHEAD_CATS; h++)
		f->until_ln[h] = log(fmax(m->elapsed_s, 1.0) +
		    (h > 0 ? (double)ahead_horizon_s[h - 1] : 0.0));
	for (int j = i > LOOK_BACK ? i - LOOK_BACK : 0; j < i; j++) {
		const struct ahead_anchor *y = &a->anchor[j];
		double left, came[AHEAD_HORIZONS], w[LIKES], sum = 0.0;

		if (y->next_s < 0 || !shares(f, y, &left, came))
			continue;
		weigh(a, i, j, m->t_s, m->minute, w);
		for (int k = 0; k < LIKES; k++) {
			f->n[k] += w[k] * left;
			for (int h = 0; h < AHEAD_HORIZONS; h++)
				f->came[k][h] += w[k] * came[h];
		}
		if (lengths == NULL || y->cut || y[1].open || y[1].censored)
			continue;
		for (int h = 0; h < AHEAD_HORIZONS; h++)
			lengths[h][ahead_bin(exp((double)y[1].length_ln))] +=
			    w[3] * (sum += came[h]);
	}
}

void
ahead_guess(const struct ahead *a, const struct ahead_moment *m,
    double p[AHEAD_EXPERTS][AHEAD_CATS], double lengths[AHEAD_HORIZONS][AHEAD_BINS])
{
	/* Nearly nothing, but not nothing: an hour without one is no proof. */
	static const double nothing[AHEAD_HORIZONS] = { 0.0005, 0.002, 0.005 };
	struct sum all = { 0 };
	struct after f;

	assert(m->anchors > 0 && m->anchors <= a->anchors);
	memset(&f, 0, sizeof f);
	add(&all, &a->all, 1.0);
	guess(&all, nothing, 10.0 * PRIOR_MOMENTS, p[ALL]);
	by_hour(a, m->minute, p[ALL], p[HOUR]);
	by_day(a, m, p[ALL], p);
	by_likes(a, m, &f, lengths);
	for (int k = 0; k < LIKES; k++) {
		struct sum s = { .n = f.n[k] };

		memcpy(s.came, f.came[k], sizeof s.came);
		guess(&s, k == 0 ? p[ALL] : p[DAY_ELAPSED], PRIOR_LIKE, p[GAPS + k]);
	}
}

/* --- lengths ---------------------------------------------------------------------------- */

int
ahead_bin(double seconds)
{
	const int bin = (int)(2.0 * log2(fmax(seconds, 1.0)) + 0.5);

	return bin < AHEAD_BINS ? bin : AHEAD_BINS - 1;
}

double
ahead_lengths(const struct ahead *a, int64_t now_s, double bins[AHEAD_BINS])
{
	double n = 0.0;

	memset(bins, 0, AHEAD_BINS * sizeof *bins);
	for (int j = 0; j < a->anchors; j++) {
		const struct ahead_anchor *y = &a->anchor[j];
		double w;

		if (y->start || y->open || y->censored)
			continue;
		w = ahead_recency((double)(now_s - y->end_s));
		bins[ahead_bin(exp((double)y->length_ln))] += w;
		n += w;
	}
	return n;
}

void
ahead_remaining(const struct ahead *a, int64_t now_s, double bins[AHEAD_BINS])
{
	static const double at[] = { 0.1, 0.3, 0.5, 0.7, 0.9 };
	/* Where no outage was ever as long: about as long again as it has been. */
	static const double again[] = { 0.15, 0.4, 1.0, 2.5, 8.0 };
	const int i = a->anchors - 1, points = (int)(sizeof at / sizeof at[0]);
	const struct ahead_anchor *x = &a->anchor[i];
	const double elapsed_s = fmax((double)(now_s - x->begin_s), 1.0);
	const double elapsed_ln = log(elapsed_s), scale = LOGISTIC * LENGTH_BLUR;

	assert(x->open);
	memset(bins, 0, AHEAD_BINS * sizeof *bins);
	for (int n = 0; n < points; n++)
		bins[ahead_bin(elapsed_s * again[n])] += 0.1;
	for (int j = i > LOOK_BACK ? i - LOOK_BACK : 0; j < i; j++) {
		const struct ahead_anchor *y = &a->anchor[j];
		double w[LIKES], over, one;

		if (y->start || y->censored || (double)y->length_ln < elapsed_ln - 8.0 * scale)
			continue;
		weigh(a, i, j, now_s, x->minute, w);
		over = over_by(elapsed_ln, (double)y->length_ln, scale);
		one = (0.05 * w[1] + 0.35 * w[2] + 0.6 * w[3]) * (1.0 - over) / points;
		for (int n = 0; one > 1e-7 && n < points; n++) {
			const double q = over + (1.0 - over) * at[n];
			const double s = exp((double)y->length_ln + scale * log(q / (1.0 - q)));

			bins[ahead_bin(s - elapsed_s)] += one;
		}
	}
}
