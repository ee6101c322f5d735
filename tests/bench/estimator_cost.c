/* SPDX-License-Identifier: ISC */
/*
 * What the estimator costs: nanoseconds for a sample, a tick and a forecast, and the bytes
 * of a link. Run by hand, on an idle machine: tests/bench/estimator_cost
 */
#include "estimator/estimator.h"

#include <stdio.h>
#include <time.h>

#define ROUNDS 200000

static struct est est;
static int64_t now_us;

static double
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Slices of 500 ms of one transfer after the other, at 8 Mbit/s. */
static void
sample(int i)
{
	const int64_t slice = i % 10 + 1;
	const struct est_sample s = {
		.ended_us = now_us += 500137,
		.request = (uint64_t)(i / 10) + 1,
		.in_progress = slice < 10,
		.bytes = slice * 450000 + i % 7 * 1000,
		.duration_us = slice * 500137,
		.ttfb_us = 50000,
		.rtt_us = -1,
	};

	est_add(&est, now_us, &s);
}

static void
sample_and_forecast(int i)
{
	struct est_snapshot out;

	sample(i);
	est_read(&est, now_us, EST_HORIZON_US, &out);
}

static void
tick(int i)
{
	(void)i;
	now_us += 250000;
	est_tick(&est, now_us);
}

static void
forecast(int i)
{
	struct est_snapshot out;

	est_read(&est, now_us, EST_HORIZON_US + i % 2, &out);
}

static void
measure(const char *what, void (*step)(int i))
{
	const double begin = now_ns();

	for (int i = 0; i < ROUNDS; i++)
		step(i);
	printf("%-22s %8.0f ns\n", what, (now_ns() - begin) / ROUNDS);
}

int
main(void)
{
	est_init(&est, EST_LINK_OTHER, 0);
	printf("%-22s %8zu bytes\n", "a link", sizeof est);
	measure("est_add", sample);
	measure("est_add and est_read", sample_and_forecast);
	measure("est_read, nothing new", forecast);
	measure("est_tick", tick);
	return 0;
}
