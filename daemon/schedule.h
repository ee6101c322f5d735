/* SPDX-License-Identifier: ISC */
/*
 * When to ask whom, and whether a silence is the link's or only one target's. Pure: facts
 * and instants in, decisions out; no clock, no socket.
 *
 * A request that waits longer than its target usually takes is *late*. Lateness alone is
 * no evidence: another target is asked at once, on a new connection. Where that one
 * answers, the silence was the first target's own, who is left alone for a while; where it
 * is late as well and nobody else heard a byte meanwhile, the silence is *confirmed* and
 * both may be given to the estimator, with the whole time they have waited.
 *
 *   0.00 s  ask A, which usually answers in 50 ms
 *   0.25 s  A is late: ask B
 *   0.30 s  B answers: A is silent alone. At 2.5 s A is given up and left alone for 30 s.
 *   or
 *   0.50 s  B is late as well: confirmed. Both are told to the estimator, and somebody is
 *           asked each second until anything answers.
 */
#ifndef LINKQ_DAEMON_SCHEDULE_H
#define LINKQ_DAEMON_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/config.h"
#include "daemon/ledger.h"
#include "estimator/estimator.h"

#define SCHED_TARGETS_MAX CONF_TARGETS_MAX
#define SCHED_FLIGHTS_MAX 12

struct sched_target {
	enum conf_target_kind kind;
	bool own;
	char host[64];        /* with the port: who shares it is silent together */
	int64_t asked_us;     /* last; SCHED_NEVER */
	int64_t ttfb_us, ttfb_us_dev, connect_us; /* smoothed as in RFC 6298; -1: not known */
	int64_t mute_until_us; /* left alone until then */
	unsigned mutes;        /* in a row */
	unsigned asked;        /* since its last new connection */
	bool fresh_next;       /* the next request goes on a new connection */
	int64_t body_bytes;    /* of its last answer; -1: not known */
	bool tls;
};

struct sched_flight {
	bool used;
	int target;
	int64_t started_us;
	int64_t last_us; /* the last sign of life: a byte, being connected, or the start */
	bool answered;   /* a first byte came */
	bool fresh;
	int64_t held_bytes; /* of the budget, until it ends */
	bool measures; /* for somebody who waits */
	bool told; /* the estimator has it as open: its silence counts there by itself */
};

#define SCHED_NEVER (INT64_MIN / 2)

struct sched {
	int64_t interval_us, stranger_us, download_us, upload_us;
	struct sched_target target[SCHED_TARGETS_MAX];
	size_t targets;
	struct sched_flight flight[SCHED_FLIGHTS_MAX];
	int64_t heard_us;     /* last sign of life over the link, by whomever */
	int64_t confirmed_us; /* last instant at which silence was confirmed */
	int64_t silent_since_us; /* of the confirmed silence that lasts; SCHED_NEVER */
	int64_t suspect_us;   /* others see the link silent since then; SCHED_NEVER */
	int64_t urgent_us;    /* last start out of turn */
	int64_t latency_us, download_last_us, upload_last_us; /* last starts in turn */
	int64_t wide_us;      /* the next body comes so soon while the interval is wide */
	int64_t change_us;    /* the last change that was answered by new connections */
	int64_t hour_bytes, day_bytes, metered_bytes; /* limits as they are set */
	bool metered;
	bool captive;         /* a portal answers: it may let through at any time */
	int wonder_target;    /* it answers as a portal would: what do others say? */
	int64_t wonder_us;    /* then; SCHED_NEVER */
	bool renew;           /* kept connections are of a link that was; the caller clears it */
	int64_t rtt_us;       /* of late, to see it fall */
	int64_t ttfb_us_p90;  /* as everybody saw it, applications too; -1: not known */
	int64_t soon_us;      /* somebody is to be asked by then; INT64_MAX */
	int64_t others_us;    /* last byte that somebody else had over the link */
	/* A measurement that somebody asked for: kinds that are still to be asked, and so many
	 * that are under way; over_budget: neither allowance nor limit holds. */
	bool measure[CONF_UPLOAD + 1], over_budget;
	int64_t measure_us;
	uint32_t dither;      /* moves with each start, so that starts are in step with nothing */
	int due_target;       /* of the last answer to sched_due_us */
	int64_t calm_us;      /* since then nothing has changed: less needs to be asked */
	struct ledger *ledger; /* `own`, or one that is shared */
	struct ledger own;
};

enum sched_why {
	SCHED_TURN,     /* its turn has come */
	SCHED_FIRST,    /* nothing is known yet */
	SCHED_CHECK,    /* another one is late: is it the link? */
	SCHED_RECOVERY, /* nothing gets through: looking for the end of it */
	SCHED_CHANGE,   /* the link changed: a new connection sees it as it is */
	SCHED_SIZED,    /* a body sized to fill the link */
	SCHED_PORTAL,   /* one answers as a portal would: what does another one say? */
	SCHED_ASKED     /* somebody wants to know it now */
};

struct sched_ask {
	int target;
	enum sched_why why;
	int64_t bytes; /* of a download or an upload */
	int copies;    /* so many at once: together they fill the link */
	int64_t cap_bytes;  /* of the answer's body, there it is cut */
	int64_t window_bytes; /* so much is on its way at once, and may come behind the cut */
	int64_t most_bytes; /* on the wire, of each copy, whatever the server does */
	bool fresh;
	bool urgent;
};

void sched_init(struct sched *s, int64_t now_us, const struct conf *c);
/* What it costs goes into that ledger; before anything was asked. */
void sched_share(struct sched *s, struct ledger *ledger);
/* Other targets and intervals; what was spent stays spent. Nothing is under way. */
void sched_configure(struct sched *s, int64_t now_us, const struct conf *c);

/* Ask somebody now? `belief` may be of a link without evidence. */
bool sched_next(struct sched *s, int64_t now_us, const struct est_snapshot *belief,
    struct sched_ask *out);

/* It is to be asked: the flight's place, or -1 where all are taken or the budget is. Holds
 * what it can cost at most. */
int sched_started(struct sched *s, int64_t now_us, const struct sched_ask *ask);

/* Does this flight wait longer than its target usually takes? */
bool sched_late(const struct sched *s, int64_t now_us, int flight);

enum sched_verdict {
	SCHED_WAIT,      /* nothing to say yet */
	SCHED_HOLD,      /* told as open, silent, and nobody else is: take that back */
	SCHED_EVIDENCE,  /* the link is silent: tell the estimator how long this one waits */
	SCHED_ALONE,     /* silent while others answer: give it up, blame its target */
	SCHED_OVERTAKEN  /* it waits since before the link came back: give it up, blame nobody */
};

/* Judge all flights at this instant. */
void sched_judge(struct sched *s, int64_t now_us, const struct est_snapshot *belief,
    enum sched_verdict verdict[SCHED_FLIGHTS_MAX]);

/*
 * Somebody who cannot be sure (the kernel's sockets: a server may just pause) sees the link
 * silent since then: ask one target out of turn. Where that one is late too, the silence is
 * confirmed. Anything heard later ends it.
 */
void sched_suspect(struct sched *s, int64_t since_us);
/* This target answers as a portal would: ask one at another place. */
void sched_wonder(struct sched *s, int64_t now_us, int target);
/* The outage has lasted so long that calls follow each other at SCHED_CALL_US. */
#define SCHED_CALL_US INT64_C(3000000)
bool sched_long(const struct sched *s, int64_t now_us);
/* Since when that is so; SCHED_NEVER: it is not. */
int64_t sched_suspected_us(const struct sched *s, int64_t now_us);

/* A byte came over the link, for a probe or for anybody. */
void sched_heard(struct sched *s, int64_t at_us);
/* It was not us: while others tell how the link is, little needs to be asked. */
void sched_heard_others(struct sched *s, int64_t at_us);
/* The connection is metered, or is so no more: another limit for the day. */
void sched_metered(struct sched *s, int64_t now_us, bool metered);
/* A heartbeat follows after so long: 1 s while somebody used the link a moment ago and there
 * is plenty to spend, else 3 s, or what a small budget allows. */
#define SCHED_BEAT_US INT64_C(3000000)
#define SCHED_BEAT_LIVELY_US INT64_C(1000000)
int64_t sched_beat_us(struct sched *s, int64_t now_us);
/* Is a heartbeat of use, and paid for? */
bool sched_wants_beats(struct sched *s, int64_t now_us);

/* The flight ended and its place is free. answered: times are of use; -1 where not known.
 * A target that fails (refused, no such name) is left alone for a while as well. */
struct sched_end {
	bool answered, failed;
	int64_t ttfb_us, connect_us, rtt_us; /* ttfb without connecting */
	int64_t body_bytes;
};
void sched_ended(struct sched *s, int64_t now_us, int flight, const struct sched_end *end);

/* Leave a target alone for a while, longer each time; how long. */
int64_t sched_mute(struct sched *s, int64_t now_us, int target);

/* Another network, or awake again: nothing of before holds. */
void sched_reset(struct sched *s, int64_t now_us);

/* When the next one in turn is due and of what kind; -1: none ever. */
int64_t sched_due_us(struct sched *s, int64_t now_us, const struct est_snapshot *belief,
    enum conf_target_kind *kind, const char **why);

/* About what that one will cost, after a call of sched_due_us. */
int64_t sched_due_bytes(const struct sched *s);

/* Measure now, each kind of target once. 0, or -EDQUOT: not even a small request is within
 * the limits. Strangers keep their interval. One at a time: a second one joins. */
int sched_measure(struct sched *s, int64_t now_us, bool over_budget);
/* Is it still under way? Never for longer than SCHED_MEASURE_US. */
#define SCHED_MEASURE_US INT64_C(12000000)
bool sched_measuring(const struct sched *s, int64_t now_us);

const char *sched_why_name(enum sched_why why);

#endif
