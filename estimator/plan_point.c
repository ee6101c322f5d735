/* SPDX-License-Identifier: ISC */
/* The value table read at one point. */
#include "estimator/plan_point.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define MASS_LEAST 1e-5f /* what is less likely decides nothing */
#define NEVER (-1e30f)
#define LEAVE_FOR 12 /* rungs to leave for that are looked at, before their neighbours */

/* What a fetch of rung q that takes t_s is worth, but for q's own worth. */
static float
ends(const struct plan_point *x, int q, int level, float b_s, float t_s)
{
	const struct plan_shape *s = x->shape;
	const float *row = plan_row(s, x->v, q, level);
	const float drain_s = t_s - s->lead_s;
	const float dry_s = drain_s > b_s ? drain_s - b_s : 0.0f;
	const float then_s = fmaxf(0.0f, b_s - drain_s) + s->gain_s;
	const float at = num_clamp(then_s / plan_cell_s(s), 0.0f, (float)(s->cells - 1));
	const int k = (int)at < s->cells - 1 ? (int)at : s->cells - 2;
	const float v = row[k] + (at - (float)k) * (row[k + 1] - row[k]);

	return PLAN_DISCOUNT * v - s->stall * dry_s;
}

/* A size that is known, or one that a segment of the rung may have. */
struct fetch {
	int rung;
	float kbit;
	float wait_s;
	bool known;
};

static float
at_level(const struct plan_point *x, const struct fetch *f, int r, float b_s)
{
	const float per_kbit_s = 1.0f / plan_level_kbps(x->shape, r);
	float sum = x->shape->worth[f->rung];

	if (f->known)
		return sum + ends(x, f->rung, r, b_s, f->wait_s + f->kbit * per_kbit_s);
	for (int z = 0; z < PLAN_SIZES; z++)
		if (x->laws->share[z] > 0.0f)
			sum += x->laws->share[z] * ends(x, f->rung, r, b_s,
			    f->wait_s + f->kbit * x->laws->factor[z] * per_kbit_s);
	return sum;
}

static float
when_dead(const struct plan_point *x, const struct fetch *f, float b_s)
{
	float dwell_s[PLAN_DWELLS], sum = x->shape->worth[f->rung];

	plan_dwell(x->laws->age_s, dwell_s);
	for (int k = 0; k < PLAN_BACKS; k++) {
		const int level = plan_level(x->shape, x->laws->back[k]);
		const float body_s = f->kbit * num_exp2(-x->laws->back[k]);

		for (int d = 0; d < PLAN_DWELLS; d++)
			sum += plan_back_share[k] * plan_dwell_share[d] * ends(x, f->rung, level,
			    b_s, dwell_s[d] + f->wait_s + body_s);
	}
	return sum;
}

/* r: a level, or the number of levels for a dead link. */
static float
worth(const struct plan_point *x, const struct fetch *f, int r, float b_s)
{
	return r < x->shape->levels ? at_level(x, f, r, b_s) : when_dead(x, f, b_s);
}

static float
chance(const struct plan_point *x, int r)
{
	return r < x->shape->levels ? x->live[r] : x->dead;
}

/* What a switch from what plays to rung q costs. */
static float
switching(const struct plan_point *x, int q)
{
	return x->playing ? x->shape->change * fabsf(x->shape->worth[q] - x->playing_worth)
	                  : 0.0f;
}

/*
 * score[q] += weight * what q is worth at level r, with its ways out. What is given up was
 * never shown, so that it costs no switch.
 */
static void
add_level(const struct plan_point *x, int r, float weight, float score[PLAN_RUNGS_TABLE])
{
	const struct plan_shape *s = x->shape;
	const bool dead = r == s->levels;
	const float per_kbit_s = dead ? 0.0f : 1.0f / plan_level_kbps(s, r);
	float best[PLAN_GIVE_UPS] = { NEVER, NEVER };

	for (int q = 0; q < s->rungs; q++) {
		const struct fetch f = { .rung = q, .kbit = x->laws->kbit[q],
			.wait_s = x->laws->wait_s };
		const float t_s = f.wait_s + f.kbit * per_kbit_s, cost = switching(x, q);
		const float straight = worth(x, &f, r, x->buffer_s) - cost;
		float sum = 0.0f;

		for (int k = 0; k < PLAN_GIVE_UPS; k++) {
			const float after_s = s->give_up_s[k];
			const float dry_s = fmaxf(0.0f, after_s - x->buffer_s);
			const float left_s = fmaxf(0.0f, x->buffer_s - after_s);
			const bool may = dead || t_s > after_s;

			sum += may ? fmaxf(straight, best[k] - s->stall * dry_s) : straight;
			if (q + 1 < s->rungs)
				best[k] = fmaxf(best[k], worth(x, &f, r, left_s) - cost);
		}
		score[q] += weight * sum / PLAN_GIVE_UPS;
	}
}

int
plan_point_best(const struct plan_point *x)
{
	const struct plan_shape *s = x->shape;
	float score[PLAN_RUNGS_TABLE];
	int best = 0;

	memset(score, 0, sizeof score);
	for (int r = 0; r <= s->levels; r++)
		if (chance(x, r) > MASS_LEAST)
			add_level(x, r, chance(x, r), score);
	for (int q = 1; q < s->rungs; q++)
		best = score[q] > score[best] ? q : best;
	return best;
}

/* The rung as a fetch of this very segment, on a new request. */
static struct fetch
instead(const struct plan_point *x, const struct plan_rest *f, int c)
{
	return (struct fetch){ .rung = c, .known = true, .wait_s = x->laws->wait_s,
		.kbit = f->total_kbit * x->shape->kbps[c] / f->kbps };
}

/* Neighbours on a long ladder are much alike: every n-th is enough to begin with. */
static int
stride(const struct plan_rest *f)
{
	return (f->rung + LEAVE_FOR - 1) / LEAVE_FOR;
}

/* Going on at level r: to the end, or for a while and then another rung. */
static float
keeping(const struct plan_point *x, const struct plan_rest *f, int r)
{
	const struct plan_shape *s = x->shape;
	const float after_s = s->give_up_s[0];
	const float kbps = r < s->levels ? plan_level_kbps(s, r) : 0.0f;
	const struct fetch rest = { .rung = f->rung, .kbit = f->kbit, .known = true,
		.wait_s = f->begun ? 0.0f : x->laws->wait_s };
	const float then_kbit = f->kbit - kbps * after_s;
	const float dry_s = fmaxf(0.0f, after_s - x->buffer_s);
	const float left_s = fmaxf(0.0f, x->buffer_s - after_s);
	float best = worth(x, &rest, r, x->buffer_s) - switching(x, f->rung);

	for (int c = 0; c < f->rung && then_kbit > 0.0f; c += stride(f)) {
		const struct fetch other = instead(x, f, c);

		if (other.kbit < then_kbit)
			best = fmaxf(best, worth(x, &other, r, left_s) - s->stall * dry_s -
			    switching(x, c));
	}
	return best;
}

/* What leaving for c is worth; NEVER where it would have more to fetch than is missing. */
static float
leaving(const struct plan_point *x, const struct plan_rest *f, int c)
{
	const struct plan_shape *s = x->shape;
	const struct fetch other = instead(x, f, c);
	float sum = -switching(x, c);

	if (other.kbit >= f->kbit)
		return NEVER;
	for (int r = 0; r <= s->levels; r++)
		if (chance(x, r) > MASS_LEAST)
			sum += chance(x, r) * worth(x, &other, r, x->buffer_s);
	return sum;
}

int
plan_point_leave(const struct plan_point *x, const struct plan_rest *f, float gain_least)
{
	const struct plan_shape *s = x->shape;
	const int step = stride(f);
	float keep = gain_least, most = NEVER;
	int best = -1, from, to;

	for (int r = 0; r <= s->levels; r++)
		if (chance(x, r) > MASS_LEAST)
			keep += chance(x, r) * keeping(x, f, r);
	for (int c = 0; c < f->rung; c += step) {
		const float gain = leaving(x, f, c);

		if (gain > most) {
			most = gain;
			best = c;
		}
	}
	if (best < 0 || most <= keep)
		return -1;
	from = best - step + 1 > 0 ? best - step + 1 : 0;
	to = best + step < f->rung ? best + step : f->rung;
	for (int c = from; c < to; c++) {
		const float gain = leaving(x, f, c);

		if (gain > most) {
			most = gain;
			best = c;
		}
	}
	return best;
}
