/* SPDX-License-Identifier: ISC */
/* linkq decide: bitrate decisions, JSON lines in and out; no daemon and no clock. */
#ifndef LINKQ_CLI_DECIDE_H
#define LINKQ_CLI_DECIDE_H

int cmd_decide(int argc, char **argv);

extern const char decide_help[];

#endif
