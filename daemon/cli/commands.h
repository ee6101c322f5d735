/* SPDX-License-Identifier: ISC */
/* The table of commands: what linkq can do, in the order of its help. */
#ifndef LINKQ_CLI_COMMANDS_H
#define LINKQ_CLI_COMMANDS_H

#include <stddef.h>

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *synopsis; /* what follows the name */
	const char *purpose;  /* one line */
	const char *help;     /* options and examples; NULL: the command prints its own */
};

extern const struct command commands[];
extern const size_t commands_len;

const struct command *command_find(const char *name); /* NULL: there is none */

/* The command whose name is nearest to a mistyped one; NULL where none is near. */
const struct command *command_nearest(const char *name);

#endif
