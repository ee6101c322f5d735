/* SPDX-License-Identifier: ISC */
/* linkq demo: a whole journey on this machine, no root and no Internet needed. */
#ifndef LINKQ_CLI_DEMO_H
#define LINKQ_CLI_DEMO_H

int cmd_demo(int argc, char **argv);

extern const char demo_help[];

#endif
