/* SPDX-License-Identifier: ISC */
/* The look ahead, as the loop has it: the past is read, learnt in portions, and kept. */
#include "daemon/forecast.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/forecast_past.h"
#include "daemon/log.h"

#define SECOND_US INT64_C(1000000)
#define HOUR_S 3600
#define ANEW_US (6 * HOUR_S * SECOND_US)
#define AGAIN_US (10 * SECOND_US) /* after a reading that failed */
#define PORTION 6       /* judgements: about a millisecond */
#define PAUSE_US 1000
#define JUDGED_S (28 * INT64_C(86400)) /* of the past: what the experts are judged by */
#define WAITING_MAX 64  /* events that come while the past is read */

struct looked {
	struct past *past;  /* what is told from; NULL: there is nothing yet */
	struct past *fresh; /* is being read; NULL: nothing is */
	int64_t asked_us, read_us; /* read_us: begin of the last reading; INT64_MIN: none */
	int64_t until_s;
	bool events; /* the hours are read, and now the events are */
	struct api_rows *rows;
	struct api_event_row waiting[WAITING_MAX];
	size_t waiting_len;
	bool learns; /* a block is taken, and the timer goes on from there */
	bool again;  /* too much came meanwhile */
};

struct forecast {
	struct loop *loop;
	struct store *store;
	struct loop_timer *timer;
	int64_t from_s; /* what is older is forgotten */
	struct looked looked[FORECAST_LINKS];
};

/* --- reading ----------------------------------------------------------------------------- */

static void
end_reading(struct looked *l)
{
	if (l->rows != NULL)
		store_rows_close(l->rows);
	l->rows = NULL;
	free(l->fresh);
	l->fresh = NULL;
	l->waiting_len = 0;
	l->again = l->learns = false;
}

static void
forget(struct looked *l)
{
	end_reading(l);
	free(l->past);
	*l = (struct looked){ .read_us = INT64_MIN, .asked_us = INT64_MIN };
}

static void on_block(void *arg, const char *block, int64_t len);

static int
open_rows(struct forecast *f, struct looked *l)
{
	struct api_range range = { .what = l->events ? API_EVENTS : API_ESTIMATES,
		.from_wall_us = (l->until_s - AHEAD_PAST_S) * SECOND_US,
		.to_wall_us = l->until_s * SECOND_US,
		.step_us = l->events ? 0 : HOUR_S * SECOND_US };
	int err;

	if (range.from_wall_us < f->from_s * SECOND_US)
		range.from_wall_us = f->from_s * SECOND_US;
	if (range.from_wall_us > range.to_wall_us)
		range.from_wall_us = range.to_wall_us;
	/* The daemon's own events belong to no link. */
	if (!l->events)
		memcpy(range.link, l->fresh->link, sizeof range.link);
	err = store_past_open(f->store, &range, &l->rows);
	if (err == 0)
		store_rows_next(l->rows, on_block, f);
	return err;
}

static void
begin_reading(struct forecast *f, struct looked *l, const char *link, int64_t now_us,
    int64_t now_s)
{
	int err;

	for (int i = 0; i < FORECAST_LINKS; i++)
		if (f->looked[i].fresh != NULL)
			return; /* one at a time */
	l->fresh = malloc(sizeof *l->fresh);
	if (l->fresh == NULL)
		return;
	l->read_us = now_us;
	l->until_s = now_s + 1;
	l->events = false;
	past_init(l->fresh, link, now_s);
	ahead_score_from(&l->fresh->ahead, now_s - JUDGED_S);
	err = open_rows(f, l);
	if (err == -ENOENT) { /* nothing was ever written of it */
		l->events = true;
		err = open_rows(f, l);
	}
	if (err != 0) {
		log_warn("forecast: the history cannot be read: %s", strerror(-err));
		end_reading(l);
	}
}

static void
done_reading(struct looked *l)
{
	store_rows_close(l->rows);
	l->rows = NULL;
	free(l->past);
	l->past = l->fresh;
	l->fresh = NULL;
	for (size_t i = 0; i < l->waiting_len; i++)
		past_event(l->past, &l->waiting[i]);
	l->waiting_len = 0;
	if (l->again)
		l->read_us = INT64_MIN;
	l->again = false;
	log_debug("forecast: read the past of %s: %d outages", l->past->link,
	    l->past->ahead.anchors);
}

static struct looked *
reading(struct forecast *f)
{
	for (int i = 0; i < FORECAST_LINKS; i++)
		if (f->looked[i].rows != NULL)
			return &f->looked[i];
	return NULL;
}

static void
next_rows(struct forecast *f, struct looked *l)
{
	int err;

	if (l->events) {
		done_reading(l);
		return;
	}
	store_rows_close(l->rows);
	l->rows = NULL;
	l->events = true;
	err = open_rows(f, l);
	if (err != 0)
		end_reading(l);
}

static void
take_block(struct looked *l, const char *block, size_t len)
{
	if (l->events) {
		struct api_event_row row;

		for (; len >= sizeof row; block += sizeof row, len -= sizeof row) {
			memcpy(&row, block, sizeof row);
			past_event(l->fresh, &row);
		}
	} else {
		struct api_estimate_row row;

		for (; len >= sizeof row; block += sizeof row, len -= sizeof row) {
			memcpy(&row, block, sizeof row);
			past_hour(l->fresh, &row);
		}
	}
	assert(len == 0);
}

static void
on_block(void *arg, const char *block, int64_t len)
{
	struct forecast *f = arg;
	struct looked *l = reading(f);

	assert(l != NULL);
	if (len < 0) {
		log_warn("forecast: the history cannot be read: %s", strerror((int)-len));
		end_reading(l);
	} else if (len == 0 && !l->events) {
		next_rows(f, l);
	} else {
		take_block(l, block, (size_t)len);
		l->again = l->again || (len == 0 && l->waiting_len == WAITING_MAX);
		if (len == 0)
			l->until_s = INT64_MIN; /* all is read: what is left is to learn */
		l->learns = true;
		loop_timer_set(f->timer, 0);
	}
}

/* A portion of what there is to learn; and then the next block, or the end. */
static void
on_timer(void *arg, int64_t now_us)
{
	struct forecast *f = arg;
	struct looked *l = reading(f);

	(void)now_us;
	if (l == NULL || !l->learns)
		return;
	if (l->events && past_learn(l->fresh, l->fresh->ahead.latest_s, PORTION)) {
		loop_timer_set(f->timer, PAUSE_US);
		return;
	}
	l->learns = false;
	if (l->until_s == INT64_MIN)
		done_reading(l);
	else
		store_rows_next(l->rows, on_block, f);
}

/* --- what others call --------------------------------------------------------------------- */

int
forecast_create(struct loop *loop, struct store *store, struct forecast **out)
{
	struct forecast *f = calloc(1, sizeof *f);
	int err;

	if (f == NULL)
		return -ENOMEM;
	f->loop = loop;
	f->store = store;
	for (int i = 0; i < FORECAST_LINKS; i++)
		f->looked[i].read_us = f->looked[i].asked_us = INT64_MIN;
	err = loop_timer_create(loop, on_timer, f, &f->timer);
	if (err != 0) {
		free(f);
		return err;
	}
	*out = f;
	return 0;
}

void
forecast_destroy(struct forecast *f)
{
	if (f == NULL)
		return;
	forecast_forget(f, 0);
	loop_timer_destroy(f->timer);
	free(f);
}

void
forecast_forget(struct forecast *f, int64_t before_wall_us)
{
	if (before_wall_us / SECOND_US > f->from_s)
		f->from_s = before_wall_us / SECOND_US;
	for (int i = 0; i < FORECAST_LINKS; i++)
		forget(&f->looked[i]);
}

static const char *
link_of(const struct looked *l)
{
	return l->past != NULL ? l->past->link : l->fresh != NULL ? l->fresh->link : "";
}

/* Its place, or that of the one for which nobody has asked the longest. */
static struct looked *
find(struct forecast *f, const char *link)
{
	struct looked *oldest = NULL;

	for (int i = 0; i < FORECAST_LINKS; i++)
		if (strcmp(link_of(&f->looked[i]), link) == 0)
			return &f->looked[i];
	for (int i = 0; i < FORECAST_LINKS; i++)
		if (oldest == NULL || f->looked[i].asked_us < oldest->asked_us)
			oldest = &f->looked[i];
	forget(oldest);
	return oldest;
}

static void
tell(struct past *p, int64_t now_s, struct api_forecast *out)
{
	const struct ahead *a = &p->ahead;

	(void)past_learn(p, now_s, PORTION);
	ahead_read(a, now_s, &out->news);
	if (out->news.in_outage)
		out->outage_since_wall_us = a->anchor[a->anchors - 1].begin_s * SECOND_US;
	for (int i = 0; i < API_AHEAD_HOURS; i++) {
		const int64_t from_s = now_s / HOUR_S * HOUR_S + (int64_t)i * HOUR_S;

		out->hour[i].from_wall_us = from_s * SECOND_US;
		ahead_read_hour(a, from_s, &out->hour[i].of);
	}
}

void
forecast_ask(struct forecast *f, int64_t now_us, struct api_forecast *out)
{
	const int64_t now_s = out->wall_us / SECOND_US;
	struct looked *l = find(f, out->link);
	const int64_t wait_us = l->past != NULL ? ANEW_US : AGAIN_US;

	l->asked_us = now_us;
	if (l->fresh == NULL && (l->read_us == INT64_MIN || now_us - l->read_us >= wait_us))
		begin_reading(f, l, out->link, now_us, now_s);
	out->reading = l->past == NULL;
	if (l->past != NULL)
		tell(l->past, now_s, out);
}

bool
forecast_peek(const struct forecast *f, const char *link, int64_t wall_us,
    struct ahead_news *out)
{
	for (int i = 0; i < FORECAST_LINKS; i++) {
		const struct past *p = f->looked[i].past;

		if (p == NULL || strcmp(p->link, link) != 0)
			continue;
		ahead_read(&p->ahead, wall_us / SECOND_US, out);
		return out->known;
	}
	return false;
}

void
forecast_event(struct forecast *f, const struct api_event_row *row)
{
	/* The order of all that was told is another one now. */
	if (row->kind == API_EVENT_DAEMON && strncmp(row->detail, "clock", 5) == 0) {
		forecast_forget(f, 0);
		return;
	}
	for (int i = 0; i < FORECAST_LINKS; i++) {
		struct looked *l = &f->looked[i];

		if (l->past != NULL)
			past_event(l->past, row);
		if (l->fresh != NULL && l->waiting_len < WAITING_MAX)
			l->waiting[l->waiting_len++] = *row;
	}
}
