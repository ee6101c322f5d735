/* SPDX-License-Identifier: ISC */
/* linkq forecast: what is expected ahead, from the link's own past. */
#include "daemon/cli/forecast.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/cli/ask.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/moment.h"
#include "daemon/cli/words.h"

#define EXIT_UNKNOWN 4 /* as status has it */
#define TRIES 300      /* of 100 ms, while the history is read */
#define HOURS_SHOWN 12

const char forecast_help[] =
    "  --link ID   of that link, not of the one that the default route uses\n"
    "  --json      the daemon's answer as it is\n\n"
    "From the link's own past: by hour of the week, and by what usually follows.\n"
    "Exit status: 0, 4 while two weeks of history are not there yet, 1 refused, 5 linkqd does\n"
    "not answer.\n";

enum { OPT_LINK = 1, OPT_JSON };

static double
number(const json_t *of, const char *name)
{
	const json_t *n = json_object_get(of, name);

	return json_is_number(n) ? json_number_value(n) : (double)NAN;
}

static const char *
text(const json_t *of, const char *name)
{
	const char *s = json_string_value(json_object_get(of, name));

	return s != NULL ? s : "";
}

static void
print_outage(const json_t *doc, int64_t now)
{
	const json_t *outage = json_object_get(doc, "outage");
	const json_t *left = json_object_get(outage, "remaining_s");
	int64_t since;

	fputs("There is an outage", stdout);
	if (moment_parse_rfc3339(text(outage, "since"), &since) == 0)
		printf(" since %s", moment_words(since, now, cli_common.utc).s);
	if (isfinite(number(left, "p50")))
		printf("; those like it lasted another %s, 9 in 10 of them less than %s",
		    words_s(number(left, "p50")).s, words_s(number(left, "p90")).s);
	puts(".");
}

static void
print_within(const json_t *doc)
{
	const json_t *within = json_object_get(doc, "within"), *one;
	size_t i;

	json_array_foreach(within, i, one) {
		const json_t *length = json_object_get(one, "length_s");

		printf("  within %-7s %5s", words_s(number(one, "seconds")).s,
		    words_percent(number(one, "probability")).s);
		printf("  (at this hour usually %s)", words_percent(number(one, "usual")).s);
		if (isfinite(number(length, "p50")))
			printf(", of about %s, 9 in 10 less than %s",
			    words_s(number(length, "p50")).s, words_s(number(length, "p90")).s);
		putchar('\n');
	}
}

static void
print_hours(const json_t *doc, int64_t now)
{
	const json_t *hours = json_object_get(doc, "hours"), *one;
	bool any = false;
	int64_t from;
	size_t i;

	json_array_foreach(hours, i, one) {
		const json_t *down = json_object_get(one, "down_kbps");

		if (i >= HOURS_SHOWN || !isfinite(number(down, "p50")) ||
		    moment_parse_rfc3339(text(one, "from"), &from) != 0)
			continue;
		if (!any)
			puts("Goodput down, as it was at these hours:");
		any = true;
		printf("  from %s  about %s, 4 times in 5 from %s\n",
		    moment_words(from, now, cli_common.utc).s, words_kbps(number(down, "p50")).s,
		    words_band(number(down, "p10"), number(down, "p90")).s);
	}
}

static int
print_answer(const json_t *doc)
{
	const json_t *basis = json_object_get(doc, "basis");
	int64_t now = moment_now();
	char unknown[32];

	if (*words_clean(text(doc, "unknown"), unknown, sizeof unknown) != '\0') {
		if (strcmp(unknown, "reading") == 0)
			puts("The history is still being read.");
		else
			printf("Not known yet: that takes two weeks of history, and there are %.0f "
			       "days of it.\n", fmax(number(basis, "days"), 0.0));
		return EXIT_UNKNOWN;
	}
	if (json_is_object(json_object_get(doc, "outage"))) {
		print_outage(doc, now);
	} else {
		puts("An outage begins");
		print_within(doc);
	}
	print_hours(doc, now);
	printf("From %.0f days and %.0f outages of this link.\n", number(basis, "days"),
	    number(basis, "outages"));
	return CLI_OK;
}

/* Once more and again, while the history is read. */
static int
fetch(struct client *c, const char *path, char **body, json_t **doc)
{
	const struct timespec pause = { .tv_nsec = 100000000 };

	for (int i = 0;; i++) {
		int r = client_get(c, path, body);

		if (r != 0)
			return r;
		*doc = json_loads(*body, 0, NULL);
		if (i == TRIES || !json_is_object(*doc) ||
		    strcmp(text(*doc, "unknown"), "reading") != 0)
			return 0;
		json_decref(*doc);
		free(*body);
		(void)nanosleep(&pause, NULL);
	}
}

static int
ask(char **argv, struct client *c, const char *path, bool json)
{
	json_t *doc = NULL;
	char *body = NULL;
	int r = fetch(c, path, &body, &doc);

	if (r != 0)
		return client_complain(argv, c, r);
	if (!json_is_object(doc)) {
		r = cli_fail(argv, "what listens at %s is no linkqd.", client_where(c));
	} else if (json) {
		printf("%s%s", body, body[strlen(body) - 1] == '\n' ? "" : "\n");
		r = *text(doc, "unknown") != '\0' ? EXIT_UNKNOWN : CLI_OK;
	} else {
		r = print_answer(doc);
	}
	json_decref(doc);
	free(body);
	return r;
}

int
cmd_forecast(int argc, char **argv)
{
	static const struct option options[] = {
		{ "link", required_argument, NULL, OPT_LINK },
		{ "json", no_argument, NULL, OPT_JSON },
		CLI_LONG_OPTIONS,
	};
	char path[256] = "/v1/forecast";
	const char *link = NULL;
	bool json = false;
	struct client *c;
	int opt, status;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (opt == OPT_LINK)
			link = optarg;
		else if (opt == OPT_JSON)
			json = true;
		else if (!cli_common_option(opt, argv, &status))
			return status;
	}
	c = ask_open(argc, argv, &status);
	if (c == NULL)
		return status;
	if (link != NULL)
		ask_path(c, "/v1/forecast?link=", link, path, sizeof path);
	status = ask(argv, c, path, json);
	client_close(c);
	return cli_end(argv, status);
}
