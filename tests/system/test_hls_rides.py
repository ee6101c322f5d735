# SPDX-License-Identifier: ISC
"""linkq hls on a real path: ffmpeg, which does not adapt, plays a ladder in real time through
a tunnel, behind which the link is slower, and down a lift; every picture comes, and none is
damaged.
"""
import concurrent.futures
import functools
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import unittest

import tap
from harness import Daemon

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("builddir", os.getcwd())
LINKLAB = os.path.join(BUILD, "linklab")
SECONDS = 18
FPS = 25

RIDES = {
    "ts": "0,5000,4000,45; 4,0,0; 8,1200,1000",
    "fmp4": "0,5000,4000,40; 3,2000,2500,120; 3.5,500,300,250; 12,4000,1500,150; 13,20000,8000,40",
}
running = {}
film = tempfile.TemporaryDirectory(prefix="linkqd-film-")


def ride(kind, folder):
    return subprocess.run(
        [LINKLAB, "--script", RIDES[kind].split(";")[0], "--files", folder,
         "--control", os.path.join(folder, "control-" + kind), "--", sys.executable,
         os.path.join(HERE, "hls_ride.py"), f"{kind}/main.m3u8", RIDES[kind]],
        capture_output=True, text=True, timeout=150, check=False)


def setUpModule():
    """The film is made; both rides begin; the tests judge them."""
    unittest.addModuleCleanup(film.cleanup)
    subprocess.run(["sh", os.path.join(HERE, "hls_media.sh"), film.name, str(SECONDS)], check=True,
                   timeout=120)
    lanes = concurrent.futures.ThreadPoolExecutor(len(RIDES))
    for kind in RIDES:
        running[kind] = lanes.submit(ride, kind, film.name)


class Film(http.server.SimpleHTTPRequestHandler):
    """The film on loopback; `asked` are the paths."""
    asked = []

    def do_GET(self):
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_):
        pass


class Recipes(unittest.TestCase):
    """What linkq(1) says of mpv, run as it stands there, without a screen."""
    timeout = 120

    def setUp(self):
        Film.asked.clear()
        handler = functools.partial(Film, directory=film.name)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.folder = tempfile.TemporaryDirectory(prefix="linkqd-recipe-")
        self.daemon = Daemon(self.folder.name)
        self.addCleanup(self.folder.cleanup)
        self.addCleanup(self.server.shutdown)
        self.addCleanup(self.daemon.stop)

    def run_it(self, command):
        done = subprocess.run(
            command, shell=True, capture_output=True, text=True, timeout=100, check=False,
            env={**os.environ, "PATH": BUILD + ":" + os.environ["PATH"], "HOME": self.folder.name,
                 "LINKQ_SOCKET": self.daemon.socket})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout + done.stderr

    QUIET = "--no-config --vo=null --ao=null --no-audio --untimed --msg-level=all=error"

    def test_mpv_plays_by_the_gateway_without_an_error(self):
        for kind in RIDES:
            said = self.run_it(f"linkq hls {self.url}/{kind}/main.m3u8 -- mpv {self.QUIET}")
            self.assertEqual(said.strip(), "")
        whole = [path for path in Film.asked if path.startswith("/ts/") and path.endswith(".ts")]
        self.assertEqual(len(whole), SECONDS // 2)

    def test_mpv_takes_the_rendition_that_the_hint_names(self):
        main = os.path.join(film.name, "ts", "main.m3u8")
        self.run_it(f"mpv {self.QUIET} --hls-bitrate=$(linkq hint --playlist {main} --kbps)000"
                    f" {self.url}/ts/main.m3u8")
        last = [path for path in Film.asked if path.endswith(f"_{SECONDS // 2 - 1}.ts")]
        self.assertEqual(last, [f"/ts/v0_{SECONDS // 2 - 1}.ts"], "there is no estimate: the lowest")


class Rides(unittest.TestCase):
    timeout = 200

    def ride(self, kind):
        done = running[kind].result()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.said = json.loads(done.stdout)
        tap.comment(f"{kind}: " + json.dumps({k: v for k, v in self.said.items()
                                              if k not in ("log", "player")}))
        return self.said

    def explain(self):
        said = getattr(self, "said", {})
        return f"{said.get('player')}\n{said.get('log')}"

    def comes_whole(self, kind):
        said = self.ride(kind)
        self.assertEqual((said["player_status"], said["status"], said["daemon_status"]), (0, 0, 0))
        self.assertEqual(said["frames"], SECONDS * FPS, "pictures")
        # What FFmpeg says of a second initialization section, which it does not need here.
        complaints = [line for line in said["player"].splitlines()
                      if "duplicated MOOV" not in line and "repeated" not in line]
        self.assertEqual(complaints, [])
        self.assertTrue(said["daemon"], "the daemon was not asked")
        self.assertGreater(len(set(said["rungs"])), 1, "one rendition was kept")
        self.assertGreater(said["observed"], 0)

    def test_every_picture_of_mpeg_ts_comes_through_a_tunnel_to_a_slower_link(self):
        self.comes_whole("ts")

    def test_every_picture_of_fragmented_mp4_comes_down_and_up_a_lift(self):
        self.comes_whole("fmp4")


if __name__ == "__main__":
    check = subprocess.run([LINKLAB, "--check"], capture_output=True, text=True, check=False)
    if check.returncode == 77:
        tap.skip_all(check.stderr.strip())
    tap.main()
