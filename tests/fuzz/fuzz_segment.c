/* SPDX-License-Identifier: ISC */
/* Fuzz: the bytes of segments. The first two say how many are the initialization section;
 * what follows is a segment, as MP4 and as MPEG-TS, whole and piece by piece. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/gateway/fmp4.h"
#include "daemon/gateway/ts.h"

static void
must(bool so)
{
	if (!so)
		abort();
}

static void
try_mp4(const unsigned char *init, size_t init_len, const unsigned char *segment, size_t len)
{
	struct fmp4_init i;
	unsigned char *copy;
	size_t at = 0, tried = 0;
	int got = 0;

	if (fmp4_read_init(init, init_len, &i) != 0)
		return;
	must(i.tracks <= FMP4_TRACKS_MAX && i.parameters_len <= FMP4_PARAMETERS_MAX);
	must(fmp4_joins(&i, &i));
	copy = malloc(len + 1);
	must(copy != NULL);
	memcpy(copy, segment, len);
	for (; got == 0 && tried <= len; tried += 97)
		got = fmp4_make_room(&i, copy, tried, &at);
	must(got != 1 || at <= len);
	must(got == 1 || memcmp(copy, segment, len) == 0);
	free(copy);
}

static void
try_ts(const unsigned char *data, size_t len)
{
	static struct ts_counters c, before;
	unsigned char *copy = malloc(len + 1);
	size_t done = 0, upto;

	must(copy != NULL);
	memcpy(copy, data, len);
	memset(&c, 0, sizeof(c));
	ts_begin(&c);
	for (upto = 0; upto <= len; upto += 301)
		done += ts_join(&c, copy + done, upto - done);
	must(done <= len && c.len <= TS_PIDS_MAX);
	/* Nothing but counters may change. */
	for (size_t i = 0; i < len; i++)
		must(copy[i] == data[i] || (copy[i] & 0xf0) == (data[i] & 0xf0));
	before = c;
	ts_begin(&c);
	memcpy(copy, data, len);
	done = ts_join(&c, copy, len);
	must(done <= len && c.len >= before.len);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t init;

	if (len < 2)
		return 0;
	init = (size_t)data[0] << 8 | data[1];
	data += 2;
	len -= 2;
	init = init < len ? init : len;
	try_mp4(data, init, data + init, len - init);
	try_ts(data, len);
	return 0;
}
