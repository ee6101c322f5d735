/* SPDX-License-Identifier: ISC */
/* linkq replay: observations in, estimates out, as CSV; no daemon and no clock. */
#ifndef LINKQ_CLI_REPLAY_H
#define LINKQ_CLI_REPLAY_H

int cmd_replay(int argc, char **argv);

extern const char replay_help[];

#endif
