/* SPDX-License-Identifier: ISC */
/* When an interval's bytes are the link's rate, and when only "at least". */
#include "tests/daemon/passive_host.h"

TestSuite(passive_rate, .timeout = 10);

Test(passive_rate, learns_only_at_least_from_a_sender_that_paces_itself)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	dump(&h, &r, 1);
	r.rcv_rtt_us = 53 * MS;
	for (int i = 0; i < 40; i++) {
		download(&h, &r, 3000, 1);
		cr_assert(h.report[0].in.certainty == PASSIVE_AT_LEAST);
		cr_assert(h.report[0].in.kbps == 3000);
	}
	passive_destroy(h.p);
}

Test(passive_rate, takes_a_rate_for_the_links_once_a_queue_was_seen)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	dump(&h, &r, 1);
	download(&h, &r, 5000, 1);
	r.rcv_rtt_us = 140 * MS; /* the end of slow start fills the queue */
	download(&h, &r, 9600, 1);
	r.rcv_rtt_us = 54 * MS;
	for (int i = 0; i < 40; i++) {
		download(&h, &r, 9600, 1);
		cr_assert(h.report[0].in.certainty == PASSIVE_LINK_RATE);
	}
	passive_destroy(h.p);
}

Test(passive_rate, does_not_believe_a_lower_rate_without_a_queue)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	dump(&h, &r, 1);
	r.rcv_rtt_us = 140 * MS;
	download(&h, &r, 9600, 4);
	cr_assert(h.report[0].in.certainty == PASSIVE_LINK_RATE);
	r.rcv_rtt_us = 50 * MS;
	download(&h, &r, 9600, 10);
	for (int i = 0; i < 20; i++) /* the sender paces itself from here on */
		cr_assert(download(&h, &r, 2000, 1)->in.certainty == PASSIVE_AT_LEAST);
	passive_destroy(h.p);
}

Test(passive_rate, believes_a_lower_rate_where_a_queue_stands)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	dump(&h, &r, 1);
	r.rcv_rtt_us = 140 * MS;
	download(&h, &r, 9600, 4);
	r.rcv_rtt_us = 50 * MS;
	download(&h, &r, 9600, 20);
	r.rcv_rtt_us = 400 * MS;
	cr_assert(download(&h, &r, 2000, 2)->in.certainty == PASSIVE_LINK_RATE);
	cr_assert(h.report[0].in.kbps == 2000);
	passive_destroy(h.p);
}

Test(passive_rate, forgets_a_rate_when_the_path_is_another_one)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	dump(&h, &r, 1);
	r.rtt_us_min = 400 * MS;
	r.rcv_rtt_us = 900 * MS;
	download(&h, &r, 200, 6);
	cr_assert(h.report[0].in.certainty == PASSIVE_LINK_RATE);
	r.rcv_rtt_us = 600 * MS;
	download(&h, &r, 200, 20);
	cr_assert(h.report[0].in.certainty == PASSIVE_LINK_RATE);
	/* Out of the lift; the sender does not know it yet and goes on at its pace. */
	r.rcv_rtt_us = 160 * MS;
	for (int i = 0; i < 20; i++)
		cr_assert(download(&h, &r, 200, 1)->in.certainty == PASSIVE_AT_LEAST);
	passive_destroy(h.p);
}

Test(passive_rate, does_not_call_bursts_with_pauses_a_links_rate)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	dump(&h, &r, 1);
	r.rcv_rtt_us = 140 * MS;
	for (int i = 0; i < 20; i++) {
		receives(&r, 94000);
		if (i % 3 == 2)
			r.since_data_us = r.since_ack_us = 60 * MS;
		cr_assert(dump(&h, &r, 1)->in.certainty == PASSIVE_AT_LEAST);
	}
	passive_destroy(h.p);
}

Test(passive_rate, does_not_call_it_the_links_rate_when_the_application_takes_less)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	dump(&h, &r, 1);
	r.rcv_rtt_us = 140 * MS;
	r.unread_bytes = 3000000;
	for (int i = 0; i < 10; i++)
		cr_assert(download(&h, &r, 9600, 1)->in.certainty == PASSIVE_AT_LEAST);
	passive_destroy(h.p);
}

Test(passive_rate, does_not_take_the_delay_of_an_upload_for_a_sign_about_downloads)
{
	struct host h = host_start();
	struct passive_reading r[2] = {
	    socket_to(1, "203.0.113.1"), socket_to(2, "203.0.113.2")};

	dump(&h, r, 2);
	for (int i = 0; i < 20; i++) {
		receives(&r[0], 3000 * STEP / 8000);
		r[0].rcv_rtt_us = 300 * MS;
		r[1].bytes_acked += 60000;
		r[1].rtt_us = 300 * MS;
		r[1].since_ack_us = MS;
		cr_assert(dump(&h, r, 2)->in.certainty == PASSIVE_AT_LEAST);
	}
	passive_destroy(h.p);
}

Test(passive_rate, does_not_call_many_small_answers_a_links_rate)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	dump(&h, &r, 1);
	r.rcv_rtt_us = 150 * MS; /* it counts the pauses of who asks */
	for (int i = 0; i < 20; i++) {
		r.bytes_acked += 200;
		cr_assert(download(&h, &r, 1000, 1)->in.certainty == PASSIVE_AT_LEAST);
	}
	passive_destroy(h.p);
}

Test(passive_rate, sums_the_sockets_of_a_link)
{
	struct host h = host_start();
	struct passive_reading r[6];

	for (size_t i = 0; i < 6; i++)
		r[i] = socket_to(1 + i, "203.0.113.1");
	dump(&h, r, 6);
	for (int n = 0; n < 4; n++) {
		for (size_t i = 0; i < 6; i++) {
			receives(&r[i], 50000);
			r[i].rcv_rtt_us = 150 * MS;
		}
		dump(&h, r, 6);
	}
	cr_assert(h.report[0].in.kbps == 9600);
	cr_assert(h.report[0].in.certainty == PASSIVE_LINK_RATE);
	passive_destroy(h.p);
}

Test(passive_rate, smooths_over_a_hole_that_fills_all_at_once)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	dump(&h, &r, 1);
	download(&h, &r, 4633, 4);
	/* A segment is missing: 100 that follow it wait, and only arrive for the kernel. */
	r.segments_in += 100;
	r.out_of_order += 100;
	r.since_data_us = 240 * MS;
	r.since_ack_us = MS;
	cr_assert(dump(&h, &r, 1)->in.kbps == 100 * MSS * 8 / 250);
	cr_assert(h.report[0].heard);
	/* It comes, and with it all that waited. */
	r.bytes_in += 200 * MSS;
	r.segments_in += 100;
	r.since_data_us = r.since_ack_us = MS;
	cr_assert(dump(&h, &r, 1)->in.kbps == 100 * MSS * 8 / 250, "not twice the rate");
	passive_destroy(h.p);
}

Test(passive_rate, reads_an_uploads_rate_where_it_had_always_data_and_was_held_by_nothing_else)
{
	static const struct {
		int64_t busy_ms, waited_ms;
		bool app_limited;
		enum passive_certainty want;
	} cases[] = {
		{250, 0, false, PASSIVE_LINK_RATE},
		{100, 0, false, PASSIVE_AT_LEAST},
		{250, 200, false, PASSIVE_AT_LEAST},
		{250, 0, true, PASSIVE_AT_LEAST},
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		struct host h = host_start();
		struct passive_reading r = socket_to(1, "203.0.113.1");

		dump(&h, &r, 1);
		for (int n = 0; n < 6; n++) {
			r.bytes_acked += 90000;
			r.busy_us += cases[i].busy_ms * MS;
			r.waited_us += cases[i].waited_ms * MS;
			r.app_limited = cases[i].app_limited;
			r.rtt_us = 120 * MS;
			r.since_ack_us = MS;
			dump(&h, &r, 1);
		}
		cr_assert(h.report[0].out.kbps == 2880);
		cr_assert(h.report[0].out.certainty == cases[i].want, "case %zu", i);
		cr_assert(h.report[0].rtts == 1 && h.report[0].rtt_us[0] == 120 * MS);
		passive_destroy(h.p);
	}
}

Test(passive_rate, takes_a_delivery_rate_as_at_least_for_a_short_upload)
{
	struct host h = host_start();
	struct passive_reading r = socket_to(1, "203.0.113.1");

	dump(&h, &r, 1);
	r.bytes_acked += 20000;
	r.delivery_kbps = 4100;
	r.app_limited = true;
	r.since_ack_us = 100 * MS;
	cr_assert(dump(&h, &r, 1)->out.kbps == 4100);
	cr_assert(h.report[0].out.certainty == PASSIVE_AT_LEAST);
	r.bytes_acked += 20000; /* the figure is the old one: it says nothing of now */
	cr_assert(dump(&h, &r, 1)->out.kbps == 640);
	passive_destroy(h.p);
}
