/* SPDX-License-Identifier: ISC */
/* What a client is given in place of a media playlist. */
#include <criterion/criterion.h>
#include <string.h>

#include "daemon/gateway/listing.h"

#define BASE "https://origin.test/a/b.m3u8?x=1"

TestSuite(listing, .timeout = 10);

static char memory[65536];

static const char *
listed(const char *text, int64_t shift, bool marks)
{
	struct listing l = {.folder = "video", .base = BASE, .shift = shift, .marks = marks};
	struct media m;
	const char *why = NULL;
	struct buf b;

	cr_assert(media_parse(text, strlen(text), &m, &why) == 0, "%s", why);
	buf_init(&b, memory, sizeof(memory) - 1);
	cr_assert_eq(listing_write(&m, &l, &b), 0);
	cr_assert(b.len <= listing_room(&m, &l));
	memory[b.len] = '\0';
	media_finish(&m);
	return memory;
}

Test(listing, keeps_numbers_and_names_segments_by_them)
{
	cr_assert_str_eq(listed("#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:41\n"
	    "#EXTINF:5.96,\nhttp://cdn.test/x.ts?token=1\n#EXT-X-DISCONTINUITY\n#EXTINF:6,\ny.ts\n",
	    0, false),
	    "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:41\n"
	    "#EXTINF:5.96,\nvideo/41.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:6,\nvideo/42.ts\n");
}

Test(listing, marks_each_place_where_the_rendition_may_change)
{
	cr_assert_str_eq(listed("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PLAYLIST-TYPE:VOD\n"
	    "#EXT-X-MAP:URI=\"i.mp4\"\n#EXTINF:2,\na.m4s\n#EXTINF:2,\nb.m4s\n#EXT-X-ENDLIST\n", 0, true),
	    "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n"
	    "#EXT-X-PLAYLIST-TYPE:VOD\n"
	    "#EXT-X-MAP:URI=\"video/0.init.mp4\"\n#EXTINF:2,\nvideo/0.m4s\n"
	    "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"video/1.init.mp4\"\n#EXTINF:2,\nvideo/1.m4s\n"
	    "#EXT-X-ENDLIST\n");
}

Test(listing, numbers_discontinuities_the_same_however_far_a_live_window_has_moved)
{
	/* Segment n has the discontinuity sequence number n, wherever the list begins. */
	cr_assert_not_null(strstr(listed("#EXTM3U\n#EXT-X-TARGETDURATION:2\n"
	    "#EXT-X-MEDIA-SEQUENCE:8\n#EXTINF:2,\na.ts\n", 0, true),
	    "#EXT-X-MEDIA-SEQUENCE:8\n#EXT-X-DISCONTINUITY-SEQUENCE:7\n#EXT-X-DISCONTINUITY\n"));
	cr_assert_not_null(strstr(listed("#EXTM3U\n#EXT-X-TARGETDURATION:2\n"
	    "#EXT-X-MEDIA-SEQUENCE:12\n#EXT-X-DISCONTINUITY-SEQUENCE:3\n#EXTINF:2,\na.ts\n", -3, true),
	    "#EXT-X-MEDIA-SEQUENCE:9\n#EXT-X-DISCONTINUITY-SEQUENCE:8\n#EXT-X-DISCONTINUITY\n"));
}

Test(listing, tells_keys_by_absolute_uri_and_explicit_iv)
{
	const char *text = listed("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:26\n"
	    "#EXT-X-KEY:METHOD=AES-128,URI=\"k,1\"\n#EXTINF:2,\na.ts\n#EXTINF:2,\nb.ts\n"
	    "#EXT-X-KEY:METHOD=NONE\n#EXTINF:2,\nc.ts\n", 100, false);

	cr_assert_not_null(strstr(text, "#EXT-X-KEY:METHOD=AES-128,URI=\"https://origin.test/a/k,1\","
	    "IV=0x0000000000000000000000000000001a\n#EXTINF:2,\nvideo/126.ts\n"), "%s", text);
	cr_assert_not_null(strstr(text, "IV=0x0000000000000000000000000000001b\n#EXTINF:2,\n"
	    "video/127.ts\n#EXT-X-KEY:METHOD=NONE\n"), "%s", text);
}
