/* SPDX-License-Identifier: ISC */
/*
 * Observations on their way to the daemon: gathered into bodies that it takes, counted as it
 * accepts or rejects them, and complained about by the place where they came from.
 */
#ifndef LINKQ_CLI_BATCH_H
#define LINKQ_CLI_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "daemon/cli/client.h"

/* A body of the API: at most 500 and 256 KiB; an observation at most 8 KiB. */
#define BATCH_MAX 500
#define BATCH_BYTES_MAX (250 * 1024)
#define BATCH_ONE_MAX 8000
#define BATCH_COMPLAINTS_MAX 20

struct batch {
	char **argv; /* for messages */
	struct client *client;
	const char *place; /* "line", "entry"; NULL: there is only one */
	const char *app;   /* for those that do not say; NULL: none */
	json_t *list;      /* what is gathered */
	struct batch_item {
		long place;
		int64_t read_us; /* monotonic: ended then; -1: it says itself, or is as old as it is */
	} item[BATCH_MAX];
	size_t bytes;
	int64_t since_us; /* monotonic: when the first of it was added */
	long accepted, rejected;
	int complaints;
};

int batch_init(struct batch *b, char **argv, struct client *client);
void batch_finish(struct batch *b);

/*
 * Take one (the reference is ours from now on) and send what is gathered where it is full.
 * live: it ended just now, unless it says itself when. 0 or an error of client.h, which is
 * told already.
 */
int batch_add(struct batch *b, json_t *observation, long place, bool live);

/* One that was not even sent. */
void batch_reject(struct batch *b, long place, const char *reason);

/* Since when something waits to be sent, monotonic microseconds; -1: nothing does. */
int64_t batch_waiting_since(const struct batch *b);
int batch_flush(struct batch *b);

/* "3 accepted, 1 rejected." unless quiet; the exit status: failure where none was taken. */
int batch_result(struct batch *b, bool quiet);

int64_t batch_clock_us(void);

#endif
