/* SPDX-License-Identifier: ISC */
/*
 * HTTP for players: libmicrohttpd in external mode. What to know of the library stands in
 * api/http.c: its epoll set is edge-triggered, a reader with nothing to say suspends, and a
 * suspended connection does not notice that its client left.
 */
#include "daemon/gateway/serve.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "api/door.h"

#define HEADERS_MAX 6
#define BLOCK_BYTES (64 * 1024)
#define RUNS_MAX 16

struct serve {
	struct loop *loop;
	struct serve_hooks hooks;
	struct door door;
	struct MHD_Daemon *mhd;
	struct loop_watch *watch;
	struct loop_timer *timer;
	struct serve_call *first;
	bool ending;
};

struct serve_call {
	struct serve *s;
	struct serve_call *next;
	struct MHD_Connection *mhd;
	bool begun, asked, asleep, left;
	int status; /* of the answer that waits to be sent; 0: there is none yet */
	struct MHD_Response *response;
	serve_read_fn *read;
	void *arg, *mark;
	size_t headers;
	char header[HEADERS_MAX][2][160];
	char cors[256];
};

/* --- answers ------------------------------------------------------------------------------ */

static void
sleep_now(struct serve_call *c)
{
	if (!c->asleep) {
		c->asleep = true;
		MHD_suspend_connection(c->mhd);
	}
}

void
serve_wake(struct serve_call *c)
{
	if (c->asleep) {
		c->asleep = false;
		MHD_resume_connection(c->mhd);
		if (!c->s->ending)
			loop_timer_set(c->s->timer, 0); /* the library's descriptor does not tell */
	}
}

void
serve_header(struct serve_call *c, const char *name, const char *value)
{
	if (c->headers == HEADERS_MAX)
		return;
	snprintf(c->header[c->headers][0], sizeof(c->header[0][0]), "%s", name);
	snprintf(c->header[c->headers][1], sizeof(c->header[0][1]), "%s", value);
	c->headers++;
}

static void
ready(struct serve_call *c, int status, const char *type, struct MHD_Response *r)
{
	if (c->response != NULL) { /* its client left, and it was answered for that */
		assert(c->left);
		if (r != NULL)
			MHD_destroy_response(r);
		return;
	}
	if (r == NULL) /* no memory: the connection is cut */
		r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	c->response = r;
	c->status = status;
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	MHD_add_response_header(r, MHD_HTTP_HEADER_ACCEPT_RANGES, "none");
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(r, "Cross-Origin-Resource-Policy",
	    c->cors[0] != '\0' ? "cross-origin" : "same-origin");
	if (c->cors[0] != '\0') {
		MHD_add_response_header(r, "Access-Control-Allow-Origin", c->cors);
		MHD_add_response_header(r, "Access-Control-Expose-Headers", "CMSD-Dynamic");
		MHD_add_response_header(r, "Vary", "Origin");
	}
	for (size_t i = 0; i < c->headers; i++)
		MHD_add_response_header(r, c->header[i][0], c->header[i][1]);
	serve_wake(c);
}

void
serve_text(struct serve_call *c, int status, const char *type, const char *text, size_t len)
{
	void *copy;

	memcpy(&copy, &text, sizeof(copy)); /* the library copies it, and does not say const */
	ready(c, status, type, MHD_create_response_from_buffer(len, copy, MHD_RESPMEM_MUST_COPY));
}

static ssize_t
on_read(void *arg, uint64_t pos, char *to, size_t room)
{
	struct serve_call *c = arg;
	int64_t n = c->s->ending ? SERVE_BROKEN : c->read(c->arg, to, room);

	(void)pos;
	if (n == SERVE_END)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n == SERVE_BROKEN)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (n == 0)
		sleep_now(c);
	return (ssize_t)n;
}

void
serve_body(struct serve_call *c, const char *type, int64_t length, serve_read_fn *read, void *arg)
{
	c->read = read;
	c->arg = arg;
	ready(c, 200, type, MHD_create_response_from_callback(
	    length >= 0 ? (uint64_t)length : MHD_SIZE_UNKNOWN, BLOCK_BYTES, on_read, c, NULL));
}

void
serve_set(struct serve_call *c, void *mark)
{
	c->mark = mark;
}

void *
serve_get(const struct serve_call *c)
{
	return c->mark;
}

/* --- what the library calls ------------------------------------------------------------------ */

static enum MHD_Result
on_header(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	door_header_add(arg, name, value);
	return MHD_YES;
}

static void
refuse(struct serve_call *c, int status, const char *why)
{
	char text[300];
	int n = snprintf(text, sizeof(text), "%s\n", why);

	serve_text(c, status, "text/plain; charset=utf-8", text, (size_t)n);
}

/* Let it in, or answer why not. */
static void
admit(struct serve_call *c, const char *url, const char *method)
{
	struct door_headers headers = {.malformed = false};
	struct problem problem = {.status = 0};
	const char *cors = NULL;

	MHD_get_connection_values(c->mhd, MHD_HEADER_KIND, on_header, &headers);
	if (door_check(&c->s->door, API_LISTEN_LOOPBACK, &headers, &cors, &problem) != 0) {
		refuse(c, problem.status, problem.detail);
		return;
	}
	if (cors != NULL)
		snprintf(c->cors, sizeof(c->cors), "%s", cors);
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		serve_header(c, "Allow", "GET, HEAD");
		refuse(c, 405, "Only GET and HEAD.");
		return;
	}
	c->asked = true;
	c->s->hooks.request(c->s->hooks.ctx, c, url);
}

static struct serve_call *
call_create(struct serve *s, struct MHD_Connection *mhd)
{
	struct serve_call *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->s = s;
	c->mhd = mhd;
	c->next = s->first;
	s->first = c;
	return c;
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
    const char *version, const char *data, size_t *len, void **state)
{
	struct serve *s = cls;
	struct serve_call *c = *state;

	(void)version;
	(void)data;
	if (c == NULL) {
		*state = call_create(s, mhd);
		return *state != NULL ? MHD_YES : MHD_NO;
	}
	if (*len > 0) { /* a body that nobody asked for */
		*len = 0;
		return MHD_YES;
	}
	if (!c->begun) {
		c->begun = true;
		admit(c, url, method);
	}
	if (c->response == NULL && s->ending)
		return MHD_NO;
	if (c->response == NULL) {
		sleep_now(c);
		return MHD_YES;
	}
	return MHD_queue_response(mhd, (unsigned)c->status, c->response);
}

static void
on_completed(void *cls, struct MHD_Connection *mhd, void **state,
    enum MHD_RequestTerminationCode code)
{
	struct serve *s = cls;
	struct serve_call *c = *state, **at = &s->first;

	(void)mhd;
	(void)code;
	if (c == NULL)
		return;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (c->asked)
		s->hooks.over(s->hooks.ctx, c);
	if (c->response != NULL)
		MHD_destroy_response(c->response);
	free(c);
	*state = NULL;
}

/* --- the loop ---------------------------------------------------------------------------------- */

static void
run(struct serve *s)
{
	MHD_UNSIGNED_LONG_LONG ms = 0;
	bool timed = true;

	for (int i = 0; i < RUNS_MAX && timed && ms == 0; i++) {
		MHD_run(s->mhd);
		timed = MHD_get_timeout(s->mhd, &ms) == MHD_YES;
	}
	if (timed)
		loop_timer_set(s->timer, (int64_t)ms * 1000);
	else
		loop_timer_stop(s->timer);
}

static void
on_ready(void *arg, int64_t now_us, int fd, unsigned what)
{
	(void)now_us;
	(void)fd;
	(void)what;
	run(arg);
}

static void
on_timer(void *arg, int64_t now_us)
{
	(void)now_us;
	run(arg);
}

void
serve_tick(struct serve *s)
{
	for (struct serve_call *c = s->first; c != NULL; c = c->next) {
		int fd = MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		char byte;

		if (!c->asleep || recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != 0)
			continue;
		if (c->response == NULL) {
			refuse(c, 503, "You have left.");
			c->left = true;
		} else {
			serve_wake(c);
		}
	}
}

static struct MHD_Daemon *
start(struct serve *s, int fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request,
	    s, MHD_OPTION_LISTEN_SOCKET, (MHD_socket)fd,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)SERVE_CONNECTIONS_MAX,
	    MHD_OPTION_CONNECTION_TIMEOUT, 120u, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_END);
}

int
serve_create(struct loop *loop, const struct serve_hooks *hooks, const char *const *origins,
    int fd, struct serve **out)
{
	struct api_options o = {.origins = origins};
	struct serve *s = calloc(1, sizeof(*s));
	int error = -ENOMEM;

	if (s == NULL)
		return -ENOMEM;
	while (origins != NULL && origins[o.origins_len] != NULL)
		o.origins_len++;
	s->loop = loop;
	s->hooks = *hooks;
	error = door_init(&s->door, &o);
	if (error == 0 && (s->mhd = start(s, fd)) == NULL)
		error = -EIO;
	if (error == 0)
		error = loop_timer_create(loop, on_timer, s, &s->timer);
	if (error == 0)
		error = loop_watch_create(loop,
		    MHD_get_daemon_info(s->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, LOOP_READ,
		    on_ready, s, &s->watch);
	if (error != 0) {
		serve_destroy(s);
		return error;
	}
	*out = s;
	return 0;
}

void
serve_destroy(struct serve *s)
{
	if (s == NULL)
		return;
	s->ending = true;
	for (struct serve_call *c = s->first; c != NULL; c = c->next)
		serve_wake(c); /* none may be asleep at the end */
	if (s->mhd != NULL) {
		MHD_run(s->mhd);
		MHD_stop_daemon(s->mhd);
	}
	loop_watch_destroy(s->watch);
	if (s->timer != NULL)
		loop_timer_destroy(s->timer);
	door_finish(&s->door);
	free(s);
}
