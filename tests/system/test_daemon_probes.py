#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The daemon's own requests, against a server that stalls, truncates and resets."""
import os
import signal
import socket
import ssl
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import tap
import untrusted
from harness import TestCase, wait_for


class Probes(TestCase):
    """One target after another, each with bad manners."""

    def good(self, **how):
        server = self.server()
        daemon = self.daemon(probe=[server.url("/a"), *how.pop("more", [])], **how)
        self.wait_state(daemon, "online")
        return daemon, server

    def report(self, daemon, server, path="/a"):
        return daemon.probe_report(server.url(path))

    def test_measure_loopback_without_its_round_trips(self):
        daemon, _ = self.good()
        link = daemon.get("/v1/link")
        self.assertEqual(link["link"]["kind"], "loopback")
        self.assertIsNone(link["rtt_ms"]["min"], "loopback's own times do not count")
        self.assertIsNotNone(link["ttfb_ms"]["p50"])

    def test_go_on_where_the_kernel_cannot_be_asked_for_links(self):
        deaf = os.path.join(os.path.dirname(os.path.realpath(__file__)), "deaf.py")
        daemon, server = self.good(by=(sys.executable, deaf), settings=["probe-interval=1s"])
        if not daemon.get("/v1/explain")["kernel"]["on"]:
            self.skipTest("built without libmnl, which asks otherwise")
        self.assertEqual(daemon.get("/v1/link")["link"]["kind"], "other", "nobody knows of which kind it is")
        self.assertEqual([f["name"] for f in daemon.get("/v1/link")["faults"]], ["network_unread"])
        count = daemon.get("/v1/explain")["conditions"]["network_unread"]
        wait_for(lambda: daemon.get("/v1/explain")["conditions"]["network_unread"] > count, "another attempt")
        self.assertEqual(daemon.log.count("netlink: the network cannot be read"), 1, "it is said once")
        self.assertIn("network_unread: The kernel cannot be asked", daemon.log)
        asked = self.report(daemon, server)["count"]
        wait_for(lambda: self.report(daemon, server)["count"] > asked, "a probe")
        self.assertEqual(daemon.stop(), 0)

    def test_keep_their_connection(self):
        daemon, server = self.good(settings=["probe-interval=1s"])
        wait_for(lambda: len(server.requests) >= 4, "four requests")
        self.assertEqual(server.connections, 1)
        self.assertEqual(daemon.stop(), 0)

    def test_ask_own_targets_at_the_interval(self):
        _, server = self.good(settings=["probe-interval=1s"])
        wait_for(lambda: len(server.requests) >= 5, "five requests")
        gaps = [b[0] - a[0] for a, b in zip(server.requests[1:], server.requests[2:])]
        self.assertTrue(all(0.9 <= gap <= 1.6 for gap in gaps), gaps)

    def test_say_that_a_hanging_server_is_silence_and_that_it_ended(self):
        daemon, server = self.good(settings=["probe-interval=1s"])
        wait_for(lambda: self.report(daemon, server)["count"] >= 3, "some experience")
        server.set("hang")
        began = time.monotonic()
        self.wait_state(daemon, "offline")
        self.assertLess(time.monotonic() - began, 6)
        server.set("ok")
        began = time.monotonic()
        self.wait_state(daemon, "online")
        self.assertLess(time.monotonic() - began, 2)
        daemon.stop()
        kinds = [row[0] for row in daemon.rows("select kind from event order by n")]
        self.assertIn(1, kinds, "the begin of an outage")
        self.assertIn(2, kinds, "and its end")

    def test_never_take_one_silent_target_of_three_for_the_link(self):
        servers = [self.server() for _ in range(3)]
        daemon = self.daemon(probe=[s.url() for s in servers], settings=["probe-interval=1s"])
        self.wait_state(daemon, "online")
        wait_for(lambda: all(len(s.requests) >= 2 for s in servers), "all to be asked")
        servers[1].set("hang")
        states = set()
        wait_for(lambda: (states.add(daemon.state()) or "while others answer" in daemon.log), "the complaint", 20)
        until = time.monotonic() + 3
        wait_for(lambda: states.add(daemon.state()) or time.monotonic() > until, "some time")
        self.assertEqual(states, {"online"})

    def test_never_take_a_target_that_is_silent_from_the_start_for_the_link(self):
        servers = [self.server() for _ in range(3)]
        servers[0].set("hang")
        daemon = self.daemon(probe=[s.url() for s in servers], settings=["probe-interval=1s"])
        states = set()
        wait_for(lambda: (states.add(daemon.state()) or "while others answer" in daemon.log), "the complaint", 20)
        self.assertLessEqual(states, {"unknown", "online"})

    def test_take_a_server_that_stops_in_its_body_for_the_server(self):
        servers = [self.server(), self.server(body=b"x" * 40000)]
        daemon = self.daemon(probe=[s.url() for s in servers], settings=["probe-interval=1s"])
        self.wait_state(daemon, "online")
        servers[1].set("slow")
        states = []
        until = time.monotonic() + 6
        wait_for(lambda: states.append(daemon.state()) or time.monotonic() > until, "some time")
        # Silent for a moment, the link is asked about elsewhere: then it is known.
        self.assertLessEqual(set(states), {"online", "stalled"})
        self.assertLess(states.count("stalled"), 0.2 * len(states))

    def test_survive_resets(self):
        daemon, server = self.good(settings=["probe-interval=1s"])
        server.set("reset")
        wait_for(lambda: self.report(daemon, server)["failures"] >= 1, "a failure")
        self.assertIn("reset", self.report(daemon, server)["last"])
        self.assertEqual(daemon.state(), "online", "whoever resets is there")

    def test_survive_half_an_answer(self):
        daemon, server = self.good(settings=["probe-interval=1s"])
        server.set("truncate")
        wait_for(lambda: self.report(daemon, server)["failures"] >= 1, "a failure")
        self.assertEqual(daemon.state(), "online")

    def test_take_an_error_for_a_sign_of_life(self):
        daemon, server = self.good(settings=["probe-interval=1s"])
        server.set("error")
        wait_for(lambda: "500" in self.report(daemon, server)["last"], "the error")
        self.assertEqual(daemon.state(), "online")

    def test_do_not_follow_redirects(self):
        daemon, server = self.good(settings=["probe-interval=1s"])
        server.set("redirect")
        wait_for(lambda: "302" in self.report(daemon, server)["last"], "the redirect")
        self.assertEqual(daemon.state(), "online")

    def test_end_an_endless_body(self):
        daemon, server = self.good(settings=["probe-interval=1s"])
        before = daemon.get("/v1/explain")["probe_bytes"]["down"]
        server.set("endless")
        count = self.report(daemon, server)["count"]
        wait_for(lambda: self.report(daemon, server)["count"] >= count + 2, "two of them")
        spent = daemon.get("/v1/explain")["probe_bytes"]["down"] - before
        self.assertLess(spent, 3_000_000, "capped, whatever the server sends")
        self.assertEqual(daemon.state(), "online")
        self.is_named(daemon, server, "endless")

    def is_named(self, daemon, server, condition):
        """What is wrong has a name, is counted, and logged once; the other targets go on."""
        self.assertEqual(self.report(daemon, server)["condition"], condition)
        count = daemon.get("/v1/explain")["conditions"][condition]
        wait_for(lambda: daemon.get("/v1/explain")["conditions"][condition] > count or count > 1, "another one", 40)
        metrics = daemon.request("GET", "/metrics")[2].decode()
        self.assertRegex(metrics, rf'linkqd_probe_conditions_total{{condition="{condition}"}} [1-9]')
        self.assertEqual(len([line for line in daemon.log.splitlines() if "warning: probe" in line]), 1)

    def test_name_a_redirect_loop_and_do_not_follow_it(self):
        other = self.server()
        daemon, server = self.good(settings=["probe-interval=1s"], more=[other.url("/b")])
        server.set("loop")
        wait_for(lambda: self.report(daemon, server)["condition"] is not None, "the loop to be noticed")
        count = len(server.requests)
        self.is_named(daemon, server, "redirect_loop")
        self.assertEqual(daemon.state(), "online")
        self.assertIsNone(daemon.probe_report(other.url("/b"))["condition"])
        wait_for(lambda: (daemon.get("/v1/link")["diagnosis"] or {}).get("cause") == "destination", "a diagnosis")
        self.assertLess(len(server.requests) - count, 20)
        server.set("ok")
        wait_for(lambda: self.report(daemon, server)["condition"] is None, "it to be well again")

    def test_name_a_certificate_that_fails(self):
        pem = self.file("pem", untrusted.PEM)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server, other = self.server(tls=context), self.server()
        daemon = self.daemon(probe=[server.url("/a"), other.url("/b")], settings=["probe-interval=1s"])
        wait_for(lambda: self.report(daemon, server)["condition"] == "certificate", "the certificate to be noticed")
        self.assertEqual(server.requests, [], "nothing was asked of it")
        self.wait_state(daemon, "online")
        self.assertGreaterEqual(daemon.get("/v1/explain")["conditions"]["certificate"], 1)
        self.assertIn("tls", self.report(daemon, server)["last"])
        wait_for(lambda: daemon.get("/v1/link")["diagnosis"], "a diagnosis")
        self.assertEqual(daemon.get("/v1/link")["diagnosis"]["cause"], "destination")
        self.assertIn("certificate", daemon.get("/v1/link")["diagnosis"]["text"])
        self.assertEqual(len([line for line in daemon.log.splitlines() if "warning: probe" in line]), 1)

    def test_download_what_fills_the_link(self):
        server = self.server()
        daemon = self.daemon(probe=[server.url("/a"), "download=" + server.url("/bytes/{bytes}")],
                             settings=["download-interval=5s"])
        wait_for(lambda: any("/bytes/" in path for _, _, path in server.requests), "a download")
        size = next(int(path.rsplit("/", 1)[1]) for _, _, path in server.requests if "/bytes/" in path)
        self.assertTrue(65536 <= size <= 4194304, size)
        wait_for(lambda: (daemon.get("/v1/link")["down_kbps"]["p50"] or 0) > 20000, "a fast link")

    def test_upload_as_well(self):
        server = self.server()
        daemon = self.daemon(probe=[server.url("/a"), "upload=" + server.url("/up")])
        wait_for(lambda: server.uploaded >= 65536, "an upload")
        wait_for(lambda: daemon.get("/v1/link")["up_kbps"]["p50"] is not None, "an estimate of the way up")

    def test_count_a_refused_connection_as_an_answer(self):
        with socket.create_server(("127.0.0.1", 0)) as gone:
            port = gone.getsockname()[1]
        server = self.server()
        refused = f"http://127.0.0.1:{port}/"
        daemon = self.daemon(probe=[refused, server.url()], settings=["probe-interval=1s"])
        wait_for(lambda: "refused" in (daemon.probe_report(refused)["last"] or ""), "the refusal")
        self.wait_state(daemon, "online")

    def test_are_told_from_what_applications_say(self):
        daemon, _ = self.good()
        daemon.post([{"bytes": 500000, "duration_ms": 300, "ttfb_ms": 20}] * 4)
        wait_for(lambda: daemon.get("/v1/explain")["sources"]["app"]["count"] == 4, "the observations")
        wait_for(lambda: all(daemon.get("/v1/link")["evidence"][who] > 0 for who in ("app", "probe")), "both to count")

    def test_change_with_the_configuration(self):
        first, second = self.server(), self.server()
        path = self.file("conf", f'probe = "{first.url()}"\n')
        daemon = self.daemon("--config", path, probe=None)
        wait_for(lambda: first.requests, "the first target to be asked")
        self.file("conf", f'probe = "{second.url()}"\n')
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: second.requests, "the second target to be asked")

    def test_write_what_they_found(self):
        daemon, server = self.good(settings=["probe-interval=1s"])
        wait_for(lambda: self.report(daemon, server)["count"] >= 3, "some probes")
        self.assertEqual(daemon.stop(), 0)
        self.assertGreaterEqual(daemon.rows("select count(*) from observation")[0][0], 3)
        self.assertGreaterEqual(daemon.rows("select count(*) from estimate")[0][0], 2)


if __name__ == "__main__":
    tap.main()
