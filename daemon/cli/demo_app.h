/* SPDX-License-Identifier: ISC */
/*
 * What a person's machine would run during the demo: a video player, whose renditions the
 * daemon's hint chooses, and a page of small objects now and then. Each is a process with
 * real sockets, and reports its timings to the daemon as any application may: what it has so
 * far each 500 ms, and the end.
 */
#ifndef LINKQ_CLI_DEMO_APP_H
#define LINKQ_CLI_DEMO_APP_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/lab/lab.h"

#define DEMO_RUNGS 6
#define DEMO_PICKS_MAX 256
#define DEMO_SEGMENT_S 2
#define DEMO_BUFFER_MAX_S 12

extern const int demo_ladder_kbps[DEMO_RUNGS];

/* One segment that the player asked for. Times: CLOCK_MONOTONIC, microseconds. */
struct demo_pick {
	int64_t at_us;
	int rung;
	char reason[16]; /* the hint's */
};

/* Written by the applications, read by the demo meanwhile. */
struct demo_tally {
	_Atomic int64_t requests, failures, bytes; /* of both */
	_Atomic int64_t reports, reports_refused;
	_Atomic int64_t buffer_ms;  /* of the player */
	_Atomic int64_t stood_ms;   /* playback stood still, once it had begun */
	_Atomic int64_t hints_refused;
	_Atomic size_t picks; /* the first so many of pick[] are complete */
	struct demo_pick pick[DEMO_PICKS_MAX];
};

struct demo_apps {
	pid_t player, browser;
	struct demo_tally *tally;
};

/* Start both. 0 or a negative errno. */
int demo_apps_start(struct demo_apps *a, const char *socket, const struct lab *lab);
void demo_apps_stop(struct demo_apps *a);

#endif
