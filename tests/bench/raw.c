/* SPDX-License-Identifier: ISC */
/*
 * The limit for the API's speed: an epoll loop that reads what comes and, at each blank
 * line, sends canned bytes. It parses nothing and checks nothing.
 *
 *   raw FILE     serves FILE's bytes on a free port of 127.0.0.1, which it prints
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX 4096
#define FDS_MAX 1024

static char answer[ANSWER_MAX];
static size_t answer_len;
static unsigned char newlines[FDS_MAX]; /* how much of \r\n\r\n a connection has sent */

static int
listen_somewhere(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
	    listen(fd, 256) != 0 || getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		return -1;
	printf("%u\n", ntohs(at.sin_port));
	fflush(stdout);
	return fd;
}

/* How many requests end in these bytes. */
static unsigned
requests(int fd, const char *bytes, size_t len)
{
	unsigned n = 0;

	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\n')
			newlines[fd]++;
		else if (bytes[i] != '\r')
			newlines[fd] = 0;
		if (newlines[fd] == 2) {
			newlines[fd] = 0;
			n++;
		}
	}
	return n;
}

static void
serve(int epoll, int fd)
{
	char bytes[8192];
	ssize_t got = read(fd, bytes, sizeof bytes);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
		close(fd);
		return;
	}
	for (unsigned n = requests(fd, bytes, (size_t)got); n > 0; n--) {
		if (write(fd, answer, answer_len) < 0)
			return;
	}
}

static void
greet(int epoll, int listener)
{
	int one = 1;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0)
		return;
	if (fd >= FDS_MAX) {
		close(fd);
		return;
	}
	newlines[fd] = 0;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev);
}

int
main(int argc, char **argv)
{
	FILE *in = argc == 2 ? fopen(argv[1], "rb") : NULL;
	int epoll = epoll_create1(EPOLL_CLOEXEC), listener;
	struct epoll_event ev[64];

	if (in == NULL) {
		fprintf(stderr, "usage: raw FILE\n");
		return 64;
	}
	answer_len = fread(answer, 1, sizeof answer, in);
	fclose(in);
	listener = listen_somewhere();
	if (listener < 0 || epoll < 0) {
		perror("raw");
		return 1;
	}
	ev[0] = (struct epoll_event){ .events = EPOLLIN, .data.fd = listener };
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &ev[0]);
	for (;;) {
		int n = epoll_wait(epoll, ev, 64, -1);

		for (int i = 0; i < n; i++) {
			if (ev[i].data.fd == listener)
				greet(epoll, listener);
			else
				serve(epoll, ev[i].data.fd);
		}
	}
}
