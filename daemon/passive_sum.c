/* SPDX-License-Identifier: ISC */
/* The sums of each link over its sockets, at the end of a dump. */
#include <string.h>

#include "daemon/passive_link.h"

/* A receiver whose application leaves more than half of an interval unread holds it back. */
#define UNREAD_MIN 65536
/* More bytes of ours than one in so many: requests, not what HTTP/2 says of its windows. */
#define ASKED_SHARE 400
/* A socket sent throughout: so many per mille of the interval, of it so little waiting. */
#define BUSY_PER_MILLE 900
#define WAITED_PER_MILLE 200
/* The last data came to a socket that is still there, within this of the link's last. */
#define TOGETHER_US INT64_C(200000)
#define RTT_MOST_US INT64_C(2500000)
/* A burst of fewer segments says nothing of a rate. */
#define BURST_SEGMENTS 10

/* One a place, so that many sockets to one server weigh as one. */
static void
tell_rtt(const struct passive_socket *s, uint32_t told[PASSIVE_RTTS_MAX],
    struct passive_report *out)
{
	if (out->rtts == PASSIVE_RTTS_MAX || s->now.rtt_us <= 0)
		return;
	for (size_t i = 0; i < out->rtts; i++)
		if (told[i] == s->place)
			return;
	told[out->rtts] = s->place;
	out->rtt_us[out->rtts++] = s->now.rtt_us;
}

static void
add_out(const struct passive_socket *s, int64_t interval_us, struct passive_sum *sum)
{
	sum->out += s->now.out;
	sum->delivered += s->now.delivered;
	sum->segments += s->now.segments_out;
	sum->retransmitted += s->now.segments_retransmitted;
	if (s->now.busy_us * 1000 >= interval_us * BUSY_PER_MILLE && !s->now.app_limited &&
	    s->now.waited_us * 1000 <= interval_us * WAITED_PER_MILLE)
		sum->out_full += s->now.delivered;
	if (s->now.out >= BURST_SEGMENTS * (int64_t)s->now.segment_bytes &&
	    s->now.delivery_kbps > sum->delivery_kbps)
		sum->delivery_kbps = s->now.delivery_kbps;
}

static void
add_socket(const struct passive_socket *s, struct passive_link *l, int64_t interval_us,
    int64_t *most_in, struct passive_sum *sum)
{
	sum->sockets++;
	sum->in += s->now.in;
	sum->arrived += s->now.arrived;
	sum->heard |= s->now.heard;
	add_out(s, interval_us, sum);
	if (s->now.idle_us >= 0 && s->now.arrived > 0 &&
	    (sum->idle_us < 0 || s->now.idle_us < sum->idle_us))
		sum->idle_us = s->now.idle_us;
	if (s->now.arrived > *most_in) { /* the largest flow stands for all */
		*most_in = s->now.arrived;
		sum->segment_bytes = s->now.segment_bytes;
		sum->rtt_us = s->now.rcv_rtt_us;
		sum->queued = passive_shows_queue(s, interval_us);
		sum->asked = s->now.out * ASKED_SHARE > s->now.arrived;
		sum->unread = s->now.unread_bytes > UNREAD_MIN &&
		    2 * (int64_t)s->now.unread_bytes > s->now.arrived;
	}
	sum->delayed |= passive_shows_delay(s);
	sum->waiting |= s->asked_us != PASSIVE_NEVER;
	if (s->now.arrived > 0)
		l->data_us = passive_later(l->data_us, s->data_us);
	if (s->now.heard)
		l->heard_us = passive_later(l->heard_us, s->heard_us);
}

/* The worst round trip of late: up at once, down by a sixteenth an interval. One that waited
 * for the end of an outage is none. */
static void
follow_worst(struct passive_link *l, const struct passive_socket *s)
{
	int64_t rtt = s->now.rtt_us + 4 * s->now.rttvar_us;

	if (s->now.rtt_us <= 0 || rtt > RTT_MOST_US)
		return;
	if (rtt > l->rtt_us_worst)
		l->rtt_us_worst = rtt;
	else
		l->rtt_us_worst -= (l->rtt_us_worst - rtt) / 16;
}

void
passive_sum_up(const struct passive_table *t, struct passive_link *link, uint32_t generation,
    int64_t interval_us, struct passive_sum *sum, struct passive_report *reports)
{
	int64_t most_in[PASSIVE_LINKS_MAX] = {0};
	uint32_t told[PASSIVE_LINKS_MAX][PASSIVE_RTTS_MAX];

	for (int i = 0; i < PASSIVE_LINKS_MAX; i++) {
		sum[i] = (struct passive_sum){
			.in = link[i].ended_in,
			.arrived = link[i].ended_arrived,
			.out = link[i].ended_out,
			.delivered = link[i].ended_delivered,
			.segments = link[i].ended_segments,
			.retransmitted = link[i].ended_retransmitted,
			.heard = link[i].ended_heard,
			.idle_us = -1,
			.rtt_us = -1,
			.delivery_kbps = -1,
		};
		link[i].data_us = passive_later(link[i].data_us, link[i].ended_data_us);
	}
	for (size_t i = 0; i < t->len; i++) {
		const struct passive_socket *s = &t->at[i];

		if (s->generation != generation)
			continue;
		add_socket(s, &link[s->link], interval_us, &most_in[s->link], &sum[s->link]);
		if (s->now.acked) {
			follow_worst(&link[s->link], s);
			tell_rtt(s, told[s->link], &reports[s->link]);
		}
	}
	for (size_t i = 0; i < t->len; i++) {
		const struct passive_socket *s = &t->at[i];

		if (s->generation == generation && s->phase == PASSIVE_OPEN &&
		    s->data_us != PASSIVE_NEVER &&
		    s->data_us + TOGETHER_US >= link[s->link].data_us)
			sum[s->link].still_there = true;
	}
}
