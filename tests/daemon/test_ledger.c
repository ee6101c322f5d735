/* SPDX-License-Identifier: ISC */
/* Two hard limits, and what may be spent in turn; weeks in virtual time. */
#include <string.h>

#include <criterion/criterion.h>

#include "daemon/ledger.h"
#include "daemon/schedule.h"
#include "tests/sim/rng.h"

#define SECONDS(n) (INT64_C(1000000) * (n))
#define MS(n) (INT64_C(1000) * (n))
#define HOURS(n) SECONDS(3600 * (n))
#define WEEK_US HOURS(168)
#define HOUR_BYTES 4000000
#define DAY_BYTES 10000000
#define METERED_BYTES 1000000
#define ROWS 400000

static struct ledger ledger;

/* All that went over the wire, so that any hour and any day can be summed anew. */
static struct {
	int64_t at_us, bytes;
} row[ROWS];
static size_t rows;

static void
note(int64_t at_us, int64_t bytes)
{
	cr_assert_lt(rows, ROWS);
	row[rows].at_us = at_us;
	row[rows++].bytes = bytes;
}

/* The most of any window of this length, wherever it begins. */
static int64_t
worst(int64_t length_us)
{
	int64_t sum = 0, most = 0;
	size_t from = 0;

	for (size_t i = 0; i < rows; i++) {
		sum += row[i].bytes;
		while (row[from].at_us <= row[i].at_us - length_us)
			sum -= row[from++].bytes;
		most = sum > most ? sum : most;
	}
	return most;
}

Test(ledger, holds_what_may_be_spent_until_it_is_given_back, .timeout = 10)
{
	ledger_init(&ledger, 0, 1000, 5000);
	cr_assert(ledger_hold(&ledger, 0, 600));
	cr_assert_not(ledger_hold(&ledger, 0, 600));
	ledger_spend(&ledger, 0, 100, 50, false);
	ledger_release(&ledger, 600);
	cr_assert_eq(ledger_left(&ledger, 0), 850);
}

Test(ledger, gives_bytes_back_after_an_hour_and_not_before, .timeout = 10)
{
	ledger_init(&ledger, 0, 1000, 5000);
	ledger_spend(&ledger, SECONDS(10), 1000, 0, false);
	cr_assert_eq(ledger_left(&ledger, HOURS(1) + SECONDS(9)), 0);
	cr_assert_eq(ledger_left(&ledger, HOURS(1) + SECONDS(301)), 1000);
	cr_assert_eq(ledger_day_spent(&ledger, HOURS(24)), 1000);
	cr_assert_eq(ledger_resets_us(&ledger, HOURS(2)), HOURS(24) + SECONDS(1800));
	cr_assert_eq(ledger_day_spent(&ledger, HOURS(24) + SECONDS(1800)), 0);
	cr_assert_eq(ledger_resets_us(&ledger, HOURS(25)), -1);
}

Test(ledger, is_the_same_after_a_restart, .timeout = 10)
{
	struct ledger_memory m;
	struct ledger after;

	ledger_init(&ledger, 0, 1000, 5000);
	ledger_spend(&ledger, SECONDS(100), 700, 0, true);
	cr_assert(ledger_hold(&ledger, SECONDS(100), 200));
	ledger_save(&ledger, SECONDS(100), SECONDS(9000), &m);
	ledger_init(&after, SECONDS(3), 1000, 5000);
	cr_assert_eq(ledger_restore(&after, SECONDS(3), SECONDS(9050), &m), 0);
	cr_assert_eq(ledger_left(&after, SECONDS(3)), 100, "what was held may be spent");
	cr_assert_eq(ledger_left(&after, HOURS(1) + SECONDS(300)), 1000);
	cr_assert_eq(ledger_restore(&after, SECONDS(3), SECONDS(5), &m), 0);
	cr_assert_eq(ledger_left(&after, SECONDS(3)), 100, "a clock that went back gives nothing");
	m.hour[3] = -5;
	cr_assert_neq(ledger_restore(&after, SECONDS(3), SECONDS(9050), &m), 0);
}

Test(ledger, counts_the_time_that_the_host_slept, .timeout = 10)
{
	ledger_init(&ledger, 0, 100000, 500000);
	ledger_spend(&ledger, 0, 100000, 0, true);
	ledger_slept(&ledger, HOURS(8));
	cr_assert_eq(ledger_left(&ledger, SECONDS(1)), 100000);
	cr_assert_gt(ledger_allowance(&ledger, SECONDS(1)), 0);
}

Test(ledger, spreads_what_is_asked_in_turn_over_the_day, .timeout = 10)
{
	int64_t first, spent = 0;

	ledger_init(&ledger, 0, HOUR_BYTES, DAY_BYTES);
	first = ledger_allowance(&ledger, 0);
	cr_assert_eq(first, 2000000, "what a start may take");
	for (int64_t t = 0; t < HOURS(24); t += SECONDS(1)) {
		int64_t n = ledger_allowance(&ledger, t);

		ledger_spend(&ledger, t, n, 0, true);
		spent += n;
		if (t == HOURS(1))
			cr_assert_leq(spent, first + 300000);
	}
	cr_assert(spent > 7800000 && spent < 8400000, "%ld in turn, the rest is for stalls",
	    (long)spent);
}

/* Whoever asks what, at the worst, with limits that change and restarts in between. */
Test(ledger, never_passes_a_limit_in_any_hour_or_day_of_a_week, .timeout = 60)
{
	struct rng rng;
	int64_t held[8] = { 0 }, until[8], wall_us = SECONDS(1000000), refused = 0;

	rng.state = 11;
	rows = 0;
	ledger_init(&ledger, 0, HOUR_BYTES, DAY_BYTES);
	for (int64_t t = 0; t < WEEK_US; t += MS(5000)) {
		int k = (int)(rng_next(&rng) % 8);

		if (held[k] > 0 && t >= until[k]) {
			int64_t bytes = (int64_t)(rng_next(&rng) % (uint64_t)(held[k] + 1));

			ledger_spend(&ledger, t, bytes, 0, rng_next(&rng) % 2);
			note(t, bytes);
			ledger_release(&ledger, held[k]);
			held[k] = 0;
		} else if (held[k] == 0) {
			int64_t most = (int64_t)(rng_next(&rng) % 1000000);

			if (ledger_hold(&ledger, t, most))
				held[k] = most;
			else
				refused++;
			until[k] = t + (int64_t)(rng_next(&rng) % SECONDS(20));
		}
		if (rng_next(&rng) % 5000 == 0) {
			struct ledger_memory m;

			for (int i = 0; i < 8; i++) {
				note(t, held[i]); /* killed: all of it went */
				held[i] = 0;
			}
			ledger_save(&ledger, t, wall_us + t, &m);
			ledger_init(&ledger, t, HOUR_BYTES, DAY_BYTES);
			cr_assert_eq(ledger_restore(&ledger, t, wall_us + t, &m), 0);
		}
	}
	cr_assert_gt(refused, 1000, "it was tried");
	cr_assert_leq(worst(HOURS(1)), HOUR_BYTES);
	cr_assert_leq(worst(HOURS(24)), DAY_BYTES);
	cr_assert_gt(worst(HOURS(24)), DAY_BYTES * 8 / 10);
}

/* --- a week of the schedule, on a link with outages, with heartbeats -------------------------- */

#define BEAT_BYTES 132

struct week {
	struct sched sched;
	struct est_snapshot belief;
	int64_t beat_us, beats, missed, asked;
};

static void
end_flight(struct week *w, int64_t now_us, int f, bool dead)
{
	struct sched_end end = { .answered = !dead, .failed = dead, .ttfb_us = MS(50),
		.connect_us = -1, .rtt_us = -1, .body_bytes = 0 };
	int64_t bytes = dead ? 2 * 88 : w->sched.flight[f].fresh ? 1300 : 600;

	if (w->sched.target[w->sched.flight[f].target].kind == CONF_DOWNLOAD && !dead)
		bytes = w->sched.flight[f].held_bytes < 90000 ? w->sched.flight[f].held_bytes : 90000;
	ledger_spend(w->sched.ledger, now_us, bytes, 0, !dead);
	note(now_us, bytes);
	sched_ended(&w->sched, now_us, f, &end);
}

static void
live(struct week *w, int64_t now_us, bool dead)
{
	enum sched_verdict v[SCHED_FLIGHTS_MAX];
	struct sched_ask ask;

	w->belief.state = dead ? EST_OFFLINE : EST_ONLINE;
	for (int f = 0; f < SCHED_FLIGHTS_MAX; f++)
		if (w->sched.flight[f].used &&
		    (!dead || now_us - w->sched.flight[f].started_us >= SCHED_CALL_US))
			end_flight(w, now_us, f, dead);
	sched_judge(&w->sched, now_us, &w->belief, v);
	while (sched_next(&w->sched, now_us, &w->belief, &ask) &&
	    sched_started(&w->sched, now_us, &ask) >= 0)
		w->asked++;
	if (dead || now_us - w->beat_us < sched_beat_us(&w->sched, now_us))
		return;
	w->beat_us = now_us;
	if (sched_wants_beats(&w->sched, now_us)) {
		w->beats++;
		ledger_spend(w->sched.ledger, now_us, BEAT_BYTES / 2, BEAT_BYTES / 2, true);
		note(now_us, BEAT_BYTES);
	} else {
		w->missed++;
	}
}

static void
begin_week(struct week *w)
{
	static struct conf c;

	memset(&c, 0, sizeof(c));
	c.probe_interval_us = SECONDS(2);
	c.stranger_interval_us = c.download_interval_us = SECONDS(30);
	c.upload_interval_us = SECONDS(300);
	c.budget_hour_bytes = HOUR_BYTES;
	c.budget_day_bytes = DAY_BYTES;
	c.budget_metered_bytes = METERED_BYTES;
	c.probe.len = 3;
	for (size_t i = 0; i < 3; i++) {
		c.probe.at[i].own = true;
		strcpy(c.probe.at[i].url, "http://192.0.2.1/");
		c.probe.at[i].url[15] = (char)('1' + i);
	}
	c.probe.at[2].kind = CONF_DOWNLOAD;
	memset(w, 0, sizeof(*w));
	rows = 0;
	sched_init(&w->sched, 0, &c);
	/* Never certain: it would download all the time. */
	w->belief.rate[EST_DOWN] = (struct est_rate){ true, 500, 4000, 9000 };
}

/* An outage of a minute each hour, one of ten hours on the third day. */
static bool
is_dead(int64_t t)
{
	return t % HOURS(1) < SECONDS(60) || (t > HOURS(50) && t < HOURS(60));
}

Test(ledger, lets_the_heartbeat_through_all_week_within_the_preset_budget, .timeout = 120)
{
	static struct week w;

	begin_week(&w);
	for (int64_t t = 0; t < WEEK_US; t += MS(1000))
		live(&w, t, is_dead(t));
	cr_assert_leq(worst(HOURS(1)), HOUR_BYTES);
	cr_assert_leq(worst(HOURS(24)), DAY_BYTES, "%ld", (long)worst(HOURS(24)));
	cr_assert_eq(w.missed, 0, "%ld heartbeats of %ld missing", (long)w.missed,
	    (long)(w.beats + w.missed));
	cr_assert_gt(w.asked, 20000);
}

Test(ledger, lets_a_rarer_heartbeat_through_all_week_where_it_is_metered, .timeout = 120)
{
	static struct week w;

	begin_week(&w);
	sched_metered(&w.sched, 0, true);
	cr_assert_geq(sched_beat_us(&w.sched, 0), SECONDS(20));
	for (int64_t t = 0; t < WEEK_US; t += MS(1000))
		live(&w, t, is_dead(t));
	cr_assert_leq(worst(HOURS(1)), METERED_BYTES);
	cr_assert_leq(worst(HOURS(24)), METERED_BYTES, "%ld", (long)worst(HOURS(24)));
	cr_assert_leq(w.missed * 50, w.beats, "%ld heartbeats of %ld missing", (long)w.missed,
	    (long)(w.beats + w.missed));
	cr_assert_gt(w.asked, 2000);
}

Test(ledger, leaves_no_debt_when_it_becomes_metered, .timeout = 10)
{
	ledger_init(&ledger, 0, HOUR_BYTES, DAY_BYTES);
	ledger_spend(&ledger, 0, 1500000, 0, true);
	ledger_limit(&ledger, 0, HOUR_BYTES, METERED_BYTES);
	cr_assert_eq(ledger_allowance(&ledger, 0), 0);
	cr_assert_eq(ledger_left(&ledger, 0), 0, "the day has more than that already");
	ledger_limit(&ledger, SECONDS(1), HOUR_BYTES, DAY_BYTES);
	cr_assert_gt(ledger_allowance(&ledger, SECONDS(1)), 0);
}

/* Six hours of a link that is as well known as the other: what did asking cost? */
static int64_t
cost_of_hours(struct week *w, bool traffic)
{
	int64_t spent = 0;

	begin_week(w);
	for (int64_t t = 0; t < HOURS(6); t += MS(500)) {
		if (traffic)
			sched_heard_others(&w->sched, t);
		live(w, t, false);
	}
	for (size_t i = 0; i < rows; i++)
		spent += row[i].bytes;
	return spent;
}

Test(ledger, spends_next_to_nothing_while_traffic_informs, .timeout = 60)
{
	static struct week w;
	int64_t idle = cost_of_hours(&w, false), busy = cost_of_hours(&w, true);

	cr_log_info("idle %ld bytes, beside traffic %ld", (long)idle, (long)busy);
	cr_assert_leq(busy * 20, idle, "%ld bytes beside traffic, %ld without", (long)busy,
	    (long)idle);
}

Test(ledger, stays_within_a_budget_that_is_far_too_small, .timeout = 120)
{
	static struct week w;

	begin_week(&w);
	ledger_init(w.sched.ledger, 0, 60000, 300000);
	for (int64_t t = 0; t < WEEK_US; t += MS(1000))
		live(&w, t, is_dead(t));
	cr_assert_leq(worst(HOURS(1)), 60000);
	cr_assert_leq(worst(HOURS(24)), 300000);
	cr_assert_gt(w.asked, 100);
}
