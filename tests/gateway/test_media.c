/* SPDX-License-Identifier: ISC */
/* Media playlists are read, and refused with a reason. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "daemon/gateway/media.h"

#define HEAD "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"

TestSuite(media, .timeout = 10);

static struct media
parsed(const char *text)
{
	struct media m;
	const char *why = NULL;

	cr_assert(media_parse(text, strlen(text), &m, &why) == 0, "%s", why);
	return m;
}

Test(media, knows_each_segments_time_range_map_and_keys)
{
	struct media m = parsed(HEAD "#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-MAP:URI=\"i\",BYTERANGE=\"9@1\"\n"
	    "#EXTINF:2.002,title\n#EXT-X-BYTERANGE:100@10\na\n"
	    "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXTINF:1\n#EXT-X-BYTERANGE:50\na\n"
	    "#EXT-X-KEY:METHOD=NONE\n#EXT-X-DISCONTINUITY\n#EXTINF:0.5,\nb\n#EXT-X-ENDLIST\n");

	cr_assert_eq(m.segments, 3);
	cr_assert(m.ended && m.sequence == 7);
	cr_assert_eq(m.segment[1].start_us, 2002000);
	cr_assert_eq(m.segment[1].range.from, 110);
	cr_assert_eq(m.segment[1].range.len, 50);
	cr_assert_eq(m.segment[2].range.len, -1);
	cr_assert_eq(m.map[m.segment[2].map].range.len, 9);
	cr_assert_eq(m.segment[0].keys, -1);
	cr_assert_eq(m.segment[1].keys, 0);
	cr_assert_eq(m.segment[2].keys, -1);
	cr_assert(m.segment[2].discontinuity && !m.segment[1].discontinuity);
	cr_assert_eq(media_numbered(&m, 8), &m.segment[1]);
	cr_assert_null(media_numbered(&m, 10));
	cr_assert_null(media_numbered(&m, 6));
	media_finish(&m);
}

struct refusal {
	char text[160], why[64];
};

ParameterizedTestParameters(media, refuses_with_a_reason)
{
	static struct refusal rows[] = {
		{"", "#EXTM3U"},
		{"<html>", "#EXTM3U"},
		{"#EXTM3U\n#EXTINF:1,\na\n", "TARGETDURATION"},
		{HEAD "#EXTINF:x,\na\n", "EXTINF"},
		{HEAD "#EXTINF:-1,\na\n", "EXTINF"},
		{HEAD "#EXTINF:99999999999999999999,\na\n", "EXTINF"},
		{HEAD "a\n", "EXTINF"},
		{HEAD "#EXTINF:1,\n#EXT-X-BYTERANGE:0@5\na\n", "BYTERANGE"},
		{HEAD "#EXTINF:1,\n#EXT-X-BYTERANGE:5\na\n", "BYTERANGE"},
		{HEAD "#EXT-X-MEDIA-SEQUENCE:99999999999999999999\n", "number"},
		{HEAD "#EXT-X-MAP:BYTERANGE=\"1@0\"\n", "URI"},
		{HEAD "#EXT-X-KEY:METHOD=AES-128\n", "URI"},
		{HEAD "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0xz\n", "IV"},
		{HEAD "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",URI=\"l\"\n", "twice"},
		{HEAD "#EXT-X-KEY:METHOD=AES-128,URI=k\n", "quotes"},
		{HEAD "#EXTINF:1,\n\xff\xfe\n", "UTF-8"},
		{HEAD "#EXT-X-DEFINE:NAME=\"a\",VALUE=\"b\"\n", "variables"},
		{"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na\n", "multivariant"},
	};

	return cr_make_param_array(struct refusal, rows, sizeof(rows) / sizeof(rows[0]));
}

ParameterizedTest(struct refusal *row, media, refuses_with_a_reason, .timeout = 10)
{
	struct media m;
	const char *why = "";

	cr_assert(media_parse(row->text, strlen(row->text), &m, &why) < 0);
	cr_assert_not_null(strstr(why, row->why), "%s: %s", row->text, why);
}

Test(media, refuses_ten_megabytes_and_more_segments_than_a_day_has)
{
	static char text[10 << 20];
	struct media m;
	const char *why = NULL;
	size_t at = strlen(strcpy(text, HEAD));

	memset(text + at, '#', sizeof(text) - at);
	cr_assert(media_parse(text, sizeof(text), &m, &why) < 0);
	cr_assert_str_eq(why, "it is longer than 4 MiB");
	for (int i = 0; i <= MEDIA_SEGMENTS_MAX; i++)
		at += strlen(strcpy(text + at, "#EXTINF:1,\na\n"));
	cr_assert(media_parse(text, at, &m, &why) < 0);
	cr_assert_str_eq(why, "it has too many segments");
}

Test(media, finds_the_same_pictures_by_date_then_by_time_then_by_number)
{
	struct media a = parsed(HEAD "#EXT-X-MEDIA-SEQUENCE:5\n"
	    "#EXT-X-PROGRAM-DATE-TIME:2026-11-24T06:15:00Z\n#EXTINF:2,\na\n#EXTINF:2,\nb\n");
	struct media b = parsed(HEAD "#EXT-X-MEDIA-SEQUENCE:90\n"
	    "#EXT-X-PROGRAM-DATE-TIME:2026-11-24T06:15:02.040Z\n#EXTINF:2,\nb\n#EXTINF:2,\nc\n");
	struct media vod = parsed(HEAD "#EXTINF:2,\na\n#EXTINF:2.1,\nb\n#EXT-X-ENDLIST\n");
	struct media other = parsed(HEAD "#EXT-X-MEDIA-SEQUENCE:4\n#EXTINF:2.08,\na\n#EXTINF:2,\nb\n"
	    "#EXTINF:2,\nc\n#EXT-X-ENDLIST\n");
	struct media live = parsed(HEAD "#EXT-X-MEDIA-SEQUENCE:6\n#EXTINF:2,\nx\n");
	struct media odd = parsed(HEAD "#EXT-X-MEDIA-SEQUENCE:6\n#EXTINF:1,\nx\n");

	cr_assert_null(media_same(&a, 0, &b));
	cr_assert_eq(media_same(&a, 1, &b), &b.segment[0]);
	cr_assert_eq(media_same(&vod, 1, &other), &other.segment[1]);
	cr_assert_null(media_same(&other, 2, &vod));
	cr_assert_eq(media_same(&a, 1, &live), &live.segment[0]);
	cr_assert_null(media_same(&a, 1, &odd), "it is cut elsewhere");
	media_finish(&a);
	media_finish(&b);
	media_finish(&vod);
	media_finish(&other);
	media_finish(&live);
	media_finish(&odd);
}
