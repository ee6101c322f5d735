/* SPDX-License-Identifier: ISC */
/*
 * Whose file stands where the history is to be? Told by its first bytes and by the lock file
 * beside it, before anything is written: a wrong path must cost nobody a file.
 */
#ifndef LINKQ_DAEMON_HISTORY_OWNER_H
#define LINKQ_DAEMON_HISTORY_OWNER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Look at PATH. 0: it may be opened, and *ours tells whether it may be moved aside where it
 * turns out corrupt: it is not there or empty, its header is SQLite's with our
 * application_id, or PATH-lock, which each of our runs leaves, stands beside it. Another
 * file of SQLite's may be opened, to see what is in it. -EPROTO with one sentence: neither.
 */
int history_owner(const char *path, bool *ours, char *why, size_t why_len);

#endif
