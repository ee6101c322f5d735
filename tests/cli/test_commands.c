/* SPDX-License-Identifier: ISC */
/* The table of commands, and the numbers that options take. */
#include "daemon/cli/commands.h"

#include <criterion/criterion.h>

#include "daemon/cli/cli.h"

#define LEN(a) (sizeof(a) / sizeof(a)[0])

TestSuite(commands, .timeout = 10);

Test(commands, know_the_name_that_was_meant)
{
	static const struct {
		const char *typed, *meant;
	} cases[] = {
		{ "stauts", "status" }, { "stat", "status" }, { "statsu", "status" },
		{ "halp", "help" }, { "frobnicate", NULL }, { "", NULL }, { "s", NULL },
		{ "statusstatusstatusstatusstatus", NULL },
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		const struct command *near = command_nearest(cases[i].typed);

		if (cases[i].meant == NULL)
			cr_assert_null(near, "%s", cases[i].typed);
		else
			cr_assert(near != NULL && strcmp(near->name, cases[i].meant) == 0, "%s",
			    cases[i].typed);
	}
}

Test(commands, are_told_of_in_one_line_each)
{
	for (size_t i = 0; i < commands_len; i++) {
		cr_assert_leq(strlen(commands[i].name), 10);
		cr_assert_leq(strlen(commands[i].purpose), 66);
		cr_assert_eq(command_find(commands[i].name), &commands[i]);
	}
	cr_assert_null(command_find("stat"));
}

Test(commands, take_plain_numbers_only)
{
	static const char *const refused[] = { "", " 5", "5 ", "0x5", "inf", "nan", "1e3", "-1",
		"101", "1.2.3", "--1", "." };
	double n = -7;

	cr_assert(cli_number("5.5", 0, 100, &n));
	cr_assert_eq(n, 5.5);
	n = -7;
	for (size_t i = 0; i < LEN(refused); i++) {
		cr_assert_not(cli_number(refused[i], 0, 100, &n), "'%s'", refused[i]);
		cr_assert_eq(n, -7);
	}
}

Test(commands, take_bytes_with_a_unit)
{
	static const struct {
		const char *text;
		double want; /* 0: refused */
	} cases[] = {
		{ "1500", 1500 }, { "10k", 10e3 }, { "10K", 10e3 }, { "2.5M", 2.5e6 }, { "1G", 1e9 },
		{ "4Ki", 4096 }, { "1MiB", 1048576 }, { "5kB", 5e3 }, { "7B", 7 }, { "1.5", 1 },
		{ "0", 0 }, { "0.4", 0 }, { "-1", 0 }, { "M", 0 }, { "10x", 0 }, { "10kk", 0 },
		{ "", 0 }, { "9999T", 0 }, { "1e3", 0 }, { "5 k", 0 },
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		double n = 0;

		cr_assert_eq(cli_bytes(cases[i].text, &n), cases[i].want != 0, "%s", cases[i].text);
		cr_assert_eq(n, cases[i].want, "%s", cases[i].text);
	}
}
