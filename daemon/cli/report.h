/* SPDX-License-Identifier: ISC */
/* linkq report: observations from the shell or a file, for the daemon. */
#ifndef LINKQ_CLI_REPORT_H
#define LINKQ_CLI_REPORT_H

int cmd_report(int argc, char **argv);

extern const char report_help[];

#endif
