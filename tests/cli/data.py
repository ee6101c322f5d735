#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""linkq export and report against a scripted daemon: data out of it and into it. Prints TAP."""
import json
import os
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from case import LINKQ, Run, case, main, one_sentence  # noqa: E402
from fake import wait_for  # noqa: E402
from terminal import Terminal  # noqa: E402

HEADER = b"time,link,state\n"
ROW = b"2026-11-24T06:14:00.000Z,k3f9,online\n"


def rows(count, whole=True):
    """A history of so many rows; one that is not whole breaks off after them."""
    def answer(handler, request):
        handler.begin("text/csv")
        handler.chunk(HEADER)
        for _ in range(count // 100):
            handler.chunk(ROW * 100)
        if whole:
            handler.chunk(b"")
        else:
            handler.break_off()
    return answer


# --- export ---


@case("export streams the whole history to standard output, with no progress in a pipe")
def export_stdout():
    with Run() as r:
        r.fake.answers["GET", "/v1/history"] = rows(20000)
        done = r.linkq("export")
        assert done.returncode == 0 and done.stderr == "", done.stderr
        assert done.stdout.encode() == HEADER + ROW * 20000
        assert r.fake.asked[-1].query == {"what": "estimates", "format": "csv", "from": "1970-01-01T00:00:00.000Z"}


@case("export asks for what the options say")
def export_options():
    with Run() as r:
        r.fake.answers["GET", "/v1/history"] = rows(0)
        done = r.linkq("export", "--what", "events", "--from", "2026-11-24 06:00", "--to", "2026-11-24T07:00:00.5+01:00",
                       "--link", "a&b", "--format", "jsonl", "--step", "1m", env={"TZ": "CET-1"})
        assert done.returncode == 0, done
        assert r.fake.asked[-1].query == {"what": "events", "format": "jsonl", "link": "a&b", "step": "1m",
                                          "from": "2026-11-24T05:00:00.000Z", "to": "2026-11-24T06:00:00.500Z"}
        r.linkq("export", "--utc", "--from", "2026-11-24 06:00", env={"TZ": "CET-1"})
        assert r.fake.asked[-1].query["from"] == "2026-11-24T06:00:00.000Z"
        for wrong in (("--what", "all"), ("--format", "xml"), ("--step", "5m"), ("--from", "soon"), ("x",),
                      ("--from", "now", "--to", "yesterday")):
            done = r.linkq("export", *wrong)
            assert done.returncode == 64, (wrong, done)
            one_sentence(done.stderr)


@case("export to a file puts it in its place whole")
def export_file():
    with Run() as r:
        r.fake.answers["GET", "/v1/history"] = rows(1000)
        with open(r.path("out.csv"), "w") as f:
            f.write("old")
        os.chmod(r.path("out.csv"), 0o640)
        done = r.linkq("export", "-o", "out.csv")
        assert done.returncode == 0 and done.stdout == "" and done.stderr == "", done
        with open(r.path("out.csv"), "rb") as f:
            assert f.read() == HEADER + ROW * 1000
        assert os.stat(r.path("out.csv")).st_mode & 0o777 == 0o640
        assert sorted(os.listdir(r.folder)) == ["out.csv", "s"]


@case("export leaves no half file when the stream breaks off, and says so")
def export_broken():
    with Run() as r:
        r.fake.answers["GET", "/v1/history"] = rows(1000, whole=False)
        with open(r.path("out.csv"), "w") as f:
            f.write("old")
        done = r.linkq("export", "-o", r.path("out.csv"))
        assert done.returncode == 1 and "broke off" in done.stderr, done
        one_sentence(done.stderr)
        with open(r.path("out.csv")) as f:
            assert f.read() == "old"
        assert sorted(os.listdir(r.folder)) == ["out.csv", "s"]
        done = r.linkq("export")
        assert done.returncode == 1 and "broke off" in done.stderr, done.stderr


@case("export leaves no half file when it is interrupted")
def export_interrupted():
    with Run() as r:
        begun = []

        def endless(handler, request):
            handler.begin("text/csv")
            handler.chunk(HEADER)
            begun.append(True)
            wait_for(lambda: begun[-1] is False, 30)
        r.fake.answers["GET", "/v1/history"] = endless
        p = subprocess.Popen([LINKQ, "export", "-o", r.path("out.csv")], env=r.env, stderr=subprocess.PIPE)
        wait_for(lambda: begun and len(os.listdir(r.folder)) == 2)
        p.send_signal(signal.SIGINT)
        assert p.wait(10) == -signal.SIGINT
        begun.append(False)
        assert os.listdir(r.folder) == ["s"], os.listdir(r.folder)
        assert p.stderr.read() == b""
        p.stderr.close()


@case("export says what it could not write, or what was refused")
def export_refused():
    with Run() as r:
        r.fake.answers["GET", "/v1/history"] = rows(1000)
        done = r.linkq("export", "-o", r.path("none/out.csv"))
        assert done.returncode == 1 and "none/out.csv: No such file" in done.stderr, done
        one_sentence(done.stderr)
        full = subprocess.run([LINKQ, "export", "-o", "/dev/full"], env=r.env, capture_output=True, text=True)
        assert full.returncode == 1 and "No space left" in full.stderr, full
        one_sentence(full.stderr)
        r.fake.answers["GET", "/v1/history"] = lambda h, q: h.say(503, {"detail": "Too many exports run at once."})
        done = r.linkq("export", "-o", r.path("out.csv"))
        assert done.returncode == 1 and done.stderr == "linkq export: linkqd refused: Too many exports run at once.\n", done
        assert os.listdir(r.folder) == ["s"]
        assert r.linkq("--connect", r.path("none"), "export").returncode == 5


@case("export ends quietly when its reader leaves")
def export_pipe():
    with Run() as r:
        r.fake.answers["GET", "/v1/history"] = rows(100000)
        done = subprocess.run("%s export | head -n 1" % LINKQ, shell=True, env=r.env, capture_output=True)
        assert done.stdout == HEADER and done.stderr == b"", done


@case("export shows its progress on a terminal")
def export_progress():
    with Run() as r:
        r.fake.answers["GET", "/v1/history"] = rows(1000)
        t = Terminal(r, "export", "-o", r.path("out.csv"))
        try:
            t.wait_for("1001 rows, 37 kB")
            assert t.process.wait(10) == 0
        finally:
            t.close()


if __name__ == "__main__":
    sys.exit(main())
