/* SPDX-License-Identifier: ISC */
/* Ladders as players have them: HLS playlists, DASH MPDs, and what a client can show. */
#include "api/ladder.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/hint.h"
#include "api/hls.h"
#include "api/mpd.h"
#include "tests/api/text.h"

#define RUNGS 64
#define INF "#EXT-X-STREAM-INF:"

TestSuite(hls, .timeout = 20);
TestSuite(mpd, .timeout = 20);
TestSuite(ladder, .timeout = 20);

static struct ladder_rung rung[RUNGS];
static const char *why;

static int
parse_for(const char *audio, const char *text)
{
	return hls_parse(text, strlen(text), audio, rung, RUNGS, &why);
}

static int
parse(const char *text)
{
	return parse_for("", text);
}

Test(hls, reads_the_ladder)
{
	cr_assert(eq(int, parse("#EXTM3U\r\n#EXT-X-VERSION:7\r\n"
				"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"i\"\r\n"
				INF "BANDWIDTH=1280000,CODECS=\"mp4a.40.2,avc1.4d401e,b\","
				"AVERAGE-BANDWIDTH=1000000,RESOLUTION=640x360,NAME=\"low, \","
				"FRAME-RATE=29.970,VIDEO-RANGE=PQ,SCORE=3.5\r\n#c\r\n\r\nl\r\n"
				INF "PROGRAM-ID=1,BANDWIDTH=7680001\r\nh\r\n"
				INF "PROGRAM-ID=1,BANDWIDTH=7680001\r\nbackup\r\n"),
	    2), "%s", why);
	cr_assert_str_eq(rung[0].id, "low, ");
	cr_assert_str_eq(rung[0].codec, "avc1.4d401e");
	cr_assert(eq(i64, rung[0].avg_kbps, 1000));
	cr_assert(eq(i64, rung[0].peak_kbps, 1280));
	cr_assert(eq(i64, rung[0].height, 360));
	cr_assert(eq(i64, rung[0].fps_milli, 29970));
	cr_assert(eq(i64, rung[0].score_micro, 3500000));
	cr_assert(eq(int, (int)rung[0].range, LADDER_PQ));
	cr_assert(eq(i64, rung[1].avg_kbps, 7681));
	cr_assert(eq(i64, rung[1].height, 0));
	cr_assert(eq(i64, rung[1].score_micro, -1));
	cr_assert(eq(int, rung[1].variant, 1));
}

Test(hls, refuses_what_is_no_multivariant_playlist)
{
	static const char *const cases[] = {"", "#EXTM3", "EXTM3U\n", "#EXTM3U", "#EXTM3U\n\n",
	    "\xef\xbb\xbf#EXTM3U\n" INF "BANDWIDTH=1\nu\n",
	    "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\na.ts\n",
	    "#EXTM3U\n#EXTINF:6,\na.ts\n",
	    "#EXTM3U\n" INF "RESOLUTION=1x1\nu\n",
	    "#EXTM3U\n" INF "BANDWIDTH=0\nu\n",
	    "#EXTM3U\n" INF "BANDWIDTH=-5\nu\n",
	    "#EXTM3U\n" INF "BANDWIDTH=1e6\nu\n",
	    "#EXTM3U\n" INF "BANDWIDTH=99999999999999999999\nu\n",
	    "#EXTM3U\n" INF "BANDWIDTH=1000,RESOLUTION=axb\nu\n",
	    "#EXTM3U\n" INF "BANDWIDTH=1000,RESOLUTION=1x999999999999\nu\n",
	    "#EXTM3U\n" INF "BANDWIDTH=1000,FRAME-RATE=fast\nu\n",
	    "#EXTM3U\n" INF "BANDWIDTH=1000,SCORE=-1\nu\n",
	    "#EXTM3U\n" INF "BANDWIDTH=1000,NAME=\"{$a}\"\nu\n",
	    "#EXTM3U\n" INF "BANDWIDTH=\"\nu\n"};

	for (size_t i = 0; i < LEN(cases); i++)
		cr_assert(lt(int, parse(cases[i]), 0), "%s", cases[i]);
}

Test(hls, says_when_a_playlist_is_cut_off)
{
	cr_assert(lt(int, parse("#EXTM3U\n" INF "BANDWIDTH=1000\nu\n" INF "BANDWIDTH=2000"), 0));
	cr_assert(ne(ptr, (void *)(uintptr_t)strstr(why, "cut off"), NULL), "%s", why);
	cr_assert(lt(int, parse("#EXTM3U\n" INF "BANDWIDTH=1000\n" INF "BANDWIDTH=2000\nu\n"), 0));
}

Test(hls, bounds_the_number_of_renditions)
{
	static char text[16384];

	for (int most = RUNGS; most <= 300; most += 300 - RUNGS) {
		snprintf(text, sizeof(text), "#EXTM3U\n");
		for (int i = 1; i <= most + (most == RUNGS ? 1 : 0); i++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text),
			    INF "BANDWIDTH=%d000\nu%d\n", i, i);
		cr_assert(lt(int, parse(text), 0));
	}
	snprintf(text, sizeof(text), "#EXTM3U\n");
	for (int i = 1; i <= RUNGS; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    INF "BANDWIDTH=%d000\nu%d\n", i, i);
	cr_assert(eq(int, parse(text), RUNGS));
}

/* As Apple's examples have it: each video with each of the audio groups. */
static const char grouped[] = "#EXTM3U\n"
    "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"aac\",NAME=\"e\",URI=\"a\"\n"
    INF "BANDWIDTH=1128000,RESOLUTION=640x360,AUDIO=\"aac\"\nlow.m3u8\n"
    INF "BANDWIDTH=3128000,RESOLUTION=1280x720,AUDIO=\"aac\"\nhigh.m3u8\n"
    INF "BANDWIDTH=1384000,RESOLUTION=640x360,AUDIO=\"ec3\"\nlow.m3u8\n"
    INF "BANDWIDTH=3384000,RESOLUTION=1280x720,AUDIO=\"ec3\"\nhigh.m3u8\n";

Test(hls, counts_a_video_with_several_audio_groups_once_and_its_sound_too)
{
	cr_assert(eq(int, parse(grouped), 2));
	cr_assert(eq(i64, rung[0].avg_kbps, 1128));
	cr_assert(eq(i64, rung[1].avg_kbps, 3128));
	cr_assert(eq(int, parse_for("ec3", grouped), 2));
	cr_assert(eq(i64, rung[0].avg_kbps, 1384));
	cr_assert(eq(i64, rung[1].avg_kbps, 3384));
	cr_assert(eq(int, rung[1].variant, 3));
	cr_assert(eq(int, parse_for("opus", grouped), 2));
	cr_assert(eq(i64, rung[1].avg_kbps, 3128));
}

Test(hls, knows_audio_groups_apart_from_tiers_of_quality)
{
	/* the same videos behind other URIs: the sound differs */
	cr_assert(eq(int, parse("#EXTM3U\n"
	    INF "BANDWIDTH=1128000,RESOLUTION=640x360,AUDIO=\"a\"\n1a\n"
	    INF "BANDWIDTH=3128000,RESOLUTION=1280x720,AUDIO=\"a\"\n2a\n"
	    INF "BANDWIDTH=1384000,RESOLUTION=640x360,AUDIO=\"b\"\n1b\n"
	    INF "BANDWIDTH=3384000,RESOLUTION=1280x720,AUDIO=\"b\"\n2b\n"), 2));
	/* better sound with the better videos: all count */
	cr_assert(eq(int, parse("#EXTM3U\n"
	    INF "BANDWIDTH=1128000,RESOLUTION=640x360,AUDIO=\"a\"\n1\n"
	    INF "BANDWIDTH=3128000,RESOLUTION=1280x720,AUDIO=\"a\"\n2\n"
	    INF "BANDWIDTH=5128000,RESOLUTION=1280x720,AUDIO=\"b\"\n3\n"
	    INF "BANDWIDTH=8128000,RESOLUTION=1920x1080,AUDIO=\"b\"\n4\n"), 4));
}

Test(hls, counts_several_pathways_once)
{
	cr_assert(eq(int, parse("#EXTM3U\n"
	    "#EXT-X-CONTENT-STEERING:SERVER-URI=\"/s\",PATHWAY-ID=\"B\"\n"
	    INF "BANDWIDTH=1128000,PATHWAY-ID=\"A\"\nhttps://a/1\n"
	    INF "BANDWIDTH=3128000,PATHWAY-ID=\"A\"\nhttps://a/2\n"
	    INF "BANDWIDTH=1129000,PATHWAY-ID=\"B\"\nhttps://b/1\n"
	    INF "BANDWIDTH=3129000,PATHWAY-ID=\"B\"\nhttps://b/2\n"), 2));
	cr_assert(eq(i64, rung[1].avg_kbps, 3128));
}

Test(hls, leaves_out_what_has_no_picture)
{
	cr_assert(eq(int, parse("#EXTM3U\n"
	    INF "BANDWIDTH=64000,CODECS=\"mp4a.40.5\"\na\n"
	    INF "BANDWIDTH=900000,CODECS=\"avc1.4d401e,mp4a.40.5\"\nv\n"), 1));
	cr_assert(eq(i64, rung[0].avg_kbps, 900));
	/* radio: sound is all there is */
	cr_assert(eq(int, parse("#EXTM3U\n"
	    INF "BANDWIDTH=64000,CODECS=\"mp4a.40.5\"\na\n"
	    INF "BANDWIDTH=128000,CODECS=\"mp4a.40.2\"\nb\n"), 2));
}

Test(hls, replaces_variables)
{
	static const char text[] = "#EXTM3U\n#EXT-X-DEFINE:NAME=\"h\",VALUE=\"720\"\n"
	    "#EXT-X-DEFINE:NAME=\"host\",VALUE=\"https://a\"\n"
	    "#EXT-X-DEFINE:QUERYPARAM=\"token\"\n"
	    INF "BANDWIDTH=1000000,NAME=\"{$h}p{$h}\"\n{$host}/v?{$token}\n"
	    INF "BANDWIDTH=1100000,NAME=\"again\"\nhttps://a/v?{$token}\n"
	    INF "BANDWIDTH=2000000,NAME=\"{$token}{$ {$h}\"\nw\n";
	static const char *const bad[] = {"NAME=\"a\"", "VALUE=\"a\"", "",
	    "NAME=\"h\",VALUE=\"1\"\n#EXT-X-DEFINE:NAME=\"h\",VALUE=\"2\""};
	char one[512];

	/* an open brace that no name follows is a variable of an odd name */
	cr_assert(lt(int, parse(text), 0));
	snprintf(one, sizeof(one), "%.*s" INF "BANDWIDTH=2000000,NAME=\"{$token}{\"\nw\n",
	    (int)(strstr(text, INF "BANDWIDTH=2") - text), text);
	cr_assert(eq(int, parse(one), 2), "%s", why);
	cr_assert_str_eq(rung[0].id, "720p720");
	cr_assert_str_eq(rung[1].id, "{$token}{");
	for (size_t i = 0; i < LEN(bad); i++) {
		snprintf(one, sizeof(one), "#EXTM3U\n#EXT-X-DEFINE:%s\n" INF "BANDWIDTH=1\nu\n",
		    bad[i]);
		cr_assert(lt(int, parse(one), 0), "%s", bad[i]);
	}
}

Test(hls, is_not_made_long_by_variables)
{
	size_t n, size = 200000;
	char *text = malloc(size);

	n = (size_t)snprintf(text, size, "#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"");
	memset(text + n, 'x', 100000);
	n += 100000;
	n += (size_t)snprintf(text + n, size - n, "\"\n" INF "BANDWIDTH=1000\n");
	while (n < size - 10)
		n += (size_t)snprintf(text + n, size - n, "{$a}");
	cr_assert(lt(int, hls_parse(text, n, "", rung, RUNGS, &why), 0));
	free(text);
}

/* --- DASH ------------------------------------------------------------------------------ */

static struct mpd_told told;

static int
mpd(const char *period, const char *inside)
{
	static char text[8192];

	snprintf(text, sizeof(text), "<?xml version=\"1.0\"?>\n<MPD "
	    "xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\">%s</MPD>\n", inside);
	return mpd_parse(text, strlen(text), period, rung, RUNGS, &told);
}

#define REP(id, kbps, height) "<Representation id=\"" #id "\" bandwidth=\"" #kbps "000\" " \
	"height=\"" #height "\"/>"

Test(mpd, reads_the_ladder_with_what_its_set_says)
{
	cr_assert(eq(int, mpd("", "<Period>"
	    "<AdaptationSet contentType=\"video\" codecs=\"avc1.4d401e\" frameRate=\"30000/1001\">"
	    "<SupplementalProperty schemeIdUri=\"urn:x\" value=\"1\"/>"
	    "<SegmentTemplate timescale=\"90000\" duration=\"360360\" media=\"$Number$.m4s\"/>"
	    REP(lo, 800, 360) "<Representation id=\"hi\" bandwidth=\"2999001\" width=\"1920\" "
	    "height=\"1080\" codecs=\"avc1.640028\" frameRate=\"50\"/></AdaptationSet>"
	    "<AdaptationSet mimeType=\"audio/mp4\"><Representation id=\"a\" bandwidth=\"64000\"/>"
	    "<Representation id=\"b\" bandwidth=\"128000\"/></AdaptationSet>"
	    "<AdaptationSet contentType=\"text\" mimeType=\"application/mp4\">"
	    "<Representation id=\"t\" bandwidth=\"1\"/></AdaptationSet></Period>"), 2),
	    "%s", told.why);
	cr_assert_str_eq(rung[0].id, "lo");
	cr_assert(eq(i64, rung[0].avg_kbps, 928), "the sound comes over the same link");
	cr_assert(eq(i64, rung[0].fps_milli, 29970));
	cr_assert(eq(i64, rung[0].height, 360));
	cr_assert_str_eq(rung[0].codec, "avc1.4d401e");
	cr_assert(eq(i64, rung[1].avg_kbps, 3128));
	cr_assert(eq(i64, rung[1].height, 1080));
	cr_assert(eq(i64, rung[1].fps_milli, 50000));
	cr_assert_str_eq(rung[1].codec, "avc1.640028");
	cr_assert(eq(i64, told.segment_us, 4004000));
	cr_assert(not(told.live));
}

Test(mpd, takes_the_first_period_that_shows_something_or_the_named_one)
{
	static const char two[] = "<Period id=\"ad\"><AdaptationSet contentType=\"audio\">"
	    REP(a, 64, 0) "</AdaptationSet></Period>"
	    "<Period id=\"p1\"><AdaptationSet mimeType=\"video/mp4\">" REP(x, 1000, 360)
	    "</AdaptationSet></Period>"
	    "<Period id=\"p2\"><AdaptationSet mimeType=\"video/mp4\">" REP(y, 2000, 720)
	    REP(z, 3000, 720) "</AdaptationSet></Period>";

	cr_assert(eq(int, mpd("", two), 1));
	cr_assert_str_eq(rung[0].id, "x");
	cr_assert(eq(int, mpd("p2", two), 2));
	cr_assert_str_eq(rung[1].id, "z");
	cr_assert(lt(int, mpd("p3", two), 0));
	cr_assert(told.no_period);
	cr_assert(lt(int, mpd("ad", two), 0));
	cr_assert(not(told.no_period));
}

Test(mpd, leaves_out_trick_play_and_other_views)
{
	cr_assert(eq(int, mpd("", "<Period>"
	    "<AdaptationSet contentType=\"video\"><Role schemeIdUri=\"urn:mpeg:dash:role:2011\" "
	    "value=\"main\"/>" REP(m, 1000, 360) "</AdaptationSet>"
	    "<AdaptationSet contentType=\"video\"><Role schemeIdUri=\"urn:mpeg:dash:role:2011\" "
	    "value=\"sign\"/>" REP(s, 1100, 360) "</AdaptationSet>"
	    "<AdaptationSet contentType=\"video\"><EssentialProperty "
	    "schemeIdUri=\"http://dashif.org/guidelines/trickmode\" value=\"1\"/>"
	    REP(t, 100, 360) "</AdaptationSet>"
	    "<AdaptationSet><Representation id=\"hdr\" bandwidth=\"4000000\" "
	    "codecs=\"hvc1.2.4.L153.B0,mp4a.40.2\"><SupplementalProperty "
	    "schemeIdUri=\"urn:mpeg:mpegB:cicp:TransferCharacteristics\" value=\"16\"/>"
	    "</Representation></AdaptationSet></Period>"), 2), "%s", told.why);
	cr_assert_str_eq(rung[0].id, "m");
	cr_assert_str_eq(rung[1].id, "hdr");
	cr_assert(eq(int, (int)rung[1].range, LADDER_PQ));
}

Test(mpd, reads_a_long_list_of_segments_no_further_than_its_first)
{
	char *text = malloc(300000);
	size_t n = (size_t)snprintf(text, 300000, "<d:MPD xmlns:d=\"u\" type=\"dynamic\"><d:Period>"
	    "<AdaptationSet contentType=\"video\"><!-- <SegmentTimeline> -->"
	    "<SegmentTemplate timescale=\"1000\"><SegmentTimeline>\n");

	while (n < 250000)
		n += (size_t)snprintf(text + n, 100, "<S d=\"2002\" r=\"2\"/>\n");
	n += (size_t)snprintf(text + n, 500, "</SegmentTimeline></SegmentTemplate>\n%s%s",
	    REP(v, 1000, 360), "</AdaptationSet></d:Period></d:MPD>");
	cr_assert(eq(int, mpd_parse(text, n, "", rung, RUNGS, &told), 1), "%s", told.why);
	cr_assert(eq(i64, told.segment_us, 2002000));
	cr_assert(told.live);
	/* an error after it is told with its own line */
	memcpy(text + n - 8, "</d:MPX>", 8);
	cr_assert(lt(int, mpd_parse(text, n, "", rung, RUNGS, &told), 0));
	cr_assert(gt(int, atoi(strstr(told.why, "line ") + 5), 10000), "%s", told.why);
	free(text);
}

Test(mpd, bounds_what_is_parsed)
{
	char *text = malloc(200000);
	size_t n = (size_t)snprintf(text, 200000, "<MPD><Period>");

	while (n < 150000)
		n += (size_t)snprintf(text + n, 100, "<Label>x</Label>");
	n += (size_t)snprintf(text + n, 200, "</Period></MPD>");
	cr_assert(lt(int, mpd_parse(text, n, "", rung, RUNGS, &told), 0));
	cr_assert(ne(ptr, (void *)(uintptr_t)strstr(told.why, "96 KiB"), NULL), "%s", told.why);
	free(text);
}

Test(mpd, refuses_what_makes_no_sense)
{
	static const char *const cases[] = {"", "<", "<a/>", "<MPD>", "<MPD></MPD>",
	    "<!DOCTYPE MPD [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><MPD>&b;</MPD>",
	    "<!DOCTYPE MPD SYSTEM \"file:///etc/passwd\"><MPD/>",
	    "<MPD><Period><AdaptationSet contentType=\"video\"><Representation id=\"a\"/>"
	    "</AdaptationSet></Period></MPD>",
	    "<MPD><Period><AdaptationSet contentType=\"video\"><Representation bandwidth=\"-1\"/>"
	    "</AdaptationSet></Period></MPD>",
	    "<MPD><Period><AdaptationSet contentType=\"video\"><Representation "
	    "bandwidth=\"99999999999999999999999\"/></AdaptationSet></Period></MPD>",
	    "<MPD><Period><AdaptationSet contentType=\"video\" frameRate=\"1/0\"><Representation "
	    "bandwidth=\"1000\"/></AdaptationSet></Period></MPD>",
	    "<MPD><Period><AdaptationSet contentType=\"audio\"><Representation bandwidth=\"1000\"/>"
	    "</AdaptationSet></Period></MPD>",
	    "<MPD><Period><AdaptationSet contentType=\"video\"><Representation bandwidth=\"1000\"/>",
	    "<MPD>\xff</MPD>", "\xff\xfe<\0M\0P\0"};
	static char deep[4000];

	for (size_t i = 0; i < LEN(cases); i++) {
		cr_assert(lt(int, mpd_parse(cases[i], strlen(cases[i]), "", rung, RUNGS, &told), 0),
		    "%s", cases[i]);
		cr_assert(ne(int, told.why[0], 0), "%s", cases[i]);
	}
	snprintf(deep, sizeof(deep), "<MPD>");
	while (strlen(deep) < sizeof(deep) - 10)
		snprintf(deep + strlen(deep), 10, "<a>");
	cr_assert(lt(int, mpd_parse(deep, strlen(deep), "", rung, RUNGS, &told), 0));
	cr_assert(ne(ptr, (void *)(uintptr_t)strstr(told.why, "deep"), NULL), "%s", told.why);
}

/* --- What may be chosen --------------------------------------------------------------- */

static struct hint_request rq;
static struct problem problem;

static int
read_json(const char *body)
{
	memset(&problem, 0, sizeof(problem));
	return hint_read_json(body, strlen(body), &rq, &problem);
}

/* '+' for each rendition that may be chosen, '-' for the others. */
static const char *
allowed(const char *cap)
{
	static char out[RUNGS + 1], body[2048];

	snprintf(body, sizeof(body), "{\"ladder\":["
	    "{\"avg_kbps\":1000,\"codecs\":\"avc1.4d401e,mp4a.40.2\"},"
	    "{\"avg_kbps\":2000,\"codecs\":\"avc1.640028\"},"
	    "{\"avg_kbps\":700,\"codecs\":\"hvc1.1.6.L93.B0\"},"
	    "{\"avg_kbps\":2500,\"codecs\":\"hvc1.2.4.L150.B0\",\"video_range\":\"PQ\"},"
	    "{\"avg_kbps\":900}],\"cap\":%s}", cap);
	if (read_json(body) != 0)
		return problem.field;
	for (size_t i = 0; i < rq.rungs; i++)
		out[i] = rq.rung[i].barred ? '-' : '+';
	out[rq.rungs] = '\0';
	return out;
}

Test(ladder, bars_what_the_client_cannot_show)
{
	static const char *const cases[][2] = {
		{"{}", "+++-+"}, /* not both ranges in one ladder */
		{"{\"codecs\":\"avc1\"}", "++--+"},
		{"{\"codecs\":[\"hvc1\",\"hev1\"]}", "--+-+"},
		{"{\"codecs\":\"AVC\",\"video_range\":[\"SDR\",\"PQ\"]}", "++--+"},
		{"{\"video_range\":\"PQ\"}", "---+-"},
		{"{\"video_range\":[\"SDR\",\"HLG\",\"PQ\"]}", "+++++"},
		{"{\"video_range\":\"HLG\"}", "cap.video_range"},
		{"{\"video_range\":\"HDR\"}", "cap.video_range"},
		{"{\"codecs\":5}", "cap.codecs"},
		{"{\"codecs\":\"\"}", "cap.codecs"},
	};

	for (size_t i = 0; i < LEN(cases); i++)
		cr_assert_str_eq(allowed(cases[i][0]), cases[i][1], "%s: %s", cases[i][0],
		    allowed(cases[i][0]));
}

Test(ladder, prefers_by_score_where_all_have_one)
{
	cr_assert(eq(int, read_json("{\"ladder\":[{\"avg_kbps\":1000,\"score\":1},"
	    "{\"avg_kbps\":900,\"score\":1.5},{\"avg_kbps\":2000,\"score\":2},"
	    "{\"avg_kbps\":2000,\"score\":3},{\"avg_kbps\":2000,\"score\":3},"
	    "{\"avg_kbps\":3000,\"score\":3}]}"), 0));
	for (size_t i = 0; i < 6; i++)
		cr_assert(eq(int, rq.rung[i].barred, (i == 0 || i == 2 || i == 5)), "%zu", i);
	cr_assert(eq(int, read_json("{\"ladder\":[{\"avg_kbps\":1000,\"score\":1},"
	    "{\"avg_kbps\":900,\"score\":1.5},{\"avg_kbps\":2000}]}"), 0));
	cr_assert(eq(int, rq.rung[0].barred, 0));
}

Test(ladder, comes_as_a_text_in_either_member)
{
	static const char *const cases[][2] = {
		{"{\"playlist\":\"#EXTM3U\\n" INF "BANDWIDTH=1000\\nu\\n\"}", ""},
		{"{\"playlist\":\" <MPD type='dynamic'><Period><AdaptationSet mimeType='video/mp4'>"
		 "<SegmentTemplate duration='2'/><Representation bandwidth='1000'/>"
		 "</AdaptationSet></Period></MPD>\"}", ""},
		{"{\"mpd\":\"<MPD type='dynamic'><Period><AdaptationSet mimeType='video/mp4'>"
		 "<SegmentTemplate duration='2'/><Representation bandwidth='1000'/>"
		 "</AdaptationSet></Period></MPD>\"}", ""},
		{"{\"mpd\":\"#EXTM3U\\n\"}", "mpd"},
		{"{\"mpd\":\"<MPD>\"}", "mpd"},
		{"{\"mpd\":5}", "mpd"},
		{"{\"playlist\":5}", "playlist"},
		{"{\"playlist\":\"#EXTM3U\\n#EXTINF:6,\\n\"}", "playlist"},
		{"{\"mpd\":\"<MPD><Period/></MPD>\",\"period\":\"x\"}", "period"},
		{"{\"mpd\":\"<MPD/>\",\"period\":5}", "period"},
	};

	for (size_t i = 0; i < LEN(cases); i++) {
		int error = read_json(cases[i][0]);

		cr_assert(eq(int, error == 0, cases[i][1][0] == '\0'), "%s", problem.detail);
		cr_assert_str_eq(problem.field, cases[i][1], "%zu: %s", i, problem.detail);
	}
	cr_assert(eq(int, read_json(cases[1][0]), 0));
	cr_assert(eq(i64, rq.segment_us, 2000000));
	cr_assert(eq(int, (int)rq.mode, PLAN_LIVE));
}
