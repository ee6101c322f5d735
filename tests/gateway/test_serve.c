/* SPDX-License-Identifier: ISC */
/* The gateway's server before clients that do not wait. */
#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/gateway/serve.h"

#define ROUND_US INT64_C(100000)
#define ROUNDS_MAX 200

struct asked {
	struct serve_call *call; /* NULL: none, or it is over */
	int requests, overs;
};

static void
on_request(void *ctx, struct serve_call *c, const char *path)
{
	struct asked *a = ctx;

	(void)path;
	a->call = c;
	a->requests++;
}

static void
on_over(void *ctx, struct serve_call *c)
{
	struct asked *a = ctx;

	cr_assert_eq(a->call, c);
	a->call = NULL;
	a->overs++;
}

static int
listen_somewhere(struct sockaddr_in *at)
{
	socklen_t len = sizeof *at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*at = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	cr_assert_eq(bind(fd, (struct sockaddr *)at, sizeof *at), 0);
	cr_assert_eq(listen(fd, 4), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)at, &len), 0);
	return fd;
}

static void
ask(int client)
{
	static const char text[] = "GET /video.m3u8 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";

	cr_assert_eq(send(client, text, sizeof text - 1, 0), (ssize_t)sizeof text - 1);
}

Test(serve, drops_the_late_answer_to_a_client_that_left, .timeout = 60)
{
	struct asked a = { .call = NULL };
	const struct serve_hooks hooks = { .ctx = &a, .request = on_request, .over = on_over };
	struct sockaddr_in at;
	struct serve *s;
	struct loop *loop;
	int fd = listen_somewhere(&at), client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(loop_create(&loop), 0);
	cr_assert_eq(serve_create(loop, &hooks, NULL, fd, &s), 0);
	cr_assert_eq(connect(client, (struct sockaddr *)&at, sizeof at), 0);
	ask(client);
	for (int i = 0; i < ROUNDS_MAX && a.requests == 0; i++)
		cr_assert_eq(loop_run_once(loop, ROUND_US), 0);
	cr_assert_eq(a.requests, 1);
	close(client); /* on loopback that is known at once */

	serve_tick(s);
	cr_assert_not_null(a.call, "it is over when the library has had its turn");
	serve_text(a.call, 200, "text/plain", "late", 4);
	for (int i = 0; i < ROUNDS_MAX && a.overs == 0; i++)
		cr_assert_eq(loop_run_once(loop, ROUND_US), 0);
	cr_assert_eq(a.overs, 1);
	serve_destroy(s);
	loop_destroy(loop);
}
