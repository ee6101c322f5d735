/* SPDX-License-Identifier: ISC */
/* Fuzz: an HLS playlist. What is read is a ladder within its bounds. */
#include <stdint.h>
#include <string.h>

#include "api/hls.h"
#include "tests/fuzz/ladder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct ladder_rung rung[FUZZ_RUNGS];
	static const char *const audio[] = {"", "aac"};

	for (size_t i = 0; i < 2; i++) {
		const char *why = NULL;
		int n = hls_parse((const char *)data, len, audio[i], rung, FUZZ_RUNGS, &why);

		must(n > 0 || why != NULL);
		must_be_a_ladder(rung, n);
	}
	return 0;
}
