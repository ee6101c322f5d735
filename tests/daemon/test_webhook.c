/* SPDX-License-Identifier: ISC */
/* What a webhook is told, and when. */
#include "daemon/webhook_queue.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "daemon/digest.h"

TestSuite(webhook, .timeout = 30);

#define SECOND INT64_C(1000000)
#define HOLD (5 * SECOND)
#define BOTH (1u << WEBHOOK_STATE | 1u << WEBHOOK_QUALITY)

static struct webhook_queue q;
static struct api_view v;

static void
begin(void)
{
	webhook_queue_init(&q);
	v = (struct api_view){ .now_us = 100 * SECOND, .wall_us = 1000000 * SECOND };
	(void)snprintf(v.link.id, sizeof v.link.id, "k3f9");
}

/* It is so for so long, looked at each half second. */
static void
stay(enum est_state state, enum est_quality quality, int64_t us)
{
	v.est.state = state;
	v.est.quality = quality;
	for (int64_t t = 0; t < us; t += SECOND / 2) {
		webhook_queue_look(&q, &v, BOTH, HOLD);
		v.now_us += SECOND / 2;
		v.wall_us += SECOND / 2;
	}
}

static void
swing(int times)
{
	for (int i = 0; i < times; i++) {
		stay(EST_OFFLINE, EST_QUALITY_UNKNOWN, 6 * SECOND);
		stay(EST_ONLINE, EST_QUALITY_UNKNOWN, 6 * SECOND);
	}
}

Test(webhook, is_told_of_a_change_that_holds)
{
	begin();
	stay(EST_ONLINE, EST_QUALITY_UNKNOWN, 4 * SECOND);
	cr_assert_eq(q.len, 0);
	stay(EST_ONLINE, EST_QUALITY_UNKNOWN, 60 * SECOND);
	cr_assert_eq(q.len, 1);
	cr_assert_eq(q.at[0].kind, WEBHOOK_STATE);
	cr_assert_eq(q.at[0].from, EST_UNKNOWN);
	cr_assert_eq(q.at[0].to, EST_ONLINE);
	cr_assert_eq(q.at[0].since_wall_us, 1000000 * SECOND);
	cr_assert_eq(q.at[0].told_wall_us, 1000005 * SECOND);
	cr_assert_str_eq(q.at[0].link, "k3f9");
}

Test(webhook, is_told_nothing_of_what_swings_back)
{
	begin();
	stay(EST_ONLINE, EST_QUALITY_GOOD, 10 * SECOND);
	cr_assert_eq(q.len, 2);
	for (int i = 0; i < 50; i++) {
		stay(EST_STALLED, EST_QUALITY_GOOD, SECOND);
		stay(EST_OFFLINE, EST_QUALITY_MINIMAL, 3 * SECOND);
		stay(EST_ONLINE, EST_QUALITY_GOOD, 2 * SECOND);
	}
	cr_assert_eq(q.len, 2);
}

Test(webhook, is_told_of_its_kinds_alone)
{
	begin();
	v.est.state = EST_ONLINE;
	v.est.quality = EST_QUALITY_GOOD;
	webhook_queue_look(&q, &v, 1u << WEBHOOK_QUALITY, 0);
	cr_assert_eq(q.len, 1);
	cr_assert_eq(q.at[0].kind, WEBHOOK_QUALITY);
}

Test(webhook, gets_one_at_a_time_and_in_order)
{
	const struct webhook_event *e;

	begin();
	swing(3);
	cr_assert_eq(q.len, 6);
	for (int64_t n = 1; n <= 6; n++) {
		e = webhook_queue_take(&q, v.now_us);
		cr_assert_not_null(e);
		cr_assert_eq(e->number, n);
		cr_assert_eq(e->missed, 0);
		cr_assert_null(webhook_queue_take(&q, v.now_us));
		webhook_queue_done(&q, v.now_us, true);
	}
	cr_assert_null(webhook_queue_take(&q, v.now_us));
	cr_assert_eq(q.delivered, 6);
}

Test(webhook, is_tried_again_later_and_later)
{
	int64_t wait_us = SECOND;

	begin();
	swing(1);
	for (int i = 0; i < 12; i++) {
		cr_assert_not_null(webhook_queue_take(&q, v.now_us));
		webhook_queue_done(&q, v.now_us, false);
		cr_assert_null(webhook_queue_take(&q, v.now_us + wait_us - 1));
		v.now_us += wait_us;
		wait_us = 2 * wait_us < WEBHOOK_PAUSE_MAX_US ? 2 * wait_us
							     : WEBHOOK_PAUSE_MAX_US;
	}
	cr_assert_eq(q.failed, 12);
	cr_assert_not_null(webhook_queue_take(&q, v.now_us));
	webhook_queue_done(&q, v.now_us, true);
	cr_assert_not_null(webhook_queue_take(&q, v.now_us), "the next one at once");
}

Test(webhook, is_tried_at_once_when_there_is_a_way_again)
{
	begin();
	swing(1);
	for (int i = 0; i < 8; i++) {
		cr_assert_not_null(webhook_queue_take(&q, v.now_us));
		webhook_queue_done(&q, v.now_us, false);
		v.now_us += WEBHOOK_PAUSE_MAX_US;
	}
	(void)webhook_queue_take(&q, v.now_us);
	webhook_queue_done(&q, v.now_us, false);
	webhook_queue_hurry(&q, v.now_us);
	cr_assert_not_null(webhook_queue_take(&q, v.now_us));
}

Test(webhook, is_told_how_many_it_missed)
{
	const struct webhook_event *e;

	begin();
	swing(1);
	e = webhook_queue_take(&q, v.now_us);
	cr_assert_eq(e->number, 1);
	swing(20);
	cr_assert_eq(q.len, WEBHOOK_QUEUE_MAX);
	cr_assert_eq(q.dropped, 42 - WEBHOOK_QUEUE_MAX);
	cr_assert_eq(q.at[0].number, 1, "what is on its way stays");
	webhook_queue_done(&q, v.now_us, true);
	e = webhook_queue_take(&q, v.now_us);
	cr_assert_eq(e->number, 12);
	cr_assert_eq(e->missed, 10);
	webhook_queue_done(&q, v.now_us, true);
	cr_assert_eq(webhook_queue_take(&q, v.now_us)->missed, 0);
}

Test(webhook, gives_up_what_is_too_old_and_says_so_to_the_next_one)
{
	begin();
	swing(2);
	v.now_us += 100 * SECOND;
	cr_assert_eq(webhook_queue_expire(&q, v.now_us, 60 * SECOND), 4);
	cr_assert_eq(q.len, 0);
	cr_assert_eq(q.given_up, 4);
	stay(EST_OFFLINE, EST_QUALITY_UNKNOWN, 6 * SECOND);
	cr_assert_eq(q.len, 1);
	cr_assert_eq(q.at[0].missed, 4);
	cr_assert_eq(webhook_queue_expire(&q, v.now_us, 60 * SECOND), 0);
}

Test(webhook, keeps_what_is_on_its_way_however_old_it_is)
{
	begin();
	swing(1);
	cr_assert_not_null(webhook_queue_take(&q, v.now_us));
	cr_assert_eq(webhook_queue_expire(&q, v.now_us + 1000 * SECOND, SECOND), 1);
	cr_assert_eq(q.len, 1);
	webhook_queue_done(&q, v.now_us, false);
	cr_assert_eq(webhook_queue_expire(&q, v.now_us + 1000 * SECOND, SECOND), 1);
	cr_assert_eq(q.len, 0);
}

/* By Python: hmac.new(b"0123456789abcdef", b"1795500900.{}", "sha256").hexdigest() */
Test(webhook, is_signed_as_others_sign)
{
	char hex[DIGEST_HEX];

	digest_sign("0123456789abcdef", "1795500900", "{}", hex);
	cr_assert_str_eq(hex, "fff88a04c2d68b480c1682e579a2d7289483ca42bb190084de9aba4424021246");
}
