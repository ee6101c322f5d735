/* SPDX-License-Identifier: ISC */
/*
 * How long answers take: quantiles, variation, loss, and how long to wait for the next.
 *
 * Round trips (RTT) and waits for the first byte (TTFB: a round trip and the server's
 * time) are kept apart, each in a ring of the last samples whose weight halves with age.
 * There is no survivor bias: a request whose answer is overdue takes part in the quantiles
 * with the time it has waited so far, so p90 rises before anything has come back.
 */
#ifndef LINKQ_ESTIMATOR_LATENCY_H
#define LINKQ_ESTIMATOR_LATENCY_H

#include <stdbool.h>
#include <stdint.h>

#define DELAYS_KEPT 48
#define LOADED_KEPT 16

struct delays {
	int64_t at_us[DELAYS_KEPT];
	int32_t us[DELAYS_KEPT];
	uint8_t sorted[DELAYS_KEPT]; /* indices by us, ascending */
	bool waited[DELAYS_KEPT];    /* no answer came: it is at least that */
	uint8_t next, len;
};

/* RFC 6298's smoothed time and mean deviation. */
struct smooth {
	float mean_s, dev_s;
	bool known;
};

struct latency {
	struct delays rtt, ttfb;
	struct smooth rtt_smooth, wait; /* round trips; any wait for a first byte */
	float least_s;                  /* least wait or round trip, creeping up */
	bool least_known;
	float loaded_s[LOADED_KEPT]; /* round trips while bytes flowed fast */
	uint8_t loaded_next, loaded_len;
	float jitter_s;    /* RFC 3550, 6.4.1 */
	float last_rtt_s;  /* 0: none yet */
	float lost, asked; /* requests unanswered and in all, weighted down with count */
	float lost_run;    /* those unanswered since the last answer, or before the last one */
	bool run_over;     /* an answer came after them */
	uint8_t slow_in_row; /* round trips in a row far above the least */
};

void latency_init(struct latency *l);

/*
 * One round trip; loaded: bytes were flowing. Returns log2 of the ratio to what round
 * trips were when the path has become another one, else 0.
 */
float latency_rtt(struct latency *l, int64_t now_us, float rtt_s, bool loaded);

/*
 * One first byte after wait_s, connecting left out, on a clock of that grain; the request
 * counts as answered.
 */
void latency_ttfb(struct latency *l, int64_t now_us, float wait_s, float clock_s);

/* A round trip, or a first byte, was given up after waited_s. */
void latency_unanswered(struct latency *l, int64_t now_us, float waited_s, bool rtt);

/* An outage is over: what went unanswered in it says nothing of delays and losses now. */
void latency_recovered(struct latency *l);

/*
 * Quantile q in seconds, where one more request has been waiting for overdue_s (0: none
 * has). Negative where nothing is known.
 */
float delays_quantile(const struct delays *d, int64_t now_us, float q, float overdue_s);

/* The least of the last `within_us`; negative if there was none. */
float delays_least(const struct delays *d, int64_t now_us, int64_t within_us);

/* For the window model: the least round trip of late; a default where none is known. */
float latency_least_s(const struct latency *l);

/* How long a first byte usually takes, and how much that varies. */
struct smooth latency_wait(const struct latency *l);

/* Median of the loaded round trips in seconds; negative where there was no load. */
float latency_loaded_s(const struct latency *l);

#endif
