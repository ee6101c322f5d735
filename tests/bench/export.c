/* SPDX-License-Identifier: ISC */
/*
 * The history for export.sh: `export fill DB ROWS` makes one of busy seconds, `export sum DB`
 * makes its minutes and hours, `export csv DB [STEP_S]` streams it as the daemon does; these
 * two tell on standard error what that took. `export year DB DAYS` makes what the daemon keeps
 * of a laptop that is busy eight hours a day.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/history.h"
#include "daemon/log.h"
#include "daemon/store.h"

#define BEGIN_S INT64_C(1764000000)

static _Noreturn void
die(const char *what, const char *why)
{
	(void)fprintf(stderr, "export: %s: %s\n", what, why);
	exit(1);
}

/* A multiplicative walk, as goodput and round trips do. */
static uint64_t seed = 88172645463325252u;

static int64_t
about(int64_t median)
{
	seed ^= seed << 13; /* Marsaglia, "Xorshift RNGs", 2003 */
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return median / 2 + (int64_t)(seed % (uint64_t)median);
}

#define DAY_S INT64_C(86400)
#define BUSY_S (8 * 3600)

/* A row of a busy second, or of an idle minute. */
static struct api_estimate_row
made_row(int64_t t, bool busy)
{
	struct api_estimate_row r = { .wall_us = t * 1000000,
		.link = "k3f9",
		.state = EST_ONLINE,
		.quality = EST_QUALITY_GOOD,
		.down_kbps_p50 = about(5200),
		.up_kbps_p50 = about(1100),
		.rtt_us_min = about(38000),
		.ttfb_us_p50 = about(70000),
		.observations = busy ? about(6) : 0,
		.bytes_observed = busy ? about(650000) : 0 };

	r.down_kbps_p10 = r.down_kbps_p50 * 2 / 3;
	r.down_kbps_p90 = r.down_kbps_p50 * 3 / 2;
	r.rtt_us_p50 = r.rtt_us_min + about(7000);
	r.rtt_us_p90 = r.rtt_us_p50 + about(25000);
	return r;
}

static void
fill(const char *path, int64_t rows)
{
	struct history *h;
	char why[512];
	int err = history_open(path, &h, why, sizeof why);

	if (err != 0)
		die(path, why);
	for (int64_t i = 0; err == 0 && i < rows; i++) {
		struct api_estimate_row r = made_row(BEGIN_S + i, true);

		r.loss_ppm = i % 16 == 0 ? about(2000) : 0;
		r.bytes_probed = i % 30 == 0 ? about(200000) : 0;
		if (i % 1000 == 0)
			err = history_begin(h);
		if (err == 0)
			err = history_estimate(h, &r);
		if (err == 0 && (i % 1000 == 999 || i == rows - 1))
			err = history_commit(h);
	}
	if (err != 0)
		die(path, strerror(-err));
	history_close(h);
}

static int
made_observation(struct history *h, int64_t t)
{
	struct api_observation_row o = { .wall_us = t * 1000000 + about(400000),
		.link = "k3f9",
		.source = EST_KERNEL,
		.bytes = about(300000),
		.duration_us = about(900000),
		.ttfb_us = about(70000),
		.connect_us = API_UNKNOWN,
		.ok = true,
		.app = "browser" };

	return history_observation(h, &o);
}

/* Eight hours busy, eight idle, eight asleep. */
static int
make_day(struct history *h, int64_t day_s)
{
	int err = 0;

	for (int64_t t = day_s; err == 0 && t < day_s + 2 * BUSY_S; t++) {
		const bool busy = t < day_s + BUSY_S;
		struct api_estimate_row r = made_row(t, busy);

		if (t % 600 == 0 && t > day_s)
			err = history_commit(h);
		if (err == 0 && t % 600 == 0)
			err = history_begin(h);
		if (err == 0 && (busy || t % 60 == 0))
			err = history_estimate(h, &r);
		if (err == 0 && busy && t % 2 == 0)
			err = made_observation(h, t);
	}
	return err == 0 ? history_commit(h) : err;
}

static int
until_done(int (*step)(struct history *h, int64_t wall_us), struct history *h, int64_t wall_us)
{
	int got;

	do
		got = step(h, wall_us);
	while (got > 0);
	return got;
}

/* With the ages that are preset. */
static int
retain(struct history *h, int64_t wall_us)
{
	const int64_t day_us = DAY_S * 1000000;
	struct history_cutoff before = { .seconds_wall_us = wall_us - 7 * day_us,
		.minutes_wall_us = wall_us - 90 * day_us,
		.hours_wall_us = wall_us - 5 * 365 * day_us,
		.observations_wall_us = wall_us - 3 * day_us,
		.events_wall_us = wall_us - 5 * 365 * day_us };

	return history_retain(h, &before);
}

/* A laptop's year that ends now, day by day as the daemon would have kept it. */
static void
year(const char *path, int64_t days)
{
	int64_t first_s = ((int64_t)time(NULL) / DAY_S - days) * DAY_S, most = 0, bytes;
	struct history *h;
	char why[512];
	int err = history_open(path, &h, why, sizeof why);

	for (int64_t day = 0; err == 0 && day < days; day++) {
		int64_t end_us = (first_s + (day + 1) * DAY_S) * 1000000;

		err = make_day(h, first_s + day * DAY_S);
		if (err == 0)
			err = until_done(history_sum_up, h, end_us);
		if (err == 0)
			err = until_done(retain, h, end_us);
		if (err == 0)
			err = history_size(h, &bytes);
		if (err == 0)
			most = bytes > most ? bytes : most;
	}
	if (err != 0)
		die(path, strerror(-err));
	history_close(h);
	(void)printf("days %lld most_bytes %lld\n", (long long)days, (long long)most);
}

struct sink {
	int64_t bytes, rows, last;
	int64_t first_us; /* when the first block came */
	bool got;
};

static double
seconds(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
take(void *arg, const char *text, int64_t len)
{
	struct sink *s = arg;

	s->got = true;
	s->last = len;
	for (int64_t done = 0; done < len;) {
		ssize_t n = write(STDOUT_FILENO, text + done, (size_t)(len - done));

		if (n <= 0)
			die("write", strerror(errno));
		done += n;
	}
	for (const char *at = text; len > 0 && (at = memchr(at, '\n', (size_t)(text + len - at)));
	     at++)
		s->rows++;
	s->bytes += len > 0 ? len : 0;
}

static void
sum_up(const char *path)
{
	struct history *h;
	char why[512];
	double begin, most = 0, from;
	int got = history_open(path, &h, why, sizeof why);
	long steps = 0;

	if (got != 0)
		die(path, why);
	begin = from = seconds(CLOCK_MONOTONIC);
	do {
		double now;

		got = history_sum_up(h, INT64_MAX / 2);
		now = seconds(CLOCK_MONOTONIC);
		most = now - from > most ? now - from : most;
		from = now;
		steps++;
	} while (got > 0);
	if (got < 0)
		die(path, strerror(-got));
	history_close(h);
	(void)fprintf(stderr, "%ld steps: %.2f s, the longest %.1f ms\n", steps, from - begin,
	    most * 1e3);
}

static long
anonymous_kb(void)
{
	char line[128];
	long kb = -1;
	FILE *f = fopen("/proc/self/status", "r");

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "RssAnon: %ld", &kb) == 1)
			break;
	if (f != NULL)
		(void)fclose(f);
	return kb;
}

static void
csv(const char *path, int64_t step_s)
{
	int wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct store_options o = { .path = path, .wake_fd = wake };
	struct api_range range = { .what = API_ESTIMATES,
		.format = API_CSV,
		.to_wall_us = INT64_MAX,
		.step_us = step_s * 1000000 };
	struct sink s = { .last = 1 };
	struct api_rows *rows;
	struct store *st;
	char why[512];
	double wall, cpu, first = 0;
	long idle_kb, peak_kb = 0;
	int err;

	o.keep_1s_us = o.keep_observations_us = o.keep_events_us = INT64_C(1) << 60;
	if (store_open(&o, &st, why, sizeof why) != 0)
		die(path, why);
	idle_kb = anonymous_kb();
	wall = seconds(CLOCK_MONOTONIC);
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	err = store_rows_open(st, &range, &rows);
	if (err != 0)
		die(path, strerror(-err));
	for (long block = 0; s.last > 0; block++) {
		struct pollfd p = { .fd = wake, .events = POLLIN };
		uint64_t n;

		s.got = false;
		store_rows_next(rows, take, &s);
		while (!s.got) {
			(void)poll(&p, 1, -1);
			(void)!read(wake, &n, sizeof n);
			store_dispatch(st);
		}
		if (block == 0)
			first = seconds(CLOCK_MONOTONIC) - wall;
		if (block % 64 == 0 && anonymous_kb() > peak_kb)
			peak_kb = anonymous_kb();
	}
	wall = seconds(CLOCK_MONOTONIC) - wall;
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	if (s.last < 0)
		die(path, strerror((int)-s.last));
	store_rows_close(rows);
	store_close(st);
	s.rows--; /* the header */
	(void)fprintf(stderr, "%lld rows, %.1f MB: %.2f s, %.2f s CPU, %.2f Mrows/s a core, "
	    "first block after %.1f ms, %ld kB above idle\n",
	    (long long)s.rows, (double)s.bytes / 1e6, wall, cpu, (double)s.rows / cpu / 1e6,
	    first * 1e3, peak_kb - idle_kb);
}

int
main(int argc, char *argv[])
{
	log_open(LOG_LEVEL_WARN, true);
	if (argc == 4 && strcmp(argv[1], "fill") == 0)
		fill(argv[2], strtoll(argv[3], NULL, 10));
	else if (argc == 3 && strcmp(argv[1], "sum") == 0)
		sum_up(argv[2]);
	else if (argc == 4 && strcmp(argv[1], "year") == 0)
		year(argv[2], strtoll(argv[3], NULL, 10));
	else if ((argc == 3 || argc == 4) && strcmp(argv[1], "csv") == 0)
		csv(argv[2], argc == 4 ? strtoll(argv[3], NULL, 10) : 0);
	else
		die("usage", "export fill DB ROWS | export sum DB | export year DB DAYS | "
		    "export csv DB [STEP_S]");
	return 0;
}
