/* SPDX-License-Identifier: ISC */
/* What this process is, before anything else runs. */
#ifndef LINKQ_DAEMON_PROCESS_H
#define LINKQ_DAEMON_PROCESS_H

#include <signal.h>

/*
 * Call before the first thread: files of ours are ours alone, SIGPIPE is ignored, all other
 * signals that can be are blocked, in later threads too, and there are descriptors for many
 * connections. `handled` gets the signals that the loop is to bring.
 */
void process_prepare(sigset_t *handled);

#endif
