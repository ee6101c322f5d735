/* SPDX-License-Identifier: ISC */
/* Fuzz: a DASH MPD. What is read is a ladder within its bounds, with any Period and with one. */
#include <stdint.h>

#include "api/mpd.h"
#include "tests/fuzz/ladder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct ladder_rung rung[FUZZ_RUNGS];
	static const char *const period[] = {"", "p2"};

	(void)mpd_is_one((const char *)data, len);
	for (size_t i = 0; i < 2; i++) {
		struct mpd_told told;
		int n = mpd_parse((const char *)data, len, period[i], rung, FUZZ_RUNGS, &told);

		must(n > 0 || told.why[0] != '\0');
		must(told.segment_us >= 0);
		must_be_a_ladder(rung, n);
	}
	return 0;
}
