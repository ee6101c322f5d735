/* SPDX-License-Identifier: ISC */
/*
 * What the bytes of an interval say of a link's rate.
 *
 * A worked example, a download over 10 Mbit/s and 45 ms, dumps each 250 ms. The kernel's
 * round trip as a receiver (rcv_rtt) goes 63, 140, 54, 51, 54 ms: at the end of its slow
 * start the sender filled the link's queue. From then on the rate that is seen, 9.6 Mbit/s,
 * is what the link gives, for as long as data comes without a pause and the rate stays near
 * it. A sender that paces itself at 3 Mbit/s shows 52 ms throughout, and nothing but "at
 * least 3 Mbit/s" is learnt; one that sends a burst each 100 ms fills a queue too, but then
 * pauses of 20 to 90 ms show at some dumps.
 *
 * When the link's rate falls, what is underway piles up in its queue: delay shows it, and
 * the lower rate is believed at once. When a sender slows down there is no such sign.
 */
#include "daemon/passive_link.h"

#define MS INT64_C(1000)
#define SECOND INT64_C(1000000)

/* Fewer bytes in an interval are no rate. */
#define RATE_BYTES_MIN 3000
/* Data comes without a pause: so long since the last (jiffies are 4 or 10 ms), or 3 gaps. */
#define STEADY_GAP_US (20 * MS)
#define STEADY_MIN 3
#define SETTLED_MIN 6
/* A sign of a queue counts for a while: its effect on the rate stays. */
#define SIGNAL_US (2 * SECOND)
/* A rate that the link once set is known again for so long, when seen within a fifth. */
#define KNOWN_US (60 * SECOND)
#define NEAR(kbps, known) (5 * (kbps) >= 4 * (known))

static int64_t
max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t
kbps_of(int64_t bytes, int64_t us)
{
	return us > 0 ? bytes * 8000 / us : 0;
}

/* Time between two segments at this rate. */
static int64_t
gap_us(uint32_t segment_bytes, int64_t kbps)
{
	return kbps > 0 ? (int64_t)segment_bytes * 8000 / kbps : 0;
}

bool
passive_shows_delay(const struct passive_socket *s)
{
	return s->now.acked && s->now.rtt_us_min > 0 &&
	    s->now.rtt_us > s->now.rtt_us_min + s->now.rtt_us_min / 2 + 10 * MS;
}

bool
passive_shows_queue(const struct passive_socket *s, int64_t interval_us)
{
	int64_t gap, base;

	if (s->now.rcv_rtt_us <= 0 || s->now.rtt_us_min <= 0 || s->now.segment_bytes == 0 ||
	    s->now.arrived < 3 * (int64_t)s->now.segment_bytes)
		return false;
	gap = gap_us(s->now.segment_bytes, kbps_of(s->now.arrived, interval_us));
	/* The receiver's figure holds a delayed acknowledgement (two segments, or the 40 ms of
	 * its timer) and jiffies. */
	base = s->now.rtt_us_min + (2 * gap < 50 * MS ? 2 * gap : 50 * MS) + 4 * MS;
	/* A radio's jitter alone makes it a fifth to a third. */
	return s->now.rcv_rtt_us > base + 2 * base / 5;
}

static bool
recent(int64_t at_us, int64_t now_us, int64_t within_us)
{
	return at_us != PASSIVE_NEVER && now_us - at_us < within_us;
}

static void
note_signal(struct passive_way *w, int64_t now_us, bool signal)
{
	w->signals = signal ? w->signals + 1 : 0;
	if (signal)
		w->signal_us = now_us;
	if (w->signals >= 2)
		w->standing_us = now_us;
}

/*
 * Round trips far under the least of those behind the known rate: another path, and its
 * sender may go on as before (BBR does so for long). Only a rate well over the old one is
 * the link's then, or one with a queue.
 */
static void
forget_other_path(struct passive_way *w, int64_t rtt_us)
{
	if (rtt_us <= 0 || w->link_kbps <= 0)
		return;
	if (w->link_rtt_us > 0 && 5 * rtt_us < 3 * w->link_rtt_us) {
		w->other_path = true;
		w->link_rtt_us = -1;
		w->settled = 0;
		w->signal_us = w->standing_us = PASSIVE_NEVER;
		return;
	}
	/* The queue that told the rate is in it at first; it drains within these. */
	if (w->settled < SETTLED_MIN)
		w->settled++;
	else if (w->link_rtt_us < 0 || rtt_us < w->link_rtt_us)
		w->link_rtt_us = rtt_us;
}

/* One way: is this interval's rate the link's own? `throughout`: data moved all the time. */
static enum passive_certainty
certainty(struct passive_way *w, int64_t now_us, int64_t kbps, bool throughout, bool signal,
    bool held_back, int64_t rtt_us)
{
	bool known;

	forget_other_path(w, rtt_us);
	known = w->link_kbps > 0 && now_us - w->link_kbps_us < KNOWN_US &&
	    (!w->other_path || 4 * kbps >= 5 * w->link_kbps);
	w->steady = throughout ? w->steady + 1 : 0;
	note_signal(w, now_us, signal);
	if (w->steady < STEADY_MIN || held_back)
		return PASSIVE_AT_LEAST;
	/* Near what the link gave before it needs no sign; to be less, a queue that stands. */
	if (!(known && NEAR(kbps, w->link_kbps)) &&
	    !recent(known ? w->standing_us : w->signal_us, now_us, SIGNAL_US))
		return PASSIVE_AT_LEAST;
	if (!(known && NEAR(kbps, w->link_kbps))) {
		w->settled = 0;
		w->link_rtt_us = -1;
	}
	w->other_path = false;
	w->link_kbps = kbps;
	w->link_kbps_us = now_us;
	return PASSIVE_LINK_RATE;
}

void
passive_rate_in(struct passive_link *l, const struct passive_sum *sum, int64_t now_us,
    int64_t interval_us, struct passive_rate *out)
{
	int64_t kbps = kbps_of(sum->arrived, interval_us);
	bool throughout;
	bool outward; /* our own sending makes the delay */

	*out = (struct passive_rate){.bytes = sum->in, .kbps = -1};
	throughout = sum->arrived >= RATE_BYTES_MIN && sum->idle_us >= 0 &&
	    sum->idle_us <= max64(STEADY_GAP_US, 3 * gap_us(sum->segment_bytes, kbps));
	outward = sum->out > sum->arrived / 4;
	out->certainty = certainty(&l->in, now_us, kbps, throughout,
	    !outward && (sum->queued || sum->delayed), sum->unread || sum->asked,
	    sum->rtt_us);
	if (sum->arrived >= RATE_BYTES_MIN)
		out->kbps = kbps;
}

void
passive_rate_out(struct passive_link *l, const struct passive_sum *sum, int64_t now_us,
    int64_t interval_us, struct passive_rate *out)
{
	int64_t kbps = kbps_of(sum->delivered, interval_us);
	bool throughout;

	*out = (struct passive_rate){.bytes = sum->out, .kbps = -1};
	throughout = sum->delivered >= RATE_BYTES_MIN &&
	    5 * sum->out_full >= 4 * sum->delivered;
	out->certainty = certainty(&l->out, now_us, kbps, throughout,
	    sum->delayed || sum->retransmitted > 0, false, -1);
	if (sum->delivered >= RATE_BYTES_MIN)
		out->kbps = kbps;
	/* A burst within says more, where only the burst was the link's to carry. */
	if (out->certainty == PASSIVE_AT_LEAST && sum->delivery_kbps > out->kbps)
		out->kbps = sum->delivery_kbps;
}
