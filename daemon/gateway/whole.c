/* SPDX-License-Identifier: ISC */
/* Things of the origin that are kept whole, and fetched with patience. */
#include "daemon/gateway/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of an address, its end: the beginning is the same for all. */
#define URL_SHOWN 60

#define RETRY_US SECOND_US
#define REFUSED_PATIENCE_US SECOND_US /* for who answers, but not with what it should */
#define FIRST_ROOM 16384

void
whole_init(struct whole *w, struct gateway *g, const char *url, struct media_range range,
    size_t most)
{
	*w = (struct whole){.g = g, .range = range, .most = most, .tried_us = INT64_MIN / 2};
	snprintf(w->url, sizeof(w->url), "%s", url);
}

void
whole_finish(struct whole *w)
{
	fetch_abort(w->fetch);
	w->fetch = NULL;
	free(w->data);
	w->data = NULL;
	w->len = w->room = 0;
	w->there = false;
}

void
whole_fail(struct whole *w, int status, const char *why)
{
	size_t len = strlen(w->url);
	bool cut = len > URL_SHOWN;

	w->there = false;
	w->status = status;
	snprintf(w->why, sizeof(w->why), "%s%.*s: %.120s", cut ? ".." : "", URL_SHOWN,
	    w->url + (cut ? len - URL_SHOWN : 0), why);
	w->bare = (size_t)(cut ? 2 + URL_SHOWN : len) + 2;
	if (w->failing_us == 0)
		w->failing_us = w->tried_us;
	gateway_note(w->g, "%s", w->why);
}

static bool
on_head(void *ctx, const struct fetch_info *i)
{
	struct whole *w = ctx;

	return i->length <= (int64_t)w->most && !(w->range.len >= 0 && i->status != 206);
}

static size_t
on_body(void *ctx, const char *data, size_t len)
{
	struct whole *w = ctx;

	if (len > w->most - w->len)
		return 0;
	if (w->len + len > w->room) {
		size_t room = w->room > 0 ? 2 * w->room : FIRST_ROOM;
		char *larger;

		while (room < w->len + len)
			room *= 2;
		larger = realloc(w->data, room);
		if (larger == NULL)
			return 0;
		w->data = larger;
		w->room = room;
	}
	memcpy(w->data + w->len, data, len);
	w->len += len;
	return len;
}

static void
tell(struct whole *w, const struct fetch_info *i)
{
	const struct advice_transfer t = {.number = ++w->g->requests, .bytes = i->bytes,
	    .duration_us = i->last_us - i->begun_us, .ttfb_us = i->ttfb_us,
	    .ended_us = i->last_us};

	if (i->error == FETCH_OK && t.duration_us > 0)
		advice_tell(w->g->advice, &t);
}

static void
on_end(void *ctx, const struct fetch_info *i)
{
	struct whole *w = ctx;

	w->fetch = NULL;
	tell(w, i);
	switch (i->error) {
	case FETCH_OK:
		w->there = true;
		w->loaded_us = i->last_us;
		w->failing_us = w->judged ? w->failing_us : 0;
		memcpy(w->base, i->url, sizeof(w->base));
		break;
	case FETCH_STATUS:
		whole_fail(w, i->status == 404 || i->status == 410 ? 404 : 502, i->text);
		break;
	case FETCH_STOPPED:
		whole_fail(w, 502, w->range.len >= 0 ? "it is too large, or byte ranges are not had"
						     : "it is too large");
		break;
	case FETCH_SILENT:
		whole_fail(w, 504, i->text);
		break;
	default:
		whole_fail(w, 502, i->text);
		break;
	}
	gateway_kick(w->g);
}

static void
start(struct whole *w, int64_t now_us)
{
	const struct fetch_events events = {.ctx = w, .head = on_head, .body = on_body,
	    .end = on_end};
	const struct fetch_order o = {.url = w->url, .from = w->range.len >= 0 ? w->range.from : 0,
	    .len = w->range.len, .connect_us = CONNECT_US, .packed = w->range.len < 0};
	int error;

	w->len = 0;
	w->there = false;
	w->tried_us = now_us;
	w->g->busy_us = now_us + SECOND_US;
	error = fetch_start(w->g->fetcher, &o, &events, &w->fetch);
	if (error != 0)
		whole_fail(w, 502, error == -EACCES ? "it is of an origin that was not allowed"
						    : "it cannot be fetched");
}

/* Does it make sense to go on trying while somebody waits? */
static bool
hopeless(const struct whole *w, int64_t now_us)
{
	const int64_t patience_us = w->status == 504 || w->g->outage ? w->g->o.patience_us
								     : REFUSED_PATIENCE_US;

	return w->failing_us != 0 &&
	    (w->status == 404 || now_us - w->failing_us > patience_us);
}

enum want
whole_want(struct whole *w, int64_t since_us, int64_t now_us)
{
	if (w->there && w->loaded_us >= since_us)
		return WANT_READY;
	w->g->busy_us = now_us + SECOND_US;
	if (w->fetch == NULL && now_us - w->tried_us >= (w->failing_us != 0 ? RETRY_US : 0))
		start(w, now_us);
	if (hopeless(w, now_us) && w->fetch == NULL)
		return WANT_FAILED;
	return hopeless(w, now_us - SILENCE_US) ? WANT_FAILED : WANT_WAIT;
}

void
whole_tick(struct whole *w, int64_t now_us)
{
	if (w->fetch == NULL || now_us - fetch_look(w->fetch)->last_us < SILENCE_US)
		return;
	fetch_abort(w->fetch);
	w->fetch = NULL;
	whole_fail(w, 504, "no answer");
	gateway_kick(w->g);
}
