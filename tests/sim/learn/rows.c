/* SPDX-License-Identifier: ISC */
/* Recorded rides to learn from. */
#include "daemon/cli/replay_rows.h"
#include "tests/sim/learn/cases.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TRUTH "truth_kbps"

/* The last field of a line; NULL: it has but one. */
static const char *
last_field(char *line)
{
	const char *comma;

	line[strcspn(line, "\r\n")] = '\0';
	comma = strrchr(line, ',');
	return comma == NULL ? NULL : comma + 1;
}

/* NAN: there is none, at this row or at all. */
static bool
truth_parse(char *line, float *truth)
{
	const char *text = last_field(line);
	char *end;

	*truth = NAN;
	if (text == NULL || *text == '\0')
		return true;
	*truth = strtof(text, &end);
	return *end == '\0' && isfinite(*truth) && *truth >= 0.0f;
}

static void
feed(struct est *e, const struct replay_row *row)
{
	if (row->kind == REPLAY_TRANSFER || row->kind == REPLAY_PROGRESS)
		est_add(e, row->t_us, &row->sample);
	else if (row->kind == REPLAY_RTT)
		est_add_rtt(e, row->t_us, EST_PROBE, row->rtt_us, row->answered);
	est_tick(e, row->t_us);
}

static const char *
header_of(struct replay_header *header, char *line, char *why, size_t len)
{
	const char *last = last_field(line);

	if (last == NULL || strcmp(last, TRUTH) != 0)
		return "the last column has to be " TRUTH;
	return replay_header_parse(header, line, why, len);
}

const char *
cases_of_rows(struct cases *c, FILE *in, long *line, char *why, size_t len)
{
	static struct est est;
	struct replay_header header;
	struct replay_row row;
	const char *wrong = "no header";
	int64_t last_us = INT64_MIN;
	char *text = NULL;
	size_t cap = 0;
	float truth = NAN;

	for (*line = 0; getline(&text, &cap, in) >= 0;) {
		if (++*line == 1) {
			wrong = header_of(&header, text, why, len);
		} else if (!truth_parse(text, &truth)) {
			wrong = TRUTH " is no rate";
		} else {
			wrong = replay_row_parse(&header, text, &row, why, len);
			if (wrong == NULL && row.t_us < last_us)
				wrong = "time runs backwards";
		}
		if (wrong != NULL)
			break;
		if (*line == 1)
			continue;
		if (last_us == INT64_MIN)
			est_init(&est, EST_LINK_OTHER, row.t_us);
		last_us = row.t_us;
		feed(&est, &row);
		if (!isnan(truth))
			cases_add(c, &est, row.t_us, level_of_kbps(truth));
	}
	free(text);
	return wrong;
}
