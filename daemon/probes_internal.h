/* SPDX-License-Identifier: ISC */
/* What the parts of the prober share: its targets, and the requests under way. */
#ifndef LINKQ_DAEMON_PROBES_INTERNAL_H
#define LINKQ_DAEMON_PROBES_INTERNAL_H

#include "daemon/condition.h"
#include "daemon/families.h"
#include "daemon/router.h"
#include "daemon/portal.h"
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
	enum condition condition;
};

/* Are names found? One is looked for anew from time to time, and where that is in doubt. */
struct doctor {
	struct probe *probe; /* that looks for one; NULL */
	int target;          /* whose name was looked for last */
	int64_t due_us, doubted_us;
	unsigned lost;    /* in a row */
	bool known;       /* one was looked for at all */
	bool any_address; /* somebody had an address since the network is this one */
	bool down;        /* nothing gets through */
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
	struct router *router;
	struct families *families; /* NULL: of a link beside */
	struct portal portal;
	struct doctor doctor;
	int64_t conditions[CONDITIONS]; /* how often each was found */
	bool beside; /* of a link that is not the default one */
	bool lost_way;
	int64_t spent, kept_us; /* since it was last written down, and when that was */
};

/* probes_families.c: as families.h, for the default link; NULL beside. */
int probes_families_begin(struct probes *p);
void probes_on_seen(void *arg, const struct sockaddr *to, socklen_t len, int tag);
void probes_on_connected(void *arg, bool v6);
bool probes_families_tick(struct probes *p, int64_t now_us);

/* probes_beats.c: look after the heartbeat, and tell what it says. */
void probes_listen(struct probes *p, int64_t now_us, const struct est_snapshot *belief);

/* probes_budget.c: what the HTTP client tells; write down what was spent, now or where due. */
void probes_on_spent(void *arg, int64_t down_bytes, int64_t up_bytes, bool in_turn);
void probes_on_opened(void *arg, int fd);
void probes_keep(struct probes *p, int64_t now_us);
void probes_keep_in_time(struct probes *p, int64_t now_us);

/* probes.c: the URL of a body of so many bytes. */
void probes_url(const char *pattern, int64_t bytes, char *out, size_t len);

/* probes_doctor.c. begin: 0 or -ENOMEM; answer: a request ended; disbelieves: what this target
 * answers may be somebody else's. */
int doctor_begin(struct probes *p);
void doctor_reset(struct probes *p, int64_t now_us);
void doctor_tick(struct probes *p, int64_t now_us, const struct est_snapshot *belief);
void doctor_answer(struct probes *p, int64_t now_us, int target, const struct probe_result *r);
bool doctor_disbelieves(const struct probes *p, int target);
bool doctor_names_lost(const struct probes *p);
void doctor_condition(struct probes *p, int target, enum condition c);

#endif
