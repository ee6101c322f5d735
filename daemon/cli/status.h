/* SPDX-License-Identifier: ISC */
/* linkq status: one answer, and an exit status that scripts can use. */
#ifndef LINKQ_CLI_STATUS_H
#define LINKQ_CLI_STATUS_H

int cmd_status(int argc, char **argv);

extern const char status_help[];

#endif
