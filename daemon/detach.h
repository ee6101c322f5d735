/* SPDX-License-Identifier: ISC */
/*
 * Into the background: the caller waits until the daemon works, or learns that it does not.
 */
#ifndef LINKQ_DAEMON_DETACH_H
#define LINKQ_DAEMON_DETACH_H

/*
 * Call before the first thread. The caller's process does not return: it exits with the
 * status that detach_report tells it, or 1 where the daemon dies without a word. Standard
 * error stays what it was until then, so that errors reach the person who started us.
 * The daemon returns from it with a descriptor for detach_report, or a negative errno.
 */
int detach_begin(void);

/* Tell the waiting caller how it went. On 0 the standard descriptors go to /dev/null. */
void detach_report(int fd, int status);

#endif
