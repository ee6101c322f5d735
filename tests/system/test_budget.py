#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What measuring costs: counted on the wire, limited, and remembered."""
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import tap
from harness import TestCase, wait_for


class Budget(TestCase):
    """The ledger of a real daemon."""

    @staticmethod
    def kept(daemon):
        """What is on disk of it."""
        return daemon.rows("select value from kept where key = 'budget'")

    def test_counts_what_goes_over_the_wire(self):
        server = self.server(body=b"x" * 20000)
        daemon = self.daemon(probe=[server.url("/a")], settings=["probe-interval=1s"])
        wait_for(lambda: daemon.probe_report(server.url("/a"))["count"] >= 3, "three requests")
        budget, count = daemon.get("/v1/budget"), len(server.requests)
        self.assertEqual(budget["day"]["limit_bytes"], 10_000_000)
        self.assertFalse(budget["metered"])
        self.assertGreaterEqual(budget["day"]["spent_bytes"], 3 * 20000)
        self.assertLess(budget["day"]["spent_bytes"], count * 22000, "headers are a few percent")
        self.assertEqual(budget["day"]["spent_bytes"], budget["hour"]["spent_bytes"])
        self.assertIsNotNone(budget["day"]["resets_at"])
        self.assertEqual(budget["next_probe"]["kind"], "latency")

    def test_lets_a_measurement_through_on_request(self):
        server = self.server()
        daemon = self.daemon(probe=[server.url("/a"), "download=" + server.url("/bytes/{bytes}")])
        self.wait_state(daemon, "online")
        before = len(server.requests)
        status, _, body = daemon.request("POST", "/v1/measure", "{}", {"Content-Type": "application/json"})
        self.assertEqual(status, 200, body)
        paths = [path for _, _, path in server.requests[before:]]
        self.assertIn("/a", paths)
        self.assertTrue(any("/bytes/" in path for path in paths), paths)

    def test_refuses_a_measurement_beyond_it(self):
        server = self.server()
        daemon = self.daemon(probe=[server.url("/a")], settings=["budget-hour=2kB"])
        status, _, body = daemon.request("POST", "/v1/measure", "{}", {"Content-Type": "application/json"})
        self.assertEqual(status, 429, body)
        self.assertIn(b"budget", body)
        self.assertEqual(len(server.requests), 0)
        status, _, body = daemon.request("POST", "/v1/measure?over_budget=true", "{}",
                                         {"Content-Type": "application/json"})
        self.assertEqual(status, 200, body)
        self.assertEqual(len(server.requests), 1)

    def test_is_never_passed_whatever_a_server_sends(self):
        server = self.server()
        server.set("endless")
        daemon = self.daemon(probe=[server.url("/a"), "download=" + server.url("/{bytes}")],
                             settings=["probe-interval=1s", "download-interval=5s", "budget-hour=300kB"])
        wait_for(lambda: (daemon.get("/v1/budget")["hour"]["spent_bytes"] > 20_000) and
                 daemon.probe_report(server.url("/a"))["count"] >= 1, "some of it")
        self.assertLessEqual(daemon.get("/v1/budget")["hour"]["spent_bytes"], 300_000)

    def test_is_remembered_over_a_restart_and_a_kill(self):
        server = self.server(body=b"x" * 60000)
        how = {"probe": [server.url("/a")], "settings": ["probe-interval=1s"]}
        daemon = self.daemon(**how)
        wait_for(lambda: daemon.get("/v1/budget")["day"]["spent_bytes"] > 120_000, "some bytes")
        spent = daemon.get("/v1/budget")["day"]["spent_bytes"]
        self.assertEqual(daemon.stop(), 0)
        daemon = self.daemon(**how)
        again = daemon.get("/v1/budget")["day"]["spent_bytes"]
        self.assertGreaterEqual(again, spent)
        before = self.kept(daemon)
        wait_for(lambda: self.kept(daemon) != before, "more bytes to be on disk", 30)
        daemon.stop(signal.SIGKILL)
        daemon = self.daemon(**how)
        self.assertGreater(daemon.get("/v1/budget")["day"]["spent_bytes"], again)


if __name__ == "__main__":
    tap.main()
