/* SPDX-License-Identifier: ISC */
/* What any ladder that was read must be. */
#ifndef LINKQ_TESTS_FUZZ_LADDER_H
#define LINKQ_TESTS_FUZZ_LADDER_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "api/ladder.h"

#define FUZZ_RUNGS 32

static inline void
must(bool so)
{
	if (!so)
		abort();
}

/* n: how many, or an error. */
static inline void
must_be_a_ladder(struct ladder_rung *rung, int n)
{
	static const struct ladder_can any;
	int left = 0;

	must(n != 0 && n <= FUZZ_RUNGS);
	for (int i = 0; i < n; i++) {
		must(rung[i].avg_kbps > 0 && rung[i].avg_kbps <= rung[i].peak_kbps);
		must(rung[i].height >= 0 && rung[i].fps_milli >= 0 && rung[i].score_micro >= -1);
		must(memchr(rung[i].id, '\0', sizeof(rung[i].id)) != NULL);
		must(memchr(rung[i].codec, '\0', sizeof(rung[i].codec)) != NULL);
		must(rung[i].range < LADDER_RANGES);
	}
	if (n < 0)
		return;
	left = (int)ladder_bar(rung, (size_t)n, &any);
	must(left >= 1 && left <= n);
}

#endif
