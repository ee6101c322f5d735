/* SPDX-License-Identifier: ISC */
/*
 * linkq decide: the hint without the network. Each line is a question or the progress of the
 * transfer under way; its own "t" is the only clock. An estimator of its own learns from
 * "last" and from the progress, and the plan is the one that POST /v1/hint asks.
 */
#include "daemon/cli/decide.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/hint.h"
#include "api/json.h"
#include "api/rows.h"
#include "daemon/cli/cli.h"
#include "estimator/estimator.h"

#define LINE_MAX_BYTES (256 * 1024)

const char decide_help[] =
    "  A question: {\"t\":s,\"buffer_s\":..,\"last\":{..}|null,\"ladder_kbps\":[..],\"segment_s\":..,\n"
    "  \"max_buffer_s\":..}, answered by {\"rendition\":i,\"wait_s\":s}; about each 0.5 s of a\n"
    "  transfer {\"type\":\"progress\",..}, answered by {\"abandon\":null|i}. Times are yours.\n"
    "  Example:\n"
    "  linkq decide < questions.jsonl\n";

struct decide {
	struct est est;
	struct hint_request rq;
	struct hint_choice choice;
	struct outlook outlook;
	struct plan plan;
	struct plan_work work;
	bool begun;
	int64_t asked_us;   /* when the transfer under way was decided on */
	int64_t wait_us;    /* and how long it was put off */
	uint64_t request;   /* its number: its slices share it */
	int chosen;         /* -1: nothing yet */
	int plays;          /* when the transfer under way was decided on; -1 */
};

static void
observe(struct decide *d, const struct hint_transfer *t, int64_t end_us, bool in_progress)
{
	struct est_sample s;

	hint_sample(&d->rq, t, in_progress, &s);
	s.ended_us = end_us;
	s.request = d->request;
	est_add(&d->est, end_us > d->est.now_us ? end_us : d->est.now_us, &s);
}

/* It ended when it was asked for plus what it took: a full buffer puts idle time between its
 * end and the next question. */
static int64_t
end_of_last(const struct decide *d, int64_t now_us)
{
	int64_t end_us = d->asked_us + d->wait_us + d->rq.last.duration_us;

	return d->chosen >= 0 && end_us < now_us ? end_us : now_us;
}

static void
look(struct decide *d, int64_t now_us)
{
	est_tick(&d->est, now_us);
	outlook_take(&d->est, OUTLOOK_HORIZON_US, &d->outlook);
}

static void
answer_progress(struct decide *d, int64_t now_us, struct jw *w)
{
	struct hint_transfer *t = &d->rq.inflight;

	if (t->duration_us > 0)
		observe(d, t, now_us, true);
	d->rq.current = d->plays;
	look(d, now_us);
	hint_keep(&d->rq, &d->outlook, &d->plan, &d->choice);
	jw_key(w, "abandon");
	jw_int(w, d->choice.abandon_to >= 0 ? d->choice.abandon_to : API_UNKNOWN);
}

static void
answer_question(struct decide *d, int64_t now_us, struct jw *w)
{
	const struct hint_transfer *last = &d->rq.last;

	if (last->there && last->duration_us > 0)
		observe(d, last, end_of_last(d, now_us), false);
	if (d->rq.current < 0 && last->there)
		d->rq.current = last->rendition >= 0 ? last->rendition : d->chosen;
	if (d->rq.current >= (int)d->rq.rungs)
		d->rq.current = -1; /* another ladder than before */
	if (last->aborted) /* it was never shown */
		d->rq.current = d->plays < (int)d->rq.rungs ? d->plays : -1;
	d->plays = d->rq.current;
	look(d, now_us);
	hint_choose(&d->rq, &d->outlook, &d->plan, &d->work, &d->choice);
	d->chosen = d->choice.rendition;
	d->asked_us = now_us;
	d->wait_us = d->choice.plan.wait_us;
	d->request++;
	jw_key_int(w, "rendition", d->chosen);
	jw_key_fixed(w, "wait_s", d->wait_us / 1000, 3);
}

/* NULL, or what is wrong with the line. */
static const char *
answer_line(struct decide *d, const char *text, size_t len, struct problem *p)
{
	char memory[128];
	struct hint_line line;
	struct buf b;
	struct jw w;

	if (hint_read_line(text, len, &d->rq, &line, p) != 0)
		return p->detail;
	if (!d->begun)
		est_init(&d->est, EST_LINK_OTHER, line.t_us);
	else if (line.t_us < d->est.now_us)
		return "t goes back in time.";
	d->begun = true;
	buf_init(&b, memory, sizeof(memory));
	jw_init(&w, &b);
	jw_open(&w, '{');
	if (line.progress)
		answer_progress(d, line.t_us, &w);
	else
		answer_question(d, line.t_us, &w);
	jw_close(&w, '}');
	buf_char(&b, '\n');
	fwrite(memory, 1, b.len, stdout);
	fflush(stdout); /* the one who asks waits for it */
	return NULL;
}

static int
answer_all(struct decide *d, char **argv)
{
	struct problem p;
	char *line = NULL;
	size_t room = 0;
	long n = 0;
	int status = CLI_OK;
	ssize_t len;

	while (status == CLI_OK && (len = getline(&line, &room, stdin)) >= 0) {
		const char *wrong = NULL;

		n++;
		if (strspn(line, " \t\r\n") == (size_t)len)
			continue;
		if (len > LINE_MAX_BYTES)
			wrong = "It is too long.";
		else
			wrong = answer_line(d, line, (size_t)len, &p);
		if (wrong != NULL)
			status = cli_fail(argv, "line %ld: %s", n, wrong);
	}
	free(line);
	return status;
}

int
cmd_decide(int argc, char **argv)
{
	static const struct option options[] = {CLI_LONG_OPTIONS};
	struct decide *d;
	int opt, status;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (!cli_common_option(opt, argv, &status))
			return status;
	}
	if (optind < argc)
		return cli_usage(argv, "reads standard input; '%s' is one word too many.",
		    argv[optind]);
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return cli_fail(argv, "out of memory.");
	d->chosen = d->plays = -1;
	plan_init(&d->plan);
	status = answer_all(d, argv);
	free(d);
	return cli_end(argv, status);
}
