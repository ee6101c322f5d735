/* SPDX-License-Identifier: ISC */
/* How long what lasted, beside the same counted second by second. */
#include "history_help.h"

#include "daemon/history.h"

TestSuite(conditions, .init = scratch_begin, .fini = scratch_end, .timeout = 60);

#define SPAN 20000

static int held[SPAN + 60]; /* 1 + state * 8 + quality; 0: nothing */

/* A link that is busy, idle and away by turns. */
static void
fill(const char *path, bool sum_up)
{
	struct history *h;

	log_open(LOG_LEVEL_ERROR, true);
	cr_assert_eq(history_open(path, &h, why, sizeof why), 0, "%s", why);
	srandom(11);
	cr_assert_eq(history_begin(h), 0);
	for (int s = 0; s < SPAN; s++) {
		long every = s / 700 % 3 == 0 ? 1 : s / 700 % 3 == 1 ? 45 : 900;
		struct api_estimate_row e = estimate(s, 1000);

		if (random() % every != 0)
			continue;
		e.state = (enum est_state)(random() % EST_STATES);
		e.quality = (enum est_quality)(random() % EST_QUALITIES);
		cr_assert_eq(history_estimate(h, &e), 0);
		for (int i = 0; i < 60; i++)
			held[s + i] = 1 + (int)e.state * 8 + (int)e.quality;
	}
	cr_assert_eq(history_commit(h), 0);
	while (sum_up && history_sum_up(h, BASE + 2 * SPAN * SECOND) > 0)
		;
	history_close(h);
}

static struct text
ask(struct store *st, int64_t from_s, int64_t to_s, bool by_hour)
{
	struct api_range range = { .what = API_CONDITIONS, .format = API_CSV,
		.from_wall_us = BASE + from_s * SECOND, .to_wall_us = BASE + to_s * SECOND,
		.by_hour = by_hour };

	return export(st, &range);
}

static int
find(const char *const *words, int n, const char *word)
{
	for (int i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

/* Each row against the seconds, and all of them against the window. */
static void
check(struct store *st, int from, int to, bool by_hour)
{
	struct text t = ask(st, from, to, by_hour);
	int64_t sum = 0;
	char *save = NULL;
	const char *states[EST_STATES], *qualities[EST_QUALITIES];

	for (int i = 0; i < EST_STATES; i++)
		states[i] = est_state_name((enum est_state)i);
	for (int i = 0; i < EST_QUALITIES; i++)
		qualities[i] = est_quality_name((enum est_quality)i);
	(void)strtok_r(t.at, "\n", &save);
	for (char *line; (line = strtok_r(NULL, "\n", &save)) != NULL;) {
		char state[16], quality[16], *at = line;
		long long seconds, count = 0;
		int hour = -1, value;

		for (int comma = 0; comma < 3; comma++) /* behind the link, which may be none */
			at = strchr(at, ',') + 1;
		cr_assert_eq(sscanf(at, "%15[^,],%15[^,],%lld,%d", state, quality, &seconds,
		    &hour), by_hour ? 4 : 3, "%s", line);
		value = strcmp(state, "no_data") == 0 ? 0 :
		    1 + find(states, EST_STATES, state) * 8 +
			find(qualities, EST_QUALITIES, quality);
		for (int s = from; s < to; s++)
			count += (s < 0 || s >= SPAN + 60 ? 0 : held[s]) == value &&
			    (!by_hour || (BASE / SECOND + s) / 3600 % 24 == hour);
		cr_assert_eq(seconds, count, "%s: %lld", line, count);
		sum += seconds;
	}
	cr_assert_eq(sum, to - from);
	free(t.at);
}

static void
check_windows(struct store *st)
{
	check(st, -3600, 2 * SPAN, false);
	check(st, 0, SPAN, true);
	for (int i = 0; i < 60; i++) {
		int from = (int)(random() % SPAN), to = from + 1 + (int)(random() % SPAN);

		check(st, from, to, i % 3 == 0);
		check(st, from, from + 1 + (int)(random() % 100), false);
		check(st, from - from % 60, to - to % 3600 + 3600, false);
	}
}

Test(conditions, count_each_second_of_a_window_once)
{
	struct store *st;

	fill(scratch_path("h.db"), true);
	st = open_store(scratch_path("h.db"));
	check_windows(st);
	store_close(st);
}

Test(conditions, count_what_is_not_summed_up_at_all)
{
	struct store *st;

	fill(scratch_path("h.db"), false);
	st = open_store(scratch_path("h.db"));
	check_windows(st);
	store_close(st);
}

Test(conditions, say_no_data_of_a_window_without_any)
{
	struct store *st = open_store(scratch_path("h.db"));
	struct text t = ask(st, 0, 100, false);

	cr_assert_str_eq(t.at, "from,to,link,state,quality,seconds\n"
	    "2025-11-24T16:00:00.000Z,2025-11-24T16:01:40.000Z,,no_data,unknown,100\n");
	free(t.at);
	t = ask(st, 0, 0, false);
	cr_assert_str_eq(t.at, "from,to,link,state,quality,seconds\n");
	free(t.at);
	store_close(st);
}
