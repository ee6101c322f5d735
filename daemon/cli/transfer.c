/* SPDX-License-Identifier: ISC */
/* linkq transfer: how long so many bytes would take. */
#include "daemon/cli/transfer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/client.h"
#include "daemon/cli/words.h"

#define EXIT_UNKNOWN 4 /* as status has it */

const char transfer_help[] =
    "  BYTES    1500, 10k, 2.5M, 1G (thousands); 4Ki, 1Mi (1024s)\n"
    "  --up     for an upload\n"
    "  --json   the daemon's answer as it is\n\n"
    "The time counts from the start of the request, first byte and ramp-up included.\n"
    "Exit status: 0, 4 where it is not known yet, 1 refused, 5 linkqd does not answer.\n";

enum { OPT_UP = 1, OPT_JSON };

static double
quantile(const json_t *doc, const char *name)
{
	const json_t *n = json_object_get(json_object_get(doc, "seconds"), name);

	return json_is_number(n) ? json_number_value(n) : (double)NAN;
}

static int
print_answer(const json_t *doc, double bytes, bool up)
{
	double p10 = quantile(doc, "p10"), p50 = quantile(doc, "p50"), p90 = quantile(doc, "p90");

	printf("%s %s: ", words_bytes(bytes).s, up ? "up" : "down");
	if (!isfinite(p50)) {
		puts("not known yet");
		return EXIT_UNKNOWN;
	}
	printf("about %s", words_s(p50).s);
	if (isfinite(p10) && isfinite(p90))
		printf("; 1 in 10 within %s, 9 in 10 within %s", words_s(p10).s, words_s(p90).s);
	putchar('\n');
	return CLI_OK;
}

static int
ask(char **argv, struct client *c, double bytes, bool up, bool json)
{
	char path[80];
	json_t *doc;
	char *body;
	int r;

	snprintf(path, sizeof path, "/v1/transfer?bytes=%.0f%s", bytes,
	    up ? "&direction=up" : "");
	r = client_get(c, path, &body);
	if (r != 0)
		return client_complain(argv, c, r);
	doc = json_loads(body, 0, NULL);
	if (!json_is_object(doc))
		r = cli_fail(argv, "what listens at %s is no linkqd.", client_where(c));
	else if (json) {
		printf("%s%s", body, body[strlen(body) - 1] == '\n' ? "" : "\n");
		if (!isfinite(quantile(doc, "p50")))
			r = EXIT_UNKNOWN;
	} else
		r = print_answer(doc, bytes, up);
	json_decref(doc);
	free(body);
	return r;
}

int
cmd_transfer(int argc, char **argv)
{
	static const struct option options[] = {
		{ "up", no_argument, NULL, OPT_UP },
		{ "json", no_argument, NULL, OPT_JSON },
		CLI_LONG_OPTIONS,
	};
	bool up = false, json = false;
	struct client *c;
	double bytes;
	int opt, status;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (opt == OPT_UP)
			up = true;
		else if (opt == OPT_JSON)
			json = true;
		else if (!cli_common_option(opt, argv, &status))
			return status;
	}
	if (argc - optind != 1)
		return cli_usage(argv, "how many bytes? One number, as in 10M.");
	if (!cli_bytes(argv[optind], &bytes))
		return cli_usage(argv, "'%s' is no number of bytes, as 1500, 10k or 2.5M is.",
		    argv[optind]);
	c = client_open(argv, &status);
	if (c == NULL)
		return status;
	status = ask(argv, c, bytes, up, json);
	client_close(c);
	return cli_end(argv, status);
}
