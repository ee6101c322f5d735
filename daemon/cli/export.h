/* SPDX-License-Identifier: ISC */
/* linkq export: the history as CSV or JSON lines, streamed. */
#ifndef LINKQ_CLI_EXPORT_H
#define LINKQ_CLI_EXPORT_H

int cmd_export(int argc, char **argv);

extern const char export_help[];

#endif
