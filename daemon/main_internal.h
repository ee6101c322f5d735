/* SPDX-License-Identifier: ISC */
/* The daemon's parts: main.c begins and ends them, main_loop.c is what happens meanwhile. */
#ifndef LINKQ_DAEMON_MAIN_INTERNAL_H
#define LINKQ_DAEMON_MAIN_INTERNAL_H

#include <stdint.h>

#include "api/source.h"
#include "daemon/config.h"
#include "daemon/engine.h"
#include "daemon/forecast.h"
#include "daemon/kernel.h"
#include "daemon/links.h"
#include "daemon/loop.h"
#include "daemon/metered.h"
#include "daemon/netlink.h"
#include "daemon/options.h"
#include "daemon/probes.h"
#include "daemon/sides.h"
#include "daemon/sockets.h"
#include "daemon/store.h"
#include "daemon/token.h"
#include "daemon/webhook.h"

#define WHY_MAX CONF_WHY_MAX

struct daemon {
	struct options options;
	struct conf conf;
	struct sockets sockets;
	struct loop *loop;
	struct store *store;
	struct netlink *netlink;
	struct engine *engine;
	struct forecast *forecast;
	struct webhooks *webhooks;
	struct api_source source;
	struct probes *probes;
	struct metered *metered; /* NULL: nobody is asked */
	struct sides *sides; /* of the links that are not the default one; NULL */
	struct kernel *kernel; /* NULL: switched off, or not to be had */
	struct api *api;
	struct digest_salt salt;
	char interface[16]; /* to follow; "": the default route's */
	char boot[17];
	char token[TOKEN_MAX + 1];
	int wake_fd;
	int clock_fd;
	struct loop_watch *wake_watch, *api_watch, *clock_watch;
	struct loop_timer *api_timer, *tick_timer;
	int64_t tick_due_us;
	int64_t watchdog_us, watchdog_told_us;
};

/* Callbacks; each takes the daemon. */
void main_on_api(void *arg, int64_t now_us, int fd, unsigned what);
void main_on_api_timer(void *arg, int64_t now_us);
void main_on_store(void *arg, int64_t now_us, int fd, unsigned what);
void main_on_tick(void *arg, int64_t now_us);
void main_on_event(void *ctx, const struct api_event_row *row);
void main_on_clock(void *arg, int64_t now_us, int fd, unsigned what);
int64_t main_now(void *ctx);
void main_on_network(void *arg, int64_t now_us, const struct net_picture *picture);
void main_on_metered(void *arg, int64_t now_us, bool metered);
void main_on_signal(void *arg, int64_t now_us, int number);
void main_on_api_log(void *ctx, const char *line);

#endif
