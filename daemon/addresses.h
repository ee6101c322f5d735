/* SPDX-License-Identifier: ISC */
/* The addresses of this host, with the neighbours that each of them has. */
#ifndef LINKQ_DAEMON_ADDRESSES_H
#define LINKQ_DAEMON_ADDRESSES_H

#include <stddef.h>

#include "daemon/kernel.h"
#include "daemon/passive.h"

/* At most `max`; how many. An address of an interface that has none of these links says
 * link -1. A point-to-point interface has no neighbours (prefix 128): what lies at its
 * other end is the way out. Asks the kernel: some 100 us. */
size_t addresses_read(const struct kernel_link *links, size_t n, struct passive_address *out,
    size_t max);

#endif
