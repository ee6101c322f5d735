/* SPDX-License-Identifier: ISC */
/* Segments of several renditions as one stream. */
#include <criterion/criterion.h>
#include <string.h>

#include "daemon/gateway/boxes.h"
#include "daemon/gateway/fmp4.h"
#include "daemon/gateway/ts.h"
#include "daemon/gateway/url.h"

TestSuite(segments, .timeout = 10);

static void
packet(unsigned char *p, unsigned pid, unsigned flags, unsigned counter)
{
	memset(p, 0xff, TS_PACKET);
	p[0] = 0x47;
	p[1] = (unsigned char)(pid >> 8);
	p[2] = (unsigned char)pid;
	p[3] = (unsigned char)(flags | counter);
	p[4] = p[5] = 0;
}

Test(segments, counters_go_on_where_a_segment_of_another_rendition_begins)
{
	static struct ts_counters c;
	unsigned char s[4 * TS_PACKET];

	packet(s, 256, 0x10, 8);
	packet(s + TS_PACKET, 257, 0x10, 3);
	packet(s + 2 * TS_PACKET, 256, 0x10, 9);
	packet(s + 3 * TS_PACKET, 256, 0x10, 10);
	ts_begin(&c);
	cr_assert_eq(ts_join(&c, s, 3 * TS_PACKET + 5), 3 * TS_PACKET, "a part of one waits");
	cr_assert_eq(s[2 * TS_PACKET + 3] & 15, 9, "the first segment stays as it is");
	ts_begin(&c);
	packet(s, 256, 0x20, 4); /* without payload a counter stays */
	packet(s + TS_PACKET, 256, 0x10, 5);
	packet(s + 2 * TS_PACKET, 257, 0x10, 15);
	packet(s + 3 * TS_PACKET, 258, 0x10, 7);
	cr_assert_eq(ts_join(&c, s, sizeof(s)), sizeof(s));
	cr_assert_eq(s[3] & 15, 9);
	cr_assert_eq(s[TS_PACKET + 3] & 15, 10);
	cr_assert_eq(s[2 * TS_PACKET + 3] & 15, 4);
	cr_assert_eq(s[3 * TS_PACKET + 3] & 15, 7, "what is new begins as it likes");
}

Test(segments, what_is_no_mpeg_ts_stays_as_it_is)
{
	static struct ts_counters c;
	unsigned char s[600];

	memset(s, 'a', sizeof(s));
	ts_begin(&c);
	cr_assert_eq(ts_join(&c, s, sizeof(s)), sizeof(s));
	cr_assert_eq(s[3], 'a');
}

/* A box of a type around what is in it; returns its length. */
static size_t
wrap(unsigned char *to, const char *type, const void *body, size_t len)
{
	memmove(to + 8, body, len);
	box_put_u32(to, (uint32_t)len + 8);
	memcpy(to + 4, type, 4);
	return len + 8;
}

static size_t
numbers(unsigned char *to, const uint32_t *n, size_t len)
{
	for (size_t i = 0; i < len; i++)
		box_put_u32(to + 4 * i, n[i]);
	return 4 * len;
}

/* A fragment with sound (3 bytes) behind pictures (5 and 4 bytes). */
static size_t
fragment(unsigned char *to)
{
	const uint32_t tfhd_video[] = {0x020000, 1}, tfhd_sound[] = {0x020000, 2};
	const uint32_t trun_video[] = {0x201, 2, 0, 5, 4}, trun_sound[] = {0x201, 1, 0, 3};
	unsigned char a[512], b[512], n[64];
	size_t len, traf, moof;

	len = wrap(a, "tfhd", n, numbers(n, tfhd_video, 2));
	len += wrap(a + len, "trun", n, numbers(n, trun_video, 5));
	traf = wrap(b, "traf", a, len);
	len = wrap(a, "tfhd", n, numbers(n, tfhd_sound, 2));
	len += wrap(a + len, "trun", n, numbers(n, trun_sound, 4));
	traf += wrap(b + traf, "traf", a, len);
	moof = wrap(to, "moof", b, traf);
	box_put_u32(to + 48, (uint32_t)moof + 8);           /* where the pictures are */
	box_put_u32(to + 100, (uint32_t)moof + 8 + 9);      /* and the sound */
	return moof + wrap(to + moof, "mdat", "VVVVVvvvvSSS", 12);
}

Test(segments, parameter_sets_find_room_before_the_first_picture)
{
	static const struct fmp4_init init = {.tracks = 2, .video = 1, .length_bytes = 4,
	    .parameters_len = 7, .parameters = "\0\0\0\3sps"};
	unsigned char s[512];
	size_t len = fragment(s), at = 0;
	uint32_t moof = box_u32(s);

	for (size_t part = 0; part < moof + 8; part++)
		cr_assert_eq(fmp4_make_room(&init, s, part, &at), 0, "%zu are not enough", part);
	cr_assert_eq(fmp4_make_room(&init, s, len, &at), 1);
	cr_assert_eq(at, moof + 8);
	cr_assert_eq(box_u32(s + moof), 20 + 7, "the box of the samples grows");
	cr_assert_eq(box_u32(s + 52), 5 + 7, "and the first picture");
	cr_assert_eq(box_u32(s + 48), moof + 8, "which begins where it did");
	cr_assert_eq(box_u32(s + 100), moof + 8 + 9 + 7, "the sound begins later");
}

Test(segments, nothing_is_changed_where_it_cannot_be)
{
	static const struct fmp4_init other = {.tracks = 1, .video = 9, .length_bytes = 4,
	    .parameters_len = 7};
	unsigned char s[512], was[512];
	size_t len = fragment(s), at;

	memcpy(was, s, len);
	cr_assert(fmp4_make_room(&other, s, len, &at) < 0);
	cr_assert(memcmp(was, s, len) == 0);
}

Test(segments, urls_are_resolved_and_told_apart_by_origin)
{
	char url[URL_MAX], origin[URL_MAX];

	cr_assert_eq(url_resolve("http://H.test/a/b.m3u8?q", "../c d.ts?x=1#f", 15, url), 0);
	cr_assert_str_eq(url, "http://H.test/c%20d.ts?x=1");
	cr_assert(url_resolve("http://h/", "file:///etc/passwd", 18, url) < 0);
	cr_assert(url_resolve("http://h/", "a\"b", 3, url) < 0);
	cr_assert_eq(url_origin("http://User@H.test/x", origin), 0);
	cr_assert_str_eq(origin, "http://h.test:80");
	cr_assert_eq(url_origin("https://[2001:DB8::1]:8443/", origin), 0);
	cr_assert_str_eq(origin, "https://[2001:db8::1]:8443");
}
