/* SPDX-License-Identifier: ISC */
/* SIGHUP: read the configuration again, and take over what can change while we run. */
#ifndef LINKQ_DAEMON_RELOAD_H
#define LINKQ_DAEMON_RELOAD_H

#include "daemon/config.h"
#include "daemon/options.h"
#include "daemon/probes.h"

/* What to measure with, its intervals and budget, the webhooks (the caller sees to those) and
 * the level of the log take effect at once; for anything else that differs the log says that it needs a restart. A broken file
 * is logged and changes nothing. */
void reload(const struct options *o, struct conf *running, struct probes *probes);

#endif
