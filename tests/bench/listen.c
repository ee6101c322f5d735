/* SPDX-License-Identifier: ISC */
/*
 * Listens to /v1/events on 127.0.0.1 with many connections and prints how late the estimates
 * came, by the time that each carries: the wall clock of the same host.
 *
 *   listen PORT LISTENERS SECONDS
 *
 * Prints "ready" once every listener has its first event, and after SECONDS
 * `listeners N events E least L p50_ms A p99_ms B max_ms C`; least: events that the listener
 * had which had the fewest.
 */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LISTENERS_MAX 10000
#define SAMPLES_MAX 4000000
#define TEXT_MAX 8192

struct listener {
	int fd;
	long events;
	size_t have;
	char text[TEXT_MAX];
};

static struct listener *listener;
static int64_t *sample; /* ms */
static size_t samples;

static int64_t
wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int
dial(uint16_t port)
{
	static const char request[] = "GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
	    write(fd, request, sizeof request - 1) != (ssize_t)sizeof request - 1) {
		perror("listen");
		exit(1);
	}
	return fd;
}

/* 2026-11-24T06:15:00.250Z */
static int64_t
parse_ms(const char *text)
{
	struct tm tm;
	int ms;

	memset(&tm, 0, sizeof tm);
	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
	    &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms) != 7)
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return (int64_t)timegm(&tm) * 1000 + ms;
}

/* All whole messages; what is left of the text stays. */
static void
take(struct listener *l, int64_t now_ms)
{
	char *at = l->text, *end;

	l->text[l->have] = '\0';
	while ((end = strstr(at, "\n\n")) != NULL) {
		const char *time;

		*end = '\0';
		time = strstr(at, "event: link") != NULL ? strstr(at, "\"time\":\"") : NULL;
		/* the first is the estimate there was */
		if (time != NULL && l->events++ > 0 && samples < SAMPLES_MAX)
			sample[samples++] = now_ms - parse_ms(time + 8);
		at = end + 2;
	}
	l->have -= (size_t)(at - l->text);
	memmove(l->text, at, l->have);
}

static void
hear(struct listener *l)
{
	ssize_t n = read(l->fd, l->text + l->have, TEXT_MAX - 1 - l->have);

	if (n <= 0) {
		fprintf(stderr, "listen: a stream ended\n");
		exit(1);
	}
	l->have += (size_t)n;
	take(l, wall_ms());
}

static int
earlier(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static long
least(int n)
{
	long l = listener[0].events;

	for (int i = 1; i < n; i++)
		l = listener[i].events < l ? listener[i].events : l;
	return l;
}

static void
hear_all(int epoll, int n, int64_t until_ms, long enough)
{
	struct epoll_event e[256];

	while (wall_ms() < until_ms && least(n) < enough) {
		int got = epoll_wait(epoll, e, 256, 100);

		for (int i = 0; i < got; i++)
			hear(&listener[e[i].data.u32]);
	}
}

int
main(int argc, char **argv)
{
	int n = argc == 4 ? atoi(argv[2]) : 0, epoll = epoll_create1(0);
	struct rlimit files = { LISTENERS_MAX + 100, LISTENERS_MAX + 100 };

	if (n < 1 || n > LISTENERS_MAX || setrlimit(RLIMIT_NOFILE, &files) != 0) {
		fprintf(stderr, "usage: listen PORT LISTENERS SECONDS\n");
		return 64;
	}
	listener = calloc((size_t)n, sizeof *listener);
	sample = calloc(SAMPLES_MAX, sizeof *sample);
	for (int i = 0; i < n; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.u32 = (uint32_t)i };

		listener[i].fd = dial((uint16_t)atoi(argv[1]));
		epoll_ctl(epoll, EPOLL_CTL_ADD, listener[i].fd, &e);
	}
	hear_all(epoll, n, wall_ms() + 30000, 1);
	printf("ready\n");
	fflush(stdout);
	hear_all(epoll, n, wall_ms() + atoi(argv[3]) * INT64_C(1000), INT32_MAX);
	qsort(sample, samples, sizeof *sample, earlier);
	printf("listeners %d events %zu least %ld p50_ms %lld p99_ms %lld max_ms %lld\n", n, samples,
	    least(n), samples ? (long long)sample[samples / 2] : -1,
	    samples ? (long long)sample[samples * 99 / 100] : -1,
	    samples ? (long long)sample[samples - 1] : -1);
	return 0;
}
