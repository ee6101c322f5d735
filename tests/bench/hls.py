# SPDX-License-Identifier: ISC
"""The gateway on the link lab's rides, ffmpeg playing in real time: a table.

    hls.py BUILD [RIDE...]      tunnel, lift, handover, train_wifi

The ladder and the rides are those of tests/player, where hls.js plays them. MPEG-TS is as it is
there; fragmented MP4 is the same pictures in other boxes. `pictures` were decoded, of how many;
`stall` is what a viewer would have waited after the first one.
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
LADDER = (145, 365, 730, 1500, 3000, 4500, 7800)
SECONDS = 60
FPS = 25


def rides():
    """What tests/player/rides.mjs says of the link."""
    text = subprocess.run(["node", "--input-type=module", "-e",
                           f"import {{rides}} from '{TESTS}/player/rides.mjs';"
                           "console.log(JSON.stringify(rides))"],
                          check=True, capture_output=True, text=True).stdout
    return {name: ride["script"] for name, ride in json.loads(text).items()}


def make(folder):
    """The film twice: folder/ts and folder/fmp4."""
    subprocess.run(["sh", os.path.join(TESTS, "player", "media.sh"), folder, str(SECONDS)], check=True)
    os.rename(os.path.join(folder, str(SECONDS)), os.path.join(folder, "ts"))
    os.mkdir(os.path.join(folder, "fmp4"))
    with open(os.path.join(folder, "ts", "main.m3u8"), encoding="utf-8") as main:
        text = main.read().replace("VERSION:3", "VERSION:7")
    with open(os.path.join(folder, "fmp4", "main.m3u8"), "w", encoding="utf-8") as main:
        main.write(text)
    for kbps in LADDER:
        subprocess.run(
            ["ffmpeg", "-nostdin", "-loglevel", "error", "-i", f"{folder}/ts/{kbps}.m3u8", "-c", "copy",
             "-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4",
             "-hls_fmp4_init_filename", f"{kbps}.mp4",
             "-hls_segment_filename", f"{folder}/fmp4/{kbps}-%03d.m4s", f"{folder}/fmp4/{kbps}.m3u8"],
            check=True)


def run(build, folder, kind, name, script):
    done = subprocess.run(
        [os.path.join(build, "linklab"), "--script", script.split(";")[0], "--files", folder,
         "--control", os.path.join(folder, f"control-{kind}-{name}"), "--", sys.executable,
         os.path.join(TESTS, "system", "hls_ride.py"), f"{kind}/main.m3u8", script],
        capture_output=True, text=True, timeout=400, check=False,
        env={**os.environ, "builddir": os.path.abspath(build)})
    if done.returncode:
        return name, kind, {"error": done.stderr[-500:]}
    return name, kind, json.loads(done.stdout)


def row(name, kind, said):
    if "error" in said:
        return f"{name:<12} {kind:<5} {said['error']}"
    kbps = [LADDER[r] for r in said["rungs"]]
    complaints = [line for line in said["player"].splitlines()
                  if "duplicated MOOV" not in line and not re.search("repeated", line)]
    return (f"{name:<12} {kind:<5} {said['frames']:>5} of {SECONDS * FPS} {sum(kbps) / len(kbps):>7.0f}"
            f" {said['startup_s']:>8.1f} {max(0, said['stall_s']):>6.1f} {said['switches']:>9}"
            f" {said['abandoned']:>9} {said['retries']:>7} {len(complaints):>10}")


def main():
    build = sys.argv[1]
    all_rides = rides()
    wanted = sys.argv[2:] or list(all_rides)
    with tempfile.TemporaryDirectory(prefix="linkqd-film-") as folder:
        make(folder)
        print(f"{'ride':<12} {'kind':<5} {'pictures':>13} {'kbit/s':>7} {'start s':>8} {'stall s':>6}"
              f" {'switches':>9} {'given up':>9} {'retries':>7} {'complaints':>10}")
        with concurrent.futures.ThreadPoolExecutor(2) as lanes:
            for said in lanes.map(lambda job: run(build, folder, *job),
                                  [(kind, name, all_rides[name]) for name in wanted
                                   for kind in ("ts", "fmp4")]):
                print(row(*said), flush=True)


main()
