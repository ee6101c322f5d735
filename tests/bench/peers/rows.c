/* SPDX-License-Identifier: ISC */
/*
 * Each link of the simulations, travelled by each kind of client, written to a folder:
 * LINK.CLIENT.rows.csv is what that client reported (the input of `linkq replay`) with a
 * tick each half second, LINK.CLIENT.truth.csv the goodput that the link could carry.
 *
 *	rows FOLDER
 *
 * The seeds are not those of the tests, so nothing was ever fitted to these journeys.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/sim/client.h"
#include "tests/sim/journeys.h"
#include "tests/sim/ride.h"

#define SEED 90000
#define TICK_S 0.5
#define GOODPUT 0.965 /* of the capacity; headers take the rest */

static struct ride ride;
static struct client client;

static _Noreturn void
die(const char *path)
{
	(void)fprintf(stderr, "rows: %s: %s\n", path, strerror(errno));
	exit(1);
}

static FILE *
create(const char *folder, const struct journey *j, enum client_kind kind, const char *what)
{
	char path[4096], link[64];
	size_t n = 0;
	FILE *out;

	for (const char *c = j->name; *c != '\0' && n < sizeof link - 1; c++)
		if (isalnum((unsigned char)*c))
			link[n++] = *c;
		else if (n > 0 && link[n - 1] != '-')
			link[n++] = '-';
	link[n] = '\0';
	(void)snprintf(path, sizeof path, "%s/%s.%s.%s.csv", folder, link, client_name(kind), what);
	out = fopen(path, "w");
	if (out == NULL)
		die(path);
	return out;
}

static void
finish(FILE *out, const char *folder)
{
	const int failed = ferror(out);

	if (fclose(out) != 0 || failed)
		die(folder);
}

static void
write_seconds(FILE *out, int64_t us)
{
	if (us >= 0)
		(void)fprintf(out, "%.6f", (double)us * 1e-6);
}

static void
write_row(void *arg, const struct est_sample *s)
{
	FILE *out = arg;

	(void)fprintf(out, "%.6f,%s,%" PRIu64 ",%" PRId64 ",", (double)s->ended_us * 1e-6,
	    s->in_progress ? "progress" : "transfer", s->request, s->bytes);
	write_seconds(out, s->duration_us);
	(void)fputc(',', out);
	write_seconds(out, s->ttfb_us);
	(void)fputc(',', out);
	write_seconds(out, s->connect_us);
	(void)fprintf(out, ",%s\n", s->in_progress ? "" : s->error == EST_ERROR_NONE ? "1" : "0");
}

static void
write_rows(const char *folder, const struct journey *j, enum client_kind kind)
{
	const int steps = (int)lround(ride.steps * RIDE_STEP_S / CLIENT_STEP_S);
	const int each = (int)lround(TICK_S / CLIENT_STEP_S);
	FILE *out = create(folder, j, kind, "rows");

	client_init(&client, kind, &ride, j->seed + 2 * SEED);
	client.report = write_row;
	client.arg = out;
	(void)fputs("t_s,kind,id,bytes,duration_s,ttfb_s,connect_s,ok\n", out);
	for (int i = 1; i <= steps; i++) {
		client_step(&client);
		if (i % each == 0)
			(void)fprintf(out, "%.6f,tick,,,,,,\n", i * CLIENT_STEP_S);
	}
	finish(out, folder);
}

static void
write_truth(const char *folder, const struct journey *j, enum client_kind kind)
{
	FILE *out = create(folder, j, kind, "truth");

	(void)fputs("t_s,down_kbps\n", out);
	for (int i = 0; i < ride.steps; i++)
		(void)fprintf(out, "%.1f,%.3f\n", i * RIDE_STEP_S, GOODPUT * (double)ride.kbps[i]);
	/* the end, which lasts no time */
	(void)fprintf(out, "%.1f,0\n", ride.steps * RIDE_STEP_S);
	finish(out, folder);
}

/* The tests travel some links with several clients; here each link comes once. */
static bool
seen_before(size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(journeys[k].name, journeys[i].name) == 0)
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	if (argc != 2) {
		(void)fputs("usage: rows FOLDER\n", stderr);
		return 64;
	}
	if (mkdir(argv[1], 0777) != 0 && errno != EEXIST)
		die(argv[1]);
	for (size_t i = 0; i < journeys_len; i++) {
		if (seen_before(i))
			continue;
		ride_make(&ride, &journeys[i].plan, journeys[i].seed + SEED);
		for (int kind = 0; kind < CLIENT_KINDS; kind++) {
			write_rows(argv[1], &journeys[i], (enum client_kind)kind);
			write_truth(argv[1], &journeys[i], (enum client_kind)kind);
		}
	}
	return 0;
}
