/* SPDX-License-Identifier: ISC */
/*
 * Fuzz: any sequence of samples, plausible or not. Whatever comes, the answers are finite,
 * in order and in range, and nothing asserts.
 */
#include "estimator/estimator.h"

#include <stdlib.h>
#include <string.h>

#define KBPS_MOST INT64_C(8000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct bytes {
	const uint8_t *at;
	size_t left;
};

static void
must(bool so)
{
	if (!so)
		abort();
}

static uint8_t
byte(struct bytes *b)
{
	if (b->left == 0)
		return 0;
	b->left--;
	return *b->at++;
}

/* Mostly small, now and then absurd. */
static int64_t
number(struct bytes *b)
{
	const uint8_t how = byte(b);
	int64_t n = byte(b);

	n = n << 8 | byte(b);
	if (how >= 250)
		return how == 250 ? INT64_MAX : how == 251 ? INT64_MIN : how == 252 ? -n : -1;
	return n << (how % 28);
}

static struct est_sample
sample(struct bytes *b, int64_t now_us)
{
	const uint8_t flags = byte(b), more = byte(b);
	struct est_sample s = {
		.ended_us = now_us,
		.request = more % 8,
		.source = (enum est_source)(more / 8 % EST_SOURCES),
		.direction = flags & 1 ? EST_UP : EST_DOWN,
		.error = (enum est_error)(more / 32 % EST_ERRORS),
		.in_progress = flags & 2,
		.from_cache = (flags & 12) == 12,
		.server_limited = (flags & 48) == 48,
		.bytes = number(b),
		.duration_us = number(b),
		.ttfb_us = flags & 64 ? -1 : number(b),
		.connect_us = flags & 128 ? -1 : number(b),
		.rtt_us = flags & 64 ? number(b) : -1,
	};

	if (flags == 255)
		s.ended_us = now_us - number(b);
	return s;
}

static void
check(struct est *e, int64_t now_us, int64_t horizon_us)
{
	struct est_snapshot s;
	struct est_seconds t;

	est_read(e, now_us, horizon_us, &s);
	for (int d = 0; d < EST_DIRECTIONS; d++) {
		const struct est_rate *r = &s.rate[d];

		must(!r->known || (r->kbps_p10 >= 0 && r->kbps_p10 <= r->kbps_p50 &&
		    r->kbps_p50 <= r->kbps_p90 && r->kbps_p90 <= KBPS_MOST));
		if (now_us % 4 != 0)
			continue; /* the dearest question, not each time */
		est_transfer(e, now_us, (enum est_direction)d, INT64_C(1) << 30, &t);
		must(!t.known ||
		    (t.us_p10 >= 0 && t.us_p10 <= t.us_p50 && t.us_p50 <= t.us_p90));
	}
	must(!s.rtt.known || (s.rtt.us_min <= s.rtt.us_p50 && s.rtt.us_p50 <= s.rtt.us_p90));
	must(!s.ttfb.known || (s.ttfb.us_min <= s.ttfb.us_p50 && s.ttfb.us_p50 <= s.ttfb.us_p90));
	must(s.loss_ppm >= -1 && s.loss_ppm <= 1000000);
	must(s.confidence_ppm >= 0 && s.confidence_ppm <= 1000000);
	must(s.state < EST_STATES && s.quality < EST_QUALITIES && s.effective < EST_EFFECTIVES);
	must(!s.outage.open || s.outage.remaining_us_p90 >= s.outage.remaining_us_p50);
}

static void
keep_and_restore(struct est *e, int64_t now_us)
{
	struct est_memory m;

	est_save(e, &m);
	must(est_restore(e, now_us, &m) == 0);
}

static void
act(struct est *e, struct bytes *b, int64_t *now_us)
{
	const uint8_t what = byte(b);
	const int64_t step = number(b), us = number(b);
	struct est_explain why;
	struct est_sample s;

	*now_us += step < 0 || step > INT64_C(1) << 44 ? 0 : step;
	switch (what % 16) {
	case 0:
		est_tick(e, *now_us);
		break;
	case 1:
		est_add_rtt(e, *now_us, EST_PROBE, us, what & 16);
		break;
	case 2:
		est_wake(e, *now_us);
		break;
	case 3:
		est_set_carrier(e, *now_us, what & 16);
		break;
	case 4:
		est_set_captive(e, *now_us, what & 16);
		break;
	case 5:
		est_forget_request(e, what >> 4);
		break;
	case 6:
		keep_and_restore(e, *now_us);
		break;
	case 7:
		if (what == 7)
			est_network_changed(e, *now_us);
		break;
	case 8:
		est_explain(e, *now_us, &why);
		break;
	case 9:
		est_add_carried(e, *now_us, EST_KERNEL, EST_DOWN, us, step, 0, what & 16);
		break;
	case 10:
		est_add_silence(e, *now_us, EST_KERNEL, us, 2 + (what >> 4));
		break;
	default:
		s = sample(b, *now_us);
		est_add(e, *now_us, &s);
		break;
	}
}

/* A memory of anything must be refused or be harmless. */
static void
restore_anything(struct est *e, const uint8_t *data, size_t len, int64_t now_us)
{
	struct est_memory m;

	est_save(e, &m);
	memcpy(m.bytes, data, len < m.len ? len : m.len);
	if (est_restore(e, now_us, &m) == 0)
		check(e, now_us, EST_HORIZON_US);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct est e;
	struct bytes b = { data, len };
	int64_t now_us = 0;

	est_init(&e, (enum est_link_kind)(byte(&b) % EST_LINK_KINDS), now_us);
	while (b.left > 0) {
		act(&e, &b, &now_us);
		check(&e, now_us, b.left % 5 == 0 ? INT64_C(60000000) : EST_HORIZON_US);
	}
	restore_anything(&e, data, len, now_us);
	return 0;
}
