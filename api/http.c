/* SPDX-License-Identifier: ISC */
/*
 * The HTTP server: libmicrohttpd driven from outside, one object a listening socket.
 *
 * What to know of the library (0.9.75): its epoll set is edge-triggered, so after each
 * MHD_run its timeout is asked for, and 0 means "again at once". A reader callback that has
 * nothing to say suspends its connection; returning 0 alone would spin. A suspended
 * connection has neither timeout nor disconnect detection. Its timeout is about inactivity,
 * so one byte a second would hold a request for ever: deadlines are ours (overdue()).
 */
#include "api/server.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/feed.h"
#include "api/links.h"
#include "api/reply.h"

#define RUNS_MAX 16              /* of one listener in a row; then others get a turn */
#define MEMORY_BYTES (12 * 1024) /* of a connection: heads above it get 414 or 431 */
#define STREAM_BLOCK 256 /* of clients that know no chunks; for others it lies idle */
#define EXPORT_BLOCK 65536
#define SECOND_US INT64_C(1000000)
#define INACTIVE_S 30u /* the library closes a connection that is silent */

/* --- Answers ---------------------------------------------------------------------- */

/* The library would put the date into words for each answer anew. */
static void
add_headers(const struct api *api, struct MHD_Response *response, const struct reply *r)
{
	if (response != NULL && api->date[0] != '\0')
		MHD_add_response_header(response, MHD_HTTP_HEADER_DATE, api->date);
	for (size_t i = 0; response != NULL && i < r->headers; i++)
		MHD_add_response_header(response, r->header[i].name, r->header[i].value);
}

static struct MHD_Response *
make(const struct api *api, const struct reply *r)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(r->len, r->text,
	    r->owned ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_MUST_COPY);

	if (response == NULL && r->owned)
		free(r->text);
	add_headers(api, response, r);
	return response;
}

static void
count(struct api *api, int status)
{
	assert(status >= 100 && status < 100 * TRAFFIC_CLASSES);
	api->core.traffic.answers[status / 100]++;
}

/* Queue it and let go of it. */
static enum MHD_Result
queue(struct api *api, struct MHD_Connection *mhd, int status, struct MHD_Response *response)
{
	enum MHD_Result ok;

	if (response == NULL)
		return MHD_NO;
	count(api, status);
	ok = MHD_queue_response(mhd, (unsigned)status, response);
	MHD_destroy_response(response);
	return ok;
}

static enum MHD_Result
answer_problem(struct api *api, struct MHD_Connection *mhd, const struct call *call, bool last)
{
	struct reply r;

	reply_problem(&r, call, last);
	return queue(api, mhd, r.status, make(api, &r));
}

/* The one rendering of the default link, built again where what is published has moved. */
static enum MHD_Result
answer_link(struct api *api, struct MHD_Connection *mhd, const struct call *call)
{
	struct reply r;

	if (call->cors != NULL) {
		reply_link(&r, &api->core, call->answer.status, call->cors);
		return queue(api, mhd, r.status, make(api, &r));
	}
	if (api->link == NULL || api->link_version != api->core.version) {
		struct MHD_Response *old = api->link;

		reply_link(&r, &api->core, 200, NULL);
		api->link = make(api, &r);
		api->link_version = api->core.version;
		if (old != NULL)
			MHD_destroy_response(old);
		if (api->link == NULL)
			return MHD_NO;
	}
	count(api, call->answer.status);
	return MHD_queue_response(mhd, (unsigned)call->answer.status, api->link);
}

static ssize_t
read_body(void *cls, uint64_t pos, char *to, size_t room)
{
	int64_t n = sleeper_fill(cls, to, room);

	(void)pos;
	if (n == FEED_END)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n == FEED_FAILED)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	return (ssize_t)n; /* 0: it sleeps */
}

static void
free_body(void *cls)
{
	sleeper_destroy(cls);
}

/* For HEAD: the head of a body that is never read. */
static ssize_t
read_nothing(void *cls, uint64_t pos, char *to, size_t room)
{
	(void)cls;
	(void)pos;
	(void)to;
	(void)room;
	return MHD_CONTENT_READER_END_OF_STREAM;
}

static enum MHD_Result
too_many(struct api *api, struct MHD_Connection *mhd, struct call *call)
{
	problem_set(&call->problem, 503, NULL, "Too many streams and waiting requests at once.");
	call->problem.retry_after_s = 5;
	return answer_problem(api, mhd, call, false);
}

static struct feed *
create_feed(struct api *api, struct call *call)
{
	struct api_rows *rows = call->answer.rows;

	call->answer.rows = NULL;
	if (rows != NULL)
		return feed_create_rows(&api->core, rows);
	return feed_create_stream(&api->core, call->headers.h[DOOR_LAST_EVENT_ID].value,
	    query_get(&call->rq.query, "hint"));
}

static enum MHD_Result
answer_feed(struct api *api, struct MHD_Connection *mhd, struct conn *conn, struct call *call)
{
	bool stream = call->answer.kind == ANSWER_STREAM;
	struct MHD_Response *response;
	struct sleeper *s;
	struct feed *feed;
	struct reply r;

	reply_feed(&r, call);
	if (call->rq.method == ROUTE_HEAD) {
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK,
		    read_nothing, NULL, NULL);
		add_headers(api, response, &r);
		return queue(api, mhd, r.status, response);
	}
	if (stream && sleepers_full(&api->sleepers))
		return too_many(api, mhd, call);
	feed = create_feed(api, call);
	if (feed == NULL)
		return MHD_NO;
	s = sleepers_add_feed(&api->sleepers, mhd, conn, feed, stream);
	if (s == NULL)
		return MHD_NO;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
	    stream ? STREAM_BLOCK : EXPORT_BLOCK, read_body, s, free_body);
	if (response == NULL)
		sleeper_destroy(s);
	add_headers(api, response, &r);
	api->core.traffic.streams += stream ? 1 : 0;
	return queue(api, mhd, r.status, response);
}

/* It goes on when seq has risen or its time is over, or when its work is done. */
static enum MHD_Result
let_wait(struct api *api, struct MHD_Connection *mhd, struct conn *conn, struct call *call)
{
	bool work = call->answer.kind == ANSWER_WORK;
	int64_t until_us = work ? INT64_MAX : core_now(&api->core) + call->answer.wait_us;

	if (!work && sleepers_full(&api->sleepers))
		return too_many(api, mhd, call);
	if (sleepers_add_call(&api->sleepers, mhd, conn, call, until_us) != 0)
		return MHD_NO;
	return MHD_YES;
}

static enum MHD_Result
answer(struct api *api, struct MHD_Connection *mhd, struct conn *conn, struct call *call)
{
	struct reply r;

	if (call->problem.status == 0 && call->answer.kind == ANSWER_WORK && !call->woken &&
	    call_work(call) == 1)
		return let_wait(api, mhd, conn, call);
	if (call->problem.status != 0)
		return answer_problem(api, mhd, call, false);
	if (call->preflight) {
		reply_preflight(&r, call);
		return queue(api, mhd, r.status, make(api, &r));
	}
	switch (call->answer.kind) {
	case ANSWER_TEXT:
		reply_text(&r, call);
		return queue(api, mhd, r.status, make(api, &r));
	case ANSWER_WAIT:
		if (!call->woken && !api->ending)
			return let_wait(api, mhd, conn, call);
		core_refresh(&api->core);
		return answer_link(api, mhd, call);
	case ANSWER_FORGET:
		if (!call->woken && !api->ending && !links_are_forgotten(&call->answer))
			return let_wait(api, mhd, conn, call);
		if (links_tell_forgotten(&call->answer) != 0) {
			call->problem = call->answer.problem;
			return answer_problem(api, mhd, call, false);
		}
		reply_text(&r, call);
		return queue(api, mhd, r.status, make(api, &r));
	case ANSWER_LINK:
		return answer_link(api, mhd, call);
	case ANSWER_ROWS:
	case ANSWER_STREAM:
		return answer_feed(api, mhd, conn, call);
	case ANSWER_WORK:
		break;
	}
	assert(false && "work is over when a call is answered");
	return MHD_NO;
}

/* --- What the library calls --------------------------------------------------------- */

static struct conn *
conn_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

static void
on_connection(void *cls, struct MHD_Connection *mhd, void **socket_context,
    enum MHD_ConnectionNotificationCode code)
{
	struct listener *l = cls;

	struct traffic *traffic = &l->api->core.traffic;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		traffic->connections++;
		traffic->accepted++;
		*socket_context = conns_add(&l->api->conns,
		    MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
		    l->api->now_us);
	} else {
		traffic->connections--;
		conns_remove(&l->api->conns, *socket_context);
	}
}

/* The request line is there, and not parsed yet. */
static void *
on_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
	struct listener *l = cls;

	conn_is(conn_of(mhd), CONN_READING, l->api->now_us);
	return call_create(&l->api->budget, target);
}

static enum MHD_Result
on_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	door_header_add(cls, name, value);
	return MHD_YES;
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
    const char *version, const char *data, size_t *len, void **state)
{
	struct listener *l = cls;
	struct api *api = l->api;
	struct call *call = *state;

	(void)url;
	(void)version;
	if (call == NULL)
		return MHD_NO;
	if (!call->begun) {
		call->begun = true;
		MHD_get_connection_values(mhd, MHD_HEADER_KIND, on_header, &call->headers);
		call_admit(call, &api->door, l->kind, method);
		return call_refuse_now(call) ? answer_problem(api, mhd, call, true) : MHD_YES;
	}
	if (*len > 0) {
		if (call_take(call, data, *len) != 0)
			return MHD_NO;
		*len = 0;
		return MHD_YES;
	}
	conn_is(conn_of(mhd), CONN_WRITING, api->now_us);
	if (!call->woken)
		call_answer(call, &api->core);
	return answer(api, mhd, conn_of(mhd), call);
}

static void
on_completed(void *cls, struct MHD_Connection *mhd, void **state,
    enum MHD_RequestTerminationCode code)
{
	struct listener *l = cls;

	(void)code;
	call_destroy(*state);
	*state = NULL;
	conn_is(conn_of(mhd), CONN_IDLE, l->api->now_us);
}

/* What foreign clients provoke must not fill the log. */
__attribute__((format(printf, 2, 0))) static void
on_log(void *cls, const char *format, va_list ap)
{
	struct listener *l = cls;
	struct api *api = l->api;
	char line[256];

	if (api->log == NULL || api->now_us - api->logged_us < SECOND_US)
		return;
	api->logged_us = api->now_us;
	vsnprintf(line, sizeof(line), format, ap);
	line[strcspn(line, "\n")] = '\0';
	api->log(api->log_ctx, line);
}

/* --- What server.c calls ----------------------------------------------------------------- */

static struct MHD_Daemon *
start(struct listener *l, int fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
	        MHD_USE_SUPPRESS_DATE_NO_CLOCK, 0,
	    NULL, NULL, on_request, l,
	    MHD_OPTION_EXTERNAL_LOGGER, on_log, l,
	    MHD_OPTION_LISTEN_SOCKET, (MHD_socket)fd,
	    MHD_OPTION_CONNECTION_LIMIT, l->api->connections_max,
	    MHD_OPTION_CONNECTION_TIMEOUT, INACTIVE_S,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_BYTES,
	    MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
	    MHD_OPTION_URI_LOG_CALLBACK, on_target, l,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, l,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, l,
	    MHD_OPTION_END);
}

int
http_start(struct listener *l, int fd)
{
	l->mhd = start(l, fd);
	return l->mhd != NULL ? 0 : -EIO;
}

int
http_epoll_fd(const struct listener *l)
{
	return MHD_get_daemon_info(l->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int64_t
http_timeout_us(const struct listener *l)
{
	MHD_UNSIGNED_LONG_LONG ms;

	return MHD_get_timeout(l->mhd, &ms) == MHD_YES ? (int64_t)ms * 1000 : -1;
}

void
http_run(struct listener *l)
{
	for (int i = 0; i < RUNS_MAX; i++) {
		MHD_run(l->mhd);
		if (http_timeout_us(l) != 0)
			return;
	}
}

int
http_quiesce(struct listener *l)
{
	MHD_socket fd = MHD_quiesce_daemon(l->mhd);

	return fd == MHD_INVALID_SOCKET ? -1 : fd;
}

void
http_stop(struct listener *l)
{
	MHD_stop_daemon(l->mhd);
}

void
http_forget(struct api *api)
{
	if (api->link != NULL)
		MHD_destroy_response(api->link);
	api->link = NULL;
}

void
http_suspend(void *connection)
{
	MHD_suspend_connection(connection);
}

void
http_resume(void *connection)
{
	MHD_resume_connection(connection);
}
