/* SPDX-License-Identifier: ISC */
/* linkq help: the list of commands, or the options of one. */
#ifndef LINKQ_CLI_HELP_H
#define LINKQ_CLI_HELP_H

#include <stdio.h>

int cmd_help(int argc, char **argv);

void help_list(FILE *to);

/* "linkq: there is no command 'x'. Did you mean 'y'?"; returns CLI_USAGE. */
int help_unknown(const char *name);

#endif
