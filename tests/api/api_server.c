/* SPDX-License-Identifier: ISC */
/*
 * The API on real sockets with a made-up source, for the tests that attack it and for
 * measuring it: api_server [--speed N] [--remote] [--unix PATH] [--streams N]
 *
 * Prints "port N" and serves 127.0.0.1 (and the Unix socket) until SIGTERM. Its clock runs
 * N times as fast, so that deadlines can be waited for. The token is "secret-token", the
 * configured name "box.example", the configured origin "http://app.example:3000".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/http.h"
#include "tests/api/fake_source.h"

static volatile sig_atomic_t stop;

static void
on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static int
die(const char *what)
{
	perror(what);
	exit(1);
}

static int
listen_tcp(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(at);

	if (bind(fd, (struct sockaddr *)&at, len) != 0 || listen(fd, 1024) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		die("listen");
	printf("port %d\n", ntohs(at.sin_port));
	return fd;
}

static int
listen_unix(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 64) != 0)
		die("listen");
	return fd;
}

static int
tick_fd(int64_t speed)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	struct timespec each = {.tv_nsec = 250000000 / speed};
	struct itimerspec when = {.it_interval = each, .it_value = each};

	if (fd < 0 || timerfd_settime(fd, 0, &when, NULL) != 0)
		die("timerfd");
	return fd;
}

static void
print_log(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "http: %s\n", line);
}

static void
serve(struct api *api, struct fake *fake)
{
	int ep = epoll_create1(EPOLL_CLOEXEC), timer = tick_fd(fake->speed);
	struct epoll_event e = {.events = EPOLLIN, .data.fd = timer};

	epoll_ctl(ep, EPOLL_CTL_ADD, timer, &e);
	e.data.fd = api_poll_fd(api);
	epoll_ctl(ep, EPOLL_CTL_ADD, e.data.fd, &e);
	while (!stop) {
		int64_t us = api_timeout_us(api);
		int n = epoll_wait(ep, &e, 1, us < 0 ? -1 : (int)((us + 999) / 1000));

		if (n > 0 && e.data.fd == timer) {
			uint64_t times;

			if (read(timer, &times, sizeof(times)) > 0)
				api_tick(api);
		}
		fake_deliver(fake);
		api_run(api);
	}
	api_quiesce(api);
	for (int i = 0; i < 200 && !api_idle(api); i++) {
		epoll_wait(ep, &e, 1, 10);
		fake_deliver(fake);
		api_run(api);
	}
	close(timer);
	close(ep);
}

int
main(int argc, char **argv)
{
	static const char *const hosts[] = {"box.example"};
	static const char *const origins[] = {"http://app.example:3000"};
	struct api_options o = {.hosts = hosts, .hosts_len = 1, .origins = origins,
	    .origins_len = 1, .token = "secret-token", .connections_max = 1200,
	    .streams_max = 1000, .boot = "b00t", .log = print_log};
	enum api_listener kind = API_LISTEN_LOOPBACK;
	struct sigaction action = {.sa_handler = on_signal};
	const char *unix_path = NULL;
	struct api_source source;
	struct rlimit files;
	struct fake fake;
	struct api *api;

	fake_init(&fake, &source);
	fake.speed = 1;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--speed") == 0 && i + 1 < argc)
			fake.speed = atoi(argv[++i]);
		else if (strcmp(argv[i], "--streams") == 0 && i + 1 < argc)
			o.streams_max = (unsigned)atoi(argv[++i]);
		else if (strcmp(argv[i], "--unix") == 0 && i + 1 < argc)
			unix_path = argv[++i];
		else if (strcmp(argv[i], "--remote") == 0)
			kind = API_LISTEN_REMOTE;
		else
			return 64;
	}
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (api_create(&o, &source, &api) != 0 || api_listen(api, listen_tcp(), kind) != 0)
		die("api");
	if (unix_path != NULL && api_listen(api, listen_unix(unix_path), API_LISTEN_UNIX) != 0)
		die("api");
	fake.api = api;
	fflush(stdout);
	serve(api, &fake);
	api_destroy(api);
	return fake.exports == 0 ? 0 : 1;
}
