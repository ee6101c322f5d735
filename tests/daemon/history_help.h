/* SPDX-License-Identifier: ISC */
/* What the tests of the history share: rows, an open store, and exports as one text. */
#ifndef LINKQ_TESTS_DAEMON_HISTORY_HELP_H
#define LINKQ_TESTS_DAEMON_HISTORY_HELP_H

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "daemon/log.h"
#include "daemon/store.h"
#include "scratch.h"

#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)
#define BASE (INT64_C(1764000000) * SECOND) /* 2025-11-24T16:00:00Z */

static char why[512];
static int wake_fd = -1;

static inline struct api_estimate_row
estimate(int64_t s, int64_t kbps)
{
	return (struct api_estimate_row) { .wall_us = BASE + s * SECOND,
		.link = "k3f9",
		.state = EST_ONLINE,
		.quality = EST_QUALITY_GOOD,
		.down_kbps_p10 = kbps / 2,
		.down_kbps_p50 = kbps,
		.down_kbps_p90 = kbps * 2,
		.up_kbps_p50 = API_UNKNOWN,
		.rtt_us_min = 10000,
		.rtt_us_p50 = 20000,
		.rtt_us_p90 = 30000,
		.ttfb_us_p50 = 40000,
		.loss_ppm = 0,
		.observations = 1,
		.bytes_observed = 1000,
		.bytes_probed = API_UNKNOWN };
}

static inline struct api_observation_row
observation(int64_t s, int64_t bytes)
{
	return (struct api_observation_row) { .wall_us = BASE + s * SECOND,
		.link = "k3f9",
		.source = EST_APP,
		.direction = EST_DOWN,
		.bytes = bytes,
		.duration_us = 250000,
		.ttfb_us = 50000,
		.connect_us = API_UNKNOWN,
		.ok = true,
		.app = "player" };
}

static inline struct api_event_row
outage(int64_t s)
{
	return (struct api_event_row) { .wall_us = BASE + s * SECOND,
		.link = "k3f9",
		.kind = API_EVENT_OUTAGE_END,
		.from_kbps = API_UNKNOWN,
		.to_kbps = API_UNKNOWN,
		.duration_us = 4200000,
		.detail = "said \"so\", really" };
}

static inline struct store *
open_store(const char *path)
{
	struct store_options o = { .path = path,
		.keep_1s_us = 7 * DAY,
		.keep_observations_us = 3 * DAY,
		.keep_events_us = 1825 * DAY };
	struct store *st = NULL;

	if (wake_fd == -1)
		wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	o.wake_fd = wake_fd;
	log_open(LOG_LEVEL_ERROR, true);
	cr_assert_eq(store_open(&o, &st, why, sizeof why), 0, "%s", why);
	return st;
}

/* Let the store call back until something is so, or ten seconds have passed. */
static inline void
turn(struct store *st)
{
	struct pollfd p = { .fd = wake_fd, .events = POLLIN };
	uint64_t n;

	cr_assert_eq(poll(&p, 1, 10000), 1, "the store never woke the loop");
	cr_assert_eq(read(wake_fd, &n, sizeof n), (ssize_t)sizeof n);
	store_dispatch(st);
}

struct text {
	char *at;
	size_t len;
	int64_t last;
	size_t blocks;
	bool got;
};

static inline void
take(void *arg, const char *text, int64_t len)
{
	struct text *t = arg;

	t->got = true;
	t->last = len;
	if (len <= 0)
		return;
	t->at = realloc(t->at, t->len + (size_t)len + 1);
	memcpy(t->at + t->len, text, (size_t)len);
	t->len += (size_t)len;
	t->at[t->len] = '\0';
	t->blocks++;
}

static inline struct api_range
everything(enum api_what what, enum api_format format)
{
	return (struct api_range) { .what = what, .format = format, .to_wall_us = INT64_MAX };
}

/* The whole export; the caller frees .at. */
static inline struct text
export(struct store *st, const struct api_range *range)
{
	struct text t = { .last = 1 };
	struct api_rows *rows;

	cr_assert_eq(store_rows_open(st, range, &rows), 0);
	while (t.last > 0) {
		t.got = false;
		store_rows_next(rows, take, &t);
		while (!t.got)
			turn(st);
	}
	cr_assert_eq(t.last, 0, "%s", strerror((int)-t.last));
	store_rows_close(rows);
	return t;
}

static inline size_t
count_lines(const struct text *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->len; i++)
		n += t->at[i] == '\n';
	return n;
}

static inline size_t
count_rows(struct store *st, enum api_what what)
{
	struct api_range range = everything(what, API_CSV);
	struct text t = export(st, &range);
	size_t n = count_lines(&t) - 1;

	free(t.at);
	return n;
}

/* So many seconds, written. */
static inline void
write_seconds(const char *path, int rows)
{
	struct store *st = open_store(path);

	for (int i = 0; i < rows; i++) {
		struct api_estimate_row e = estimate(i, 1000 + i);

		store_estimate(st, &e);
	}
	store_close(st);
}

#endif
