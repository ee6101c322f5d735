#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""linkq watch in a terminal, and without one, against a scripted daemon. Prints TAP."""
import os
import re
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from case import LINKQ, Run, case, main, one_sentence  # noqa: E402
from fake import Fake, estimate, wait_for  # noqa: E402
from terminal import Terminal  # noqa: E402


def with_history(fake):
    def history(handler, request):
        handler.say(200, b'{"time":"2026-11-24T06:14:00.000Z","link":"k3f9","kind":"rise","from_kbps":1000,"to_kbps":18000,'
                         b'"duration_ms":null,"detail":""}\n' if request.query["what"] == "events" else b"", "application/x-ndjson")
    fake.answers["GET", "/v1/history"] = history
    fake.serve_events()


@case("watch draws the estimate, follows the events, and puts the terminal back at q")
def watch_screen():
    with Run() as r:
        with_history(r.fake)
        t = Terminal(r, "watch")
        try:
            t.wait_for("wlan0 (wifi)", "live", "Online, good (4g)", "5.2 Mbit/s", "4 times in 5 from 3.3 to 7.6 Mbit/s",
                       "apps 55 %, kernel 40 %, probes 5 %", "rise from 1.0 Mbit/s to 18 Mbit/s", "q quits", "now")
            wait_for(lambda: r.fake.streams)
            r.fake.push("link", estimate(state="offline", outage={
                "since": "2026-11-24T06:14:40.100Z", "lasted_ms": 4200, "expected_remaining_s": {"p50": 9, "p90": 40}}))
            r.fake.push("outage", {"time": "2026-11-24T06:14:40.100Z", "phase": "begin"})
            t.wait_for("Offline: nothing gets through", "another 9 s is expected", "outage begins")
            assert all(len(line) <= 80 for line in t.screen().splitlines())
            t.key("q")
            assert t.end() == 0
        finally:
            t.close()


@case("watch lets the age advance while nothing comes")
def watch_age():
    with Run() as r:
        with_history(r.fake)
        t = Terminal(r, "watch")
        try:
            t.wait_for("last evidence 1.")
            t.wait_for("last evidence 2.")
        finally:
            t.close()


@case("watch stays readable in a narrow and in a tiny terminal, and follows its size")
def watch_size():
    with Run() as r:
        with_history(r.fake)
        t = Terminal(r, "watch", rows=20, columns=60)
        try:
            t.wait_for("Online, good (4g)", "4 times in 5 from 3.3 to 7.6 Mbit/s", "9 in 10 within 72 ms", "q quits", "now")
            t.size(10, 30)
            t.wait_for("Online, good (4g)", "5.2 Mbit/s", "q quits")
            t.size(3, 8)
            t.key("\014")
            t.wait_for("q quits")
            t.size(50, 200)
            t.wait_for("4 times in 5 from 3.3 to 7.6 Mbit/s", "4 times in 5  ~ stalled  x offline  c portal")
            t.key("q")
            assert t.end() == 0
        finally:
            t.close()


@case("watch ends at Ctrl-C and at SIGTERM, with the terminal put back")
def watch_signals():
    with Run() as r:
        with_history(r.fake)
        for end in (lambda t: t.key("\003"), lambda t: t.process.send_signal(signal.SIGTERM)):
            t = Terminal(r, "watch")
            try:
                t.wait_for("Online, good (4g)")
                end(t)
                assert t.end() == 0
            finally:
                t.close()


@case("watch uses colours on a terminal, and none where NO_COLOR is set")
def watch_colors():
    with Run() as r:
        with_history(r.fake)
        for env, colored in (({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)):
            t = Terminal(r, "watch", env=env)
            try:
                t.wait_for("Online, good (4g)")
                # SGR 30 to 37, and 38;5;n
                assert bool(re.search(rb"\033\[(\d+;)*3[0-8][;m]", t.text)) == colored, (env, t.text)
                t.key("q")
                assert t.end() == 0
            finally:
                t.close()


@case("watch draws in ASCII where the locale has no UTF-8")
def watch_ascii():
    with Run() as r:
        with_history(r.fake)
        t = Terminal(r, "watch", env={"LC_ALL": "C"})
        try:
            t.wait_for("Online, good (4g)", "- median  : 4 times in 5")
            assert all(byte < 128 for byte in t.text)
        finally:
            t.close()


@case("watch says that the daemon went away, keeps what is known, and goes on when it is back")
def watch_restart():
    with Run() as r:
        with_history(r.fake)
        t = Terminal(r, "watch")
        try:
            t.wait_for("Online, good (4g)")
            r.fake.stop()
            t.wait_for("not connected", "Trying again", "Last known: Online, good (4g)", "linkqd went away")
            r.fake = Fake(r.fake.where)
            with_history(r.fake)
            r.fake.answers["GET", "/v1/link"] = estimate(state="captive")
            t.wait_for("live", "Captive: a portal answers", "linkqd is back")
            assert "Trying again" not in t.screen(), t.screen()
            t.key("q")
            assert t.end() == 0
        finally:
            t.close()


@case("watch --wait waits for a daemon that does not run yet; without it that is status 5")
def watch_wait():
    with Run() as r:
        done = r.linkq("--connect", r.path("later"), "watch")
        assert done.returncode == 5, done
        one_sentence(done.stderr)
        t = Terminal(r, "--connect", r.path("later"), "watch", "--wait")
        later = None
        try:
            t.wait_for("Waiting for linkqd", "q quits")
            later = Fake(r.path("later"))
            with_history(later)
            t.wait_for("Online, good (4g)")
            t.key("q")
            assert t.end() == 0
        finally:
            t.close()
            if later:
                later.stop()


@case("watch prints a line an update where there is no terminal")
def watch_plain():
    with Run() as r:
        r.fake.serve_events()
        p = subprocess.Popen([LINKQ, "watch"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                             text=True, env=r.env)
        try:
            first = p.stdout.readline()
            assert "online good  down 5.2 Mbit/s (3.3 to 7.6 Mbit/s)" in first and "age 1.3 s" in first, first
            wait_for(lambda: r.fake.streams)
            r.fake.push("link", estimate(), "boot-8")  # the same as before: no line
            r.fake.push("link", estimate(state="stalled", seq=8124), "boot-9")
            assert "stalled good" in p.stdout.readline()
            r.fake.push("outage", {"phase": "end", "lasted_ms": 12200}, "boot-10")
            assert "outage ends after 12 s" in p.stdout.readline()
            r.fake.stop()
            assert "linkqd went away" in p.stdout.readline()
            r.fake = Fake(r.fake.where)
            r.fake.serve_events()
            assert "online good" in p.stdout.readline()
            asked = wait_for(lambda: [a for a in r.fake.asked if a.path == "/v1/events"])
            assert asked[0].headers["Last-Event-ID"] == "boot-10", dict(asked[0].headers)
            p.send_signal(signal.SIGINT)
            assert p.wait(10) == 0
            assert p.stderr.read() == ""
        finally:
            p.kill()
            p.wait()


@case("watch prints a line an update on a terminal that cannot move its cursor")
def watch_dumb():
    with Run() as r:
        r.fake.serve_events()
        for kind in ("dumb", "no-such-terminal"):
            t = Terminal(r, "watch", env={"TERM": kind})
            try:
                t.wait_for("online good  down 5.2 Mbit/s (3.3 to 7.6 Mbit/s)")
                assert b"\033" not in t.written and b"    " not in t.written, t.written
                t.key("\003")
                assert t.process.wait(10) == 0
            finally:
                t.close()


if __name__ == "__main__":
    sys.exit(main())
