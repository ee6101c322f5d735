/* SPDX-License-Identifier: ISC */
/*
 * One way of a link, computed in virtual time; no I/O and no clock.
 *
 *	packet -> drop-tail queue -> capacity -> random loss -> delay (+ jitter) -> out
 *
 * A packet leaves the bottleneck at the instant at which its last bit would, whenever the
 * caller happens to look: a late wake-up delays what is handed over, never what the link
 * carried. Example: at 1000 kbit/s a packet of 1500 bytes takes 12 ms. Two that arrive at
 * 0 ms with a delay of 20 ms are due at 32 and 44 ms, also if the first call after 0 comes
 * at 40 ms.
 *
 * Packets are never reordered, so one ring holds them all: first those in flight, behind
 * them those that wait for capacity.
 */
#ifndef LINKQ_LAB_HOP_H
#define LINKQ_LAB_HOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOP_PACKET_MAX 1500
#define HOP_SLOTS 8192 /* about a second at 100 Mbit/s, queue and flight together */
#define HOP_NEVER INT64_MAX

struct hop_params {
	int64_t kbps; /* 0: nothing passes */
	int64_t delay_ns, jitter_ns;
	int64_t loss_ppm;
	int64_t queue_ns; /* of the last capacity above 0; never less than two packets */
};

struct hop_packet {
	int64_t in_ns, due_ns;
	uint32_t tag; /* the caller's own */
	uint16_t len;
	bool lost;
	unsigned char bytes[HOP_PACKET_MAX];
};

struct hop_count {
	int64_t passed_bytes;  /* through the bottleneck */
	int64_t capacity_bytes; /* what could have passed */
	int64_t dropped, lost; /* packets: at a full queue, at random */
};

struct hop {
	struct hop_packet *ring;
	uint64_t in, passed, out; /* how many came, left the bottleneck, were handed over */
	int64_t at_ns;            /* computed up to here */
	int64_t left;             /* of the packet at the bottleneck: bits * 10^6 */
	int64_t spare;            /* fraction of capacity_bytes: bits * 10^6 */
	int64_t waiting_bytes;
	int64_t sizing_kbps; /* the last capacity above 0 */
	int64_t last_due_ns;
	uint64_t random;
	struct hop_params set;
	struct hop_count count;
};

/* 0 or -ENOMEM. The same seed gives the same losses and jitter. */
int hop_init(struct hop *h, uint64_t seed, int64_t now_ns);
void hop_finish(struct hop *h);

/* From now_ns on the link is like this. Time never goes back, here and below. */
void hop_set(struct hop *h, int64_t now_ns, const struct hop_params *p);

/* A packet arrives. False: the queue was full, it is dropped. len <= HOP_PACKET_MAX. */
bool hop_offer(struct hop *h, int64_t now_ns, const void *bytes, size_t len, uint32_t tag);
/* Whether a packet of this size would be taken now. */
bool hop_has_room(const struct hop *h, size_t len);

/* The next packet that is due, or NULL; it stays valid until the next offer. */
const struct hop_packet *hop_take(struct hop *h, int64_t now_ns);
/* When hop_take has something if nothing changes; HOP_NEVER. */
int64_t hop_next_ns(const struct hop *h);

void hop_run(struct hop *h, int64_t now_ns); /* compute up to now_ns */
int64_t hop_wait_ns(const struct hop *h);    /* how long the oldest has waited; 0: none */

#endif
