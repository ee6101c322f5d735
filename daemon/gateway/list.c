/* SPDX-License-Identifier: ISC */
/* The origin's media playlists, as far as they are known. */
#include "daemon/gateway/internal.h"

#include <string.h>

void
list_init(struct list *l, struct gateway *g, const char *url)
{
	memset(l, 0, sizeof(*l));
	whole_init(&l->whole, g, url, (struct media_range){0, -1}, MEDIA_TEXT_MAX);
	l->whole.judged = true;
	l->parsed_us = INT64_MIN;
}

void
list_finish(struct list *l)
{
	whole_finish(&l->whole);
	if (l->there)
		media_finish(&l->media);
	l->there = false;
}

/* What came last is read; what was known stays where it cannot be. */
static bool
parse(struct list *l)
{
	struct media media;
	const char *why = NULL;

	if (media_parse(l->whole.data, l->whole.len, &media, &why) != 0) {
		whole_fail(&l->whole, 502, why);
		return false;
	}
	if (l->there)
		media_finish(&l->media);
	l->media = media;
	l->there = true;
	l->parsed_us = l->whole.loaded_us;
	l->whole.failing_us = 0;
	return true;
}

enum want
list_want(struct list *l, int64_t since_us, int64_t now_us)
{
	enum want w;

	if (l->there && (l->media.ended || l->parsed_us >= since_us))
		return WANT_READY;
	w = whole_want(&l->whole, since_us, now_us);
	if (w != WANT_READY)
		return w;
	return l->parsed_us == l->whole.loaded_us || parse(l) ? WANT_READY : WANT_WAIT;
}
