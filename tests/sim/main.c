/* SPDX-License-Identifier: ISC */
/*
 * The estimator on journeys of our own making, beside the method of hls.js.
 *
 *	journeys             TAP: each journey against its limits
 *	journeys --table     the figures, as the README has them; then whether forecasts of
 *	                     how long a transfer takes came true, by size
 *	journeys --limits    what the limits may be: 1.3 times what is measured
 *	journeys --ticks     every answer, to compare builds with each other
 */
#include "estimator/estimator.h"
#include "tests/sim/client.h"
#include "tests/sim/dual_ewma.h"
#include "tests/sim/fetch.h"
#include "tests/sim/journeys.h"
#include "tests/sim/score.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct run {
	struct est est;
	struct dual_ewma ewma;
	struct client client;
	struct ride ride;
	struct ticks ours, theirs;
};

#define FETCH_EVERY_S 10 /* forecasts of transfers are tried so often */
#define FETCH_FIRST_S 20
#define COVER_LEAST 0.68
#define COVER_MOST 0.92

static struct run run;
static struct fetches fetches = { .rng = { .state = 77 } };

static void
take(void *arg, const struct est_sample *s)
{
	struct run *r = arg;

	est_add(&r->est, s->ended_us, s);
	if (!s->in_progress && s->error == EST_ERROR_NONE && s->bytes > 0)
		dual_ewma_add(&r->ewma, (double)s->bytes, (double)s->duration_us * 1e-6);
}

static void
tick(struct run *r, int64_t now_us)
{
	const double t_s = (double)now_us * 1e-6;
	const double kbps = dual_ewma_kbps(&r->ewma);
	struct est_snapshot s;

	est_read(&r->est, now_us, EST_HORIZON_US, &s);
	r->ours.at[r->ours.len++] = (struct tick){
		.t_s = t_s,
		.kbps = { s.rate[EST_DOWN].known ? (double)s.rate[EST_DOWN].kbps_p10 : -1.0,
		    s.rate[EST_DOWN].known ? (double)s.rate[EST_DOWN].kbps_p50 : -1.0,
		    s.rate[EST_DOWN].known ? (double)s.rate[EST_DOWN].kbps_p90 : -1.0 },
		.offline = s.state == EST_OFFLINE,
	};
	r->theirs.at[r->theirs.len++] = (struct tick){
		.t_s = t_s,
		.kbps = { kbps, kbps, kbps },
	};
}

static void
travel(struct run *r, const struct journey *j)
{
	const int steps = (int)(j->plan.seconds / CLIENT_STEP_S);
	const int each = (int)(TICK_S / CLIENT_STEP_S);

	memset(r, 0, sizeof *r);
	ride_make(&r->ride, &j->plan, j->seed);
	client_init(&r->client, j->client, &r->ride, j->seed + 1000);
	r->client.report = take;
	r->client.arg = r;
	est_init(&r->est, EST_LINK_OTHER, 0);
	for (int i = 1; i <= steps; i++) {
		const int64_t now_us = llround(i * CLIENT_STEP_S * 1e6);

		client_step(&r->client);
		if (i % (each / 2) == 0)
			est_tick(&r->est, now_us);
		if (i % each == 0)
			tick(r, now_us);
		if (now_us % (FETCH_EVERY_S * INT64_C(1000000)) == 0 &&
		    now_us >= FETCH_FIRST_S * INT64_C(1000000))
			fetches_try(&fetches, &r->est, &r->ride, (double)now_us * 1e-6);
	}
}

static bool
within(const struct journey *j, const struct figures *f)
{
	const struct limits *most = &j->most;

	return f->error <= most->error && f->wis <= most->wis && f->missed <= most->missed &&
	    f->falsely <= most->falsely &&
	    (f->outages == 0 || (f->detect_s <= most->detect_s && f->recover_s <= most->recover_s));
}

static void
print_row(const struct journey *j, const struct figures *f, const struct figures *their)
{
	printf("| %-32s | %-5s | %5.2f | %5.2f | %4.2f |", j->name, client_name(j->client),
	    f->error, f->wis, f->cover);
	if (f->outages > 0)
		printf(" %2d of %-2d | %4.1f | %4.1f |", f->outages - f->missed, f->outages,
		    f->detect_s, f->recover_s);
	else
		printf("          |      |      |");
	printf(" %2d | %5.2f |", f->falsely, their->error);
	if (f->outages > 0)
		printf(" %2d of %-2d |\n", their->outages - their->missed, their->outages);
	else
		printf("          |\n");
}

/* The answers alone: the figures above hide the last digits. */
static void
print_ticks(const struct ticks *t)
{
	for (int i = 0; i < t->len; i++)
		printf("%.0f,%.0f,%.0f,%d\n", t->at[i].kbps[0], t->at[i].kbps[1],
		    t->at[i].kbps[2], t->at[i].offline);
}

static void
print_limits(const struct journey *j, const struct figures *f)
{
	printf("\"%s\" %s: { %.2f, %.2f, %.1f, %.1f, %d, %d }\n", j->name, client_name(j->client),
	    f->error * 1.25 + 0.005, f->wis * 1.25 + 0.005,
	    f->outages > 0 ? f->detect_s * 1.25 + 0.25 : 0.0,
	    f->outages > 0 ? f->recover_s * 1.25 + 0.25 : 0.0, f->missed, f->falsely);
}

static void
print_tap(int n, const struct journey *j, const struct figures *f, const struct figures *their)
{
	const bool ok = within(j, f);

	printf("%s %d - %s, %s, seed %llu: within its limits\n",
	    ok ? "ok" : "not ok", n, j->name, client_name(j->client),
	    (unsigned long long)j->seed);
	if (!ok)
		printf("# error %.3f (%.2f) wis %.3f (%.2f, theirs %.3f) detect %.2f (%.1f) "
		    "recover %.2f (%.1f) missed %d (%d) false %d (%d)\n",
		    f->error, j->most.error, f->wis, j->most.wis, their->wis, f->detect_s,
		    j->most.detect_s, f->recover_s, j->most.recover_s, f->missed,
		    j->most.missed, f->falsely, j->most.falsely);
}

/* Forecasts of the time for a transfer: 4 times in 5 in [p10, p90]. */
static double
fetch_cover(int k)
{
	return 1.0 - (double)(fetches.under[k] + fetches.over[k]) / (double)fetches.n[k];
}

static void
print_fetches(void)
{
	printf("\n| transfer of | forecasts | cover | sooner than p10 | later than p90 | error |\n"
	       "|---|---|---|---|---|---|\n");
	for (int k = 0; k < FETCH_SIZES; k++)
		printf("| %.0f kB | %ld | %.2f | %.2f | %.2f | %.2f |\n", fetch_bytes(k) / 1000.0,
		    fetches.n[k], fetch_cover(k),
		    (double)fetches.under[k] / (double)fetches.n[k],
		    (double)fetches.over[k] / (double)fetches.n[k],
		    fetches.error[k] / (double)fetches.n[k]);
}

static void
tap_fetches(void)
{
	for (int k = 0; k < FETCH_SIZES; k++)
		printf("%s %zu - transfers of %.0f kB last as forecast 4 times in 5 (%.2f)\n",
		    fetch_cover(k) > COVER_LEAST && fetch_cover(k) < COVER_MOST ? "ok" : "not ok",
		    journeys_len + 2 + (size_t)k, fetch_bytes(k) / 1000.0, fetch_cover(k));
}

int
main(int argc, char **argv)
{
	const bool table = argc > 1 && strcmp(argv[1], "--table") == 0;
	const bool limits = argc > 1 && strcmp(argv[1], "--limits") == 0;
	const bool ticks = argc > 1 && strcmp(argv[1], "--ticks") == 0;
	double error = 0.0, wis = 0.0, their_error = 0.0;
	int worse = 0;

	if (table)
		printf("| journey | client | error | wis | cover | outages seen | detect s | "
		       "recover s | false | dual EWMA error | seen |\n"
		       "|---|---|---|---|---|---|---|---|---|---|---|\n");
	else if (!limits && !ticks)
		printf("1..%zu\n", journeys_len + 1 + FETCH_SIZES);
	for (size_t i = 0; i < journeys_len; i++) {
		const struct journey *j = &journeys[i];
		struct figures f, their;

		travel(&run, j);
		f = score(&run.ride, &run.ours);
		their = score(&run.ride, &run.theirs);
		if (table)
			print_row(j, &f, &their);
		else if (limits)
			print_limits(j, &f);
		else if (ticks)
			print_ticks(&run.ours);
		else
			print_tap((int)i + 1, j, &f, &their);
		worse += f.wis >= their.wis;
		error += f.error / (double)journeys_len;
		wis += f.wis / (double)journeys_len;
		their_error += their.error / (double)journeys_len;
	}
	if (table) {
		printf("| mean | | %.2f | %.2f | | | | | | %.2f | |\n", error, wis, their_error);
		print_fetches();
	} else if (!limits && !ticks) {
		/* where a link swings around a mean within seconds, an average does well */
		printf("%s %zu - dual EWMA is better on one journey at the most, and three times "
		       "as far off on all\n",
		    worse <= 1 && 3.0 * wis < their_error ? "ok" : "not ok", journeys_len + 1);
		tap_fetches();
	}
	return 0;
}
