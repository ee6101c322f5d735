/* SPDX-License-Identifier: ISC */
/* The inside of the history's file, shared by history.c (rows in) and history_tidy.c. */
#ifndef LINKQ_DAEMON_HISTORY_INTERNAL_H
#define LINKQ_DAEMON_HISTORY_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "api/rows.h"
#include "daemon/history_open.h"
#include "daemon/history_sums.h"

#define LINKS_CACHED 16

struct sqlite3_stmt;

enum history_statement {
	BEGIN,
	COMMIT,
	ADD_ESTIMATE,
	ADD_OBSERVATION,
	ADD_EVENT,
	ADD_LINK,
	FIND_LINK,
	DESCRIBE_LINK,
	PUT,
	UNPUT,
	DROP_SECONDS,
	DROP_OBSERVATIONS,
	DROP_EVENTS,
	DROP_MINUTES,
	DROP_MINUTES_DETAIL,
	DROP_HOURS,
	DROP_HOURS_DETAIL,
	HISTORY_STATEMENTS
};

struct known_link {
	char id[API_LINK_ID_MAX + 1];
	int64_t n;
};

/* A link whose rows go: its number (0: none), and how far that is. */
struct history_forgetting {
	int64_t n, from;
	size_t table;
};

struct history {
	struct history_file file;
	struct history_sums *sums;
	struct sqlite3_stmt *statement[HISTORY_STATEMENTS];
	struct known_link links[LINKS_CACHED];
	size_t links_len, links_next;
	int64_t serial; /* tells rows of one millisecond apart */
	struct history_forgetting forget;
};

/* Numbers of links that are kept at hand are no longer true. */
void history_links_changed(struct history *h);

#endif
