/* SPDX-License-Identifier: ISC */
/* Reads the ladder of an HLS multivariant playlist. */
#include "api/hls.h"

#include "api/m3u.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define KBPS_MAX INT64_C(10000000)

static bool
kbps(const struct m3u_text *v, int64_t *out)
{
	int64_t bps;

	if (!m3u_integer(v, KBPS_MAX * 1000, &bps) || bps == 0)
		return false;
	*out = (bps + 999) / 1000;
	return true;
}

/* 1280x720 */
static bool
height(const struct m3u_text *v, int64_t *out)
{
	const char *x = memchr(v->at, 'x', v->len);
	struct m3u_text h;

	if (x == NULL)
		return false;
	h.at = x + 1;
	h.len = v->len - (size_t)(x + 1 - v->at);
	return m3u_integer(&h, 100000, out);
}

static void
copy_name(const struct m3u_text *v, char *out)
{
	size_t n = v->len < HLS_NAME_MAX ? v->len : HLS_NAME_MAX;

	for (size_t i = 0; i < n; i++)
		out[i] = (unsigned char)v->at[i] < 0x20 || v->at[i] == 0x7f ? ' ' : v->at[i];
	out[n] = '\0';
}

/* False: what it says cannot be, or BANDWIDTH is missing. */
static bool
read_variant(struct m3u_text rest, struct hls_variant *out)
{
	struct m3u_text name, value;
	bool peak = false, good = true;

	memset(out, 0, sizeof(*out));
	while (good && m3u_attribute(&rest, &name, &value, NULL)) {
		if (m3u_is(&name, "BANDWIDTH"))
			good = peak = kbps(&value, &out->peak_kbps);
		else if (m3u_is(&name, "AVERAGE-BANDWIDTH"))
			good = kbps(&value, &out->avg_kbps);
		else if (m3u_is(&name, "RESOLUTION"))
			good = height(&value, &out->height);
		else if (m3u_is(&name, "NAME"))
			copy_name(&value, out->name);
	}
	if (out->avg_kbps == 0 || out->avg_kbps > out->peak_kbps)
		out->avg_kbps = out->peak_kbps;
	return good && peak;
}

static bool
seen(const struct hls_variant *list, size_t len, const struct hls_variant *v)
{
	for (size_t i = 0; i < len; i++) {
		if (list[i].peak_kbps == v->peak_kbps && list[i].avg_kbps == v->avg_kbps &&
		    list[i].height == v->height && strcmp(list[i].name, v->name) == 0)
			return true;
	}
	return false;
}

static int
refuse(const char **why, const char *text)
{
	*why = text;
	return -EINVAL;
}

int
hls_parse(const char *text, size_t len, struct hls_variant *out, size_t max, const char **why)
{
	struct m3u_text rest = {text, len}, l, list;
	size_t n = 0;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		return refuse(why, "it begins with a byte order mark");
	if (!m3u_line(&rest, &l) || !m3u_is(&l, "#EXTM3U"))
		return refuse(why, "it does not begin with #EXTM3U");
	while (m3u_line(&rest, &l)) {
		struct hls_variant v;

		if (m3u_begins(&l, "#EXTINF:") || m3u_begins(&l, "#EXT-X-TARGETDURATION"))
			return refuse(why, "it is a media playlist, not a multivariant one");
		if (!m3u_tag(&l, "#EXT-X-STREAM-INF:", &list))
			continue;
		if (!read_variant(list, &v))
			return refuse(why, "a variant has no BANDWIDTH, or a number that is none");
		if (seen(out, n, &v))
			continue;
		if (n == max)
			return refuse(why, "it has too many variants");
		out[n++] = v;
	}
	return n > 0 ? (int)n : refuse(why, "it has no variants");
}
