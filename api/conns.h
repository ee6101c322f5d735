/* SPDX-License-Identifier: ISC */
/*
 * The connections and what each is at, for their deadlines.
 *
 * The HTTP library's own timeout is about silence, so a byte a second would hold a request
 * for ever: how long a request may take to arrive, and an answer to leave, is kept here.
 */
#ifndef LINKQ_API_CONNS_H
#define LINKQ_API_CONNS_H

#include <stdbool.h>
#include <stdint.h>

#define CONNS_NEW_US INT64_C(15000000)     /* from connecting to a request line */
#define CONNS_IDLE_US INT64_C(35000000)    /* between requests */
#define CONNS_READING_US INT64_C(15000000) /* from a request line to the end of its body */
#define CONNS_WRITING_US INT64_C(60000000) /* an answer that is not a stream */

enum conn_phase {
	CONN_NEW,
	CONN_IDLE,
	CONN_READING,
	CONN_WRITING,
	CONN_ASLEEP, /* a stream or a waiting request: it has rules of its own */
	CONN_CLOSING
};

struct conn {
	struct conn *next, *prev;
	int fd;
	enum conn_phase phase;
	int64_t since_us;
};

struct conns {
	struct conn *first;
};

/* NULL: no memory; a NULL conn is fine everywhere below, and has no deadline. */
struct conn *conns_add(struct conns *all, int fd, int64_t now_us);
void conns_remove(struct conns *all, struct conn *c);

void conn_is(struct conn *c, enum conn_phase phase, int64_t now_us);

/* Shut down those that take too long; the HTTP library sees their end and closes them. */
void conns_close_overdue(struct conns *all, int64_t now_us);

/* Is a request on its way in or out? */
bool conns_busy(const struct conns *all);

/* Little room in the kernel for what is not read yet: of a thousand that do not read it would
 * be gigabytes. */
#define CONNS_SMALL_BYTES (32 * 1024)
void conn_small(const struct conn *c);

/* Drop it, whatever is under way. */
void conn_cut(struct conn *c);

/* Did the other end go away? Asked of those that sleep, where nobody else would notice. */
bool conn_vanished(const struct conn *c);

#endif
