/* SPDX-License-Identifier: ISC */
/* linkq watch: the estimate as it changes, fed by the event stream. */
#include "daemon/cli/watch.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/client.h"
#include "daemon/cli/live.h"
#include "daemon/cli/screen.h"
#include "daemon/cli/sse.h"
#include "daemon/cli/moment.h"

#define REDRAW_MS 250
#define RETRY_MS_MIN 250
#define RETRY_MS_MAX 4000
#define PATIENCE_MS 5000
#define SILENCE_US INT64_C(40000000) /* the daemon says something each 15 s */
#define PAST_US INT64_C(600000000)
#define EVENTS_PAST_US INT64_C(86400000000)

const char watch_help[] =
    "  --wait   wait for linkqd where it does not run yet\n"
    "  --plain  one line an update, as where there is no terminal\n\n"
    "q or Ctrl-C ends it. When linkqd restarts, the view goes on by itself.\n";

enum { OPT_WAIT = 1, OPT_PLAIN };

struct watch {
	struct client *client;
	struct screen *screen; /* NULL: lines */
	struct live live;
	struct sse sse;
	bool quit;        /* by key */
	int retry_ms;
	int64_t heard_us; /* monotonic: the last byte of the stream */
	char note[300];   /* why there is no connection */
	size_t lines_told;
};

static volatile sig_atomic_t stopped;

static void
on_signal(int signo)
{
	(void)signo;
	stopped = 1;
}

static int64_t
mono_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

static bool
ends(const struct watch *w)
{
	return w->quit || stopped;
}

static void
say(const char *text)
{
	int64_t now = moment_now();

	printf("%s  %s\n", moment_words(now, now, cli_common.utc).s, text);
	fflush(stdout);
}

/* What happened since the last call, oldest first. */
static void
say_lines(struct watch *w)
{
	const struct live *l = &w->live;

	if (l->lines - w->lines_told > LIVE_LINES)
		w->lines_told = l->lines - LIVE_LINES;
	for (; w->lines_told < l->lines; w->lines_told++)
		say(l->line[w->lines_told % LIVE_LINES].text.s);
}

static void
show(struct watch *w)
{
	int64_t now = mono_now();

	live_tick(&w->live, now);
	if (w->screen == NULL)
		return;
	screen_draw(w->screen, &w->live, w->note, moment_now(), now, cli_common.utc);
	if (screen_keys(w->screen))
		w->quit = true;
}

static void
on_event(void *arg, const char *event, const char *data)
{
	struct watch *w = arg;
	json_t *doc = json_loads(data, 0, NULL);
	int64_t now = mono_now();

	if (doc == NULL)
		return;
	if (strcmp(event, "link") == 0) {
		double before = w->live.view.seq;

		/* a stream begins with what was asked for just before it */
		if (live_estimate(&w->live, doc, now) == 0 && w->screen == NULL &&
		    w->live.view.seq != before)
			say(live_plain(&w->live, now).s);
	} else {
		live_event(&w->live, event, doc, moment_now());
		if (w->screen == NULL)
			say_lines(w);
	}
	json_decref(doc);
}

static int
on_bytes(void *arg, const char *data, size_t len)
{
	struct watch *w = arg;

	w->heard_us = mono_now();
	sse_feed(&w->sse, data, len, on_event, w);
	return 0;
}

/* The rows of an answer in JSON lines. Without a history the view begins empty. */
static void
read_history(struct watch *w, const char *what, int64_t past_us)
{
	int64_t wall = moment_now(), mono = mono_now();
	bool estimates = strcmp(what, "estimates") == 0;
	char path[320], *body, *rest, *line;

	snprintf(path, sizeof path, "/v1/history?what=%s&from=%s&to=%s&format=jsonl", what,
	    moment_rfc3339(wall - past_us).s, moment_rfc3339(wall).s);
	if (client_get(w->client, path, &body) != 0)
		return;
	rest = body;
	while ((line = strsep(&rest, "\n")) != NULL) {
		json_t *row = json_loads(line, 0, NULL);

		if (row != NULL && estimates)
			live_history_estimate(&w->live, row, wall, mono);
		else if (row != NULL)
			live_history_event(&w->live, row, wall);
		json_decref(row);
	}
	free(body);
}

/* The estimate of now, at the first time the past, and the stream. */
static int
begin(struct watch *w)
{
	json_t *doc;
	int r = client_get_json(w->client, "/v1/link", &doc);

	if (r != 0)
		return r;
	if (!w->live.known && w->screen != NULL) {
		read_history(w, "estimates", PAST_US);
		read_history(w, "events", EVENTS_PAST_US);
	}
	if (w->live.connection == LIVE_LOST)
		live_say(&w->live, moment_now(), TERM_DIM, "linkqd is back");
	live_connection(&w->live, LIVE_CONNECTED, mono_now());
	if (live_estimate(&w->live, doc, mono_now()) == 0 && w->screen == NULL)
		say(live_plain(&w->live, mono_now()).s);
	json_decref(doc);
	sse_restart(&w->sse);
	w->heard_us = mono_now();
	return client_start(w->client, "/v1/events", *w->sse.id != '\0' ? w->sse.id : NULL,
	    on_bytes, w);
}

/* Until the stream ends, the user does, or nothing is heard for too long. */
static void
follow(struct watch *w)
{
	int r = 1;

	while (!ends(w) && r == 1) {
		r = client_wait(w->client, REDRAW_MS, w->screen != NULL ? STDIN_FILENO : -1);
		show(w);
		if (mono_now() - w->heard_us > SILENCE_US)
			break;
		if (client_status(w->client) == 200)
			w->retry_ms = RETRY_MS_MIN; /* the next loss is a new one */
	}
	client_stop(w->client);
}

static void
pause_before_retry(struct watch *w)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	int64_t until = mono_now() + w->retry_ms * INT64_C(1000);

	while (!ends(w) && mono_now() < until) {
		int ms = (int)((until - mono_now()) / 1000) + 1;

		show(w);
		poll(&in, w->screen != NULL ? 1 : 0, ms < REDRAW_MS ? ms : REDRAW_MS);
	}
	w->retry_ms = w->retry_ms * 2 < RETRY_MS_MAX ? w->retry_ms * 2 : RETRY_MS_MAX;
}

/* Said once, and shown on the screen until it is over. */
static void
lost(struct watch *w, const char *why)
{
	bool had = w->live.connection == LIVE_CONNECTED;

	if (w->screen == NULL && !ends(w) && (had || *w->note == '\0'))
		say(had ? "linkqd went away; waiting for it" : "waiting for linkqd");
	else if (had)
		live_say(&w->live, moment_now(), TERM_DIM, "linkqd went away");
	snprintf(w->note, sizeof w->note, "%s", why);
	if (strncmp(why, "linkqd", strlen("linkqd")) != 0)
		w->note[0] = (char)toupper((unsigned char)w->note[0]);
	live_connection(&w->live, w->live.known ? LIVE_LOST : LIVE_WAITING, mono_now());
}

static int
run(struct watch *w, char **argv, bool wait, bool plain)
{
	json_t *doc = NULL;
	/* before the screen is taken: a daemon that does not run is one sentence */
	int r = client_get_json(w->client, "/v1/link", &doc);

	json_decref(doc);
	if (r != 0 && (!wait || r != -ECONNREFUSED))
		return client_complain(argv, w->client, r);
	if (!plain)
		w->screen = screen_open();
	while (!ends(w)) {
		r = begin(w);
		if (r == 0)
			follow(w);
		lost(w, r == 0 ? "linkqd went away." : client_error(w->client));
		pause_before_retry(w);
	}
	screen_close(w->screen);
	return CLI_OK;
}

static void
catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigemptyset(&sa.sa_mask);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
}

int
cmd_watch(int argc, char **argv)
{
	static const struct option options[] = {
		{ "wait", no_argument, NULL, OPT_WAIT },
		{ "plain", no_argument, NULL, OPT_PLAIN },
		CLI_LONG_OPTIONS,
	};
	bool wait = false, plain = false;
	struct watch *w;
	int opt, status;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (opt == OPT_WAIT)
			wait = true;
		else if (opt == OPT_PLAIN)
			plain = true;
		else if (!cli_common_option(opt, argv, &status))
			return status;
	}
	if (optind < argc)
		return cli_usage(argv, "'%s' is one word too many.", argv[optind]);
	w = calloc(1, sizeof *w);
	if (w == NULL)
		return cli_fail(argv, "out of memory.");
	live_init(&w->live, mono_now());
	sse_init(&w->sse);
	w->retry_ms = RETRY_MS_MIN;
	w->client = client_open(argv, &status);
	if (w->client != NULL) {
		catch_signals();
		client_be_brief(w->client, PATIENCE_MS, &stopped);
		status = run(w, argv, wait, plain);
	}
	client_close(w->client);
	free(w);
	return cli_end(argv, status);
}
