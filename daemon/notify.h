/* SPDX-License-Identifier: ISC */
/*
 * Tell systemd how we are: one datagram to $NOTIFY_SOCKET, as sd_notify(3) describes it.
 * Without that variable all of this does nothing.
 */
#ifndef LINKQ_DAEMON_NOTIFY_H
#define LINKQ_DAEMON_NOTIFY_H

#include <stdint.h>

/* "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=..": several lines may go in one. 0 (also
 * where nobody wants to know), or a negative errno. Never blocks. */
int notify_send(const char *lines);

/* How often systemd wants WATCHDOG=1 at the latest, 0: not at all. Send it twice as often. */
int64_t notify_watchdog_us(void);

#endif
