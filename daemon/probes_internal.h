/* SPDX-License-Identifier: ISC */
/* What the parts of the prober share: its targets, and the requests under way. */
#ifndef LINKQ_DAEMON_PROBES_INTERNAL_H
#define LINKQ_DAEMON_PROBES_INTERNAL_H

#include "daemon/probe_http.h"
#include "daemon/probes.h"
#include "daemon/schedule.h"

struct flight {
	struct probes *p;
	int place; /* in the schedule */
	struct probe *probe;
	uint64_t request;
	enum sched_why why;
	bool connected, untold; /* untold: it was taken back, its end is not told */
	int64_t bytes;          /* of an upload, when last told */
};

struct target {
	char url[CONF_TEXT_MAX + 1];
	int64_t count, failures, last_us;
	char last[64];
	bool beat_silent; /* its kept connection gives no sign of life */
	int64_t beat_us;  /* the last sign of life that was told */
};

struct probes {
	int64_t looked_us; /* at the heartbeats, last */
	struct loop *loop;
	struct probes_sink sink;
	struct probe_http *http;
	struct sched sched;
	struct target target[CONF_TARGETS_MAX];
	struct flight flight[SCHED_FLIGHTS_MAX];
	int64_t timeout_us;
	uint64_t requests;
	int64_t spent, kept_us; /* since it was last written down, and when that was */
};

/* probes_budget.c: what the HTTP client tells; write down what was spent, now or where due. */
void probes_on_spent(void *arg, int64_t down_bytes, int64_t up_bytes, bool in_turn);
void probes_on_opened(void *arg, int fd);
void probes_keep(struct probes *p, int64_t now_us);
void probes_keep_in_time(struct probes *p, int64_t now_us);

#endif
