/* SPDX-License-Identifier: ISC */
/* Whether forecasts of how long a transfer takes come true. */
#include "tests/sim/fetch.h"

#include "tests/sim/client.h"

#include <math.h>

#define WINDOW_BYTES 14480.0
#define GOODPUT 0.965

double
fetch_bytes(int size)
{
	return 1e4 * pow(10.0, size);
}

double
fetch_s(const struct ride *r, struct rng *rng, double t_s, double bytes)
{
	const double end_s = r->steps * RIDE_STEP_S, begin_s = t_s;
	double wait_s = ride_rtt_s(r, t_s) * (1.0 + rng_exponential(rng, 0.1)) +
	    rng_exponential(rng, 0.01);
	double window = WINDOW_BYTES, credit = window, round_s = ride_rtt_s(r, t_s);

	for (; t_s < end_s; t_s += CLIENT_STEP_S) {
		const double kbps = ride_kbps(r, t_s);
		double got;

		if (wait_s > 0.0) {
			wait_s -= kbps > 0.0 ? CLIENT_STEP_S : 0.0;
			continue;
		}
		round_s -= CLIENT_STEP_S;
		if (round_s <= 0.0) {
			window *= credit <= 0.0 ? 2.0 : 1.0;
			credit = window;
			round_s = ride_rtt_s(r, t_s);
		}
		got = fmin(kbps * 125.0 * GOODPUT * CLIENT_STEP_S, credit);
		credit -= got;
		bytes -= got;
		if (bytes <= 0.0)
			return t_s + CLIENT_STEP_S - begin_s;
	}
	return -1.0;
}

void
fetches_try(struct fetches *f, struct est *e, const struct ride *r, double t_s)
{
	const double left_s = r->steps * RIDE_STEP_S - t_s;

	for (int k = 0; k < FETCH_SIZES; k++) {
		struct est_seconds s;
		double took_s, p10, p90;

		est_transfer(e, llround(t_s * 1e6), EST_DOWN, (int64_t)fetch_bytes(k), &s);
		if (!s.known)
			continue;
		took_s = fetch_s(r, &f->rng, t_s, fetch_bytes(k));
		p10 = (double)s.us_p10 * 1e-6;
		p90 = (double)s.us_p90 * 1e-6;
		/* What the ride is too short for is judged where that is a judgement. */
		if (took_s < 0.0 && p90 > left_s)
			continue;
		took_s = took_s < 0.0 ? left_s : took_s;
		f->n[k]++;
		f->under[k] += took_s < p10;
		f->over[k] += took_s > p90;
		f->error[k] += fabs(log2((double)s.us_p50 * 1e-6 / took_s));
	}
}
