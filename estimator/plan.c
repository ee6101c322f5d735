/* SPDX-License-Identifier: ISC */
/* From a question to the table, and from the table to an answer. */
#include "estimator/plan.h"

#include "estimator/plan_point.h"
#include "estimator/plan_shape.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define PPM 1000000
#define SOLVE_SWEEPS 3
#define ENDING 6 /* segments from which on the end is worked out */
#define SIZE_OCTAVES 0.4125f /* segments of a rung spread by 0.2 in ln */

/* Giving up costs what has come, and two switches: for much gain only. */
#define LEAVE_GAIN 0.4f /* of the worth of the top */
#define LEAVE_BODY_US 300000
#define LEAVE_SILENT_US 1000000

static const char *const reasons[] = {
	[PLAN_STARTUP] = "startup",
	[PLAN_STEADY] = "steady",
	[PLAN_UP] = "up",
	[PLAN_DOWN] = "down",
	[PLAN_RECOVER] = "recover",
	[PLAN_OUTAGE] = "outage",
	[PLAN_ABANDON] = "abandon",
	[PLAN_CAPPED] = "capped",
	[PLAN_NO_ESTIMATE] = "no_estimate",
};
_Static_assert(sizeof(reasons) / sizeof(reasons[0]) == PLAN_REASONS, "a word for each reason");

const char *
plan_reason_name(enum plan_reason r)
{
	assert((size_t)r < PLAN_REASONS);
	return reasons[r];
}

void
plan_init(struct plan *p)
{
	/* not the table, of which no page is touched before it is made */
	p->made = p->known = false;
	p->left_for_kbps = p->ratio = p->ratio_count = 0.0f;
	memset(p->size, 0, sizeof p->size);
}

/* --- Decisions --------------------------------------------------------------------------- */

static void
set_sizes(const struct plan *p, const struct plan_question *q, struct plan_laws *l)
{
	static const float share[PLAN_SIZES] = { 0.26f, 0.48f, 0.26f };

	for (int i = 0; i < p->shape.rungs; i++)
		l->kbit[i] = plan_size_kbit(p, p->shape.kbps[i], q->segment_us);
	for (int z = 0; z < PLAN_SIZES; z++) {
		l->share[z] = share[z];
		l->factor[z] = num_exp2(SIZE_OCTAVES * (float)(z - 1));
	}
}

static void
set_point(const struct plan_question *q, const struct plan_shape *s, struct plan_point *x)
{
	const struct outlook *o = q->outlook;
	int64_t buffer_us = q->buffer_us;

	if (buffer_us < 0)
		buffer_us = q->current < 0 ? 0 : 2 * q->segment_us;
	x->shape = s;
	plan_project(s, o->live, x->live);
	for (int r = 0; r < s->levels; r++)
		x->live[r] *= 1.0f - o->dead;
	x->dead = o->dead;
	x->buffer_s = plan_clock_s(q, buffer_us);
	x->playing = q->current >= 0;
	if (x->playing)
		x->playing_worth = plan_worth(q, s, (float)q->rung[q->current].avg_kbps);
}

/* Would the link carry the next rung, had the cap allowed it? */
static bool
is_capped(const struct plan_question *q, int rung)
{
	size_t next = (size_t)rung + 1;
	float high, above = 0.0f;

	while (next < q->rungs && q->rung[next].barred)
		next++;
	if (next == q->rungs || plan_allowed(q, next))
		return false;
	high = num_log2((float)q->rung[next].avg_kbps);
	for (int i = 0; i < LEVELS; i++)
		above += level_log2_kbps[i] > high ? q->outlook->live[i] : 0.0f;
	return above > 0.5f;
}

static enum plan_reason
reason_for(const struct plan_question *q, const struct plan_answer *out)
{
	if (q->outlook->offline || q->outlook->dead > 0.5f)
		return PLAN_OUTAGE;
	if (is_capped(q, out->rung))
		return PLAN_CAPPED;
	if (q->current < 0)
		return PLAN_STARTUP;
	if (out->rung > q->current)
		return PLAN_UP;
	if (out->rung == q->current)
		return PLAN_STEADY;
	if (q->buffer_us >= 0 && q->buffer_us < q->segment_us / 2)
		return PLAN_RECOVER;
	return PLAN_DOWN;
}

static int64_t
wait_us(const struct plan_question *q)
{
	const int64_t over_us = q->buffer_us + q->segment_us - q->max_buffer_us;

	if (q->max_buffer_us < 0 || q->buffer_us <= 0 || over_us <= 0)
		return 0;
	if (over_us > q->buffer_us) /* the cap is under a segment: until it is empty */
		return (int64_t)((double)q->buffer_us * PPM / (double)q->rate_ppm);
	return (int64_t)((double)over_us * PPM / (double)q->rate_ppm);
}

static void
check(const struct plan_question *q)
{
	assert(q->rungs >= 1 && q->rungs <= PLAN_RUNGS_MAX);
	assert(q->segment_us > 0 && q->rate_ppm > 0);
	assert(q->current < (int)q->rungs && q->inflight.rung < (int)q->rungs);
}

/* What was given up for a rung is that rung's; or the best of the table. */
static int
pick(struct plan *p, const struct plan_point *x, const struct plan_question *q)
{
	const float left_for = p->left_for_kbps;

	p->left_for_kbps = 0.0f;
	if (q->given_up && left_for > 0.0f)
		for (int i = 0; i < p->shape.rungs; i++)
			if (p->shape.kbps[i] == left_for)
				return i;
	return q->outlook->known ? plan_point_best(x) : 0;
}

void
plan_choose(struct plan *p, struct plan_work *w, const struct plan_question *q,
    struct plan_answer *out)
{
	struct plan_shape shape;
	struct plan_laws laws;
	struct plan_point x = { .laws = &laws, .v = p->v };
	int of[PLAN_RUNGS_TABLE];

	check(q);
	plan_shape_of(q, &shape, of);
	plan_laws(&shape, q->outlook, &laws);
	if (!p->made || p->known != q->outlook->known ||
	    memcmp(&shape, &p->shape, sizeof shape) != 0) {
		p->shape = shape;
		p->known = q->outlook->known;
		set_sizes(p, q, &laws);
		plan_solve(&shape, &laws, SOLVE_SWEEPS, p->v, w);
		p->made = true;
	} else {
		set_sizes(p, q, &laws);
	}
	set_point(q, &p->shape, &x);
	if (q->segments_left > 0 && q->segments_left <= ENDING) {
		shape = plan_end(&p->shape, &laws, (int)q->segments_left - 1, w);
		x.shape = &shape;
		x.v = w->ending;
	} else {
		plan_sweep(&p->shape, &laws, p->v, w);
	}
	out->rung = of[pick(p, &x, q)];
	out->reason = q->outlook->known ? reason_for(q, out) : PLAN_NO_ESTIMATE;
	out->wait_us = wait_us(q);
	out->abandon = false;
	out->abandon_to = -1;
	assert(out->rung >= 0 && out->rung < (int)q->rungs);
}

/* The first of the table's rungs that is no lower; the top for what the cap forbids by now. */
static int
nearest(const struct plan_shape *s, const int of[PLAN_RUNGS_TABLE], int rung)
{
	int i = 0;

	while (i + 1 < s->rungs && of[i] < rung)
		i++;
	return i;
}

static bool
may_leave(const struct plan_question *q)
{
	const struct plan_inflight *f = &q->inflight;

	if (!f->there || f->rung <= 0 || !q->outlook->known || q->buffer_us < 0)
		return false;
	if (f->ttfb_us < 0)
		return f->elapsed_us >= LEAVE_SILENT_US;
	return f->elapsed_us - f->ttfb_us >= LEAVE_BODY_US;
}

void
plan_keep(struct plan *p, const struct plan_question *q, struct plan_answer *out)
{
	const struct plan_inflight *f = &q->inflight;
	struct plan_laws laws;
	struct plan_point x = { .laws = &laws, .v = p->v };
	struct plan_shape shape;
	struct plan_rest rest = { .begun = f->ttfb_us >= 0 };
	int of[PLAN_RUNGS_TABLE], to;

	check(q);
	out->abandon = false;
	out->abandon_to = -1;
	if (!may_leave(q))
		return;
	plan_shape_of(q, &shape, of);
	if (!p->made || memcmp(&shape, &p->shape, sizeof shape) != 0)
		return;
	rest.rung = nearest(&shape, of, f->rung);
	if (rest.rung <= 0)
		return;
	rest.kbps = (float)q->rung[f->rung].avg_kbps;
	rest.total_kbit = f->total_bytes >= 0 ? (float)f->total_bytes * 8e-3f
	    : plan_size_kbit(p, rest.kbps, q->segment_us);
	rest.kbit = fmaxf(0.0f, rest.total_kbit - (float)f->bytes * 8e-3f);
	plan_laws_now(&shape, q->outlook, &laws);
	set_sizes(p, q, &laws);
	set_point(q, &p->shape, &x);
	to = plan_point_leave(&x, &rest, LEAVE_GAIN * shape.kbps[shape.rungs - 1] * 1e-3f);
	if (to < 0)
		return;
	out->abandon = true;
	out->abandon_to = of[to];
	p->left_for_kbps = shape.kbps[to];
}

void
plan_decide(struct plan *p, struct plan_work *w, const struct plan_question *q,
    struct plan_answer *out)
{
	plan_choose(p, w, q, out);
	plan_tell(p, q, out);
	plan_keep(p, q, out);
	if (!out->abandon)
		return;
	out->rung = out->abandon_to;
	out->reason = PLAN_ABANDON;
	out->wait_us = 0;
}
