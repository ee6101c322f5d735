/* SPDX-License-Identifier: ISC */
/* The value table: its laws, and one step of value iteration. */
#include "estimator/plan_table.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define WANDER_SHARE 0.85f /* the table takes the next level as known, and it is not */
#define JUMP_HZ 0.06f
#define DWELL_S 8.0f
#define DWELL_GROWTH 1.5f
#define DWELL_MOST_S 120.0f
#define BACK_SPREAD 1.3f /* octaves */

const float plan_dwell_share[PLAN_DWELLS] = { 0.24f, 0.24f, 0.24f, 0.18f, 0.10f };
const float plan_back_share[PLAN_BACKS] = { 0.26f, 0.48f, 0.26f };

int
plan_level(const struct plan_shape *s, float log2_kbps)
{
	const float at = (log2_kbps - s->low) / s->step + 0.5f;

	return (int)num_clamp(at, 0.0f, (float)s->levels - 0.5f);
}

void
plan_dwell(float age_s, float out_s[PLAN_DWELLS])
{
	/* (1 - u)^-1.2 - 1 at u = .12 .35 .6 .82 .95 */
	static const float grown[PLAN_DWELLS] = { 0.1658275f, 0.6768737f, 2.0028036f,
		6.8281716f, 35.4112820f };
	const float scale = (DWELL_S + DWELL_GROWTH * age_s) / DWELL_GROWTH;

	for (int k = 0; k < PLAN_DWELLS; k++)
		out_s[k] = fminf(grown[k] * scale, DWELL_MOST_S);
}

void
plan_project(const struct plan_shape *s, const float mass[LEVELS], float out[PLAN_LEVELS])
{
	memset(out, 0, PLAN_LEVELS * sizeof out[0]);
	for (int i = 0; i < LEVELS; i++) {
		const float at = num_clamp((level_log2_kbps[i] - s->low) / s->step, 0.0f,
		    (float)(s->levels - 1));
		const int k = (int)at < s->levels - 1 ? (int)at : s->levels - 2;
		const float upper = mass[i] * (at - (float)k);

		out[k] += mass[i] - upper;
		out[k + 1] += upper;
	}
}

/* The normal distribution function, to two parts in ten thousand (Bowling et al., 2009). */
static float
normal(float z)
{
	const float x = num_clamp(z, -8.0f, 8.0f);

	return 1.0f / (1.0f + num_exp(-1.5976f * x - 0.07056f * x * x * x));
}

/* Chances of a step by k levels over one segment, all models of liveliness together. */
static void
steps(const struct plan_shape *s, const struct outlook *o, float out[PLAN_LEVELS])
{
	memset(out, 0, PLAN_LEVELS * sizeof out[0]);
	for (int m = 0; m < MODELS; m++) {
		const float sd = WANDER_SHARE * belief_wander[m] * sqrtf(s->segment_s) / s->step;
		float above = 0.5f;

		for (int k = 0; k < s->levels; k++) {
			const float beyond = 1.0f - normal(((float)k + 0.5f) / sd);

			out[k] += o->model[m] * (k == 0 ? 1.0f - 2.0f * beyond : above - beyond);
			above = beyond;
		}
	}
}

static void
moves(const struct plan_shape *s, const struct outlook *o, struct plan_laws *out)
{
	const float jump = 1.0f - num_exp(-JUMP_HZ * s->segment_s);
	const float die = 1.0f - num_exp(-o->death_hz * s->segment_s);
	float by[PLAN_LEVELS], to[PLAN_LEVELS];

	steps(s, o, by);
	plan_project(s, o->jump, to);
	for (int r = 0; r < s->levels; r++) {
		float sum = 0.0f, stay;

		for (int k = 0; k < s->levels; k++)
			sum += by[k > r ? k - r : r - k];
		stay = (1.0f - die) * (1.0f - jump) / sum;
		for (int k = 0; k < s->levels; k++)
			out->move[r][k] = stay * by[k > r ? k - r : r - k] +
			    (1.0f - die) * jump * to[k];
		out->move[r][s->levels] = die;
	}
}

void
plan_laws_now(const struct plan_shape *s, const struct outlook *o, struct plan_laws *out)
{
	out->wait_s = o->ttfb_s;
	out->age_s = o->age_s;
	for (int k = 0; k < PLAN_BACKS; k++)
		out->back[k] = num_clamp(o->back_log2_kbps + BACK_SPREAD * (float)(k - 1), s->low,
		    s->low + s->step * (float)(s->levels - 1));
}

void
plan_laws(const struct plan_shape *s, const struct outlook *o, struct plan_laws *out)
{
	plan_laws_now(s, o, out);
	moves(s, o, out);
}

/* --- One sweep ----------------------------------------------------------------------- */

/* out[i] += weight * row(b_i - by), by linear interpolation, level outside the row. */
static void
add_shifted(const struct plan_shape *s, const float *row, float by_s, float weight,
    float *out)
{
	const int last = s->cells - 1;
	const float at = num_clamp(-by_s / plan_cell_s(s), -1e4f, 1e4f), whole = floorf(at);
	const int by = (int)whole;
	const float upper = weight * (at - whole), lower = weight - upper;
	int i = 0, until = last - by < s->cells ? last - by : s->cells;

	for (; i < s->cells && i + by < 0; i++)
		out[i] += weight * row[0];
	for (; i + 4 <= until; i += 4)
		v4_store(out + i, v4_load(out + i) + lower * v4_load(row + i + by) +
		    upper * v4_load(row + i + by + 1));
	for (; i < until; i++)
		out[i] += lower * row[i + by] + upper * row[i + by + 1];
	for (; i < s->cells; i++)
		out[i] += weight * row[last];
}

static float
row_at(const struct plan_shape *s, const float *row, float b_s)
{
	const float at = num_clamp(b_s / plan_cell_s(s), 0.0f, (float)(s->cells - 1));
	const int k = (int)at < s->cells - 1 ? (int)at : s->cells - 2;

	return row[k] + (at - (float)k) * (row[k + 1] - row[k]);
}

/* A fetch that drains t_s, with a chance of `weight`, is then at v's row. */
static void
add_fetch(const struct plan_shape *s, const float *row, float t_s, float weight, float *out)
{
	const float cell = plan_cell_s(s), price = weight * s->stall;
	const float dry = weight * PLAN_DISCOUNT * row_at(s, row, s->gain_s);
	const float empty = num_clamp(t_s / cell, 0.0f, (float)s->cells);
	const int stalls = (int)ceilf(empty);
	float kept[PLAN_CELLS];

	/* from these on there is no stall */
	memset(kept, 0, sizeof kept);
	add_shifted(s, row, t_s - s->gain_s, weight * PLAN_DISCOUNT, kept);
	for (int i = 0; i < stalls && i < s->cells; i++)
		out[i] += dry - price * (t_s - cell * (float)i);
	for (int i = stalls; i < s->cells; i++)
		out[i] += kept[i];
}

static void
fetch_alive(const struct plan_shape *s, const struct plan_laws *l, const float *v, int q,
    int r, float per_kbit_s, float *out)
{
	const float *row = plan_row(s, v, q, r);

	for (int i = 0; i < s->cells; i++)
		out[i] = s->worth[q];
	for (int z = 0; z < PLAN_SIZES; z++)
		if (l->share[z] > 0.0f)
			add_fetch(s, row, l->wait_s - s->lead_s +
			    l->kbit[q] * l->factor[z] * per_kbit_s, l->share[z], out);
}

static void
fetch_dead(const struct plan_shape *s, const struct plan_laws *l, const float *v, int q,
    float *out)
{
	float dwell_s[PLAN_DWELLS];

	plan_dwell(0.0f, dwell_s);
	for (int i = 0; i < s->cells; i++)
		out[i] = s->worth[q];
	for (int k = 0; k < PLAN_BACKS; k++) {
		const float *row = plan_row(s, v, q, plan_level(s, l->back[k]));
		const float body_s = l->kbit[q] * num_exp2(-l->back[k]);

		for (int d = 0; d < PLAN_DWELLS; d++)
			add_fetch(s, row, dwell_s[d] + l->wait_s - s->lead_s + body_s,
			    plan_back_share[k] * plan_dwell_share[d], out);
	}
}

/* best(b - after) less the stall in that time; the better of it and f, half of it. */
static void
add_give_up(const struct plan_shape *s, const float *f, const float *best, float after_s,
    float *out)
{
	const float cell = plan_cell_s(s);
	float left[PLAN_CELLS];

	memset(left, 0, sizeof left);
	add_shifted(s, best, after_s, 1.0f, left);
	for (int i = 0; i < s->cells; i++) {
		const float dry_s = after_s - cell * (float)i;
		const float then = dry_s > 0.0f ? left[i] - s->stall * dry_s : left[i];

		out[i] += (1.0f / PLAN_GIVE_UPS) * fmaxf(f[i], then);
	}
}

/* All fetches at one level: each with its way out to a lower rung. */
static void
fetches(const struct plan_shape *s, const struct plan_laws *l, const float *v, int r,
    float *out)
{
	const int stride = (s->levels + 1) * s->cells;
	const float per_kbit_s = r < s->levels ? 1.0f / plan_level_kbps(s, r) : 0.0f;
	float best[PLAN_CELLS], f[PLAN_CELLS], less[PLAN_CELLS];

	for (int q = 0; q < s->rungs; q++) {
		float *g = out + q * stride + r * s->cells;
		const float t_s = l->wait_s + l->kbit[q] * per_kbit_s;

		if (r < s->levels)
			fetch_alive(s, l, v, q, r, per_kbit_s, f);
		else
			fetch_dead(s, l, v, q, f);
		for (int i = 0; i < s->cells && q > 0; i++)
			less[i] = best[i] - s->change * s->worth[q];
		memset(g, 0, (size_t)s->cells * sizeof g[0]);
		for (int k = 0; k < PLAN_GIVE_UPS; k++) {
			if (q > 0 && (r == s->levels || t_s > s->give_up_s[k]))
				add_give_up(s, f, less, s->give_up_s[k], g);
			else
				for (int i = 0; i < s->cells; i++)
					g[i] += (1.0f / PLAN_GIVE_UPS) * f[i];
		}
		for (int i = 0; i < s->cells; i++) {
			const float with = f[i] + s->change * s->worth[q];

			best[i] = q == 0 ? with : fmaxf(best[i], with);
		}
	}
}

/* ahead(r) = sum over r' of move(r, r') * fetch(r'), two rows and twelve cells at once. */
static void
expect(const struct plan_shape *s, const struct plan_laws *l, const float *fetch, int q,
    float *ahead)
{
	const float *from = fetch + q * (s->levels + 1) * s->cells;
	float *to = ahead + q * s->levels * s->cells;

	for (int r = 0; r < s->levels; r += 2) {
		const int r2 = r + 1 < s->levels ? r + 1 : r;

		for (int i = 0; i < s->cells; i += 12) {
			v4f a0 = v4_all(0.0f), a1 = a0, a2 = a0, b0 = a0, b1 = a0, b2 = a0;

			for (int k = 0; k <= s->levels; k++) {
				const float *x = from + k * s->cells + i;
				const v4f x0 = v4_load(x), x1 = v4_load(x + 4);
				const v4f x2 = v4_load(x + 8);
				const v4f m = v4_all(l->move[r][k]), n = v4_all(l->move[r2][k]);

				a0 += m * x0;
				a1 += m * x1;
				a2 += m * x2;
				b0 += n * x0;
				b1 += n * x1;
				b2 += n * x2;
			}
			v4_store(to + r * s->cells + i, a0);
			v4_store(to + r * s->cells + i + 4, a1);
			v4_store(to + r * s->cells + i + 8, a2);
			v4_store(to + r2 * s->cells + i, b0);
			v4_store(to + r2 * s->cells + i + 4, b1);
			v4_store(to + r2 * s->cells + i + 8, b2);
		}
	}
}

/*
 * v(p) = max over c of ahead(c) - change * |u_c - u_p|: what is best of those below, going
 * up, and of those above, coming down.
 */
static void
choose(const struct plan_shape *s, const float *ahead, float *v)
{
	const int size = s->levels * s->cells;

	memcpy(v, ahead, (size_t)(s->rungs * size) * sizeof v[0]);
	for (int q = 1; q < s->rungs; q++) {
		const v4f less = v4_all(s->change * (s->worth[q] - s->worth[q - 1]));
		float *here = v + q * size, *below = here - size;

		for (int i = 0; i < size; i += 4)
			v4_store(here + i, v4_max(v4_load(here + i), v4_load(below + i) - less));
	}
	for (int q = s->rungs - 2; q >= 0; q--) {
		const v4f less = v4_all(s->change * (s->worth[q + 1] - s->worth[q]));
		float *here = v + q * size, *above = here + size;

		for (int i = 0; i < size; i += 4)
			v4_store(here + i, v4_max(v4_load(here + i), v4_load(above + i) - less));
	}
}

/* Only differences matter: keep the numbers small. */
static void
settle(const struct plan_shape *s, float *v)
{
	const int size = s->rungs * s->levels * s->cells;
	const v4f fixed = v4_all(v[(s->levels / 2) * s->cells + s->cells / 2]);

	for (int i = 0; i < size; i += 4)
		v4_store(v + i, v4_load(v + i) - fixed);
}

void
plan_sweep(const struct plan_shape *s, const struct plan_laws *l, float *v,
    struct plan_work *w)
{
	for (int r = 0; r <= s->levels; r++)
		fetches(s, l, v, r, w->fetch);
	for (int q = 0; q < s->rungs; q++)
		expect(s, l, w->fetch, q, w->ahead);
	choose(s, w->ahead, v);
	settle(s, v);
}

struct plan_shape
plan_end(const struct plan_shape *s, const struct plan_laws *l, int left, struct plan_work *w)
{
	struct plan_shape coarse = *s;

	coarse.cells = PLAN_CELLS_COARSE;
	memset(w->ending, 0, (size_t)(s->rungs * s->levels * coarse.cells) * sizeof w->ending[0]);
	for (int k = 0; k < left; k++)
		plan_sweep(&coarse, l, w->ending, w);
	return coarse;
}

void
plan_solve(const struct plan_shape *s, const struct plan_laws *l, int sweeps, float *v,
    struct plan_work *w)
{
	struct plan_shape coarse = *s;
	const int rows = s->rungs * s->levels;
	const float scale = (float)(PLAN_CELLS_COARSE - 1) / (float)(s->cells - 1);

	coarse.cells = PLAN_CELLS_COARSE;
	memset(v, 0, (size_t)(rows * coarse.cells) * sizeof v[0]);
	for (int k = 0; k < sweeps; k++)
		plan_sweep(&coarse, l, v, w);
	memcpy(w->ahead, v, (size_t)(rows * coarse.cells) * sizeof v[0]);
	for (int row = 0; row < rows; row++) {
		for (int i = 0; i < s->cells; i++) {
			const float b_s = (float)i * scale * plan_cell_s(&coarse);

			v[row * s->cells + i] =
			    row_at(&coarse, w->ahead + row * coarse.cells, b_s);
		}
	}
}
