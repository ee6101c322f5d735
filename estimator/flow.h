/* SPDX-License-Identifier: ISC */
/*
 * Requests that are open: from their cumulative reports to increments.
 *
 * Progress rows and the final row of one request overlap, so each is subtracted from the
 * one before; else the same bytes would count many times.
 */
#ifndef LINKQ_ESTIMATOR_FLOW_H
#define LINKQ_ESTIMATOR_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOWS_KEPT 48

struct flow {
	uint64_t id;
	int64_t start_us;
	int64_t last_us;     /* time of the last report, on the request's own clock */
	int64_t byte_us;     /* time of the last report that had new bytes */
	int64_t first_us;    /* first byte; -1: none yet */
	int64_t reported_us; /* when that report reached us */
	int64_t bytes;
	uint8_t source, direction;
	bool open;
	bool passed; /* the link lived on while it was overdue: its silence is its own */
};

struct flows {
	struct flow flow[FLOWS_KEPT];
};

void flows_init(struct flows *f);

/* The open request of that id, or NULL. */
struct flow *flows_find(struct flows *f, uint64_t id);

/*
 * A place for a new request; where all are taken, that of one that has not been heard of
 * for long. NULL: there is none. The caller fills it.
 */
struct flow *flows_open(struct flows *f, uint64_t id, int64_t now_us);

void flows_close(struct flow *f);

/* Open requests that say something and have been silent since before since_us. */
int flows_silent(const struct flows *f, int64_t now_us, int64_t since_us);

/*
 * The moment up to which no open request can report anything more: their least last report,
 * where that is recent enough to be believed in, at most `latest_us`.
 */
int64_t flows_watermark(const struct flows *f, uint8_t direction, int64_t now_us,
    int64_t latest_us);

/* Requests in whose body bytes flow now; and all that are open. */
size_t flows_in_body(const struct flows *f, uint8_t direction, int64_t now_us);
size_t flows_count(const struct flows *f, int64_t now_us);

/* For how long the longest waiting credible request has had no first byte; 0: none waits. */
int64_t flows_waiting_us(const struct flows *f, int64_t now_us);

/* A request of which nothing was heard for so long is lost from sight. */
#define FLOW_STALE_US INT64_C(3000000)

#endif
