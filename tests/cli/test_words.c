/* SPDX-License-Identifier: ISC */
/* Numbers as people read them, and text that a terminal can be given. */
#include "daemon/cli/words.h"

#include <math.h>

#include <criterion/criterion.h>

#define LEN(a) (sizeof(a) / sizeof(a)[0])

TestSuite(words, .timeout = 10);

struct number_case {
	double n;
	const char *want;
};

Test(words, choose_the_unit_of_a_rate)
{
	static const struct number_case cases[] = {
		{ 0, "0 kbit/s" }, { 3, "3 kbit/s" }, { 850, "850 kbit/s" },
		{ 999.6, "1.0 Mbit/s" }, { 5200, "5.2 Mbit/s" }, { 9949, "9.9 Mbit/s" },
		{ 9951, "10 Mbit/s" }, { 18000, "18 Mbit/s" }, { 999600, "1.0 Gbit/s" },
		{ (double)NAN, "unknown" },
	};

	for (size_t i = 0; i < LEN(cases); i++)
		cr_assert_str_eq(words_kbps(cases[i].n).s, cases[i].want);
}

Test(words, give_both_ends_of_a_band_one_unit_unless_that_hides_one)
{
	cr_assert_str_eq(words_band(3300, 7600).s, "3.3 to 7.6 Mbit/s");
	cr_assert_str_eq(words_band(800, 1500).s, "0.8 to 1.5 Mbit/s");
	cr_assert_str_eq(words_band(12, 7600).s, "12 kbit/s to 7.6 Mbit/s");
	cr_assert_str_eq(words_band(12, 76).s, "12 to 76 kbit/s");
	cr_assert_str_eq(words_band((double)NAN, 76).s, "unknown");
}

Test(words, tell_lengths_of_time_in_two_units_at_most)
{
	static const struct number_case cases[] = {
		{ 0, "0 s" }, { 1.3, "1.3 s" }, { 9, "9 s" }, { 42.4, "42 s" }, { 60, "1 min" },
		{ 200, "3 min 20 s" }, { 7500, "2 h 5 min" }, { 273600, "3 d 4 h" },
		{ -1, "unknown" }, { (double)NAN, "unknown" }, { 1e300, "unknown" },
	};

	for (size_t i = 0; i < LEN(cases); i++)
		cr_assert_str_eq(words_s(cases[i].n).s, cases[i].want);
	cr_assert_str_eq(words_ms(3.42).s, "3.4 ms");
	cr_assert_str_eq(words_ms(45).s, "45 ms");
	cr_assert_str_eq(words_ms(1200).s, "1.2 s");
}

Test(words, count_bytes_in_thousands)
{
	cr_assert_str_eq(words_bytes(512).s, "512 B");
	cr_assert_str_eq(words_bytes(12000).s, "12 kB");
	cr_assert_str_eq(words_bytes(3.4e6).s, "3.4 MB");
	cr_assert_str_eq(words_bytes(3e16).s, "30000 TB");
	cr_assert_str_eq(words_percent(0.002).s, "0.2 %");
	cr_assert_str_eq(words_percent(0.82).s, "82 %");
	cr_assert_str_eq(words_percent((double)NAN).s, "unknown");
}

Test(words, let_no_control_character_reach_the_terminal)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "a\033[31mb\n", "a?[31mb?" },
		{ "c1: \xc2\x9b" "31m", "c1: ?31m" },
		{ "cut \xc3", "cut ?" },
		{ "overlong \xc0\xaf", "overlong ??" },
		{ "surrogate \xed\xa0\x80", "surrogate ???" },
		{ "", "" },
	};
	char out[64], small[6];

	for (size_t i = 0; i < LEN(cases); i++)
		cr_assert_str_eq(words_clean(cases[i].text, out, sizeof out), cases[i].want);
	/* never half a character */
	cr_assert_str_eq(words_clean("abcd\xc3\xa9", small, sizeof small), "abcd");
	cr_assert_str_eq(words_clean("abc\xc3\xa9", small, sizeof small), "abc\xc3\xa9");
}

Test(words, of_any_rates_fit_into_their_columns)
{
	for (double low = 0.1; low < 2e6; low *= 1.09) {
		cr_assert_leq(strlen(words_kbps(low).s), 10, "%s", words_kbps(low).s);
		for (double high = low; high < 2e6; high *= 1.07)
			cr_assert_leq(strlen(words_band(low, high).s), 24, "%s",
			    words_band(low, high).s);
	}
}
