/* SPDX-License-Identifier: ISC */
/* How much to ask for, and how seldom: facts in, decisions out, time by hand. */
#include "tests/daemon/schedule_help.h"

Test(schedule, sizes_a_download_by_the_estimate, .timeout = 10)
{
	struct sched_ask a;

	set_up(2, true);
	sched.target[1].kind = CONF_DOWNLOAD;
	answer(ask(&a), MS(50));
	belief.rate[EST_DOWN] = (struct est_rate){ true, 5000, 16000, 30000 };
	cr_assert_geq(ask(&a), 0);
	cr_assert_eq(a.target, 1);
	cr_assert_eq(a.bytes, 1000000, "half a second of 16 Mbit/s");
}

Test(schedule, asks_for_a_small_body_several_times_at_once_to_fill_the_link, .timeout = 10)
{
	struct sched_ask a;

	set_up(2, true);
	sched.target[1].body_bytes = 50000;
	belief.rate[EST_DOWN] = (struct est_rate){ true, 5000, 10000, 20000 };
	for (int i = 0; i < 2; i++) {
		cr_assert_geq(ask(&a), 0);
		answer(0, MS(50));
		sched.target[a.target].body_bytes = a.target == 1 ? 50000 : 0;
	}
	cr_assert_geq(ask(&a), 0);
	cr_assert_eq(a.why, SCHED_SIZED);
	cr_assert_eq(a.target, 1);
	cr_assert_eq(a.copies, 8, "400 kB of the 625 kB that fill half a second");
}

Test(schedule, spreads_heavy_answers_over_the_hour, .timeout = 10)
{
	struct sched_end end = { .answered = true, .ttfb_us = MS(50), .connect_us = -1,
		.rtt_us = -1, .body_bytes = 50000 };
	int64_t began_us, last_us, gap_us = 0;
	struct sched_ask a;

	set_up(1, true);
	ledger_limit(sched.ledger, now_us, 20000000, 200000000);
	began_us = last_us = now_us;
	for (; now_us < began_us + SECONDS(3500); now_us += MS(250)) {
		int f = ask(&a);

		if (f < 0)
			continue;
		gap_us = now_us - last_us > gap_us ? now_us - last_us : gap_us;
		last_us = now_us;
		ledger_spend(sched.ledger, now_us, 52000, 1000, true);
		sched_ended(&sched, now_us, f, &end);
	}
	cr_assert(gap_us > SECONDS(2) && gap_us < SECONDS(60), "%ld us without a measurement",
	    (long)gap_us);
}

Test(schedule, downloads_nothing_while_offline, .timeout = 10)
{
	struct sched_ask a;

	set_up(2, true);
	sched.target[1].kind = CONF_DOWNLOAD;
	belief.state = EST_OFFLINE;
	for (int i = 0; i < 100; i++, now_us += MS(250))
		if (ask(&a) >= 0)
			cr_assert_neq(a.target, 1);
}

Test(schedule, begins_nothing_that_could_pass_the_limit, .timeout = 10)
{
	struct sched_end end = { .answered = true, .ttfb_us = MS(50), .connect_us = -1,
		.rtt_us = -1, .body_bytes = 50000 };
	int64_t spent = 0, end_us;
	struct sched_ask a;

	set_up(1, true);
	ledger_limit(sched.ledger, now_us, 1000000, 100000000);
	belief.state = EST_OFFLINE; /* out of turn: only the limit holds */
	for (end_us = now_us + SECONDS(3500); now_us < end_us; now_us += MS(250)) {
		int f = ask(&a);

		if (f < 0)
			continue;
		cr_assert_leq(a.most_bytes, 1000000 - spent);
		spent += 51000;
		ledger_spend(sched.ledger, now_us, 50000, 1000, false);
		sched_ended(&sched, now_us, f, &end);
	}
	cr_assert(spent > 700000 && spent <= 1000000, "%ld", (long)spent);
	now_us += SECONDS(600);
	cr_assert_geq(ask(&a), 0, "of the new hour");
}

Test(schedule, asks_less_while_nothing_changes_and_others_tell, .timeout = 10)
{
	int64_t first = 0, later = 0, told = 0, began_us;
	struct sched_ask a;

	set_up(1, true);
	for (began_us = now_us; now_us < began_us + SECONDS(1800); now_us += MS(250)) {
		int f = ask(&a);

		if (f < 0)
			continue;
		first += now_us < began_us + SECONDS(30);
		later += now_us >= began_us + SECONDS(1200);
		answer(f, MS(50));
	}
	cr_assert(first >= 14 && first <= 16, "%ld in the first half minute", (long)first);
	cr_assert(later >= 19 && later <= 21, "%ld in ten calm minutes", (long)later);
	sched_reset(&sched, now_us);
	answer(ask(&a), MS(50));
	for (began_us = now_us; now_us < began_us + SECONDS(30); now_us += MS(250)) {
		int f = ask(&a);

		sched_heard_others(&sched, now_us);
		told += f >= 0;
		if (f >= 0)
			answer(f, MS(50));
	}
	cr_assert_leq(told, 4, "%ld beside traffic", (long)told);
}

Test(schedule, says_when_the_next_one_is_due, .timeout = 10)
{
	enum conf_target_kind kind;
	struct sched_ask a;
	const char *why;

	set_up(2, true);
	settle();
	answer(ask(&a), MS(50));
	cr_assert_eq(sched_due_us(&sched, now_us, &belief, &kind, &why),
	    now_us + SECONDS(2) - sched_dither_us(&sched, SECONDS(2)));
	cr_assert_eq(kind, CONF_LATENCY);
	set_up(0, true);
	cr_assert_eq(sched_due_us(&sched, now_us, &belief, &kind, &why), -1);
}
