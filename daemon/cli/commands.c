/* SPDX-License-Identifier: ISC */
/* The table of commands, and how a mistyped name finds the one that was meant. */
#include "daemon/cli/commands.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "daemon/cli/decide.h"
#include "daemon/cli/demo.h"
#include "daemon/cli/export.h"
#include "daemon/cli/forecast.h"
#include "daemon/cli/help.h"
#include "daemon/cli/hint.h"
#include "daemon/cli/hls.h"
#include "daemon/cli/links.h"
#include "daemon/cli/measure.h"
#include "daemon/cli/replay.h"
#include "daemon/cli/report.h"
#include "daemon/cli/status.h"
#include "daemon/cli/transfer.h"
#include "daemon/cli/watch.h"
#include "daemon/cli/why.h"

#define NAME_MAX_LEN 16

const struct command commands[] = {
	{ "status", cmd_status, "[--link ID] [--json] [--quiet]",
	    "one answer, and an exit status by state", status_help },
	{ "watch", cmd_watch, "[--wait] [--plain]", "the estimate live in this terminal",
	    watch_help },
	{ "why", cmd_why, "[--link ID] [--json]", "what the estimate rests on, in sentences",
	    why_help },
	{ "hint", cmd_hint, "--ladder KBPS,.. | --playlist FILE [--buffer S] [--segment S] ...",
	    "which rendition of a stream to fetch next", hint_help },
	{ "hls", cmd_hls, "[--port N] [--switch HOW] ... URL [-- PLAYER ...]",
	    "a gateway for video players that cannot adapt", hls_help },
	{ "transfer", cmd_transfer, "BYTES[k|M|G] [--up] [--json]",
	    "how long so many bytes would take", transfer_help },
	{ "forecast", cmd_forecast, "[--link ID] [--json]",
	    "outages ahead in the next minutes, goodput in the next hours",
	    forecast_help },
	{ "report", cmd_report, "--bytes N --duration-ms T ... | [--curl|--har] FILE",
	    "tell linkqd of requests that were timed elsewhere", report_help },
	{ "measure", cmd_measure, "[--over-budget] [--json]",
	    "a fresh measurement now, within the budget", measure_help },
	{ "links", cmd_links, "[--json]", "the links that this host was on", links_help },
	{ "name", cmd_name, "LINK NAME", "call a link by a name", name_help },
	{ "forget", cmd_forget, "LINK... | --all | --before T",
	    "forget what was learnt and recorded of links", forget_help },
	{ "export", cmd_export, "[--what WHAT] [--from T] [--to T] [--format csv|jsonl] [-o FILE]",
	    "the history as CSV or JSON lines", export_help },
	{ "replay", cmd_replay, "[--horizon S] < observations.csv > estimates.csv",
	    "estimates for observations from a file, without the daemon", replay_help },
	{ "decide", cmd_decide, "< questions.jsonl > decisions.jsonl",
	    "bitrate decisions for a player's questions, without the daemon", decide_help },
	{ "demo", cmd_demo, "[--fast] [--loopback] [-o FILE] [--keep]",
	    "a whole journey on this machine, no root and no Internet needed", demo_help },
	{ "help", cmd_help, "[COMMAND]", "show this list, or the options of one command",
	    "  linkq help status\n" },
};

const size_t commands_len = sizeof commands / sizeof commands[0];

const struct command *
command_find(const char *name)
{
	for (size_t i = 0; i < commands_len; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

/* Damerau's distance (adjacent swaps count one) of two short words, by the usual table. */
static size_t
distance(const char *a, const char *b)
{
	size_t d[NAME_MAX_LEN + 1][NAME_MAX_LEN + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > NAME_MAX_LEN || lb > NAME_MAX_LEN)
		return SIZE_MAX;
	for (size_t i = 0; i <= la; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		for (size_t j = 1; j <= lb; j++) {
			size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[la][lb];
}

const struct command *
command_nearest(const char *name)
{
	const struct command *nearest = NULL;
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < commands_len; i++) {
		size_t len = strlen(commands[i].name);
		size_t off = distance(name, commands[i].name);

		assert(len <= NAME_MAX_LEN);
		/* a beginning ("stat") is as good as one slip */
		if (strlen(name) >= 3 && strncmp(name, commands[i].name, strlen(name)) == 0)
			off = 1;
		if (off < least && off <= (len + 1) / 3) {
			least = off;
			nearest = &commands[i];
		}
	}
	return nearest;
}
