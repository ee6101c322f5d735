/* SPDX-License-Identifier: ISC */
/* Carries one request through admission, body and routing. */
#include "api/call.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/observations.h"

struct call *
call_create(struct call_budget *budget, const char *target)
{
	size_t len = strnlen(target, QUERY_TARGET_MAX + 1);
	struct call *c = calloc(1, sizeof(*c) + len + 1);

	if (c == NULL)
		return NULL;
	c->budget = budget;
	memcpy(c->target, target, len);
	return c;
}

static void
drop_body(struct call *c)
{
	c->budget->body_bytes -= c->body_room;
	free(c->body);
	c->body = NULL;
	c->body_room = 0;
	c->rq.body_len = 0;
}

void
call_destroy(struct call *c)
{
	if (c == NULL)
		return;
	/* `rows` is the feed's by now, or was closed where there was no feed */
	observations_destroy(c->answer.work);
	free(c->answer.text);
	drop_body(c);
	free(c);
}

static enum route_method
method_of(const char *word)
{
	static const struct {
		const char *word;
		enum route_method method;
	} methods[] = {{"GET", ROUTE_GET}, {"HEAD", ROUTE_HEAD}, {"POST", ROUTE_POST},
	    {"DELETE", ROUTE_DELETE},
	    {"OPTIONS", ROUTE_OPTIONS}};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(word, methods[i].word) == 0)
			return methods[i].method;
	}
	return ROUTE_OTHER;
}

static int
parse_target(struct call *c)
{
	if (strlen(c->target) > QUERY_TARGET_MAX)
		return problem_set(&c->problem, 414, NULL, "The target is longer than %d bytes.",
		    QUERY_TARGET_MAX);
	return query_parse(&c->rq.query, c->target, &c->problem);
}

static bool
has_body(const struct door_headers *h)
{
	return door_length(h) > 0 || h->h[DOOR_TRANSFER_ENCODING].value != NULL;
}

void
call_admit(struct call *c, const struct door *d, enum api_listener from, const char *method)
{
	const struct door_headers *h = &c->headers;

	c->rq.method = method_of(method);
	c->rq.headers = h;
	if (door_check(d, from, h, &c->cors, &c->problem) != 0 || parse_target(c) != 0)
		return;
	if (c->rq.method == ROUTE_OPTIONS && c->cors != NULL &&
	    h->h[DOOR_ASK_METHOD].value != NULL && route_allow(c->rq.query.path) != NULL) {
		c->preflight = true;
		return;
	}
	if (route_check(c->rq.query.path, c->rq.method, &c->allow, &c->problem) != 0)
		return;
	if (c->rq.method == ROUTE_POST)
		door_check_body(h, &c->problem);
	else if (has_body(h))
		problem_set(&c->problem, 400, NULL, "A %s has no body.", method);
}

/* A client that waits for "100 Continue" has not sent it; one that declares more than is
 * drained would not see the answer for long; and where its end is in doubt, whatever comes
 * must not be taken for the next request. */
bool
call_refuse_now(const struct call *c)
{
	return c->problem.status != 0 &&
	    ((c->headers.h[DOOR_EXPECT].value != NULL && has_body(&c->headers)) ||
		door_length(&c->headers) > CALL_DRAIN_MAX || door_framing_is_bad(&c->headers));
}

static int
grow(struct call *c, size_t need)
{
	size_t room = c->body_room == 0 ? 1024 : c->body_room;
	char *bigger;

	while (room < need)
		room *= 2;
	if (room == c->body_room)
		return 0;
	if (c->budget->body_bytes - c->body_room + room > CALL_BODIES_MAX)
		return -ENOMEM;
	bigger = realloc(c->body, room);
	if (bigger == NULL)
		return -ENOMEM;
	c->budget->body_bytes += room - c->body_room;
	c->body = bigger;
	c->body_room = room;
	return 0;
}

int
call_take(struct call *c, const char *data, size_t len)
{
	c->drained += (int64_t)len;
	if (c->drained > CALL_DRAIN_MAX)
		return -E2BIG;
	if (c->problem.status != 0)
		return 0;
	if (c->rq.body_len + len > DOOR_BODY_MAX) {
		drop_body(c);
		problem_set(&c->problem, 413, NULL, "A body may have %d bytes at most.",
		    DOOR_BODY_MAX);
		return 0;
	}
	if (grow(c, c->rq.body_len + len) != 0) {
		drop_body(c);
		problem_set(&c->problem, 503, NULL, "Too many bodies are on their way at once.");
		c->problem.retry_after_s = 1;
		return 0;
	}
	memcpy(c->body + c->rq.body_len, data, len);
	c->rq.body_len += len;
	return 0;
}

void
call_answer(struct call *c, struct core *core)
{
	if (c->problem.status != 0 || c->preflight)
		return;
	c->rq.body = c->body != NULL ? c->body : "";
	route_answer(core, &c->rq, &c->answer);
	if (c->answer.status == 0)
		c->problem = c->answer.problem;
}

int
call_work(struct call *c)
{
	struct answer *a = &c->answer;
	struct buf b;
	int more;

	assert(a->kind == ANSWER_WORK && a->work != NULL);
	more = observations_step(a->work, &c->problem);
	if (more != 0)
		return more > 0 ? 1 : 0;
	a->text = malloc(OBSERVATIONS_ANSWER_MAX);
	if (a->text == NULL) {
		problem_set(&c->problem, 503, NULL, "Out of memory.");
		return 0;
	}
	buf_init(&b, a->text, OBSERVATIONS_ANSWER_MAX);
	observations_write(a->work, &b);
	assert(!b.overflow);
	a->kind = ANSWER_TEXT;
	a->len = b.len;
	return 0;
}
