/* SPDX-License-Identifier: ISC */
/* Which sockets count, and what their differences are. */
#include "tests/daemon/passive_host.h"

#include <signal.h>

TestSuite(passive, .timeout = 10);

Test(passive, takes_the_first_sight_of_a_socket_as_its_baseline)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	r.bytes_in = 50000000;
	dump(&h, &r, 1);
	cr_assert(h.report[0].sockets == 1);
	cr_assert(h.report[0].in.bytes == 0);
	receives(&r, 100000);
	cr_assert(dump(&h, &r, 1)->in.bytes == 100000);
	cr_assert(h.report[0].in.kbps == 3200);
	cr_assert(dump(&h, &r, 1)->in.bytes == 0, "nothing came since");
	cr_assert(h.report[0].in.kbps == -1);
	passive_destroy(h.p);
}

Test(passive, counts_all_bytes_of_a_socket_born_between_two_dumps)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	dump(&h, NULL, 0);
	receives(&r, 70000);
	cr_assert(dump(&h, &r, 1)->in.bytes == 70000);
	passive_destroy(h.p);
}

Test(passive, counts_a_socket_that_lived_and_died_between_two_dumps)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	dump(&h, NULL, 0);
	receives(&r, 30000);
	r.bytes_acked = 500;
	passive_gone(h.p, h.now_us + STEP / 2, &r);
	cr_assert(dump(&h, NULL, 0)->in.bytes == 30000);
	cr_assert(h.report[0].out.bytes == 500);
	cr_assert(h.report[0].heard);
	cr_assert(passive_counters(h.p).gone_unseen == 1);
	cr_assert(dump(&h, NULL, 0)->in.bytes == 0, "once");
	passive_destroy(h.p);
}

Test(passive, does_not_take_an_old_socket_for_a_new_one_before_its_first_dump)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	r.bytes_in = 1000000;
	passive_gone(h.p, h.now_us, &r);
	cr_assert(dump(&h, NULL, 0)->in.bytes == 0);
	passive_destroy(h.p);
}

Test(passive, adds_the_last_bytes_of_a_socket_when_its_end_is_told)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	dump(&h, &r, 1);
	receives(&r, 10000);
	dump(&h, &r, 1);
	receives(&r, 4000);
	cr_assert(dump(&h, NULL, 0)->in.bytes == 0, "not seen, and its end is not told yet");
	passive_gone(h.p, h.now_us, &r);
	cr_assert(dump(&h, NULL, 0)->in.bytes == 4000);
	passive_destroy(h.p);
}

Test(passive, keeps_bytes_of_a_socket_that_ends_while_a_dump_is_underway)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	dump(&h, &r, 1);
	receives(&r, 10000);
	h.now_us += STEP;
	passive_begin(h.p, h.now_us);
	passive_take(h.p, h.now_us, &r);
	receives(&r, 500);
	passive_gone(h.p, h.now_us, &r);
	passive_end(h.p, h.now_us, true, h.report);
	cr_assert(h.report[0].in.bytes == 10500);
	passive_destroy(h.p);
}

Test(passive, takes_a_socket_once_that_a_dump_shows_twice)
{
	struct host h = host_start();
	struct passive_reading r[2] = {
	    socket_to(1, "203.0.113.1"), socket_to(1, "203.0.113.1")};

	dump(&h, r, 1);
	receives(&r[0], 10000);
	receives(&r[1], 10000);
	cr_assert(dump(&h, r, 2)->in.bytes == 10000);
	cr_assert(h.report[0].sockets == 1);
	passive_destroy(h.p);
}

Test(passive, begins_anew_where_counters_run_backwards)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	r.bytes_in = 1000000;
	dump(&h, &r, 1);
	r.bytes_in = 5000;
	cr_assert(dump(&h, &r, 1)->in.bytes == 0);
	receives(&r, 6000);
	cr_assert(dump(&h, &r, 1)->in.bytes == 6000);
	passive_destroy(h.p);
}

Test(passive, leaves_out_what_does_not_go_over_a_link)
{
	static const struct {
		const char *from, *to;
		unsigned interface;
		int64_t link0, link1;
	} cases[] = {
		{"192.0.2.7", "203.0.113.1", 0, 1, 0},
		{"2001:db8::7", "2001:db8:1::1", 0, 1, 0},
		{"198.51.100.9", "203.0.113.1", 0, 0, 1},
		{"198.51.100.9", "203.0.113.1", 3, 0, 1},
		{"203.0.113.77", "203.0.113.1", 3, 0, 1}, /* bound to the other interface */
		{"127.0.0.1", "127.0.0.1", 0, 0, 0},
		{"::1", "::1", 0, 0, 0},
		{"192.0.2.7", "192.0.2.200", 0, 0, 0},    /* a neighbour */
		{"192.0.2.7", "192.0.2.7", 0, 0, 0},      /* this host */
		{"192.0.2.7", "198.51.100.9", 0, 0, 0},   /* this host, by its other name */
		{"2001:db8::7", "2001:db8::1", 0, 0, 0},
		{"2001:db8::7", "fe80::1", 0, 0, 0},
		{"203.0.113.77", "203.0.113.1", 0, 0, 0}, /* from an address that is not ours */
	};
	struct host h = host_start();

	for (size_t i = 0; i < LEN(cases); i++) {
		struct passive_reading r = socket_to(100 + i, "203.0.113.1");

		address(r.from, cases[i].from);
		address(r.to, cases[i].to);
		r.interface = cases[i].interface;
		dump(&h, NULL, 0);
		receives(&r, 5000);
		dump(&h, &r, 1);
		cr_assert(h.report[0].in.bytes == 5000 * cases[i].link0 &&
		    h.report[1].in.bytes == 5000 * cases[i].link1, "case %zu", i);
	}
	passive_destroy(h.p);
}

Test(passive, never_takes_the_sockets_of_our_own_probes)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(77, "203.0.113.1");

	dump(&h, &r, 1);
	passive_own(h.p, 77);
	receives(&r, 5000);
	cr_assert(dump(&h, &r, 1)->in.bytes == 0);
	cr_assert(h.report[0].sockets == 0);
	receives(&r, 5000);
	passive_gone(h.p, h.now_us, &r);
	cr_assert(dump(&h, NULL, 0)->in.bytes == 0);
	passive_destroy(h.p);
}

Test(passive, reports_no_rate_of_an_interval_with_a_broken_dump_at_either_end)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	dump(&h, &r, 1);
	for (int whole = 0; whole < 2; whole++) {
		receives(&r, 100000);
		h.now_us += STEP;
		passive_begin(h.p, h.now_us);
		passive_take(h.p, h.now_us, &r);
		passive_end(h.p, h.now_us, whole == 1, h.report);
		cr_assert(h.report[0].in.kbps == -1);
		cr_assert(h.report[0].heard, "but that something came is certain");
	}
	receives(&r, 100000);
	cr_assert(dump(&h, &r, 1)->in.kbps == 3200);
	cr_assert(passive_counters(h.p).broken == 1);
	passive_destroy(h.p);
}

Test(passive, goes_on_after_a_dump_that_was_given_up)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	dump(&h, &r, 1);
	receives(&r, 100000);
	passive_begin(h.p, h.now_us);
	passive_take(h.p, h.now_us, &r);
	passive_abort(h.p);
	receives(&r, 100000);
	cr_assert(dump(&h, &r, 1)->in.kbps == -1);
	receives(&r, 100000);
	cr_assert(dump(&h, &r, 1)->in.kbps == 3200);
	passive_destroy(h.p);
}

Test(passive, takes_nothing_for_new_after_the_addresses_changed)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	passive_addresses(h.p, NULL, 0);
	r.bytes_in = 5000000;
	dump(&h, &r, 1);
	host_addresses(&h);
	cr_assert(dump(&h, &r, 1)->in.bytes == 0, "it was there before we knew its link");
	receives(&r, 5000);
	cr_assert(dump(&h, &r, 1)->in.bytes == 5000);
	passive_destroy(h.p);
}

Test(passive, measures_nothing_over_time_that_nobody_measured)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	dump(&h, &r, 1);
	passive_restart(h.p);
	receives(&r, 5000000);
	cr_assert(dump(&h, &r, 1)->in.bytes == 0);
	cr_assert(h.report[0].interval_us == 0);
	passive_destroy(h.p);
}

Test(passive, tells_one_round_trip_a_place_and_only_fresh_ones)
{
	struct host h = host_start();
	struct passive_reading r[3] = {socket_to(1, "203.0.113.1"),
	    socket_to(2, "203.0.113.1"), socket_to(3, "203.0.113.3")};

	dump(&h, r, 3);
	cr_assert(dump(&h, r, 3)->rtts == 0);
	for (size_t i = 0; i < 2; i++) {
		r[i].bytes_acked += 300;
		r[i].since_ack_us = 10 * MS;
	}
	cr_assert(dump(&h, r, 3)->rtts == 1);
	cr_assert(h.report[0].rtt_us[0] == 45 * MS);
	passive_destroy(h.p);
}

Test(passive, keeps_no_more_than_it_has_room_for)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	for (int n = 0; n < 3; n++) {
		h.now_us += STEP;
		passive_begin(h.p, h.now_us);
		for (uint64_t i = 1; i <= PASSIVE_SOCKETS_MAX + 100; i++) {
			r.cookie = i;
			r.bytes_in += 1000;
			passive_take(h.p, h.now_us, &r);
		}
		passive_end(h.p, h.now_us, true, h.report);
		cr_assert(h.report[0].sockets == PASSIVE_SOCKETS_MAX);
	}
	cr_assert(passive_counters(h.p).full == 300);
	/* When there is room again, those left out are not taken for newly born. */
	h.now_us += STEP;
	passive_begin(h.p, h.now_us);
	passive_end(h.p, h.now_us, true, h.report);
	dump(&h, NULL, 0);
	passive_destroy(h.p);
}

Test(passive, counts_retransmissions)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	dump(&h, &r, 1);
	r.segments_out += 100;
	r.segments_retransmitted += 7;
	cr_assert(dump(&h, &r, 1)->segments_out == 100);
	cr_assert(h.report[0].segments_retransmitted == 7);
	passive_destroy(h.p);
}

Test(passive, dump_that_was_not_begun_is_a_bug, .signal = SIGABRT)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	passive_take(h.p, h.now_us, &r);
}
