/* SPDX-License-Identifier: ISC */
/*
 * Trains the corrections of the forecast (estimator/correction.h): see README.md.
 *
 *	learn [--seed N] [--rides N] [--epochs N] [--cases FILE] [-o FILE] [ROWS.csv ...]
 *	learn --present ...     scores the table that is built in, in place of training one
 */
#include "tests/sim/learn/cases.h"
#include "tests/sim/learn/network.h"
#include "tests/sim/learn/table.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>

#define SAME 1e-3f /* octaves: two ways of doing the same sums */

struct options {
	bool present;
	long seed, rides, epochs;
	const char *cases, *out;
};

static void
fail(const char *about, const char *what)
{
	fprintf(stderr, "learn: %s: %s.\n", about, what);
	exit(1);
}

static long
whole(const char *name, const char *text, long most)
{
	char *end;
	const long n = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n < 0 || n > most)
		fail(name, "no such number");
	return n;
}

static struct options
options_of(int argc, char **argv)
{
	static const struct option known[] = {
		{ "present", no_argument, NULL, 'p' },
		{ "seed", required_argument, NULL, 's' },
		{ "rides", required_argument, NULL, 'r' },
		{ "epochs", required_argument, NULL, 'e' },
		{ "cases", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .seed = 1, .rides = 400, .epochs = 5 };
	int opt;

	while ((opt = getopt_long(argc, argv, "o:", known, NULL)) != -1) {
		if (opt == 'p')
			o.present = true;
		else if (opt == 's')
			o.seed = whole("--seed", optarg, 1000000000);
		else if (opt == 'r')
			o.rides = whole("--rides", optarg, 10000);
		else if (opt == 'e')
			o.epochs = whole("--epochs", optarg, 1000);
		else if (opt == 'c')
			o.cases = optarg;
		else if (opt == 'o')
			o.out = optarg;
		else
			exit(2);
	}
	return o;
}

static FILE *
file_open(const char *name, const char *mode)
{
	FILE *f = fopen(name, mode);

	if (f == NULL)
		fail(name, "cannot be opened");
	return f;
}

static void
file_close(const char *name, FILE *f)
{
	const bool bad = ferror(f) != 0;

	if (fclose(f) != 0 || bad)
		fail(name, "cannot be read or written");
}

static void
read_rows(struct cases *c, const char *name)
{
	FILE *in = file_open(name, "r");
	char why[120];
	long line;
	const char *wrong = cases_of_rows(c, in, &line, why, sizeof why);

	if (wrong != NULL) {
		fprintf(stderr, "learn: %s, line %ld: %s.\n", name, line, wrong);
		exit(1);
	}
	file_close(name, in);
}

/* The built-in table by the network here and by the estimator itself. */
static void
compare(const struct cases *c)
{
	for (size_t i = 0; i < c->len; i++) {
		const struct learn_case *k = &c->at[i];
		float here[3] = { k->y[0], k->y[1], k->y[2] };
		float there[3] = { k->y[0], k->y[1], k->y[2] };

		network_apply(&correction_table, k->x, here);
		correction_apply(k->x, 1.0f, there);
		for (int q = 0; q < 3; q++)
			if (!(fabsf(here[q] - there[q]) < SAME))
				fail("network.c", "the estimator's network is another one");
	}
}

static void
print_scores(const struct correction_table *t, const struct cases *c)
{
	double before = 0.0, after = 0.0;

	for (size_t i = 0; i < c->len; i++) {
		const struct learn_case *k = &c->at[i];
		float y[3] = { k->y[0], k->y[1], k->y[2] };

		before += (double)network_wis(y, k->truth);
		network_apply(t, k->x, y);
		after += (double)network_wis(y, k->truth);
	}
	if (c->len > 0)
		printf("wis %.5f corrected, %.5f without, %zu cases\n", after / (double)c->len,
		    before / (double)c->len, c->len);
}

int
main(int argc, char **argv)
{
	const struct options o = options_of(argc, argv);
	struct correction_table table = correction_table;
	struct cases cases = { 0 };

	cases_of_rides(&cases, (uint64_t)o.seed, (int)o.rides);
	for (int i = optind; i < argc; i++)
		read_rows(&cases, argv[i]);
	if (cases.lost)
		fail("--rides", "more cases than there is memory for");
	if (o.cases != NULL) {
		FILE *f = file_open(o.cases, "w");

		cases_write(&cases, f);
		file_close(o.cases, f);
	}
	if (o.present) {
		compare(&cases);
	} else if (cases.len == 0) {
		fail("--rides", "there is nothing to learn from");
	} else {
		network_init(&table, (uint64_t)o.seed);
		network_train(&table, &cases, (int)o.epochs, (uint64_t)o.seed, stdout);
	}
	print_scores(&table, &cases);
	if (o.out != NULL) {
		FILE *f = file_open(o.out, "w");

		table_write(&table, f);
		file_close(o.out, f);
	}
	free(cases.at);
	return 0;
}
