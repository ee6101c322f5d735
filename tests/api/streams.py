#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Waiting, event streams, exports and shared answers, on real sockets. Prints TAP."""
import email.utils
import itertools
import json
import os
import re
import socket
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import Gone, PATIENCE_S, Server, case, request, run_cases  # noqa: E402

EVENTS = request("/v1/events", "Accept: text/event-stream")


def wait_for(condition, what):
    """Poll, since there is nothing to be told by."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def control(server, word):
    server.observe(json.dumps({"bytes": 0, "duration_ms": 1, "app": f"ctl:{word}"}))


def exports(server):
    probes = json.loads(server.get("/v1/explain").body)["probes"]
    return next(p["count"] for p in probes if p["target"] == "exports")


FAST = {"bytes": 1000000, "duration_ms": 1000}  # the fake link's rate is that of the last one
SLOW = {"bytes": 40000, "duration_ms": 1000}


def hint(server, **more):
    """What a player posts that fetches a large segment with little in its buffer."""
    body = {"ladder_kbps": [400, 1200, 6000], "segment_s": 4, "max_buffer_s": 20, "buffer_s": 3, "current": 2,
            "session": "tab"} | more
    return json.loads(server.post("/v1/hint", json.dumps(body)).body)


UNDER_WAY = {"id": "seg", "rendition": 2, "bytes": 300000, "total_bytes": 3000000, "elapsed_s": 0.5, "ttfb_s": 0.05}


class Stream:
    """An event stream being read."""

    def __init__(self, server, *headers, events=EVENTS):
        self.client = server.connect()
        self.client.send(events[:-2] + b"".join(h.encode() + b"\r\n" for h in headers) + b"\r\n")
        head = self.client.head()
        assert head.status == 200 and head.header("Content-Type") == "text/event-stream", head
        assert head.header("Cache-Control") == "no-store", head
        self.text = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.sock.close()

    def message(self):
        """The next message with fields, as a dict; a comment is {}."""
        while True:
            while b"\n\n" not in self.text:
                piece = self.client.chunk()
                if not piece:
                    raise Gone
                self.text += piece
            message, self.text = self.text.split(b"\n\n", 1)
            if message.startswith(b"retry:"):
                continue
            fields = dict(line.split(": ", 1) for line in message.decode().split("\n") if line != ":")
            if "data" in fields:
                fields["data"] = json.loads(fields["data"])
            return fields

    def event(self, kind):
        while True:
            message = self.message()
            if message.get("event") == kind:
                return message


@case("who watches its session is told to give a segment up when the link falls, and when that is taken back")
def hints():
    with Server() as s:
        s.observe(json.dumps(FAST))
        answer = hint(s, inflight=UNDER_WAY | {"reported": True})
        assert answer["abandon"] == {"do": False, "to": None}, answer
        with Stream(s, events=request("/v1/events?hint=tab", "Accept: text/event-stream")) as mine, \
                Stream(s, events=request("/v1/events?hint=other", "Accept: text/event-stream")) as other:
            s.observe(json.dumps(SLOW))
            data = mine.event("hint")["data"]
            assert data["abandon"] == {"do": True, "to": data["rendition"]}, data
            assert data["rendition"] in ("400", "1200") and data["reason"] == "abandon", data
            assert data["session"] == "tab" and data["id"] == "seg", data
            s.observe(json.dumps(FAST))
            data = mine.event("hint")["data"]
            assert data["abandon"] == {"do": False, "to": None} and data["rendition"] == "6000", data
            # once it is in, there is nothing to give up any more
            s.observe(json.dumps({"id": "seg", "bytes": 3000000, "duration_ms": 4000}))
            s.observe(json.dumps(SLOW))
            control(s, "network")
            while True:
                message = mine.message()
                assert message.get("event") != "hint", message
                if message.get("event") == "network":
                    break
            while True:
                message = other.message()
                assert message.get("event") != "hint", message
                if message.get("event") == "network":
                    break


@case("a session to watch has a name")
def hint_names():
    with Server() as s:
        for name in ("", "x" * 64):
            got = s.get(f"/v1/events?hint={name}")
            assert got.status == 400 and json.loads(got.body)["field"] == "hint", got


@case("an answer is shared for 250 ms, carries a weak ETag, and 304 comes while seq stands")
def etag():
    with Server() as s:
        first = s.get("/v1/link")
        tag = first.header("ETag")
        assert tag.startswith('W/"b00t-') and first.header("Cache-Control") == "no-cache", first
        for given in (tag, f'"other", {tag}', tag[2:], "*"):
            same = s.get("/v1/link", f"If-None-Match: {given}")
            assert same.status == 304 and same.header("ETag") == tag and same.body == b"", (given, same)
        lines = [*['If-None-Match: "other"'] * 5, f"If-None-Match: {tag}"]
        assert s.get("/v1/link", *lines).status == 304
        assert s.get("/v1/link", *lines[:5]).status == 200
        assert s.get("/v1/link", *lines[:5] * 20, lines[5]).status == 200  # bounded
        for given in ('W/"b00t-"', f'{tag[:-1]}9"', '"x"', "garbage"):
            assert s.get("/v1/link", f"If-None-Match: {given}").status == 200, given
        s.observe()
        wait_for(lambda: s.get("/v1/link", f"If-None-Match: {tag}").status == 200, "the estimate moved")
        link = json.loads(s.get("/v1/link").body)
        assert link["down_kbps"] == {"p10": 3120, "p50": 5200, "p90": 7280} and link["seq"] > 1, link


@case("an answer is never older than 250 ms, and a rendering serves many requests")
def age():
    with Server() as s, s.connect() as c:
        times, stamps = [], set()
        end = time.monotonic() + 1.2
        while time.monotonic() < end:
            c.send(request("/v1/link"))
            told = json.loads(c.answer().body)["time"]
            now = time.time()
            at = time.mktime(time.strptime(told[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone + float(told[19:23])
            times.append(now - at)
            stamps.add(told)
        assert max(times) < 0.28, max(times)
        assert len(stamps) <= 8 < len(times), (len(stamps), len(times))


@case("every answer says its date once, and it is now")
def date():
    with Server() as s:
        for target in ("/v1/link", "/healthz", "/nope", "/v1/history", "/metrics", "/v1/link"):
            said = s.get(target).header("Date")
            assert re.fullmatch(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", said), said
            assert abs(email.utils.parsedate_to_datetime(said).timestamp() - time.time()) < 3, said
            time.sleep(0.3)


@case("a waiting request is answered when seq rises, or with what there is when its time is over")
def wait():
    with Server() as s, s.connect() as c:
        seq = json.loads(s.get("/v1/link").body)["seq"]
        c.send(request(f"/v1/link?wait=30&after={seq}"))
        c.sock.settimeout(0.6)
        try:
            c.more()
            raise AssertionError("answered too early")
        except TimeoutError:
            c.sock.settimeout(PATIENCE_S)
        began = time.monotonic()
        s.observe()
        link = json.loads(c.answer().body)
        assert link["seq"] > seq and link["state"] == "online", link
        assert time.monotonic() - began < 2
        began = time.monotonic()
        assert s.get(f"/v1/link?wait=30&after={seq}").status == 200
        assert s.get("/v1/link?wait=30&after=999999").status == 200  # of an earlier run
        assert time.monotonic() - began < 2
        answer = s.get(f"/v1/link?wait=0.3&after={link['seq']}", f"If-None-Match: W/\"b00t-{link['seq']}\"")
        assert answer.status == 200 and json.loads(answer.body)["seq"] == link["seq"], answer


@case("a request waits 60 s at most")
def wait_bounded():
    with Server("--speed", 40) as s:  # 60 s are 1.5 s
        began = time.monotonic()
        assert s.get("/v1/link?wait=86400").status == 200
        assert 1.3 < time.monotonic() - began < 4


@case("a stream gives the estimate at once, and what happens as it happens")
def stream():
    with Server() as s, Stream(s) as e:
        first = e.message()
        assert first["event"] == "link" and first["id"].startswith("b00t-"), first
        assert first["data"]["schema"] == 1 and first["data"]["down_kbps"]["p50"] is None, first
        control(s, "network")
        event = e.event("network")
        assert event["data"]["kind"] == "route" and event["data"]["link"] == "k3f9", event
        control(s, "change")
        assert e.event("change")["data"]["change"]["kind"] == "drop"
        control(s, "offline")
        event = e.event("outage")
        assert event["data"]["phase"] == "begin" and event["data"]["lasted_ms"] is None, event
        assert e.event("link")["data"]["state"] == "offline"
        control(s, "online")
        event = e.event("outage")
        assert event["data"]["phase"] == "end" and event["data"]["lasted_ms"] == 4200, event


@case("Last-Event-ID replays what was missed of this run, and ids are in order")
def replay():
    with Server() as s:
        with Stream(s) as e:
            control(s, "network")
            last = e.event("network")["id"]
        for word in ("change", "network", "offline"):
            control(s, word)
        with Stream(s, f"Last-Event-ID: {last}") as e:
            got = [e.message() for _ in range(4)]
            assert [m["event"] for m in got] == ["change", "network", "outage", "link"], got
            numbers = [int(m["id"].split("-")[1]) for m in got]
            assert numbers == sorted(numbers) and numbers[0] > int(last.split("-")[1]), (last, numbers)
        for foreign in ("other-1", "b00t-", "1", "x" * 300):
            with Stream(s, f"Last-Event-ID: {foreign}") as e:
                assert e.message()["event"] == "link"


@case("a quiet stream beats at least each 15 s")
def heartbeat():
    with Server("--speed", 20) as s, Stream(s) as e:
        assert e.message()["event"] == "link"
        began = time.monotonic()
        for _ in range(3):
            assert e.message() == {}
        assert 20 < (time.monotonic() - began) * 20 <= 45


@case("a slow reader gets the newest state, not a queue of old ones")
def slow_reader():
    with Server("--speed", 20) as s, Stream(s) as e:
        e.message()
        for kbps in range(1000, 4000, 100):  # the ticks are 12 ms apart
            s.observe(json.dumps({"bytes": kbps * 125, "duration_ms": 1000}))
        wait_for(lambda: json.loads(s.get("/v1/link").body)["down_kbps"]["p50"] == 3900, "the last one")
        seen = []
        while not seen or seen[-1] != 3900:
            seen.append(e.event("link")["data"]["down_kbps"]["p50"])
        assert seen == sorted(seen) and len(seen) <= 31, seen


@case("a reader that never catches up is cut, counted, and costs no memory")
def no_reader():
    with Server("--speed", 20) as s, socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(PATIENCE_S)
        sock.connect(("127.0.0.1", s.port))
        sock.sendall(EVENTS)
        kbps = itertools.cycle((1000, 9000, 3000))

        def count(name):
            s.observe(json.dumps({"bytes": next(kbps) * 125, "duration_ms": 1000}))
            return int(re.search(rf"(?m)^linkqd_http_{name} (\d+)", s.get("/metrics").body.decode())[1])
        wait_for(lambda: count("waiting") == 1, "the stream runs")
        with Stream(s) as other:  # and who reads is not cut
            wait_for(lambda: other.message() and count("slow_streams_total") == 1, "it is cut")
            wait_for(lambda: other.message() and count("waiting") == 1, "its place is free")
        total = 0
        try:
            while got := sock.recv(65536):
                total += len(got)
        except ConnectionError:
            pass
        assert total < 200_000, total


@case("a hundred streams vanish, and their places are free again")
def vanish():
    with Server("--streams", 100) as s:
        streams = [Stream(s) for _ in range(100)]
        for e in streams:
            assert e.message()["event"] == "link"
        full = s.get("/v1/events")
        assert full.status == 503 and full.header("Retry-After") and b"Too many" in full.body, full
        assert s.get("/v1/link?wait=5").status == 503
        assert s.get("/v1/events", method="HEAD").status == 200
        for e in streams:
            e.client.sock.close()

        def free():
            with s.connect() as c:
                c.send(EVENTS)
                return c.head().status == 200
        wait_for(free, "vanished streams are noticed")
        before = s.cpu_s()
        time.sleep(0.5)
        assert s.cpu_s() - before <= 0.03, "it spins"


@case("waiting requests whose clients went away give their places back")
def vanish_waiting():
    with Server("--streams", 5) as s:
        clients = [s.connect() for _ in range(5)]
        for c in clients:
            c.send(request("/v1/link?wait=60"))
        wait_for(lambda: s.get("/v1/link?wait=60").status == 503, "five wait")
        for c in clients:
            c.sock.close()

        def free():
            with s.connect() as c:
                c.send(request("/v1/link?wait=0.01"))
                return c.head().status == 200
        wait_for(free, "vanished clients are noticed")


@case("an export is complete in each format, with its type")
def history():
    with Server() as s:
        for link in ("k3f9", "at-once"):
            csv = s.get(f"/v1/history.csv?from=-1h&link={link}")
            lines = csv.body.decode().split("\n")
            assert csv.header("Content-Type").startswith("text/csv") and csv.header("Content-Disposition"), csv
            assert lines[0].startswith("time,link,state,quality,down_kbps_p10") and len(lines) == 1002, csv
            rows = json.loads(s.get(f"/v1/history?from=-1h&link={link}").body)
            assert len(rows) == 1000 and rows[0]["up_kbps_p50"] is None, rows[0]
            lines = s.get(f"/v1/history?from=-1h&format=jsonl&link={link}")
            assert lines.header("Content-Type") == "application/x-ndjson", lines
            assert len([json.loads(line) for line in lines.body.splitlines()]) == 1000
        csv = s.get("/v1/history.csv?from=-1h&tz=-08:00").body.decode().split("\n")
        assert csv[0].endswith(",utc_offset") and csv[1].endswith(",-08:00") and len(csv) == 1002, csv[:2]
        rows = json.loads(s.get("/v1/history?from=-1h&tz=%2B05:30").body)
        assert len(rows) == 1000 and {r["utc_offset"] for r in rows} == {"+05:30"}, rows[0]
        for bad in ("tz=Mars", "tz=", "columns=none", "columns=all", "columns=all&step=1s"):
            assert s.get(f"/v1/history?{bad}").status == 400, bad
        assert s.get("/v1/history?columns=all&step=1m", method="HEAD").status == 200
        assert exports(s) == 0


@case("two exports at once, the third is asked to come back")
def history_busy():
    with Server() as s:
        clients = [s.connect() for _ in range(2)]
        for c in clients:
            c.send(request("/v1/history?link=stuck"))
        wait_for(lambda: exports(s) == 2, "two run")
        busy = s.get("/v1/history")
        assert busy.status == 503 and int(busy.header("Retry-After")) > 0, busy
        assert s.get("/v1/link").status == 200
        for c in clients:
            c.sock.close()
        wait_for(lambda: exports(s) == 0, "clients that went away are noticed")
        assert s.get("/v1/history").status == 200


@case("a client that leaves in the middle of an export frees it")
def history_left():
    with Server() as s:
        for _ in range(5):
            with s.connect() as c:
                c.send(request("/v1/history.csv?link=big"))
                c.take(100000)
            wait_for(lambda: exports(s) == 0, "the export is freed")


@case("a client that reads slowly does not disturb others, and the whole export comes")
def history_slow():
    with Server() as s, s.connect() as c:
        c.send(request("/v1/history.csv?link=big"))
        c.take(1000)
        for _ in range(50):
            assert s.get("/v1/link").status == 200
        before = s.cpu_s()
        time.sleep(0.3)
        assert s.cpu_s() - before <= 0.03, "it spins"
        assert exports(s) == 1


@case("an export that fails in the middle is seen to be cut short")
def history_fails():
    with Server() as s, s.connect() as c:
        c.send(request("/v1/history.csv?link=fail"))
        assert c.head().status == 200
        try:
            while c.chunk():
                pass
            raise AssertionError("it looks complete")
        except Gone:
            pass
        wait_for(lambda: exports(s) == 0, "the export is freed")


@case("health tells what is wrong")
def health():
    with Server() as s:
        assert json.loads(s.get("/readyz").body) == {"status": "ok"}
        control(s, "unready")
        assert s.get("/healthz").status == 200
        answer = s.get("/readyz")
        assert answer.status == 503 and "disk is full" in json.loads(answer.body)["detail"], answer


@case("the end answers who waits, ends streams, and cuts exports")
def quiesce():
    with Server() as s:
        waiting, export = s.connect(), s.connect()
        waiting.send(request("/v1/link?wait=60"))
        export.send(request("/v1/history?link=stuck"))
        with Stream(s) as e:
            e.message()
            wait_for(lambda: exports(s) == 1, "the export runs")
            began = time.monotonic()
            s.process.terminate()
            assert waiting.answer().status == 200
            try:
                while True:
                    e.message()
            except Gone:
                pass
            assert s.process.wait(timeout=PATIENCE_S) == 0
            assert time.monotonic() - began < 3


@case("answers on one connection follow each other, also when they were asked for at once")
def pipelining():
    with Server() as s, s.connect() as c:
        c.send(request("/healthz") + request("/v1/link") + request("/nope") + request("/v1/link", method="HEAD") +
               request("/readyz"))
        assert [c.answer(), c.answer(), c.answer(), c.answer(head=True), c.answer()][4].body == b'{"status":"ok"}'


@case("five hundred observations at once hold up nobody for long")
def big_batches():
    batch = json.dumps([{"id": f"r{i}", "bytes": 100000 + i, "duration_ms": 200.5, "ttfb_ms": 45.25,
                         "connect_ms": 20.5, "app": "player"} for i in range(500)])
    with Server() as s:
        assert json.loads(s.post("/v1/observations", batch).body) == {"accepted": 500, "rejected": []}
        with s.connect() as c:
            for _ in range(3):
                c.send(request("/v1/observations", "Content-Type: application/json", f"Content-Length: {len(batch)}",
                               method="POST") + batch.encode())
                assert c.answer().status == 202


if __name__ == "__main__":
    run_cases()
