/* SPDX-License-Identifier: ISC */
/* Silence, and wishes for a probe. */
#include "tests/daemon/passive_host.h"

TestSuite(passive_stall, .timeout = 10);

Test(passive_stall, knows_silence_when_two_places_are_unanswered)
{
	struct host h = host_start();
	struct passive_reading r[2] = {
	    socket_to(1, "203.0.113.1"), socket_to(2, "198.51.100.20")};

	dump(&h, r, 2);
	sends(&r[0], 100 * MS);
	sends(&r[1], 50 * MS);
	cr_assert(dump(&h, r, 2)->silent_us == 0, "their round trip may take this long");
	cr_assert(h.report[0].waiting);
	cr_assert(dump(&h, r, 2)->silent_us == 350 * MS);
	cr_assert(h.report[0].silent_places == 2);
	cr_assert(dump(&h, r, 2)->silent_us == 600 * MS);
	cr_assert(passive_counters(h.p).silences == 1);
	/* The first acknowledgement ends it. */
	r[0].unacked = 0;
	r[0].bytes_acked += 400;
	r[0].since_ack_us = MS;
	cr_assert(dump(&h, r, 2)->silent_us == 0);
	cr_assert(h.report[0].heard);
	passive_destroy(h.p);
}

Test(passive_stall, wishes_for_one_probe_when_a_single_place_is_unanswered)
{
	struct host h = host_start();
	struct passive_reading r[2] = {
	    socket_to(1, "203.0.113.1"), socket_to(2, "203.0.113.1")};

	dump(&h, r, 2);
	sends(&r[0], 100 * MS);
	sends(&r[1], 100 * MS);
	dump(&h, r, 2);
	cr_assert(h.report[0].wish == PASSIVE_NO_WISH);
	cr_assert(dump(&h, r, 2)->wish == PASSIVE_WISH_UNANSWERED);
	cr_assert(h.report[0].silent_us == 0);
	for (int i = 0; i < 20; i++)
		cr_assert(dump(&h, r, 2)->wish == PASSIVE_NO_WISH, "once");
	cr_assert(passive_counters(h.p).wishes == 1);
	passive_destroy(h.p);
}

Test(passive_stall, blames_the_places_when_something_else_is_heard)
{
	struct host h = host_start();
	struct passive_reading r[3] = {socket_to(1, "203.0.113.1"),
	    socket_to(2, "198.51.100.20"), socket_to(3, "203.0.113.30")};

	dump(&h, r, 3);
	sends(&r[0], 100 * MS);
	sends(&r[1], 100 * MS);
	for (int i = 0; i < 20; i++) {
		receives(&r[2], 200);
		dump(&h, r, 3);
		cr_assert(h.report[0].silent_us == 0 && h.report[0].wish == PASSIVE_NO_WISH);
	}
	/* And still so when all is quiet later: they were dead while the link was not. */
	for (int i = 0; i < 40; i++) {
		dump(&h, r, 3);
		cr_assert(h.report[0].silent_us == 0 && h.report[0].wish == PASSIVE_NO_WISH);
	}
	passive_destroy(h.p);
}

Test(passive_stall, blames_the_places_when_a_probe_is_answered)
{
	struct host h = host_start();
	struct passive_reading r[2] = {
	    socket_to(1, "203.0.113.1"), socket_to(2, "198.51.100.20")};

	dump(&h, r, 2);
	sends(&r[0], 100 * MS);
	sends(&r[1], 100 * MS);
	dump(&h, r, 2);
	cr_assert(dump(&h, r, 2)->silent_us > 0);
	passive_answered(h.p, h.now_us, 0);
	for (int i = 0; i < 20; i++)
		cr_assert(dump(&h, r, 2)->silent_us == 0);
	passive_destroy(h.p);
}

Test(passive_stall, hears_acknowledgements_that_move_nothing)
{
	struct host h = host_start();
	struct passive_reading r[2] = {
	    socket_to(1, "203.0.113.1"), socket_to(2, "198.51.100.20")};

	dump(&h, r, 2);
	sends(&r[0], 100 * MS);
	sends(&r[1], 100 * MS);
	dump(&h, r, 2);
	for (int i = 0; i < 8; i++) { /* a lost segment: the same byte is acknowledged again */
		r[0].since_ack_us = 10 * MS;
		cr_assert(dump(&h, r, 2)->silent_us == 0);
	}
	passive_destroy(h.p);
}

Test(passive_stall, does_not_take_connects_alone_for_silence)
{
	struct host h = host_start();
	struct passive_reading r[2] = {
	    socket_to(1, "203.0.113.1"), socket_to(2, "198.51.100.20")};

	dump(&h, NULL, 0);
	for (size_t i = 0; i < 2; i++) {
		r[i].phase = PASSIVE_CONNECTING;
		r[i].rtt_us = r[i].since_data_us = r[i].since_ack_us = -1;
		r[i].unacked = 1;
	}
	for (int i = 0; i < 30; i++)
		cr_assert(dump(&h, r, 2)->silent_us == 0);
	cr_assert(passive_counters(h.p).wishes == 1);
	passive_destroy(h.p);
}

Test(passive_stall, does_not_take_a_dead_ipv6_for_a_dead_link)
{
	struct host h = host_start();
	struct passive_reading r[3] = {socket_to(1, "2001:db8:1::1"),
	    socket_to(2, "2001:db8:2::1"), socket_to(3, "203.0.113.1")};

	dump(&h, r, 3);
	sends(&r[0], 100 * MS);
	sends(&r[1], 100 * MS);
	for (int i = 0; i < 10; i++)
		cr_assert(dump(&h, r, 3)->silent_us == 0);
	passive_destroy(h.p);
}

Test(passive_stall, takes_a_dead_ipv6_for_a_dead_link_where_it_is_all_there_is)
{
	struct host h = host_start();
	struct passive_reading r[2] = {socket_to(1, "2001:db8:1::1"),
	    socket_to(2, "2001:db8:2::1")};
	struct passive_address only = {.link = 0, .interface = 2, .prefix = 64};

	address(only.address, "2001:db8::7");
	passive_addresses(h.p, &only, 1);
	dump(&h, r, 2);
	sends(&r[0], 100 * MS);
	sends(&r[1], 100 * MS);
	dump(&h, r, 2);
	cr_assert(dump(&h, r, 2)->silent_us > 0);
	passive_destroy(h.p);
}

Test(passive_stall, asks_before_it_takes_a_dead_ipv6_for_a_dead_link_while_ipv4_is_unused)
{
	for (int alive = 0; alive <= 1; alive++) {
		struct host h = host_start();
		struct passive_reading r[2] = {socket_to(1, "2001:db8:1::1"),
		    socket_to(2, "2001:db8:2::1")};
		int64_t silent_us = 0;

		dump(&h, r, 2);
		sends(&r[0], 100 * MS);
		sends(&r[1], 100 * MS);
		dump(&h, r, 2);
		cr_assert(dump(&h, r, 2)->wish == PASSIVE_WISH_UNANSWERED);
		for (int i = 0; i < 8; i++) /* two seconds */
			cr_assert(dump(&h, r, 2)->silent_us == 0);
		if (alive) /* the probe, by IPv4 */
			passive_answered(h.p, h.now_us, 0);
		for (int i = 0; i < 40; i++)
			silent_us = dump(&h, r, 2)->silent_us;
		cr_assert_eq(silent_us == 0, alive != 0);
		passive_destroy(h.p);
	}
}

Test(passive_stall, wishes_for_one_probe_when_what_flowed_falls_still)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");
	int wishes = 0;

	dump(&h, &r, 1);
	download(&h, &r, 5000, 8);
	for (int i = 0; i < 20; i++) {
		dump(&h, &r, 1);
		wishes += h.report[0].wish == PASSIVE_WISH_STILL;
		cr_assert(h.report[0].silent_us == 0, "a server that pauses looks the same");
		cr_assert(i < 2 || wishes == 1);
	}
	download(&h, &r, 5000, 8);
	cr_assert(dump(&h, &r, 1)->wish == PASSIVE_WISH_STILL, "the next time, again");
	passive_destroy(h.p);
}

Test(passive_stall, wonders_at_a_flow_that_stops_behind_a_lost_segment)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");
	int wishes = 0;

	dump(&h, &r, 1);
	download(&h, &r, 5000, 8);
	/* In order nothing came for 240 ms, but later segments did until 2 ms ago. */
	r.segments_in += 100;
	r.out_of_order += 100;
	r.since_data_us = 240 * MS;
	r.since_ack_us = 2 * MS;
	dump(&h, &r, 1);
	for (int i = 0; i < 4; i++) {
		const struct passive_report *report = dump(&h, &r, 1);

		wishes += report->wish == PASSIVE_WISH_STILL;
		cr_assert(wishes == 0 || i > 0 || report->quiet_since_us > h.now_us - 300 * MS,
		    "silence counts from the last segment, not from the last in order");
	}
	cr_assert(wishes == 1);
	passive_destroy(h.p);
}

Test(passive_stall, does_not_wonder_at_a_transfer_whose_socket_was_closed)
{
	struct host h = host_start();
	struct passive_reading r[2] = {
	    socket_to(1, "203.0.113.1"), socket_to(2, "203.0.113.2")};

	dump(&h, r, 2);
	for (int i = 0; i < 8; i++) {
		receives(&r[0], 100000);
		dump(&h, r, 2);
	}
	passive_gone(h.p, h.now_us, &r[0]);
	for (int i = 0; i < 20; i++)
		cr_assert(dump(&h, &r[1], 1)->wish == PASSIVE_NO_WISH);
	passive_destroy(h.p);
}
