#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What the running daemon costs and how fast it answers, against limits measured beside it.

  daemon.py BUILD_FOLDER [speed] [busy] [listeners] [idle] [export]

speed   GET /v1/link on 16 connections as fast as it goes, in turn with an epoll loop that
        sends the same bytes and checks nothing: requests/s and CPU per request, as ratios
busy    200 requests/s while a history of ten million rows is exported over and over, summed
        up, pruned and written: how long answers take, beside the same while unrelated
        processes burn as much CPU
listeners  1,000 of /v1/events: how late an event comes, and what each costs
idle    memory and CPU of the daemon with probes of a server on loopback
export  CSV rows/s of the history beside `sqlite3 -csv` on the same rows

Everything runs on loopback, in a scratch folder. Two cores are needed to mean anything.
"""
import http.client
import http.server
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ".")
TICK = os.sysconf("SC_CLK_TCK")


class Daemon:
    """A linkqd of the build folder on a free port."""

    def __init__(self, *args):
        self.scratch = tempfile.mkdtemp(prefix="linkqd-bench-")
        self.database = os.path.join(self.scratch, "linkqd.db")
        self.socket = os.path.join(self.scratch, "linkqd.sock")
        self.args = args

    def __enter__(self):
        env = {**os.environ, "HOME": self.scratch, "XDG_RUNTIME_DIR": self.scratch, "XDG_STATE_HOME": self.scratch,
               "XDG_CONFIG_HOME": self.scratch}
        self.log = open(os.path.join(self.scratch, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [f"{BUILD}/linkqd", "--foreground", "--listen", "127.0.0.1:0", "--socket", self.socket,
             "--database", self.database, *self.args], stderr=self.log, env=env)
        deadline = time.monotonic() + 10
        self.port = None
        while self.port is None:
            found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", open(self.log.name, encoding="utf-8").read())
            self.port = int(found[1]) if found else None
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("linkqd does not start: " + open(self.log.name, encoding="utf-8").read()[-500:])
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(15)
        self.log.close()
        shutil.rmtree(self.scratch)

    def ask(self, method, path, body=None):
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        conn.request(method, path, json.dumps(body) if body is not None else None,
                     {"Content-Type": "application/json"} if body is not None else {})
        answer = conn.getresponse()
        return answer.status, answer.read()

    def observe(self, n=50):
        rows = [{"id": str(i), "bytes": 400_000, "duration_ms": 300, "ttfb_ms": 45, "app": "bench"} for i in range(n)]
        status, body = self.ask("POST", "/v1/observations", rows)
        assert status == 202, body


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        rows = dict(line.split(":", 1) for line in status)
    return {key: int(rows[key].split()[0]) for key in ("RssAnon", "VmRSS", "VmHWM")}


def load(port, *args):
    out = subprocess.run([f"{BUILD}/tests/bench/load", str(port), *map(str, args)], check=True,
                         capture_output=True, text=True).stdout.split()
    return {key: float(value) for key, value in zip(out[::2], out[1::2])}


def speed():
    """As fast as it goes, in turn with the limit."""
    with Daemon("--probe", "none") as daemon:
        daemon.observe()
        status, body = daemon.ask("GET", "/v1/link")
        assert status == 200
        with socket.create_connection(("127.0.0.1", daemon.port)) as sock:
            sock.sendall(b"GET /v1/link HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            raw_bytes = b""
            while not raw_bytes.endswith(body[-20:]):
                raw_bytes += sock.recv(65536)
        canned = os.path.join(daemon.scratch, "canned")
        with open(canned, "wb") as out:
            out.write(raw_bytes)
        raw = subprocess.Popen([f"{BUILD}/tests/bench/raw", canned], stdout=subprocess.PIPE, text=True)
        raw_port = int(raw.stdout.readline())
        rates, cpus = [], []
        try:
            for _ in range(5):
                figures = []
                for pid, port in ((daemon.process.pid, daemon.port), (raw.pid, raw_port)):
                    before = cpu_s(pid)
                    got = load(port, "/v1/link", 16, 3)
                    figures.append((got["per_second"], 1e6 * (cpu_s(pid) - before) / got["requests"]))
                (ours, our_cpu), (limit, limit_cpu) = figures
                rates.append((ours / limit, ours, limit))
                cpus.append((our_cpu / limit_cpu, our_cpu, limit_cpu))
        finally:
            raw.kill()
            raw.wait()
    rates.sort()
    cpus.sort()
    print(f"speed: GET /v1/link, 16 connections, {len(body)} bytes, median of 5 pairs: "
          f"{rates[2][1]:.0f} requests/s, {rates[2][0]:.2f} of a bare epoll loop ({rates[2][2]:.0f}); "
          f"CPU {cpus[2][1]:.1f} us a request, {cpus[2][0]:.2f} of its {cpus[2][2]:.1f}")


FILL_BEGIN_S = 1764000000  # as in export.c


def with_history(rows, use, *settings):
    """Runs use(daemon) on a daemon whose history has that many busy seconds."""
    scratch = tempfile.mkdtemp(prefix="linkqd-bench-db-")
    try:
        daemon = Daemon("--probe", "none", "--set", "keep-size=20GB", *(x for s in settings for x in ("--set", s)))
        daemon.database = os.path.join(scratch, "linkqd.db")
        subprocess.run([f"{BUILD}/tests/bench/export", "fill", daemon.database, str(rows)], check=True)
        with daemon:
            daemon.observe()
            return use(daemon)
    finally:
        shutil.rmtree(scratch)


def export_once(port, query="what=estimates&step=1s&from=0", cap=None):
    """One export to its end; bytes, lines, seconds, seconds to the first byte."""
    began = time.monotonic()
    conn = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    conn.request("GET", f"/v1/history.csv?{query}")
    answer = conn.getresponse()
    if answer.status != 200:
        raise SystemExit(f"export: {answer.status} {answer.read()[:200]!r}")
    total = lines = 0
    first = None
    while block := answer.read1(1 << 20):
        first = first or time.monotonic() - began
        total += len(block)
        lines += block.count(b"\n")
        if cap and cap():
            break
    conn.close()
    return total, lines, time.monotonic() - began, first


def export():
    """Rows a second of CSV, beside sqlite3 -csv on the same rows."""
    rows = 600_000

    def use(daemon):
        pairs = []
        for _ in range(3):
            before = cpu_s(daemon.process.pid)
            total, lines, took, first = export_once(daemon.port)
            cpu = cpu_s(daemon.process.pid) - before
            began = time.monotonic()
            with open("/dev/null", "wb") as null:
                subprocess.run(["sqlite3", "-readonly", "-csv", daemon.database, "SELECT * FROM estimate"],
                               check=True, stdout=null)
            theirs = time.monotonic() - began
            pairs.append((theirs / took, (lines - 1) / took, (lines - 1) / cpu, total / took / 1e6, first,
                          (lines - 1) / theirs))
        pairs.sort()
        ratio, rate, per_core, mb, first, theirs = pairs[1]
        print(f"export: {rows} rows as CSV over HTTP, median of 3 pairs: {rate / 1e6:.2f} M rows/s "
              f"({per_core / 1e6:.2f} M per core-second, {mb:.0f} MB/s), {ratio:.1f} times sqlite3 -csv "
              f"({theirs / 1e6:.2f}); first byte after {1000 * first:.0f} ms")
    with_history(rows, use, "keep-seconds=400d")


BURN = """import time
while True:
    end = time.monotonic() + 0.005 * {duty}
    while time.monotonic() < end:
        pass
    time.sleep(0.005 * (1 - {duty}))"""


def busy():
    """200 requests/s while all that the history ever does goes on."""
    seconds, rows = 30, 10_000_000

    def use(daemon):
        stop = threading.Event()
        exported = []

        def exports():
            while not stop.is_set():
                exported.append(export_once(daemon.port, cap=stop.is_set)[1])

        def commits():
            while not stop.is_set():
                daemon.observe(100)
                stop.wait(0.2)
        threads = [threading.Thread(target=exports), threading.Thread(target=commits)]
        for thread in threads:
            thread.start()
        cpu, own, began = cpu_s(daemon.process.pid), time.process_time(), time.monotonic()
        got = load(daemon.port, "/v1/link", 4, seconds, 200)
        took = time.monotonic() - began
        burnt = (cpu_s(daemon.process.pid) - cpu + time.process_time() - own) / took
        stop.set()
        for thread in threads:
            thread.join()
        _, metrics = daemon.ask("GET", "/metrics")
        commits = re.search(rb"(?m)^linkqd_history_commits_total (\d+)", metrics)[1]
        return got, burnt, sum(exported), int(commits)

    # A tenth of the rows is older than they may get, and no minute or hour is made of any yet.
    days = (time.time() - FILL_BEGIN_S - rows / 10) / 86400
    got, burnt, exported, commits = with_history(rows, use, f"keep-seconds={days:.3f}d")
    with Daemon("--probe", "none") as daemon:
        daemon.observe()
        burners = [subprocess.Popen([sys.executable, "-c", BURN.format(duty=min(0.99, burnt / 2))]) for _ in range(2)]
        try:
            beside = load(daemon.port, "/v1/link", 4, seconds, 200)
        finally:
            for burner in burners:
                burner.kill()
                burner.wait()
    print(f"busy: GET /v1/link at 200/s on 4 connections for {seconds} s, history of {rows / 1e6:.0f} M rows: "
          f"p50 {got['p50_us'] / 1000:.2f} ms, p99 {got['p99_us'] / 1000:.2f} ms, worst {got['max_us'] / 1000:.1f} ms "
          f"while {exported / 1e6:.1f} M rows are exported, minutes and hours are made, old rows go and {commits} "
          f"transactions are written ({burnt:.2f} cores); beside two processes that burn as much: "
          f"p50 {beside['p50_us'] / 1000:.2f}, p99 {beside['p99_us'] / 1000:.2f} ms "
          f"(ratio of p99 {got['p99_us'] / beside['p99_us']:.2f})")


def listeners():
    """An event to a thousand listeners: how late, and what each costs."""
    count, seconds = 1000, 20
    with Daemon("--probe", "none") as daemon:
        daemon.observe()
        pid = daemon.process.pid
        before, files = memory_kb(pid)["RssAnon"], len(os.listdir(f"/proc/{pid}/fd"))
        listen = subprocess.Popen([f"{BUILD}/tests/bench/listen", str(daemon.port), str(count), str(seconds)],
                                  stdout=subprocess.PIPE, text=True)
        assert listen.stdout.readline() == "ready\n"
        cpu = cpu_s(pid)
        rate = 0
        while listen.poll() is None:
            rate = (rate + 1) % 7
            daemon.ask("POST", "/v1/observations", [{"bytes": 200_000 * (rate + 1), "duration_ms": 300, "ttfb_ms": 45}])
            time.sleep(0.25)
        cpu = cpu_s(pid) - cpu
        words = listen.stdout.read().split()
        got = {key: float(value) for key, value in zip(words[::2], words[1::2])}
        kib = (memory_kb(pid)["VmHWM"] - memory_kb(pid)["VmRSS"] + memory_kb(pid)["RssAnon"] - before) / count
        print(f"listeners: {count} of /v1/events ({files} descriptors before), {got['events'] / count:.0f} events each in "
              f"{seconds} s: p50 {got['p50_ms']:.0f} ms, p99 {got['p99_ms']:.0f} ms, worst {got['max_ms']:.0f} ms after "
              f"their time; {kib:.1f} KiB and {1e6 * cpu / got['events']:.0f} us of CPU an event each")


def quiet_server():
    """A server on loopback to probe."""
    class Quiet(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def idle():
    """Memory and CPU with probes of a server on loopback."""
    server = quiet_server()
    with Daemon("--probe", f"http://127.0.0.1:{server.server_port}/generate_204") as daemon:
        time.sleep(5)
        pid = daemon.process.pid
        seconds = 30

        def switches():
            total = 0
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as status:
                    total += sum(int(line.split()[1]) for line in status if line.startswith("voluntary_ctxt"))
            return total
        cpu, woken = cpu_s(pid), switches()
        time.sleep(seconds)
        cpu, woken = cpu_s(pid) - cpu, switches() - woken
        kb = memory_kb(pid)
        print(f"idle: RssAnon {kb['RssAnon'] / 1024:.1f} MB, VmRSS {kb['VmRSS'] / 1024:.1f} MB, "
              f"{100 * cpu / seconds:.2f} % of a core, {woken / seconds:.1f} wake-ups a second over {seconds} s")
    server.shutdown()


def main():
    wanted = sys.argv[2:] or ["speed", "busy", "listeners", "idle", "export"]
    for name in wanted:
        {"speed": speed, "busy": busy, "idle": idle, "export": export, "listeners": listeners}[name]()
        sys.stdout.flush()


if __name__ == "__main__":
    main()
