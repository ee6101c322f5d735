/* SPDX-License-Identifier: ISC */
/* One way of a link, in virtual time. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>

#include "daemon/lab/hop.h"

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)

static struct hop h;
static const unsigned char bytes[HOP_PACKET_MAX];

static void
link_of(int64_t kbps, int64_t delay_ms, int64_t queue_ms)
{
	struct hop_params p = {
		.kbps = kbps, .delay_ns = delay_ms * MS, .queue_ns = queue_ms * MS
	};

	cr_assert(zero(int, hop_init(&h, 7, 0)));
	hop_set(&h, 0, &p);
}

static void
change_to(int64_t at_ns, int64_t kbps)
{
	struct hop_params p = h.set;

	p.kbps = kbps;
	hop_set(&h, at_ns, &p);
}

static bool
offer(int64_t at_ns)
{
	return hop_offer(&h, at_ns, bytes, sizeof bytes, 0);
}

static void
done(void)
{
	hop_finish(&h);
}

TestSuite(hop, .fini = done, .timeout = 10);

Test(hop, sends_at_its_capacity_and_delivers_after_its_delay)
{
	link_of(1000, 20, 250);
	offer(0);
	offer(0);
	cr_assert(eq(i64, hop_next_ns(&h), 32 * MS));
	cr_assert(zero(ptr, (void *)(uintptr_t)hop_take(&h, 32 * MS - 1)));
	cr_assert(not(zero(ptr, (void *)(uintptr_t)hop_take(&h, 32 * MS))));
	cr_assert(eq(i64, hop_next_ns(&h), 44 * MS));
}

Test(hop, loses_no_capacity_when_it_is_looked_at_late)
{
	link_of(1000, 20, 250);
	offer(0);
	offer(0);
	cr_assert(eq(i64, hop_take(&h, 90 * MS)->due_ns, 32 * MS));
	cr_assert(eq(i64, hop_take(&h, 90 * MS)->due_ns, 44 * MS));
	cr_assert(zero(ptr, (void *)(uintptr_t)hop_take(&h, 90 * MS)));
}

Test(hop, keeps_its_rate_over_a_second_to_the_packet)
{
	int64_t taken = 0;

	link_of(100000, 0, 50);
	for (int64_t t = 0; t < SECOND; t += MS) {
		while (offer(t))
			;
		while (hop_take(&h, t) != NULL)
			taken++;
	}
	/* 100 Mbit/s of 12000 bits each; the last millisecond is not looked at. */
	cr_assert(ge(i64, taken, 8324));
	cr_assert(le(i64, taken, 8333));
	cr_assert(ge(i64, h.count.capacity_bytes, 12487499));
	cr_assert(le(i64, h.count.capacity_bytes, 12500000));
}

Test(hop, counts_its_capacity_to_the_byte_however_often_it_is_looked_at)
{
	link_of(100, 0, 250); /* 12.5 bytes a millisecond */
	for (int64_t t = 0; t <= SECOND; t += MS / 3)
		hop_run(&h, t);
	hop_run(&h, SECOND);
	cr_assert(eq(i64, h.count.capacity_bytes, 12500));
}

Test(hop, drops_what_its_queue_does_not_hold)
{
	int n = 0;

	link_of(1200, 0, 100); /* 15000 bytes: ten packets */
	while (offer(0))
		n++;
	cr_assert(eq(int, n, 10));
	cr_assert(eq(i64, h.count.dropped, 1));
}

Test(hop, holds_two_packets_however_short_its_queue_is)
{
	link_of(10, 0, 1);
	cr_assert(offer(0));
	cr_assert(offer(0));
	cr_assert(not(offer(0)));
}

Test(hop, passes_nothing_while_it_has_no_capacity_and_all_of_it_after)
{
	link_of(1200, 10, 100);
	change_to(0, 0);
	for (int i = 0; i < 10; i++)
		cr_assert(offer(i * SECOND));
	cr_assert(not(offer(10 * SECOND)), "the queue is as long as before the outage");
	cr_assert(eq(i64, hop_next_ns(&h), HOP_NEVER));
	cr_assert(eq(i64, hop_wait_ns(&h), 10 * SECOND));
	change_to(20 * SECOND, 1200);
	for (int i = 1; i <= 10; i++)
		cr_assert(eq(i64, hop_take(&h, 30 * SECOND)->due_ns,
		    20 * SECOND + i * 10 * MS + 10 * MS));
	cr_assert(eq(i64, h.count.lost, 0));
}

Test(hop, goes_on_with_half_a_packet_when_the_capacity_changes)
{
	link_of(1000, 0, 250);
	offer(0);
	change_to(6 * MS, 500);
	cr_assert(eq(i64, hop_next_ns(&h), 18 * MS));
}

Test(hop, never_reorders_under_jitter)
{
	struct hop_params p = {
		.kbps = 100000, .delay_ns = 10 * MS, .jitter_ns = 50 * MS, .queue_ns = SECOND
	};
	int64_t before = 0;

	cr_assert(zero(int, hop_init(&h, 7, 0)));
	hop_set(&h, 0, &p);
	for (uint32_t i = 0; i < 1000; i++)
		cr_assert(hop_offer(&h, i * MS, bytes, 100, i));
	for (uint32_t i = 0; i < 1000; i++) {
		const struct hop_packet *k = hop_take(&h, 5 * SECOND);

		cr_assert(eq(u32, k->tag, i));
		cr_assert(ge(i64, k->due_ns, before));
		cr_assert(lt(i64, k->due_ns - k->in_ns, 61 * MS));
		before = k->due_ns;
	}
}

Test(hop, loses_the_share_it_is_told_after_the_bottleneck)
{
	struct hop_params p = { .kbps = 1000000, .loss_ppm = 100000, .queue_ns = SECOND };
	int64_t taken = 0;

	cr_assert(zero(int, hop_init(&h, 7, 0)));
	hop_set(&h, 0, &p);
	for (int64_t i = 0; i < 10000; i++) {
		cr_assert(offer(i * MS));
		taken += hop_take(&h, i * MS + MS / 2) != NULL;
	}
	cr_assert(ge(i64, taken, 8900));
	cr_assert(le(i64, taken, 9100));
	cr_assert(eq(i64, h.count.lost, 10000 - taken));
	cr_assert(eq(i64, h.count.passed_bytes, 15000000));
}

Test(hop, takes_no_more_than_it_has_places_for)
{
	int n = 0;

	link_of(10000000, 1000, 60000);
	while (offer(0))
		n++;
	cr_assert(eq(int, n, HOP_SLOTS - 1));
	for (int i = 0; i < n; i++)
		cr_assert(not(zero(ptr, (void *)(uintptr_t)hop_take(&h, 2 * SECOND))));
	cr_assert(offer(2 * SECOND));
}

Test(hop, asserts_that_time_does_not_go_back, .signal = SIGABRT)
{
	link_of(1000, 0, 250);
	hop_run(&h, SECOND);
	hop_run(&h, SECOND - 1);
}
