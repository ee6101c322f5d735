#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What the history takes: of the disk in a year, of time to be asked, of writes in an hour.

  history.py BUILD_FOLDER [size] [writes]

size    a laptop's year, busy eight hours a day: the most bytes that it took, and how long a
        year by hours and a day by minutes take to be asked for
writes  bytes written to the disk while idle and while busy (/proc/PID/io), over some minutes,
        as so many an hour
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from daemon import BUILD, Daemon, export_once, quiet_server  # noqa: E402


def median(values):
    return sorted(values)[len(values) // 2]


def size():
    """A year of a laptop."""
    scratch = tempfile.mkdtemp(prefix="linkqd-bench-db-")
    try:
        daemon = Daemon("--probe", "none")
        daemon.database = os.path.join(scratch, "linkqd.db")
        words = subprocess.run([f"{BUILD}/tests/bench/export", "year", daemon.database, "365"], check=True,
                               capture_output=True, text=True).stdout.split()
        with daemon:
            time.sleep(2)  # what it does at its start is done
            year, day = ([export_once(daemon.port, f"what=estimates&step={step}&from={begin}") for _ in range(9)]
                         for step, begin in (("1h", "-365d"), ("1m", "-24h")))
        print(f"size: a laptop's year, 8 h a day busy: {int(words[3]) / 1e6:.1f} MB at the most of the 100 MB that are "
              f"preset; the year by hours ({year[0][1] - 1} rows) in {1000 * median([y[2] for y in year]):.1f} ms, "
              f"a day by minutes ({day[0][1] - 1} rows) in {1000 * median([d[2] for d in day]):.1f} ms")
    finally:
        shutil.rmtree(scratch)


def written(pid):
    with open(f"/proc/{pid}/io", encoding="ascii") as file:
        return int(dict(line.split(": ") for line in file)["write_bytes"])


def writes():
    """Bytes an hour, from some minutes."""
    server = quiet_server()
    # as often as the targets that are preset are asked
    with Daemon("--probe", f"http://127.0.0.1:{server.server_port}/generate_204",
                "--set", "probe-interval=30s") as daemon:
        time.sleep(30)
        figures = []
        for name, seconds, busy in (("idle", 300, False), ("busy", 120, True)):
            before, end = written(daemon.process.pid), time.monotonic() + seconds
            while time.monotonic() < end:
                if busy:
                    daemon.observe(6)
                time.sleep(1)
            got = written(daemon.process.pid) - before
            figures.append(f"{got * 3600 / seconds / 1e6:.2f} MB an hour {name} (from {got / 1e3:.0f} kB in {seconds} s)")
        print(f"writes: {', '.join(figures)}")
    server.shutdown()


if __name__ == "__main__":
    for which in sys.argv[2:] or ["size", "writes"]:
        {"size": size, "writes": writes}[which]()
        sys.stdout.flush()
