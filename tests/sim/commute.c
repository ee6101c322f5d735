/* SPDX-License-Identifier: ISC */
/*
 * The look ahead on simulated weeks, beside the frequency by hour of the week (climatology)
 * and the plain frequency, both from the same past.
 *
 *	commute                       TAP: each kind of week against its limits
 *	commute --table [SEED [N]]    the figures, of N seeds from SEED on
 *	commute --reliability [SEED [N]]  said and seen, by tenths
 */
#include "estimator/ahead.h"
#include "tests/sim/weeks.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EPOCH_S 1704067200 /* a Monday */
#define TENTHS 10
#define CHECK_SEED 4001 /* what the limits are checked on; the model was made on 1 to 6 */
#define CHECK_SEEDS 1
#define H AHEAD_HORIZONS
#define LENGTHS_LEAST 50.0 /* of a handful of outages there is nothing to say */
#define EACH 4 /* minutes from one look to the next */
#define LATEST 15 /* minutes that the longest horizon has */

struct score {
	double n, brier[H], usual[H], plain[H], rate[H];
	double said[H][TENTHS], seen[H][TENTHS], count[H][TENTHS];
	/* Lengths: |log2| of the median, and the share that p90 covers. */
	double lengths, off, plain_off, covered;
	double waits, wait_covered, wait_half;
};

/* The frequency by hour of the week; of moments whose next 15 minutes are over. */
struct climate {
	double n[168], came[168][H];
	double all, all_came[H];
	double t_s[LATEST], next_s[LATEST]; /* moments that wait for that, by their minute */
	bool waits[LATEST];
};

struct run {
	struct weeks weeks;
	struct ahead ahead;
	struct climate climate;
	struct score score;
	double length[WEEKS_EVENTS_MAX]; /* so far */
	int lengths;
};

static struct run run;

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* From t_s on: seconds to the next outage, 1e9: there is none in time, -1: nobody knows. */
static double
until_next(const struct weeks *w, int next, double t_s)
{
	if (next >= w->len)
		return -1.0;
	if (w->at[next].kind == WEEK_BEGINS)
		return w->at[next].t_s - t_s;
	return w->at[next].t_s - t_s >= 900.0 ? 1e9 : -1.0;
}

static double
usual_chance(const struct climate *c, int hour, int h)
{
	if (c->n[hour] >= 30.0)
		return c->came[hour][h] / c->n[hour];
	return c->all > 0.0 ? c->all_came[h] / c->all : 0.0;
}

static void
tell(struct run *r, double t_s, double next_s, const struct ahead_news *n)
{
	struct score *s = &r->score;
	const int hour = (int)(t_s / 3600.0) % 168;

	s->n += 1.0;
	for (int h = 0; h < H; h++) {
		const double came = next_s <= ahead_horizon_s[h] ? 1.0 : 0.0;
		const double p = n->chance[h];
		const double plain = r->climate.all_came[h] / r->climate.all;
		int tenth = (int)(p * TENTHS);

		tenth = tenth < TENTHS ? tenth : TENTHS - 1;
		s->brier[h] += (p - came) * (p - came);
		s->usual[h] += pow(usual_chance(&r->climate, hour, h) - came, 2.0);
		s->plain[h] += pow(plain - came, 2.0);
		s->rate[h] += came;
		s->said[h][tenth] += p;
		s->seen[h][tenth] += came;
		s->count[h][tenth] += 1.0;
	}
}

static void
see(struct climate *c, double t_s, double next_s)
{
	const int hour = (int)(t_s / 3600.0) % 168;

	if (next_s < 0.0)
		return;
	c->n[hour] += 1.0;
	c->all += 1.0;
	for (int h = 0; h < H; h++) {
		const double came = next_s <= ahead_horizon_s[h] ? 1.0 : 0.0;

		c->came[hour][h] += came;
		c->all_came[h] += came;
	}
}

/* Each minute: what was 15 minutes ago is known now, and this is known then. */
static void
wait_and_see(struct climate *c, double t_s, bool is, double next_s)
{
	const int at = (int)(t_s / 60.0) % LATEST;

	if (c->waits[at])
		see(c, c->t_s[at], c->next_s[at]);
	c->waits[at] = is;
	c->t_s[at] = t_s;
	c->next_s[at] = next_s;
}

/* An outage begins: what was said of its length a moment before, and how long it may last. */
static void
tell_length(struct run *r, double begin_s, double length_s, const struct ahead_news *before)
{
	struct score *s = &r->score;

	if (before->known && before->length[0].known && r->lengths > 10) {
		qsort(r->length, (size_t)r->lengths, sizeof r->length[0], compare);
		s->lengths += 1.0;
		s->off += fabs(log2(before->length[0].p50_s / length_s));
		s->plain_off += fabs(log2(r->length[r->lengths / 2] / length_s));
		s->covered += length_s <= before->length[0].p90_s;
	}
	r->length[r->lengths++] = length_s;
	for (double wait_s = 4.0; wait_s < length_s && wait_s < 100.0; wait_s *= 4.0) {
		struct ahead_news n;

		ahead_read(&r->ahead, EPOCH_S + (int64_t)(begin_s + wait_s), &n);
		if (!n.known || !n.remaining.known)
			continue;
		s->waits += 1.0;
		s->wait_covered += length_s - wait_s <= n.remaining.p90_s;
		s->wait_half += length_s - wait_s <= n.remaining.p50_s;
	}
}

static void
feed(struct run *r, const struct week_event *e, double length_s,
    const struct ahead_news *before)
{
	const int64_t t_s = EPOCH_S + (int64_t)e->t_s;

	switch (e->kind) {
	case WEEK_UP:
		ahead_up(&r->ahead, t_s);
		break;
	case WEEK_DOWN:
		ahead_left(&r->ahead, t_s);
		break;
	case WEEK_BEGINS:
		ahead_outage_begins(&r->ahead, t_s);
		tell_length(r, e->t_s, length_s, before);
		break;
	case WEEK_ENDS:
		ahead_outage_ends(&r->ahead, t_s);
		break;
	}
}

/* Minute by minute: say what comes, then see what came. */
static void
live(struct run *r, const struct weeks_plan *plan, uint64_t seed)
{
	struct weeks *w = &r->weeks;
	struct ahead_news n = { 0 };
	bool up = false, out = false;
	int next = 0;

	weeks_make(w, plan, seed);
	ahead_init(&r->ahead);
	memset(&r->climate, 0, sizeof r->climate);
	r->lengths = 0;
	for (double t_s = 60.0; next < w->len; t_s += 60.0) {
		double next_s;

		for (; next < w->len && w->at[next].t_s <= t_s; next++) {
			const struct week_event *e = &w->at[next];

			if (e->kind == WEEK_BEGINS && n.known)
				ahead_read(&r->ahead, EPOCH_S + (int64_t)e->t_s, &n);
			feed(r, e, e->kind == WEEK_BEGINS ? w->at[next + 1].t_s - e->t_s : 0.0, &n);
			up = e->kind != WEEK_DOWN;
			out = e->kind == WEEK_BEGINS;
		}
		while (ahead_walk(&r->ahead, EPOCH_S + (int64_t)t_s, 100))
			;
		next_s = up && !out ? until_next(w, next, t_s) : -1.0;
		wait_and_see(&r->climate, t_s, up && !out, next_s);
		if (next_s < 0.0 || (int)(t_s / 60.0) % EACH != 0)
			continue;
		ahead_read(&r->ahead, EPOCH_S + (int64_t)t_s, &n);
		if (n.known)
			tell(r, t_s, next_s, &n);
	}
}

static const struct limits {
	struct weeks_plan plan;
	double skill[H]; /* against the hour of the week, at least */
	double plain[H]; /* against the plain frequency, at least */
	double unreliable; /* what is said is off from what is seen by so much, at the most */
} kinds[] = {
	{ { "one route, always on", .routes = 1, .jitter_min = 15.0, .a_day = 0.3 },
	    { 0.20, 0.30, 0.25 }, { 0.20, 0.40, 0.40 }, 0.025 },
	{ { "three routes, always on", .routes = 3, .jitter_min = 15.0, .a_day = 0.3 },
	    { 0.12, 0.25, 0.25 }, { 0.12, 0.30, 0.35 }, 0.025 },
	{ { "three routes, on the way only", .routes = 3, .jitter_min = 15.0, .a_day = 2.0,
	      .only_on_the_way = true }, { 0.12, 0.15, 0.05 }, { 0.12, 0.12, -0.10 }, 0.14 },
	{ { "two routes, the day moves", .routes = 2, .jitter_min = 15.0, .a_day = 0.3,
	      .moves = true }, { 0.12, 0.25, 0.25 }, { 0.12, 0.25, 0.25 }, 0.025 },
	{ { "evenings", .a_day = 6.0, .by_hour = 8.0 }, { -0.02, -0.02, -0.02 },
	    { 0.0, 0.02, 0.06 }, 0.04 },
	{ { "bursts at any time", .a_day = 6.0, .in_bursts = 5.0 }, { 0.03, 0.10, 0.10 },
	    { 0.03, 0.08, 0.08 }, 0.025 },
	{ { "no pattern", .a_day = 8.0 }, { -0.02, -0.02, -0.02 }, { -0.02, -0.02, -0.035 }, 0.04 },
	{ { "no pattern, rare", .a_day = 0.3 }, { -0.02, -0.02, -0.02 },
	    { -0.02, -0.02, -0.02 }, 0.025 },
};

#define KINDS (sizeof kinds / sizeof kinds[0])

static void
live_all(const struct weeks_plan *plan, uint64_t seed, int seeds)
{
	memset(&run.score, 0, sizeof run.score);
	for (int i = 0; i < seeds; i++)
		live(&run, plan, seed + (uint64_t)i);
}

static double
skill(double ours, double theirs)
{
	return theirs > 0.0 ? 1.0 - ours / theirs : 0.0;
}

/* Mean distance of what was said and what was seen, weighted by how often it was said. */
static double
unreliability(const struct score *s, int h)
{
	double sum = 0.0;

	for (int i = 0; i < TENTHS; i++)
		sum += fabs(s->said[h][i] - s->seen[h][i]);
	return sum / s->n;
}

static void
print_row(const char *name, const struct score *s)
{
	printf("| %-29s |", name);
	for (int h = 0; h < H; h++)
		printf(" %5.1f %% | %5.2f | %5.2f |", 100.0 * s->rate[h] / s->n,
		    skill(s->brier[h], s->usual[h]), skill(s->brier[h], s->plain[h]));
	printf(" %.3f %.3f %.3f |", unreliability(s, 0), unreliability(s, 1),
	    unreliability(s, 2));
	if (s->lengths < LENGTHS_LEAST) {
		printf(" | | |\n");
		return;
	}
	printf(" %.2f (%.2f) | %2.0f %% | %2.0f, %2.0f %% |\n", s->off / s->lengths,
	    s->plain_off / s->lengths, 100.0 * s->covered / s->lengths,
	    100.0 * s->wait_half / s->waits, 100.0 * s->wait_covered / s->waits);
}

static void
print_reliability(const char *name, const struct score *s)
{
	for (int h = 0; h < H; h++)
		for (int i = 0; i < TENTHS; i++)
			if (s->count[h][i] >= 20.0)
				printf("%-30s %3d s: said %.3f seen %.3f (%.0f)\n", name,
				    ahead_horizon_s[h], s->said[h][i] / s->count[h][i],
				    s->seen[h][i] / s->count[h][i], s->count[h][i]);
}

static bool
within(const struct limits *k, const struct score *s)
{
	bool ok = s->n > 0.0;

	for (int h = 0; h < H; h++)
		ok = ok && skill(s->brier[h], s->usual[h]) >= k->skill[h] &&
		    skill(s->brier[h], s->plain[h]) >= k->plain[h] &&
		    unreliability(s, h) <= k->unreliable;
	if (s->lengths < LENGTHS_LEAST)
		return ok;
	return ok && s->covered >= 0.75 * s->lengths && s->off <= 1.1 * s->plain_off &&
	    s->wait_covered >= 0.75 * s->waits;
}

static void
print_tap(int n, const struct limits *k, const struct score *s)
{
	const bool ok = within(k, s);

	printf("%s %d - %s: within its limits\n", ok ? "ok" : "not ok", n, k->plan.name);
	if (ok)
		return;
	for (int h = 0; h < H; h++)
		printf("# %d s: skill %.3f (%.2f), over plain %.3f (%.2f), unreliable %.4f\n",
		    ahead_horizon_s[h], skill(s->brier[h], s->usual[h]), k->skill[h],
		    skill(s->brier[h], s->plain[h]), k->plain[h], unreliability(s, h));
	printf("# lengths %.2f (plain %.2f), covered %.2f; remaining covered %.2f\n",
	    s->off / s->lengths, s->plain_off / s->lengths, s->covered / s->lengths,
	    s->wait_covered / s->waits);
}

int
main(int argc, char **argv)
{
	const bool table = argc > 1 && strcmp(argv[1], "--table") == 0;
	const bool tenths = argc > 1 && strcmp(argv[1], "--reliability") == 0;
	const uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : CHECK_SEED;
	const int seeds = argc > 3 ? atoi(argv[3]) : CHECK_SEEDS;

	assert(seeds > 0);
	if (table)
		printf("| weeks of | 1 min | skill | over plain | 5 min | skill | over plain "
		       "| 15 min | skill | over plain | unreliable | length off (plain), octaves | p90 holds "
		       "| remaining: p50, p90 hold |\n"
		       "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
	else if (!tenths)
		printf("1..%zu\n", KINDS);
	for (size_t i = 0; i < KINDS; i++) {
		live_all(&kinds[i].plan, seed, seeds);
		if (table)
			print_row(kinds[i].plan.name, &run.score);
		else if (tenths)
			print_reliability(kinds[i].plan.name, &run.score);
		else
			print_tap((int)i + 1, &kinds[i], &run.score);
	}
	return 0;
}
