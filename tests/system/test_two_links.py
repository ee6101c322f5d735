#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Two uplinks at once: each has an estimate of its own, from probes that keep to it."""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import tap
from harness import SLOW, TestCase, wait_for
from test_daemon_links import enter
from two_links import SERVER, Links, ip

CAN_KBPS = (12000, 3000)


class TwoLinks(TestCase):
    timeout = 120 * SLOW

    def setUp(self):
        super().setUp()
        ip("link set lo up")
        self.links = Links(*CAN_KBPS)
        self.addCleanup(self.links.close)

    def both(self, daemon):
        return {one["link"]["interface"]: one for one in daemon.get("/v1/links")["links"]}

    def test_are_told_apart_each_within_a_fifth(self):
        url = f"http://{SERVER[4]}/"
        daemon = self.daemon(probe=(url, f"download={url}bytes/{{bytes}}"),
                             settings=("budget-hour=100MB", "budget-day=1GB"))

        def near(name, can):
            one = self.both(daemon)[name]
            seen = one["down_kbps"]["p50"]
            return one["evidence"]["samples"] >= 8 and can * 0.8 <= seen <= can * 1.2 and seen

        names = ("up0", "up1")
        for name, can in zip(names, CAN_KBPS):
            seen = wait_for(lambda n=name, c=can: near(n, c), f"the capacity of {name}", 60 * SLOW)
            tap.comment(f"{name}: {can} kbit/s, p50 {seen}")
        both = self.both(daemon)
        self.assertEqual([both[name]["state"] for name in names], ["online", "online"])
        self.assertTrue(both["up0"]["link"]["default"])
        self.assertGreater(both["up1"]["evidence"]["probe"], 0)


    def test_are_both_measured_without_any_right(self):
        if os.getuid() != 0:
            self.skipTest("the test has no rights to give up")
        url = f"http://{SERVER[4]}/"
        os.chmod(self.directory, 0o777)
        daemon = self.daemon(probe=(url,), user=65534)
        wait_for(lambda: [one["state"] for one in daemon.get("/v1/links")["links"]] == ["online", "online"],
                 "both to be online")
        ip("route del default via 10.71.0.2 dev up1 metric 200")
        wait_for(lambda: list(self.both(daemon)) == ["up0"], "the end of one")


class Families(TestCase):
    """IPv4 and IPv6 over one link."""
    timeout = 120 * SLOW

    def setUp(self):
        super().setUp()
        ip("link set lo up")
        self.links = Links(10000, v6=True)
        self.addCleanup(self.links.close)

    def faults(self, daemon):
        return [fault["name"] for fault in daemon.get("/v1/link")["faults"]]

    def test_are_apart_a_dead_ipv6_is_named_and_the_host_stays_online(self):
        daemon = self.daemon(probe=(f"http://[{SERVER[6]}]/", f"http://{SERVER[4]}/"))
        self.wait_state(daemon, "online")
        self.assertEqual(self.faults(daemon), [])
        self.links.family_dies(6)
        began = time.monotonic()
        wait_for(lambda: self.faults(daemon) == ["ipv6_dead"], "it to be named", 20 * SLOW)
        tap.comment(f"IPv6 was named after {time.monotonic() - began:.1f} s")
        self.assertNotEqual(daemon.state(), "offline")
        self.links.family_lives()
        wait_for(lambda: self.faults(daemon) == [], "the end of it", 20 * SLOW)
        self.assertEqual(daemon.stop(), 0)
        details = [row[0] for row in daemon.rows("select detail from event order by t, n")]
        self.assertEqual([d for d in details if d and d.startswith("ipv")],
                         ["ipv6-dead", "ipv6-works"])


if __name__ == "__main__":
    enter()
    tap.main()
