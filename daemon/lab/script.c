/* SPDX-License-Identifier: ISC */
/* What a link does over time, from text. */
#include "daemon/lab/script.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	double unit; /* ours in one of theirs */
	double most; /* in theirs */
} column[SCRIPT_COLUMNS] = {
	[SCRIPT_T] = { "t_s", 1e6, 86400 },
	[SCRIPT_DOWN] = { "down_kbps", 1, 10e6 },
	[SCRIPT_UP] = { "up_kbps", 1, 10e6 },
	[SCRIPT_RTT] = { "rtt_ms", 1e3, 60000 },
	[SCRIPT_LOSS] = { "loss_pct", 1e4, 100 },
	[SCRIPT_JITTER] = { "jitter_ms", 1e3, 60000 },
	[SCRIPT_QUEUE] = { "queue_ms", 1e3, 60000 },
};

#define DEFAULT_QUEUE_US 250000

static bool
is_blank(const char *s)
{
	return s[strspn(s, " \t\r")] == '\0';
}

/* One row; cells that are blank keep what `to` holds. */
static int
parse_row(char *line, int64_t to[SCRIPT_COLUMNS], char *why, size_t why_len)
{
	char *rest = line, *cell, *end;
	size_t i = 0;

	while ((cell = strsep(&rest, ",")) != NULL) {
		if (i == SCRIPT_COLUMNS) {
			snprintf(why, why_len, "more than %d columns", SCRIPT_COLUMNS);
			return -EINVAL;
		}
		if (!is_blank(cell)) {
			double v = strtod(cell, &end);

			if (end == cell || !is_blank(end) || !(v >= 0 && v <= column[i].most)) {
				snprintf(why, why_len, "%s: a number from 0 to %.0f is wanted",
				    column[i].name, column[i].most);
				return -EINVAL;
			}
			to[i] = llround(v * column[i].unit);
		}
		i++;
	}
	return 0;
}

static int
add_row(struct script *s, char *line, char *why, size_t why_len)
{
	int64_t now[SCRIPT_COLUMNS] = { -1, -1, -1, -1, 0, 0, DEFAULT_QUEUE_US };
	int64_t before = -1;
	int err;

	if (s->len == SCRIPT_ROWS_MAX) {
		snprintf(why, why_len, "more than %d rows", SCRIPT_ROWS_MAX);
		return -EINVAL;
	}
	if (s->len > 0) {
		memcpy(now, s->row[s->len - 1], sizeof now);
		before = now[SCRIPT_T];
		now[SCRIPT_T] = -1;
	}
	err = parse_row(line, now, why, why_len);
	if (err != 0)
		return err;
	for (size_t i = 0; i < SCRIPT_COLUMNS; i++)
		if (now[i] < 0) {
			snprintf(why, why_len, "%s is missing", column[i].name);
			return -EINVAL;
		}
	if (now[SCRIPT_T] < before) {
		snprintf(why, why_len, "t_s goes back");
		return -EINVAL;
	}
	memcpy(s->row[s->len++], now, sizeof now);
	return 0;
}

int
script_parse(const char *text, struct script *out, char *why, size_t why_len)
{
	char copy[SCRIPT_TEXT_MAX], reason[128];
	char *rest = copy, *line;
	struct script s = { 0 };
	unsigned n = 0;

	if (strlen(text) >= sizeof copy) {
		snprintf(why, why_len, "script: longer than %zu bytes", sizeof copy - 1);
		return -EINVAL;
	}
	strcpy(copy, text);
	while ((line = strsep(&rest, "\n;")) != NULL) {
		n++;
		line += strspn(line, " \t");
		if (is_blank(line) || *line == '#' || (s.len == 0 && isalpha((unsigned char)*line)))
			continue;
		if (add_row(&s, line, reason, sizeof reason) != 0) {
			snprintf(why, why_len, "script: line %u: %s", n, reason);
			return -EINVAL;
		}
	}
	if (s.len == 0) {
		snprintf(why, why_len, "script: no rows");
		return -EINVAL;
	}
	*out = s;
	return 0;
}

int
script_read(const char *path, struct script *out, char *why, size_t why_len)
{
	char text[SCRIPT_TEXT_MAX];
	FILE *f = fopen(path, "re");
	size_t len;
	int err;

	if (f == NULL) {
		err = -errno;
		snprintf(why, why_len, "%s: %s", path, strerror(-err));
		return err;
	}
	len = fread(text, 1, sizeof text - 1, f);
	err = ferror(f) ? -EIO : !feof(f) && fgetc(f) != EOF ? -EFBIG : 0;
	fclose(f);
	if (err != 0) {
		snprintf(why, why_len, "%s: %s", path, strerror(-err));
		return err;
	}
	text[len] = '\0';
	return script_parse(text, out, why, why_len);
}
