/* SPDX-License-Identifier: ISC */
/* IP packets between two TUN devices, as the wire says. */
#include "config.h"

#include "daemon/lab/pump.h"

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

/* Packets taken from one device before the other has its turn. */
#define BATCH 64

#define SECOND_NS INT64_C(1000000000)

int64_t
pump_clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND_NS + t.tv_nsec;
}

int64_t
pump_sleep(struct wire *w, struct pollfd *p, size_t len, int64_t most_ns)
{
	int64_t now_ns = pump_clock_ns(), wait_ns = wire_next_ns(w) - now_ns;
	struct timespec t;

	if (wait_ns > most_ns)
		wait_ns = most_ns;
	if (wait_ns < 0)
		wait_ns = 0;
	t.tv_sec = wait_ns / SECOND_NS;
	t.tv_nsec = wait_ns % SECOND_NS;
	if (ppoll(p, len, &t, NULL) < 0)
		for (size_t i = 0; i < len; i++)
			p[i].revents = 0;
	now_ns = pump_clock_ns();
	wire_run(w, now_ns);
	return now_ns;
}

static int
take_in(struct hop *h, int fd, int64_t now_ns)
{
	unsigned char packet[HOP_PACKET_MAX];

	for (int i = 0; i < BATCH; i++) {
		ssize_t n = read(fd, packet, sizeof packet);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		/* IPv4 alone: what the kernel says of IPv6 on its own is not part of a lab. */
		if (n > 0 && packet[0] >> 4 == 4)
			(void)hop_offer(h, now_ns, packet, (size_t)n, 0);
	}
	return 0;
}

static void
hand_over(struct wire *w, struct hop *h, int fd, int64_t now_ns)
{
	const struct hop_packet *p;

	while ((p = hop_take(h, now_ns)) != NULL) {
		/* A device whose queue is full drops, as a real one does. */
		(void)!write(fd, p->bytes, p->len);
		wire_delivered(w, p, now_ns);
	}
}

int
pump_packets(struct wire *w, int client_fd, int server_fd, const int control[2])
{
	struct pollfd p[] = {
		{ .fd = client_fd, .events = POLLIN },
		{ .fd = server_fd, .events = POLLIN },
		{ .fd = control[0], .events = POLLIN },
		{ .fd = control[1], .events = POLLIN },
	};

	for (;;) {
		int64_t now_ns = pump_sleep(w, p, sizeof p / sizeof *p, SECOND_NS);
		int err = 0;

		if (p[0].revents != 0)
			err = take_in(&w->up, client_fd, now_ns);
		if (err == 0 && p[1].revents != 0)
			err = take_in(&w->down, server_fd, now_ns);
		if (err != 0)
			return err;
		for (int i = 0; i < 2; i++)
			if (p[2 + i].revents != 0)
				wire_listen(w, control[i], now_ns);
		hand_over(w, &w->down, client_fd, now_ns);
		hand_over(w, &w->up, server_fd, now_ns);
	}
}
