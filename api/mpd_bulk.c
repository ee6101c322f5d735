/* SPDX-License-Identifier: ISC */
/* Leaves out the lists of segments. */
#include "api/mpd_bulk.h"

#include <config.h> /* memmem */

#include <string.h>

/* The place of `what` from `at` on, or `end`. */
static const char *
find(const char *at, const char *end, const char *what)
{
	const char *found = memmem(at, (size_t)(end - at), what, strlen(what));

	return found != NULL ? found : end;
}

static bool
is_at(const char *at, const char *end, const char *what)
{
	size_t n = strlen(what);

	return (size_t)(end - at) >= n && memcmp(at, what, n) == 0;
}

/* Of a list that opens at `open`: where what is left out begins, after its first entry. */
static const char *
after_first(const char *open, const char *close, const char *entry)
{
	const char *first = find(open, close, entry);
	const char *shut = first < close ? find(first, close, "/>") : close;

	return shut < close ? shut + 2 : close;
}

static size_t
lines(const char *at, const char *end)
{
	size_t n = 0;

	while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		at++;
		n++;
	}
	return n;
}

bool
mpd_bulk_next(struct mpd_bulk *b, const char **at, size_t *len)
{
	const char *end = b->at + b->len, *i = b->at;

	*at = b->at;
	while ((i = find(i, end, "<")) < end) {
		const char *close, *cut;

		if (is_at(i, end, "<!--")) {
			i = find(i, end, "-->");
			continue;
		}
		if (is_at(i, end, "<![CDATA[")) {
			i = find(i, end, "]]>");
			continue;
		}
		if (!is_at(i, end, "<SegmentTimeline") && !is_at(i, end, "<SegmentList")) {
			i++;
			continue;
		}
		close = i[8] == 'T' ? find(i, end, "</SegmentTimeline") : find(i, end, "</SegmentList");
		cut = after_first(i, close, i[8] == 'T' ? "<S " : "<SegmentURL");
		if (close == end) /* it has no content, or no end */
			break;
		if (cut == close) {
			i = close;
			continue;
		}
		b->lines += lines(cut, close);
		*len = (size_t)(cut - b->at);
		b->at = close;
		b->len = (size_t)(end - close);
		return true;
	}
	*len = b->len;
	b->at = end;
	b->len = 0;
	return false;
}
