/* SPDX-License-Identifier: ISC */
/* Puts answers together: the headers that all carry, and those of some. */
#include "api/reply.h"

#include <assert.h>
#include <stdio.h>

static void
add(struct reply *r, const char *name, const char *value)
{
	assert(r->headers < REPLY_HEADERS_MAX);
	r->header[r->headers].name = name;
	r->header[r->headers].value = value;
	r->headers++;
}

static void
begin(struct reply *r, int status, const char *type, const char *cache, const char *cors)
{
	r->status = status;
	r->headers = 0;
	r->text = r->memory;
	r->len = 0;
	r->owned = false;
	if (type != NULL)
		add(r, "Content-Type", type);
	add(r, "Cache-Control", cache);
	add(r, "X-Content-Type-Options", "nosniff");
	add(r, "Cross-Origin-Resource-Policy", "same-origin");
	if (cors == NULL)
		return;
	add(r, "Access-Control-Allow-Origin", cors);
	add(r, "Access-Control-Expose-Headers", "ETag, Retry-After");
	add(r, "Vary", "Origin");
}

void
reply_problem(struct reply *r, const struct call *c, bool last)
{
	const struct problem *p = &c->problem;
	struct buf b;

	begin(r, p->status, TYPE_PROBLEM, "no-store", c->cors);
	if (last)
		add(r, "Connection", "close");
	if (p->status == 401)
		add(r, "WWW-Authenticate", "Bearer realm=\"linkqd\"");
	if (p->status == 405)
		add(r, "Allow", c->allow);
	if (p->retry_after_s > 0) {
		snprintf(r->retry, sizeof(r->retry), "%u", p->retry_after_s);
		add(r, "Retry-After", r->retry);
	}
	buf_init(&b, r->memory, sizeof(r->memory));
	problem_write(p, &b);
	assert(!b.overflow);
	r->len = b.len;
}

void
reply_preflight(struct reply *r, const struct call *c)
{
	begin(r, 204, NULL, "no-store", c->cors);
	add(r, "Access-Control-Allow-Methods", "GET, HEAD, POST, DELETE");
	add(r, "Access-Control-Allow-Headers",
	    "Content-Type, Authorization, If-None-Match, Last-Event-ID");
	add(r, "Access-Control-Max-Age", "600");
	if (c->headers.h[DOOR_ASK_PRIVATE].value != NULL)
		add(r, "Access-Control-Allow-Private-Network", "true");
}

/* The page runs its own scripts alone, asks nobody but this daemon, and is in no frame. */
static void
add_page(struct reply *r, const char *etag)
{
	add(r, "ETag", etag);
	add(r, "Content-Security-Policy",
	    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
	    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
	add(r, "X-Frame-Options", "DENY");
	add(r, "Referrer-Policy", "no-referrer");
	add(r, "Cross-Origin-Opener-Policy", "same-origin");
}

void
reply_text(struct reply *r, struct call *c)
{
	struct answer *a = &c->answer;

	begin(r, a->status, a->type, a->etag != NULL ? "no-cache" : "no-store", c->cors);
	if (a->etag != NULL)
		add_page(r, a->etag);
	r->text = a->text;
	r->len = a->len;
	r->owned = true;
	a->text = NULL;
}

void
reply_link(struct reply *r, struct core *core, int status, const char *cors)
{
	const struct buf *text = core_link(core);

	begin(r, status, TYPE_JSON, "no-cache", cors);
	core_etag(core, r->etag);
	add(r, "ETag", r->etag);
	r->text = text->at;
	r->len = text->len;
}

void
reply_feed(struct reply *r, const struct call *c)
{
	begin(r, c->answer.status, c->answer.type, "no-store", c->cors);
	if (c->answer.disposition != NULL)
		add(r, "Content-Disposition", c->answer.disposition);
}
