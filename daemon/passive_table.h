/* SPDX-License-Identifier: ISC */
/* The sockets that passive.[ch] keeps: a bounded table by cookie, dense in memory. */
#ifndef LINKQ_DAEMON_PASSIVE_TABLE_H
#define LINKQ_DAEMON_PASSIVE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/passive.h"

#define PASSIVE_NEVER INT64_MIN /* an instant that has not been */

/* What is kept of one socket between two readings. */
struct passive_socket {
	uint64_t cookie;
	uint64_t bytes_in, bytes_acked;
	int64_t busy_us, waited_us;
	int64_t delivery_kbps;
	int64_t asked_us;   /* since when data of ours waits for an answer; NEVER: none does */
	int64_t heard_us;   /* the last segment from the other end */
	int64_t data_us;    /* the last one with data */
	uint32_t segments_out, segments_retransmitted, segments_delivered;
	uint32_t segments_in, out_of_order;
	uint32_t place;
	uint32_t generation; /* of the dump that showed it last */
	int16_t link;
	bool v4;
	/* In the interval before, segments came out of order, or were sent again. */
	bool hole_in, hole_out;
	enum passive_phase phase;

	/* Of the interval that ends with the dump `generation`. */
	struct {
		int64_t in, out;
		int64_t arrived; /* as `in`, but holes and their filling smoothed out */
		int64_t delivered; /* the same of `out` */
		int64_t busy_us, waited_us; /* -1: not known */
		int64_t rtt_us, rttvar_us, rtt_us_min, rcv_rtt_us, idle_us;
		int64_t delivery_kbps; /* -1: nothing new */
		uint32_t segments_out, segments_retransmitted, segment_bytes, unread_bytes;
		bool heard; /* a segment came, with data or without */
		bool acked; /* some of ours was acknowledged: the round trip is fresh */
		bool app_limited;
	} now;
};

#define PASSIVE_SLOTS (2 * PASSIVE_SOCKETS_MAX)
_Static_assert((PASSIVE_SLOTS & (PASSIVE_SLOTS - 1)) == 0, "the mask needs a power of two");
_Static_assert(PASSIVE_SOCKETS_MAX < UINT16_MAX, "places in the index have 16 bits");

struct passive_table {
	struct passive_socket *at; /* [0 .. len - 1], in no order */
	size_t len;
	uint16_t slot[PASSIVE_SLOTS]; /* place in `at` + 1; 0: empty */
};

int passive_table_init(struct passive_table *t); /* 0 or -ENOMEM */
void passive_table_finish(struct passive_table *t);

struct passive_socket *passive_table_find(struct passive_table *t, uint64_t cookie);
/* Zeroed but for its cookie, which must not be there yet. NULL: the table is full. */
struct passive_socket *passive_table_add(struct passive_table *t, uint64_t cookie);
/* The last one takes its place: walk backwards to remove while walking. */
void passive_table_remove(struct passive_table *t, struct passive_socket *s);
void passive_table_clear(struct passive_table *t);

#endif
