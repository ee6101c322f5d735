/* SPDX-License-Identifier: ISC */
/*
 * The store under a thread checker, by hand (the unit tests' runner does not work under it):
 *   make clean && make CFLAGS='-O1 -g -fsanitize=thread' LDFLAGS=-fsanitize=thread \
 *       tests/bench/store_race && tests/bench/store_race DB [SECONDS]
 * or, built as usual, valgrind --tool=helgrind tests/bench/store_race DB. Rows come in bursts
 * while exports are opened, read and closed at any moment, and the store is closed and
 * opened again.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/store.h"

#define SECOND INT64_C(1000000)
#define EXPORTS 2

struct reading {
	struct api_rows *rows;
	bool asked;
	int64_t blocks, bytes, ended, failed;
};

static struct reading readings[EXPORTS];
static int64_t now_s = INT64_C(1764000000);

static void
ready(void *arg, const char *text, int64_t len)
{
	struct reading *r = arg;

	r->asked = false;
	r->blocks++;
	if (len > 0 && text[len - 1] != '\0')
		r->bytes += len;
	if (len > 0 && random() % 4 != 0)
		return;
	r->ended += len == 0;
	r->failed += len < 0;
	store_rows_close(r->rows); /* at its end, or early and from within */
	r->rows = NULL;
}

static void
hand_over(struct store *st)
{
	struct api_estimate_row e = { .wall_us = now_s * SECOND,
		.state = EST_ONLINE,
		.down_kbps_p10 = API_UNKNOWN,
		.down_kbps_p50 = random() % 100000 };
	struct api_observation_row o = { .wall_us = now_s * SECOND, .bytes = 1, .ok = true };
	struct api_event_row v = { .wall_us = now_s * SECOND, .kind = API_EVENT_STATE };
	char value[64];
	size_t len;

	now_s++;
	(void)snprintf(e.link, sizeof e.link, "l%ld", random() % 20);
	memcpy(o.link, e.link, sizeof o.link);
	memcpy(v.link, e.link, sizeof v.link);
	for (long i = random() % 100; i >= 0; i--, e.wall_us += SECOND)
		store_estimate(st, &e);
	for (long i = random() % 200; i >= 0; i--)
		store_observation(st, &o);
	store_event(st, &v);
	store_put(st, e.link, value, (size_t)(random() % 64));
	(void)store_get(st, e.link, value, sizeof value, &len);
}

static void
play(struct store *st, int wake)
{
	struct reading *r = &readings[random() % EXPORTS];
	struct api_range range = { .what = (enum api_what)(random() % 3),
		.format = (enum api_format)(random() % 3),
		.to_wall_us = INT64_MAX };
	struct pollfd p = { .fd = wake, .events = POLLIN };
	struct store_report report;
	uint64_t n;

	if (random() % 3 == 0)
		hand_over(st);
	if (range.what == API_ESTIMATES && random() % 2 == 0)
		range.step_us = 60 * SECOND;
	if (r->rows == NULL && store_rows_open(st, &range, &r->rows) != 0)
		r->rows = NULL;
	if (r->rows != NULL && !r->asked) {
		r->asked = true;
		store_rows_next(r->rows, ready, r);
	} else if (r->rows != NULL && random() % 50 == 0) {
		store_rows_close(r->rows); /* while a block is awaited */
		r->rows = NULL;
		r->asked = false;
	}
	(void)poll(&p, 1, (int)(random() % 3));
	if (read(wake, &n, sizeof n) > 0)
		store_dispatch(st);
	store_report(st, &report);
}

int
main(int argc, char *argv[])
{
	time_t until = time(NULL) + (argc > 2 ? atol(argv[2]) : 10);
	int wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	int64_t blocks = 0, bytes = 0, ended = 0, failed = 0;
	char why[256];

	if (argc < 2)
		return 2;
	log_open(LOG_LEVEL_WARN, true);
	while (time(NULL) < until) {
		struct store_options o = { .path = argv[1], .wake_fd = wake };
		struct store *st;

		o.keep_1s_us = o.keep_observations_us = o.keep_events_us = INT64_C(1) << 60;
		if (store_open(&o, &st, why, sizeof why) != 0) {
			(void)fprintf(stderr, "store_race: %s\n", why);
			return 1;
		}
		for (int i = 0; i < 400; i++)
			play(st, wake);
		store_close(st); /* with exports open: it ends them */
		for (int i = 0; i < EXPORTS; i++) {
			blocks += readings[i].blocks;
			bytes += readings[i].bytes;
			ended += readings[i].ended;
			failed += readings[i].failed;
			memset(&readings[i], 0, sizeof readings[i]);
		}
	}
	(void)printf("%lld blocks, %.1f MB, %lld exports to their end, %lld failed\n",
	    (long long)blocks, (double)bytes / 1e6, (long long)ended, (long long)failed);
	return failed > 0;
}
