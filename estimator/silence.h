/* SPDX-License-Identifier: ISC */
/*
 * Silence is evidence: an open request that gets no byte speaks against a living link.
 *
 * How loudly is learnt, not set (in the spirit of RFC 6298). On a live link a first byte is
 * still awaited after w seconds with chance
 *
 *	S(w) = exp(-(w - w0) / tau) + 0.001 exp(-w / 4)
 *
 * w0 = srtt + 2 dev and tau = max(80 ms, 2 dev + srtt / 2) before the first byte; in the
 * body w0 = max(100 ms, 40 ms + srtt), tau = max(120 ms, 60 ms + srtt), since after a loss
 * a reader gets nothing for some round trips, queue included. All live levels are
 * multiplied by it; the dead one is not. An example: srtt 50 ms, dev 10 ms. After 0.2 s
 * silence means little (S = 0.21); after 0.7 s it is 500 times as likely on a dead link.
 *
 * Silence runs from the youngest byte of any request, and each second of it counts once,
 * however many requests share it: for what the one says that says most. A request that
 * begins later asks anew. Some requests are silent for reasons of their own (a dead target, a
 * server that thinks): the chance of that is learnt from those that younger requests
 * overtook, and n of them at once have the nth power of it.
 */
#ifndef LINKQ_ESTIMATOR_SILENCE_H
#define LINKQ_ESTIMATOR_SILENCE_H

#include "estimator/latency.h"
#include "estimator/level.h"

#include <stdbool.h>
#include <stdint.h>

struct silence {
	int64_t life_us;  /* youngest byte or answer that we know of */
	int64_t since_us; /* begin of the silence that `said` is of */
	int64_t begun_us; /* reports of one moment share what they say from here on */
	int64_t until_us; /* up to there: beyond, nothing has been counted */
	float moment;     /* factor that they have counted for */
	float moment_s;   /* seconds of it that the trickle was spared for */
	float said;       /* product of all factors since the last life; 1: none */
	float alone;      /* chance that a request is silent for reasons of its own */
	bool heard;       /* there was life, ever */
};

void silence_init(struct silence *s);

/* A byte or an answer came at at_us: what was silent is so no more. */
void silence_broken(struct silence *s, int64_t at_us);

/* A request was answered in its turn, or younger ones were answered first. */
void silence_alone(struct silence *s, bool overtaken);

/* S(w) for a request in its body, or before its first byte. */
float silence_survival(float waited_s, bool body, const struct smooth *wait);

/* The silence of one request, while `others` more are overdue too. */
struct silence_of {
	int64_t from_us, to_us; /* it began at from_us, or had its last byte then */
	bool body;
	int others;
	bool whole; /* the caller knows that nothing at all came, and waited as long as is due */
};

/* True: multiply every level by factor[i], all of which is new. False: nothing new. */
bool silence_goes_on(struct silence *s, const struct silence_of *of,
    const struct smooth *wait, float factor[LEVELS]);

/* Seconds after which a first byte is overdue. */
float silence_overdue_s(const struct smooth *wait);

#endif
