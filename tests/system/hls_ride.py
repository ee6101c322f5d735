# SPDX-License-Identifier: ISC
"""Runs inside the link lab: the daemon, the gateway, and a player that takes a film in real
time while the link goes its way. Prints one JSON object.

    hls_ride.py PATH SCRIPT [OPTION...]     PATH below the lab's /files/
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from harness import BUILD, Daemon, tell, wait_for

URLS = os.environ["LINKLAB_URLS"].split()
LINKQ = os.path.join(BUILD, "linkq")
FPS = 25
PERIOD_S = 0.2


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


def watch(url):
    """ffmpeg as a player: decodes all in real time. What it printed, how many pictures, when the
    first one came, and how long a viewer would have waited since.

    After a pause ffmpeg hurries to where it would have been. A viewer's film stays behind for
    good, so the wait is the most by which the pictures that had come were ever behind."""
    begun = time.monotonic()
    player = subprocess.Popen(
        ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "warning", "-nostats", "-progress",
         "pipe:1", "-stats_period", str(PERIOD_S), "-re", "-i", url, "-map", "0:v:0", "-map", "0:a?",
         "-f", "null", "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    said = []
    reader = threading.Thread(target=lambda: said.append(player.stderr.read()), daemon=True)
    reader.start()
    frames, first, behind = 0, None, 0
    for line in player.stdout:
        if not line.startswith("frame="):
            continue
        now = time.monotonic() - begun
        frames = int(line[6:])
        if frames > 0 and first is None:
            first = now - frames / FPS
        if first is not None:
            behind = max(behind, now - first - PERIOD_S - frames / FPS)
    player.wait()
    reader.join()
    return {"frames": frames, "startup_s": first, "stall_s": behind, "player": said[0],
            "player_status": player.returncode}


def main():
    path, script = sys.argv[1], sys.argv[2]
    probes = [url + "/generate_204" for url in URLS]
    probes.append(f"download={URLS[0]}/bytes/{{bytes}}")
    with tempfile.TemporaryDirectory(prefix="linkqd-hls-") as directory:
        tell(script.split(";")[0])
        daemon = Daemon(directory, probe=probes)
        gateway = None
        try:
            wait_for(lambda: daemon.get("/v1/link")["down_kbps"], "an estimate")
            log = open(os.path.join(directory, "gateway"), "w+", encoding="utf-8")
            gateway = subprocess.Popen(
                [LINKQ, "hls", "--verbose", *sys.argv[3:], f"{URLS[0]}/files/{path}"],
                stdout=subprocess.PIPE, stderr=log, text=True,
                env={**os.environ, "LINKQ_SOCKET": daemon.socket})
            url = gateway.stdout.readline().strip()
            assert url, "the gateway did not begin"
            tell(script)
            answer = watch(url)
            answer.update(json.loads(get(url.replace("master.m3u8", "status"))))
            gateway.terminate()
            answer["status"] = gateway.wait(20)
            log.seek(0)
            answer["log"] = log.read()
            answer["rungs"] = [int(r) for r in re.findall(r"video/\d+: rendition (\d+), \d+ bytes",
                                                          answer["log"])]
            answer["observed"] = daemon.get("/v1/explain")["sources"]["app"]["count"]
            answer["daemon_status"] = daemon.stop()
        finally:
            for process in (daemon.process, gateway):
                if process and process.poll() is None:
                    process.kill()
                    process.wait()
    print(json.dumps(answer))


main()
