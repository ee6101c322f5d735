/* SPDX-License-Identifier: ISC */
/* The server inside: what server.c (its life) and http.c (the HTTP library) share. */
#ifndef LINKQ_API_SERVER_H
#define LINKQ_API_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/call.h"
#include "api/conns.h"
#include "api/core.h"
#include "api/door.h"
#include "api/http.h"
#include "api/sleepers.h"

#define LISTENERS_MAX 16

struct MHD_Daemon;
struct MHD_Response;

struct listener {
	struct api *api;
	struct MHD_Daemon *mhd;
	enum api_listener kind;
	bool quiesced;
};

struct api {
	struct core core;
	struct door door;
	struct listener listener[LISTENERS_MAX];
	size_t listeners;
	unsigned connections_max;
	int epoll_fd;
	int64_t now_us; /* of this turn */
	int64_t date_s; /* the second of the wall clock that `date` is in words */
	char date[32];
	struct conns conns;
	struct sleepers sleepers;
	struct call_budget budget;
	struct MHD_Response *link; /* shared by all who ask */
	uint64_t link_version;
	int64_t checked_us; /* for vanished clients */
	void (*log)(void *ctx, const char *line);
	void *log_ctx;
	int64_t logged_us;
	bool ending;
};

/* Serve fd; 0 or -EIO. The descriptor is ours if all went well. */
int http_start(struct listener *l, int fd);
int http_epoll_fd(const struct listener *l);
/* One turn, or some where more is to be done at once. */
void http_run(struct listener *l);
/* How long it wants to be left alone; -1: for good. */
int64_t http_timeout_us(const struct listener *l);
/* Take no new connections. Returns the listening descriptor, or -1. */
int http_quiesce(struct listener *l);
void http_stop(struct listener *l);

/* Drop the shared rendering. */
void http_forget(struct api *api);

/* For the sleepers. */
void http_suspend(void *connection);
void http_resume(void *connection);

#endif
