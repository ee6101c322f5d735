/* SPDX-License-Identifier: ISC */
/* Forgetting: rows of a link go, in portions, and those of others stay. */
#include "tests/daemon/history_help.h"
#include "tests/daemon/sql_help.h"

#include "daemon/history.h"

TestSuite(forget, .init = scratch_begin, .fini = scratch_end, .timeout = 120);

#define ROWS 50000 /* more than one portion looks at */

static struct api_estimate_row
row_of(const char *link, int64_t t_s)
{
	struct api_estimate_row r = estimate(0, 1000);

	r.wall_us = BASE + t_s * 1000000;
	(void)snprintf(r.link, sizeof r.link, "%s", link);
	return r;
}

static struct history *
open_history(void)
{
	struct history *h;

	cr_assert_eq(history_open(scratch_path("h.db"), &h, why, sizeof why), 0, "%s", why);
	return h;
}

/* Two links, a row a second each, and an event a minute. */
static struct history *
two_links(int rows)
{
	struct history *h = open_history();

	cr_assert_eq(history_begin(h), 0);
	for (int i = 0; i < rows; i++) {
		struct api_estimate_row a = row_of("home", i), b = row_of("train", i);
		struct api_event_row e = { .wall_us = a.wall_us, .kind = API_EVENT_NETWORK,
			.link = "train", .detail = "up" };

		cr_assert_eq(history_estimate(h, &a), 0);
		cr_assert_eq(history_estimate(h, &b), 0);
		if (i % 60 == 0)
			cr_assert_eq(history_event(h, &e), 0);
	}
	cr_assert_eq(history_put(h, "link/train", "x", 1), 0);
	cr_assert_eq(history_put(h, "link/home", "x", 1), 0);
	cr_assert_eq(history_put(h, "salt", "x", 1), 0);
	cr_assert_eq(history_commit(h), 0);
	return h;
}

static int64_t
forget_all_steps(struct history *h, int *steps)
{
	int64_t rows = 0;
	int got;

	*steps = 0;
	while ((got = history_forget_step(h, &rows)) == 1)
		(*steps)++;
	cr_assert_eq(got, 0);
	return rows;
}

static int64_t
count(const char *text)
{
	return number(scratch_path("h.db"), text);
}

Test(forget, takes_the_rows_of_one_link_in_portions_and_leaves_the_others)
{
	struct history *h = two_links(ROWS);
	int steps;

	while (history_sum_up(h, BASE + ROWS * INT64_C(1000000)) == 1)
		;
	cr_assert_gt(count("SELECT count(*) FROM minute WHERE link = 2"), 0);
	cr_assert_eq(history_forget(h, "train"), 1);
	cr_assert_geq(forget_all_steps(h, &steps), ROWS + ROWS / 60 + ROWS / 60);
	cr_assert_gt(steps, 8, "each looks at so much");
	cr_assert_eq(count("SELECT count(*) FROM estimate"), ROWS);
	cr_assert_eq(count("SELECT count(*) FROM event"), 0);
	cr_assert_eq(count("SELECT count(*) FROM minute WHERE link = 2"), 0);
	cr_assert_eq(count("SELECT count(*) FROM minute_detail WHERE (k & 65535) = 2"), 0);
	cr_assert_eq(count("SELECT count(*) FROM hour WHERE link = 2"), 0);
	cr_assert_gt(count("SELECT count(*) FROM minute WHERE link = 1"), 0);
	cr_assert_eq(count("SELECT count(*) FROM link"), 1);
	cr_assert_eq(count("SELECT count(*) FROM kept"), 2, "salt, and what was learnt at home");
	history_close(h);
}

Test(forget, keeps_what_comes_while_rows_still_go)
{
	struct history *h = two_links(100);
	struct api_estimate_row late = row_of("train", 5000);
	int steps;

	cr_assert_eq(history_forget(h, "train"), 1);
	cr_assert_eq(history_begin(h), 0);
	cr_assert_eq(history_estimate(h, &late), 0);
	cr_assert_eq(history_commit(h), 0);
	cr_assert_geq(forget_all_steps(h, &steps), 100);
	cr_assert_eq(count("SELECT count(*) FROM estimate JOIN link ON link = n"
			   " WHERE id = 'train'"), 1);
	history_close(h);
}

Test(forget, goes_on_after_a_restart)
{
	struct history *h = two_links(100);
	int steps;

	cr_assert_eq(history_forget(h, "train"), 1);
	history_close(h);
	h = open_history();
	cr_assert_geq(forget_all_steps(h, &steps), 100);
	cr_assert_eq(count("SELECT count(*) FROM estimate"), 100);
	history_close(h);
}

Test(forget, takes_all_of_it_but_not_what_belongs_to_the_host)
{
	struct history *h = two_links(100);
	struct api_event_row start = { .wall_us = BASE, .kind = API_EVENT_DAEMON,
		.detail = "start" };
	int steps;

	cr_assert_eq(history_begin(h), 0);
	cr_assert_eq(history_event(h, &start), 0);
	cr_assert_eq(history_commit(h), 0);
	cr_assert_eq(history_forget(h, NULL), 2);
	(void)forget_all_steps(h, &steps);
	cr_assert_eq(count("SELECT (SELECT count(*) FROM estimate) + (SELECT count(*) FROM event)"
			   " + (SELECT count(*) FROM link)"), 0);
	cr_assert_eq(count("SELECT count(*) FROM kept"), 1, "the salt");
	history_close(h);
}

Test(forget, takes_what_is_from_before_an_instant_and_links_unseen_since)
{
	struct api_link train = { .id = "train", .interface = "wlan0", .since_wall_us = BASE };
	int64_t seen = BASE + INT64_C(9000000000), rows = 0;
	struct history *h = two_links(600);
	int got;

	cr_assert_eq(history_begin(h), 0);
	cr_assert_eq(history_link(h, &train), 0);
	cr_assert_eq(history_put(h, "link/home", &seen, sizeof seen), 0);
	cr_assert_eq(history_commit(h), 0);
	while ((got = history_forget_before(h, BASE + INT64_C(300000000), &rows)) == 1)
		;
	cr_assert_eq(got, 0);
	while (history_forget_step(h, &rows) == 1)
		;
	cr_assert_eq(count("SELECT count(*) FROM estimate"), 300);
	cr_assert_eq(count("SELECT min(t) FROM estimate"), BASE / 1000000 + 300);
	cr_assert_eq(count("SELECT count(*) FROM link WHERE id = 'home'"), 1);
	cr_assert_eq(count("SELECT count(*) FROM link"), 1, "nobody saw the train since");
	cr_assert_geq(rows, 900);
	history_close(h);
}

Test(forget, is_told_when_it_is_done_and_how_much_it_was)
{
	struct store *st = open_store(scratch_path("h.db"));
	struct api_forget what = { .id = "k3f9" };
	int64_t asked, rows = 0;
	int err, waited_ms = 0;

	for (int i = 0; i < 10; i++) {
		struct api_estimate_row e = estimate(i, 1000);

		store_estimate(st, &e);
	}
	asked = store_forget(st, &what);
	cr_assert_gt(asked, 0);
	while ((err = store_forgotten(st, asked, &rows)) == -EAGAIN && waited_ms++ < 10000)
		(void)poll(NULL, 0, 1);
	cr_assert_eq(err, 0);
	cr_assert_eq(rows, 10, "also what only waited to be written");
	cr_assert_eq(store_forgotten(st, asked + 1, &rows), -ENOENT);
	store_close(st);
}
