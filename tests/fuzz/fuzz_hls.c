/* SPDX-License-Identifier: ISC */
/* Fuzz: an HLS playlist. What is read is a ladder within its bounds. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/hls.h"

#define VARIANTS 32

static void
must(bool so)
{
	if (!so)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct hls_variant variant[VARIANTS];
	const char *why = NULL;
	int n = hls_parse((const char *)data, len, variant, VARIANTS, &why);

	must(n != 0 && n <= VARIANTS && (n > 0 || why != NULL));
	for (int i = 0; i < n; i++) {
		must(variant[i].avg_kbps > 0 && variant[i].avg_kbps <= variant[i].peak_kbps);
		must(variant[i].height >= 0);
		must(memchr(variant[i].name, '\0', sizeof(variant[i].name)) != NULL);
	}
	return 0;
}
