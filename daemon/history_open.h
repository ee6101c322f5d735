/* SPDX-License-Identifier: ISC */
/*
 * Opening the history's file: the lock, whose file it is, whether it is whole, its schema.
 * A part of history.c, apart for its length.
 */
#ifndef LINKQ_DAEMON_HISTORY_OPEN_H
#define LINKQ_DAEMON_HISTORY_OPEN_H

#include <stdbool.h>
#include <stddef.h>

struct sqlite3;

struct history_file {
	char path[512];
	struct sqlite3 *db; /* NULL: closed */
	int lock_fd;        /* -1: not locked */
	bool ours;          /* it may be moved aside where it is corrupt */
};

/* Also keeps the path. On an error nothing is locked; -EPROTO: it was never ours. */
int history_file_lock(struct history_file *f, const char *path, char *why, size_t why_len);
void history_file_unlock(struct history_file *f);

/* Open, check, migrate; a corrupt file of ours is moved aside, once. The lock must be held. */
int history_file_open(struct history_file *f, char *why, size_t why_len);
void history_file_close(struct history_file *f);

/* Rename PATH to PATH.corrupt-TIME, and what belongs to it. It must be closed. */
int history_file_move_aside(struct history_file *f, char *why, size_t why_len);

#endif
