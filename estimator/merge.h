/* SPDX-License-Identifier: ISC */
/*
 * Requests that run in parallel share the link: their bytes are added up on one clock.
 *
 * Every increment of a request is a piece (from, to, bytes). While requests overlap, pieces
 * wait until no older piece can be reported any more (the watermark), are cut there and
 * summed over the union of their time, at most 0.3 s at once. An example: six objects of
 * 25 kB end within 10 ms of each other after 100 ms each. One by one they say 2 Mbit/s,
 * six times; together they say 12 Mbit/s, once. A lone request needs no delay.
 */
#ifndef LINKQ_ESTIMATOR_MERGE_H
#define LINKQ_ESTIMATOR_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#define PIECES_KEPT 48

/* Bytes of one request between two moments, evenly. */
struct piece {
	int64_t from_us, to_us;
	int64_t start_us; /* of its request */
	float bytes;
	float before; /* bytes of its request before this piece */
	uint32_t tag; /* tells requests apart */
	int32_t clock_us;
	int32_t wait_us; /* its wait for the first byte; 0: not known */
	uint8_t direction;
	bool first;    /* the first one of its request */
	bool fresh;    /* and that one on a new connection */
	bool at_least; /* the sender set the pace */
};

/* What all flows together carried. */
struct portion {
	int64_t from_us, to_us;
	int64_t start_us; /* of the request that began first */
	float bytes, dt_s;
	float flows; /* mean number at once, 1 or more */
	float clock_s;
	float before; /* bytes that a flow had had by then, on average */
	float wait_s; /* the least wait for a first byte among them; 0: not known */
	uint8_t direction;
	bool first, fresh, at_least;
	bool shared; /* requests overlapped of late: there are several connections */
};

struct merge {
	struct piece pieces[PIECES_KEPT]; /* by from_us */
	int len;
	int64_t overlap_us; /* when requests last overlapped */
	int64_t done_us;    /* end of what was taken */
	uint32_t done_tag;  /* by this request */
	bool overlapped;    /* ever */
};

void merge_init(struct merge *m);

/* Add one; where all places are taken the two oldest are joined. */
void merge_add(struct merge *m, const struct piece *p);

/* Whether requests overlapped of late, so that pieces have to wait for each other. */
bool merge_shared(const struct merge *m, int64_t now_us);

/*
 * Take the next portion that is complete at the watermark; false: there is none. Call until
 * there is none.
 */
bool merge_take(struct merge *m, int64_t now_us, int64_t watermark_us, struct portion *out);

#endif
