/* SPDX-License-Identifier: ISC */
/* One link over a stretch of time. */
#include "daemon/sums.h"

#include <assert.h>
#include <string.h>

#define SECONDS_MAX 3600

void
sums_clear(struct sums *s)
{
	memset(s->seconds, 0, sizeof s->seconds);
	s->rtt_us_min = API_UNKNOWN;
	s->loss_sum = s->loss_s = 0;
	s->observations = s->bytes_observed = s->bytes_probed = API_UNKNOWN;
	for (size_t i = 0; i < SUMS_MEASURES; i++) {
		struct measured *m = &s->measure[i];

		m->sum = 0;
		m->seconds = 0;
		sketch_clear(&m->sketch);
	}
}

static uint32_t
cut(int64_t n)
{
	return n < (int64_t)UINT32_MAX ? (uint32_t)n : UINT32_MAX - 1;
}

/* What is known of each: the quantiles [first, last]. */
static const struct {
	int first, last;
} known[SUMS_MEASURES] = {
	[SUMS_DOWN] = { SUMS_P10, SUMS_P90 },
	[SUMS_UP] = { SUMS_P50, SUMS_P50 },
	[SUMS_RTT] = { SUMS_P50, SUMS_P90 },
	[SUMS_TTFB] = { SUMS_P50, SUMS_P50 },
};

static void
extend(struct measured *m, int q, uint32_t min, uint32_t max)
{
	if (m->seconds == 0 || min < m->min[q])
		m->min[q] = min;
	if (m->seconds == 0 || max > m->max[q])
		m->max[q] = max;
}

/* Bins are on a scale of logarithms, nearly: the middle of two of them is between their
 * values. */
static void
hold(struct sums *s, enum sums_measure which, int64_t p10, int64_t p50, int64_t p90,
    int64_t seconds)
{
	struct measured *m = &s->measure[which];
	uint32_t n[SUMS_QUANTILES], w = (uint32_t)seconds;
	unsigned low, middle, high;

	if (p50 == API_UNKNOWN || p50 < 0)
		return;
	n[SUMS_P50] = cut(p50);
	n[SUMS_P10] = p10 >= 0 && p10 < p50 ? cut(p10) : n[SUMS_P50];
	n[SUMS_P90] = p90 > p50 ? cut(p90) : n[SUMS_P50];
	for (int q = known[which].first; q <= known[which].last; q++)
		extend(m, q, n[q], n[q]);
	m->seconds += seconds;
	m->sum += (uint64_t)n[SUMS_P50] * w;
	low = sketch_bin(n[SUMS_P10]);
	middle = sketch_bin(n[SUMS_P50]);
	high = sketch_bin(n[SUMS_P90]);
	sketch_add(&m->sketch, low, w);
	sketch_add(&m->sketch, (low + middle) / 2, w);
	sketch_add(&m->sketch, middle, w);
	sketch_add(&m->sketch, (middle + high + 1) / 2, w);
	sketch_add(&m->sketch, high, w);
}

static void
least(int64_t *to, int64_t n)
{
	if (n != API_UNKNOWN && (*to == API_UNKNOWN || n < *to))
		*to = n;
}

void
sums_hold(struct sums *s, const struct api_estimate_row *row, int64_t seconds)
{
	assert(seconds > 0 && seconds <= SECONDS_MAX);
	s->seconds[row->state][row->quality] += seconds;
	hold(s, SUMS_DOWN, row->down_kbps_p10, row->down_kbps_p50, row->down_kbps_p90,
	    seconds);
	hold(s, SUMS_UP, API_UNKNOWN, row->up_kbps_p50, API_UNKNOWN, seconds);
	hold(s, SUMS_RTT, API_UNKNOWN, row->rtt_us_p50, row->rtt_us_p90, seconds);
	hold(s, SUMS_TTFB, API_UNKNOWN, row->ttfb_us_p50, API_UNKNOWN, seconds);
	least(&s->rtt_us_min, row->rtt_us_min);
	/* ppm: at most a million; anything else came from a foreign hand. */
	if (row->loss_ppm >= 0 && row->loss_ppm <= 1000000) {
		s->loss_sum += row->loss_ppm * seconds;
		s->loss_s += seconds;
	}
}

static void
sum(int64_t *to, int64_t n)
{
	if (n != API_UNKNOWN && n >= 0 && (*to == API_UNKNOWN || *to <= INT64_MAX - n))
		*to = (*to == API_UNKNOWN ? 0 : *to) + n;
}

void
sums_count(struct sums *s, const struct api_estimate_row *row)
{
	sum(&s->observations, row->observations);
	sum(&s->bytes_observed, row->bytes_observed);
	sum(&s->bytes_probed, row->bytes_probed);
}

int64_t
sums_seconds(const struct sums *s)
{
	int64_t n = 0;

	for (int i = 0; i < EST_STATES; i++)
		for (int j = 0; j < EST_QUALITIES; j++)
			n += s->seconds[i][j];
	return n;
}

/* The state and the quality that held longest, each by itself; the first of equals. */
static void
longest(const struct sums *s, struct api_estimate_row *out)
{
	int64_t by_state[EST_STATES] = { 0 }, by_quality[EST_QUALITIES] = { 0 };
	int state = 0, quality = 0;

	for (int i = 0; i < EST_STATES; i++)
		for (int j = 0; j < EST_QUALITIES; j++) {
			by_state[i] += s->seconds[i][j];
			by_quality[j] += s->seconds[i][j];
		}
	for (int i = 1; i < EST_STATES; i++)
		if (by_state[i] > by_state[state])
			state = i;
	for (int j = 1; j < EST_QUALITIES; j++)
		if (by_quality[j] > by_quality[quality])
			quality = j;
	out->state = (enum est_state)state;
	out->quality = (enum est_quality)quality;
}

static int64_t
quantile(const struct measured *m, int q)
{
	static const unsigned tenths[] = { [SUMS_P10] = 1, [SUMS_P50] = 5, [SUMS_P90] = 9 };
	uint32_t n;

	if (m->sketch.total == 0)
		return API_UNKNOWN;
	n = sketch_quantile(&m->sketch, tenths[q]);
	return n < m->min[q] ? m->min[q] : n > m->max[q] ? m->max[q] : n;
}

void
sums_row(const struct sums *s, struct api_estimate_row *out)
{
	const struct measured *down = &s->measure[SUMS_DOWN], *rtt = &s->measure[SUMS_RTT];

	longest(s, out);
	out->down_kbps_p10 = quantile(down, SUMS_P10);
	out->down_kbps_p50 = quantile(down, SUMS_P50);
	out->down_kbps_p90 = quantile(down, SUMS_P90);
	out->up_kbps_p50 = quantile(&s->measure[SUMS_UP], SUMS_P50);
	out->rtt_us_min = s->rtt_us_min;
	out->rtt_us_p50 = quantile(rtt, SUMS_P50);
	out->rtt_us_p90 = quantile(rtt, SUMS_P90);
	out->ttfb_us_p50 = quantile(&s->measure[SUMS_TTFB], SUMS_P50);
	out->loss_ppm = s->loss_s > 0 ? (s->loss_sum + s->loss_s / 2) / s->loss_s : API_UNKNOWN;
	out->observations = s->observations;
	out->bytes_observed = s->bytes_observed;
	out->bytes_probed = s->bytes_probed;
}

int64_t
sums_mean(const struct measured *m)
{
	uint64_t n = (uint64_t)m->seconds;

	return n > 0 ? (int64_t)((m->sum + n / 2) / n) : API_UNKNOWN;
}

static struct api_spread
spread(const struct measured *m)
{
	if (m->seconds == 0)
		return (struct api_spread) { API_UNKNOWN, API_UNKNOWN, API_UNKNOWN };
	return (struct api_spread) { .least = m->min[SUMS_P50],
		.mean = sums_mean(m),
		.most = m->max[SUMS_P50] };
}

void
sums_spreads(const struct sums *s, struct api_spreads *out)
{
	*out = (struct api_spreads) { .down_kbps = spread(&s->measure[SUMS_DOWN]),
		.up_kbps = spread(&s->measure[SUMS_UP]),
		.rtt_us = spread(&s->measure[SUMS_RTT]),
		.ttfb_us = spread(&s->measure[SUMS_TTFB]) };
}

size_t
sums_conditions_write(const struct sums *s, unsigned char *out)
{
	size_t len = 0;

	for (int i = 0; i < EST_STATES; i++)
		for (int j = 0; j < EST_QUALITIES; j++) {
			if (s->seconds[i][j] == 0)
				continue;
			out[len++] = (unsigned char)(i * 8 + j);
			len += varint_put(out + len, (uint64_t)s->seconds[i][j]);
		}
	assert(len <= SUMS_CONDITIONS_MAX);
	return len;
}

bool
sums_conditions_read(int64_t seconds[EST_STATES][EST_QUALITIES], const unsigned char *bytes,
    size_t len)
{
	for (size_t at = 0, n; at < len; at += n) {
		int state = bytes[at] / 8, quality = bytes[at] % 8;
		uint64_t s;

		at++;
		n = varint_get(bytes + at, len - at, &s);
		if (n == 0 || state >= EST_STATES || quality >= EST_QUALITIES || s > SECONDS_MAX)
			return false;
		seconds[state][quality] += (int64_t)s;
	}
	return true;
}

size_t
sums_detail_write(const struct sums *s, unsigned char *out)
{
	size_t len = varint_put(out, (uint64_t)s->loss_sum);

	len += varint_put(out + len, (uint64_t)s->loss_s);
	for (size_t i = 0; i < SUMS_MEASURES; i++) {
		const struct measured *m = &s->measure[i];

		len += varint_put(out + len, (uint64_t)m->seconds);
		if (m->seconds == 0)
			continue;
		for (int q = known[i].first; q <= known[i].last; q++) {
			len += varint_put(out + len, m->min[q]);
			len += varint_put(out + len, m->max[q]);
		}
		len += varint_put(out + len, m->sum);
		len += sketch_write(&m->sketch, out + len);
	}
	assert(len <= SUMS_DETAIL_MAX);
	return len;
}

/* `count` varints; how many bytes they took, 0 where they are not there. */
static size_t
take(const unsigned char *bytes, size_t len, uint64_t *n, size_t count)
{
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		size_t got = varint_get(bytes + at, len - at, &n[i]);

		if (got == 0)
			return 0;
		at += got;
	}
	return at;
}

static size_t
merge_measure(struct sums *s, size_t which, const unsigned char *bytes, size_t len)
{
	struct measured *m = &s->measure[which];
	int first = known[which].first, last = known[which].last;
	uint64_t seconds, n[2 * SUMS_QUANTILES + 1];
	size_t count = 2 * (size_t)(last - first + 1) + 1;
	size_t at = take(bytes, len, &seconds, 1), got;

	if (at == 0 || seconds == 0)
		return at;
	got = take(bytes + at, len - at, n, count);
	if (got == 0 || seconds > SECONDS_MAX)
		return 0;
	at += got;
	got = sketch_merge(&m->sketch, bytes + at, len - at);
	if (got == 0)
		return 0;
	for (int q = first; q <= last; q++)
		extend(m, q, (uint32_t)n[2 * (q - first)], (uint32_t)n[2 * (q - first) + 1]);
	m->seconds += (int64_t)seconds;
	m->sum += n[count - 1];
	return at + got;
}

static bool
merge_detail(struct sums *s, const unsigned char *bytes, size_t len)
{
	uint64_t loss[2];
	size_t at = take(bytes, len, loss, 2), got;

	if (at == 0 || loss[1] > SECONDS_MAX || loss[0] > 1000000 * loss[1])
		return false;
	for (size_t i = 0; i < SUMS_MEASURES; i++) {
		got = merge_measure(s, i, bytes + at, len - at);
		if (got == 0)
			return false;
		at += got;
	}
	s->loss_sum += (int64_t)loss[0];
	s->loss_s += (int64_t)loss[1];
	return true;
}

void
sums_merge(struct sums *s, const struct api_estimate_row *row, const unsigned char *conditions,
    size_t conditions_len, const unsigned char *detail, size_t detail_len)
{
	int64_t before = sums_seconds(s), held;

	if (!sums_conditions_read(s->seconds, conditions, conditions_len))
		return;
	held = sums_seconds(s) - before;
	sums_count(s, row);
	if (detail_len > 0 && merge_detail(s, detail, detail_len)) {
		least(&s->rtt_us_min, row->rtt_us_min);
	} else if (held > 0 && held <= SECONDS_MAX) {
		sums_hold(s, row, held);
		s->seconds[row->state][row->quality] -= held; /* they were counted above */
	}
}
