#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A thousand who listen or wait at once. Prints TAP."""
import json
import os
import re
import resource
import selectors
import socket
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
import tap  # noqa: E402
from harness import SLOW, WAIT_S, wait_for  # noqa: E402

MANY = 1000


class Crowd:
    """Connections that each sent the same request; what they got so far."""

    def __init__(self, port, target):
        self.text = {}
        self.selector = selectors.DefaultSelector()
        for _ in range(MANY):
            sock = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
            sock.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            self.selector.register(sock, selectors.EVENT_READ)
            self.text[sock] = b""

    def until(self, there, what):
        """Reads until there(text) is true of everyone's."""
        left = {sock for sock, text in self.text.items() if not there(text)}
        end = time.monotonic() + 3 * WAIT_S
        while left:
            assert time.monotonic() < end, f"{len(left)} of {MANY} wait in vain for {what}"
            for key, _ in self.selector.select(1):
                got = key.fileobj.recv(65536)
                assert got, f"a connection ended: {self.text[key.fileobj][-300:]}"
                self.text[key.fileobj] += got
                if there(self.text[key.fileobj]):
                    left.discard(key.fileobj)

    def close(self):
        self.selector.close()
        for sock in self.text:
            sock.close()


def anon_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"RssAnon:\s+(\d+)", status.read())[1])


class Listeners(harness.TestCase):
    """With the preset limits, from a shell that allows few descriptors."""
    timeout = 120 * SLOW

    def setUp(self):
        super().setUp()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
        self.d = self.daemon()
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def crowd(self, target):
        crowd = Crowd(self.d.port, target)
        self.addCleanup(crowd.close)
        return crowd

    def move(self, kbps):
        """Tells of another rate, which becomes an event."""
        self.d.post([{"bytes": kbps * 125, "duration_ms": 1000, "ttfb_ms": 40}] * 3)

    def waiting(self):
        _, _, body = self.d.request("GET", "/metrics")
        return int(re.search(rb"(?m)^linkqd_http_waiting (\d+)", body)[1])

    def test_all_get_an_event_and_cost_little(self):
        before = anon_kib(self.d.process.pid)
        crowd = self.crowd("/v1/events")
        crowd.until(lambda text: b"event: link" in text, "their first event")
        self.assertEqual(self.waiting(), MANY)
        self.move(20000)
        crowd.until(lambda text: b'"state":"online"' in text, "the link to be online")
        if SLOW == 1:
            self.assertLess((anon_kib(self.d.process.pid) - before) / MANY, 20)
        self.assertEqual(self.d.state(), "online")
        crowd.close()
        wait_for(lambda: self.waiting() == 0, "their places to be free")

    def test_all_who_wait_are_answered_when_it_moves(self):
        seq = self.d.get("/v1/link")["seq"]
        crowd = self.crowd(f"/v1/link?wait=60&after={seq}")
        wait_for(lambda: self.waiting() == MANY or self.d.get("/v1/link")["seq"] != seq, "all to wait")
        self.move(20000)
        crowd.until(lambda text: text.endswith(b"}"), "an answer")
        for text in crowd.text.values():
            head, body = text.split(b"\r\n\r\n", 1)
            self.assertTrue(head.startswith(b"HTTP/1.1 200 "))
            self.assertGreater(json.loads(body)["seq"], seq)
        self.assertEqual(self.waiting(), 0)


if __name__ == "__main__":
    tap.main()
