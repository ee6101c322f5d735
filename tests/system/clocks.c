/* SPDX-License-Identifier: ISC */
/*
 * Preloaded into the daemon: its clocks are the host's and what a file says besides, so that
 * a test can set the wall clock and suspend the host. CLOCKS_FILE holds two numbers of eight
 * bytes: by how many ns the wall clock and the time since boot are ahead. The timer that
 * tells of a set clock is the FIFO CLOCKS_FIFO: a test writes eight bytes into it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>

static const volatile int64_t *ahead_ns; /* wall clock, boot time */

static void __attribute__((constructor))
begin(void)
{
	const char *path = getenv("CLOCKS_FILE");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, 16, PROT_READ, MAP_SHARED, fd, 0);

	if (at != MAP_FAILED)
		ahead_ns = at;
}

int
clock_gettime(clockid_t id, struct timespec *t)
{
	static int (*real)(clockid_t, struct timespec *);
	int64_t more = 0, ns;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	if (real(id, t) != 0)
		return -1;
	if (ahead_ns && id == CLOCK_REALTIME)
		more = ahead_ns[0];
	if (ahead_ns && id == CLOCK_BOOTTIME)
		more = ahead_ns[1];
	ns = (int64_t)t->tv_sec * 1000000000 + t->tv_nsec + more;
	t->tv_sec = (time_t)(ns / 1000000000);
	t->tv_nsec = (long)(ns % 1000000000);
	return 0;
}

int
timerfd_create(clockid_t id, int flags)
{
	const char *path = getenv("CLOCKS_FIFO");
	static int (*real)(clockid_t, int);

	if (id == CLOCK_REALTIME && path)
		return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "timerfd_create");
	return real(id, flags);
}
