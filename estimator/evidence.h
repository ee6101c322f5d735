/* SPDX-License-Identifier: ISC */
/*
 * From what was reported to what it says: the steps between est_add() and the beliefs.
 * Internal to the estimator.
 */
#ifndef LINKQ_ESTIMATOR_EVIDENCE_H
#define LINKQ_ESTIMATOR_EVIDENCE_H

#include "estimator/correction.h"
#include "estimator/estimator_state.h"

/* Let the beliefs age to now_us. */
void evidence_advance(struct est *e, int64_t now_us);

/* Take a sample, or say why not. */
enum est_verdict evidence_take(struct est *e, const struct est_sample *s);

/* Take a round trip, or one that is not answered. */
void evidence_rtt(struct est *e, enum est_source source, int64_t rtt_us, bool answered);

/* Learn from the pieces that are complete by now. */
void evidence_learn(struct est *e);

/* Something came over the link at at_us, of a request that began at start_us; NOBODYS: it is
 * not known of which, so that no open one was overtaken by it. */
#define EVIDENCE_NOBODYS (INT64_MIN / 4)
void evidence_life(struct est *e, int64_t at_us, int64_t start_us);

/* An open request has been silent from from_us to to_us. */
void evidence_silence(struct est *e, int64_t from_us, int64_t to_us, bool body);

/* The same, with others that the caller knows to be silent too. */
struct silence_of;
void evidence_silence_of(struct est *e, const struct silence_of *of);

/* All that the link carried in a time: no window is asked for. */
struct portion;
void evidence_carried(struct est *e, const struct portion *p);

/*
 * Whether an open request, silent since then, is so for reasons of its own: the link lived
 * on while it was overdue.
 */
bool evidence_own_silence(struct est *e, struct flow *f, int64_t since_us);

/*
 * A first packet came wait_s after it was asked for. On a slow link it could not have come
 * that soon; slow servers do no harm, since it only ever speaks for faster levels.
 */
void evidence_first_packet(struct est *e, float wait_s, float clock_s, int64_t bytes);

/* Round trips are 2^octaves of what they were: the path is another one. */
void evidence_path_changed(struct est *e, float octaves);

/* Some evidence of a source, of that weight (seconds of body, or less). */
void evidence_tally(struct est *e, enum est_source source, int64_t bytes, float weight);

/* What a forecast of one direction is asked for. */
struct forecast_ask evidence_ask(const struct est *e, enum est_direction d, float horizon_s);

/* Quantiles of the mean of the next horizon_s as levels, before calibration. */
void evidence_forecast(const struct est *e, enum est_direction d, float horizon_s,
    float raw[FORECAST_QUANTILES]);

/*
 * The same as p10, p50 and p90, calibrated but not yet corrected. Returns the share of the
 * corrections that is due, and where it is above 0 what they are to see. The belief has to
 * be known. What tests/sim/learn trains on.
 */
float evidence_uncorrected(const struct est *e, enum est_direction d, float horizon_s,
    float x[CORRECTION_INPUTS], float y[3]);

/* After any event: the words follow the belief, and the last answer is void. */
void evidence_settle(struct est *e);

/* Words for people follow the beliefs. */
void evidence_judge(struct est *e);

#endif
