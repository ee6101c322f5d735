# SPDX-License-Identifier: ISC
"""linkq hls before an origin that behaves badly, and beside a daemon that hints."""
import os
import re
import sys
import threading
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "system"))

import tap
from origin import FULL, Daemon, Gateway, Origin, body_of, wait_for


def uris(playlist):
    return [line for line in playlist.splitlines() if line and not line.startswith("#")]


class Case(unittest.TestCase):
    timeout = 90

    def setUp(self):
        self.origin = Origin()
        self.daemon = None
        self.gateway = None

    def begin(self, *options, daemon=True, index=0, **more):
        if daemon:
            self.daemon = Daemon(index)
        self.gateway = Gateway(self.origin.url("/master.m3u8"), *options, daemon=self.daemon,
                               **more)
        return self.gateway

    def tearDown(self):
        if self.gateway:
            status, self.said = self.gateway.stop()
            self.assertNotIn("Sanitizer", self.said)
            self.assertGreaterEqual(status, 0, self.said)
        for server in (self.origin, self.daemon):
            if server:
                server.stop()

    def segment(self, number, rung):
        """The segment comes whole, of that rendition."""
        status, headers, body = self.gateway.get(f"/video/{number}.ts")
        self.assertEqual(status, 200, body)
        self.assertEqual(body[:8], body_of(rung, number)[:8])
        self.assertEqual(body, body_of(rung, number))
        return headers


class Gate(Case):
    def test_serves_one_variant_and_its_segments_of_the_rendition_that_the_daemon_names(self):
        self.begin("--ahead", "2", index=1)
        master = self.gateway.text("/master.m3u8")
        self.assertEqual(uris(master), ["video.m3u8"])
        self.assertEqual(uris(self.gateway.text("/video.m3u8")),
                         [f"video/{n}.ts" for n in range(6)])
        headers = self.segment(0, 1)
        self.assertEqual(headers["CMSD-Dynamic"], '"linkq";etp=5200;mb=4100;rtt=70')
        wait_for(lambda: "/v1/1.ts" in self.origin.asked, "one that is fetched ahead")
        self.daemon.index = 2
        self.segment(1, 1)
        self.segment(2, 2)
        self.assertEqual(self.gateway.status()["switches"], 1)
        hint = [h for h in self.daemon.hints if "last" in h][0]
        self.assertEqual([r["peak_kbps"] for r in hint["ladder"]], [400, 1500, 4000])
        self.assertEqual(hint["mode"], "vod")
        self.assertEqual(hint["segment_s"], 2)
        self.assertEqual(hint["current"], 1)
        self.assertTrue(hint["last"]["reported"])
        self.assertEqual(hint["last"]["bytes"], FULL)
        done = wait_for(lambda: [o for o in self.daemon.observations if o["bytes"] == FULL],
                        "an observation")
        self.assertEqual((done[0]["ok"], done[0]["app"]), (True, "linkq-hls"))

    def test_fetches_no_more_ahead_than_it_is_told(self):
        self.begin("--ahead", "5")
        self.segment(0, 0)
        wait_for(lambda: "/v0/2.ts" in self.origin.asked, "two segments of two seconds")
        self.segment(0, 0)
        wait_for(lambda: self.gateway.status()["segments"] >= 3, "their end")
        self.gateway.get("/status")
        self.assertNotIn("/v0/3.ts", self.origin.asked)

    def test_lets_go_of_what_was_fetched_ahead_where_the_player_jumps(self):
        self.origin.count = 200
        self.begin("--ahead", "100")
        for number in (150, 10, 151, 30, 90, 29):
            self.segment(number, 0)
            wait_for(lambda: f"/v0/{number + 3}.ts" in self.origin.asked, "what follows")

    def test_decides_by_itself_where_no_daemon_is(self):
        self.begin(daemon=False)
        for number in range(6):
            status, _, body = self.gateway.get(f"/video/{number}.ts")
            self.assertEqual((status, len(body)), (200, FULL))
        self.assertFalse(self.gateway.status()["daemon"])

    def test_gives_a_fetch_up_as_the_hint_says_while_the_player_has_nothing_of_it(self):
        go = threading.Event()

        def slow(handler, path):
            handler.send_response(200)
            handler.send_header("Content-Length", str(FULL))
            handler.end_headers()
            handler.wfile.write(body_of(2, 1)[:100])
            go.wait(20)
            return True

        self.begin("--ahead", "2", index=2)
        self.origin.on("/v2/1.ts", slow)
        self.daemon.abandon = "r0"
        self.segment(0, 2)
        self.segment(1, 0)
        go.set()
        self.assertEqual(self.gateway.status()["abandoned"], 1)
        left = [o for o in self.daemon.observations if o.get("error") == "aborted"]
        self.assertEqual(len(left), 1)

    def test_keeps_one_rendition_if_told_so(self):
        self.begin("--switch", "never", index=1)
        self.assertNotIn("DISCONTINUITY", self.gateway.text("/video.m3u8"))
        self.segment(0, 1)
        self.daemon.index = 2
        for number in range(1, 5):
            self.segment(number, 1)

    def test_asks_for_byte_ranges_and_serves_their_segments_one_by_one(self):
        self.origin.byteranges = True
        self.begin(index=1)
        self.assertNotIn("BYTERANGE", self.gateway.text("/video.m3u8"))
        status, _, body = self.gateway.get("/video/3.ts")
        self.assertEqual((status, body), (200, body_of(1, "all")[3000:4000]))

    def test_serves_sound_beside_it(self):
        self.origin.extra = '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",URI="v0/list.m3u8"'
        self.begin()
        self.assertIn('URI="media/0.m3u8"', self.gateway.text("/master.m3u8"))
        self.assertEqual(uris(self.gateway.text("/media/0.m3u8"))[2], "0/2.ts")
        self.assertEqual(self.gateway.get("/media/0/2.ts")[2], body_of(0, 2))

    def test_starts_a_player_and_ends_as_it_does(self):
        self.begin(player=("--", "sh", "-c", 'echo "$1 $0" >&2; exit 7', "{}", "x"))
        status, said = self.gateway.process.wait(30), self.gateway.process.stderr.read()
        self.assertEqual(status, 7)
        self.assertRegex(said, r"^x http://127\.0\.0\.1:\d+/master\.m3u8\n$")


class Live(Case):
    def setUp(self):
        super().setUp()
        self.origin.live, self.origin.first, self.origin.count = True, 100, 4

    def test_keeps_numbers_and_takes_what_is_new(self):
        self.begin()
        first = self.gateway.text("/video.m3u8")
        self.assertIn("#EXT-X-MEDIA-SEQUENCE:100\n#EXT-X-DISCONTINUITY-SEQUENCE:99\n", first)
        self.assertNotIn("ENDLIST", first)
        self.segment(102, 0)
        self.origin.first = 103

        def later():
            said = self.gateway.text("/video.m3u8")
            return said if "video/106.ts" in said else None

        then = wait_for(later, "the new segments")
        self.assertIn("#EXT-X-MEDIA-SEQUENCE:103\n#EXT-X-DISCONTINUITY-SEQUENCE:102\n", then)
        self.daemon.index = 2
        self.segment(106, 2)  # whose playlist was not looked at before
        self.assertEqual(self.daemon.hints[-1]["mode"], "live")
        self.assertEqual(self.gateway.get("/video/99.ts")[0], 404)

    def test_goes_on_by_another_playlist_where_one_is_gone(self):
        self.begin(index=1)
        self.segment(100, 1)
        self.origin.on("/v0/list", lambda h, _: h.give(b"gone", 404) or True)
        self.origin.first = 102

        def later():
            return "video/105.ts" in self.gateway.text("/video.m3u8")

        wait_for(later, "the playlist by another rendition")
        self.daemon.index = 0  # of the two that are left
        self.segment(105, 1)


class Manners(Case):
    def test_takes_from_another_rendition_what_one_does_not_have(self):
        self.begin(index=2)
        self.origin.on("/v2/1.ts", lambda h, _: h.give(b"no", 404) or True)
        self.origin.on("/v2/2.ts", lambda h, _: h.give(b"no", 500) or True)
        self.segment(0, 2)
        self.segment(1, 1)
        self.segment(2, 1)
        self.segment(3, 2)

    def test_says_404_of_what_no_rendition_has_and_502_where_all_fail(self):
        self.origin.on(r"/v\d/1.ts", lambda h, _: h.give(b"no", 404) or True)
        self.origin.on(r"/v\d/2.ts", lambda h, _: h.give(b"no", 503) or True)
        self.begin(index=1)
        self.segment(0, 1)
        self.assertEqual(self.gateway.get("/video/1.ts")[0], 404)
        self.assertEqual(self.gateway.get("/video/2.ts")[0], 502)
        self.segment(3, 1)
        self.assertEqual(self.gateway.get("/video/77.ts")[0], 404)
        self.assertEqual(self.gateway.get("/other")[0], 404)

    def test_takes_an_error_without_an_end_for_an_error(self):
        def endless(handler, _):
            handler.close_connection = True
            handler.send_response(404)
            handler.end_headers()
            try:
                while True:
                    handler.wfile.write(bytes(65536))
            except OSError:
                return True

        self.origin.on(r"/v\d/1.ts", endless)
        self.begin(index=1)
        self.segment(0, 1)
        self.assertEqual(self.gateway.get("/video/1.ts")[0], 404)
        self.segment(2, 1)

    def test_goes_on_where_a_transfer_broke_off(self):
        def cut(handler, path):
            if handler.headers.get("Range"):
                return False
            handler.give(body_of(1, 1)[:7777], length=FULL)
            return True

        self.begin(index=1)
        self.origin.on("/v1/1.ts", cut)
        self.segment(0, 1)
        self.segment(1, 1)
        self.assertGreaterEqual(self.gateway.status()["retries"], 1)

    def test_says_504_where_nothing_comes(self):
        done = threading.Event()

        def hang(handler, _):
            done.wait(60)
            return True

        self.begin("--patience", "1", index=1)
        self.segment(0, 1)
        self.origin.on("/v./5.ts", hang)
        self.assertEqual(self.gateway.get("/video/5.ts")[0], 504)
        done.set()

    def test_refuses_to_be_sent_elsewhere_unless_that_is_allowed(self):
        other = Origin()
        to = [("Location", other.url("/v1/0.ts"))]
        self.origin.on("/v./0.ts", lambda h, _: h.give(b"", 302, to) or True)
        try:
            self.begin(index=1)
            self.assertEqual(self.gateway.get("/video/0.ts")[0], 502)
            self.assertEqual(other.asked, [])
            self.gateway.stop()
            self.begin("--allow", other.url(), index=1)
            self.segment(0, 1)
        finally:
            other.stop()

    def test_says_502_of_playlists_that_are_none(self):
        bad = {"0": b"#EXTM3U\n" + b"#" * (10 << 20), "1": b"#EXTM3U\n#EXTINF:2,\n\xff\xfe.ts\n",
               "2": b"<html>"}
        self.begin()
        self.origin.on("/list", lambda h, p: h.give(bad[p[2]]) or True)
        status, _, why = self.gateway.get("/video.m3u8")
        self.assertEqual(status, 502, why)
        self.origin.manners.clear()
        wait_for(lambda: self.gateway.get("/video.m3u8")[0] == 200, "a playlist again")
        self.segment(0, 0)

    def test_ends_with_a_sentence_where_there_is_no_playlist_at_all(self):
        for body, status, word in ((b"no", 404, "404"), (b"#EXTM3U\n", 200, "no variants"),
                                   (b"\xff", 200, "UTF-8")):
            self.origin.manners.clear()
            self.origin.on("master", lambda h, _: h.give(body, status) or True)
            self.begin(daemon=False)
            self.assertIsNone(self.gateway.port)
            status, said = self.gateway.stop()
            self.assertEqual(status, 1)
            self.assertRegex(said, f"^linkq hls: .*{word}.*\n$")
            self.assertEqual(said.count("/master.m3u8"), 1, said)
            self.gateway = None

    def test_lets_nobody_in_who_comes_by_a_page_or_another_name(self):
        self.begin("--origin", "http://player.test")
        ask = lambda **h: self.gateway.get("/master.m3u8", {k.replace("_", "-"): v
                                                            for k, v in h.items()})
        self.assertEqual(ask(Host="evil.test")[0], 421)
        self.assertEqual(ask(Origin="http://evil.test")[0], 403)
        status, headers, _ = ask(Origin="http://player.test")
        self.assertEqual((status, headers["Access-Control-Allow-Origin"]),
                         (200, "http://player.test"))

    def test_holds_a_bounded_part_of_a_segment_that_is_large(self):
        size = 40 << 20
        self.origin.on("/v1/0.ts", lambda h, _: h.give(b"\0" * size) or True)
        self.begin(index=1)
        status, _, body = self.gateway.get("/video/0.ts")
        self.assertEqual((status, len(body)), (200, size))
        self.assertLess(self.gateway.status()["held_bytes"], 20 << 20)
        with open(f"/proc/{self.gateway.process.pid}/status", encoding="utf-8") as f:
            peak_kb = int(re.search(r"VmHWM:\s+(\d+)", f.read())[1])
        tap.comment(f"peak resident {peak_kb} kB")
        if os.environ.get("SANITIZERS") != "yes":
            self.assertLess(peak_kb, 48 << 10)


if __name__ == "__main__":
    tap.main()
