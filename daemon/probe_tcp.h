/* SPDX-License-Identifier: ISC */
/* What the kernel knows of one TCP connection of ours (TCP_INFO), in our words. */
#ifndef LINKQ_DAEMON_PROBE_TCP_H
#define LINKQ_DAEMON_PROBE_TCP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct probe_tcp {
	bool established;
	int64_t rtt_us;          /* smoothed (RFC 6298); -1: none was measured */
	int64_t rtt_us_min;      /* of the last minutes; -1 */
	int64_t last_ack_us;     /* since the other end last acknowledged anything */
	int64_t unanswered;      /* keep-alives or window probes in a row without an answer */
	int64_t segments_out;    /* with data in them */
	int64_t retransmits;
};

/*
 * What this connection has cost on the wire so far, both ways: every segment with its
 * headers (Ethernet's, IP's, TCP's with timestamps), what was sent anew included. 0 or a
 * negative errno; -ENOSYS: the kernel is too old to count.
 */
struct probe_wire {
	int64_t down_bytes, up_bytes;
};
#define PROBE_SEGMENT_BYTES(v6) (14 + ((v6) ? 40 : 20) + 32) /* without data */
int probe_tcp_wire(int fd, bool v6, struct probe_wire *out);

/* Take at most so much at once: more than that is never on its way to us. */
void probe_tcp_clamp(int fd, int64_t bytes);

/* Ask the other end for a sign of life when it was silent for so long, then each second. */
void probe_tcp_beat(int fd, bool on, int64_t after_us);

/* 0 or a negative errno. */
int probe_tcp_read(int fd, struct probe_tcp *out);

/* Bytes that were written and are not acknowledged yet; 0 where it cannot be told. */
int64_t probe_tcp_unacknowledged(int fd);

/*
 * The one round trip that was timed between two looks at a connection, -1 where it was not
 * exactly one. The kernel shows only the smoothed value S = S + (R - S)/8, so that the
 * sample between is R = 8 S' - 7 S: from 40,000 us to 41,000 us it was 48,000 us.
 */
int64_t probe_tcp_sample(const struct probe_tcp *before, const struct probe_tcp *after);

/* 127.0.0.0/8, ::1, and IPv4 loopback in IPv6 clothes. */
bool probe_tcp_loopback(const struct sockaddr *address);

#endif
