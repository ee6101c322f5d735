#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The real linkq against a scripted daemon: what it prints, asks for and exits with. Prints TAP."""
import json
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from case import LINKQ, Run, case, main, one_sentence  # noqa: E402
from fake import Fake, NOTHING, estimate  # noqa: E402

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
        done = r.linkq("--connect", "", "status")
        assert done.returncode == 64, "not a reason to look elsewhere: %s" % (done,)
        assert "--connect" in done.stderr


@case("every command tells its options")
def helps():
    with Run() as r:
        names = commands(r)
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
        assert full.returncode == 74, full
        one_sentence(full.stderr)
        full = subprocess.run("%s status >/dev/full" % LINKQ, shell=True, capture_output=True, text=True, env=r.env)
        assert full.returncode == 74, "1 would say that the link is stalled: %s" % full
        one_sentence(full.stderr)


def commands(run):
    listed = run.linkq("help").stdout.splitlines()
    return [line.split()[0] for line in listed if re.match("  [a-z]", line)]


@case("the manual page tells of every command and every option")
def page():
    with Run() as r, open(os.path.join(os.environ.get("srcdir", "."), "daemon/cli/linkq.1")) as f:
        text = f.read()
        for name in commands(r):
            assert re.search(r"^\.Cm %s$" % name, text, re.M), name
            for option in re.findall(r"(?<![\w-])--([a-z][a-z-]+)", r.linkq("help", name).stdout):
                assert re.search(r"Fl Fl %s\b" % option, text), (name, option)


@case("bash completes commands, options and the words that they take")
def completion():
    if not shutil.which("bash"):
        return "bash is not installed"
    script = os.path.join(os.environ.get("srcdir", "."), "contrib/completion/linkq")
    with Run() as r:
        def complete(*words):
            done = subprocess.run(["bash", "-c", 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _linkq; echo "${COMPREPLY[*]}"',
                                   "bash", script, LINKQ, *words], capture_output=True, text=True, env=r.env, cwd=r.folder)
            assert done.stderr == "", done
            return done.stdout.split()
        assert complete("") == commands(r), complete("")
        assert complete("st") == ["status"]
        assert complete("--connect", "x", "wa") == ["watch"]
        assert complete("help", "ex") == ["export"]
        assert complete("status", "--") == ["--connect", "--help", "--json", "--link", "--quiet", "--token-file", "--utc"]
        assert complete("export", "--what", "") == ["estimates", "observations", "events"]
        assert complete("export", "--format", "j") == ["jsonl"]
        assert complete("--ut") == ["--utc"]
        assert complete("--connect", "") == ["s"]


# --- links ---


LINKS = {"links": [], "remembered": [
    {"id": "k3f9", "name": "Home", "interface": "wlan0", "kind": "wifi", "up": True, "learnt": True,
     "last_seen": "2026-11-24T06:15:00.250Z"},
    {"id": "train", "name": None, "interface": "wlan0", "kind": "wifi", "up": False, "learnt": True,
     "last_seen": "2026-11-20T06:15:00.250Z"},
    {"id": "cafe", "name": "Home", "interface": "wlan1", "kind": "wifi", "up": False, "learnt": False,
     "last_seen": None}]}


@case("links are listed, named by what people call them, and forgotten")
def links():
    with Run() as r:
        r.fake.answers["GET", "/v1/links"] = LINKS
        listed = r.linkq("links").stdout.splitlines()
        assert [line.split()[0] for line in listed] == ["k3f9", "train", "cafe"], listed
        assert "up" in listed[0] and "Home" in listed[0] and "ago" in listed[1], listed
        r.fake.answers["POST", "/v1/links/train"] = {**LINKS["remembered"][1], "name": "The train"}
        assert r.linkq("name", "train", "The train").stdout == "train is called The train.\n"
        assert r.fake.asked[-1].json() == {"name": "The train"}
        r.fake.answers["POST", "/v1/links/k3f9"] = LINKS["remembered"][0]
        assert r.linkq("name", "wlan0", "").stdout == "k3f9 has no name any more.\n"
        for word, why in (("Home", "2 links are called"), ("nowhere", "no link is called"),
                          ("", "no link is called")):
            for command in (("name", word, "x"), ("forget", word)):
                done = r.linkq(*command)
                assert done.returncode == 1 and why in one_sentence_of(done), done
        r.fake.answers["DELETE", "/v1/links/train"] = {"links": 1, "rows": 86400}
        assert r.linkq("forget", "train").stdout == "Forgotten: 1 link and 86400 rows of the history.\n"
        r.fake.answers["DELETE", "/v1/links"] = {"links": 3, "rows": None}
        assert "still being deleted" in r.linkq("forget", "--all").stdout
        assert r.fake.asked[-1].query == {"all": "true"}
        r.linkq("forget", "--before", "2026-11-20")
        assert r.fake.asked[-1].query == {"before": "2026-11-20T00:00:00.000Z"}
        for wrong in ((), ("--all", "train"), ("--before", "soon"), ("--before", "1d", "--all")):
            assert r.linkq("forget", *wrong).returncode == 64, wrong
        assert r.linkq("name", "train").returncode == 64


def one_sentence_of(done):
    one_sentence(done.stderr)
    return done.stderr


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


# --- transfer and hint ---


@case("transfer tells the time that so many bytes would take")
def transfer():
    with Run() as r:
        r.fake.answers["GET", "/v1/transfer"] = {"bytes": 10000000, "seconds": {"p10": 11.2, "p50": 16, "p90": 200}}
        done = r.linkq("transfer", "10M")
        assert done.stdout == "10 MB down: about 16 s; 1 in 10 within 11 s, 9 in 10 within 3 min 20 s\n", done
        assert done.returncode == 0 and r.fake.asked[-1].query == {"bytes": "10000000"}
        done = r.linkq("transfer", "4Ki", "--up")
        assert r.fake.asked[-1].query == {"bytes": "4096", "direction": "up"} and " up: " in done.stdout, done
        assert json.loads(r.linkq("transfer", "1", "--json").stdout)["seconds"]["p50"] == 16
        r.fake.answers["GET", "/v1/transfer"] = {"bytes": 1, "seconds": {"p10": None, "p50": None, "p90": None}}
        done = r.linkq("transfer", "1")
        assert done.returncode == 4 and done.stdout == "1 B down: not known yet\n", done
        assert r.linkq("transfer", "1", "--json").returncode == 4
        for wrong in ((), ("x",), ("1", "2"), ("0",)):
            assert r.linkq("transfer", *wrong).returncode == 64, wrong


HINT = {"rendition": "720p", "index": 2, "wait_s": 0, "reason": "steady", "max_safe_kbps": 4100,
        "renditions": [{"id": "360p", "kbps": 400, "fetch_s": {"p10": 0.2, "p50": 0.4, "p90": 1.5}, "stall_risk": 0.001, "sustainable": True},
                       {"id": "480p", "kbps": 1200, "fetch_s": {"p10": 0.5, "p50": 1.1, "p90": 3}, "stall_risk": 0.01, "sustainable": True},
                       {"id": "720p", "kbps": 2801, "fetch_s": {"p10": None, "p50": None, "p90": None}, "stall_risk": None, "sustainable": False}],
        "abandon": {"do": False, "to": None}, "ttl_s": 6, "cmcd": {"mtp": 5200}, "cmsd": "etp=5200"}


@case("hint asks with what the player said, and tells what to fetch")
def hint():
    with Run() as r:
        r.fake.answers["POST", "/v1/hint"] = HINT
        done = r.linkq("hint", "--ladder", "400,1200,2800.5", "--buffer", "8", "--segment", "4", "--current", "1",
                       "--max-height", "720", "--mode", "live")
        assert done.returncode == 0, done
        asked = r.fake.asked[-1]
        assert asked.headers["Content-Type"] == "application/json"
        assert asked.json() == {"ladder_kbps": [400, 1200, 2800.5], "buffer_s": 8, "segment_s": 4, "current": 1,
                                "cap": {"max_height": 720}, "mode": "live"}, asked.body
        lines = done.stdout.splitlines()
        assert lines[0] == "Fetch rendition 720p now (2.8 Mbit/s): what plays now fits the link.", lines
        assert lines[1] == "Safe up to 4.1 Mbit/s; ask again within 6 s."
        assert lines[-1].startswith("> 720p") and "unknown" in lines[-1] and lines[-1].endswith("no"), lines
        assert all(len(line) <= 80 for line in lines), lines
        assert json.loads(r.linkq("hint", "--ladder", "400", "--json").stdout) == HINT
        told = HINT["renditions"][HINT["index"]]["kbps"]
        assert r.linkq("hint", "--ladder", "400", "--kbps").stdout == "%d\n" % told


@case("hint takes a playlist from a file or standard input")
def hint_playlist():
    with Run() as r:
        r.fake.answers["POST", "/v1/hint"] = dict(HINT, wait_s=2.5, abandon={"do": True, "to": 0})
        text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=800000\na.m3u8\n"
        with open(r.path("m.m3u8"), "w") as f:
            f.write(text)
        done = r.linkq("hint", "--playlist", r.path("m.m3u8"))
        assert r.fake.asked[-1].json() == {"playlist": text}
        assert "in 2.5 s: " in done.stdout and "Give up the request under way for rendition 0." in done.stdout, done
        r.linkq("hint", "--playlist", "-", stdin=text)
        assert r.fake.asked[-1].json() == {"playlist": text}
        done = r.linkq("hint", "--playlist", r.path("none"))
        assert done.returncode == 1, done
        one_sentence(done.stderr)


@case("hint refuses what is no ladder before it asks")
def hint_usage():
    with Run() as r:
        for wrong in ((), ("--ladder", "400,x"), ("--ladder", ""), ("--ladder", "400", "--buffer", "-1"),
                      ("--ladder", "400", "--current", "1.5"), ("--ladder", "4", "--playlist", "/dev/null"),
                      ("--ladder", "4", "5"), ("--ladder", ",".join("5" * 65)),
                      ("--ladder", "4,5", "--current", "2"), ("--ladder", "4", "--mode", "zz")):
            done = r.linkq("hint", *wrong)
            assert done.returncode == 64, (wrong, done)
            one_sentence(done.stderr)
        assert r.fake.asked == []
        r.fake.answers["POST", "/v1/hint"] = lambda h, q: h.say(400, {"detail": "is not ascending", "field": "ladder_kbps"})
        done = r.linkq("hint", "--ladder", "4,3")
        assert done.returncode == 1 and done.stderr == "linkq hint: linkqd refused (ladder_kbps): is not ascending.\n", done


# --- why ---

EXPLAIN = {
    "time": "2026-11-24T06:15:00.250Z", "link": "k3f9", "state": "online",
    "sources": {"app": {"count": 180, "weight": 0.55, "age_ms": 1300, "bytes": 12000000},
                "kernel": {"count": 1, "weight": 0.4, "age_ms": 900, "bytes": 0},
                "probe": {"count": 0, "weight": 0, "age_ms": None, "bytes": 0}},
    "taken": 214, "rejected": {"from_cache": 12, "server_limited": 0, "too_late": 3, "out_of_order": 0},
    "open_requests": 2, "silent_ms": 2100, "dead_probability": 0.35, "outages": 1, "window_bytes": 14600,
    "rate_limited_share": 0.3,
    "changes": [{"kind": "drop", "time": "2026-11-24T06:14:40.100Z", "from_kbps": 18000, "to_kbps": 5100},
                {"kind": "outage", "time": "2026-11-23T06:14:40.100Z", "from_kbps": None, "to_kbps": None}],
    "probes": [{"target": "http://probe.test/\033[31m", "kind": "latency", "own": True, "count": 20, "failures": 2,
                "age_ms": 3000, "last": "45 ms"},
               {"target": "http://probe.test/{bytes}", "kind": "download", "own": True, "count": 0, "failures": 0,
                "age_ms": None, "last": ""}],
    "next_probe": {"in_ms": 12000, "kind": "latency", "reason": "the link is idle"},
    "probe_bytes": {"down": 1200000, "up": 0}, "uptime_s": 300}


@case("why tells in sentences what the estimate rests on")
def why():
    with Run() as r:
        r.fake.answers["GET", "/v1/explain"] = EXPLAIN
        done = r.linkq("why")
        assert done.returncode == 0 and done.stderr == "", done
        for words in ("Online, good (4g)  wlan0 (wifi)",
                      "A download gets about 5.2 Mbit/s, 4 times in 5 from 3.3 to 7.6 Mbit/s.",
                      "Confidence is 82 %; the last evidence came 1.3 s ago.",
                      "  applications  55 % of the weight, 180 samples, 12 MB, the last 1.3 s ago",
                      "  kernel        40 % of the weight, 1 sample, the last 0.9 s ago",
                      "  probes       nothing",
                      "2 requests are open; no byte has come for 2.1 s.",
                      "That nothing gets through any more has a probability of 35 %.",
                      "30 % of the recent amounts only say \"at least this much\".",
                      "1 outage since the link appeared.",
                      "Not counted in full: 12 from cache, 3 too late.",
                      "06:14:40  drop from 18 Mbit/s to 5.1 Mbit/s (", "2026-11-23 06:14:40  outage (",
                      "http://probe.test/?[31m, latency: 20 asked, 2 failed, the last 3 s ago (45 ms)",
                      "http://probe.test/{bytes}, download: not asked yet",
                      "The next one (latency) is due in 12 s: the link is idle.",
                      "They have taken 1.2 MB down and 0 B up so far."):
            assert words in done.stdout, (words, done.stdout)
        assert json.loads(r.linkq("why", "--json").stdout) == EXPLAIN
        r.linkq("why", "--link", "k/3")
        assert [a.query for a in r.fake.asked if a.path == "/v1/explain"][-1] == {"link": "k/3"}
        assert r.linkq("why", "x").returncode == 64
        assert r.linkq("--connect", r.path("none"), "why").returncode == 5


def length(p50, p90):
    return {"p50": p50, "p90": p90, "mean": p50}


def hour(of, down):
    return {"from": "2026-11-24T%02d:00:00.000Z" % of, "down_kbps": down}


FORECAST = {
    "time": "2026-11-24T06:15:00.250Z", "link": "k3f9", "unknown": None,
    "basis": {"since": "2026-09-01T06:15:00.000Z", "days": 41, "outages": 210},
    "within": [{"seconds": 60, "probability": 0.03, "usual": 0.01, "length_s": None},
               {"seconds": 300, "probability": 0.5, "usual": 0.04, "length_s": length(12, 80)},
               {"seconds": 900, "probability": 0.82, "usual": 0.1, "length_s": length(38, 90)}],
    "outage": None,
    "hours": [hour(6, {"p10": 800, "p50": 2400, "p90": 5200}), hour(7, None)]}


@case("forecast tells what is ahead, and says so where it does not know")
def forecast():
    with Run() as r:
        r.fake.answers["GET", "/v1/forecast"] = FORECAST
        done = r.linkq("forecast")
        assert done.returncode == 0 and done.stderr == "", done
        for words in ("An outage begins\n", "  within 1 min     3 %  (at this hour usually 1 %)\n",
                      "  within 15 min   82 %  (at this hour usually 10 %), of about 38 s, 9 in 10 less than 1 min 30 s\n",
                      "about 2.4 Mbit/s, 4 times in 5 from 0.8 to 5.2 Mbit/s", "From 41 days and 210 outages of this link."):
            assert words in done.stdout, (words, done.stdout)
        assert done.stdout.count("  from ") == 1, done.stdout
        assert json.loads(r.linkq("forecast", "--json").stdout) == FORECAST
        r.linkq("forecast", "--link", "k/3")
        assert r.fake.asked[-1].query == {"link": "k/3"}
        r.fake.answers["GET", "/v1/forecast"] = dict(FORECAST, outage={
            "since": "2026-11-24T06:14:56.000Z", "remaining_s": length(9, 40)})
        assert "another 9 s, 9 in 10 of them less than 40 s." in r.linkq("forecast").stdout
        tries = iter(("reading", "reading", "history"))
        r.fake.answers["GET", "/v1/forecast"] = lambda h, q: h.say(200, dict(FORECAST, unknown=next(tries), within=None))
        done = r.linkq("forecast")
        assert done.returncode == 4 and "there are 41 days of it" in done.stdout, done
        assert r.linkq("forecast", "x").returncode == 64
        assert r.linkq("--connect", r.path("none"), "forecast").returncode == 5


@case("why claims nothing of a link that nothing was seen of")
def why_nothing():
    with Run() as r:
        r.fake.answers["GET", "/v1/link"] = NOTHING
        r.fake.answers["GET", "/v1/explain"] = {"sources": {}, "rejected": {}, "changes": [], "probes": [],
                                               "next_probe": {"in_ms": None, "kind": "", "reason": "no target"}}
        done = r.linkq("why")
        assert done.returncode == 0, done
        for words in ("Nothing has been seen of this link yet", "  none", "no targets", "None is planned: no target."):
            assert words in done.stdout, (words, done.stdout)
        assert not any(c.isdigit() for c in done.stdout.replace("eth0", "")), done.stdout


if __name__ == "__main__":
    sys.exit(main())
