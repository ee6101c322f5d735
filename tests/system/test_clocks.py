#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A suspended host and a set wall clock, by clocks that are injected into the real daemon."""
import datetime
import os
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import tap
from harness import BUILD, TestCase, wait_for

SHIM = os.path.join(BUILD, "clocks.so")
HOUR_S = 3600
ASLEEP, ONLINE = 5, 1


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Clocks(TestCase):
    """The wall clock and the time since boot are ours."""

    def setUp(self):
        super().setUp()
        self.wall_s = self.boot_s = 0
        self.clocks = os.path.join(self.directory, "clocks")
        self.fifo = os.path.join(self.directory, "fifo")
        self.write()
        os.mkfifo(self.fifo)
        self.target = self.server()
        self.linkqd = self.daemon(probe=[self.target.url("/a")], settings=["probe-interval=1s"], env={
            "LD_PRELOAD": SHIM, "CLOCKS_FILE": self.clocks, "CLOCKS_FIFO": self.fifo,
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"})
        self.wait_state(self.linkqd, "online")

    def write(self):
        with open(self.clocks, "r+b" if os.path.exists(self.clocks) else "wb") as out:
            out.write(struct.pack("qq", int(self.wall_s * 1e9), int(self.boot_s * 1e9)))

    def set_clock(self, by_s, tell=True):
        """As settimeofday does it, and the kernel's timer tells."""
        self.wall_s += by_s
        self.write()
        if tell:
            self.alarm()

    def suspend(self, for_s, tell=True):
        self.wall_s += for_s
        self.boot_s += for_s
        self.write()
        if tell:
            self.alarm()

    def alarm(self):
        with open(self.fifo, "wb", buffering=0) as fifo:
            fifo.write(b"\1\0\0\0\0\0\0\0")

    def now(self):
        return time.time() + self.wall_s

    def rows(self):
        self.assertEqual(self.linkqd.stop(), 0)
        return self.linkqd.rows("select t, link, state from estimate order by t")

    def test_tell_a_suspended_host_from_an_outage_and_serve_nothing_stale(self):
        before = self.linkqd.get("/v1/link")
        self.suspend(HOUR_S, tell=False)
        # The first answer after waking, whoever asks first.
        link = self.linkqd.get("/v1/link")
        self.assertIn(link["state"], ("unknown", "online"))
        self.assertGreaterEqual(instant(link["time"]), instant(before["time"]) + HOUR_S)
        if link["state"] == "unknown":
            self.assertIsNone(link["age_ms"])
        self.assertEqual(link["change"]["kind"], "wake")
        self.wait_state(self.linkqd, "online")
        self.assertIn("suspended for 3600 s", self.linkqd.log)
        rows = self.rows()
        asleep = [t for t, _, state in rows if state == ASLEEP]
        self.assertEqual(len(asleep), 60, "one each minute")
        self.assertLess(abs(asleep[0] - (self.now() - HOUR_S)), 60)
        details = [row[0] for row in self.linkqd.rows("select detail from event order by n")]
        self.assertNotIn("offline", details)
        self.assertIn("asleep", details)
        kinds = [row[0] for row in self.linkqd.rows("select kind from event")]
        self.assertNotIn(1, kinds, "no outage")

    def test_count_the_time_asleep_as_asleep(self):
        begin = self.now() - 10
        self.suspend(HOUR_S)
        wait_for(lambda: "suspended" in self.linkqd.log, "the waking")
        self.wait_state(self.linkqd, "online")
        path = f"/v1/conditions?from={int(begin)}&to={int(self.now())}&format=json"

        def slept():
            rows = self.linkqd.get(path)
            rows = rows if isinstance(rows, list) else rows["conditions"]
            return sum(r["seconds"] for r in rows if r["state"] == "asleep")
        wait_for(lambda: slept() >= HOUR_S - 70, "an hour of sleep")
        self.assertLessEqual(slept(), HOUR_S + 5)

    def steps(self, by_s):
        count = self.linkqd.log.count("clock was set")
        self.set_clock(by_s)
        wait_for(lambda: self.linkqd.log.count("clock was set") > count, "the step")
        link = self.linkqd.get("/v1/link")
        self.assertLess(abs(instant(link["time"]) - self.now()), 2)

    def test_follow_a_clock_that_is_set_without_a_row_in_the_future_or_twice(self):
        report = {"bytes": 300000, "duration_ms": 300, "ttfb_ms": 20}
        told, latest = 0, 0
        for by_s in (-7200, 3 * 3600, -3600, 5, -5, -2):
            for _ in range(3):
                self.assertEqual(self.linkqd.post([report])[1]["accepted"], 1)
                told += 1
            latest = max(latest, self.now())
            self.steps(by_s)
            latest = max(latest, self.now() + 60)
            status, answer = self.linkqd.post([report])
            self.assertEqual((status, answer["accepted"]), (202, 1), "ages are no matter of the wall clock")
            told += 1
        self.assertEqual(self.linkqd.state(), "online")
        rows = self.rows()
        keys = [(t, link) for t, link, _ in rows]
        self.assertEqual(len(keys), len(set(keys)), "each second once")
        self.assertLessEqual(max(keys)[0], latest, "no clock ever said so")
        of_apps, = self.linkqd.rows("select count(*) from observation where source = 0")[0]
        self.assertEqual(of_apps, told, "none is lost")
        rest, = self.linkqd.rows("select count(*) from observation where source != 0")[0]
        summed, = self.linkqd.rows("select sum(observations) from estimate")[0]
        self.assertEqual(summed, told + rest, "and each is counted once")
        details = [row[0] for row in self.linkqd.rows("select detail from event order by n")]
        self.assertEqual(len([d for d in details if d.startswith("clock set by")]), 6)

    def test_stamp_with_the_new_time_at_once(self):
        self.set_clock(-HOUR_S)
        wait_for(lambda: "clock was set" in self.linkqd.log, "the step", 5)
        before = self.now()
        self.linkqd.post([{"bytes": 300000, "duration_ms": 300, "ttfb_ms": 20, "app": "after"}])
        self.assertEqual(self.linkqd.stop(), 0)
        at_ms, = self.linkqd.rows("select t from observation where app = 'after'")[0]
        self.assertLess(abs(at_ms / 1e3 - before), 5)


if __name__ == "__main__":
    if not os.path.exists(SHIM):
        tap.skip_all("clocks.so was not built")
    tap.main()
