# SPDX-License-Identifier: ISC
"""Runs inside the link lab: the real daemon, applications that use the link, and a log of
what the daemon says each 50 ms beside what the link did. Prints one JSON object.

    ride.py SCENARIO
"""
import bisect
import csv
import http.client
import json
import os
import random
import socket
import sys
import tempfile
import threading
import time

from harness import Daemon, tell

URLS = os.environ["LINKLAB_URLS"].split()
HOST = URLS[0].removeprefix("http://")
SLICE_S = 0.5
PATIENCE_S = 5
PAYLOAD = 1448 / 1500  # of IP packets: what TCP can make of a capacity


class Application(threading.Thread):
    """Downloads over and over, and reports as an application may: slices, and the end.

    Without sizes each download is as large as the last one says that a second carries, as a
    player's segments are.
    """

    def __init__(self, daemon, name, sizes, pause_s, reports=True, fresh=False):
        super().__init__(daemon=True)
        self.linkqd, self.name, self.sizes, self.pause_s = daemon, name, sizes, pause_s
        self.reports, self.fresh = reports, fresh
        self.count = 0
        self.fit = 500000  # bytes a second
        self.byte_times = []  # when bytes came, for who wants to know
        self.api = None

    def post(self, bytes_, begun, first, now, in_progress, error=None):
        if not self.reports:
            return
        o = {"id": f"{self.name}-{self.count}", "direction": "down", "bytes": bytes_,
             "duration_ms": (now - begun) * 1000, "in_progress": in_progress,
             "ended_ms_ago": max(0, time.monotonic() - now) * 1000, "app": self.name}
        if first:
            o["ttfb_ms"] = (first - begun) * 1000
        if error:
            o.update(ok=False, error=error)
        if self.api is None:
            self.api = http.client.HTTPConnection("127.0.0.1", self.linkqd.port, timeout=10)
        try:
            self.api.request("POST", "/v1/observations", json.dumps(o),
                             {"Content-Type": "application/json"})
            self.api.getresponse().read()
        except (OSError, http.client.HTTPException):
            self.api = None

    def download(self, sock, size):
        """One request; the socket if it may be kept."""
        self.count += 1
        begun = heard = time.monotonic()
        first, got, length, head = 0, 0, None, b""
        slice_at = begun + SLICE_S
        try:
            if sock is None:
                sock = socket.socket()
                sock.setblocking(False)
                sock.connect_ex((HOST, 80))
            request = f"GET /bytes/{size} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
            while length is None or got < length:
                now = time.monotonic()
                if now - heard > PATIENCE_S:
                    raise TimeoutError
                if now >= slice_at:
                    self.post(got, begun, first, now, True)
                    slice_at = now + SLICE_S
                sock.settimeout(max(0.001, slice_at - time.monotonic()))
                try:
                    if request:
                        request = request[sock.send(request):]
                        continue
                    data = sock.recv(1 << 18)
                except (BlockingIOError, TimeoutError):
                    continue
                except OSError as err:  # still connecting
                    if request and err.errno in (107, 115):
                        time.sleep(0.005)
                        continue
                    raise
                if not data:
                    raise ConnectionError
                heard = time.monotonic()
                self.byte_times.append(heard)
                first = first or heard
                if length is None:
                    head += data
                    if b"\r\n\r\n" not in head:
                        continue
                    head, data = head.split(b"\r\n\r\n", 1)
                    length = int(head.lower().split(b"content-length:")[1].split()[0])
                got += len(data)
            self.post(got, begun, first, heard, False)
            self.fit = int(min(4e6, max(3e4, got / (heard - begun))))
            return sock
        except (OSError, TimeoutError) as err:
            self.post(got, begun, first, time.monotonic(), False,
                      "timeout" if isinstance(err, TimeoutError) else "reset")
            if sock is not None:
                sock.close()
            return None

    def run(self):
        sock = None
        while True:
            for size in self.sizes or [self.fit]:
                sock = self.download(sock, size)
                if sock is None:
                    break
                if self.fresh:
                    sock = sock.close()
            time.sleep(self.pause_s)


def web(daemon):
    """A page of small objects now and then."""
    app = Application(daemon, "web", [28000, 9000, 22000, 60000], 0.7)
    app.start()
    return app


def video(daemon, size=None, pause_s=0.3, **how):
    """Segments, one after the other."""
    app = Application(daemon, "video", size and [size], pause_s, **how)
    app.start()
    return app


class Watch(threading.Thread):
    """What the daemon says, each 50 ms."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.linkqd = daemon
        self.at, self.said = [], []  # monotonic s; the estimate
        self.start()

    def run(self):
        api = http.client.HTTPConnection("127.0.0.1", self.linkqd.port, timeout=10)
        while True:
            try:
                api.request("GET", "/v1/link")
                said = json.loads(api.getresponse().read())
            except (OSError, http.client.HTTPException, ValueError):
                return
            self.said.append(said)
            self.at.append(time.monotonic())
            time.sleep(0.05)

    def first(self, after, *states):
        """Seconds from `after` to the first answer with one of these states; None."""
        for i in range(bisect.bisect(self.at, after), len(self.at)):
            if self.said[i]["state"] in states:
                return self.at[i] - after
        return None

    def wait(self, condition, seconds):
        """Until the newest answer meets the condition; whether it did."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.said and condition(self.said[-1]):
                return True
            time.sleep(0.02)
        return False

    def states(self, begin, end):
        """Seconds in each state, of an interval."""
        seconds = {}
        for i in range(1, len(self.at)):
            if begin <= self.at[i] < end:
                state = self.said[i]["state"]
                seconds[state] = seconds.get(state, 0) + self.at[i] - self.at[i - 1]
        return {k: round(v, 2) for k, v in seconds.items()}

    def median(self, begin, end):
        """The median of the medians of an interval, kbit/s; None."""
        seen = sorted(s["down_kbps"]["p50"] for t, s in zip(self.at, self.said)
                      if begin <= t < end and s["down_kbps"])
        return seen[len(seen) // 2] if seen else None


def truth():
    """The lab's log, without a line that is being written."""
    with open(os.environ["LINKLAB_LOG"], newline="") as f:
        return [r for r in csv.DictReader(f) if r["late_ms"]]


def sleep_until(instant):
    time.sleep(max(0, instant - time.monotonic()))


def tunnel(daemon, watch, app, script, length_s, patience_s):
    """An outage of length_s in the running script; when it was found, and found over."""
    begun = tell("0,0,0,45")
    found = watch.wait(lambda s: s["state"] == "offline", patience_s)
    begun_found = watch.first(begun, "offline") if found else None
    explain = daemon.get("/v1/explain")
    sleep_until(begun + length_s)
    over = tell(script)
    watch.wait(lambda s: s["state"] == "online", 20)
    flows = [float(r["mono_s"]) for r in truth()
             if float(r["mono_s"]) > over and int(r["down_delivered_kbps"]) > 0]
    # none yet: it said so before the log's next line
    flows = max(over, flows[0] - 0.1) if flows else over
    if app:
        later = [t for t in app.byte_times if t > over]
        flows = min([flows, *later[:1]])
    online = watch.first(over, "online")
    return {"offline_s": begun_found, "online_s": online, "held": watch.states(
                begun + (begun_found or length_s), over),
            "flow_s": flows - over, "explain": None if found else explain}


def ride_tunnel_app(daemon, watch):
    """10 Mbit/s, nothing for 7 s, 10 Mbit/s, with an application that reports."""
    script = "0,10000,4000,45"
    app = web(daemon)
    watch.wait(lambda s: s["state"] == "online" and s["down_kbps"], 10)
    time.sleep(random.uniform(1, 2))  # anywhere in the application's rhythm
    return tunnel(daemon, watch, app, script, 7, 6)


def ride_tunnel_video(daemon, watch):
    """The same in the midst of downloads."""
    app = video(daemon)
    watch.wait(lambda s: s["state"] == "online" and s["down_kbps"], 10)
    time.sleep(random.uniform(1, 2))
    return tunnel(daemon, watch, app, "0,10000,4000,45", 7, 6)


def ride_tunnel_alone(daemon, watch):
    """The same with nothing but the daemon's own probes."""
    watch.wait(lambda s: s["state"] == "online" and s["down_kbps"], 10)
    time.sleep(random.uniform(2, 5))  # the first probes are dense; then it is quiet
    return tunnel(daemon, watch, None, "0,10000,4000,45", 9, 8)


def leg(watch, kbps, begin, end):
    """The estimate on a stretch, beside the truth."""
    return {"kbps": kbps, "can_kbps": round(kbps * PAYLOAD),
            "median_kbps": watch.median(begin, end)}


def steady(daemon, watch, kbps, settle_s, last_s, begun=None):
    """Lets time pass on a steady link; its figures after settling."""
    begun = begun or time.monotonic()
    sleep_until(begun + settle_s + last_s)
    end = begun + settle_s + last_s
    return {"states": watch.states(begun, end), **leg(watch, kbps, begun + settle_s, end)}


def ride_steady_wire(daemon, watch):
    """100 Mbit/s at 5 ms: nothing ever happens."""
    web(daemon)
    video(daemon)
    watch.wait(lambda s: s["state"] == "online", 10)
    return steady(daemon, watch, 100000, 4, 6)


def ride_steady_mobile(daemon, watch):
    """10 Mbit/s at 45 ms."""
    web(daemon)
    video(daemon)
    watch.wait(lambda s: s["state"] == "online", 10)
    return steady(daemon, watch, 10000, 4, 6)


def ride_train(daemon, watch):
    """A carriage's shared uplink: it swings, jitters and loses, and never dies."""
    rows = ["0,2000,600,160,0.5,30,900", "2.5,1400,500,180", "4,600,300,260", "5.5,1900,600,170",
            "7.5,900,400,220", "9,300,150,350", "11,1700,500,190", "14,2000,600,160"]
    web(daemon)
    video(daemon, pause_s=1)
    watch.wait(lambda s: s["state"] == "online", 10)
    begun = tell(";".join(rows))
    return steady(daemon, watch, 2000, 14, 2, begun)


def ride_bufferbloat(daemon, watch):
    """5 Mbit/s with a queue of 2 s, which a stranger's downloads fill."""
    web(daemon)
    watch.wait(lambda s: s["state"] == "online", 10)
    for _ in range(3):
        video(daemon, 20000000, 0, reports=False)
    return steady(daemon, watch, 5000, 8, 6)


def ride_handover(daemon, watch):
    """4G, 3G, 5G with the short break that each handover makes; and back into a lift."""
    web(daemon)
    video(daemon)
    watch.wait(lambda s: s["state"] == "online", 10)
    begun = tell("0,20000,8000,50; 10,0,0,50; 10.3,2000,500,120; 20,0,0,120; 20.2,60000,20000,15")
    sleep_until(begun + 29)
    return {"states": watch.states(begun, begun + 29), "legs": [
        leg(watch, kbps, begun + a, begun + b)
        for kbps, a, b in ((20000, 5, 10), (2000, 15, 20), (60000, 24, 29))]}


def ride_lift(daemon, watch):
    """Down to 0.3 Mbit/s at 400 ms, and up again. A connection that has been through this
    stays slow for long; a fresh one fills the link."""
    web(daemon)
    video(daemon, fresh=True)
    watch.wait(lambda s: s["state"] == "online", 10)
    begun = tell("0,30000,10000,40; 3,8000,2500,120; 4,1000,400,250; 5,300,150,400;"
                 "17,4000,1500,150; 18,30000,10000,40")
    sleep_until(begun + 27)
    return {"states": watch.states(begun, begun + 27), "legs": [
        leg(watch, 300, begun + 12, begun + 17), leg(watch, 30000, begun + 23, begun + 27)]}


def main():
    scenario = globals()[f"ride_{sys.argv[1]}"]
    random.seed(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="linkqd-ride-") as directory:
        probes = [url + "/generate_204" for url in URLS]
        probes += [f"download={URLS[0]}/bytes/{{bytes}}", f"upload={URLS[0]}/upload"]
        daemon = Daemon(directory, probe=probes)
        watch = Watch(daemon)
        try:
            answer = scenario(daemon, watch)
            answer["late_ms"] = max(float(r["late_ms"]) for r in truth())
            answer["log"] = daemon.log[-2000:]
            answer["status"] = daemon.stop()
        finally:
            if daemon.process.poll() is None:
                daemon.process.kill()
                daemon.process.wait()
    print(json.dumps(answer))


main()
