/* SPDX-License-Identifier: ISC */
/* linkq links, name, forget: the links that this host was on. */
#include "daemon/cli/links.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/cli/ask.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/moment.h"
#include "daemon/cli/words.h"

#define REMEMBERED "/v1/links?remembered=true"

const char links_help[] =
    "  --json   the daemon's answer as it is\n\n"
    "Those that are up and those that were, the one that was seen last first.\n";
const char name_help[] =
    "LINK is an id or a name, as linkq links shows them, or the interface of a link that\n"
    "is up. A NAME of \"\" takes the name away.\n";
const char forget_help[] =
    "  --all        every link, and all of the history\n"
    "  --before T   what was recorded before T, of whatever link, and the links that were\n"
    "               not seen since: 2026-11-24, 06:15, 7d, ...\n\n"
    "LINK is an id or a name, as linkq links shows them, or the interface of a link that\n"
    "is up. What was learnt of it goes, its name, and its rows in the history.\n";

enum { OPT_JSON = 1, OPT_ALL, OPT_BEFORE };

static const char *
member(const json_t *link, const char *key)
{
	const char *text = json_string_value(json_object_get(link, key));

	return text != NULL ? text : "";
}

static void
print_link(const json_t *link)
{
	char id[24], name[80], interface[24], kind[16];
	bool up = json_is_true(json_object_get(link, "up"));
	int64_t seen = MOMENT_UNKNOWN;

	(void)moment_parse_rfc3339(member(link, "last_seen"), &seen);
	printf("%-9s %-15s %-9s %s%s%s\n", words_clean(member(link, "id"), id, sizeof id),
	    words_clean(member(link, "interface"), interface, sizeof interface),
	    words_clean(member(link, "kind"), kind, sizeof kind),
	    up ? "up" : seen == MOMENT_UNKNOWN ? "was up" : moment_ago(seen, moment_now()).s,
	    *member(link, "name") != '\0' ? "  " : "",
	    words_clean(member(link, "name"), name, sizeof name));
}

static int
list(char **argv, struct client *c, bool json)
{
	json_t *doc = NULL, *link;
	const json_t *links;
	size_t i;
	int r = client_get_json(c, REMEMBERED, &doc);

	if (r != 0)
		return client_complain(argv, c, r);
	links = json_object_get(doc, "remembered");
	if (json) {
		ask_print_json(doc);
	} else if (json_array_size(links) == 0)
		puts("No link was up yet.");
	else
		json_array_foreach(links, i, link)
			print_link(link);
	json_decref(doc);
	return 0;
}

int
cmd_links(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, OPT_JSON },
		CLI_LONG_OPTIONS,
	};
	bool json = false;
	struct client *c;
	int opt, status;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (opt == OPT_JSON)
			json = true;
		else if (!cli_common_option(opt, argv, &status))
			return status;
	}
	c = ask_open(argc, argv, &status);
	if (c == NULL)
		return status;
	status = list(argv, c, json);
	client_close(c);
	return cli_end(argv, status);
}

/* --- which one -------------------------------------------------------------------------- */

static bool
is_called(const json_t *link, const char *word)
{
	/* Most links have no name: an empty word is a script's variable that was not set. */
	return (*word != '\0' && strcmp(member(link, "name"), word) == 0) ||
	    (json_is_true(json_object_get(link, "up")) &&
		strcmp(member(link, "interface"), word) == 0);
}

/* The path of the link that a person means; 0 or an exit status, and its sentence. */
static int
find(char **argv, struct client *c, const char *word, char *path, size_t cap)
{
	json_t *doc = NULL, *link;
	const char *id = NULL;
	size_t i, n = 0;
	int r = client_get_json(c, REMEMBERED, &doc);

	if (r != 0)
		return client_complain(argv, c, r);
	json_array_foreach(json_object_get(doc, "remembered"), i, link) {
		if (strcmp(member(link, "id"), word) == 0) {
			id = member(link, "id");
			n = 1;
			break;
		}
		if (is_called(link, word)) {
			id = member(link, "id");
			n++;
		}
	}
	if (n == 1)
		ask_path(c, "/v1/links/", id, path, cap);
	json_decref(doc);
	if (n == 0)
		return cli_fail(argv, "no link is called '%s'; linkq links shows all.", word);
	return n == 1 ? 0 : cli_fail(argv, "%zu links are called '%s'; say which by its id.", n,
	    word);
}

/* --- name --------------------------------------------------------------------------------- */

static int
give_name(char **argv, struct client *c, const char *word, const char *name)
{
	json_t *body, *doc = NULL;
	char path[160], id[24], clean[80];
	int r = find(argv, c, word, path, sizeof path);

	if (r != 0)
		return r;
	body = json_pack("{s:s}", "name", name);
	if (body == NULL)
		return cli_usage(argv, "a name is text in UTF-8.");
	r = client_post_json(c, path, body, &doc);
	json_decref(body);
	if (r != 0)
		return client_complain(argv, c, r);
	words_clean(member(doc, "id"), id, sizeof id);
	if (*name != '\0')
		printf("%s is called %s.\n", id, words_clean(member(doc, "name"), clean,
		    sizeof clean));
	else
		printf("%s has no name any more.\n", id);
	json_decref(doc);
	return 0;
}

int
cmd_name(int argc, char **argv)
{
	static const struct option options[] = { CLI_LONG_OPTIONS };
	struct client *c;
	int opt, status;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1)
		if (!cli_common_option(opt, argv, &status))
			return status;
	if (argc - optind != 2)
		return cli_usage(argv, "a link and a name are needed.");
	c = client_open(argv, &status);
	if (c == NULL)
		return status;
	status = give_name(argv, c, argv[optind], argv[optind + 1]);
	client_close(c);
	return cli_end(argv, status);
}

/* --- forget ----------------------------------------------------------------------------- */

static int
forget(char **argv, struct client *c, const char *path)
{
	json_t *doc = NULL;
	const json_t *rows;
	json_int_t links;
	int r = client_delete_json(c, path, &doc);

	if (r != 0)
		return client_complain(argv, c, r);
	links = json_integer_value(json_object_get(doc, "links"));
	rows = json_object_get(doc, "rows");
	printf("Forgotten: %lld link%s", (long long)links, links == 1 ? "" : "s");
	if (json_is_integer(rows))
		printf(" and %lld row%s of the history.\n", (long long)json_integer_value(rows),
		    json_integer_value(rows) == 1 ? "" : "s");
	else
		puts("; the rows of the history are still being deleted.");
	json_decref(doc);
	return 0;
}

static int
forget_before(char **argv, struct client *c, const char *when)
{
	char path[160];
	int64_t us;

	if (moment_parse(when, moment_now(), cli_common.utc, &us) != 0)
		return cli_usage(argv, "'%s' is no time; 2026-11-24, 06:15 and 7d are.", when);
	snprintf(path, sizeof path, "/v1/links?before=%s", moment_rfc3339(us).s);
	return forget(argv, c, path);
}

static int
forget_named(char **argv, struct client *c, char **words)
{
	char path[160];
	int r = 0;

	for (; r == 0 && *words != NULL; words++) {
		r = find(argv, c, *words, path, sizeof path);
		if (r == 0)
			r = forget(argv, c, path);
	}
	return r;
}

int
cmd_forget(int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, OPT_ALL },
		{ "before", required_argument, NULL, OPT_BEFORE },
		CLI_LONG_OPTIONS,
	};
	const char *before = NULL;
	bool all = false;
	struct client *c;
	int opt, status;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (opt == OPT_ALL)
			all = true;
		else if (opt == OPT_BEFORE)
			before = optarg;
		else if (!cli_common_option(opt, argv, &status))
			return status;
	}
	if ((optind < argc) + all + (before != NULL) != 1)
		return cli_usage(argv, "say a link, --all or --before, and only one of them.");
	c = client_open(argv, &status);
	if (c == NULL)
		return status;
	if (all)
		status = forget(argv, c, "/v1/links?all=true");
	else if (before != NULL)
		status = forget_before(argv, c, before);
	else
		status = forget_named(argv, c, argv + optind);
	client_close(c);
	return cli_end(argv, status);
}
