/* SPDX-License-Identifier: ISC */
/* Status, headers and text of an answer, before the HTTP library has a hand in it. */
#ifndef LINKQ_API_REPLY_H
#define LINKQ_API_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "api/call.h"
#include "api/core.h"

#define REPLY_HEADERS_MAX 16

struct reply {
	int status;
	struct {
		const char *name, *value;
	} header[REPLY_HEADERS_MAX];
	size_t headers;
	char *text; /* copied by whoever takes it, unless owned */
	size_t len;
	bool owned; /* malloc'd, and goes to whoever takes it */
	char memory[2048];
	char etag[CORE_ETAG_MAX];
	char retry[16];
};

/* `last`: and the connection ends with it. */
void reply_problem(struct reply *r, const struct call *c, bool last);
void reply_preflight(struct reply *r, const struct call *c);
/* Takes the text of an ANSWER_TEXT. */
void reply_text(struct reply *r, struct call *c);
/* What is published. `cors` as in struct call. */
void reply_link(struct reply *r, struct core *core, int status, const char *cors);
/* The head of a body that comes bit by bit. */
void reply_feed(struct reply *r, const struct call *c);

#endif
