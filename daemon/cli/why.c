/* SPDX-License-Identifier: ISC */
/* linkq why: what the estimate rests on, in sentences. */
#include "daemon/cli/why.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/ask.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/term.h"
#include "daemon/cli/view.h"
#include "daemon/cli/moment.h"

const char why_help[] =
    "  --link ID   the link with this id; otherwise the one of the default route\n"
    "  --json      the daemon's explanation as it is\n";

enum { OPT_JSON = 1, OPT_LINK };

static double
number(const json_t *object, const char *key)
{
	const json_t *n = json_object_get(object, key);

	return json_is_number(n) ? json_number_value(n) : (double)NAN;
}

static const char *
text(const json_t *object, const char *key, char *out, size_t cap)
{
	const char *value = json_string_value(json_object_get(object, key));

	return words_clean(value != NULL ? value : "", out, cap);
}

static void
heading(const char *words)
{
	printf("\n%s%s%s\n", term_tone(stdout, TERM_BOLD), words, term_tone(stdout, TERM_PLAIN));
}

/* Me, my network, or them? And what to do about it. */
static void
print_diagnosis(const char *cause, const char *sentence)
{
	static const char *const advice[][2] = {
		{ "no_carrier", "Is the cable in, the radio on?" },
		{ "no_route", "This host is not on a network that leads out." },
		{ "gateway", "It is your own network: look at the router." },
		{ "dns", "It is your network's name server, not the link." },
		{ "portal", "Sign in there with a browser." },
		{ "upstream", "It is the provider's, or the line to it." },
		{ "destination", "It is theirs: your network is well." },
	};

	if (*sentence == '\0')
		return;
	printf("%s", sentence);
	for (size_t i = 0; i < sizeof advice / sizeof advice[0]; i++)
		if (strcmp(cause, advice[i][0]) == 0)
			printf(" %s", advice[i][1]);
	putchar('\n');
}

/* The belief, in a sentence or two. */
static void
print_belief(const struct view *v)
{
	printf("%s%s%s  %s\n", term_tone(stdout, term_tone_of(v->state, v->quality)),
	    view_headline(v).s, term_tone(stdout, TERM_PLAIN), view_link(v).s);
	print_diagnosis(v->cause, v->diagnosis);
	for (size_t i = 0; i < v->faults; i++)
		puts(v->fault[i]);
	if (!isfinite(v->age_ms)) {
		puts("Nothing has been seen of this link yet, so nothing is claimed.");
		return;
	}
	if (isfinite(v->down_kbps.p50))
		printf("A download gets about %s, 4 times in 5 from %s.\n",
		    words_kbps(v->down_kbps.p50).s,
		    words_band(v->down_kbps.p10, v->down_kbps.p90).s);
	else
		puts("No download was large enough yet to tell a rate.");
	printf("Confidence is %s; the last evidence came %s.\n",
	    words_percent(v->confidence).s, words_age(v->age_ms).s);
}

static void
print_sources(const json_t *sources)
{
	static const char *const names[][2] = {
		{ "app", "applications" },
		{ "kernel", "kernel" },
		{ "probe", "probes" },
	};

	heading("What it rests on");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const json_t *s = json_object_get(sources, names[i][0]);
		double count = number(s, "count"), age = number(s, "age_ms");
		double bytes = number(s, "bytes");

		printf("  %-13s", names[i][1]);
		if (!(count > 0)) {
			puts("nothing");
			continue;
		}
		printf("%5s of the weight, %.0f sample%s", words_percent(number(s, "weight")).s, count,
		    count == 1 ? "" : "s");
		if (bytes > 0)
			printf(", %s", words_bytes(bytes).s);
		if (isfinite(age))
			printf(", the last %s", words_age(age).s);
		putchar('\n');
	}
}

static void
print_silence(const json_t *doc)
{
	double open = number(doc, "open_requests"), silent = number(doc, "silent_ms");
	double dead = number(doc, "dead_probability");
	double limited = number(doc, "rate_limited_share"), outages = number(doc, "outages");

	if (open > 0)
		printf("  %.0f request%s open%s%s.\n", open, open == 1 ? " is" : "s are",
		    silent > 0 ? "; no byte has come for " : "",
		    silent > 0 ? words_ms(silent).s : "");
	if (dead >= 0.005)
		printf("  That nothing gets through any more has a probability of %s.\n",
		    words_percent(dead).s);
	if (limited >= 0.05)
		printf("  %s of the recent amounts only say \"at least this much\".\n",
		    words_percent(limited).s);
	if (outages > 0)
		printf("  %.0f outage%s since the link appeared.\n", outages, outages == 1 ? "" : "s");
}

static void
print_rejected(const json_t *rejected)
{
	const char *key;
	const json_t *value;
	int n = 0;

	json_object_foreach((json_t *)(uintptr_t)rejected, key, value) {
		char name[40];

		if (json_integer_value(value) <= 0)
			continue;
		words_clean(key, name, sizeof name);
		for (char *p = name; *p != '\0'; p++) {
			if (*p == '_')
				*p = ' ';
		}
		printf("%s%lld %s", n++ == 0 ? "  Not counted in full: " : ", ",
		    (long long)json_integer_value(value), name);
	}
	if (n > 0)
		puts(".");
}

static void
print_changes(const json_t *changes, int64_t now)
{
	size_t i;
	json_t *doc;

	heading("Last changes");
	if (json_array_size(changes) == 0)
		puts("  none");
	json_array_foreach(changes, i, doc) {
		struct view_change c;

		view_read_change(doc, &c);
		printf("  %s  %s (%s)\n", moment_words(c.time_us, now, cli_common.utc).s,
		    view_change_words(&c).s, moment_ago(c.time_us, now).s);
	}
}

static void
print_probe(const json_t *p)
{
	char target[140], kind[16], last[80], condition[24];
	double age = number(p, "age_ms"), failures = number(p, "failures");

	printf("  %s, %s: ", text(p, "target", target, sizeof target),
	    text(p, "kind", kind, sizeof kind));
	if (!(number(p, "count") > 0)) {
		puts("not asked yet");
		return;
	}
	printf("%.0f asked", number(p, "count"));
	if (failures > 0)
		printf(", %.0f failed", failures);
	if (isfinite(age))
		printf(", the last %s", words_age(age).s);
	if (*text(p, "last", last, sizeof last) != '\0')
		printf(" (%s)", last);
	if (*text(p, "condition", condition, sizeof condition) != '\0')
		printf("; condition: %s", condition);
	putchar('\n');
}

static void
print_budget(const json_t *budget)
{
	static const char *const names[] = { "hour", "day" };

	for (size_t i = 0; i < 2; i++) {
		const json_t *part = json_object_get(budget, names[i]);
		double limit = number(part, "limit_bytes"), spent = number(part, "spent_bytes");

		if (isfinite(limit) && isfinite(spent))
			printf("  Of %s that measuring may move in %s %s, %s went over the wire.\n",
			    words_bytes(limit).s, i == 0 ? "an" : "a", names[i],
			    words_bytes(spent).s);
	}
}

static void
print_probes(const json_t *doc)
{
	const json_t *probes = json_object_get(doc, "probes");
	const json_t *next = json_object_get(doc, "next_probe");
	const json_t *bytes = json_object_get(doc, "probe_bytes");
	double in = number(next, "in_ms"), down = number(bytes, "down"), up = number(bytes, "up");
	char kind[16], reason[120];
	size_t i;
	json_t *p;

	heading("Probes");
	if (json_array_size(probes) == 0)
		puts("  no targets: only what is seen and told counts");
	json_array_foreach(probes, i, p)
		print_probe(p);
	text(next, "kind", kind, sizeof kind);
	text(next, "reason", reason, sizeof reason);
	if (isfinite(in))
		printf("  The next one%s%s%s is due in %s%s%s.\n", *kind != '\0' ? " (" : "", kind,
		    *kind != '\0' ? ")" : "", words_ms(in).s, *reason != '\0' ? ": " : "", reason);
	else if (*reason != '\0')
		printf("  None is planned: %s.\n", reason);
	if (down + up > 0)
		printf("  They have taken %s down and %s up so far.\n", words_bytes(down).s,
		    words_bytes(up).s);
	print_budget(json_object_get(doc, "budget"));
}

static void
print_all(const struct view *v, const json_t *explain)
{
	print_belief(v);
	print_sources(json_object_get(explain, "sources"));
	print_silence(explain);
	print_rejected(json_object_get(explain, "rejected"));
	print_changes(json_object_get(explain, "changes"), moment_now());
	print_probes(explain);
}

static int
ask(char **argv, struct client *c, const char *id, bool json)
{
	char link_path[200] = "/v1/link", explain_path[200] = "/v1/explain";
	json_t *link = NULL, *explain = NULL;
	struct view v;
	int r;

	if (id != NULL) {
		snprintf(link_path, sizeof link_path, "/v1/links/%s", id);
		snprintf(explain_path, sizeof explain_path, "/v1/explain?link=%s", id);
	}
	r = client_get_json(c, explain_path, &explain);
	if (r == 0 && !json)
		r = client_get_json(c, link_path, &link);
	if (r != 0) {
		r = client_complain(argv, c, r);
	} else if (json) {
		ask_print_json(explain);
	} else if (view_read(link, &v) != 0) {
		r = cli_fail(argv, "what listens at %s gives no estimate.", client_where(c));
	} else {
		print_all(&v, explain);
	}
	json_decref(link);
	json_decref(explain);
	return r;
}

int
cmd_why(int argc, char **argv)
{
	static const struct option options[] = {
		{ "link", required_argument, NULL, OPT_LINK },
		{ "json", no_argument, NULL, OPT_JSON },
		CLI_LONG_OPTIONS,
	};
	const char *link = NULL;
	bool json = false;
	struct client *c;
	char *id = NULL;
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
		id = client_escape(c, link);
	status = ask(argv, c, id, json);
	free(id);
	client_close(c);
	return cli_end(argv, status);
}
