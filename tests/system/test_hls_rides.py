# SPDX-License-Identifier: ISC
"""linkq hls on a real path: ffmpeg, which does not adapt, plays a ladder in real time through
a tunnel, behind which the link is slower, and down a lift; every picture comes, and none is
damaged.
"""
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
import unittest

import tap

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("builddir", os.getcwd())
LINKLAB = os.path.join(BUILD, "linklab")
SECONDS = 18
FPS = 25

RIDES = {
    "ts": "0,8000,4000,45; 5,0,0; 9,1500,1000",
    "fmp4": "0,20000,8000,40; 4,4000,2500,120; 4.5,600,300,250; 12,4000,1500,150; 13,20000,8000,40",
}
running = {}


def ride(kind, folder):
    return subprocess.run(
        [LINKLAB, "--script", RIDES[kind].split(";")[0], "--files", folder,
         "--control", os.path.join(folder, "control-" + kind), "--", sys.executable,
         os.path.join(HERE, "hls_ride.py"), f"{kind}/main.m3u8", RIDES[kind]],
        capture_output=True, text=True, timeout=150, check=False)


def setUpModule():
    """The film is made; both rides begin; the tests judge them."""
    folder = tempfile.TemporaryDirectory(prefix="linkqd-film-")
    unittest.addModuleCleanup(folder.cleanup)
    subprocess.run(["sh", os.path.join(HERE, "hls_media.sh"), folder.name, str(SECONDS)], check=True,
                   timeout=120)
    lanes = concurrent.futures.ThreadPoolExecutor(len(RIDES))
    for kind in RIDES:
        running[kind] = lanes.submit(ride, kind, folder.name)


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
