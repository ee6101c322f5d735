/* SPDX-License-Identifier: ISC */
/* linkq measure: a fresh measurement now, and the estimate after it. */
#include "daemon/cli/measure.h"

#include <math.h>
#include <stdio.h>

#include "daemon/cli/ask.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/view.h"

const char measure_help[] =
    "  --over-budget   even where the hour's or the day's bytes are spent\n"
    "  --json          the daemon's answer as it is\n\n"
    "Waits for the end of the measurement, 12 s at most, and prints the estimate.\n"
    "Exit status: 0, 1 where the budget is spent or there are no targets, 5 linkqd does not\n"
    "answer.\n";

enum { OPT_OVER = 1, OPT_JSON };

static void
print_rate(const char *name, double p10, double p50, double p90)
{
	if (isfinite(p50))
		printf("%s about %s, 4 times in 5 from %s\n", name, words_kbps(p50).s,
		    words_band(p10, p90).s);
}

static int
ask(char **argv, struct client *c, bool over, bool json)
{
	json_t *nothing = json_object(), *doc = NULL;
	struct view v;
	int r = client_post_json(c, over ? "/v1/measure?over_budget=true" : "/v1/measure",
	    nothing, &doc);

	json_decref(nothing);
	if (r != 0) {
		r = client_complain(argv, c, r);
	} else if (json) {
		ask_print_json(doc);
	} else if (view_read(doc, &v) != 0) {
		r = cli_fail(argv, "what listens at %s gives no estimate.", client_where(c));
	} else {
		printf("%s  %s\n", view_headline(&v).s, view_link(&v).s);
		print_rate("down", v.down_kbps.p10, v.down_kbps.p50, v.down_kbps.p90);
		print_rate("up  ", v.up_kbps.p10, v.up_kbps.p50, v.up_kbps.p90);
	}
	json_decref(doc);
	return r;
}

int
cmd_measure(int argc, char **argv)
{
	static const struct option options[] = {
		{ "over-budget", no_argument, NULL, OPT_OVER },
		{ "json", no_argument, NULL, OPT_JSON },
		CLI_LONG_OPTIONS,
	};
	bool over = false, json = false;
	struct client *c;
	int opt, status;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (opt == OPT_OVER)
			over = true;
		else if (opt == OPT_JSON)
			json = true;
		else if (!cli_common_option(opt, argv, &status))
			return status;
	}
	c = ask_open(argc, argv, &status);
	if (c == NULL)
		return status;
	status = ask(argv, c, over, json);
	client_close(c);
	return cli_end(argv, status);
}
