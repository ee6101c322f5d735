/* SPDX-License-Identifier: ISC */
/* A segment's transfer: begun, timed, given up for another, gone on with where it broke off. */
#include "daemon/gateway/internal.h"

#include <errno.h>
#include <string.h>

#define BREAKS_MAX 8 /* without a byte in between; then another rung */
/* Bytes are held back until all have come, so that another rendition can still take their
 * place. A player with so little left gets what there is, if nothing lower could. */
#define LOW_US (SECOND_US * 7 / 10)
#define NEARLY_SHARE 5 /* and if no more than this part of it is missing */
#define OUTAGE_PATIENCE 4 /* times the usual one, while the link is known to be out */

/* --- what curl says -------------------------------------------------------------------------- */

static bool
on_head(void *ctx, const struct fetch_info *i)
{
	struct job *j = ctx;
	const bool asked_part = j->range.len >= 0 || j->got > 0;

	j->skip = 0;
	if (asked_part && i->status != 206) {
		if (j->range.len >= 0)
			return false; /* all of a resource in place of a part of it */
		j->skip = j->got;
		j->total = i->length;
	} else if (j->range.len >= 0) {
		j->total = j->range.len;
	} else if (i->length >= 0) {
		j->total = j->got + i->length;
	}
	return true;
}

static size_t
on_body(void *ctx, const char *data, size_t len)
{
	struct job *j = ctx;
	size_t again = (int64_t)len < j->skip ? len : (size_t)j->skip;

	if (j->len >= HOLD_MAX) { /* its reader has to make room; nothing of it is taken yet */
		j->released = j->held_up = true;
		gateway_kick(j->track->g);
		return FETCH_PAUSE;
	}
	if (!job_space(j, len + FMP4_PARAMETERS_MAX))
		return 0;
	j->skip -= (int64_t)again;
	memcpy(j->data + j->len, data + again, len - again);
	j->len += len - again;
	j->got += (int64_t)(len - again);
	if (len > again) {
		j->progress_us = loop_now_us(j->track->g->loop);
		j->breaks = 0;
	}
	gateway_kick(j->track->g);
	return len;
}

/* --- the end ------------------------------------------------------------------------------- */

/* The transfer under way, as far as it has come. Nothing is told of one that we held up. */
static void
tell(struct job *j, const struct fetch_info *i, bool in_progress, const char *error)
{
	const int64_t now_us = in_progress ? loop_now_us(j->track->g->loop) : i->last_us;
	const struct advice_transfer t = {.number = j->request, .bytes = i->bytes,
	    .duration_us = now_us - i->begun_us, .ttfb_us = i->ttfb_us, .ended_us = now_us,
	    .in_progress = in_progress, .error = error};

	if (!j->held_up && t.duration_us > 0)
		advice_tell(j->track->g->advice, &t);
}

static void
note_last(struct job *j, const struct fetch_info *i, bool aborted, int64_t now_us)
{
	struct track *t = j->track;

	t->last = (struct hint_transfer){.there = true, .rendition = j->rung, .bytes = i->bytes,
	    .total_bytes = aborted ? j->total : -1, .duration_us = now_us - i->begun_us,
	    .ttfb_us = i->ttfb_us, .aborted = aborted};
	t->last_ended_us = now_us;
}

static void
finish(struct job *j, const struct fetch_info *i)
{
	struct track *t = j->track;

	j->state = JOB_DONE;
	job_join(j, i->last_us);
	if (j->state != JOB_DONE) /* it could not be joined */
		return;
	j->ready = j->len;
	j->released = true;
	if (t->rungs > 1) {
		t->counters = j->counters;
		t->counters_of = j->number;
		t->g->switches += t->plays >= 0 && t->plays != j->rung;
		t->plays = j->rung;
	}
	t->g->segments++;
	note_last(j, i, false, i->last_us);
	gateway_note(t->g, "%s/%lld: rendition %d, %lld bytes in %.2f s", t->folder,
	    (long long)j->number, j->rung, (long long)j->got,
	    (double)(i->last_us - i->begun_us) / 1e6);
}

/* May another rendition still take its place? */
static bool
may_change(const struct job *j)
{
	const struct track *t = j->track;

	return !j->released && t->rungs > 1 && t->fixed < 0 &&
	    !(j->section_told && t->g->o.switching == GATEWAY_SWITCH_MAP);
}

/* It broke off, or never began: on it goes where it ended, on a new connection. */
static void
broke(struct job *j, int status, int64_t now_us)
{
	const struct gateway *g = j->track->g;
	const int64_t most_us = (g->outage ? OUTAGE_PATIENCE : 1) * g->o.patience_us;

	j->track->g->retries++;
	j->not_before_us = status == 502 ? now_us + SECOND_US / 2 : now_us;
	if (now_us - j->progress_us > most_us) {
		j->state = JOB_FAILED;
		j->status = 504;
	} else if (status == 502 && ++j->breaks > BREAKS_MAX && !j->released) {
		job_rung_failed(j, 502, now_us);
	} else {
		/* What could not come may be too much now. */
		j->state = may_change(j) ? JOB_CHOOSE : JOB_SECTION;
	}
}

static void
on_end(void *ctx, const struct fetch_info *i)
{
	struct job *j = ctx;
	const int64_t now_us = loop_now_us(j->track->g->loop);
	const bool all = i->error == FETCH_STATUS && i->status == 416 && j->got > 0;

	tell(j, i, false, i->error == FETCH_SILENT ? "timeout"
	    : i->error == FETCH_BROKEN ? "reset"
	    : i->error == FETCH_OK     ? NULL
				       : "http");
	j->fetch = NULL;
	job_stop_asking(j);
	if (all || (i->error == FETCH_OK && (j->total < 0 || j->got >= j->total))) {
		finish(j, i);
	} else if (i->error == FETCH_OK || i->error == FETCH_BROKEN || i->error == FETCH_SILENT) {
		if (may_change(j))
			note_last(j, i, true, now_us);
		broke(j, i->error == FETCH_SILENT ? 504 : 502, now_us);
	} else if (j->released) {
		j->state = JOB_FAILED;
		j->status = 502;
	} else {
		job_rung_failed(j, i->status == 404 || i->status == 410 ? 404 : 502, now_us);
	}
	gateway_kick(j->track->g);
}

/* --- the begin -------------------------------------------------------------------------------- */

void
job_fetch(struct job *j, int64_t now_us)
{
	struct gateway *g = j->track->g;
	const struct fetch_events events = {.ctx = j, .head = on_head, .body = on_body,
	    .end = on_end};
	const int64_t left = j->range.len >= 0 ? j->range.len - j->got : -1;
	const struct fetch_order o = {.url = j->url, .connect_us = CONNECT_US,
	    .from = (j->range.len >= 0 ? j->range.from : 0) + j->got, .len = left};
	int error;

	if (left == 0) { /* it broke off at its very end */
		const struct fetch_info whole = {.bytes = j->got, .begun_us = j->begun_us,
		    .last_us = now_us, .ttfb_us = -1};

		finish(j, &whole);
		return;
	}
	j->sliced_us = now_us;
	j->request = ++g->requests;
	j->state = JOB_FETCH;
	error = fetch_start(g->fetcher, &o, &events, &j->fetch);
	if (error == 0)
		return;
	gateway_note(g, "%s: %s", j->url, error == -EACCES
	    ? "it is of an origin that was not allowed" : "it cannot be fetched");
	job_rung_failed(j, 502, now_us);
}

/* --- while it comes ----------------------------------------------------------------------------- */

static void
on_keep(void *ctx, const struct advice_answer *a)
{
	struct job *j = ctx;
	struct track *t = j->track;
	const int64_t now_us = loop_now_us(t->g->loop);
	int to;

	j->keep_asked = false;
	gateway_said(t->g, a);
	if (a->abandon_to < 0 || j->state != JOB_FETCH || j->fetch == NULL || !may_change(j))
		return;
	to = t->map[a->abandon_to];
	if (to == j->rung || !track_usable(t, (size_t)to, now_us))
		return;
	gateway_note(t->g, "%s/%lld: rendition %d given up for %d", t->folder,
	    (long long)j->number, j->rung, to);
	tell(j, fetch_look(j->fetch), false, "aborted");
	note_last(j, fetch_look(j->fetch), true, now_us);
	job_drop_bytes(j);
	t->g->abandoned++;
	j->rung = to;
	j->state = JOB_LIST;
	gateway_kick(t->g);
}

static void
slice(struct job *j, int64_t now_us)
{
	static struct hint_request r;

	j->sliced_us = now_us;
	tell(j, fetch_look(j->fetch), true, NULL);
	if (!may_change(j) || j->keep_asked)
		return;
	job_question(j, &r, now_us);
	if (!r.inflight.there || r.inflight.rendition < 0)
		return;
	j->keep_asked = true;
	advice_ask(j->track->g->advice, &r, true, on_keep, j);
}

/* Is there nothing to wait for? */
static bool
let_out(const struct job *j, int64_t now_us)
{
	struct track *t = j->track;
	const bool nearly = j->total >= 0 && j->total - j->got <= j->total / NEARLY_SHARE;

	if (j->released || j->visits == 0 || j->ready == 0 ||
	    playback_buffer_us(&t->playback, now_us) >= LOW_US)
		return false;
	return nearly || track_near(t, 0, 0, now_us) == j->rung || !may_change(j);
}

/* While the link is known to be out a connection is tried more often: the first that gets
 * through is the best there is. */
static int64_t
patience_for_silence(const struct job *j)
{
	const bool connecting = fetch_look(j->fetch)->ttfb_us < 0;

	return connecting && j->track->g->outage ? SILENCE_US / 2 : SILENCE_US;
}

void
job_tick(struct job *j, int64_t now_us)
{
	struct track *t = j->track;

	if (job_working(j))
		t->g->busy_us = now_us + SECOND_US;
	if (j->state != JOB_FETCH)
		return;
	if (j->len < HOLD_MAX &&
	    now_us - fetch_look(j->fetch)->last_us >= patience_for_silence(j)) {
		tell(j, fetch_look(j->fetch), false, "timeout");
		if (may_change(j))
			note_last(j, fetch_look(j->fetch), true, now_us);
		job_stop_asking(j);
		fetch_abort(j->fetch);
		j->fetch = NULL;
		broke(j, 504, now_us);
		return;
	}
	if (now_us - j->sliced_us >= SLICE_US)
		slice(j, now_us);
	if (let_out(j, now_us)) {
		j->released = true;
		job_stop_asking(j);
	}
}
