/* SPDX-License-Identifier: ISC */
/* What the commands share that ask the daemon one thing and print its answer. */
#ifndef LINKQ_CLI_ASK_H
#define LINKQ_CLI_ASK_H

#include "daemon/cli/client.h"

/* After its options: client_open() for a command that takes no words. A word is a usage
 * error, told here; NULL then, and *status is the exit status. */
struct client *ask_open(int argc, char **argv, int *status);

/* `before` and the link, fit for a path or a query: ask_path(c, "/v1/links/", id, ...). */
void ask_path(struct client *c, const char *before, const char *link, char *path, size_t cap);

/* The daemon's answer as it is, on one line. */
void ask_print_json(const json_t *answer);

#endif
