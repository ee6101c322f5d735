# SPDX-License-Identifier: ISC
"""Runs inside the link lab: the daemon beside applications that report nothing, so that it
has only what the kernel sees of their sockets. Prints one JSON object.

    kernel_ride.py SCENARIO
"""
import http.client
import json
import os
import random
import socket
import sys
import tempfile
import threading
import time

from harness import Daemon, tell, wait_for

URLS = os.environ["LINKLAB_URLS"].split()
HOSTS = [url.removeprefix("http://") for url in URLS]
PAYLOAD = 1448 / 1500
GOOD = "0,10000,4000,45"


class Client(threading.Thread):
    """Requests of so many bytes, a pause after each, on one connection; reports nothing."""

    def __init__(self, host, size, pause_s):
        super().__init__(daemon=True)
        self.host, self.size, self.pause_s = host, size, pause_s
        self.byte_times = []
        self.go_on = threading.Event()
        self.go_on.set()
        self.start()

    def request(self, sock):
        sock.sendall(f"GET /bytes/{self.size} HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
        got, length, head = 0, None, b""
        while length is None or got < length:
            data = sock.recv(1 << 18)
            if not data:
                raise ConnectionError
            self.byte_times.append(time.monotonic())
            if length is None:
                head += data
                if b"\r\n\r\n" not in head:
                    continue
                head, data = head.split(b"\r\n\r\n", 1)
                length = int(head.lower().split(b"content-length:")[1].split()[0])
            got += len(data)

    def run(self):
        sock = None
        while True:
            self.go_on.wait()
            try:
                if sock is None:
                    sock = socket.create_connection((self.host, 80), 20)
                self.request(sock)
            except OSError:
                sock = None
                time.sleep(0.2)
            time.sleep(self.pause_s)


class Watch(threading.Thread):
    """What the daemon says, each 50 ms."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.linkqd = daemon
        self.seen = []  # (monotonic s, estimate)
        self.start()

    def run(self):
        api = http.client.HTTPConnection("127.0.0.1", self.linkqd.port, timeout=10)
        while True:
            try:
                api.request("GET", "/v1/link")
                said = json.loads(api.getresponse().read())
            except (OSError, http.client.HTTPException, ValueError):
                return
            self.seen.append((time.monotonic(), said))
            time.sleep(0.05)

    def first(self, after, state, seconds):
        """Seconds from `after` to the first answer with that state; None if none comes."""
        while time.monotonic() < after + seconds:
            for at, said in reversed(self.seen):
                if at < after:
                    break
                if said["state"] == state:
                    return min(t for t, s in self.seen if t >= after and s["state"] == state) - after
            time.sleep(0.02)
        return None

    def between(self, begin, end):
        return [(t, s) for t, s in self.seen if begin <= t < end]

    def states(self, begin, end):
        return sorted({s["state"] for _, s in self.between(begin, end)})

    def medians(self, begin, end):
        return [s["down_kbps"]["p50"] if s["down_kbps"] else None
                for _, s in self.between(begin, end)]


def outages(watch, clients, n, patience_s):
    """Tunnels of 3 s: when each was found, and its end after the first bytes."""
    found, over = [], []
    for _ in range(n):
        time.sleep(random.uniform(2, 3))
        begun = tell("0,0,0,45")
        found.append(watch.first(begun, "offline", patience_s))
        time.sleep(max(0, begun + 3 - time.monotonic()))
        back = tell(GOOD)
        online = watch.first(back, "online", 15)
        bytes_ = [t for c in clients for t in c.byte_times if t > back]
        if not bytes_:
            wait_for(lambda: any(t > back for c in clients for t in c.byte_times), "bytes", 15)
            bytes_ = [t for c in clients for t in c.byte_times if t > back]
        over.append(None if online is None else back + online - min(bytes_))
    return {"found_s": found, "over_s": over}


def ride_silence(daemon, watch):
    """Small requests to several places: the kernel alone knows that they are unanswered."""
    clients = [Client(host, 2000, 0.1) for host in HOSTS]
    wait_for(lambda: daemon.state() == "online", "traffic to be seen")
    return outages(watch, clients, 6, 3)


def ride_download(daemon, watch):
    """One large download after another, while the link's capacity changes."""
    legs = []
    Client(HOSTS[0], 8000000, 0)
    for kbps in (10000, 2500, 20000):
        begun = tell(f"0,{kbps},4000,45")
        time.sleep(9)
        legs.append({"can_kbps": kbps * PAYLOAD,
                     "seen": watch.medians(begun + 1, time.monotonic())})
    return {"legs": legs}


def ride_paced(daemon, watch):
    """A download shows the link; then an application that asks for little, steadily."""
    bulk = Client(HOSTS[0], 2000000, 0)
    time.sleep(6)
    before = watch.medians(time.monotonic() - 1, time.monotonic())
    bulk.go_on.clear()
    time.sleep(2.5)
    begun = time.monotonic()
    Client(HOSTS[1], 12000, 0.06)
    time.sleep(10)
    return {"before": before, "seen": watch.medians(begun, time.monotonic())}


def ride_single(daemon, watch):
    """Downloads from one place: a suspicion, and one cheap question."""
    clients = [Client(HOSTS[0], 8000000, 0)]
    wait_for(lambda: daemon.state() == "online", "traffic to be seen")
    return outages(watch, clients, 4, 5)


def ride_pauses(daemon, watch):
    """Downloads with pauses: each looks like the begin of an outage, and is none."""
    Client(HOSTS[0], 600000, 1.5)
    wait_for(lambda: daemon.state() == "online", "traffic to be seen")
    begun = time.monotonic()
    time.sleep(14)
    return {"states": watch.states(begun, time.monotonic())}


def ride_neighbour(daemon, watch):
    """Traffic on loopback only: it says nothing of the link."""
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    server, _ = listener.accept()
    def send():
        while True:
            server.sendall(b"x" * 65536)
    def take():
        while client.recv(1 << 20):
            pass
    for work in (send, take):
        threading.Thread(target=work, daemon=True).start()
    looks = daemon.get("/v1/explain")["kernel"]["looks"]
    wait_for(lambda: daemon.get("/v1/explain")["kernel"]["looks"] >= looks + 3, "three looks", 20)
    return {"states": watch.states(0, time.monotonic())}


def cpu_s(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ride_crowd(daemon, _watch):
    """Two thousand sockets in the table, and traffic that keeps the daemon looking."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2000)
    held = []
    for _ in range(1000):
        held.append(socket.create_connection(listener.getsockname()))
        held.append(listener.accept()[0])
    Client(HOSTS[0], 2000, 0.2)
    wait_for(lambda: daemon.state() == "online", "traffic to be seen")
    time.sleep(1)
    begun, spent = time.monotonic(), cpu_s(daemon.process.pid)
    looks = daemon.get("/v1/explain")["kernel"]["looks"]
    time.sleep(8)
    now = daemon.get("/v1/explain")["kernel"]
    seconds = time.monotonic() - begun
    return {"sockets": len(held), "cost_us": now["cost_us"], "period_ms": now["period_ms"],
            "looks_s": (now["looks"] - looks) / seconds, "all": now,
            "cpu_percent": 100 * (cpu_s(daemon.process.pid) - spent) / seconds}


def main():
    name = sys.argv[1]
    scenario = globals()[f"ride_{name}"]
    random.seed(name)
    probe = [url + "/generate_204" for url in URLS] if name in ("single", "pauses") else ()
    with tempfile.TemporaryDirectory(prefix="linkqd-kernel-") as directory:
        daemon = Daemon(directory, probe=probe)
        watch = None if name == "crowd" else Watch(daemon)  # its questions cost, too
        try:
            answer = scenario(daemon, watch)
            answer["explain"] = daemon.get("/v1/explain")
            answer["log"] = daemon.log[-3000:]
            answer["status"] = daemon.stop()
        finally:
            if daemon.process.poll() is None:
                daemon.process.kill()
                daemon.process.wait()
    print(json.dumps(answer))


main()
