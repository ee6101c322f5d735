/* SPDX-License-Identifier: ISC */
/*
 * What the API asks of the rest of the program. The daemon supplies it, and a test
 * supplies a table. All is called on the loop's thread and answers at once; nothing here
 * may block.
 */
#ifndef LINKQ_API_SOURCE_H
#define LINKQ_API_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/histogram.h"
#include "api/rows.h"
#include "api/rows_more.h"
#include "estimator/ahead.h"
#include "estimator/estimator.h"
#include "estimator/outlook.h"

#define API_LINKS_MAX 16
#define API_REMEMBERED_MAX 256 /* links that were up once */

struct api_link {
	char id[API_LINK_ID_MAX + 1];
	char name[64]; /* what a person called it; "" */
	char interface[16];
	enum est_link_kind kind;
	bool is_default; /* the default route uses it */
	int64_t since_wall_us;
};

/* What is broken, if anything is, and whose it is: host, network, provider, destination. */
#define API_DIAGNOSIS_MAX 255
struct api_diagnosis {
	const char *cause; /* one word, static; NULL: nothing is wrong, or nothing is known */
	const char *whose; /* NULL: not known */
	char text[API_DIAGNOSIS_MAX + 1]; /* a sentence */
};

/* Something that is wrong with a link, and is no state of it. */
struct api_fault {
	const char *name;      /* one word, static */
	int64_t since_wall_us;
	const char *text;      /* a sentence, static */
};

#define API_FAULTS_MAX 4

/* One link at one instant. The monotonic instant and the wall clock that belongs to it
 * come together, so that ages can be turned into times without asking a clock. */
struct api_view {
	int64_t now_us, wall_us;
	struct api_link link;
	struct est_snapshot est;
	struct api_diagnosis diagnosis;
	struct api_fault fault[API_FAULTS_MAX];
	size_t faults;
};

/* A link that was up once, and what is known of it still. */
struct api_remembered {
	struct api_link link;
	int64_t seen_wall_us; /* last */
	bool up, learnt;
};

/* What is to be forgotten: a link, all of them, or what is from before an instant. */
struct api_forget {
	bool all;
	char id[API_LINK_ID_MAX + 1]; /* "": by the instant */
	int64_t before_wall_us;
};

/* An observation that an application posted, checked and ready. */
struct api_observation {
	struct est_sample sample; /* ended_us is filled in by the source: now - ended_ago_us */
	int64_t ended_ago_us;     /* >= 0 */
	char app[API_APP_MAX + 1];
	char id[64]; /* of the request, "" if none; the source turns (app, id) into a number */
};

struct api_range {
	enum api_what what;
	enum api_format format;
	int64_t from_wall_us, to_wall_us; /* from <= t < to */
	int64_t step_us;                  /* 1 s, 1 min, 1 h; 0: as stored */
	bool by_hour;                     /* conditions: each hour of the day by itself */
	struct api_more more;             /* columns beyond the usual ones */
	char link[API_LINK_ID_MAX + 1];   /* "": all */
};

struct api_probe_report {
	char target[128];
	char kind[12]; /* latency, download, upload */
	bool own;      /* the user's own target, not a stranger's */
	int64_t count, failures;
	int64_t last_age_us; /* -1: never asked */
	char last[64];       /* how it went, in a few words */
	const char *condition; /* what is wrong with it, one word, static; NULL: nothing */
};

#define API_PROBES_MAX 16

/* Somebody who is told of changes. */
struct api_hook_report {
	char target[128]; /* scheme, host and port alone */
	int64_t queued, delivered;
	int64_t failed;             /* attempts, each of which is made again */
	int64_t given_up, dropped;  /* events: too old; too many */
	int64_t last_age_us; /* of the last attempt; -1: none was made */
	char last[64];
};

#define API_HOOKS_MAX 8
#define API_CONDITIONS_MAX 16

/* What was seen of the kernel's own sockets. */
struct api_kernel_report {
	bool on;
	int64_t sockets;  /* over links, at the last look */
	int64_t looks;
	int64_t age_us, period_us;      /* of the last look; to the next */
	int64_t cost_us, cost_us_max;   /* processor time of a look */
	int64_t ended, lost;            /* sockets whose end was told; times that word was lost */
	int64_t broken, malformed;      /* looks that failed; messages that could not be read */
	int64_t left_out;               /* sockets for which there was no room */
	int64_t silences, wishes;       /* silent links seen; times that a probe was asked for */
};

/* How it fared with asking the kernel for interfaces, addresses and routes. */
struct api_network_report {
	int64_t unread;    /* times that it could not be asked, or that its answer broke off */
	int64_t malformed; /* messages that were cut short or made no sense */
};

/* What measuring has cost on the wire, and may: of any hour and of any day. */
struct api_budget_report {
	int64_t hour_limit_bytes, hour_spent_bytes;
	int64_t day_limit_bytes, day_spent_bytes;
	int64_t day_resets_in_us; /* until the oldest part of the day's is free again; -1: none */
	int64_t allowance_bytes;  /* may be spent in turn now */
	int64_t next_probe_bytes; /* about; -1 */
	bool metered;
};

struct api_daemon_report {
	struct api_probe_report probe[API_PROBES_MAX];
	size_t probes_len;
	int64_t next_probe_in_us; /* -1: none is planned */
	char next_probe_kind[12];
	char next_probe_reason[96];
	int64_t probe_bytes_down, probe_bytes_up; /* since the start, on the wire */
	struct api_budget_report budget;
	struct api_kernel_report kernel;
	struct api_network_report network;
	struct api_hook_report hook[API_HOOKS_MAX];
	size_t hooks_len;
	int64_t hook_bytes_down, hook_bytes_up; /* on the wire, apart from the budget */
	int64_t uptime_us;
	/* How often each condition of a target was found; as many as `condition` has names. */
	int64_t condition[API_CONDITIONS_MAX];
	const char *const *condition_name; /* NULL where there are none */
	size_t conditions;
	bool names_known, names_found; /* are names found? */
	char portal[192];              /* where a portal wants to be signed in to; "" */
};

struct api_history_report {
	bool ok; /* rows get written */
	int64_t rows, commits, dropped, errors, shed, queued; /* as in daemon/store.h */
	int64_t bytes;              /* on the disk; -1: not known */
	int64_t last_commit_us_ago; /* -1: none yet */
};

/* What is counted since the start, over all links. */
struct api_metrics {
	struct histogram rtt, ttfb;
	int64_t observations[EST_SOURCES]; /* told, taken or not */
	int64_t rejects[EST_VERDICTS];
	int64_t in_state_us[EST_STATES]; /* the default link; asleep: this host */
	struct api_history_report history;
	bool ahead_known; /* what is ahead on the default link was asked for before, and is known */
	double ahead[AHEAD_HORIZONS];
};

struct api_health {
	bool alive; /* the loop and the estimator work: this very answer proves most of it */
	bool ready; /* and the history is written */
	char why[192]; /* what is wrong, "" if nothing */
};

#define API_AHEAD_HOURS 24

/* What is expected ahead on a link. */
struct api_forecast {
	int64_t wall_us;
	char link[API_LINK_ID_MAX + 1];
	bool reading; /* the history is still being read: ask again in a moment */
	struct ahead_news news;
	int64_t outage_since_wall_us; /* where news.in_outage */
	struct {
		int64_t from_wall_us; /* the first one is the hour that we are in */
		struct ahead_hour of;
	} hour[API_AHEAD_HOURS];
};

struct api_rows; /* a running export, the source's own */

/* A block of text is there (len > 0), the export has ended (0), or failed (negative errno).
 * Called on the loop's thread, once for each next_block. The text is valid until the next
 * next_block or close. */
typedef void api_block_fn(void *arg, const char *text, int64_t len);

struct api_source {
	void *ctx;
	/* The instant: monotonic, and the wall clock that belongs to it. */
	void (*instant)(void *ctx, int64_t *now_us, int64_t *wall_us);
	/* The link `id`, or the one of the default route where id is NULL. 0, or -ENOENT
	 * (never for NULL). */
	int (*view)(void *ctx, const char *id, struct api_view *out);
	/* Links that are up, the default one first; how many. */
	size_t (*links)(void *ctx, struct api_view out[API_LINKS_MAX]);
	int (*transfer)(void *ctx, const char *id, enum est_direction direction, int64_t bytes,
	    struct est_seconds *out);
	/* What a plan needs to know of the link; id as in view. */
	int (*outlook)(void *ctx, const char *id, struct outlook *out);
	int (*forecast)(void *ctx, const char *id, struct api_forecast *out); /* id as in view */
	enum est_verdict (*observe)(void *ctx, const struct api_observation *o);
	int (*explain)(void *ctx, const char *id, struct est_explain *out);
	void (*daemon)(void *ctx, struct api_daemon_report *out);
	void (*metrics)(void *ctx, struct api_metrics *out);
	/* A fresh measurement now: 0, -EDQUOT (beyond the budget) or -ENOENT (no targets). */
	int (*measure)(void *ctx, bool over_budget);
	bool (*measuring)(void *ctx); /* is one under way? */
	/* Links that were up once, the one that was seen last first; how many. */
	size_t (*remembered)(void *ctx, struct api_remembered out[API_REMEMBERED_MAX]);
	/* "": no name any more. 0, or -ENOENT. */
	int (*name)(void *ctx, const char *id, const char *name);
	/* A number to ask with, and how many links are forgotten; or -ENOENT, -EBUSY. What was
	 * learnt is gone at once, rows of the history go by and by. */
	int64_t (*forget)(void *ctx, const struct api_forget *what, size_t *links);
	/* -EAGAIN while rows go; 0, and how many went; or another negative errno. */
	int (*forgotten)(void *ctx, int64_t number, int64_t *rows);
	void (*health)(void *ctx, struct api_health *out);
	/* History comes in blocks, filled by another thread. open: 0, -EBUSY (too many at
	 * once), -ENOENT (no such link), or another negative errno. CSV blocks begin with the header; JSON is one
	 * array over all blocks. close may come at any time, also while a block is awaited. */
	int (*history_open)(void *ctx, const struct api_range *range, struct api_rows **out);
	void (*history_next_block)(struct api_rows *rows, api_block_fn *ready, void *arg);
	void (*history_close)(struct api_rows *rows);
};

#endif
