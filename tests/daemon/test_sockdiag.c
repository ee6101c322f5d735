/* SPDX-License-Identifier: ISC */
/* Reading the kernel's sockets: messages of every length, and real ones on loopback. */
#include "daemon/sockdiag.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(sockdiag, .timeout = 20);

/* --- messages, made by hand -------------------------------------------------------------- */

struct message {
	struct nlmsghdr header;
	struct inet_diag_msg diag;
	struct nlattr attr;
	char info[512];
};

/* A socket of that family with so many bytes of tcp_info. */
static struct message
message(uint8_t family, const struct tcp_info *t, size_t len)
{
	struct message m = { .diag = { .idiag_family = family, .idiag_state = 1 } };

	memset(m.info, 0xee, sizeof(m.info)); /* what newer kernels add */
	memcpy(m.info, t, len < sizeof(*t) ? len : sizeof(*t));
	m.attr.nla_type = INET_DIAG_INFO;
	m.attr.nla_len = (uint16_t)(NLA_HDRLEN + len);
	m.header.nlmsg_len = (uint32_t)(offsetof(struct message, info) + NLA_ALIGN(len));
	m.diag.id.idiag_cookie[0] = 0x89abcdef;
	m.diag.id.idiag_cookie[1] = 0x01234567;
	m.diag.id.idiag_src[0] = htonl(0xc0000207);
	m.diag.id.idiag_dst[0] = htonl(0xcb007101);
	m.diag.idiag_rqueue = 17;
	return m;
}

static const struct tcp_info known = {
	.tcpi_state = 1, .tcpi_options = TCPI_OPT_TIMESTAMPS, .tcpi_unacked = 3,
	.tcpi_rtt = 45000, .tcpi_rttvar = 2000, .tcpi_min_rtt = 44000, .tcpi_rcv_rtt = 50000,
	.tcpi_last_data_sent = 7, .tcpi_last_data_recv = 8, .tcpi_last_ack_recv = 9,
	.tcpi_snd_mss = 1400, .tcpi_rcv_mss = 1448, .tcpi_total_retrans = 5,
	.tcpi_bytes_acked = 1000, .tcpi_bytes_received = 5000000000,
	.tcpi_data_segs_in = 100, .tcpi_data_segs_out = 50,
	.tcpi_delivery_rate = 1250000, .tcpi_busy_time = 11, .tcpi_rwnd_limited = 2,
	.tcpi_sndbuf_limited = 3, .tcpi_delivered = 40, .tcpi_rcv_ooopack = 6,
};

Test(sockdiag, reads_what_a_newer_kernel_says_and_ignores_what_it_adds)
{
	struct message m = message(AF_INET, &known, 280);
	struct passive_reading r;

	cr_assert_eq(sockdiag_parse(&m.header, &r), 0);
	cr_assert_eq(r.cookie, UINT64_C(0x0123456789abcdef));
	cr_assert_eq(r.phase, PASSIVE_OPEN);
	cr_assert_eq(memcmp(r.from, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\7", 16), 0);
	cr_assert_eq(r.unacked, 3);
	cr_assert_eq(r.rtt_us, 45000);
	cr_assert_eq(r.rtt_us_min, 44000);
	cr_assert_eq(r.rcv_rtt_us, 50000);
	cr_assert_eq(r.since_sent_us, 7000);
	cr_assert_eq(r.bytes_in, UINT64_C(5000000000));
	cr_assert_eq(r.segments_delivered, 40);
	cr_assert_eq(r.out_of_order, 6);
	cr_assert_eq(r.waited_us, 5);
	cr_assert_eq(r.delivery_kbps, 10000);
	cr_assert_eq(r.segment_bytes, 1448);
	cr_assert_eq(r.unread_bytes, 17);
}

Test(sockdiag, takes_no_figure_that_an_older_kernel_does_not_give)
{
	struct passive_reading r;

	for (size_t len = 0; len <= sizeof(known); len++) {
		struct message m = message(AF_INET6, &known, len);
		int got = sockdiag_parse(&m.header, &r);

		if (len < offsetof(struct tcp_info, tcpi_total_retrans) + 4) {
			cr_assert_eq(got, -EBADMSG, "%zu bytes", len);
			continue;
		}
		cr_assert_eq(got, 0);
		cr_assert_eq(r.bytes_in != 0, len >= offsetof(struct tcp_info, tcpi_bytes_received) + 8);
		cr_assert_eq(r.rtt_us_min > 0, len >= offsetof(struct tcp_info, tcpi_min_rtt) + 4);
		cr_assert_eq(r.delivery_kbps > 0,
		    len >= offsetof(struct tcp_info, tcpi_delivery_rate) + 8);
		cr_assert_eq(r.busy_us >= 0,
		    len >= offsetof(struct tcp_info, tcpi_sndbuf_limited) + 8);
		cr_assert_eq(r.segments_delivered != 0,
		    len >= offsetof(struct tcp_info, tcpi_delivered) + 4);
	}
}

Test(sockdiag, refuses_messages_that_are_cut_short)
{
	struct message whole = message(AF_INET, &known, sizeof(known));

	for (uint32_t len = 0; len < whole.header.nlmsg_len; len++) {
		/* At its true size in memory, so that a sanitizer sees what is read beyond. */
		struct nlmsghdr *cut = malloc(len < sizeof(*cut) ? sizeof(*cut) : len);
		struct passive_reading r;

		memcpy(cut, &whole, len < sizeof(*cut) ? sizeof(*cut) : len);
		cut->nlmsg_len = len < sizeof(*cut) ? (uint32_t)sizeof(*cut) : len;
		cr_assert_eq(sockdiag_parse(cut, &r), -EBADMSG, "%u bytes", len);
		free(cut);
	}
}

Test(sockdiag, does_not_read_beyond_an_attribute_that_lies_about_its_length)
{
	struct message m = message(AF_INET, &known, sizeof(known));
	struct passive_reading r;

	m.attr.nla_len = 60000;
	cr_assert_eq(sockdiag_parse(&m.header, &r), -EBADMSG);
	m.attr.nla_len = 1;
	cr_assert_eq(sockdiag_parse(&m.header, &r), -EBADMSG);
}

Test(sockdiag, does_not_take_a_window_for_a_round_trip)
{
	struct tcp_info t = known;
	struct message m;
	struct passive_reading r;

	t.tcpi_options = 0; /* no timestamps: rcv_rtt is the time that a window took */
	m = message(AF_INET, &t, sizeof(t));
	cr_assert_eq(sockdiag_parse(&m.header, &r), 0);
	cr_assert_eq(r.rcv_rtt_us, -1);
}

Test(sockdiag, knows_nothing_of_a_socket_that_only_connects)
{
	struct message m = message(AF_INET, &known, sizeof(known));
	struct passive_reading r;

	m.diag.idiag_state = 2;
	cr_assert_eq(sockdiag_parse(&m.header, &r), 0);
	cr_assert_eq(r.phase, PASSIVE_CONNECTING);
	cr_assert_eq(r.rtt_us, -1);
	cr_assert_eq(r.since_ack_us, -1);
}

/* --- the real kernel, on loopback --------------------------------------------------------- */

struct pair {
	int client, server;
	uint64_t cookie;
};

static struct pair
connect_pair(int family)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr *at = family == AF_INET ? (void *)&v4 : (void *)&v6;
	socklen_t len = family == AF_INET ? sizeof(v4) : sizeof(v6);
	int listener = socket(family, SOCK_STREAM, 0);
	struct pair p = { -1, -1, 0 };

	if (listener < 0 || bind(listener, at, len) < 0)
		cr_skip_test("this host has no such loopback address");
	cr_assert_eq(listen(listener, 1), 0);
	cr_assert_eq(getsockname(listener, at, &len), 0);
	p.client = socket(family, SOCK_STREAM, 0);
	cr_assert_eq(connect(p.client, at, len), 0);
	p.server = accept(listener, NULL, NULL);
	cr_assert_geq(p.server, 0);
	close(listener);
	len = sizeof(p.cookie);
	cr_assert_eq(getsockopt(p.client, SOL_SOCKET, SO_COOKIE, &p.cookie, &len), 0);
	return p;
}

struct search {
	uint64_t cookie;
	int found, all;
	struct passive_reading reading;
};

static void
on_reading(void *arg, int64_t now_us, const struct passive_reading *r)
{
	struct search *s = arg;

	(void)now_us;
	s->all++;
	if (r->cookie != s->cookie)
		return;
	s->found++;
	s->reading = *r;
}

static struct sockdiag *
opened(void)
{
	struct sockdiag *sd;
	int error = sockdiag_open(&sd);

	if (error < 0)
		cr_skip_test("no netlink here: %s", strerror(-error));
	return sd;
}

/* A whole dump; how many slices it took. */
static int
dump(struct sockdiag *sd, struct search *s)
{
	int slices = 0, r;

	cr_assert_eq(sockdiag_begin(sd), 0);
	cr_assert_eq(sockdiag_begin(sd), -EBUSY);
	do {
		struct pollfd p = { .fd = sockdiag_dump_fd(sd), .events = POLLIN };

		cr_assert_eq(poll(&p, 1, 5000), 1);
		r = sockdiag_slice(sd, 0, on_reading, s);
		cr_assert_geq(r, 0, "%s", strerror(-r));
		slices++;
	} while (r == SOCKDIAG_MORE);
	return slices;
}

static void
finds_a_socket(int family)
{
	struct pair p = connect_pair(family);
	struct sockdiag *sd = opened();
	struct search s = { .cookie = p.cookie };
	char bytes[1000] = "";

	cr_assert_eq(write(p.server, bytes, sizeof(bytes)), 1000);
	cr_assert_eq(recv(p.client, bytes, sizeof(bytes), MSG_WAITALL), 1000);
	dump(sd, &s);
	cr_assert_eq(s.found, 1);
	cr_assert_eq(s.reading.bytes_in, 1000);
	cr_assert_eq(s.reading.phase, PASSIVE_OPEN);
	cr_assert_gt(sockdiag_counters(sd).cost_us, 0);
	sockdiag_close(sd);
	close(p.client);
	close(p.server);
}

Test(sockdiag, finds_an_ipv4_socket_by_its_cookie)
{
	finds_a_socket(AF_INET);
}

Test(sockdiag, finds_an_ipv6_socket_in_the_same_look)
{
	finds_a_socket(AF_INET6);
}

Test(sockdiag, is_told_of_a_socket_that_goes_with_its_last_bytes)
{
	struct sockdiag *sd = opened();
	struct pair p = connect_pair(AF_INET);
	struct search s = { .cookie = p.cookie };
	struct pollfd gone = { .fd = sockdiag_gone_fd(sd), .events = POLLIN };
	char bytes[1234] = "";

	if (gone.fd < 0)
		cr_skip_test("this kernel does not tell");
	cr_assert_eq(write(p.server, bytes, sizeof(bytes)), 1234);
	close(p.server);
	cr_assert_eq(recv(p.client, bytes, sizeof(bytes), MSG_WAITALL), 1234);
	cr_assert_eq(recv(p.client, bytes, sizeof(bytes), 0), 0);
	close(p.client);
	while (s.found == 0) {
		cr_assert_eq(poll(&gone, 1, 5000), 1);
		sockdiag_drain(sd, 0, on_reading, &s);
	}
	/* The end itself counts as a byte. */
	cr_assert(s.reading.bytes_in == 1234 || s.reading.bytes_in == 1235);
	cr_assert_eq(s.reading.phase, PASSIVE_CLOSED);
	sockdiag_close(sd);
}

Test(sockdiag, takes_a_large_table_in_slices)
{
	enum { PAIRS = 400 };
	struct sockdiag *sd = opened();
	static struct pair p[PAIRS];
	struct search s = { 0 };

	for (int i = 0; i < PAIRS; i++)
		p[i] = connect_pair(AF_INET);
	for (int i = 0; i < 20; i++) {
		s.all = 0;
		dump(sd, &s);
		cr_assert_geq(s.all, 2 * PAIRS);
	}
	cr_assert_eq(sockdiag_counters(sd).dumps, 20);
	cr_assert_eq(sockdiag_counters(sd).malformed, 0);
	for (int i = 0; i < PAIRS; i++) {
		close(p[i].client);
		close(p[i].server);
	}
	sockdiag_close(sd);
}

Test(sockdiag, begins_anew_after_a_dump_was_given_up)
{
	struct sockdiag *sd = opened();
	struct pair p = connect_pair(AF_INET);
	struct search s = { .cookie = p.cookie };

	cr_assert_eq(sockdiag_begin(sd), 0);
	sockdiag_reset(sd);
	cr_assert_eq(sockdiag_dump_fd(sd), -1);
	dump(sd, &s);
	cr_assert_eq(s.found, 1);
	cr_assert_eq(sockdiag_counters(sd).failed, 1);
	sockdiag_close(sd);
	close(p.client);
	close(p.server);
}

Test(sockdiag, counts_what_it_could_not_take_when_too_many_go_at_once)
{
	enum { PAIRS = 600 };
	struct sockdiag *sd = opened();
	static struct pair p[PAIRS];
	struct search s = { 0 };

	if (sockdiag_gone_fd(sd) < 0)
		cr_skip_test("this kernel does not tell");
	for (int i = 0; i < PAIRS; i++)
		p[i] = connect_pair(AF_INET);
	for (int i = 0; i < PAIRS; i++) {
		struct linger reset = { .l_onoff = 1 };

		setsockopt(p[i].client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(p[i].client);
		close(p[i].server);
	}
	sockdiag_drain(sd, 0, on_reading, &s);
	cr_assert_gt(s.all, 0);
	cr_assert_gt(sockdiag_counters(sd).lost, 0);
	/* And it goes on listening. The kernel tells of the many in its own time, and word of
	 * one that goes meanwhile may be lost with theirs: then there is another one. */
	s = (struct search){ 0 };
	while (s.found == 0) {
		struct pollfd gone = { .fd = sockdiag_gone_fd(sd), .events = POLLIN };

		if (poll(&gone, 1, 100) == 0) {
			p[0] = connect_pair(AF_INET);
			s.cookie = p[0].cookie;
			close(p[0].client);
			close(p[0].server);
		}
		sockdiag_drain(sd, 0, on_reading, &s);
	}
	sockdiag_close(sd);
}
