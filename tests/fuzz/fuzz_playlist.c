/* SPDX-License-Identifier: ISC */
/* Fuzz: playlists for the gateway. What it makes of one can be read again, and says the same
 * of each segment; the ladder of a multivariant one has one variant then. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/gateway/listing.h"
#include "daemon/gateway/master.h"

#define BASE "http://origin.test/a/b.m3u8?q=1"
#define MASTER_ROOM (1 << 20)

static void
must(bool so)
{
	if (!so)
		abort();
}

static void
compare(const struct media *was, const struct listing *l, const struct media *is)
{
	must(is->sequence == was->sequence + l->shift);
	must(is->segments == was->segments);
	must(is->ended == was->ended);
	for (size_t i = 0; i < is->segments; i++) {
		must(is->segment[i].duration_us == was->segment[i].duration_us);
		must((is->segment[i].map >= 0) == (was->segment[i].map >= 0));
		must((is->segment[i].keys >= 0) == (was->segment[i].keys >= 0));
		must(is->segment[i].gap == was->segment[i].gap);
		must(!l->marks || is->segment[i].discontinuity == (is->sequence + (int64_t)i > 0));
		must(media_same(was, i, was) == NULL || was->segments > 1 ||
		    media_same(was, i, was) == &was->segment[i]);
		must(is->segment[i].keys < 0 ||
		    listing_same_keys(was, &was->segment[i], BASE, is, &is->segment[i], BASE));
	}
}

static void
list(const struct media *m, const struct listing *l)
{
	size_t room = listing_room(m, l);
	struct media again;
	const char *why;
	struct buf b;
	char *text;

	if (room > LISTING_MAX)
		return;
	text = malloc(room);
	must(text != NULL);
	buf_init(&b, text, room);
	if (listing_write(m, l, &b) == 0) {
		must(!b.overflow);
		if (b.len <= MEDIA_TEXT_MAX && m->maps < 1000) {
			must(media_parse(text, b.len, &again, &why) == 0);
			compare(m, l, &again);
			media_finish(&again);
		}
	}
	free(text);
}

static void
try_master(const char *text, size_t len)
{
	static struct master m, again;
	static char memory[MASTER_ROOM];
	const char *why;
	struct buf b;

	if (master_parse(text, len, &m, &why) != 0)
		return;
	must(m.rungs > 0 && m.rungs <= PLAN_RUNGS_MAX);
	for (size_t i = 1; i < m.rungs; i++)
		must(m.variant[m.rung[i - 1]].peak_bps <= m.variant[m.rung[i]].peak_bps);
	buf_init(&b, memory, sizeof(memory));
	master_write(&m, &b);
	if (!b.overflow) {
		must(master_parse(memory, b.len, &again, &why) == 0);
		must(again.variants == 1 && m3u_is(&again.variant[0].uri, "video.m3u8"));
		master_finish(&again);
	}
	master_finish(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct listing l = {.folder = "video", .base = BASE};
	struct media m;
	const char *why = NULL;

	try_master((const char *)data, len);
	if (media_parse((const char *)data, len, &m, &why) != 0) {
		must(why != NULL);
		return 0;
	}
	list(&m, &l);
	l.marks = true;
	l.shift = 3;
	list(&m, &l);
	media_finish(&m);
	return 0;
}
