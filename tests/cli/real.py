#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""linkq and linkqd together: every command that asks, on the real API. Prints TAP."""
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from case import BUILD, Run, case, main, one_sentence  # noqa: E402
from fake import wait_for  # noqa: E402
from terminal import Terminal  # noqa: E402

TRANSFER = '{"bytes":2000000,"duration_ms":1600,"ttfb_ms":60,"connect_ms":20}\n'


class Daemon(Run):
    """A real daemon that asks nobody: it knows what it is told."""

    def __init__(self):
        super().__init__()
        self.fake.stop()
        os.unlink(self.path("s"))
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "linkqd"), "--foreground", "--probe", "none", "--listen", "127.0.0.1:0",
             "--socket", self.path("s"), "--database", self.path("db")],
            env=self.env, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        wait_for(lambda: self.linkq("status", "--quiet").returncode != 5, 20, "the daemon")

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(20) == 0
            self.process = None

    def __exit__(self, *_):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        subprocess.run(["rm", "-rf", self.folder], check=True)

    def tell(self, times=6):
        done = self.linkq("report", "--app", "test", "-", stdin=TRANSFER * times)
        assert done.returncode == 0 and done.stdout == "%d accepted, 0 rejected.\n" % times, done
        wait_for(lambda: self.linkq("status", "--quiet").returncode == 0, 10, "an estimate")


@case("forecast tells from the history what is ahead, once there are two weeks of it")
def forecast():
    with Daemon() as d:
        early = d.linkq("forecast")
        assert early.returncode == 4 and "two weeks" in early.stdout, early
        link = json.loads(d.linkq("status", "--json").stdout)["link"]["id"]
        d.stop()
        now_ms = int(time.time() * 1000)
        with sqlite3.connect(d.path("db")) as db:
            db.execute("INSERT OR IGNORE INTO link (n, id) VALUES (99, ?)", (link,))
            n = db.execute("SELECT n FROM link WHERE id = ?", (link,)).fetchone()[0]
            first = now_ms - 20 * 86400000
            rows = [(first, n, 3, "up")]
            for t in range(first + 600000, now_ms - 3600000, 600000):  # each ten minutes one of 20 s
                rows += [(t, n, 1, None), (t + 20000, n, 2, None)]
            db.executemany("INSERT OR REPLACE INTO event (t, n, link, kind, change, detail) VALUES (?, 7, ?, ?, 0, ?)",
                           [(t, link_n, kind, detail or "") for t, link_n, kind, detail in rows])
        db.close()
        d.start()
        d.tell()
        told = d.linkq("forecast", "--json")
        assert told.returncode == 0, told
        told = json.loads(told.stdout)
        within = {w["seconds"]: w for w in told["within"]}
        assert told["link"] == link and told["basis"]["days"] >= 20 and told["basis"]["outages"] > 2000, told
        assert within[60]["probability"] < within[300]["probability"] < within[900]["probability"], told
        assert within[900]["probability"] > 0.7 and 15 < within[900]["length_s"]["p50"] < 28, told
        gone = d.linkq("forecast", "--link", "gone")
        assert gone.returncode == 1, gone
        one_sentence(gone.stderr)


@case("status, why, transfer and hint answer from what report told")
def asked():
    with Daemon() as d:
        assert d.linkq("status").returncode == 4
        d.tell()
        status = d.linkq("status")
        assert re.search(r"^Online, \w+", status.stdout) and "Mbit/s" in status.stdout, status
        estimate = json.loads(d.linkq("status", "--json").stdout)
        assert estimate["state"] == "online" and estimate["down_kbps"]["p50"] > 1000, estimate
        same = d.linkq("status", "--json", "--link", estimate["link"]["id"])
        assert json.loads(same.stdout)["link"]["id"] == estimate["link"]["id"], same
        why = d.linkq("why")
        assert why.returncode == 0 and re.search(r"applications +100 % of the weight, 6 samples, 12 MB", why.stdout), why
        assert "no targets" in why.stdout, why
        transfer = d.linkq("transfer", "10M")
        assert transfer.returncode == 0 and re.search(r"^10 MB down: about [\d.]+ m?s; ", transfer.stdout), transfer
        hint = d.linkq("hint", "--ladder", "400,1200,2800,500000", "--buffer", "8", "--segment", "4")
        assert hint.returncode == 0 and hint.stdout.startswith("Fetch rendition "), hint
        assert len(re.findall(r"^[> ] \d", hint.stdout, re.M)) == 4 and re.search(r"500 Mbit/s.* no$", hint.stdout, re.M), hint.stdout
        refused = d.linkq("hint", "--playlist", "-", stdin="no playlist")
        assert refused.returncode == 1, refused
        one_sentence(refused.stderr)
        gone = d.linkq("status", "--link", "gone")
        assert gone.returncode == 5, gone
        one_sentence(gone.stderr)


@case("report names what the daemon rejects, and why")
def rejected():
    with Daemon() as d:
        done = d.linkq("report", "-", stdin=TRANSFER + '{"bytes":-1,"duration_ms":5}\n{"bytes":"5","duration_ms":5}\n')
        assert done.returncode == 0 and done.stdout == "1 accepted, 2 rejected.\n", done
        reasons = done.stderr.splitlines()
        assert len(reasons) == 2 and reasons[0].startswith("linkq report: line 2: ") and reasons[1].startswith("linkq report: line 3: "), done


@case("export brings the history as CSV and as JSON lines")
def exported():
    with Daemon() as d:
        d.tell(3)
        done = d.linkq("export", "--what", "observations", "-o", "o.csv")
        assert done.returncode == 0, done
        with open(d.path("o.csv")) as f:
            lines = f.read().splitlines()
        assert lines[0] == "time,link,source,direction,bytes,duration_ms,ttfb_ms,connect_ms,ok,error,app", lines
        assert len(lines) == 4 and lines[1].endswith(",app,down,2000000,1600,60,20,1,,test"), lines
        rows = d.linkq("export", "--format", "jsonl", "--from", "1h").stdout.splitlines()
        assert rows and all(json.loads(row)["state"] in ("unknown", "online") for row in rows), rows
        assert d.linkq("export", "--to", "1h").stdout.count("\n") == 1
        events = d.linkq("export", "--what", "events", "--format", "jsonl").stdout
        assert '"kind":"daemon"' in events, events


@case("watch follows the daemon through a restart")
def watched():
    with Daemon() as d:
        t = Terminal(d, "watch")
        try:
            t.wait_for("live", "Unknown: no evidence yet")
            d.tell()
            t.wait_for("Online, ", "apps 100 %")
            d.stop()
            t.wait_for("not connected", "Last known: Online", "linkqd went away")
            d.start()
            t.wait_for("live", "linkqd is back", seconds=20)
            t.key("q")
            assert t.end() == 0
        finally:
            t.close()


if __name__ == "__main__":
    sys.exit(main())
