/* SPDX-License-Identifier: ISC */
/*
 * Asks an HTTP server on 127.0.0.1 over and over and prints how long answers took.
 *
 *   load PORT PATH CONNECTIONS SECONDS [PER_SECOND]
 *
 * With PER_SECOND the requests are due at fixed instants and each wait counts from the
 * instant at which it was due, so that a server that stops does not hide its own delay
 * (no coordinated omission). Without it every connection asks again as soon as it has an
 * answer. Prints `requests R per_second X p50_us A p90_us B p99_us C max_us D errors E`.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256
#define SAMPLES_MAX 4000000

struct conn {
	int fd;
	bool waiting;
	int64_t since_us; /* when the request was due */
	size_t have;      /* bytes of the answer's head so far */
	int64_t body_left; /* -1: the head is not whole yet */
	char head[2048];
};

static struct conn conns[CONNECTIONS_MAX];
static uint32_t *samples;
static size_t samples_len;
static long errors;
static char request[512];
static size_t request_len;

static int64_t
clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int
dial(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

static void
ask(struct conn *c, int64_t due_us)
{
	c->waiting = true;
	c->since_us = due_us;
	c->have = 0;
	c->body_left = -1;
	if (write(c->fd, request, request_len) != (ssize_t)request_len)
		errors++;
}

static void
answered(struct conn *c, int64_t now_us)
{
	c->waiting = false;
	if (strncmp(c->head, "HTTP/1.1 200", 12) != 0)
		errors++;
	if (samples_len < SAMPLES_MAX)
		samples[samples_len++] = (uint32_t)(now_us - c->since_us);
}

/* Takes what came; true when the answer is whole. */
static bool
take(struct conn *c, const char *bytes, size_t len)
{
	if (c->body_left < 0) {
		size_t room = sizeof c->head - 1 - c->have;
		size_t n = len < room ? len : room;
		char *end, *length;

		memcpy(c->head + c->have, bytes, n);
		c->have += n;
		c->head[c->have] = '\0';
		end = strstr(c->head, "\r\n\r\n");
		if (end == NULL)
			return false;
		length = strcasestr(c->head, "content-length:");
		c->body_left = length != NULL && length < end ? atoll(length + 15) : 0;
		c->body_left -= (int64_t)(c->have - (size_t)(end + 4 - c->head)) + (int64_t)(len - n);
	} else {
		c->body_left -= (int64_t)len;
	}
	return c->body_left <= 0;
}

static void
hear(struct conn *c)
{
	char bytes[16384];
	ssize_t got = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT);

	if (got <= 0) {
		if (got == 0 || errno != EAGAIN) {
			fprintf(stderr, "load: the server closed a connection\n");
			exit(1);
		}
		return;
	}
	if (c->waiting && take(c, bytes, (size_t)got))
		answered(c, clock_us());
}

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static unsigned
quantile(double q)
{
	return samples_len > 0 ? samples[(size_t)(q * (double)(samples_len - 1))] : 0;
}

/* Requests that are due now go out on connections that are free. */
static void
ask_due(int n, int64_t start_us, double per_second, int64_t now_us, int64_t *sent)
{
	int first = (int)(*sent % n); /* in turn, so that none falls idle and is closed */

	for (int k = 0; k < n; k++) {
		int i = (first + k) % n;

		if (conns[i].waiting)
			continue;
		if (per_second > 0) {
			int64_t due = start_us + (int64_t)((double)*sent * 1e6 / per_second);

			if (due > now_us)
				return;
			ask(&conns[i], due);
		} else {
			ask(&conns[i], now_us);
		}
		(*sent)++;
	}
}

/* How long nothing is due: to the microsecond, so that we are not late ourselves. */
static const struct timespec *
until_due(int64_t start_us, double per_second, int64_t sent)
{
	static struct timespec wait;
	int64_t us = 10000;

	if (per_second > 0)
		us = start_us + (int64_t)((double)sent * 1e6 / per_second) - clock_us();
	us = us < 0 ? 0 : us > 10000 ? 10000 : us;
	wait = (struct timespec){ .tv_nsec = (long)us * 1000 };
	return &wait;
}

int
main(int argc, char **argv)
{
	int n = argc > 4 ? atoi(argv[3]) : 0;
	double seconds = argc > 4 ? atof(argv[4]) : 0, per_second = argc > 5 ? atof(argv[5]) : 0;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int64_t start_us, end_us, now_us, sent = 0;

	if (n < 1 || n > CONNECTIONS_MAX || seconds <= 0 || seconds > 600) {
		fprintf(stderr, "usage: load PORT PATH CONNECTIONS SECONDS [PER_SECOND]\n");
		return 64;
	}
	samples = calloc(SAMPLES_MAX, sizeof *samples);
	request_len = (size_t)snprintf(request, sizeof request,
	    "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", argv[2]);
	for (int i = 0; i < n; i++) {
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = &conns[i] };

		conns[i].fd = dial((uint16_t)atoi(argv[1]));
		if (conns[i].fd < 0 || samples == NULL) {
			perror("load");
			return 1;
		}
		epoll_ctl(epoll, EPOLL_CTL_ADD, conns[i].fd, &ev);
	}
	start_us = clock_us();
	end_us = start_us + (int64_t)(seconds * 1e6);
	while ((now_us = clock_us()) < end_us) {
		struct epoll_event ev[64];
		int ready;

		ask_due(n, start_us, per_second, now_us, &sent);
		ready = epoll_pwait2(epoll, ev, 64, until_due(start_us, per_second, sent), NULL);
		for (int i = 0; i < ready; i++)
			hear(ev[i].data.ptr);
	}
	qsort(samples, samples_len, sizeof *samples, by_size);
	printf("requests %zu per_second %.0f p50_us %u p90_us %u p99_us %u max_us %u errors %ld\n",
	    samples_len, (double)samples_len / seconds, quantile(0.5), quantile(0.9),
	    quantile(0.99), quantile(1), errors);
	return errors == 0 ? 0 : 1;
}
