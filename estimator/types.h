/* SPDX-License-Identifier: ISC */
/*
 * What goes into the estimator and what comes out of it: the vocabulary of estimator.h.
 *
 * Rates are goodput in kbit/s = 1000 bit/s of payload. Unknown is `known = false`, or -1
 * where a field says so, never 0.
 */
#ifndef LINKQ_ESTIMATOR_TYPES_H
#define LINKQ_ESTIMATOR_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum est_direction { EST_DOWN, EST_UP, EST_DIRECTIONS };

/* Who saw a request: an application that told us, the kernel, or our own probe. */
enum est_source { EST_APP, EST_KERNEL, EST_PROBE, EST_SOURCES };

enum est_state {
	EST_UNKNOWN, /* no evidence yet */
	EST_ONLINE,
	EST_STALLED, /* silence where there should be bytes, not yet sure */
	EST_OFFLINE, /* nothing gets through */
	EST_CAPTIVE, /* a portal answers in place of the Internet */
	EST_ASLEEP,  /* this host was suspended; in the history only */
	EST_STATES
};

/* From measured performance only, with hysteresis. */
enum est_quality {
	EST_QUALITY_UNKNOWN,
	EST_QUALITY_MINIMAL,
	EST_QUALITY_MODERATE,
	EST_QUALITY_GOOD,
	EST_QUALITIES
};

/* Effective connection type, by the table of the Network Information API (WICG). */
enum est_effective {
	EST_EFFECTIVE_UNKNOWN,
	EST_EFFECTIVE_SLOW_2G,
	EST_EFFECTIVE_2G,
	EST_EFFECTIVE_3G,
	EST_EFFECTIVE_4G,
	EST_EFFECTIVES
};

/* What the rates rest on. */
enum est_basis {
	EST_BASIS_PRIOR,    /* nothing: what any link of its kind may be like (est_prior) */
	EST_BASIS_MEMORY,   /* what was learnt of the link before; nothing was seen since */
	EST_BASIS_EVIDENCE, /* what was seen now */
	EST_BASES
};

enum est_error {
	EST_ERROR_NONE,
	EST_ERROR_TIMEOUT, /* says something of the link: silence */
	EST_ERROR_REFUSED, /* the other end answered: the link works */
	EST_ERROR_RESET,
	EST_ERROR_DNS,
	EST_ERROR_TLS,
	EST_ERROR_HTTP, /* the server answered with an error: the link works */
	EST_ERROR_ABORTED,
	EST_ERRORS
};

/* Why a sample counted for nothing, or for less. */
enum est_verdict {
	EST_TAKEN,
	EST_REJECT_CACHE,   /* came from a cache, not over the link */
	EST_REJECT_SERVER,  /* the sender set the pace: only "at least this much" is taken */
	EST_REJECT_LATE,    /* ended too long ago to say anything about now */
	EST_REJECT_ORDER,   /* a slice with fewer bytes or less time than the one before */
	EST_REJECT_ABSURD,  /* numbers that no link produces */
	EST_REJECT_FULL,    /* more requests at once than are told apart */
	EST_VERDICTS
};

enum est_change_kind {
	EST_CHANGE_NONE,
	EST_CHANGE_DROP,
	EST_CHANGE_RISE,
	EST_CHANGE_OUTAGE,
	EST_CHANGE_RECOVERY,
	EST_CHANGE_NETWORK,
	EST_CHANGE_WAKE,
	EST_CHANGES
};

enum est_link_kind {
	EST_LINK_OTHER,
	EST_LINK_ETHERNET,
	EST_LINK_WIFI,
	EST_LINK_WWAN,
	EST_LINK_TUNNEL,
	EST_LINK_LOOPBACK,
	EST_LINK_KINDS
};

/*
 * One request, or a slice of one, as somebody timed it.
 *
 * Bytes and times count from the start of the request (DNS and connecting included) and
 * are cumulative over the slices of one request; the estimator forms the differences.
 */
struct est_sample {
	int64_t ended_us;  /* monotonic: when this was so; at most now_us */
	uint64_t request;  /* slices of one request share it; 0: a request without slices */
	enum est_source source;
	enum est_direction direction;
	enum est_error error; /* EST_ERROR_NONE while all is well */
	bool in_progress;     /* a slice; more may come */
	bool from_cache;
	bool server_limited; /* the sender paced the body: a lower bound only */
	int64_t bytes;       /* payload so far: the numerator of goodput */
	int64_t duration_us; /* from the start until ended_us */
	int64_t ttfb_us;     /* from the start to the first byte; -1: none has come */
	int64_t connect_us;  /* DNS, TCP and TLS set-up together, part of duration and ttfb;
	                        0: a kept connection, -1: not known */
	int64_t rtt_us;      /* one TCP round trip where the caller knows it; -1: not known.
	                        Where it is -1 and connect_us is above 0, connect_us is taken */
	int64_t clock_us;    /* grain of these times; 0: microseconds */
};

/* A rate: quantiles of the mean goodput of the next horizon. p10 <= p50 <= p90. */
struct est_rate {
	bool known;
	int64_t kbps_p10, kbps_p50, kbps_p90;
};

struct est_delay {
	bool known;
	int64_t us_min, us_p50, us_p90; /* us_min <= us_p50 <= us_p90 */
};

struct est_change {
	enum est_change_kind kind;
	int64_t at_us;
	int64_t from_kbps, to_kbps; /* medians; -1: not known */
};

struct est_outage {
	bool open;
	int64_t since_us;
	int64_t remaining_us_p50, remaining_us_p90; /* -1: not known */
};

/* What is believed of a link at one instant. */
struct est_snapshot {
	int64_t at_us;
	enum est_state state;
	enum est_quality quality;
	enum est_effective effective;
	enum est_basis basis; /* of the rate down */
	struct est_rate rate[EST_DIRECTIONS];
	struct est_delay rtt;  /* one network round trip */
	struct est_delay ttfb; /* request sent to first byte, connecting left out */
	int64_t jitter_us;     /* mean variation of successive round trips (RFC 3550); -1 */
	int64_t loss_ppm;      /* requests that got no answer in their time; -1: not known */
	int64_t rpm;           /* round trips a minute under load; -1: not known */
	int64_t confidence_ppm; /* 0 .. 1,000,000: 1 is a p90/p10 of 1, 0 is no knowledge */
	int64_t age_us;         /* since the last evidence; -1: there was none */
	int64_t samples;        /* taken in all */
	int64_t share_ppm[EST_SOURCES]; /* of the weight of recent evidence; sums to 1e6 or 0 */
	struct est_change change;       /* the last one; kind NONE: there was none */
	struct est_outage outage;
};

/* Why the estimate is what it is. */
struct est_source_report {
	int64_t count;      /* samples taken from this source */
	int64_t age_us;     /* of the last one; -1 */
	int64_t weight_ppm; /* its share of the weight of recent evidence */
	int64_t bytes;      /* payload seen */
};

#define EST_CHANGES_KEPT 8

struct est_explain {
	struct est_source_report source[EST_SOURCES];
	int64_t rejected[EST_VERDICTS]; /* [EST_TAKEN] is how many were taken */
	struct est_change changes[EST_CHANGES_KEPT]; /* newest first */
	size_t changes_len;
	int64_t open_requests;
	int64_t silent_us;    /* an open request has had no byte for so long; 0: none waits */
	int64_t off_ppm;      /* belief that the link is dead */
	int64_t outages;      /* seen since the link appeared */
	int64_t window_bytes; /* what a new connection's first window is taken to be */
	int64_t rate_limited_ppm; /* share of recent increments that only said "at least" */
};

/* Time that a transfer would take, first byte and ramp-up included. */
struct est_seconds {
	bool known;
	int64_t us_p10, us_p50, us_p90;
};

/* What was learnt of a link in a form that can be stored and given back. */
#define EST_MEMORY_BYTES 1024
struct est_memory {
	uint32_t version;
	uint32_t len;
	uint8_t bytes[EST_MEMORY_BYTES];
};

#endif
