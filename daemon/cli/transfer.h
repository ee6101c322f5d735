/* SPDX-License-Identifier: ISC */
/* linkq transfer: how long so many bytes would take. */
#ifndef LINKQ_CLI_TRANSFER_H
#define LINKQ_CLI_TRANSFER_H

int cmd_transfer(int argc, char **argv);

extern const char transfer_help[];

#endif
