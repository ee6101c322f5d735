#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The real linkq against a scripted daemon: what it prints, asks for and exits with. Prints TAP."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fake import Fake, NOTHING, estimate  # noqa: E402

LINKQ = os.path.join(os.environ.get("builddir", "."), "linkq")
CASES = []


def case(sentence):
    def add(function):
        CASES.append((sentence, function))
        return function
    return add


class Run:
    """One call of linkq, with its own daemon and folder."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="linkq-test-")
        self.fake = Fake(os.path.join(self.folder, "s"))
        keep = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH")
        self.env = {k: os.environ[k] for k in keep if k in os.environ}
        self.env.update(LINKQ_SOCKET=self.fake.where, TZ="UTC0", HOME=self.folder, LC_ALL="C.UTF-8",
                        XDG_RUNTIME_DIR=self.folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.fake.stop()
        shutil.rmtree(self.folder)

    def linkq(self, *args, stdin=None, env=None):
        done = subprocess.run([LINKQ, *args], input=stdin, capture_output=True, text=True, timeout=30,
                              env={**self.env, **(env or {})}, cwd=self.folder,
                              stdin=subprocess.DEVNULL if stdin is None else None)
        for text in (done.stdout, done.stderr):
            assert "\033" not in text, "escape sequences outside a terminal: %r" % text
        return done

    def path(self, name):
        return os.path.join(self.folder, name)


def one_sentence(text):
    """Errors are one line that begins with the program's name."""
    lines = text.splitlines()
    assert lines and lines[0].startswith("linkq") and lines[0].endswith("."), text
    assert len(lines) == 1 or (len(lines) == 2 and lines[1].startswith("Try '")), text


# --- the program as a whole ---


@case("a command that is not there is wrong usage, and the nearest name is told")
def unknown_command():
    with Run() as r:
        done = r.linkq("stauts")
        assert done.returncode == 64 and "Did you mean 'status'?" in done.stderr, done
        assert r.linkq().returncode == 64
        assert r.linkq("--frobnicate", "status").returncode == 64
        assert r.linkq("status", "--frobnicate").returncode == 64
        assert r.linkq("status", "now").returncode == 64
        assert r.linkq("--connect", "ftp://x", "status").returncode == 64


@case("every command tells its options")
def helps():
    with Run() as r:
        listed = r.linkq("help")
        assert listed.returncode == 0
        names = [line.split()[0] for line in listed.stdout.splitlines() if line.startswith("  ") and line[2] != "-" and line[2] != " "]
        assert "status" in names and "help" in names, names
        for name in names:
            told = r.linkq("help", name)
            assert told.returncode == 0 and told.stdout.startswith("linkq " + name), told
        assert r.linkq("help", "nothing").returncode == 64
        assert r.linkq("--version").stdout.startswith("linkq ")


@case("a reader that leaves is no reason to complain")
def broken_pipe():
    with Run() as r:
        done = subprocess.run("%s help | :" % LINKQ, shell=True, capture_output=True, text=True, env=r.env)
        assert done.stderr == "", done
        full = subprocess.run("%s help >/dev/full" % LINKQ, shell=True, capture_output=True, text=True, env=r.env)
        assert full.returncode == 1, full
        one_sentence(full.stderr)


# --- status ---


@case("status answers in words, with local times or UTC")
def status_words():
    with Run() as r:
        done = r.linkq("status", env={"TZ": "CET-1"})
        assert done.returncode == 0 and done.stderr == "", done
        for words in ("Online, good (4g)", "wlan0 (wifi)", "5.2 Mbit/s", "3.3 to 7.6 Mbit/s", "45 ms", "82 %",
                      "last evidence 1.3 s ago", "drop from 18 Mbit/s to 5.1 Mbit/s"):
            assert words in done.stdout, (words, done.stdout)
        assert "07:14:40" in done.stdout, done.stdout
        assert "06:14:40 UTC" in r.linkq("--utc", "status", env={"TZ": "CET-1"}).stdout
        assert all(len(line) <= 100 for line in done.stdout.splitlines())


@case("status exits by state")
def status_exit():
    with Run() as r:
        for state, quality, want in (("online", "good", 0), ("online", "minimal", 1), ("stalled", "good", 1),
                                     ("offline", "good", 2), ("captive", "good", 3), ("unknown", "unknown", 4)):
            r.fake.answers["GET", "/v1/link"] = estimate(state=state, quality=quality)
            for how in ((), ("--json",), ("--quiet",)):
                done = r.linkq("status", *how)
                assert done.returncode == want, (state, quality, how, done)
                assert (done.stdout == "") == (how == ("--quiet",)), done


@case("status shows what is not known as unknown, never as zero")
def status_unknown():
    with Run() as r:
        r.fake.answers["GET", "/v1/link"] = NOTHING
        done = r.linkq("status")
        assert done.returncode == 4 and "unknown" in done.stdout, done
        assert not any(c.isdigit() for c in done.stdout.replace("eth0", "")), done.stdout


@case("status tells of an outage and how long it may last")
def status_outage():
    with Run() as r:
        r.fake.answers["GET", "/v1/link"] = estimate(state="offline", outage={
            "since": "2026-11-24T06:14:40.100Z", "lasted_ms": 4200, "expected_remaining_s": {"p50": 9, "p90": 40}})
        done = r.linkq("status", "--utc")
        assert done.returncode == 2, done
        assert "for 4.2 s; another 9 s is expected, 9 in 10 end within 40 s" in done.stdout, done.stdout


@case("status --json hands on the daemon's answer")
def status_json():
    with Run() as r:
        done = r.linkq("status", "--json")
        assert json.loads(done.stdout) == estimate() and done.stdout.endswith("}\n"), done


@case("status of another link asks for that link")
def status_link():
    with Run() as r:
        r.fake.answers["GET", "/v1/links/b%2F7"] = estimate(state="offline")
        assert r.linkq("status", "--link", "b/7").returncode == 2
        done = r.linkq("status", "--link", "gone")
        assert done.returncode == 5, done
        one_sentence(done.stderr)


@case("status exits with 5 where no daemon answers, and says where it looked")
def status_unreachable():
    with Run() as r:
        for connect in (r.path("none"), "http://127.0.0.1:1", "127.0.0.1:1"):
            done = r.linkq("--connect", connect, "status")
            assert done.returncode == 5 and connect in done.stderr, done
            one_sentence(done.stderr)
            quiet = r.linkq("status", "--quiet", "--connect", connect)
            assert quiet.returncode == 5 and quiet.stderr == "", quiet
        r.fake.answers["GET", "/v1/link"] = {"hello": "world"}
        assert r.linkq("status").returncode == 5
        r.fake.answers["GET", "/v1/link"] = lambda h, q: h.say(200, b"<html>", "text/html")
        done = r.linkq("status")
        assert done.returncode == 5, done
        one_sentence(done.stderr)


@case("the daemon's own words are shown where it refuses")
def refusal():
    with Run() as r:
        r.fake.answers["GET", "/v1/link"] = lambda h, q: h.say(403, {"title": "x", "detail": "not\033[31m yours.", "field": "f"})
        done = r.linkq("status")
        assert done.stderr == "linkq status: linkqd refused (f): not?[31m yours.\n", done


@case("the daemon is found by the socket of the environment, then by the one in the runtime directory")
def found():
    with Run() as r:
        os.mkdir(r.path("linkqd"))
        other = Fake(r.path("linkqd/linkqd.sock"))
        other.answers["GET", "/v1/link"] = estimate(state="captive")
        try:
            assert r.linkq("status").returncode == 0
            assert r.linkq("status", env={"LINKQ_SOCKET": "", "RUNTIME_DIRECTORY": r.path("linkqd")}).returncode == 3
            assert r.linkq("--connect", other.where, "status").returncode == 3
        finally:
            other.stop()


@case("a daemon beyond a URL is asked over TCP, with the token where there is one")
def tcp():
    with Run() as r:
        far = Fake()
        try:
            with open(r.path("token"), "w") as f:
                f.write("s3cret\n")
            assert r.linkq("--connect", far.where + "/", "--token-file", r.path("token"), "status").returncode == 0
            assert far.asked[-1].headers["Authorization"] == "Bearer s3cret"
            assert far.asked[-1].headers["Host"] == far.where[len("http://"):]
            done = r.linkq("--token-file", r.path("none"), "status")
            assert done.returncode == 1, done
            one_sentence(done.stderr)
        finally:
            far.stop()


def main():
    only = sys.argv[1:]
    chosen = [c for c in CASES if not only or any(word in c[0] for word in only)]
    failures = 0
    print("1..%d" % len(chosen), flush=True)
    for number, (sentence, function) in enumerate(chosen, 1):
        try:
            function()
            print("ok %d - %s" % (number, sentence), flush=True)
        except Exception:
            failures += 1
            print("not ok %d - %s" % (number, sentence))
            print("".join("# " + line + "\n" for line in traceback.format_exc().splitlines()), end="", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
