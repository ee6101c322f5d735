/* SPDX-License-Identifier: ISC */
/*
 * The past as a chart of characters: the median of the download rate with its band, one
 * column for some seconds. Says what stands in a cell; drawing is the screen's.
 */
#ifndef LINKQ_CLI_CHART_H
#define LINKQ_CLI_CHART_H

#include "daemon/cli/live.h"

struct chart {
	int columns, rows;
	int64_t newest; /* the last second of the last column */
	int seconds;    /* of a column */
	double top;     /* kbit/s at the upper edge; 0: there is nothing to show */
};

/* What a column's seconds say together: the widest band, the last median, the worst mark. */
struct chart_column {
	double p10, p50, p90;
	char mark;
};

#define CHART_LEVELS 5 /* heights of the median inside a cell, 0 the lowest */

enum chart_cell { CHART_EMPTY = -2, CHART_BAND = -1, CHART_MEDIAN = 0 /* + its level */ };

/* Fit the last seconds (`want_s` at least, one a column at the least) into the size. */
void chart_fit(struct chart *c, const struct live *l, int64_t now_second, int columns,
    int rows, int want_s);

/* Column 0 is the oldest. Columns begin at multiples of `seconds`, so that they stand still
 * while time passes. */
struct chart_column chart_column(const struct chart *c, const struct live *l, int column);

/* Row 0 is the uppermost. */
int chart_cell(const struct chart *c, const struct chart_column *column, int row);

/* The next of 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten that is at least n. */
double chart_nice(double n);

#endif
