/* SPDX-License-Identifier: ISC */
/* TCP_INFO in our words. */
#include "daemon/probe_tcp.h"

#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#define STATE_ESTABLISHED 1 /* TCP_ESTABLISHED of the kernel's list */
#define RTT_NONE UINT32_MAX /* tcpi_min_rtt before the first sample */

int
probe_tcp_read(int fd, struct probe_tcp *out)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
		return -errno;
	*out = (struct probe_tcp){
		.established = info.tcpi_state == STATE_ESTABLISHED,
		.rtt_us = info.tcpi_rtt > 0 ? (int64_t)info.tcpi_rtt : -1,
		.rtt_us_min = -1,
		.last_ack_us = (int64_t)info.tcpi_last_ack_recv * 1000,
		.unanswered = info.tcpi_probes,
		.segments_out = -1,
		.retransmits = info.tcpi_total_retrans,
	};
	/* An older kernel writes less of it. */
	if (len > offsetof(struct tcp_info, tcpi_data_segs_out)) {
		out->segments_out = info.tcpi_data_segs_out;
		if (info.tcpi_min_rtt > 0 && info.tcpi_min_rtt != RTT_NONE)
			out->rtt_us_min = info.tcpi_min_rtt;
	}
	return 0;
}

int
probe_tcp_wire(int fd, bool v6, struct probe_wire *out)
{
	const int64_t head = PROBE_SEGMENT_BYTES(v6);
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
		return -errno;
	if (len < offsetof(struct tcp_info, tcpi_bytes_sent) + sizeof(info.tcpi_bytes_sent))
		return -ENOSYS;
	/* bytes_sent counts what was sent anew each time. */
	out->down_bytes = (int64_t)info.tcpi_bytes_received + head * info.tcpi_segs_in;
	out->up_bytes = (int64_t)info.tcpi_bytes_sent + head * info.tcpi_segs_out;
	return 0;
}

void
probe_tcp_clamp(int fd, int64_t bytes)
{
	int clamp = bytes < INT32_MAX ? (int)bytes : INT32_MAX;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, &clamp, sizeof(clamp));
}

void
probe_tcp_beat(int fd, bool on, int64_t after_us)
{
	int yes = on, idle_s = (int)(after_us / 1000000), each_s = 1;

	if (on) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
		(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &each_s, sizeof(each_s));
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
	/* Once more: only now does the kernel count from the last sign of life, and not from here. */
	if (on)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
}

int64_t
probe_tcp_unacknowledged(int fd)
{
	int queued = 0;

	return ioctl(fd, SIOCOUTQ, &queued) == 0 ? queued : 0;
}

int64_t
probe_tcp_sample(const struct probe_tcp *before, const struct probe_tcp *after)
{
	int64_t sample_us = 8 * after->rtt_us - 7 * before->rtt_us;

	if (before->rtt_us < 0 || after->rtt_us < 0 || before->segments_out < 0 ||
	    after->segments_out != before->segments_out + 1 ||
	    after->retransmits != before->retransmits)
		return -1;
	/* Both are cut to whole microseconds, which counts eightfold. */
	return sample_us > 8 && sample_us >= after->rtt_us_min - 8 ? sample_us : -1;
}

bool
probe_tcp_loopback(const struct sockaddr *address)
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;

	if (address->sa_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	if (address->sa_family != AF_INET6)
		return false;
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ||
	    (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) && v6->sin6_addr.s6_addr[12] == 127);
}
