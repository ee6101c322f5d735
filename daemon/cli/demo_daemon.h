/* SPDX-License-Identifier: ISC */
/* The real daemon as a child of the demo, with a scratch folder of its own. */
#ifndef LINKQ_CLI_DEMO_DAEMON_H
#define LINKQ_CLI_DEMO_DAEMON_H

#include <stddef.h>
#include <sys/types.h>

#include "daemon/lab/lab.h"

#define DEMO_PATH_MAX 512

/* The folder holds the socket, the history and the daemon's log. */
struct demo_daemon {
	pid_t pid;
	char folder[DEMO_PATH_MAX];
	char socket[DEMO_PATH_MAX + 16];
};

/* The linkqd to run: $LINKQD, else the one beside this program, else the one installed.
 * 0, or -ENOENT. */
int demo_daemon_find(char *out, size_t len);

/* Make the scratch folder. 0 or a negative errno. */
int demo_daemon_prepare(struct demo_daemon *d);
/* Start it, with the lab's origin as its probe targets. 0 or a negative errno. */
int demo_daemon_start(struct demo_daemon *d, const char *linkqd, const struct lab *lab);
/* Whether it still runs. */
int demo_daemon_alive(struct demo_daemon *d);
/* SIGTERM, and wait; SIGKILL after 10 s. */
void demo_daemon_stop(struct demo_daemon *d);
/* The last line of its log. */
void demo_daemon_last_words(const struct demo_daemon *d, char *out, size_t len);
/* Remove the folder with what the demo and the daemon put there. */
void demo_daemon_remove(const struct demo_daemon *d);

#endif
