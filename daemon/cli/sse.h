/* SPDX-License-Identifier: ISC */
/*
 * Server-sent events (WHATWG HTML, 9.2), taken apart as their bytes come. Bounded: an event
 * whose data is longer than SSE_DATA_MAX is left out, and a line of that length too.
 */
#ifndef LINKQ_CLI_SSE_H
#define LINKQ_CLI_SSE_H

#include <stdbool.h>
#include <stddef.h>

#define SSE_DATA_MAX 16383
#define SSE_ID_MAX 95

struct sse {
	char line[SSE_DATA_MAX + 33];
	size_t line_len;
	bool line_cut;
	char data[SSE_DATA_MAX + 1];
	size_t data_len;
	bool data_cut, data_any;
	char event[32];
	char id[SSE_ID_MAX + 1]; /* of the last event: for Last-Event-ID; "" until there is one */
};

/* event is "message" where the stream does not say. */
typedef void sse_event_fn(void *arg, const char *event, const char *data);

/* Start, or start over after a connection was lost; the id stays. */
void sse_init(struct sse *s);
void sse_restart(struct sse *s);

void sse_feed(struct sse *s, const char *bytes, size_t len, sse_event_fn *fn, void *arg);

#endif
