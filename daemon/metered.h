/* SPDX-License-Identifier: ISC */
/*
 * Is the connection metered? Asked of NetworkManager over the system's D-Bus, and told when
 * it changes. Only metered.c knows <dbus/dbus.h>; built without libdbus it is never known.
 *
 * Nothing here blocks or fails: no bus, no NetworkManager, no permission is silence, and it
 * is tried again now and then. A bus that ends takes what it said with it.
 */
#ifndef LINKQ_DAEMON_METERED_H
#define LINKQ_DAEMON_METERED_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/loop.h"

struct metered; /* owns the connection to the bus */

/* Known to be metered, or guessed so by NetworkManager; false: it is not, or not known. */
typedef void metered_fn(void *arg, int64_t now_us, bool metered);

/* The bus of DBUS_SYSTEM_BUS_ADDRESS, else the system's. 0 or -ENOMEM. */
int metered_create(struct loop *loop, metered_fn *changed, void *arg, struct metered **out);
void metered_destroy(struct metered *m); /* NULL is fine */

#endif
