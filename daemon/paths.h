/* SPDX-License-Identifier: ISC */
/*
 * Where things are: the runtime directory (the socket), the state directory (the
 * database), the configuration. Shared by the daemon and the command line.
 *
 * Runtime: $RUNTIME_DIRECTORY, else /run/linkqd for root, else $XDG_RUNTIME_DIR/linkqd,
 * else /tmp/linkqd-UID, which must be ours alone. State: $STATE_DIRECTORY, else
 * /var/lib/linkqd for root, else $XDG_STATE_HOME/linkqd, else ~/.local/state/linkqd.
 * The first two are what systemd sets for RuntimeDirectory= and StateDirectory=.
 *
 * 0 or a negative errno, and one sentence in `why`. -EPERM: the directory in /tmp belongs
 * to somebody else, or others may enter it; nothing in it is to be trusted.
 */
#ifndef LINKQ_DAEMON_PATHS_H
#define LINKQ_DAEMON_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#define PATHS_MAX 512

/* The preset of the socket. `create`: make the directory where it is missing; else it is
 * only looked up, and a socket that is not there is no error. */
int paths_socket(char out[PATHS_MAX], bool create, char *why, size_t why_len);

/* The preset of the database; its directory is made where it is missing. */
int paths_database(char out[PATHS_MAX], char *why, size_t why_len);

/* The configuration file that is read when none is named: for root, and for a user who has
 * none of his own, the system's; "" where there is none at all. */
void paths_config(char out[PATHS_MAX]);

/* Make the directory that a file is in, with its parents, mode 0700; fine if it is there. */
int paths_make_parent(const char *file, char *why, size_t why_len);

#endif
