/* SPDX-License-Identifier: ISC */
/*
 * What a decision costs: p50, p99 and the worst of a few thousand, for ladders of several
 * sizes, on a link that moves; the first of a stream apart. Prints a table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "estimator/plan.h"
#include "tests/estimator/made_outlook.h"

#define RUNS 3000

static struct plan plan;
static struct plan_work work;
static struct plan_answer answer;
static struct plan_rung rung[PLAN_RUNGS_MAX];
static struct outlook outlook;
static double took_us[RUNS];

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static int
by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

enum what { FIRST, DECIDE, TELL, KEEP };

static void
measure(enum what what, int rungs)
{
	static const char *const names[] = { "first decision", "decision", "whole answer",
		"keep or leave" };
	struct plan_question q = { .rung = rung, .rungs = (size_t)rungs, .outlook = &outlook,
		.max_buffer_us = 25000000, .segment_us = 3000000, .rate_ppm = 1000000,
		.segments_left = -1, .cap_kbps = -1, .cap_height = -1,
		.weights = { -1.0f, -1.0f, -1.0f } };
	float kbps = 4000;

	srand(1);
	plan_init(&plan);
	for (int i = 0; i < rungs; i++)
		rung[i] = (struct plan_rung){ .avg_kbps = 300 + 20000 * i / rungs };
	for (int i = 0; i < RUNS; i++) {
		double begin_us;

		kbps *= rand() % 2 ? 1.1f : 1 / 1.1f;
		made_outlook(&outlook, kbps, 0.5f, 0.02f);
		q.current = rand() % rungs;
		q.buffer_us = rand() % 22000000;
		q.inflight = (struct plan_inflight){ .there = true, .rung = rungs - 1,
			.bytes = 100000, .total_bytes = 4000000, .elapsed_us = 1000000,
			.ttfb_us = 60000 };
		if (what == FIRST)
			plan_init(&plan);
		begin_us = now_us();
		if (what == KEEP)
			plan_keep(&plan, &q, &answer);
		else if (what == TELL)
			plan_decide(&plan, &work, &q, &answer);
		else
			plan_choose(&plan, &work, &q, &answer);
		took_us[i] = now_us() - begin_us;
		if (i == 0 && what == KEEP)
			plan_choose(&plan, &work, &q, &answer);
	}
	qsort(took_us, RUNS, sizeof(took_us[0]), by_size);
	printf("%-16s %3d rungs: p50 %7.1f us, p99 %7.1f us, most %7.1f us\n", names[what], rungs,
	    took_us[RUNS / 2], took_us[RUNS * 99 / 100], took_us[RUNS - 1]);
}

int
main(void)
{
	static const int rungs[] = { 6, 10, 12, 24, 64 };

	for (int what = FIRST; what <= KEEP; what++)
		for (size_t i = 0; i < sizeof(rungs) / sizeof(rungs[0]); i++)
			measure((enum what)what, rungs[i]);
	printf("a stream's plan: %zu bytes, room to work in: %zu bytes\n", sizeof(plan),
	    sizeof(work));
	return 0;
}
