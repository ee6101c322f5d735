/* SPDX-License-Identifier: ISC */
/* Which network a wireless interface is on, by nl80211. */
#ifndef LINKQ_DAEMON_WIFI_H
#define LINKQ_DAEMON_WIFI_H

#include "daemon/netlink.h"

/*
 * Sets the networks' names of the wireless interfaces of `p`. One without a carrier, or that
 * cannot be asked for now, keeps the name that it had in `before`: a lost carrier is an outage
 * of the same network. Nothing is waited for, nothing is said; without nl80211 there are no
 * names. Costs nothing where no interface is wireless.
 */
void wifi_names(const struct net_picture *before, struct net_picture *p);

#endif
