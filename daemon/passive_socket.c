/* SPDX-License-Identifier: ISC */
/* One socket between two readings: its differences, and since when it waits. */
#include <string.h>

#include "daemon/passive_link.h"

#define MS INT64_C(1000)
#define SECOND INT64_C(1000000)
/* The first SYN is repeated after so long (RFC 6298 2.1); data at the earliest after this. */
#define SYN_AGAIN_US (1 * SECOND)
#define DATA_AGAIN_US (200 * MS)
/* The longest that kernels are built with, and a half. */
#define JIFFY_US (15 * MS)

int64_t
passive_later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The instant that lies so long back; NEVER where it is not known. */
static int64_t
instant(int64_t now_us, int64_t since_us)
{
	return since_us >= 0 ? now_us - since_us : PASSIVE_NEVER;
}

/* Since when data of ours waits. Where it can't be known, the later instant is taken. */
static int64_t
asked_since(const struct passive_socket *s, int64_t before_us, int64_t now_us,
    const struct passive_reading *r)
{
	int64_t asked;

	if (r->phase == PASSIVE_CLOSED || (r->unacked == 0 && r->phase != PASSIVE_CONNECTING))
		return PASSIVE_NEVER;
	if (s->asked_us != PASSIVE_NEVER) /* it still waits, or for what came after */
		return s->now.acked ? passive_later(s->asked_us, s->heard_us) : s->asked_us;
	if (r->phase == PASSIVE_CONNECTING)
		asked = now_us - (r->retransmits ? SYN_AGAIN_US : 0);
	else
		asked = instant(now_us, r->since_sent_us >= 0 ? r->since_sent_us : 0) -
		    (r->retransmits ? DATA_AGAIN_US : 0);
	return before_us == PASSIVE_NEVER ? asked : passive_later(asked, before_us);
}

static int64_t
difference(int64_t now, int64_t before)
{
	return now >= 0 && before >= 0 && now >= before ? now - before : -1;
}

/*
 * What arrived, which is not what became readable: behind a lost segment all waits, then
 * comes at once. While segments are out of order they are counted instead of bytes.
 */
static void
take_arrived(struct passive_socket *s, const struct passive_reading *r)
{
	bool hole = r->out_of_order != s->out_of_order;

	s->now.arrived = s->now.in;
	s->now.idle_us = r->since_data_us;
	if ((hole || s->hole_in) && r->segments_in > s->segments_in) {
		s->now.arrived =
		    (int64_t)(r->segments_in - s->segments_in) * (int64_t)r->segment_bytes;
		if (r->since_ack_us >= 0 && r->since_ack_us < s->now.idle_us)
			s->now.idle_us = r->since_ack_us;
	}
	s->hole_in = hole;
	s->segments_in = r->segments_in;
	s->out_of_order = r->out_of_order;
}

/* The same the other way: bytes are acknowledged in order, segments as they arrive. */
static void
take_delivered(struct passive_socket *s, const struct passive_reading *r)
{
	bool hole = r->segments_retransmitted != s->segments_retransmitted;

	s->now.delivered = s->now.out;
	if ((hole || s->hole_out) && r->segments_delivered > s->segments_delivered)
		s->now.delivered = (int64_t)(r->segments_delivered - s->segments_delivered) *
		    (int64_t)r->segment_bytes;
	s->hole_out = hole;
	s->segments_delivered = r->segments_delivered;
}

static void
take_heard(struct passive_socket *s, int64_t now_us, const struct passive_reading *r)
{
	int64_t before_us = s->heard_us;

	if (r->phase == PASSIVE_CONNECTING)
		return;
	/* Behind a hole it is the other segments that tell. */
	s->data_us = passive_later(s->data_us,
	    instant(now_us, s->now.arrived > 0 ? s->now.idle_us : r->since_data_us));
	s->heard_us = passive_later(s->data_us, instant(now_us, r->since_ack_us));
	/* The same instant is read a jiffy earlier or later each time. */
	s->now.heard = s->now.arrived > 0 || s->now.acked ||
	    (before_us != PASSIVE_NEVER && s->heard_us > before_us + JIFFY_US);
}

void
passive_difference(struct passive_socket *s, int64_t before_us, int64_t now_us,
    const struct passive_reading *r)
{
	memset(&s->now, 0, sizeof(s->now));
	s->now.in = (int64_t)(r->bytes_in - s->bytes_in);
	s->now.out = (int64_t)(r->bytes_acked - s->bytes_acked);
	s->now.busy_us = difference(r->busy_us, s->busy_us);
	s->now.waited_us = difference(r->waited_us, s->waited_us);
	s->now.segments_out = r->segments_out - s->segments_out;
	s->now.segments_retransmitted = r->segments_retransmitted - s->segments_retransmitted;
	s->now.rtt_us = r->rtt_us;
	s->now.rttvar_us = r->rttvar_us;
	s->now.rtt_us_min = r->rtt_us_min;
	s->now.rcv_rtt_us = r->rcv_rtt_us;
	s->now.segment_bytes = r->segment_bytes;
	s->now.unread_bytes = r->unread_bytes;
	s->now.app_limited = r->app_limited;
	s->now.delivery_kbps = r->delivery_kbps != s->delivery_kbps ? r->delivery_kbps : -1;
	s->now.acked = s->now.out > 0;
	take_arrived(s, r);
	take_delivered(s, r);

	s->bytes_in = r->bytes_in;
	s->bytes_acked = r->bytes_acked;
	s->busy_us = r->busy_us;
	s->waited_us = r->waited_us;
	s->segments_out = r->segments_out;
	s->segments_retransmitted = r->segments_retransmitted;
	s->delivery_kbps = r->delivery_kbps;
	s->phase = r->phase;
	take_heard(s, now_us, r);
	s->asked_us = asked_since(s, before_us, now_us, r);
}
