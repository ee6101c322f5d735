/* SPDX-License-Identifier: ISC */
/* A host with sockets that the tests of passive.[ch] move by hand. */
#ifndef LINKQ_TESTS_DAEMON_PASSIVE_HOST_H
#define LINKQ_TESTS_DAEMON_PASSIVE_HOST_H

#include "daemon/passive.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#define MS INT64_C(1000)
#define SECOND INT64_C(1000000)
#define STEP (250 * MS)
#define MSS 1448
#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* A host with one link at 192.0.2.7/24 (a LAN) and 2001:db8::7/64; time moves by +=. */
struct host {
	struct passive *p;
	int64_t now_us;
	struct passive_report report[PASSIVE_LINKS_MAX];
};

static inline void
address(uint8_t out[16], const char *text)
{
	memset(out, 0, 16);
	if (strchr(text, ':')) {
		cr_assert(inet_pton(AF_INET6, text, out) == 1);
		return;
	}
	memset(out + 10, 0xff, 2);
	cr_assert(inet_pton(AF_INET, text, out + 12) == 1);
}

static inline uint32_t
place(void *arg, const uint8_t a[16])
{
	uint32_t h = 1;

	(void)arg;
	for (int i = 0; i < 16; i++)
		h = h * 31 + a[i];
	return h;
}

static inline void
host_addresses(struct host *h)
{
	struct passive_address list[3] = {
		{.link = 0, .interface = 2, .prefix = 96 + 24},
		{.link = 0, .interface = 2, .prefix = 64},
		{.link = 1, .interface = 3, .prefix = 128},
	};

	address(list[0].address, "192.0.2.7");
	address(list[1].address, "2001:db8::7");
	address(list[2].address, "198.51.100.9");
	passive_addresses(h->p, list, LEN(list));
}

static inline struct host
host_start(void)
{
	struct host h = {.now_us = 1000 * SECOND};

	cr_assert(passive_create(place, NULL, &h.p) == 0);
	host_addresses(&h);
	return h;
}

static inline struct passive_reading
socket_to(uint64_t cookie, const char *to)
{
	struct passive_reading r = {
		.cookie = cookie, .phase = PASSIVE_OPEN,
		.rtt_us = 45 * MS, .rttvar_us = 2 * MS, .rtt_us_min = 44 * MS, .rcv_rtt_us = 46 * MS,
		.since_sent_us = 60 * SECOND, .since_data_us = 60 * SECOND,
		.since_ack_us = 60 * SECOND, .segment_bytes = MSS, .delivery_kbps = -1,
	};

	address(r.from, strchr(to, ':') ? "2001:db8::7" : "192.0.2.7");
	address(r.to, to);
	return r;
}

/* One dump of these sockets, a step after the last. Those that stay as they are grow older. */
static inline const struct passive_report *
dump(struct host *h, struct passive_reading *r, size_t n)
{
	h->now_us += STEP;
	passive_begin(h->p, h->now_us);
	for (size_t i = 0; i < n; i++) {
		passive_take(h->p, h->now_us, &r[i]);
		if (r[i].since_data_us >= 0)
			r[i].since_data_us += STEP;
		r[i].since_ack_us += STEP;
		r[i].since_sent_us += STEP;
	}
	passive_end(h->p, h->now_us, true, h->report);
	return &h->report[0];
}

static inline void
receives(struct passive_reading *r, int64_t bytes)
{
	r->bytes_in += (uint64_t)bytes;
	r->segments_in += (uint32_t)(bytes / MSS);
	r->since_data_us = r->since_ack_us = 2 * MS;
}

/* Data of ours goes out, so long before the next dump, and nobody has acknowledged it. */
static inline void
sends(struct passive_reading *r, int64_t ago_us)
{
	r->unacked = 1;
	r->since_sent_us = ago_us;
}

/* A download at this rate, for so many dumps; the last report. */
static inline const struct passive_report *
download(struct host *h, struct passive_reading *r, int64_t kbps, int dumps)
{
	const struct passive_report *report = NULL;

	for (int i = 0; i < dumps; i++) {
		receives(r, kbps * STEP / 8000);
		report = dump(h, r, 1);
	}
	return report;
}

#endif
