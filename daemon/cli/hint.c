/* SPDX-License-Identifier: ISC */
/* linkq hint: which rendition of a stream to fetch next. */
#include "daemon/cli/hint.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/ask.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/term.h"
#include "daemon/cli/words.h"

#define LADDER_MAX 64
#define PLAYLIST_MAX (200 * 1024) /* a request has 256 KiB */

const char hint_help[] =
    "  --ladder KBPS,..    bit rates of the renditions, lowest first\n"
    "  --playlist FILE     an HLS multivariant playlist or a DASH MPD; - is stdin\n"
    "  --current I         the rendition that plays now, counted from 0\n"
    "  --buffer S          seconds of media that are ready to play\n"
    "  --max-buffer S      the most that the player buffers\n"
    "  --segment S         length of a segment\n"
    "  --playback-rate X   1 is normal speed\n"
    "  --mode MODE         vod, live or low-latency\n"
    "  --max-kbps N, --max-height N   no rendition above\n"
    "  --kbps              its bit rate alone, for other programs' options\n"
    "  --json              the daemon's answer as it is\n\n"
    "  linkq hint --ladder 400,1200,2800,5000 --buffer 8 --segment 4\n";

enum {
	OPT_LADDER = 1, OPT_PLAYLIST, OPT_MODE, OPT_JSON, OPT_KBPS,
	OPT_NUMBER /* and above: row OPT - OPT_NUMBER of numbers[] */
};

/* Options that are one number, and the member of the request that each becomes. */
static const struct number {
	const char *member, *of; /* `of`: the object inside the request, or NULL */
	double min, max;
	bool whole;
} numbers[] = {
	{ "current", NULL, 0, LADDER_MAX - 1, true },
	{ "buffer_s", NULL, 0, 1e5, false },
	{ "max_buffer_s", NULL, 0.1, 1e5, false },
	{ "segment_s", NULL, 0.01, 1e4, false },
	{ "playback_rate", NULL, 0.01, 100, false },
	{ "max_kbps", "cap", 1, 1e9, true },
	{ "max_height", "cap", 1, 1e5, true },
};

#define NUMBERS (int)(sizeof numbers / sizeof numbers[0])

static const struct option options[] = {
	{ "ladder", required_argument, NULL, OPT_LADDER },
	{ "playlist", required_argument, NULL, OPT_PLAYLIST },
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "kbps", no_argument, NULL, OPT_KBPS },
	{ "current", required_argument, NULL, OPT_NUMBER },
	{ "buffer", required_argument, NULL, OPT_NUMBER + 1 },
	{ "max-buffer", required_argument, NULL, OPT_NUMBER + 2 },
	{ "segment", required_argument, NULL, OPT_NUMBER + 3 },
	{ "playback-rate", required_argument, NULL, OPT_NUMBER + 4 },
	{ "max-kbps", required_argument, NULL, OPT_NUMBER + 5 },
	{ "max-height", required_argument, NULL, OPT_NUMBER + 6 },
	CLI_LONG_OPTIONS,
};

static json_t *
number_value(double n, bool whole)
{
	return whole || n == floor(n) ? json_integer((json_int_t)n) : json_real(n);
}

static int
add_number(char **argv, json_t *request, const struct number *n)
{
	json_t *into = request;
	double value;

	if (!cli_number(optarg, n->min, n->max, &value) || (n->whole && value != floor(value)))
		return cli_usage(argv, "'%s' is no number from %g to %g.", optarg, n->min, n->max);
	if (n->of != NULL) {
		into = json_object_get(request, n->of);
		if (into == NULL) {
			into = json_object();
			json_object_set_new(request, n->of, into);
		}
	}
	json_object_set_new(into, n->member, number_value(value, n->whole));
	return CLI_OK;
}

static int
add_mode(char **argv, json_t *request)
{
	static const char *const modes[] = { "vod", "live", "low-latency" };

	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		if (strcmp(optarg, modes[i]) != 0)
			continue;
		json_object_set_new(request, "mode", json_string(optarg));
		return CLI_OK;
	}
	return cli_usage(argv, "'%s' is no mode: vod, live or low-latency.", optarg);
}

/* What options demand of each other. */
static int
check_request(char **argv, const json_t *request)
{
	const json_t *ladder = json_object_get(request, "ladder_kbps");
	const json_t *current = json_object_get(request, "current");
	json_int_t rungs = (json_int_t)json_array_size(ladder);

	if ((ladder == NULL) == (json_object_get(request, "playlist") == NULL))
		return cli_usage(argv, "either --ladder or --playlist has to say what there is.");
	if (ladder != NULL && current != NULL && json_integer_value(current) >= rungs)
		return cli_usage(argv, "--current counts from 0 to %lld on this ladder.",
		    (long long)rungs - 1);
	return CLI_OK;
}

static int
add_ladder(char **argv, json_t *request)
{
	json_t *ladder = json_array();
	char *rest = optarg, *word;

	json_object_set_new(request, "ladder_kbps", ladder);
	while ((word = strsep(&rest, ",")) != NULL) {
		double kbps;

		if (!cli_number(word, 1, 1e9, &kbps))
			return cli_usage(argv, "'%s' in --ladder is no bit rate in kbit/s.", word);
		if (json_array_size(ladder) == LADDER_MAX)
			return cli_usage(argv, "--ladder has room for %d renditions.", LADDER_MAX);
		json_array_append_new(ladder, number_value(kbps, false));
	}
	return CLI_OK;
}

static int
add_playlist(char **argv, json_t *request)
{
	char *text;
	size_t len;
	json_t *value;
	int r = cli_read_file(optarg, PLAYLIST_MAX, &text, &len);

	if (r == -EFBIG)
		return cli_fail(argv, "%s is longer than a playlist may be (%d KiB).", optarg,
		    PLAYLIST_MAX / 1024);
	if (r != 0)
		return cli_fail(argv, "cannot read %s: %s.", optarg, strerror(-r));
	value = json_stringn(text, len);
	free(text);
	if (value == NULL)
		return cli_fail(argv, "%s is not text in UTF-8.", optarg);
	json_object_set_new(request, "playlist", value);
	return CLI_OK;
}

static const char *
reason_words(const char *reason)
{
	static const char *const known[][2] = {
		{ "startup", "playback begins, with care" },
		{ "steady", "what plays now fits the link" },
		{ "up", "the link carries more" },
		{ "down", "the link carries less" },
		{ "recover", "the buffer has to grow first" },
		{ "outage", "nothing gets through now" },
		{ "abandon", "the request under way would come too late" },
		{ "capped", "the cap allows no more" },
		{ "no_estimate", "the link is not known yet" },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (strcmp(reason, known[i][0]) == 0)
			return known[i][1];
	}
	return reason;
}

static double
number_of(const json_t *object, const char *key)
{
	const json_t *n = json_object_get(object, key);

	return json_is_number(n) ? json_number_value(n) : (double)NAN;
}

/* A rendition's name where it has one, else its place. */
static struct words
rendition_name(const json_t *value, size_t index)
{
	struct words w;

	if (json_is_string(value))
		words_clean(json_string_value(value), w.s, 24);
	else
		snprintf(w.s, sizeof w.s, "%zu", index);
	return w;
}

static void
print_renditions(const json_t *list, json_int_t chosen)
{
	size_t i;
	json_t *r;

	if (json_array_size(list) == 0)
		return;
	printf("\n  %-11s %-12s %-13s %-13s %-11s %s\n", "rendition", "bit rate", "fetch, half",
	    "9 in 10", "stall risk", "sustainable");
	json_array_foreach(list, i, r) {
		const json_t *fetch = json_object_get(r, "fetch_s");
		const json_t *sustainable = json_object_get(r, "sustainable");
		double kbps = json_number_value(json_object_get(r, "kbps"));

		printf("%c %-11s %-12s %-13s %-13s %-11s %s\n", (json_int_t)i == chosen ? '>' : ' ',
		    rendition_name(json_object_get(r, "id"), i).s, kbps > 0 ? words_kbps(kbps).s : "-",
		    words_s(number_of(fetch, "p50")).s, words_s(number_of(fetch, "p90")).s,
		    words_percent(number_of(r, "stall_risk")).s,
		    !json_is_boolean(sustainable) ? "unknown" :
		    json_is_true(sustainable) ? "yes" : "no");
	}
}

static void
print_answer(const json_t *doc)
{
	const char *reason = json_string_value(json_object_get(doc, "reason"));
	const json_t *abandon = json_object_get(doc, "abandon");
	const json_t *to = json_object_get(abandon, "to");
	json_int_t index = json_integer_value(json_object_get(doc, "index"));
	double wait = number_of(doc, "wait_s"), safe = number_of(doc, "max_safe_kbps");
	const json_t *list = json_object_get(doc, "renditions");
	double ttl = number_of(doc, "ttl_s"), kbps = json_number_value(json_object_get(
	    json_array_get(list, index >= 0 ? (size_t)index : 0), "kbps"));
	char why[80];

	printf("Fetch rendition %s%s%s%s", term_tone(stdout, TERM_BOLD),
	    rendition_name(json_object_get(doc, "rendition"), (size_t)index).s,
	    term_tone(stdout, TERM_PLAIN), wait > 0 ? "" : " now");
	if (kbps > 0)
		printf(" (%s)", words_kbps(kbps).s);
	if (wait > 0)
		printf(" in %s", words_s(wait).s);
	printf(": %s.\n", reason_words(words_clean(reason ? reason : "", why, sizeof why)));
	if (json_is_true(json_object_get(abandon, "do")))
		printf("Give up the request under way%s%s.\n", json_is_null(to) ? "" : " for rendition ",
		    json_is_null(to) ? "" :
		    rendition_name(to, (size_t)json_integer_value(to)).s);
	printf("Safe up to %s", words_kbps(safe).s);
	if (isfinite(ttl))
		printf("; ask again within %s", words_s(ttl).s);
	puts(".");
	print_renditions(list, index);
}

enum form { FORM_WORDS, FORM_JSON, FORM_KBPS };

/* The bit rate of what to fetch. */
static int
print_kbps(char **argv, const json_t *doc)
{
	const json_t *index = json_object_get(doc, "index");
	const json_t *rung = json_array_get(json_object_get(doc, "renditions"),
	    json_is_integer(index) ? (size_t)json_integer_value(index) : SIZE_MAX);
	const json_t *kbps = json_object_get(rung, "kbps");

	if (!json_is_integer(kbps))
		return cli_fail(argv, "the answer of linkqd names no rendition.");
	printf("%lld\n", (long long)json_integer_value(kbps));
	return CLI_OK;
}

static int
ask(char **argv, const json_t *request, enum form form)
{
	int status;
	struct client *c = client_open(argv, &status);
	json_t *doc;
	int r;

	if (c == NULL)
		return status;
	r = client_post_json(c, "/v1/hint", request, &doc);
	if (r != 0) {
		status = client_complain(argv, c, r);
	} else {
		status = CLI_OK;
		if (form == FORM_KBPS) {
			status = print_kbps(argv, doc);
		} else if (form == FORM_JSON) {
			ask_print_json(doc);
		} else {
			print_answer(doc);
		}
		json_decref(doc);
	}
	client_close(c);
	return cli_end(argv, status);
}

static int
read_options(int argc, char **argv, json_t *request, enum form *form)
{
	int opt, status = CLI_OK;

	while (status == CLI_OK && (opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (opt == OPT_LADDER)
			status = add_ladder(argv, request);
		else if (opt == OPT_PLAYLIST)
			status = add_playlist(argv, request);
		else if (opt == OPT_MODE)
			status = add_mode(argv, request);
		else if (opt == OPT_JSON)
			*form = FORM_JSON;
		else if (opt == OPT_KBPS)
			*form = FORM_KBPS;
		else if (opt >= OPT_NUMBER && opt < OPT_NUMBER + NUMBERS)
			status = add_number(argv, request, &numbers[opt - OPT_NUMBER]);
		else if (!cli_common_option(opt, argv, &status))
			return status == CLI_OK ? -1 : status; /* help was printed */
	}
	if (status == CLI_OK && optind < argc)
		return cli_usage(argv, "'%s' is one word too many.", argv[optind]);
	return status;
}

int
cmd_hint(int argc, char **argv)
{
	json_t *request = json_object();
	enum form form = FORM_WORDS;
	int status;

	if (request == NULL)
		return cli_fail(argv, "out of memory.");
	status = read_options(argc, argv, request, &form);
	if (status == CLI_OK)
		status = check_request(argv, request);
	if (status == CLI_OK)
		status = ask(argv, request, form);
	json_decref(request);
	return status == -1 ? CLI_OK : status;
}
