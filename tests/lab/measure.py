# SPDX-License-Identifier: ISC
"""What a program inside the link lab measures with plain sockets; prints one JSON object."""
import http.client
import json
import os
import socket
import sys
import time

URL = os.environ["LINKLAB_URL"]
HOST, _, PORT = URL[len("http://"):].partition(":")
WHERE = (HOST, int(PORT or 80))


def connect():
    begun = time.monotonic()
    s = socket.create_connection(WHERE, 30)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s, time.monotonic() - begun


def ask(s, path):
    """Send a request and take the head of its answer; what of the body came along."""
    s.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        more = s.recv(65536)
        if not more:
            raise ConnectionError("the answer ends early")
        head += more
    return len(head) - head.index(b"\r\n\r\n") - 4


def tell(rows):
    """Give the lab another script; what it says to it."""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.settimeout(10)
    s.bind("")  # the kernel picks a name, so that there can be an answer
    s.sendto(rows.encode(), os.environ["LINKLAB_CONTROL"])
    return s.recv(256).decode()


def goodput(warm_s, seconds):
    """kbit/s of one download, once it has warmed up."""
    s, _ = connect()
    ask(s, "/bytes/1000000000")
    buffer = bytearray(1 << 18)
    end = time.monotonic() + warm_s
    while time.monotonic() < end:
        s.recv_into(buffer)
    got, begun = 0, time.monotonic()
    while True:
        got += s.recv_into(buffer)
        now = time.monotonic()
        if now - begun >= seconds:
            return got * 8 / (now - begun) / 1000


def round_trips(count):
    """ms to connect, and ms to the first byte on a kept connection: the least, since a busy
    machine adds and never takes away."""
    connects, first = [], []
    kept, _ = connect()
    for _ in range(count):
        s, took = connect()
        s.close()
        connects.append(took * 1000)
        begun = time.monotonic()
        ask(kept, "/generate_204")
        first.append((time.monotonic() - begun) * 1000)
    return {"connect": min(connects), "first": min(first)}


def outage(down_s, back_rows):
    """Cut a running download; when bytes stop and when they come again after the end."""
    s, _ = connect()
    ask(s, "/bytes/1000000000")
    buffer = bytearray(1 << 16)
    begun = time.monotonic()
    while time.monotonic() < begun + 0.7:
        s.recv_into(buffer)
    told = tell(back_rows)
    begun = last = time.monotonic()
    while True:
        s.recv_into(buffer)
        now = time.monotonic()
        if now > begun + down_s:
            return {"told": told, "stopped": last - begun, "again": now - begun - down_s}
        last = now


def pages(*paths):
    """Of each: status, type, who may read it, body."""
    answers = []
    for path in paths:
        conn = http.client.HTTPConnection(*WHERE, timeout=10)
        conn.request("GET", path)
        got = conn.getresponse()
        answers.append([got.status, got.getheader("Content-Type"),
                        got.getheader("Access-Control-Allow-Origin"), got.read().decode()])
        conn.close()
    return answers


def main():
    what, args = sys.argv[1], [json.loads(a) for a in sys.argv[2:]]
    answer = {"goodput": goodput, "round_trips": round_trips, "outage": outage,
              "pages": pages, "tell": tell}[what](*args)
    print(json.dumps(answer))


main()
