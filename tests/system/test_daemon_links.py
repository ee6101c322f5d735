#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The daemon on a network of its own (a namespace with TAP devices that nobody answers
behind): routes, gateways and carrier come and go."""
import fcntl
import json
import os
import shutil
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import tap
from harness import SLOW, TestCase, wait_for

INSIDE = "LINKQD_TEST_INSIDE"


TUNSETIFF, TUNSETCARRIER = 0x400454CA, 0x400454E2
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000


def ip(words):
    """One ip command."""
    subprocess.run(["ip", *words.split()], check=True)


class Device:
    """A TAP device that is up, and whose carrier is ours."""

    def __init__(self, name, address):
        self.fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
        ip(f"addr add {address} dev {name}")
        ip(f"link set {name} up")

    def carrier(self, there):
        fcntl.ioctl(self.fd, TUNSETCARRIER, struct.pack("i", there))

    def close(self):
        os.close(self.fd)


def enter():
    """Runs this file again as root of a network namespace of its own; or says why not."""
    if os.environ.get(INSIDE):
        return
    if not shutil.which("ip") or not shutil.which("unshare"):
        tap.skip_all("there is no ip or no unshare here")
    for how in (["-n"], ["-rn"]):
        probe = ["unshare", *how, "sh", "-c", "ip tuntap add mode tap a"]
        if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            os.environ[INSIDE] = "1"
            os.execvp("unshare", ["unshare", *how, sys.executable, *sys.argv])
    tap.skip_all("network namespaces are not allowed here")


class Links(TestCase):
    """Each test begins with lo and nothing else."""

    def setUp(self):
        super().setUp()
        ip("link set lo up")
        self.device = Device("up0", "10.77.0.1/24")
        self.addCleanup(self.device.close)

    def link(self, daemon):
        return daemon.get("/v1/link")

    def soon(self, condition, what):
        """Within 300 ms, and a rendering may be 250 ms old."""
        wait_for(condition, what, 2 * SLOW)

    def test_are_followed_from_none_to_one_and_back(self):
        daemon = self.daemon()
        self.assertEqual(self.link(daemon)["state"], "offline")
        self.assertEqual(daemon.get("/v1/links")["links"], [])
        ip("route add default via 10.77.0.2 dev up0")
        self.soon(lambda: self.link(daemon)["link"]["interface"] == "up0", "the link")
        known = self.link(daemon)["link"]["id"]
        ip("route del default")
        self.soon(lambda: self.link(daemon)["state"] == "offline", "the end of the link")
        self.assertEqual(self.link(daemon)["link"]["id"], known, "the last one answers")

    def test_are_others_behind_another_gateway_and_the_same_again_behind_the_first(self):
        daemon = self.daemon()
        ids = []
        for gateway in ("10.77.0.2", "10.77.0.3", "10.77.0.2"):
            ip(f"route replace default via {gateway} dev up0")
            time_limit = time.monotonic() + 5 * SLOW
            wait_for(lambda: self.link(daemon)["link"]["id"] not in ids[-1:] + ["none"], "another link",
                     time_limit - time.monotonic())
            ids.append(self.link(daemon)["link"]["id"])
        self.assertEqual(ids[0], ids[2])
        self.assertNotEqual(ids[0], ids[1])

    def test_are_offline_without_a_carrier(self):
        ip("route add default via 10.77.0.2 dev up0")
        daemon = self.daemon()
        daemon.post([{"bytes": 1000000, "duration_ms": 850, "ttfb_ms": 50}] * 5)
        self.wait_state(daemon, "online")
        self.device.carrier(False)
        self.soon(lambda: self.link(daemon)["state"] == "offline", "the loss")
        self.device.carrier(True)
        daemon.post([{"bytes": 1000000, "duration_ms": 850, "ttfb_ms": 50}])
        self.wait_state(daemon, "online")
        self.assertEqual(daemon.stop(), 0)
        details = [row[0] for row in daemon.rows("select detail from event order by n")]
        self.assertGreaterEqual(details.count("carrier"), 2)

    def test_are_all_listed_the_default_one_first(self):
        self.addCleanup(Device("up1", "10.78.0.1/24").close)
        ip("route add default via 10.77.0.2 dev up0 metric 100")
        ip("route add default via 10.78.0.2 dev up1 metric 200")
        daemon = self.daemon()

        def names():
            return [one["link"]["interface"] for one in daemon.get("/v1/links")["links"]]
        self.assertEqual(names(), ["up0", "up1"])
        ip("route del default via 10.77.0.2 dev up0 metric 100")
        self.soon(lambda: names() == ["up1"], "the other link")
        self.assertEqual(self.link(daemon)["link"]["interface"], "up1")

    def test_come_back_with_what_was_learnt_a_name_and_an_answer_at_once(self):
        daemon = self.daemon()
        ip("route add default via 10.77.0.2 dev up0")
        self.soon(lambda: self.link(daemon)["link"]["interface"] == "up0", "the link")
        self.assertEqual(self.link(daemon)["basis"], "prior")
        self.assertIsNone(self.link(daemon)["down_kbps"]["p50"])
        self.assertGreater(self.link(daemon)["prior"]["down_kbps"]["p90"], 0)
        home = self.link(daemon)["link"]["id"]
        def told():
            daemon.post([{"bytes": 1000000, "duration_ms": 850, "ttfb_ms": 50}] * 5)
            return self.link(daemon)["basis"] == "evidence"
        wait_for(told, "an estimate of what was told")
        json_type = {"Content-Type": "application/json"}
        status, _, body = daemon.request("POST", f"/v1/links/{home}", '{"name":"Home"}', json_type)
        self.assertEqual((status, json.loads(body)["name"]), (200, "Home"))
        ip("route replace default via 10.77.0.3 dev up0")
        self.soon(lambda: self.link(daemon)["link"]["id"] != home, "another link")
        self.assertEqual(daemon.stop(), 0)
        daemon = self.daemon()
        began = time.monotonic()
        ip("route replace default via 10.77.0.2 dev up0")
        wait_for(lambda: self.link(daemon)["link"]["id"] == home, "the first link", 5 * SLOW)
        answer = self.link(daemon)
        print(f"# the first answer came {1000 * (time.monotonic() - began):.0f} ms after the command")
        self.assertEqual((answer["basis"], answer["link"]["name"], answer["state"]), ("memory", "Home", "unknown"))
        self.assertLess(answer["down_kbps"]["p10"], 9400)
        self.assertGreater(answer["down_kbps"]["p90"], 9400)
        self.assertEqual(len(daemon.get("/v1/links?remembered=true")["remembered"]), 2)

    def test_can_be_forgotten_with_their_rows_and_begin_anew(self):
        ip("route add default via 10.77.0.2 dev up0")
        daemon = self.daemon()
        daemon.post([{"bytes": 1000000, "duration_ms": 850, "ttfb_ms": 50}] * 50)
        link = self.link(daemon)["link"]["id"]
        self.wait_state(daemon, "online")
        status, _, body = daemon.request("DELETE", f"/v1/links/{link}")
        answer = json.loads(body)
        self.assertEqual((status, answer["links"]), (200, 1))
        self.assertGreaterEqual(answer["rows"], 51)
        self.assertEqual(self.link(daemon)["basis"], "prior")
        self.assertEqual(self.link(daemon)["link"]["id"], link)
        self.assertEqual(daemon.request("DELETE", "/v1/links/nowhere")[0], 404)
        self.assertEqual(json.loads(daemon.request("DELETE", "/v1/links?all=true")[2])["links"], 1)
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(daemon.rows("select count(*) from observation"), [(0,)])

    def test_can_be_only_an_ipv6_one(self):
        ip("-6 addr add fd77::1/64 dev up0 nodad")
        ip("-6 route add default via fd77::2 dev up0")
        daemon = self.daemon()
        self.soon(lambda: self.link(daemon)["link"]["interface"] == "up0", "the link")


if __name__ == "__main__":
    enter()
    tap.main()
