/* SPDX-License-Identifier: ISC */
/* linkq export: the history as CSV or JSON lines, streamed. */
#include "daemon/cli/export.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/client.h"
#include "daemon/cli/outfile.h"
#include "daemon/cli/moment.h"
#include "daemon/cli/words.h"

#define WAIT_MS 250
#define SILENCE_S 60 /* without a byte: it will not come any more */

const char export_help[] =
    "  --what WHAT      estimates (preset), observations, events or conditions\n"
    "  --from T, --to T the time; preset: all that there is\n"
    "  --step STEP      1s, 1m or 1h: one row of estimates each; preset: as stored\n"
    "  --link ID        one link only\n"
    "  --format FORMAT  csv (preset) or jsonl\n"
    "  -o, --output FILE  a file that appears when it is whole; otherwise standard output\n\n"
    "A time is now, today, yesterday, 90m or 2h (so long ago), 06:15, 2026-11-24,\n"
    "'2026-11-24 06:15' or RFC 3339; local time, or UTC with --utc.\n";

enum { OPT_WHAT = 1, OPT_FROM, OPT_TO, OPT_STEP, OPT_LINK, OPT_FORMAT };

struct export {
	const char *what, *link, *format, *output;
	const char *step;
	int64_t from_us, to_us; /* to: MOMENT_UNKNOWN: up to now */
	struct outfile out;
	double bytes, rows;
	bool progress;
	int64_t heard_s, shown_s;
};

static volatile sig_atomic_t stopped;

static void
on_signal(int signo)
{
	stopped = signo;
}

static int64_t
mono_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static bool
one_of(const char *word, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (strcmp(word, *words) == 0)
			return true;
	}
	return false;
}

static int
on_bytes(void *arg, const char *data, size_t len)
{
	struct export *x = arg;

	x->heard_s = mono_s();
	x->bytes += (double)len;
	for (const char *p = data; (p = memchr(p, '\n', len - (size_t)(p - data))) != NULL; p++)
		x->rows++;
	return outfile_write(&x->out, data, len);
}

/* On standard error, and only where that is a terminal. */
static void
show_progress(struct export *x, bool last)
{
	int64_t now = mono_s();

	if (!x->progress || (!last && now == x->shown_s))
		return;
	x->shown_s = now;
	fprintf(stderr, "\r%.0f rows, %s%s", x->rows, words_bytes(x->bytes).s,
	    last ? "    \n" : "    ");
	fflush(stderr);
}

static int
add(char *path, size_t cap, struct client *c, const char *name, const char *value)
{
	size_t len = strlen(path);
	char *escaped;
	int n;

	if (value == NULL)
		return 0;
	escaped = client_escape(c, value);
	if (escaped == NULL)
		return -ENOMEM;
	n = snprintf(path + len, cap - len, "&%s=%s", name, escaped);
	free(escaped);
	return (size_t)n < cap - len ? 0 : -E2BIG;
}

static int
make_path(const struct export *x, struct client *c, char *path, size_t cap)
{
	struct words from, to;
	int r;

	if (strcmp(x->what, "conditions") == 0)
		snprintf(path, cap, "/v1/conditions?format=%s", x->format);
	else
		snprintf(path, cap, "/v1/history?what=%s&format=%s", x->what, x->format);
	r = add(path, cap, c, "link", x->link);
	if (r == 0)
		r = add(path, cap, c, "step", x->step);
	/* Of conditions a window is asked for: 1970 would make most of it no data. */
	if (r == 0 && (x->from_us != 0 || strcmp(x->what, "conditions") != 0)) {
		from = moment_rfc3339(x->from_us);
		r = add(path, cap, c, "from", from.s);
	}
	if (r == 0 && x->to_us != MOMENT_UNKNOWN) {
		to = moment_rfc3339(x->to_us);
		r = add(path, cap, c, "to", to.s);
	}
	return r;
}

/* Ends as the signal would have ended us, for the shell that asks. */
static int
end_by_signal(int signo)
{
	signal(signo, SIG_DFL);
	raise(signo);
	return CLI_FAILED;
}

static int
stream(char **argv, struct client *c, struct export *x, const char *path)
{
	int r = client_start(c, path, NULL, on_bytes, x);

	x->heard_s = mono_s();
	while (r == 0 || r == 1) {
		r = client_wait(c, WAIT_MS, -1);
		if (r == 0)
			break;
		show_progress(x, false);
		if (stopped) {
			client_stop(c);
			return -EINTR;
		}
		if (r == 1 && mono_s() - x->heard_s > SILENCE_S) {
			client_stop(c);
			cli_fail(argv, "linkqd has sent nothing for %d s.", SILENCE_S);
			return -ETIMEDOUT;
		}
	}
	show_progress(x, true);
	return r;
}

static int
run(char **argv, struct client *c, struct export *x)
{
	char path[2048];
	int r = make_path(x, c, path, sizeof path);

	if (r != 0)
		return cli_fail(argv, "the request is too long.");
	r = outfile_open(&x->out, x->output);
	if (r != 0)
		return cli_fail(argv, "cannot write to %s: %s.", x->output, strerror(-r));
	r = stream(argv, c, x, path);
	if (r == 0) {
		r = outfile_commit(&x->out);
		if (r == 0)
			return CLI_OK;
		return cli_fail(argv, "cannot write %s: %s.", x->output, strerror(-r));
	}
	outfile_discard(&x->out);
	if (stopped)
		return end_by_signal(stopped);
	return r == -ETIMEDOUT ? CLI_FAILED : client_complain(argv, c, r);
}

static int
read_time(char **argv, const char *name, int64_t *out)
{
	if (moment_parse(optarg, moment_now(), cli_common.utc, out) == 0)
		return CLI_OK;
	return cli_usage(argv,
	    "'%s' is no time for %s, as 2h, yesterday, 06:15 or 2026-11-24 are.", optarg, name);
}

static int
check(char **argv, const struct export *x)
{
	static const char *const whats[] = { "estimates", "observations", "events",
		"conditions", NULL };
	static const char *const formats[] = { "csv", "jsonl", NULL };
	static const char *const steps[] = { "1s", "1m", "1h", NULL };

	if (!one_of(x->what, whats))
		return cli_usage(argv,
		    "'%s' is none of estimates, observations, events, conditions.", x->what);
	if (!one_of(x->format, formats))
		return cli_usage(argv, "'%s' is neither csv nor jsonl.", x->format);
	if (x->step != NULL && !one_of(x->step, steps))
		return cli_usage(argv, "'%s' is none of 1s, 1m, 1h.", x->step);
	if (x->to_us != MOMENT_UNKNOWN && x->from_us >= x->to_us)
		return cli_usage(argv, "--from is not before --to.");
	return CLI_OK;
}

static const struct option options[] = {
	{ "what", required_argument, NULL, OPT_WHAT },
	{ "from", required_argument, NULL, OPT_FROM },
	{ "to", required_argument, NULL, OPT_TO },
	{ "step", required_argument, NULL, OPT_STEP },
	{ "link", required_argument, NULL, OPT_LINK },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "output", required_argument, NULL, 'o' },
	CLI_LONG_OPTIONS,
};

/* false: return *status */
static bool
read_option(int opt, char **argv, struct export *x, int *status)
{
	*status = CLI_OK;
	switch (opt) {
	case OPT_WHAT:
		x->what = optarg;
		break;
	case OPT_FROM:
		*status = read_time(argv, "--from", &x->from_us);
		break;
	case OPT_TO:
		*status = read_time(argv, "--to", &x->to_us);
		break;
	case OPT_STEP:
		x->step = optarg;
		break;
	case OPT_LINK:
		x->link = optarg;
		break;
	case OPT_FORMAT:
		x->format = optarg;
		break;
	case 'o':
		x->output = strcmp(optarg, "-") == 0 ? NULL : optarg;
		break;
	default:
		return cli_common_option(opt, argv, status);
	}
	return *status == CLI_OK;
}

int
cmd_export(int argc, char **argv)
{
	/* from 0: all that there is */
	struct export x = { .what = "estimates", .format = "csv", .to_us = MOMENT_UNKNOWN };
	struct client *c;
	int opt, status;

	while ((opt = getopt_long(argc, argv, "ho:", options, NULL)) != -1) {
		if (!read_option(opt, argv, &x, &status))
			return status;
	}
	if (optind < argc)
		return cli_usage(argv, "'%s' is one word too many.", argv[optind]);
	status = check(argv, &x);
	if (status != CLI_OK)
		return status;
	c = client_open(argv, &status);
	if (c == NULL)
		return status;
	/* where the rows go to the terminal themselves they are progress enough */
	x.progress = isatty(STDERR_FILENO) && (x.output != NULL || !isatty(STDOUT_FILENO));
	if (x.output != NULL) { /* no half file is left when we are stopped */
		signal(SIGINT, on_signal);
		signal(SIGTERM, on_signal);
		signal(SIGHUP, on_signal);
	}
	status = run(argv, c, &x);
	client_close(c);
	return status;
}
