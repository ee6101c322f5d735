/* SPDX-License-Identifier: ISC */
/* Scripts of links, and how a wire follows them. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/lab/script.h"
#include "daemon/lab/wire.h"

#define SECOND_NS INT64_C(1000000000)

static char why[160];
static struct script script;
static struct truth truth;
static struct wire wire;

TestSuite(script, .timeout = 10);
TestSuite(wire, .timeout = 10);

static const char tunnel[] =
    "t_s,down_kbps,up_kbps,rtt_ms\n0,10000,4000,45\n# the tunnel\n15,0,0\n27,10000,4000\n";

Test(script, keeps_what_a_row_does_not_say)
{
	cr_assert(zero(int, script_parse(tunnel, &script, why, sizeof why)), "%s", why);
	cr_assert(eq(sz, script.len, 3));
	cr_assert(eq(i64, script.row[1][SCRIPT_T], 15000000));
	cr_assert(eq(i64, script.row[1][SCRIPT_DOWN], 0));
	cr_assert(eq(i64, script.row[2][SCRIPT_RTT], 45000));
	cr_assert(eq(i64, script.row[2][SCRIPT_LOSS], 0));
	cr_assert(eq(i64, script.row[2][SCRIPT_QUEUE], 250000));
}

Test(script, takes_semicolons_for_line_ends_and_all_columns)
{
	cr_assert(zero(int, script_parse("0,200,100,400,0.5,30,900;1.5,,,,,,2000", &script, why,
	    sizeof why)), "%s", why);
	cr_assert(eq(i64, script.row[0][SCRIPT_LOSS], 5000));
	cr_assert(eq(i64, script.row[0][SCRIPT_JITTER], 30000));
	cr_assert(eq(i64, script.row[1][SCRIPT_T], 1500000));
	cr_assert(eq(i64, script.row[1][SCRIPT_DOWN], 200));
	cr_assert(eq(i64, script.row[1][SCRIPT_QUEUE], 2000000));
}

Test(script, says_what_is_wrong_and_where)
{
	static const struct {
		const char *text, *says;
	} wrong[] = {
		{ "", "no rows" },
		{ "t_s,down_kbps\n", "no rows" },
		{ "0,1000,1000", "line 1: rtt_ms is missing" },
		{ "0,1000,1000,40\n,0,0", "line 2: t_s is missing" },
		{ "0,1000,1000,40\n\n5,0,0\n4,1,1", "line 4: t_s goes back" },
		{ "0,-1,1000,40", "line 1: down_kbps: a number" },
		{ "0,1e9,1000,40", "line 1: down_kbps: a number" },
		{ "0,nan,1000,40", "line 1: down_kbps: a number" },
		{ "0,1000,1000,40x", "line 1: rtt_ms: a number" },
		{ "0,1000,1000,40,101", "line 1: loss_pct: a number" },
		{ "0,1,1,1,1,1,1,1", "line 1: more than 7 columns" },
	};
	struct script before;

	script_parse("0,1,1,1", &script, why, sizeof why);
	before = script;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		cr_assert(eq(int, script_parse(wrong[i].text, &script, why, sizeof why), -22));
		cr_assert(strstr(why, wrong[i].says) != NULL, "%s: got %s", wrong[i].says, why);
		cr_assert(zero(int, memcmp(&script, &before, sizeof script)));
	}
}

Test(script, has_a_most_of_rows_and_of_text)
{
	static char text[SCRIPT_TEXT_MAX + 8];
	char *p = text;

	for (int i = 0; i < SCRIPT_ROWS_MAX; i++)
		p += sprintf(p, "%d,1,1,1;", i);
	cr_assert(zero(int, script_parse(text, &script, why, sizeof why)));
	strcpy(p, "999,1,1,1");
	cr_assert(eq(int, script_parse(text, &script, why, sizeof why), -22));
	memset(text, ' ', sizeof text - 1);
	cr_assert(eq(int, script_parse(text, &script, why, sizeof why), -22));
}

static void
start(const char *text, FILE *log)
{
	cr_assert(zero(int, script_parse(text, &script, why, sizeof why)), "%s", why);
	cr_assert(zero(int, wire_init(&wire, &script, 1, &truth, log, SECOND_NS)));
}

Test(wire, follows_rows_at_their_own_instants_however_late_it_is_asked)
{
	start(tunnel, NULL);
	wire_run(&wire, 41 * SECOND_NS);
	cr_assert(eq(i64, truth.outages, 1));
	cr_assert(eq(i64, truth.outage[0].begin_us, 16000000));
	cr_assert(eq(i64, truth.outage[0].end_us, 28000000));
	cr_assert(eq(i64, truth.down.kbps, 10000));
	cr_assert(eq(i64, truth.rtt_us, 45000));
	/* 40 s less 12 s of nothing, at 1250 kB/s */
	cr_assert(eq(i64, wire.down.count.capacity_bytes, 28 * 1250000));
	wire_finish(&wire);
}

Test(wire, says_that_an_outage_is_open_until_it_ends)
{
	start(tunnel, NULL);
	wire_run(&wire, 20 * SECOND_NS);
	cr_assert(eq(i64, truth.outages, 1));
	cr_assert(eq(i64, truth.outage[0].end_us, 0));
	cr_assert(eq(i64, truth.down.kbps, 0));
	wire_finish(&wire);
}

Test(wire, wakes_for_the_next_row_and_the_next_period)
{
	start("0,1000,1000,10;0.15,2000,1000,10", NULL);
	cr_assert(eq(i64, wire_next_ns(&wire), SECOND_NS + WIRE_PERIOD_NS));
	wire_run(&wire, SECOND_NS + WIRE_PERIOD_NS);
	cr_assert(eq(i64, wire_next_ns(&wire), SECOND_NS + WIRE_PERIOD_NS * 3 / 2));
	wire_finish(&wire);
}

Test(wire, logs_a_line_each_period_with_the_truth_of_it)
{
	static char text[4096];
	static const unsigned char packet[HOP_PACKET_MAX];
	FILE *log = fmemopen(text, sizeof text, "w");
	char *line, *second;

	start("0,1200,600,40;0.15,0,0", log);
	hop_offer(&wire.down, SECOND_NS, packet, sizeof packet, 0);
	wire_run(&wire, 2 * SECOND_NS);
	fclose(log);
	line = strchr(text, '\n') + 1;
	second = strchr(line, '\n') + 1;
	cr_assert(zero(int, strncmp(line, "0.1,1.100,1200,600,40.0,1200,600,120,0,0.0,", 43)),
	    "%s", line);
	cr_assert(zero(int, strncmp(second, "0.2,1.200,0,0,40.0,600,300,0,0,", 31)), "%s", second);
	wire_finish(&wire);
}

Test(wire, takes_another_script_from_its_socket)
{
	static const char *const sent[] = { "0,500,500,10", "nonsense" };
	int fd[2];

	start(tunnel, NULL);
	cr_assert(zero(int, socketpair(AF_UNIX, SOCK_DGRAM, 0, fd)));
	for (int i = 0; i < 2; i++) {
		cr_assert(ge(i64, send(fd[0], sent[i], strlen(sent[i]), 0), 1));
		wire_listen(&wire, fd[1], (2 + i) * SECOND_NS);
		cr_assert(eq(i64, truth.down.kbps, 500));
		cr_assert(eq(i64, truth.script_us, 2000000));
	}
	wire_listen(&wire, fd[1], 5 * SECOND_NS); /* nothing there */
	close(fd[0]);
	close(fd[1]);
	wire_finish(&wire);
}
