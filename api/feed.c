/* SPDX-License-Identifier: ISC */
/* Event streams and exports as bodies that come bit by bit. */
#include "api/feed.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct feed {
	struct core *core;
	feed_wake_fn *wake;
	void *wake_arg;
	bool stopped;
	/* what was begun and did not fit: `own` (a stream), or the source's block (rows) */
	const char *text;
	size_t len;
	/* a stream */
	struct events_cursor cursor;
	char session[HINT_SESSION_MAX + 1];
	int64_t advised; /* the number of the last hint */
	char *own;
	/* an export; NULL: a stream */
	struct api_rows *rows;
	bool awaited; /* a block was asked for */
	int64_t end;  /* FEED_END or FEED_FAILED once there are no more blocks */
};

struct feed *
feed_create_stream(struct core *core, const char *last_event_id, const char *session)
{
	struct feed *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->core = core;
	events_start(&core->events, last_event_id, core_now(core), &f->cursor);
	if (session != NULL)
		snprintf(f->session, sizeof(f->session), "%s", session);
	return f;
}

struct feed *
feed_create_rows(struct core *core, struct api_rows *rows)
{
	struct feed *f = calloc(1, sizeof(*f));

	if (f == NULL) {
		core->source.history_close(rows);
		return NULL;
	}
	f->core = core;
	f->rows = rows;
	return f;
}

void
feed_destroy(struct feed *f)
{
	if (f == NULL)
		return;
	if (f->rows != NULL)
		f->core->source.history_close(f->rows);
	free(f->own);
	free(f);
}

void
feed_on_wake(struct feed *f, feed_wake_fn *wake, void *arg)
{
	f->wake = wake;
	f->wake_arg = arg;
}

static size_t
take(struct feed *f, char *to, size_t room)
{
	size_t n = f->len < room ? f->len : room;

	if (n > 0)
		memcpy(to, f->text, n);
	f->text += n;
	f->len -= n;
	if (f->len == 0 && f->own != NULL) {
		free(f->own);
		f->own = NULL;
	}
	return n;
}

static void
on_block(void *arg, const char *text, int64_t len)
{
	struct feed *f = arg;

	assert(f->awaited);
	f->awaited = false;
	if (len > 0) {
		f->text = text;
		f->len = (size_t)len;
	} else {
		f->end = len == 0 ? FEED_END : FEED_FAILED;
	}
	if (f->wake != NULL)
		f->wake(f->wake_arg);
}

static int64_t
fill_rows(struct feed *f, char *to, size_t room)
{
	if (f->stopped)
		return FEED_FAILED;
	if (f->len == 0 && f->end == 0 && !f->awaited) {
		f->awaited = true;
		f->core->source.history_next_block(f->rows, on_block, f); /* may call at once */
	}
	if (f->len > 0)
		return (int64_t)take(f, to, room);
	return f->end; /* 0 while a block is awaited */
}

static const struct hint_watch *
hint_news(const struct feed *f)
{
	return f->session[0] == '\0' ? NULL
	    : hint_watch_news(&f->core->watches, f->session, f->advised);
}

/* Advice does not wait for anything but the greeting. */
static bool
next_hint(struct feed *f, struct buf *out)
{
	const struct hint_watch *watch = f->cursor.greeted ? hint_news(f) : NULL;
	struct core *c = f->core;
	int64_t now_us, wall_us;

	if (watch == NULL)
		return false;
	c->source.instant(c->source.ctx, &now_us, &wall_us);
	f->advised = watch->number;
	f->cursor.wrote_us = now_us;
	events_begin(&c->events, out, c->publish.seq, "hint");
	hint_watch_write(watch, wall_us, out);
	buf_text(out, "\n\n");
	return true;
}

/* One message; what does not fit is kept for the next time. */
static int64_t
next_message(struct feed *f, char *to, size_t room)
{
	char text[EVENTS_TEXT_MAX];
	struct core *c = f->core;
	struct buf b;

	buf_init(&b, text, sizeof(text));
	if (!next_hint(f, &b))
		events_next(&c->events, &f->cursor, c->publish.seq, core_link(c), core_now(c), &b);
	assert(!b.overflow);
	if (b.len <= room) {
		memcpy(to, text, b.len);
		return (int64_t)b.len;
	}
	f->own = malloc(b.len);
	if (f->own == NULL)
		return FEED_FAILED;
	memcpy(f->own, text, b.len);
	f->text = f->own;
	f->len = b.len;
	return (int64_t)take(f, to, room);
}

int64_t
feed_fill(struct feed *f, char *to, size_t room)
{
	if (f->rows != NULL)
		return fill_rows(f, to, room);
	if (f->len > 0)
		return (int64_t)take(f, to, room);
	if (f->stopped)
		return FEED_END;
	return next_message(f, to, room);
}

bool
feed_pending(const struct feed *f, int64_t now_us)
{
	return f->rows == NULL &&
	    (f->stopped || f->len > 0 || hint_news(f) != NULL ||
		events_pending(&f->core->events, &f->cursor, f->core->publish.seq, now_us));
}

void
feed_stop(struct feed *f)
{
	f->stopped = true;
	if (f->wake != NULL)
		f->wake(f->wake_arg);
}
