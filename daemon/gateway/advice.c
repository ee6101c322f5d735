/* SPDX-License-Identifier: ISC */
/* The daemon's advice, or our own. */
#include "daemon/gateway/advice.h"

#include "daemon/gateway/advice_text.h"
#include "estimator/estimator.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MAX (64 * 1024)
#define TELLING_MAX 8 /* observations on their way at once; further ones stay with us */

/* An observation on its way to the daemon. */
struct telling {
	struct advice *a;
	struct fetch *fetch; /* NULL: free */
};

struct advice {
	struct loop *loop;
	struct fetcher *f;
	const struct advice_place *place;
	size_t places, at;
	char app[32];
	/* the question */
	struct loop_timer *timer;
	struct fetch *fetch;
	struct hint_request question;
	bool keep;
	advice_fn *fn; /* NULL: none is asked */
	void *ctx;
	char body[ANSWER_MAX];
	size_t body_len;
	/* the daemon */
	bool answers;
	int64_t away_us; /* not to be asked before */
	struct telling telling[TELLING_MAX];
	/* ourselves */
	struct est est;
	struct outlook outlook;
	struct plan plan;
	struct plan_work work;
	struct hint_choice choice;
};

static void
answer(struct advice *a, const struct advice_answer *said)
{
	advice_fn *fn = a->fn;

	a->fn = NULL;
	loop_timer_stop(a->timer);
	fetch_abort(a->fetch);
	a->fetch = NULL;
	fn(a->ctx, said);
}

/* --- ourselves ---------------------------------------------------------------------------- */

/* "etp=..,mb=..": what we know without a daemon. */
static void
write_cmsd(struct advice *a, char *out, size_t size)
{
	struct est_snapshot now;

	est_read(&a->est, loop_now_us(a->loop), EST_HORIZON_US, &now);
	if (now.rate[EST_DOWN].known)
		snprintf(out, size, "etp=%lld", (long long)now.rate[EST_DOWN].kbps_p50);
}

static void
answer_ourselves(struct advice *a)
{
	struct advice_answer said = {.abandon_to = -1};

	est_tick(&a->est, loop_now_us(a->loop));
	outlook_take(&a->est, OUTLOOK_HORIZON_US, &a->outlook);
	a->choice.abandon_to = -1;
	if (a->keep) {
		hint_keep(&a->question, &a->outlook, &a->plan, &a->choice);
		said.abandon_to = a->choice.abandon_to;
		said.rung = a->question.current >= 0 ? a->question.current : 0;
	} else {
		hint_choose(&a->question, &a->outlook, &a->plan, &a->work, &a->choice);
		said.rung = a->choice.rendition;
	}
	said.outage = a->outlook.offline;
	write_cmsd(a, said.cmsd, sizeof(said.cmsd));
	answer(a, &said);
}

static void
tell_ourselves(struct advice *a, const struct advice_transfer *t)
{
	const int64_t now_us = loop_now_us(a->loop);
	struct est_sample s = {.ended_us = t->ended_us, .request = t->number, .source = EST_APP,
	    .direction = EST_DOWN, .in_progress = t->in_progress, .bytes = t->bytes,
	    .duration_us = t->duration_us, .ttfb_us = t->ttfb_us, .connect_us = -1, .rtt_us = -1};

	if (t->error != NULL && est_error_parse(t->error, &s.error) != 0)
		s.error = EST_ERROR_ABORTED;
	est_add(&a->est, now_us > a->est.now_us ? now_us : a->est.now_us, &s);
}

/* --- the daemon ----------------------------------------------------------------------------- */

static size_t
on_body(void *ctx, const char *data, size_t len)
{
	struct advice *a = ctx;

	if (len > sizeof(a->body) - a->body_len)
		return 0;
	memcpy(a->body + a->body_len, data, len);
	a->body_len += len;
	return len;
}

static void ask_daemon(struct advice *a);

static void
on_end(void *ctx, const struct fetch_info *i)
{
	struct advice *a = ctx;
	struct advice_answer said;

	a->fetch = NULL;
	a->answers = i->error == FETCH_OK &&
	    advice_read(a->body, a->body_len, a->question.rungs, &said) == 0;
	if (a->answers) {
		answer(a, &said);
	} else if (i->status == 0 && a->at + 1 < a->places) {
		a->at++;
		ask_daemon(a);
	} else {
		a->away_us = loop_now_us(a->loop) + ADVICE_AWAY_US;
		answer_ourselves(a);
	}
}

static int
post(struct advice *a, const char *path, const char *json, const struct fetch_events *events,
    struct fetch **out)
{
	const struct advice_place *p = &a->place[a->at];
	char url[URL_MAX];
	struct fetch_order o = {.url = url, .len = -1, .connect_us = ADVICE_PATIENCE_US,
	    .to_daemon = true, .socket = p->socket, .authorization = p->authorization,
	    .json = json};

	snprintf(url, sizeof(url), "%.2000s%s", p->url, path);
	return fetch_start(a->f, &o, events, out);
}

static void
ask_daemon(struct advice *a)
{
	const struct fetch_events events = {.ctx = a, .body = on_body, .end = on_end};
	static char text[ADVICE_TEXT_MAX];
	struct buf b;

	buf_init(&b, text, sizeof(text) - 1);
	advice_write(&a->question, &b);
	text[b.len] = '\0';
	a->body_len = 0;
	if (b.overflow || post(a, "/v1/hint", text, &events, &a->fetch) != 0)
		a->fetch = NULL; /* the timer answers */
}

static void
on_timer(void *arg, int64_t now_us)
{
	struct advice *a = arg;

	if (a->fn == NULL)
		return;
	if (a->places > 0 && now_us >= a->away_us) { /* it was asked, and took too long */
		a->answers = false;
		a->away_us = now_us + ADVICE_AWAY_US;
	}
	answer_ourselves(a);
}

void
advice_ask(struct advice *a, const struct hint_request *r, bool keep, advice_fn *fn, void *ctx)
{
	advice_drop(a);
	a->question = *r;
	memcpy(a->question.session, a->app, sizeof(a->app));
	a->keep = keep;
	a->fn = fn;
	a->ctx = ctx;
	if (a->places == 0 || loop_now_us(a->loop) < a->away_us) {
		loop_timer_set(a->timer, 0);
		return;
	}
	if (!a->answers)
		a->at = 0;
	loop_timer_set(a->timer, ADVICE_PATIENCE_US);
	ask_daemon(a);
}

void
advice_drop(struct advice *a)
{
	loop_timer_stop(a->timer);
	fetch_abort(a->fetch);
	a->fetch = NULL;
	a->fn = NULL;
}

static size_t
ignore_body(void *ctx, const char *data, size_t len)
{
	(void)ctx;
	(void)data;
	return len;
}

static void
told(void *ctx, const struct fetch_info *i)
{
	struct telling *t = ctx;

	(void)i;
	t->fetch = NULL;
}

void
advice_tell(struct advice *a, const struct advice_transfer *t)
{
	char text[512];
	struct buf b;

	tell_ourselves(a, t);
	if (a->places == 0 || (!a->answers && loop_now_us(a->loop) < a->away_us))
		return;
	buf_init(&b, text, sizeof(text) - 1);
	advice_write_transfer(t, a->app, loop_now_us(a->loop), &b);
	text[b.len] = '\0';
	for (size_t i = 0; i < TELLING_MAX; i++) {
		struct telling *way = &a->telling[i];
		const struct fetch_events events = {.ctx = way, .body = ignore_body, .end = told};

		if (way->fetch != NULL)
			continue;
		if (post(a, "/v1/observations", text, &events, &way->fetch) != 0)
			way->fetch = NULL;
		return;
	}
}

bool
advice_has_daemon(const struct advice *a)
{
	return a->answers;
}

int
advice_create(struct loop *loop, struct fetcher *f, const struct advice_place *places,
    size_t places_len, struct advice **out)
{
	struct advice *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return -ENOMEM;
	a->loop = loop;
	a->f = f;
	a->place = places;
	a->places = places_len;
	snprintf(a->app, sizeof(a->app), "linkq-hls-%d", (int)getpid());
	a->away_us = INT64_MIN;
	est_init(&a->est, EST_LINK_OTHER, loop_now_us(loop));
	plan_init(&a->plan);
	if (loop_timer_create(loop, on_timer, a, &a->timer) != 0) {
		free(a);
		return -ENOMEM;
	}
	*out = a;
	return 0;
}

void
advice_destroy(struct advice *a)
{
	if (a == NULL)
		return;
	advice_drop(a);
	for (size_t i = 0; i < TELLING_MAX; i++)
		fetch_abort(a->telling[i].fetch);
	loop_timer_destroy(a->timer);
	free(a);
}
