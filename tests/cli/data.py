#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""linkq export and report against a scripted daemon: data out of it and into it. Prints TAP."""
import json
import os
import shutil
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


# --- report ---


def observe(handler, request):
    """Takes what has bytes, as the daemon would: each rejected one with its reason."""
    body = request.json()
    body = body if isinstance(body, list) else [body]
    bad = [{"index": i, "reason": "bytes is missing."} for i, o in enumerate(body) if "bytes" not in o]
    handler.say(202, {"accepted": len(body) - len(bad), "rejected": bad})


@case("report sends one observation that options make up")
def report_one():
    with Run() as r:
        r.fake.answers["POST", "/v1/observations"] = observe
        done = r.linkq("report", "--bytes", "1.5M", "--duration-ms", "900.5", "--ttfb-ms", "40", "--connect-ms", "20", "--up",
                       "--app", "backup", "--id", "7", "--server-limited", "--ended", "2026-11-24 06:00")
        assert done.returncode == 0 and done.stdout == "1 accepted, 0 rejected.\n", done
        assert r.fake.asked[-1].json() == [{
            "bytes": 1500000, "duration_ms": 900.5, "ttfb_ms": 40, "connect_ms": 20, "direction": "up", "app": "backup",
            "id": "7", "server_limited": True, "ended_at": "2026-11-24T06:00:00.000Z"}]
        done = r.linkq("report", "--bytes", "0", "--duration-ms", "5000", "--error", "timeout", "--quiet")
        assert done.returncode == 0 and done.stdout == "", done
        sent = r.fake.asked[-1].json()[0]
        sent.pop("ended_ms_ago", None)
        assert sent == {"bytes": 0, "duration_ms": 5000, "ok": False, "error": "timeout"}
        done = r.linkq("report", "--connect-ms", "12")
        assert done.returncode == 1 and done.stderr == "linkq report: bytes is missing.\n", done
        for wrong in ((), ("--bytes", "5"), ("--bytes", "x", "--duration-ms", "1"), ("--bytes", "1", "--duration-ms", "-1"),
                      ("a", "b"), ("--curl", "--har"), ("--bytes", "1", "file"), ("--ended", "soon")):
            done = r.linkq("report", *wrong)
            assert done.returncode == 64, (wrong, done)
            one_sentence(done.stderr)


@case("report takes JSON lines, names the lines that were rejected, and accepts the rest")
def report_lines():
    with Run() as r:
        r.fake.answers["POST", "/v1/observations"] = observe
        lines = '{"bytes":1,"duration_ms":5}\nnonsense\n\n{"duration_ms":5}\n[{"bytes":2,"duration_ms":6},7]\n{"bytes":3,"app":"x"}'
        done = r.linkq("report", "--app", "me", "-", stdin=lines)
        assert done.returncode == 0 and done.stdout == "3 accepted, 3 rejected.\n", done
        assert sorted(done.stderr.splitlines()) == ["linkq report: line 2: this is not JSON.", "linkq report: line 4: bytes is missing.",
                                                    "linkq report: line 5: an observation must be an object."], done.stderr
        sent = [o for a in r.fake.asked for o in a.json()]
        assert [o.get("app") for o in sent] == ["me", "me", "me", "x"], sent
        done = r.linkq("report", "-", stdin="{}\n{}\n")
        assert done.returncode == 1 and done.stdout == "0 accepted, 2 rejected.\n", done
        done = r.linkq("report", "-", stdin="")
        assert done.returncode == 0 and done.stdout == "Nothing to report.\n", done


@case("report keeps within 500 observations and 256 KiB a body, and does not bury one in reasons")
def report_batches():
    with Run() as r:
        r.fake.answers["POST", "/v1/observations"] = observe
        done = r.linkq("report", "-", stdin='{"bytes":1,"duration_ms":5}\n' * 1200)
        assert done.stdout == "1200 accepted, 0 rejected.\n", done
        assert max(len(a.json()) for a in r.fake.asked) == 500
        del r.fake.asked[:]
        done = r.linkq("report", "-", stdin='{"bytes":1,"duration_ms":5,"id":"%s"}\n' % ("i" * 2000) * 300)
        assert done.stdout == "300 accepted, 0 rejected.\n", done
        assert len(r.fake.asked) > 1 and max(len(a.body) for a in r.fake.asked) <= 256 * 1024
        done = r.linkq("report", "-", stdin='{}\n' * 700 + '{"id":"%s"}\n' % ("i" * 9000) + "x" * 70000 + "\n")
        assert done.returncode == 1 and done.stdout == "0 accepted, 702 rejected.\n", done
        assert len(done.stderr.splitlines()) == 21, done.stderr


@case("report sends what a pipe brings without waiting for its end")
def report_pipe():
    with Run() as r:
        r.fake.answers["POST", "/v1/observations"] = observe
        p = subprocess.Popen([LINKQ, "report", "-"], env=r.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        p.stdin.write('{"bytes":1,"duration_ms":5}\n')
        p.stdin.flush()
        sent = wait_for(lambda: r.fake.asked)[0].json()[0]
        assert 100 <= sent.pop("ended_ms_ago") < 5000 and sent == {"bytes": 1, "duration_ms": 5}, sent
        p.stdin.write('{"bytes":1,"duration_ms":5,"ended_ms_ago":7}\n')
        assert p.communicate()[0] == "2 accepted, 0 rejected.\n"
        assert r.fake.asked[-1].json()[0]["ended_ms_ago"] == 7


@case("report takes the lines of a file as being as old as the file")
def report_file():
    with Run() as r:
        r.fake.answers["POST", "/v1/observations"] = observe
        with open(r.path("o.jsonl"), "w") as f:
            f.write('{"bytes":1,"duration_ms":5}\n{"bytes":1,"duration_ms":5,"ended_ms_ago":4}\n')
        os.utime(r.path("o.jsonl"), (1795500900, 1795500900))
        assert r.linkq("report", "o.jsonl").returncode == 0
        assert [(o.get("ended_at"), o.get("ended_ms_ago")) for o in r.fake.asked[-1].json()] == [("2026-11-24T06:15:00.000Z", None), (None, 4)]
        done = r.linkq("report", "none.jsonl")
        assert done.returncode == 1, done
        one_sentence(done.stderr)


@case("report takes what the real curl writes with the format that it prints")
def report_curl():
    with Run() as r:
        r.fake.answers["POST", "/v1/observations"] = observe
        r.fake.answers["GET", "/x"] = lambda h, q: h.say(200, b"x" * 5000, "text/plain")
        form = r.linkq("report", "--curl-format")
        assert form.returncode == 0 and r.fake.asked == []
        if not shutil.which("curl"):
            return "curl is not installed"
        curl = ["curl", "-s", "-o", "/dev/null", "-w", form.stdout.rstrip("\n"), "--unix-socket", r.fake.where, "http://x/x"]
        written = subprocess.run(curl, capture_output=True, text=True, timeout=30).stdout
        done = r.linkq("report", "--curl", "--app", "sh", stdin=written + "what else\n{}\n")
        assert done.returncode == 0 and done.stdout == "1 accepted, 2 rejected.\n", done
        sent = r.fake.asked[-1].json()[0]
        assert sent["bytes"] == 5000 and sent["app"] == "sh" and 0 < sent["ttfb_ms"] <= sent["duration_ms"], sent
        assert 0 <= sent["connect_ms"] <= sent["ttfb_ms"] and "error" not in sent, sent


@case("report takes an HTTP Archive, in the order in which its requests ended")
def report_har():
    def entry(second, time, **more):
        return {"startedDateTime": "2026-11-24T06:15:%02d.000Z" % second, "time": time,
                "request": {"url": "http://a.test/", "bodySize": 0}, "response": {"status": 200, "bodySize": 10},
                "timings": {"dns": -1, "connect": -1, "send": 0, "wait": 5, "receive": time - 5}, **more}
    with Run() as r:
        r.fake.answers["POST", "/v1/observations"] = observe
        har = {"log": {"entries": [entry(1, 5000), entry(2, 100, _fromCache="memory"), {"request": {"url": "http://a.test/"}, "response": {"status": 200}},
                                   entry(3, 100, request={"url": "ws://a.test/"})]}}
        with open(r.path("a.har"), "w") as f:
            f.write(json.dumps(har))
        done = r.linkq("report", "--har", "a.har")
        assert done.returncode == 0 and done.stdout == "2 accepted, 1 rejected.\n", done
        assert done.stderr == "linkq report: entry 3: it has no timings.\n", done
        sent = r.fake.asked[-1].json()
        assert [o["ended_at"] for o in sent] == ["2026-11-24T06:15:02.100Z", "2026-11-24T06:15:06.000Z"]
        assert [o.get("from_cache") for o in sent] == [True, None] and sent[1]["connect_ms"] == 0
        for text in ("{}", "[", ""):
            done = r.linkq("report", "--har", stdin=text)
            assert done.returncode == 1, done
            one_sentence(done.stderr)


@case("report says when no daemon takes it")
def report_unreachable():
    with Run() as r:
        done = r.linkq("--connect", r.path("none"), "report", "-", stdin='{"bytes":1,"duration_ms":5}\n')
        assert done.returncode == 5 and done.stdout == "", done
        one_sentence(done.stderr)
        r.fake.answers["POST", "/v1/observations"] = lambda h, q: h.say(403, {"detail": "Not from there."})
        done = r.linkq("report", "-", stdin='{"bytes":1,"duration_ms":5}\n')
        assert done.returncode == 1 and done.stderr == "linkq report: linkqd refused: Not from there.\n", done


if __name__ == "__main__":
    sys.exit(main())
