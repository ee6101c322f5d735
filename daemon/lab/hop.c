/* SPDX-License-Identifier: ISC */
/* One way of a link, computed in virtual time. */
#include "daemon/lab/hop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* kbit/s times nanoseconds is bits times 10^6: the unit in which capacity is counted. */
#define WORK_PER_BYTE INT64_C(8000000)

/* Two packets always fit: a queue that holds less than what it serves would stop a link. */
#define QUEUE_BYTES_MIN (2 * HOP_PACKET_MAX)

static struct hop_packet *
slot(const struct hop *h, uint64_t i)
{
	return &h->ring[i % HOP_SLOTS];
}

/* splitmix64 (Steele, Lea, Flood 2014): uniform in 0 .. n-1 */
static int64_t
random_below(struct hop *h, int64_t n)
{
	uint64_t z = h->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return (int64_t)(z % (uint64_t)n);
}

int
hop_init(struct hop *h, uint64_t seed, int64_t now_ns)
{
	memset(h, 0, sizeof *h);
	h->ring = calloc(HOP_SLOTS, sizeof *h->ring);
	if (h->ring == NULL)
		return -ENOMEM;
	h->random = seed;
	h->at_ns = now_ns;
	return 0;
}

void
hop_finish(struct hop *h)
{
	free(h->ring);
	h->ring = NULL;
}

static int64_t
ceil_div(int64_t a, int64_t b)
{
	return (a + b - 1) / b;
}

/* The packet at the bottleneck is through at h->at_ns. */
static void
pass(struct hop *h)
{
	struct hop_packet *p = slot(h, h->passed);

	h->passed++;
	h->waiting_bytes -= p->len;
	h->count.passed_bytes += p->len;
	p->lost = h->set.loss_ppm > 0 && random_below(h, 1000000) < h->set.loss_ppm;
	h->count.lost += p->lost;
	p->due_ns = h->at_ns + h->set.delay_ns;
	if (h->set.jitter_ns > 0)
		p->due_ns += random_below(h, h->set.jitter_ns);
	if (p->due_ns < h->last_due_ns)
		p->due_ns = h->last_due_ns;
	h->last_due_ns = p->due_ns;
	if (h->passed < h->in)
		h->left = slot(h, h->passed)->len * WORK_PER_BYTE;
}

void
hop_run(struct hop *h, int64_t now_ns)
{
	int64_t kbps = h->set.kbps;

	assert(now_ns >= h->at_ns);
	h->spare += kbps * (now_ns - h->at_ns);
	h->count.capacity_bytes += h->spare / WORK_PER_BYTE;
	h->spare %= WORK_PER_BYTE;
	while (kbps > 0 && h->passed < h->in) {
		int64_t need_ns = ceil_div(h->left, kbps);

		if (need_ns > now_ns - h->at_ns) {
			h->left -= kbps * (now_ns - h->at_ns);
			break;
		}
		h->at_ns += need_ns;
		pass(h);
	}
	h->at_ns = now_ns;
}

void
hop_set(struct hop *h, int64_t now_ns, const struct hop_params *p)
{
	hop_run(h, now_ns);
	h->set = *p;
	if (p->kbps > 0)
		h->sizing_kbps = p->kbps;
}

bool
hop_has_room(const struct hop *h, size_t len)
{
	int64_t most = h->set.queue_ns / 1000 * h->sizing_kbps / 8000;

	if (most < QUEUE_BYTES_MIN)
		most = QUEUE_BYTES_MIN;
	return h->in - h->out < HOP_SLOTS - 1 && h->waiting_bytes + (int64_t)len <= most;
}

bool
hop_offer(struct hop *h, int64_t now_ns, const void *bytes, size_t len, uint32_t tag)
{
	struct hop_packet *p;

	assert(len <= HOP_PACKET_MAX);
	hop_run(h, now_ns);
	if (!hop_has_room(h, len)) {
		h->count.dropped++;
		return false;
	}
	p = slot(h, h->in);
	p->in_ns = now_ns;
	p->tag = tag;
	p->len = (uint16_t)len;
	if (len > 0)
		memcpy(p->bytes, bytes, len);
	if (h->passed == h->in)
		h->left = (int64_t)len * WORK_PER_BYTE;
	h->in++;
	h->waiting_bytes += (int64_t)len;
	return true;
}

const struct hop_packet *
hop_take(struct hop *h, int64_t now_ns)
{
	hop_run(h, now_ns);
	while (h->out < h->passed && slot(h, h->out)->due_ns <= now_ns) {
		const struct hop_packet *p = slot(h, h->out);

		h->out++;
		if (!p->lost)
			return p;
	}
	return NULL;
}

int64_t
hop_next_ns(const struct hop *h)
{
	if (h->out < h->passed)
		return slot(h, h->out)->due_ns;
	if (h->passed < h->in && h->set.kbps > 0)
		return h->at_ns + ceil_div(h->left, h->set.kbps) + h->set.delay_ns;
	return HOP_NEVER;
}

int64_t
hop_wait_ns(const struct hop *h)
{
	return h->passed < h->in ? h->at_ns - slot(h, h->passed)->in_ns : 0;
}
