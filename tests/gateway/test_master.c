/* SPDX-License-Identifier: ISC */
/* Multivariant playlists, and the one with a single variant in their place. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "daemon/gateway/master.h"

TestSuite(master, .timeout = 10);

static struct master m;

static void
parse(const char *text)
{
	const char *why = NULL;

	cr_assert(master_parse(text, strlen(text), &m, &why) == 0, "%s", why);
}

static bool
rung_is(size_t i, const char *uri)
{
	return m3u_is(&m.variant[m.rung[i]].uri, uri);
}

Test(master, has_one_variant_with_its_audio_and_subtitles)
{
	static char text[4096];
	struct buf b;

	parse("#EXTM3U\n#EXT-X-VERSION:6\n"
	    "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en, x\",DEFAULT=YES,URI=\"http://h/en.m3u8\"\n"
	    "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"b\",NAME=\"en\",URI=\"b.m3u8\"\n"
	    "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"de\",URI=\"de.m3u8\"\n"
	    "#EXT-X-STREAM-INF:BANDWIDTH=900000,CODECS=\"avc1.4d,mp4a.40.2\",RESOLUTION=640x360,"
	    "AUDIO=\"a\",SUBTITLES=\"s\"\nlo.m3u8\n"
	    "#EXT-X-STREAM-INF:BANDWIDTH=3000000,CODECS=\"avc1.64,mp4a.40.2\",RESOLUTION=1280x720,"
	    "AUDIO=\"b\",SUBTITLES=\"s\"\nhi.m3u8\n");
	buf_init(&b, text, sizeof(text) - 1);
	master_write(&m, &b);
	text[b.len] = '\0';
	cr_assert_str_eq(text, "#EXTM3U\n#EXT-X-VERSION:6\n"
	    "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en, x\",DEFAULT=YES,URI=\"media/0.m3u8\"\n"
	    "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"de\",URI=\"media/2.m3u8\"\n"
	    "#EXT-X-STREAM-INF:BANDWIDTH=3000000,RESOLUTION=1280x720,CODECS=\"avc1.64,mp4a.40.2\","
	    "AUDIO=\"a\",SUBTITLES=\"s\"\nvideo.m3u8\n");
	master_finish(&m);
}

Test(master, takes_the_variants_of_one_kind_each_once_in_ascending_order)
{
	parse("#EXTM3U\n"
	    "#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS=\"mp4a.40.5\"\nsound.m3u8\n"
	    "#EXT-X-STREAM-INF:BANDWIDTH=3000,CODECS=\"hvc1.1,mp4a.40.2\",RESOLUTION=2x2\nhevc\n"
	    "#EXT-X-STREAM-INF:BANDWIDTH=2000,CODECS=\"avc1.1,mp4a.40.2\",RESOLUTION=2x2\nhi\n"
	    "#EXT-X-STREAM-INF:BANDWIDTH=1000,CODECS=\"mp4a.40.2, avc1.1\",RESOLUTION=2x2\nlo\n"
	    "#EXT-X-STREAM-INF:BANDWIDTH=2000,CODECS=\"avc1.1,mp4a.40.2\",RESOLUTION=2x2\nhi\n");
	cr_assert_eq(m.rungs, 2);
	cr_assert(rung_is(0, "lo") && rung_is(1, "hi"));
	master_finish(&m);
}

Test(master, tells_a_media_playlist_and_what_is_none)
{
	const char *why = NULL;
	const char *media = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n";

	cr_assert_eq(master_parse(media, strlen(media), &m, &why), -EDOM);
	cr_assert_eq(master_parse("#EXTM3U\n", 8, &m, &why), -EINVAL);
	cr_assert_eq(master_parse("#EXTM3U\n#EXT-X-STREAM-INF:RESOLUTION=1x1\na\n", 43, &m, &why),
	    -EINVAL);
	cr_assert_not_null(strstr(why, "BANDWIDTH"));
}
