/* SPDX-License-Identifier: ISC */
/* linkq why: what the estimate rests on, in sentences. */
#ifndef LINKQ_CLI_WHY_H
#define LINKQ_CLI_WHY_H

int cmd_why(int argc, char **argv);

extern const char why_help[];

#endif
