/* SPDX-License-Identifier: ISC */
/* One message of the kernel's about a TCP socket, as a reading. */
#include "daemon/sockdiag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>

#include <libmnl/libmnl.h>

/* States by number (include/net/tcp_states.h of the kernel; not in its exported headers). */
enum { STATE_ESTABLISHED = 1, STATE_SYN_SENT = 2 };

#define MS INT64_C(1000)
/* Does a tcp_info of this length hold the field? Older kernels end earlier. */
#define HOLDS(len, field)                                                                    \
	((len) >= offsetof(struct tcp_info, field) + sizeof(((struct tcp_info *)0)->field))

static void
copy_address(uint8_t out[16], uint8_t family, const uint32_t in[4])
{
	if (family == AF_INET6) {
		memcpy(out, in, 16);
		return;
	}
	memset(out, 0, 10);
	memset(out + 10, 0xff, 2);
	memcpy(out + 12, in, 4);
}

static int64_t
known(uint32_t us)
{
	return us > 0 && us < UINT32_MAX ? (int64_t)us : -1;
}

static void
take_rates(const struct tcp_info *t, size_t len, struct passive_reading *out)
{
	if (HOLDS(len, tcpi_delivery_rate) && t->tcpi_delivery_rate > 0) {
		out->delivery_kbps = (int64_t)(t->tcpi_delivery_rate / 125);
		out->app_limited = t->tcpi_delivery_rate_app_limited;
	}
	if (HOLDS(len, tcpi_sndbuf_limited)) {
		out->busy_us = (int64_t)t->tcpi_busy_time;
		out->waited_us = (int64_t)(t->tcpi_rwnd_limited + t->tcpi_sndbuf_limited);
	}
}

static void
take_info(const struct tcp_info *t, size_t len, struct passive_reading *out)
{
	out->unacked = t->tcpi_unacked;
	out->retransmits = t->tcpi_retransmits;
	out->segment_bytes = t->tcpi_rcv_mss > t->tcpi_snd_mss ? t->tcpi_rcv_mss : t->tcpi_snd_mss;
	if (out->phase == PASSIVE_CONNECTING)
		return; /* the rest is from before the first segment */
	out->rtt_us = known(t->tcpi_rtt);
	out->rttvar_us = out->rtt_us < 0 ? -1 : (int64_t)t->tcpi_rttvar;
	/* Without timestamps it is the time that a window takes, not a round trip. */
	if (t->tcpi_options & TCPI_OPT_TIMESTAMPS)
		out->rcv_rtt_us = known(t->tcpi_rcv_rtt);
	out->since_sent_us = (int64_t)t->tcpi_last_data_sent * MS;
	out->since_data_us = (int64_t)t->tcpi_last_data_recv * MS;
	out->since_ack_us = (int64_t)t->tcpi_last_ack_recv * MS;
	if (HOLDS(len, tcpi_bytes_received)) {
		out->bytes_acked = t->tcpi_bytes_acked;
		out->bytes_in = t->tcpi_bytes_received;
	}
	if (HOLDS(len, tcpi_min_rtt))
		out->rtt_us_min = known(t->tcpi_min_rtt);
	if (HOLDS(len, tcpi_data_segs_out)) {
		out->segments_in = t->tcpi_data_segs_in;
		out->segments_out = t->tcpi_data_segs_out;
		out->segments_retransmitted = t->tcpi_total_retrans;
	}
	if (HOLDS(len, tcpi_delivered))
		out->segments_delivered = t->tcpi_delivered;
	if (HOLDS(len, tcpi_rcv_ooopack))
		out->out_of_order = t->tcpi_rcv_ooopack;
	take_rates(t, len, out);
}

static enum passive_phase
phase_of(uint8_t state)
{
	switch (state) {
	case STATE_SYN_SENT:
		return PASSIVE_CONNECTING;
	case STATE_ESTABLISHED:
		return PASSIVE_OPEN;
	default:
		return PASSIVE_CLOSED;
	}
}

struct found {
	struct passive_reading *reading;
	bool info;
};

static int
take_attribute(const struct nlattr *attr, void *arg)
{
	struct found *found = arg;
	struct tcp_info t = {0};
	size_t len = mnl_attr_get_payload_len(attr);

	if (mnl_attr_get_type(attr) != INET_DIAG_INFO)
		return MNL_CB_OK;
	/* Newer kernels know more than our header, older ones less. */
	memcpy(&t, mnl_attr_get_payload(attr), len < sizeof(t) ? len : sizeof(t));
	if (!HOLDS(len, tcpi_total_retrans))
		return MNL_CB_OK;
	take_info(&t, len, found->reading);
	found->info = true;
	return MNL_CB_OK;
}

int
sockdiag_parse(const struct nlmsghdr *nlh, struct passive_reading *out)
{
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(nlh);
	struct passive_reading r = {
		.rtt_us = -1, .rttvar_us = -1, .rtt_us_min = -1, .rcv_rtt_us = -1,
		.since_sent_us = -1, .since_data_us = -1, .since_ack_us = -1,
		.busy_us = -1, .waited_us = -1, .delivery_kbps = -1,
	};
	struct found found = {.reading = &r};

	/* Whole messages are aligned, and the library rounds up what is not. */
	if (nlh->nlmsg_len % NLMSG_ALIGNTO != 0 ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*m) ||
	    (m->idiag_family != AF_INET && m->idiag_family != AF_INET6))
		return -EBADMSG;
	r.cookie = (uint64_t)m->id.idiag_cookie[1] << 32 | m->id.idiag_cookie[0];
	r.phase = phase_of(m->idiag_state);
	copy_address(r.from, m->idiag_family, m->id.idiag_src);
	copy_address(r.to, m->idiag_family, m->id.idiag_dst);
	r.interface = m->id.idiag_if;
	r.unread_bytes = m->idiag_rqueue;
	mnl_attr_parse(nlh, sizeof(*m), take_attribute, &found);
	if (!found.info && r.phase != PASSIVE_CLOSED)
		return -EBADMSG;
	*out = r;
	return 0;
}
