/* SPDX-License-Identifier: ISC */
/* When to ask whom, and whose silence it is: facts in, decisions out, time by hand. */
#include "tests/daemon/schedule_help.h"

Test(schedule, asks_own_targets_in_turn_at_the_interval, .timeout = 10)
{
	struct sched_ask a, b;

	set_up(2, true);
	settle();
	answer(ask(&a), MS(50));
	cr_assert_eq(ask(&b), -1, "not twice at once");
	now_us += SECONDS(2);
	cr_assert_geq(ask(&b), 0);
	cr_assert_neq(a.target, b.target);
}

Test(schedule, is_in_step_with_nothing, .timeout = 10)
{
	int64_t last_us = 0, least_us = SECONDS(100), most_us = 0;
	struct sched_ask a;

	set_up(1, true);
	for (int64_t end = now_us + SECONDS(30); now_us < end; now_us += MS(1)) {
		int f = ask(&a);

		if (f < 0)
			continue;
		answer(f, MS(50));
		if (last_us > 0) {
			least_us = now_us - last_us < least_us ? now_us - last_us : least_us;
			most_us = now_us - last_us > most_us ? now_us - last_us : most_us;
		}
		last_us = now_us;
	}
	cr_assert(least_us >= MS(1850) && most_us <= MS(2001) && most_us - least_us >= MS(30),
	    "from %ld to %ld us", (long)least_us, (long)most_us);
}

Test(schedule, leaves_a_stranger_alone_for_its_interval, .timeout = 10)
{
	unsigned asked[3] = { 0 };
	struct sched_ask a;

	set_up(3, false);
	for (int64_t end = now_us + SECONDS(600); now_us < end; now_us += MS(250)) {
		int f = ask(&a);

		if (f < 0)
			continue;
		asked[a.target]++;
		answer(f, MS(50));
	}
	for (int i = 0; i < 3; i++)
		cr_assert(asked[i] >= 12 && asked[i] <= 20, "target %d: %u in 600 s", i,
		    asked[i]);
}

Test(schedule, asks_another_one_as_soon_as_one_is_late, .timeout = 10)
{
	struct sched_ask a, b;
	int f;

	set_up(3, true);
	settle();
	f = ask(&a);
	now_us += MS(200);
	cr_assert_eq(ask(&b), -1, "it is not late yet");
	now_us += MS(200);
	cr_assert(sched_late(&sched, now_us, f));
	cr_assert_geq(ask(&b), 0);
	cr_assert_neq(a.target, b.target);
	cr_assert(b.fresh, "a kept connection may have died with the link");
	cr_assert_eq(b.why, SCHED_CHECK);
}

Test(schedule, never_takes_one_silent_target_for_the_link, .timeout = 10)
{
	struct sched_ask a, b;
	int f, g;

	set_up(3, true);
	settle();
	f = ask(&a);
	now_us += MS(500);
	cr_assert_eq(judge(f), SCHED_WAIT, "alone it is no evidence");
	g = ask(&b);
	now_us += MS(50);
	answer(g, MS(50));
	cr_assert_eq(judge(f), SCHED_WAIT);
	now_us += SECONDS(2);
	cr_assert_eq(judge(f), SCHED_ALONE, "given up");
}

Test(schedule, takes_two_silent_targets_for_the_link, .timeout = 10)
{
	struct sched_ask a, b;
	int f, g;

	set_up(3, true);
	settle();
	f = ask(&a);
	now_us += MS(400);
	g = ask(&b);
	now_us += MS(400);
	cr_assert_eq(judge(f), SCHED_EVIDENCE);
	cr_assert_eq(judge(g), SCHED_EVIDENCE);
	cr_assert(now_us - sched.flight[f].started_us < SECONDS(1));
}

Test(schedule, does_not_count_a_target_twice, .timeout = 10)
{
	struct sched_ask a;
	int f;

	set_up(3, true);
	settle();
	f = ask(&a);
	now_us += MS(400);
	a.fresh = true;
	(void)sched_started(&sched, now_us, &a);
	now_us += MS(800);
	cr_assert_eq(judge(f), SCHED_WAIT);
}

Test(schedule, takes_several_urls_of_one_server_for_one_target, .timeout = 10)
{
	struct sched_ask a;
	int f;

	set_up(3, true);
	(void)snprintf(sched.target[1].host, sizeof(sched.target[1].host), "%s",
	    sched.target[0].host);
	settle();
	a = (struct sched_ask){ .target = 0, .copies = 1 };
	f = sched_started(&sched, now_us, &a);
	a = (struct sched_ask){ .target = 1, .copies = 1, .fresh = true };
	(void)sched_started(&sched, now_us, &a);
	now_us += MS(800);
	cr_assert_eq(judge(f), SCHED_WAIT, "one server is silent, twice");
	a = (struct sched_ask){ .target = 2, .copies = 1, .fresh = true };
	(void)sched_started(&sched, now_us, &a);
	now_us += MS(800);
	cr_assert_eq(judge(f), SCHED_EVIDENCE, "two are");
}

Test(schedule, takes_an_only_server_for_one_target_whatever_its_urls, .timeout = 10)
{
	struct sched_ask a, b;
	int f;

	set_up(2, true);
	memcpy(sched.target[1].host, sched.target[0].host, sizeof(sched.target[1].host));
	settle();
	f = ask(&a);
	now_us += MS(400);
	cr_assert_geq(ask(&b), 0);
	cr_assert(b.fresh);
	cr_assert_eq(judge(f), SCHED_WAIT);
	now_us += MS(600);
	cr_assert_eq(judge(f), SCHED_EVIDENCE, "there is nobody else to ask");
}

Test(schedule, asks_an_only_target_again_on_a_new_connection, .timeout = 10)
{
	struct sched_ask a, b;
	int f;

	set_up(1, true);
	settle();
	f = ask(&a);
	now_us += MS(400);
	cr_assert_geq(ask(&b), 0);
	cr_assert(b.fresh);
	cr_assert_eq(judge(f), SCHED_WAIT);
	now_us += MS(600);
	cr_assert_eq(judge(f), SCHED_EVIDENCE);
}

Test(schedule, believes_an_application_that_hears_bytes, .timeout = 10)
{
	struct sched_ask a, b;
	int f, g;

	set_up(2, true);
	settle();
	f = ask(&a);
	now_us += MS(400);
	g = ask(&b);
	now_us += MS(600);
	sched_heard(&sched, now_us);
	cr_assert_eq(judge(f), SCHED_WAIT);
	cr_assert_eq(judge(g), SCHED_WAIT);
}

Test(schedule, asks_one_on_a_suspicion_and_believes_its_silence, .timeout = 10)
{
	struct sched_ask a;
	int f;

	set_up(2, true);
	settle();
	f = ask(&a);
	answer(f, MS(50));
	sched_heard(&sched, now_us);
	now_us += MS(700);
	cr_assert_eq(ask(&a), -1, "it is nobody's turn");
	sched_suspect(&sched, now_us - MS(400));
	f = ask(&a);
	cr_assert_geq(f, 0);
	cr_assert_eq(a.why, SCHED_CHECK);
	cr_assert_not(a.fresh, "a kept connection is enough to ask");
	now_us += MS(200);
	cr_assert_eq(judge(f), SCHED_WAIT);
	now_us += MS(200);
	cr_assert_eq(judge(f), SCHED_EVIDENCE);
}

Test(schedule, asks_another_one_although_many_copies_wait, .timeout = 10)
{
	struct sched_ask a, copy = { .target = 0, .copies = 8, .why = SCHED_SIZED };

	set_up(2, true);
	settle();
	sched_heard(&sched, now_us);
	for (int i = 0; i < 8; i++)
		cr_assert_geq(sched_started(&sched, now_us, &copy), 0);
	now_us += SECONDS(3);
	cr_assert_geq(ask(&a), 0, "an outage began as a body was to fill the link");
	cr_assert_eq(a.target, 1);
}

Test(schedule, drops_a_suspicion_when_anything_is_heard, .timeout = 10)
{
	struct sched_ask a;
	int f;

	set_up(2, true);
	settle();
	f = ask(&a);
	answer(f, MS(50));
	now_us += MS(700);
	sched_suspect(&sched, now_us - MS(400));
	f = ask(&a);
	cr_assert_geq(f, 0);
	sched_heard(&sched, now_us);
	cr_assert_eq(sched_suspected_us(&sched, now_us), SCHED_NEVER);
	now_us += MS(500);
	cr_assert_neq(judge(f), SCHED_EVIDENCE);
}

Test(schedule, does_not_ask_strangers_at_each_pause, .timeout = 10)
{
	struct sched_ask a;
	int asked = 0;

	set_up(3, false);
	for (int i = 0; i < 60; i++) {
		int f;

		sched_suspect(&sched, now_us - MS(400));
		f = ask(&a);
		asked += f >= 0;
		now_us += MS(50);
		if (f >= 0)
			answer(f, MS(50));
		sched_heard(&sched, now_us);
		now_us += SECONDS(1);
	}
	cr_assert_leq(asked, 18, "%d requests in a minute", asked);
}

Test(schedule, looks_for_the_end_of_an_outage_each_second, .timeout = 10)
{
	unsigned asked = 0;
	struct sched_ask a;
	int64_t began_us;

	set_up(3, true);
	settle();
	began_us = now_us;
	belief.state = EST_OFFLINE;
	while (now_us < began_us + SECONDS(10)) {
		int f = ask(&a);

		if (f >= 0) {
			struct sched_end end = { .ttfb_us = -1, .connect_us = -1 };

			asked++;
			cr_assert(a.fresh);
			now_us += MS(100);
			sched_ended(&sched, now_us, f, &end);
		}
		now_us += MS(250);
		(void)judge(0);
	}
	cr_assert(asked >= 8 && asked <= 15, "%u", asked);
}

Test(schedule, keeps_few_requests_under_way_in_a_long_outage, .timeout = 10)
{
	struct sched_ask a;
	unsigned open = 0;

	set_up(3, true);
	settle();
	belief.state = EST_OFFLINE;
	for (int i = 0; i < 200; i++) {
		(void)ask(&a);
		(void)judge(0);
		now_us += MS(250);
	}
	for (int f = 0; f < SCHED_FLIGHTS_MAX; f++)
		open += sched.flight[f].used;
	cr_assert_leq(open, 6);
}

Test(schedule, blames_nobody_for_an_outage_that_ended, .timeout = 10)
{
	struct sched_ask a, b;
	int f;

	set_up(3, true);
	settle();
	f = ask(&a);
	now_us += MS(400);
	(void)ask(&b);
	now_us += MS(500);
	cr_assert_eq(judge(f), SCHED_EVIDENCE);
	now_us += SECONDS(3);
	cr_assert_eq(judge(f), SCHED_EVIDENCE);
	sched_heard(&sched, now_us);
	now_us += MS(250);
	cr_assert_eq(judge(f), SCHED_OVERTAKEN);
}

Test(schedule, backs_off_longer_each_time_and_forgives_an_answer, .timeout = 10)
{
	struct sched_ask a;

	set_up(2, true);
	cr_assert_eq(sched_mute(&sched, now_us, 0), SECONDS(30));
	cr_assert_eq(sched_mute(&sched, now_us, 0), SECONDS(60));
	for (int i = 0; i < 30; i++)
		cr_assert_leq(sched_mute(&sched, now_us, 0), SECONDS(600));
	now_us += SECONDS(600);
	while (sched.target[0].mutes > 0) {
		int f = ask(&a);

		if (f >= 0)
			answer(f, MS(50));
		now_us += SECONDS(2);
	}
	cr_assert_eq(sched_mute(&sched, now_us, 0), SECONDS(30));
}

Test(schedule, answers_a_change_with_new_connections, .timeout = 10)
{
	struct sched_ask a;

	set_up(2, true);
	settle();
	answer(ask(&a), MS(50));
	belief.change = (struct est_change){ .kind = EST_CHANGE_DROP, .at_us = now_us };
	now_us += MS(250);
	cr_assert_geq(ask(&a), 0, "at once, not at the interval");
	cr_assert(a.fresh);
	cr_assert_eq(a.why, SCHED_CHANGE);
}
