/* SPDX-License-Identifier: ISC */
/* The look ahead in words that others understand, and the goodput by the hour of the week. */
#include "estimator/ahead_internal.h"

#include <math.h>
#include <string.h>

#define HOUR_S 3600
#define LENGTHS_MIN 5   /* outages, before their lengths are told */
#define PRIOR_LENGTHS 2.0
#define RATE_STEPS 3.0  /* bins an octave */
#define RATES_MIN 2.0   /* like hours, before they are told */
#define WEEK_S 604800

/* --- quantiles of bins ------------------------------------------------------------------ */

/* The place of a quantile on the scale of bins, between the middles of two. */
static double
place(const double *bins, int len, double sum, double q)
{
	double want = q * sum;

	for (int i = 0; i < len; i++) {
		if (want <= bins[i] && bins[i] > 0.0)
			return i - 0.5 + want / bins[i];
		want -= bins[i];
	}
	return len - 1;
}

static double
total(const double *bins, int len)
{
	double sum = 0.0;

	for (int i = 0; i < len; i++)
		sum += bins[i];
	return sum;
}

static void
tell_length(const double bins[AHEAD_BINS], struct ahead_length *out)
{
	const double sum = total(bins, AHEAD_BINS);

	*out = (struct ahead_length){ .known = sum > 0.0 };
	if (!out->known)
		return;
	out->p50_s = exp2(0.5 * place(bins, AHEAD_BINS, sum, 0.5));
	out->p90_s = exp2(0.5 * place(bins, AHEAD_BINS, sum, 0.9));
	for (int i = 0; i < AHEAD_BINS; i++)
		out->mean_s += bins[i] * exp2(0.5 * i) / sum;
}

/* --- outages ---------------------------------------------------------------------------- */

static void
tell_chances(const struct ahead *a, const struct ahead_moment *m, struct ahead_news *out)
{
	double p[AHEAD_EXPERTS][AHEAD_CATS], lengths[AHEAD_HORIZONS][AHEAD_BINS];
	double any[AHEAD_BINS], usual = 0.0, n;

	memset(lengths, 0, sizeof lengths);
	ahead_guess(a, m, p, lengths);
	ahead_mix(a, m->elapsed, p, out->chance);
	n = ahead_lengths(a, m->t_s, any);
	for (int h = 0; h < AHEAD_HORIZONS; h++) {
		usual += p[1][h];
		out->usual[h] = fmin(fmax(usual, 0.0), 1.0);
		if (out->outages < LENGTHS_MIN || !(n > 0.0))
			continue;
		for (int i = 0; i < AHEAD_BINS; i++)
			lengths[h][i] += PRIOR_LENGTHS * out->chance[h] * any[i] / n;
		tell_length(lengths[h], &out->length[h]);
	}
}

static int
outages_of(const struct ahead *a)
{
	int n = 0;

	for (int i = 0; i < a->anchors; i++)
		n += !a->anchor[i].start;
	return n;
}

void
ahead_read(const struct ahead *a, int64_t now_s, struct ahead_news *out)
{
	const struct ahead_anchor *l = &a->anchor[a->anchors > 0 ? a->anchors - 1 : 0];
	struct ahead_moment m = { .t_s = now_s, .anchors = a->anchors };
	double bins[AHEAD_BINS];

	*out = (struct ahead_news){ .days = a->days, .since_s = a->first_s,
		.outages = outages_of(a) };
	if (a->anchors == 0 || now_s - a->first_s < AHEAD_SUPPORT_S ||
	    a->days < AHEAD_SUPPORT_DAYS)
		return;
	out->known = true;
	out->in_outage = l->open;
	if (l->open) {
		for (int h = 0; h < AHEAD_HORIZONS; h++)
			out->chance[h] = out->usual[h] = 1.0;
		if (out->outages < LENGTHS_MIN)
			return;
		ahead_remaining(a, now_s, bins);
		tell_length(bins, &out->remaining);
		return;
	}
	m.elapsed_s = fmax((double)(now_s - l->end_s), 0.0);
	m.elapsed = ahead_elapsed_class(m.elapsed_s);
	m.minute = ahead_minute(a, now_s);
	tell_chances(a, &m, out);
}

/* --- goodput by the hour of the week -------------------------------------------------------- */

static int
rate_bin(double kbps)
{
	const int bin = (int)(RATE_STEPS * log2(fmax(kbps, 1.0)) + 0.5);

	return bin < AHEAD_RATE_BINS ? bin : AHEAD_RATE_BINS - 1;
}

void
ahead_rate(struct ahead *a, int64_t t_s, double p10, double p50, double p90)
{
	const int minute = ahead_minute(a, t_s);
	const double at[] = { p10, sqrt(p10 * p50), p50, sqrt(p50 * p90), p90 };
	float *cell = a->rate[minute / 1440][minute % 1440 / 60];
	float *sum = &a->rates[minute / 1440][minute % 1440 / 60];
	const float old = (float)ahead_recency(WEEK_S);

	if (t_s <= a->rate_s || !(p10 >= 0.0 && p50 >= p10 && p90 >= p50))
		return;
	a->rate_s = t_s;
	for (int i = 0; i < AHEAD_RATE_BINS; i++)
		cell[i] *= old; /* an hour of the week comes once a week */
	for (int i = 0; i < 5; i++)
		cell[rate_bin(at[i])] += 0.2f;
	*sum = *sum * old + 1.0f;
}

void
ahead_read_hour(const struct ahead *a, int64_t t_s, struct ahead_hour *out)
{
	const int minute = ahead_minute(a, t_s), day = minute / 1440, hour = minute % 1440 / 60;
	double bins[AHEAD_RATE_BINS] = { 0.0 }, n = 0.0, sum;

	*out = (struct ahead_hour){ .known = false };
	for (int d = 0; d < 7; d++)
		for (int h = 0; h < 24; h++) {
			const int off = (h - hour + 24) % 24;
			const bool near = off == 1 || off == 23;
			const bool like = (d >= 5) == (day >= 5);
			const double w = off == 0 ? (d == day ? 1.0 : like ? 0.3 : 0.02)
						  : near && d == day ? 0.1 : 0.0005;

			if (off == 0 && like)
				n += w * (double)a->rates[d][h];
			for (int i = 0; i < AHEAD_RATE_BINS; i++)
				bins[i] += w * (double)a->rate[d][h][i];
		}
	sum = total(bins, AHEAD_RATE_BINS);
	if (n < RATES_MIN || !(sum > 0.0))
		return;
	out->known = true;
	out->kbps_p10 = exp2(place(bins, AHEAD_RATE_BINS, sum, 0.1) / RATE_STEPS);
	out->kbps_p50 = exp2(place(bins, AHEAD_RATE_BINS, sum, 0.5) / RATE_STEPS);
	out->kbps_p90 = exp2(place(bins, AHEAD_RATE_BINS, sum, 0.9) / RATE_STEPS);
}
