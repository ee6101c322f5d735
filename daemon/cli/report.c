/* SPDX-License-Identifier: ISC */
/* linkq report: observations from the shell or a file, for the daemon. */
#include "daemon/cli/report.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/cli/batch.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/lines.h"
#include "daemon/cli/moment.h"
#include "daemon/cli/timings.h"

#define HAR_MAX (128 * 1024 * 1024)
#define PAUSE_MS 200       /* without a further line: send what there is */
#define WAIT_US 500000     /* and no line waits longer than that */

const char report_help[] =
    "One observation by options:\n"
    "  --bytes N           of the body; with k, M, G\n"
    "  --duration-ms T     from the start of the request, DNS and connecting included\n"
    "  --ttfb-ms T         from the start to the first byte; none: no byte came\n"
    "  --connect-ms T      DNS, TCP and TLS together; alone: one bare round trip\n"
    "  --up                an upload\n"
    "  --error WORD        timeout, refused, reset, dns, tls, http or aborted\n"
    "  --id ID             slices of one request share it\n"
    "  --in-progress       a slice: bytes and times so far\n"
    "  --from-cache, --server-limited\n"
    "  --ended T           when it ended; preset: now\n\n"
    "Many, from a file or - (standard input, which may be a pipe that goes on):\n"
    "  FILE                JSON lines, as the API takes them\n"
    "  --curl [FILE]       what curl writes with -w \"$(linkq report --curl-format)\"\n"
    "  --har [FILE]        an HTTP Archive, as browsers save it\n\n"
    "  --app NAME          who has seen it\n"
    "  --quiet             do not print the counts\n"
    "  --curl-format       print the format for curl (since 7.70) and end\n\n"
    "  curl -so /dev/null -w \"$(linkq report --curl-format)\" URL | linkq report --curl\n\n"
    "Lines of a file that do not say when they ended count as ended when the file was\n"
    "last written. Exit status: 0 at least one was accepted, 1 none was, 5 no linkqd.\n";

enum mode { ONE, LINES, CURL, HAR };

enum {
	OPT_BYTES = 1, OPT_UP, OPT_ENDED, OPT_CURL, OPT_HAR, OPT_APP, OPT_QUIET, OPT_CURL_FORMAT,
	OPT_DURATION_MS, OPT_TTFB_MS, OPT_CONNECT_MS, /* milliseconds */
	OPT_ERROR, OPT_ID, OPT_DIRECTION,             /* words */
	OPT_IN_PROGRESS, OPT_FROM_CACHE, OPT_SERVER_LIMITED /* flags */
};

static const struct option options[] = {
	{ "bytes", required_argument, NULL, OPT_BYTES },
	{ "duration-ms", required_argument, NULL, OPT_DURATION_MS },
	{ "ttfb-ms", required_argument, NULL, OPT_TTFB_MS },
	{ "connect-ms", required_argument, NULL, OPT_CONNECT_MS },
	{ "up", no_argument, NULL, OPT_UP },
	{ "direction", required_argument, NULL, OPT_DIRECTION },
	{ "error", required_argument, NULL, OPT_ERROR },
	{ "id", required_argument, NULL, OPT_ID },
	{ "in-progress", no_argument, NULL, OPT_IN_PROGRESS },
	{ "from-cache", no_argument, NULL, OPT_FROM_CACHE },
	{ "server-limited", no_argument, NULL, OPT_SERVER_LIMITED },
	{ "ended", required_argument, NULL, OPT_ENDED },
	{ "curl", no_argument, NULL, OPT_CURL },
	{ "har", no_argument, NULL, OPT_HAR },
	{ "app", required_argument, NULL, OPT_APP },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	{ "curl-format", no_argument, NULL, OPT_CURL_FORMAT },
	CLI_LONG_OPTIONS,
};

struct report {
	enum mode mode;
	const char *file, *app;
	bool quiet;
	json_t *one; /* by options */
};

static int
set_ms(char **argv, json_t *one, const char *member)
{
	double ms;

	if (!cli_number(optarg, 0, 86400e3, &ms))
		return cli_usage(argv, "'%s' is no number of milliseconds.", optarg);
	json_object_set_new(one, member, json_real(ms));
	return CLI_OK;
}

static int
set_bytes(char **argv, json_t *one)
{
	double bytes = 0;

	if (strcmp(optarg, "0") != 0 && !cli_bytes(optarg, &bytes))
		return cli_usage(argv, "'%s' is no number of bytes.", optarg);
	json_object_set_new(one, "bytes", json_integer((json_int_t)bytes));
	return CLI_OK;
}

static int
set_ended(char **argv, json_t *one)
{
	int64_t us;

	if (moment_parse(optarg, moment_now(), cli_common.utc, &us) != 0)
		return cli_usage(argv, "'%s' is no time.", optarg);
	json_object_set_new(one, "ended_at", json_string(moment_rfc3339(us).s));
	return CLI_OK;
}

static int
set_mode(char **argv, struct report *r, enum mode mode)
{
	if (r->mode != ONE)
		return cli_usage(argv, "--curl and --har do not go together.");
	r->mode = mode;
	return CLI_OK;
}

/* The options that make up one observation; -1: not one of them. */
static int
read_one(int opt, char **argv, json_t *one)
{
	switch (opt) {
	case OPT_BYTES:
		return set_bytes(argv, one);
	case OPT_DURATION_MS:
		return set_ms(argv, one, "duration_ms");
	case OPT_TTFB_MS:
		return set_ms(argv, one, "ttfb_ms");
	case OPT_CONNECT_MS:
		return set_ms(argv, one, "connect_ms");
	case OPT_ENDED:
		return set_ended(argv, one);
	case OPT_UP:
		json_object_set_new(one, "direction", json_string("up"));
		return CLI_OK;
	case OPT_DIRECTION:
		json_object_set_new(one, "direction", json_string(optarg));
		return CLI_OK;
	case OPT_ERROR:
		json_object_set_new(one, "ok", json_false());
		json_object_set_new(one, "error", json_string(optarg));
		return CLI_OK;
	case OPT_ID:
		json_object_set_new(one, "id", json_string(optarg));
		return CLI_OK;
	case OPT_IN_PROGRESS:
		json_object_set_new(one, "in_progress", json_true());
		return CLI_OK;
	case OPT_FROM_CACHE:
		json_object_set_new(one, "from_cache", json_true());
		return CLI_OK;
	case OPT_SERVER_LIMITED:
		json_object_set_new(one, "server_limited", json_true());
		return CLI_OK;
	default:
		return -1;
	}
}

/* false: return *status */
static bool
read_option(int opt, char **argv, struct report *r, int *status)
{
	switch (opt) {
	case OPT_CURL:
		*status = set_mode(argv, r, CURL);
		break;
	case OPT_HAR:
		*status = set_mode(argv, r, HAR);
		break;
	case OPT_APP:
		r->app = optarg;
		break;
	case OPT_QUIET:
		r->quiet = true;
		break;
	case OPT_CURL_FORMAT:
		puts(TIMINGS_CURL_FORMAT);
		*status = cli_end(argv, CLI_OK);
		return false;
	default:
		*status = read_one(opt, argv, r->one);
		if (*status != -1)
			break;
		*status = CLI_OK;
		return cli_common_option(opt, argv, status);
	}
	return *status == CLI_OK;
}

/* One line: an observation, an array of them, or a line of curl. */
static int
take_line(struct batch *b, enum mode mode, char *line, long number, bool live,
    const char *ended_at)
{
	json_t *doc = json_loads(line, 0, NULL), *one;
	const char *why;
	size_t i;
	int r = 0;

	if (line[strspn(line, " \t")] == '\0')
		return 0;
	if (doc == NULL) {
		batch_reject(b, number, "this is not JSON");
		return 0;
	}
	if (mode == CURL) {
		one = timings_of_curl(doc, &why);
		json_decref(doc);
		if (one == NULL) {
			batch_reject(b, number, why);
			return 0;
		}
		doc = one;
	}
	if (!json_is_array(doc))
		doc = json_pack("[o]", doc);
	json_array_foreach(doc, i, one) {
		if (ended_at != NULL && json_is_object(one) &&
		    json_object_get(one, "ended_at") == NULL &&
		    json_object_get(one, "ended_ms_ago") == NULL)
			json_object_set_new(one, "ended_at", json_string(ended_at));
		if (r == 0)
			r = batch_add(b, json_incref(one), number, live);
	}
	json_decref(doc);
	return r;
}

static bool
due(const struct batch *b, int result)
{
	int64_t since = batch_waiting_since(b);

	return result == LINES_WAIT || (since >= 0 && batch_clock_us() - since > WAIT_US);
}

static int
take_lines(struct batch *b, enum mode mode, int fd)
{
	struct lines *l = malloc(sizeof *l);
	struct words ended = { "" };
	struct stat st;
	bool file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	long number = 0;
	char *line;
	int r, error = 0;

	if (l == NULL)
		return -ENOMEM;
	if (file)
		ended = moment_rfc3339(st.st_mtim.tv_sec * INT64_C(1000000) +
		    st.st_mtim.tv_nsec / 1000);
	lines_init(l, fd);
	while (error == 0 && (r = lines_next(l, PAUSE_MS, &line)) != LINES_END && r >= 0) {
		if (r == LINES_TOO_LONG)
			batch_reject(b, ++number, "the line is too long");
		else if (r == LINES_LINE)
			error = take_line(b, mode, line, ++number, !file, file ? ended.s : NULL);
		if (error == 0 && due(b, r))
			error = batch_flush(b);
	}
	if (error == 0 && r < 0)
		cli_fail(b->argv, "cannot read %s: %s.", file ? "the file" : "the input",
		    strerror(-(error = r)));
	free(l);
	return error;
}

static int
by_end(const void *a, const void *b)
{
	const json_t *const *x = a, *const *y = b;

	/* both are UTC with milliseconds: text order is time order */
	return strcmp(json_string_value(json_object_get(*x, "ended_at")),
	    json_string_value(json_object_get(*y, "ended_at")));
}

static int
take_har(struct batch *b, const json_t *har)
{
	const json_t *entries = timings_har_entries(har);
	size_t n = json_array_size(entries), taken = 0;
	json_t **list = calloc(n + 1, sizeof *list);
	int r = 0;

	if (list == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const char *why;

		list[taken] = timings_of_har_entry(json_array_get(entries, i), &why);
		if (list[taken] != NULL)
			json_object_set_new(list[taken++], "", json_integer((json_int_t)i + 1));
		else if (why != NULL)
			batch_reject(b, (long)i + 1, why);
	}
	/* an archive is in the order of beginnings; slices of time belong in that of ends */
	qsort(list, taken, sizeof *list, by_end);
	for (size_t i = 0; i < taken; i++) {
		long place = (long)json_integer_value(json_object_get(list[i], ""));

		json_object_del(list[i], "");
		if (r == 0)
			r = batch_add(b, list[i], place, false);
		else
			json_decref(list[i]);
	}
	free(list);
	return r;
}

static int
read_har(struct batch *b, const char *file)
{
	json_error_t where;
	json_t *har;
	char *text;
	size_t len;
	int r = cli_read_file(file, HAR_MAX, &text, &len);

	if (r != 0) {
		cli_fail(b->argv, "cannot read %s: %s.", file, strerror(-r));
		return r;
	}
	har = json_loadb(text, len, 0, &where);
	free(text);
	if (timings_har_entries(har) == NULL) {
		json_decref(har);
		if (har == NULL)
			cli_fail(b->argv, "%s is not JSON (line %d: %s).", file, where.line, where.text);
		else
			cli_fail(b->argv, "%s is no HTTP Archive: it has no log.entries.", file);
		return -EINVAL;
	}
	b->place = "entry";
	r = take_har(b, har);
	json_decref(har);
	return r;
}

static int
read_lines(struct batch *b, enum mode mode, const char *file)
{
	int fd = strcmp(file, "-") == 0 ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0) {
		cli_fail(b->argv, "cannot read %s: %s.", file, strerror(errno));
		return -errno;
	}
	b->place = "line";
	r = take_lines(b, mode, fd);
	if (fd != STDIN_FILENO)
		close(fd);
	return r;
}

static int
send_all(char **argv, struct client *c, struct report *r)
{
	struct batch *b = malloc(sizeof *b);
	int error, status;

	if (b == NULL || batch_init(b, argv, c) != 0) {
		free(b);
		return cli_fail(argv, "out of memory.");
	}
	b->app = r->app;
	if (r->mode == ONE)
		error = batch_add(b, json_incref(r->one), 1, true);
	else if (r->mode == HAR)
		error = read_har(b, r->file);
	else
		error = read_lines(b, r->mode, r->file);
	if (error == 0)
		error = batch_flush(b);
	status = error == 0 ? batch_result(b, r->quiet) :
	    error == -ECONNREFUSED ? CLI_UNREACHABLE : CLI_FAILED;
	batch_finish(b);
	free(b);
	return status;
}

/* What can be said before the daemon is asked. */
static int
check(int argc, char **argv, struct report *r)
{
	bool bytes = json_object_get(r->one, "bytes") != NULL;
	bool duration = json_object_get(r->one, "duration_ms") != NULL;
	bool connect = json_object_get(r->one, "connect_ms") != NULL;

	if (argc - optind > 1)
		return cli_usage(argv, "one file at a time.");
	if (argc - optind == 1 && r->mode == ONE)
		r->mode = LINES;
	r->file = argc - optind == 1 ? argv[optind] : "-";
	if (r->mode != ONE && json_object_size(r->one) > 0)
		return cli_usage(argv, "options that make up an observation do not go with a file.");
	if (r->mode == ONE && !(bytes && duration) && !(connect && !bytes && !duration))
		return cli_usage(argv,
		    "an observation needs --bytes and --duration-ms, or --connect-ms alone.");
	return CLI_OK;
}

int
cmd_report(int argc, char **argv)
{
	struct report r = { .mode = ONE, .one = json_object() };
	struct client *c;
	int opt, status = CLI_OK;

	if (r.one == NULL)
		return cli_fail(argv, "out of memory.");
	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (!read_option(opt, argv, &r, &status)) {
			json_decref(r.one);
			return status;
		}
	}
	status = check(argc, argv, &r);
	if (status == CLI_OK && (c = client_open(argv, &status)) != NULL) {
		status = send_all(argv, c, &r);
		client_close(c);
	}
	json_decref(r.one);
	return status;
}
