/* SPDX-License-Identifier: ISC */
/* The clocks of this host: suspend and a set wall clock are found in their differences. */
#include "daemon/clock.h"

#include <assert.h>
#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int64_t
read_us(clockid_t id)
{
	struct timespec ts;
	int rc = clock_gettime(id, &ts);

	assert(rc == 0); /* all three exist since Linux 2.6.39 */
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_now_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

void
clock_read(struct clock_reading *out)
{
	out->monotonic_us = read_us(CLOCK_MONOTONIC);
	out->boot_us = read_us(CLOCK_BOOTTIME);
	out->wall_us = read_us(CLOCK_REALTIME);
}

#define NEVER_S ((time_t)1 << 40) /* some 35,000 years on */

static void
arm(int fd)
{
	const struct itimerspec never = { .it_value.tv_sec = NEVER_S };

	(void)timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

int
clock_alarm_open(void)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	arm(fd);
	return fd;
}

void
clock_alarm_hear(int fd)
{
	uint64_t times;

	/* ECANCELED, each time that the clock was set. */
	if (read(fd, &times, sizeof(times)) < 0 && errno != ECANCELED)
		return;
	arm(fd);
}

void
clock_watch_init(struct clock_watch *w, const struct clock_reading *r)
{
	w->slept_total_us = r->boot_us - r->monotonic_us;
	w->wall_offset_us = r->wall_us - r->boot_us;
}

struct clock_news
clock_watch_look(struct clock_watch *w, const struct clock_reading *r)
{
	struct clock_news news = { 0 };
	int64_t slept_us = r->boot_us - r->monotonic_us - w->slept_total_us;
	int64_t set_us = r->wall_us - r->boot_us - w->wall_offset_us;

	if (slept_us >= CLOCK_SLEPT_MIN_US)
		news.slept_us = slept_us;
	if (set_us >= CLOCK_SET_MIN_US || set_us <= -CLOCK_SET_MIN_US)
		news.set_us = set_us;
	/* Small differences are followed: a slewed clock must not add up to a step. */
	clock_watch_init(w, r);
	return news;
}
