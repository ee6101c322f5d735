/* SPDX-License-Identifier: ISC */
/* The past as a chart of characters. */
#include "daemon/cli/chart.h"

#include <assert.h>
#include <math.h>
#include <string.h>

double
chart_nice(double n)
{
	double unit;

	if (!(n > 0))
		return 0;
	unit = pow(10, floor(log10(n)));
	for (int i = 0; i < 2; i++, unit *= 10) {
		static const double steps[] = { 1, 1.5, 2, 3, 4, 5, 6, 8 };

		for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++) {
			if (steps[k] * unit >= n)
				return steps[k] * unit;
		}
	}
	return unit;
}

void
chart_fit(struct chart *c, const struct live *l, int64_t now_second, int columns, int rows,
    int want_s)
{
	double median = 0, band = 0;

	assert(columns > 0 && rows > 0);
	c->columns = columns;
	c->rows = rows;
	c->seconds = (want_s + columns - 1) / columns;
	if (c->seconds < 1)
		c->seconds = 1;
	c->newest = now_second / c->seconds * c->seconds + c->seconds - 1;
	for (int i = 0; i < columns; i++) {
		struct chart_column col = chart_column(c, l, i);

		if (col.p50 > median) /* false for NAN */
			median = col.p50;
		if (col.p90 > band)
			band = col.p90;
	}
	/* a band that is wide for a moment does not flatten all the rest */
	c->top = chart_nice(fmax(median * 1.1, fmin(band, median * 2)));
}

struct chart_column
chart_column(const struct chart *c, const struct live *l, int column)
{
	static const char worst[] = " -.zc~x"; /* later ones win */
	struct chart_column out = { (double)NAN, (double)NAN, (double)NAN, ' ' };
	int64_t last = c->newest - (int64_t)(c->columns - 1 - column) * c->seconds;

	for (int64_t s = last - c->seconds + 1; s <= last; s++) {
		const struct live_bin *b = live_bin(l, s);

		if (b == NULL)
			continue;
		if (isfinite(b->p50))
			out.p50 = b->p50;
		out.p10 = fmin(out.p10, b->p10); /* fmin and fmax pass over NAN */
		out.p90 = fmax(out.p90, b->p90);
		if (strchr(worst, b->mark) > strchr(worst, out.mark))
			out.mark = b->mark;
	}
	return out;
}

int
chart_cell(const struct chart *c, const struct chart_column *column, int row)
{
	double cell = c->top / c->rows;
	double low = c->top - (row + 1) * cell, high = low + cell;

	if (!(c->top > 0))
		return CHART_EMPTY;
	if (isfinite(column->p50)) {
		double p50 = fmin(column->p50, c->top * (1 - 1e-9));

		if (p50 >= low && p50 < high)
			return CHART_MEDIAN + (int)((p50 - low) / cell * CHART_LEVELS);
	}
	/* at least half of the cell */
	if (column->p10 < high - cell / 2 && column->p90 > low + cell / 2)
		return CHART_BAND;
	return CHART_EMPTY;
}
