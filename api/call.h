/* SPDX-License-Identifier: ISC */
/* One request from its first line to its answer: admission, body, what comes of it. */
#ifndef LINKQ_API_CALL_H
#define LINKQ_API_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/door.h"
#include "api/route.h"

#define CALL_BODIES_MAX (16 * 1024 * 1024) /* of all calls together */
#define CALL_DRAIN_MAX (4 * 1024 * 1024)   /* of a body that is refused */

struct call_budget {
	size_t body_bytes;
};

struct call {
	struct call_budget *budget;
	bool begun;  /* its headers were looked at */
	bool woken;  /* it slept, and goes on now */
	bool preflight;
	struct door_headers headers;
	struct request rq;
	const char *cors;  /* the configured origin that asks */
	const char *allow; /* with 405 */
	struct problem problem; /* status 0: none so far */
	struct answer answer;
	char *body;
	size_t body_room;
	int64_t drained;
	char target[]; /* as it stood in the request line, then split and decoded */
};

/* NULL: no memory. A target that is too long is cut, and refused by call_admit. */
struct call *call_create(struct call_budget *budget, const char *target);
void call_destroy(struct call *c); /* NULL is fine */

/* Its headers are in: may it come in? Sets problem where not. */
void call_admit(struct call *c, const struct door *d, enum api_listener from,
    const char *method);

/* It is refused, and the body had better not be read: answer at once, and close. */
bool call_refuse_now(const struct call *c);

/* A piece of the body. 0, or -E2BIG: more than is drained for anybody, drop the connection. */
int call_take(struct call *c, const char *data, size_t len);

/* All is in. Routes it: afterwards problem or answer is set. */
void call_answer(struct call *c, struct core *core);

/* One portion of the work of an ANSWER_WORK: 1: there is more. 0: the answer is a text now,
 * or problem is set. */
int call_work(struct call *c);

#endif
