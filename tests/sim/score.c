/* SPDX-License-Identifier: ISC */
/* How near an estimate was to what came. */
#include "tests/sim/score.h"

#include <math.h>
#include <stdlib.h>

#define HORIZON_S 5.0
#define WARMUP_S 8.0
#define GOODPUT 0.965 /* of the capacity: headers take the rest */
#define DOWN_KBPS 128.0

static double
level(double kbps)
{
	return log2(fmax(kbps, 0.0) + 32.0);
}

double
score_truth(const struct ride *r, double t_s)
{
	return level(GOODPUT * ride_mean_kbps(r, t_s, t_s + HORIZON_S));
}

static bool
says_down(const struct tick *t)
{
	return t->offline || (t->kbps[1] >= 0.0 && t->kbps[1] < DOWN_KBPS);
}

static int
compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double
median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof *v, compare);
	return n == 0 ? 0.0 : v[n / 2];
}

static void
intervals(const struct ride *r, const struct ticks *t, struct figures *f)
{
	const double end_s = r->steps * RIDE_STEP_S - HORIZON_S;
	int n = 0;

	for (int i = 0; i < t->len; i++) {
		const struct tick *k = &t->at[i];
		double y, lo, mid, hi;

		if (k->t_s < WARMUP_S || k->t_s > end_s)
			continue;
		y = score_truth(r, k->t_s);
		lo = level(k->kbps[0]);
		mid = level(k->kbps[1]);
		hi = level(k->kbps[2]);
		f->error += fabs(mid - y);
		f->wis += (0.5 * fabs(mid - y) +
		    0.1 * (hi - lo + 10.0 * fmax(0.0, lo - y) + 10.0 * fmax(0.0, y - hi))) / 1.5;
		f->cover += y >= lo - 1e-9 && y <= hi + 1e-9;
		n++;
	}
	f->error /= n;
	f->wis /= n;
	f->cover /= n;
}

/* The first tick in [from, to] that says the link is down; below 0: there is none. */
static double
first_down(const struct ticks *t, double from_s, double to_s)
{
	for (int i = 0; i < t->len; i++)
		if (t->at[i].t_s >= from_s && t->at[i].t_s <= to_s && says_down(&t->at[i]))
			return t->at[i].t_s;
	return -1.0;
}

static double
recovery(const struct ride *r, const struct ticks *t, double end_s)
{
	for (int i = 0; i < t->len; i++) {
		const struct tick *k = &t->at[i];

		if (k->t_s >= end_s && fabs(level(k->kbps[1]) - score_truth(r, k->t_s)) <= 1.0)
			return fmin(k->t_s - end_s, 30.0);
	}
	return 30.0;
}

static void
outages(const struct ride *r, const struct ticks *t, struct figures *f)
{
	double detect[OUTAGES_MAX], recover[OUTAGES_MAX];
	int begin = -1;

	for (int i = 0; i < r->steps && f->outages < OUTAGES_MAX; i++) {
		const double begin_s = begin * RIDE_STEP_S, end_s = i * RIDE_STEP_S;

		if ((double)r->kbps[i] < 64.0) {
			begin = begin < 0 ? i : begin;
			continue;
		}
		if (begin >= 0 && end_s - begin_s >= 3.0 && begin_s > WARMUP_S) {
			const double at_s = first_down(t, begin_s, end_s + TICK_S);

			f->missed += at_s < 0.0;
			detect[f->outages] = (at_s < 0.0 ? end_s : at_s) - begin_s;
			recover[f->outages++] = recovery(r, t, end_s);
		}
		begin = -1;
	}
	f->detect_s = median(detect, f->outages);
	f->recover_s = median(recover, f->outages);
}

static void
false_claims(const struct ride *r, const struct ticks *t, struct figures *f)
{
	bool was = false;

	for (int i = 0; i < t->len; i++) {
		const struct tick *k = &t->at[i];
		const bool down = says_down(k);
		bool carried = k->t_s >= WARMUP_S;

		for (int j = 0; j < 20 && carried; j++)
			carried = ride_kbps(r, k->t_s - j * RIDE_STEP_S) > 256.0;
		f->falsely += down && !was && carried;
		was = down;
	}
}

struct figures
score(const struct ride *r, const struct ticks *t)
{
	struct figures f = { 0 };

	intervals(r, t, &f);
	outages(r, t, &f);
	false_claims(r, t, &f);
	return f;
}
