/* SPDX-License-Identifier: ISC */
/* Requests that are open: from their cumulative reports to increments. */
#include "estimator/flow.h"

#include <assert.h>
#include <string.h>

#define HOLD_US INT64_C(1500000) /* no request holds the others back for longer */
#define EVICT_US INT64_C(5000000)

void
flows_init(struct flows *f)
{
	memset(f, 0, sizeof *f);
}

struct flow *
flows_find(struct flows *f, uint64_t id)
{
	for (int i = 0; i < FLOWS_KEPT; i++)
		if (f->flow[i].open && f->flow[i].id == id)
			return &f->flow[i];
	return NULL;
}

struct flow *
flows_open(struct flows *f, uint64_t id, int64_t now_us)
{
	struct flow *oldest = &f->flow[0];

	for (int i = 0; i < FLOWS_KEPT; i++) {
		struct flow *at = &f->flow[i];

		if (!at->open) {
			oldest = at;
			break;
		}
		if (at->reported_us < oldest->reported_us)
			oldest = at;
	}
	if (oldest->open && now_us - oldest->reported_us < EVICT_US)
		return NULL;
	*oldest = (struct flow){ .id = id, .first_us = -1, .reported_us = now_us,
		.open = true };
	return oldest;
}

void
flows_close(struct flow *f)
{
	assert(f->open);
	f->open = false;
}

static bool
heard_of(const struct flow *f, int64_t now_us, int64_t within_us)
{
	return f->open && now_us - f->reported_us < within_us;
}

static int64_t
silent_since(const struct flow *f)
{
	return f->first_us < 0 ? f->start_us : f->byte_us;
}

int
flows_silent(const struct flows *f, int64_t now_us, int64_t since_us)
{
	int n = 0;

	for (int i = 0; i < FLOWS_KEPT; i++) {
		const struct flow *at = &f->flow[i];

		n += heard_of(at, now_us, FLOW_STALE_US) && !at->passed &&
		    silent_since(at) < since_us;
	}
	return n;
}

int64_t
flows_watermark(const struct flows *f, uint8_t direction, int64_t now_us, int64_t latest_us)
{
	for (int i = 0; i < FLOWS_KEPT; i++) {
		const struct flow *at = &f->flow[i];

		if (heard_of(at, now_us, HOLD_US) && at->direction == direction &&
		    at->first_us >= 0 && at->last_us < latest_us)
			latest_us = at->last_us;
	}
	return latest_us;
}

size_t
flows_in_body(const struct flows *f, uint8_t direction, int64_t now_us)
{
	size_t n = 0;

	for (int i = 0; i < FLOWS_KEPT; i++) {
		const struct flow *at = &f->flow[i];

		n += heard_of(at, now_us, HOLD_US) && at->direction == direction &&
		    at->first_us >= 0 && at->bytes > 0;
	}
	return n;
}

size_t
flows_count(const struct flows *f, int64_t now_us)
{
	size_t n = 0;

	for (int i = 0; i < FLOWS_KEPT; i++)
		n += heard_of(&f->flow[i], now_us, 10 * FLOW_STALE_US);
	return n;
}

int64_t
flows_waiting_us(const struct flows *f, int64_t now_us)
{
	int64_t longest = 0;

	for (int i = 0; i < FLOWS_KEPT; i++) {
		const struct flow *at = &f->flow[i];

		if (heard_of(at, now_us, FLOW_STALE_US) && at->first_us < 0 && !at->passed &&
		    now_us - at->start_us > longest)
			longest = now_us - at->start_us;
	}
	return longest;
}
