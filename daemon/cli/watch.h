/* SPDX-License-Identifier: ISC */
/* linkq watch: the estimate as it changes, fed by the event stream. */
#ifndef LINKQ_CLI_WATCH_H
#define LINKQ_CLI_WATCH_H

int cmd_watch(int argc, char **argv);

extern const char watch_help[];

#endif
