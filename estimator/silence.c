/* SPDX-License-Identifier: ISC */
/* Silence is evidence. */
#include "estimator/silence.h"

#include <assert.h>
#include <math.h>

#define FACTOR_LEAST 1e-10f
#define MOMENT_US 50000 /* reports so close together are of one moment */
#define ALONE_AT_FIRST 0.02f
#define ALONE_GAIN 0.0625f
#define ALONE_MOST 0.6f
#define ALONE_IN_BODY 0.1f /* a server that began seldom stops */
#define PACKET_KBIT 12.0f /* 1500 bytes */
#define TAIL 1e-3f  /* chance of a silence that the link's own times do not explain */
#define TAIL_S 4.0f /* and the time in which it passes */
#define ALONE_S 2.0f /* the same for a request's reasons of its own */

void
silence_init(struct silence *s)
{
	*s = (struct silence){
		.begun_us = INT64_MIN / 4,
		.until_us = INT64_MIN / 4,
		.moment = 1.0f,
		.said = 1.0f,
		.alone = ALONE_AT_FIRST,
	};
}

void
silence_broken(struct silence *s, int64_t at_us)
{
	if (s->heard && at_us <= s->life_us)
		return;
	s->life_us = at_us;
	s->heard = true;
	s->begun_us = s->until_us = at_us;
	s->moment = s->said = 1.0f;
	s->moment_s = 0.0f;
}

void
silence_alone(struct silence *s, bool overtaken)
{
	s->alone += ALONE_GAIN * ((overtaken ? 1.0f : 0.0f) - s->alone);
	s->alone = fminf(s->alone, ALONE_MOST);
}

float
silence_overdue_s(const struct smooth *wait)
{
	return 2.0f * wait->mean_s + 6.0f * wait->dev_s + 0.05f;
}

float
silence_survival(float waited_s, bool body, const struct smooth *wait)
{
	const float srtt = wait->mean_s, dev = wait->dev_s;
	const float w0 = body ? fmaxf(0.1f, 0.04f + srtt) : srtt + 2.0f * dev;
	const float tau = body ? fmaxf(0.12f, 0.06f + srtt)
	                       : fmaxf(0.08f, 2.0f * dev + 0.5f * srtt);
	const float beyond = fmaxf(0.0f, waited_s - w0);

	return num_exp(-fminf(beyond / tau, 80.0f)) + TAIL * num_exp(-waited_s / TAIL_S);
}

/*
 * Of the whole link it is known that nothing came on any connection. Holes after a loss are
 * not among that: there, later segments are heard. An example: after 1 s at a round trip of
 * 290 ms behind a full queue S is 0.002, where a single request's would be 0.2.
 */
static float
whole_survival(float waited_s, const struct smooth *wait)
{
	const float dev = fminf(wait->dev_s, 0.25f * wait->mean_s);
	const float w0 = fmaxf(0.1f, wait->mean_s + 2.0f * dev);
	const float tau = fmaxf(0.08f, 0.25f * wait->mean_s);

	return num_exp(-fminf(fmaxf(0.0f, waited_s - w0) / tau, 80.0f)) +
	    TAIL * num_exp(-waited_s / TAIL_S);
}

/* S of that request after waited_s, reasons of its own included. */
static float
survival(const struct silence *s, const struct silence_of *of, float waited_s,
    const struct smooth *wait)
{
	/* How often requests are slow by themselves is no measure of sockets that were sound. */
	const float one = of->whole ? ALONE_AT_FIRST
	    : of->body              ? ALONE_IN_BODY * s->alone
	                            : s->alone;
	float alone = one;

	if (waited_s <= 0.0f)
		return 1.0f;
	for (int i = 0; i < of->others && i < 4; i++)
		alone *= one;
	/* had the link come back meanwhile, it would have broken such a silence again */
	alone *= num_exp(-waited_s / ALONE_S);
	if (of->whole)
		return fminf(whole_survival(waited_s, wait) + alone, 1.0f);
	return fminf(silence_survival(waited_s, of->body, wait) + alone, 1.0f);
}

bool
silence_goes_on(struct silence *s, const struct silence_of *of, const struct smooth *wait,
    float factor[LEVELS])
{
	const int64_t from_us = s->heard && s->life_us > of->from_us ? s->life_us : of->from_us;
	float all, ratio, more_s;
	int64_t begin_us;

	if (of->to_us > s->until_us + MOMENT_US) {
		s->begun_us = s->until_us > from_us ? s->until_us : from_us;
		s->moment = 1.0f;
		s->moment_s = 0.0f;
	}
	begin_us = from_us > s->begun_us ? from_us : s->begun_us;
	if (of->to_us <= begin_us)
		return false;
	all = survival(s, of, (float)(of->to_us - from_us) * 1e-6f, wait) /
	    survival(s, of, (float)(begin_us - from_us) * 1e-6f, wait);
	more_s = (float)(of->to_us - begin_us) * 1e-6f;
	if (of->to_us > s->until_us)
		s->until_us = of->to_us;
	if (all >= s->moment)
		return false;
	ratio = fmaxf(all / s->moment, FACTOR_LEAST);
	if (s->said >= 1.0f || from_us < s->since_us)
		s->since_us = from_us;
	more_s = fmaxf(more_s, s->moment_s);
	for (int i = 0; i < LEVELS; i++) {
		/*
		 * At a level so low that a packet takes long, silence is what one expects.
		 * What this moment has counted for already is taken out again.
		 */
		const float a_second = level_kbps[i] / PACKET_KBIT;
		const float now = fmaxf(all, num_exp(-fminf(more_s * a_second, 80.0f)));
		const float before =
		    fmaxf(s->moment, num_exp(-fminf(s->moment_s * a_second, 80.0f)));

		factor[i] = fmaxf(fminf(now / before, 1.0f), FACTOR_LEAST);
	}
	s->moment = fmaxf(all, FACTOR_LEAST);
	s->moment_s = more_s;
	s->said = fmaxf(s->said * ratio, FACTOR_LEAST);
	return true;
}
