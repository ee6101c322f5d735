/* SPDX-License-Identifier: ISC */
/*
 * The inside of the store, shared by store.c (the loop's side), store_write.c (the thread
 * that writes) and store_rows.c (exports).
 *
 * `lock` covers everything below it. It is never held while SQLite works.
 */
#ifndef LINKQ_DAEMON_STORE_INTERNAL_H
#define LINKQ_DAEMON_STORE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "daemon/history.h"
#include "daemon/store.h"
#include "daemon/store_queue.h"

#define STORE_COMMIT_ROWS 500
/* Exports that were closed while a block was in the making take a place until it is done. */
#define STORE_PLACES (4 * STORE_EXPORTS_MAX)
#define STORE_LINKS_MAX 4096

struct store_forgetting {
	int64_t number; /* 0: a free place */
	bool begun, done;
	int err;
	int64_t rows;
	struct api_forget what;
};

struct store {
	struct store_options o; /* o.path is `path` */
	char path[512];
	pthread_t writer, reader;
	/* Ids of links, for the loop alone: to refuse an export of one that never was. */
	char (*links)[API_LINK_ID_MAX + 1];
	size_t links_len, links_cap;

	/* The writer's alone. */
	struct history *history;
	struct queue batch;    /* taken out, not yet committed */
	bool quiet;            /* the last batch was a few rows of an idle link */
	bool batch_is_part;    /* some that is as old had no room in it */
	int64_t batch_through; /* `handed` when it was taken, less what was left */
	int64_t retry_s;       /* how long to wait after the next failure */
	bool making_room;      /* the size was reached, and is not yet well below */

	pthread_mutex_t lock;
	pthread_cond_t to_writer, to_reader;
	struct queue queue;
	bool closing, flush;
	int64_t handed, done; /* rows given to us; of them, those that are on disk or lost */
	struct store_report report;
	int64_t last_commit_us; /* -1 */
	int64_t busy_since_us;  /* the writer is in SQLite; 0: it is not */
	struct api_rows *rows[STORE_PLACES];
	struct store_forgetting forget[STORE_FORGETS_MAX];
	int64_t forgets; /* the last number that was given */
};

int64_t store_monotonic_us(void);
/* Let the loop call store_dispatch. */
void store_wake(struct store *st);
/* The deadline of a timed wait on our conditions. */
struct timespec store_deadline(int64_t monotonic_us);

/*
 * Has the wall clock kept step with the time since boot (asleep or not) for ten minutes?
 * Nothing is dropped by one that has not: a clock that starts in 2099 must not cost a
 * history. Begins with zeros; called about once a minute.
 */
struct store_clock {
	bool begun;
	int64_t offset_us, steady_since_us;
};
bool store_clock_is_steady(struct store_clock *c, int64_t wall_us, int64_t boot_us);

/* store_forget.c: SQLite works without the lock, and for how long is seen from outside. */
void store_unlock_to_work(struct store *st);
void store_lock_after_work(struct store *st);

/* The lock is held, but not while SQLite works: a portion of what is to be forgotten. False:
 * there is nothing to do. */
bool store_forget_some(struct store *st);
/* The lock is held, at the end: links lose their names; the next start does the rest. */
void store_forget_at_end(struct store *st);
/* The lock is held. */
bool store_is_forgetting(const struct store *st);

/* At the end: whoever has one open must not touch it again. */
void store_rows_close_all(struct store *st);

/* This thread lets the loop go first, whose answers somebody waits for. */
void store_step_back(void);
void *store_writer_main(void *store);
void *store_reader_main(void *store);

#endif
