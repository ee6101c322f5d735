/* SPDX-License-Identifier: ISC */
/* Finds the handler of a path; the short handlers are here too. */
#include "api/route.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/budget.h"
#include "api/explain.h"
#include "api/forecast.h"
#include "api/hint_route.h"
#include "api/history.h"
#include "api/json.h"
#include "api/links.h"
#include "api/metrics.h"
#include "api/observations.h"
#include "api/openapi.h"
#include "api/page.h"

#define WAIT_US_MAX INT64_C(60000000)
#define TRANSFER_BYTES_MAX (INT64_C(1) << 50)

int
answer_text(struct answer *out, int status, const char *type, const struct buf *b)
{
	char *copy = malloc(b->len + 1);

	if (b->overflow) {
		free(copy);
		return problem_set(&out->problem, 500, NULL, "The answer is too long.");
	}
	if (copy == NULL)
		return problem_set(&out->problem, 503, NULL, "Out of memory.");
	memcpy(copy, b->at, b->len);
	out->kind = ANSWER_TEXT;
	out->status = status;
	out->type = type;
	out->text = copy;
	out->len = b->len;
	return 0;
}

int
answer_copy(struct answer *out, const char *type, const void *text, size_t len)
{
	char *copy = malloc(len);

	if (copy == NULL)
		return problem_set(&out->problem, 503, NULL, "Out of memory.");
	memcpy(copy, text, len);
	out->kind = ANSWER_TEXT;
	out->status = 200;
	out->type = type;
	out->text = copy;
	out->len = len;
	return 0;
}

static bool
list_has_tag(const char *list, const char *tag)
{
	size_t len = strlen(tag);
	const char *at = list;

	if (strcmp(list, "*") == 0)
		return true;
	while ((at = strstr(at, tag)) != NULL) {
		if (at[len] == '\0' || strchr(", \t", at[len]) != NULL)
			return true;
		at += len;
	}
	return false;
}

bool
route_has_tag(const struct door_headers *h, const char *etag)
{
	const char *tag = strncmp(etag, "W/", 2) == 0 ? etag + 2 : etag;

	for (unsigned i = 0; i < h->h[DOOR_IF_NONE_MATCH].count && i < DOOR_TAG_LINES_MAX; i++)
		if (list_has_tag(h->tags[i], tag))
			return true;
	return false;
}

/* --- Handlers: 0, or -EINVAL with out->problem set ------------------------------ */

typedef int handler_fn(struct core *core, const struct request *rq, struct answer *out);

static int
get_link(struct core *core, const struct request *rq, struct answer *out)
{
	static const char *const names[] = {"wait", "after", NULL};
	int64_t wait_us = 0, after = -1;
	char etag[CORE_ETAG_MAX];

	if (query_only(&rq->query, names, &out->problem) != 0 ||
	    query_seconds(&rq->query, "wait", INT64_C(86400) * 1000000, &wait_us,
		&out->problem) != 0 ||
	    query_int(&rq->query, "after", 0, INT64_MAX / 16, &after, &out->problem) != 0)
		return -EINVAL;
	core_refresh(core);
	out->kind = ANSWER_LINK;
	out->status = 200;
	if (wait_us > 0) {
		/* a number of an earlier run of the daemon is not waited for */
		if (after >= 0 && after != core->publish.seq)
			return 0;
		out->kind = ANSWER_WAIT;
		out->wait_us = wait_us < WAIT_US_MAX ? wait_us : WAIT_US_MAX;
		return 0;
	}
	core_etag(core, etag);
	if (route_has_tag(rq->headers, etag))
		out->status = 304;
	return 0;
}

static int
get_transfer(struct core *core, const struct request *rq, struct answer *out)
{
	static const char *const names[] = {"bytes", "direction", "link", NULL};
	static const char *const directions[] = {"down", "up", NULL};
	const char *link = query_get(&rq->query, "link");
	struct est_seconds seconds = {.known = false};
	int64_t bytes = -1;
	int direction = 0;
	char text[256];
	struct buf b;
	struct jw w;

	if (query_only(&rq->query, names, &out->problem) != 0 ||
	    query_int(&rq->query, "bytes", 0, TRANSFER_BYTES_MAX, &bytes, &out->problem) != 0 ||
	    query_word(&rq->query, "direction", directions, &direction, &out->problem) != 0)
		return -EINVAL;
	if (bytes < 0)
		return problem_set(&out->problem, 400, "bytes", "bytes is missing.");
	if (core->source.transfer(core->source.ctx, link, direction == 1 ? EST_UP : EST_DOWN,
		bytes, &seconds) != 0)
		return problem_set(&out->problem, 404, "link", "There is no link %.20s.",
		    link != NULL ? link : "");
	buf_init(&b, text, sizeof(text));
	jw_init(&w, &b);
	jw_open(&w, '{');
	jw_key_int(&w, "bytes", bytes);
	jw_key_text(&w, "direction", directions[direction]);
	estimate_seconds(&w, "seconds", &seconds);
	jw_close(&w, '}');
	return answer_text(out, 200, TYPE_JSON, &b);
}

static int
post_observations(struct core *core, const struct request *rq, struct answer *out)
{
	out->work = observations_create(&core->source, &core->watches, rq->body, rq->body_len);
	if (out->work == NULL)
		return problem_set(&out->problem, 503, NULL, "Out of memory.");
	out->kind = ANSWER_WORK;
	out->status = 202;
	out->type = TYPE_JSON;
	return 0;
}

static int
get_events(struct core *core, const struct request *rq, struct answer *out)
{
	static const char *const names[] = {"hint", NULL};
	const char *session = query_get(&rq->query, "hint");

	if (query_only(&rq->query, names, &out->problem) != 0)
		return -EINVAL;
	if (session != NULL && (session[0] == '\0' || strlen(session) > HINT_SESSION_MAX))
		return problem_set(&out->problem, 400, "hint",
		    "hint must be a session, of 1 to %d bytes.", HINT_SESSION_MAX);
	core_refresh(core);
	out->kind = ANSWER_STREAM;
	out->status = 200;
	out->type = "text/event-stream";
	return 0;
}

static int
health(struct core *core, bool ready, struct answer *out)
{
	struct api_health h = {.alive = false};
	char text[64];
	struct buf b;
	struct jw w;

	core->source.health(core->source.ctx, &h);
	if (!(ready ? h.alive && h.ready : h.alive))
		return problem_set(&out->problem, 503, NULL, "%s",
		    h.why[0] != '\0' ? h.why : "Not ready.");
	buf_init(&b, text, sizeof(text));
	jw_init(&w, &b);
	jw_open(&w, '{');
	jw_key_text(&w, "status", "ok");
	jw_close(&w, '}');
	return answer_text(out, 200, TYPE_JSON, &b);
}

static int
get_healthz(struct core *core, const struct request *rq, struct answer *out)
{
	(void)rq;
	return health(core, false, out);
}

static int
get_readyz(struct core *core, const struct request *rq, struct answer *out)
{
	(void)rq;
	return health(core, true, out);
}

static int
get_openapi(struct core *core, const struct request *rq, struct answer *out)
{
	(void)core;
	(void)rq;
	return answer_copy(out, TYPE_JSON, openapi_text, openapi_len);
}

/* --- The table -------------------------------------------------------------------- */

static const struct route {
	const char *path; /* a / at its end: anything may follow, but something must; but for "/" */
	handler_fn *get, *post, *delete;
} routes[] = {
	{"/", page_answer, NULL, NULL},
	{PAGE_PREFIX, page_answer, NULL, NULL},
	{"/v1/link", get_link, NULL, NULL},
	{LINKS_PATH, links_get, NULL, links_forget},
	{LINKS_PREFIX, links_get_one, links_name, links_forget_one},
	{"/v1/transfer", get_transfer, NULL, NULL},
	{"/v1/observations", NULL, post_observations, NULL},
	{"/v1/hint", hint_answer_get, hint_answer_post, NULL},
	{"/v1/history", history_answer, NULL, NULL},
	{"/v1/history.csv", history_answer, NULL, NULL},
	{"/v1/conditions", conditions_answer, NULL, NULL},
	{"/v1/events", get_events, NULL, NULL},
	{"/v1/explain", explain_answer, NULL, NULL},
	{"/v1/forecast", forecast_answer, NULL, NULL},
	{"/metrics", metrics_answer, NULL, NULL},
	{"/v1/budget", budget_answer, NULL, NULL},
	{"/v1/measure", NULL, measure_answer, NULL},
	{"/healthz", get_healthz, NULL, NULL},
	{"/readyz", get_readyz, NULL, NULL},
	{"/openapi.json", get_openapi, NULL, NULL},
};

static const struct route *
find(const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		size_t len = strlen(routes[i].path);

		if (len > 1 && routes[i].path[len - 1] == '/'
			? strncmp(path, routes[i].path, len) == 0 && path[len] != '\0'
			: strcmp(path, routes[i].path) == 0)
			return &routes[i];
	}
	return NULL;
}

const char *
route_allow(const char *path)
{
	const struct route *r = find(path);

	if (r == NULL)
		return NULL;
	if (r->delete != NULL)
		return r->post == NULL ? "GET, HEAD, DELETE" : "GET, HEAD, POST, DELETE";
	if (r->post == NULL)
		return "GET, HEAD";
	return r->get == NULL ? "POST" : "GET, HEAD, POST";
}

static handler_fn *
handler(const struct route *r, enum route_method method)
{
	if (method == ROUTE_POST)
		return r->post;
	if (method == ROUTE_DELETE)
		return r->delete;
	return method == ROUTE_GET || method == ROUTE_HEAD ? r->get : NULL;
}

int
route_check(const char *path, enum route_method method, const char **allow,
    struct problem *p)
{
	const struct route *r = find(path);

	if (r == NULL)
		return problem_set(p, 404, NULL, "There is nothing at %.100s.", path);
	if (handler(r, method) != NULL)
		return 0;
	*allow = route_allow(path);
	return problem_set(p, 405, NULL, "%.100s takes %s.", path, *allow);
}

void
route_answer(struct core *core, const struct request *rq, struct answer *out)
{
	const struct route *r = find(rq->query.path);

	assert(r != NULL);
	memset(out, 0, sizeof(*out));
	if (handler(r, rq->method)(core, rq, out) != 0) {
		assert(out->problem.status != 0);
		out->status = 0;
	}
}
