/* SPDX-License-Identifier: ISC */
/* A growing array of cases. */
#include "tests/sim/learn/cases.h"

#include <stdlib.h>

/* Room for one more; false: there is no memory. */
static bool
grow(struct cases *c)
{
	const size_t cap = c->cap == 0 ? 4096 : 2 * c->cap;
	struct learn_case *at;

	if (c->len < c->cap)
		return true;
	at = realloc(c->at, cap * sizeof *at);
	if (at == NULL)
		return false;
	c->at = at;
	c->cap = cap;
	return true;
}

void
cases_add(struct cases *c, struct est *e, int64_t now_us, float truth)
{
	struct est_snapshot s;
	struct learn_case k = { .truth = truth };

	est_read(e, now_us, EST_HORIZON_US, &s);
	if (!s.rate[EST_DOWN].known)
		return;
	/* under 1 others share the link, which the corrections are not for */
	if (evidence_uncorrected(e, EST_DOWN, FEEDBACK_HORIZON_S, k.x, k.y) < 1.0f)
		return;
	if (!grow(c)) {
		c->lost = true;
		return;
	}
	c->at[c->len++] = k;
}

void
cases_write(const struct cases *c, FILE *out)
{
	for (int i = 0; i < CORRECTION_INPUTS; i++)
		fprintf(out, "x%d,", i);
	fputs("p10,p50,p90,truth\n", out);
	for (size_t k = 0; k < c->len; k++) {
		const struct learn_case *at = &c->at[k];

		for (int i = 0; i < CORRECTION_INPUTS; i++)
			fprintf(out, "%.6g,", (double)at->x[i]);
		fprintf(out, "%.6g,%.6g,%.6g,%.6g\n", (double)at->y[0], (double)at->y[1],
		    (double)at->y[2], (double)at->truth);
	}
}
