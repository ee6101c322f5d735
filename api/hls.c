/* SPDX-License-Identifier: ISC */
/* Reads the ladder of an HLS multivariant playlist. */
#include "api/hls.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define KBPS_MAX INT64_C(10000000)

struct line {
	const char *at;
	size_t len;
};

/* The next line without its end; false after the last. */
static bool
next_line(struct line *rest, struct line *out)
{
	const char *end;

	if (rest->len == 0)
		return false;
	end = memchr(rest->at, '\n', rest->len);
	out->at = rest->at;
	out->len = end != NULL ? (size_t)(end - rest->at) : rest->len;
	rest->at += out->len + (end != NULL ? 1 : 0);
	rest->len -= out->len + (end != NULL ? 1 : 0);
	if (out->len > 0 && out->at[out->len - 1] == '\r')
		out->len--;
	return true;
}

static bool
begins(const struct line *l, const char *with)
{
	size_t n = strlen(with);

	return l->len >= n && memcmp(l->at, with, n) == 0;
}

static bool
is(const struct line *l, const char *word)
{
	return l->len == strlen(word) && begins(l, word);
}

/* One NAME=value of an attribute list; a quoted value may hold commas. */
static bool
next_attribute(struct line *rest, struct line *name, struct line *value)
{
	size_t i = 0, from;
	bool quoted;

	while (rest->len > 0 && (*rest->at == ' ' || *rest->at == ',')) {
		rest->at++;
		rest->len--;
	}
	while (i < rest->len && rest->at[i] != '=')
		i++;
	if (i == 0 || i == rest->len)
		return false;
	*name = (struct line){rest->at, i};
	from = ++i;
	quoted = i < rest->len && rest->at[i] == '"';
	if (quoted) {
		from = ++i;
		while (i < rest->len && rest->at[i] != '"')
			i++;
	} else {
		while (i < rest->len && rest->at[i] != ',')
			i++;
	}
	*value = (struct line){rest->at + from, i - from};
	i += quoted && i < rest->len ? 1 : 0;
	rest->at += i;
	rest->len -= i;
	return true;
}

/* A decimal-integer, RFC 8216 4.2: digits alone. */
static bool
number(const struct line *v, int64_t most, int64_t *out)
{
	int64_t n = 0;

	for (size_t i = 0; i < v->len; i++) {
		if (v->at[i] < '0' || v->at[i] > '9')
			return false;
		n = n * 10 + (v->at[i] - '0');
		if (n > most)
			return false;
	}
	*out = n;
	return v->len > 0;
}

static bool
kbps(const struct line *v, int64_t *out)
{
	int64_t bps;

	if (!number(v, KBPS_MAX * 1000, &bps) || bps == 0)
		return false;
	*out = (bps + 999) / 1000;
	return true;
}

/* 1280x720 */
static bool
height(const struct line *v, int64_t *out)
{
	const char *x = memchr(v->at, 'x', v->len);
	struct line h;

	if (x == NULL)
		return false;
	h.at = x + 1;
	h.len = v->len - (size_t)(x + 1 - v->at);
	return number(&h, 100000, out);
}

static void
copy_name(const struct line *v, char *out)
{
	size_t n = v->len < HLS_NAME_MAX ? v->len : HLS_NAME_MAX;

	for (size_t i = 0; i < n; i++)
		out[i] = (unsigned char)v->at[i] < 0x20 || v->at[i] == 0x7f ? ' ' : v->at[i];
	out[n] = '\0';
}

/* False: what it says cannot be, or BANDWIDTH is missing. */
static bool
read_variant(struct line rest, struct hls_variant *out)
{
	struct line name, value;
	bool peak = false, good = true;

	memset(out, 0, sizeof(*out));
	while (good && next_attribute(&rest, &name, &value)) {
		if (is(&name, "BANDWIDTH"))
			good = peak = kbps(&value, &out->peak_kbps);
		else if (is(&name, "AVERAGE-BANDWIDTH"))
			good = kbps(&value, &out->avg_kbps);
		else if (is(&name, "RESOLUTION"))
			good = height(&value, &out->height);
		else if (is(&name, "NAME"))
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
	static const char tag[] = "#EXT-X-STREAM-INF:";
	struct line rest = {text, len}, l;
	size_t n = 0;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		return refuse(why, "it begins with a byte order mark");
	if (!next_line(&rest, &l) || !is(&l, "#EXTM3U"))
		return refuse(why, "it does not begin with #EXTM3U");
	while (next_line(&rest, &l)) {
		struct hls_variant v;

		if (begins(&l, "#EXTINF:") || begins(&l, "#EXT-X-TARGETDURATION"))
			return refuse(why, "it is a media playlist, not a multivariant one");
		if (!begins(&l, tag))
			continue;
		if (!read_variant((struct line){l.at + sizeof(tag) - 1, l.len - sizeof(tag) + 1}, &v))
			return refuse(why, "a variant has no BANDWIDTH, or a number that is none");
		if (seen(out, n, &v))
			continue;
		if (n == max)
			return refuse(why, "it has too many variants");
		out[n++] = v;
	}
	return n > 0 ? (int)n : refuse(why, "it has no variants");
}
