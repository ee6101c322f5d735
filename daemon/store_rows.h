/* SPDX-License-Identifier: ISC */
/* One export, shared by store_rows.c (who has it, when) and store_fill.c (what is in it). */
#ifndef LINKQ_DAEMON_STORE_ROWS_H
#define LINKQ_DAEMON_STORE_ROWS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/source.h"
#include "daemon/conditions.h"
#include "daemon/history_read.h"
#include "daemon/rollup.h"
#include "daemon/store_internal.h"

#define STORE_BLOCK_BYTES 65536

enum phase { IDLE, WANTED, FILLING, FILLED };

struct api_rows {
	struct store *st;
	/* Covered by the store's lock. */
	enum phase phase;
	atomic_bool closed; /* also read by the thread while it fills */
	api_block_fn *ready;
	void *arg;
	int64_t len; /* of the block, or what ended it */
	int64_t need;   /* rows that were handed over before it was opened */
	int64_t give_up_us; /* wait no longer for them to be on disk */

	/* The thread's, while it fills; nobody else's. */
	struct api_range range;
	bool raw; /* rows as they are in memory, for this very process */
	struct history_reader *reader;
	struct rollup *rollup; /* of seconds, where minutes or hours are not made yet */
	struct conditions *conditions;
	int64_t next_s, end_s; /* of minutes and hours: what is still to be read */
	struct buf text; /* what is in the block */
	bool begun, first_row_out, drained, read_all, ended;
	int err;
	char block[STORE_BLOCK_BYTES];
};

/* On the reader's thread, without the lock: the next block. What api_block_fn is told. */
int64_t store_fill(struct api_rows *rows);
/* What store_fill opened. */
void store_fill_finish(struct api_rows *rows);

#endif
