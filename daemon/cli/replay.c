/* SPDX-License-Identifier: ISC */
/* linkq replay: observations in, estimates out, as CSV; no daemon and no clock. */
#include "daemon/cli/replay.h"

#include "api/buf.h"
#include "daemon/cli/cli.h"
#include "daemon/cli/replay_rows.h"
#include "estimator/estimator.h"

#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX_BYTES 400

const char replay_help[] =
    "  --horizon S   seconds ahead that the quantiles are for (5)\n\n"
    "Reads CSV from standard input, one event a line in order of time, columns by name:\n"
    "t_s, kind (transfer, progress, rtt, tick), bytes, duration_s, ttfb_s, ok, and if you\n"
    "like id, direction, connect_s. Writes an estimate for each line. The same input gives\n"
    "the same bytes.\n\n"
    "  linkq replay < ride.csv > estimates.csv\n";

enum { OPT_HORIZON = 1 };

struct replay {
	struct est est;
	struct est_change change; /* the last one that was written */
	int64_t horizon_us;
};

static void
write_rate(struct buf *b, const struct est_rate *r)
{
	const int64_t kbps[] = { r->kbps_p10, r->kbps_p50, r->kbps_p90 };

	for (int k = 0; k < 3; k++) {
		buf_char(b, ',');
		if (r->known)
			buf_int(b, kbps[k]);
	}
}

static void
write_estimate(struct replay *r, int64_t t_us)
{
	char line[LINE_MAX_BYTES];
	struct est_snapshot s;
	struct buf b;

	est_read(&r->est, t_us, r->horizon_us, &s);
	buf_init(&b, line, sizeof line);
	buf_fixed(&b, t_us, 6);
	write_rate(&b, &s.rate[EST_DOWN]);
	buf_char(&b, ',');
	if (s.rtt.known)
		buf_fixed(&b, (s.rtt.us_p50 + 50) / 100, 1);
	buf_char(&b, ',');
	buf_text(&b, est_state_name(s.state));
	buf_char(&b, ',');
	buf_text(&b, est_quality_name(s.quality));
	buf_char(&b, ',');
	if (s.change.kind != r->change.kind || s.change.at_us != r->change.at_us)
		buf_text(&b, est_change_name(s.change.kind));
	buf_char(&b, '\n');
	r->change = s.change;
	fwrite(line, 1, b.len, stdout);
}

static void
feed(struct est *e, const struct replay_row *row)
{
	switch (row->kind) {
	case REPLAY_TRANSFER:
	case REPLAY_PROGRESS:
		est_add(e, row->t_us, &row->sample);
		break;
	case REPLAY_RTT:
		est_add_rtt(e, row->t_us, EST_PROBE, row->rtt_us, row->answered);
		break;
	case REPLAY_TICK:
		est_tick(e, row->t_us);
		break;
	}
}

static int
replay(char **argv, struct replay *r)
{
	struct replay_header header;
	struct replay_row row;
	const char *wrong = NULL;
	char *line = NULL, why[120];
	int64_t last_us = INT64_MIN;
	size_t cap = 0;
	long n = 0;
	int status = CLI_OK;

	while (getline(&line, &cap, stdin) >= 0) {
		if (++n == 1) {
			wrong = replay_header_parse(&header, line, why, sizeof why);
			if (wrong != NULL)
				break;
			puts("t_s,down_kbps_p10,down_kbps_p50,down_kbps_p90,rtt_ms_p50,"
			     "state,quality,change");
			continue;
		}
		wrong = replay_row_parse(&header, line, &row, why, sizeof why);
		if (wrong == NULL && row.t_us < last_us)
			wrong = "time runs backwards";
		if (wrong != NULL)
			break;
		if (last_us == INT64_MIN)
			est_init(&r->est, EST_LINK_OTHER, row.t_us);
		last_us = row.t_us;
		feed(&r->est, &row);
		write_estimate(r, row.t_us);
	}
	if (n == 0)
		wrong = "no header";
	if (wrong != NULL)
		status = cli_fail(argv, "line %ld: %s.", n > 0 ? n : 1, wrong);
	free(line);
	return status;
}

int
cmd_replay(int argc, char **argv)
{
	static const struct option options[] = {
		{ "horizon", required_argument, NULL, OPT_HORIZON },
		CLI_LONG_OPTIONS,
	};
	struct replay *r;
	double horizon_s = 5.0;
	int opt, status;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (opt == OPT_HORIZON) {
			if (!cli_number(optarg, 0.5, 3600.0, &horizon_s))
				return cli_usage(argv,
				    "--horizon is in seconds, from 0.5 to 3600.");
		} else if (!cli_common_option(opt, argv, &status)) {
			return status;
		}
	}
	if (optind < argc)
		return cli_usage(argv, "reads standard input; '%s' is one word too many.",
		    argv[optind]);
	r = calloc(1, sizeof *r);
	if (r == NULL)
		return cli_fail(argv, "out of memory.");
	r->horizon_us = (int64_t)(horizon_s * 1e6);
	status = replay(argv, r);
	free(r);
	return cli_end(argv, status);
}
