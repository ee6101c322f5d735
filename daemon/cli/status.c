/* SPDX-License-Identifier: ISC */
/* linkq status: one answer, and an exit status that scripts can use. */
#include "daemon/cli/status.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/ask.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/term.h"
#include "daemon/cli/view.h"
#include "daemon/cli/moment.h"

const char status_help[] =
    "  --link ID   the link with this id; otherwise the one of the default route\n"
    "  --json      the daemon's answer as it is\n"
    "  --quiet     print nothing; the exit status is the answer\n\n"
    "Exit status: 0 online, 1 stalled or quality minimal, 2 offline, 3 captive,\n"
    "4 unknown, 5 linkqd does not answer, 64 wrong usage.\n";

enum { OPT_JSON = 1, OPT_QUIET, OPT_LINK };

static void
row(const char *name, const char *value, const char *more)
{
	if (*more != '\0')
		printf("  %-12s %-12s %s%s%s\n", name, value, term_tone(stdout, TERM_DIM), more,
		    term_tone(stdout, TERM_PLAIN));
	else
		printf("  %-12s %s\n", name, value);
}

static void
print_rate(const char *name, const struct view_quantiles *q)
{
	char more[128] = "";

	if (isfinite(q->p10) && isfinite(q->p90))
		snprintf(more, sizeof more, "4 times in 5 from %s", words_band(q->p10, q->p90).s);
	row(name, words_kbps(q->p50).s, more);
}

static void
print_delays(const struct view *v)
{
	char more[256] = "";

	if (isfinite(v->rtt_ms_min) && isfinite(v->rtt_ms_p90))
		snprintf(more, sizeof more, "at best %s, 9 in 10 within %s",
		    words_ms(v->rtt_ms_min).s, words_ms(v->rtt_ms_p90).s);
	row("Round trip", words_ms(v->rtt_ms_p50).s, more);
	*more = '\0';
	if (isfinite(v->ttfb_ms_p90))
		snprintf(more, sizeof more, "9 in 10 within %s", words_ms(v->ttfb_ms_p90).s);
	row("First byte", words_ms(v->ttfb_ms_p50).s, more);
}

static void
print_rest(const struct view *v, int64_t now)
{
	char more[256];

	if (isfinite(v->loss_ratio))
		row("Unanswered", words_percent(v->loss_ratio).s, "of the requests");
	if (isfinite(v->age_ms))
		snprintf(more, sizeof more, "last evidence %s", words_age(v->age_ms).s);
	else
		snprintf(more, sizeof more, "no evidence yet");
	row("Confidence", words_percent(v->confidence).s, more);
	if (*v->change.kind != '\0') {
		struct words change = view_change_words(&v->change);

		if (v->change.time_us == MOMENT_UNKNOWN)
			row("Last change", change.s, "");
		else
			printf("  %-12s %s, %s (%s)\n", "Last change", change.s,
			    moment_words(v->change.time_us, now, cli_common.utc).s,
			    moment_ago(v->change.time_us, now).s);
	}
	if (!v->outage)
		return;
	printf("  %-12s since %s, for %s", "Outage",
	    moment_words(v->outage_since_us, now, cli_common.utc).s,
	    words_ms(v->outage_lasted_ms).s);
	if (isfinite(v->outage_remaining_s_p50))
		printf("; another %s is expected", words_s(v->outage_remaining_s_p50).s);
	if (isfinite(v->outage_remaining_s_p90))
		printf(", 9 in 10 end within %s", words_s(v->outage_remaining_s_p90).s);
	putchar('\n');
}

static void
print_view(const struct view *v)
{
	int64_t now = moment_now();

	printf("%s%s%s  %s\n", term_tone(stdout, term_tone_of(v->state, v->quality)),
	    view_headline(v).s, term_tone(stdout, TERM_PLAIN), view_link(v).s);
	if (*v->diagnosis != '\0')
		puts(v->diagnosis);
	for (size_t i = 0; i < v->faults; i++)
		puts(v->fault[i]);
	print_rate("Down", &v->down_kbps);
	print_rate("Up", &v->up_kbps);
	print_delays(v);
	print_rest(v, now);
}

static int
answer(char **argv, struct client *c, const char *path, bool json, bool quiet)
{
	struct view v;
	json_t *doc;
	char *body;
	int r = client_get(c, path, &body);

	if (r != 0) {
		if (!quiet)
			client_complain(argv, c, r);
		return CLI_UNREACHABLE;
	}
	doc = json_loads(body, 0, NULL);
	if (doc == NULL || view_read(doc, &v) != 0) {
		if (!quiet)
			cli_fail(argv, "what listens at %s gives no estimate.", client_where(c));
		r = CLI_UNREACHABLE;
	} else {
		r = view_exit_status(&v);
		if (json)
			printf("%s%s", body, body[strlen(body) - 1] == '\n' ? "" : "\n");
		else if (!quiet)
			print_view(&v);
	}
	json_decref(doc);
	free(body);
	return r;
}

int
cmd_status(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, OPT_JSON },
		{ "quiet", no_argument, NULL, OPT_QUIET },
		{ "link", required_argument, NULL, OPT_LINK },
		CLI_LONG_OPTIONS,
	};
	bool json = false, quiet = false;
	const char *link = NULL;
	char path[256] = "/v1/link";
	struct client *c;
	int opt, status;

	while ((opt = getopt_long(argc, argv, "jqh", options, NULL)) != -1) {
		switch (opt) {
		case 'j':
		case OPT_JSON:
			json = true;
			break;
		case 'q':
		case OPT_QUIET:
			quiet = true;
			break;
		case OPT_LINK:
			link = optarg;
			break;
		default:
			if (!cli_common_option(opt, argv, &status))
				return status;
		}
	}
	c = ask_open(argc, argv, &status);
	if (c == NULL)
		return status;
	if (link != NULL)
		ask_path(c, "/v1/links/", link, path, sizeof path);
	status = answer(argv, c, path, json && !quiet, quiet);
	client_close(c);
	return quiet ? status : cli_end(argv, status);
}
