# SPDX-License-Identifier: ISC
"""The real daemon on a real path: the link lab's tunnel, lift, handover, train, full queues
and steady links, with the kernel's own TCP. The limits are those of the product.
"""
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
import unittest

import tap

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("builddir", os.getcwd())
LINKLAB = os.path.join(BUILD, "linklab")
SLOW = os.environ.get("SANITIZERS") == "yes"

# From the begin of an outage to the word offline, and from bytes to the word online.
OFFLINE_APP_S = 2
OFFLINE_ALONE_S = 6
ONLINE_S = 3
STEADY_RATIO = 0.2
# A machine that keeps the emulator waiting so long shows itself, not the daemon.
LATE_MS = 250


RIDES = {  # scenario of ride.py: the link at its begin
    "handover": "0,20000,8000,50",
    "lift": "0,30000,10000,40",
    "train": "0,2000,600,160,0.5,30,900",
    "tunnel_alone": "0,10000,4000,45",
    "bufferbloat": "0,5000,1000,30,0,0,2000",
    "tunnel_app": "0,10000,4000,45",
    "tunnel_video": "0,10000,4000,45",
    "steady_wire": "0,100000,100000,5",
    "steady_mobile": "0,10000,4000,45",
}
LANES = 3  # rides at once: they wait for most of the time
running = {}


def ride(scenario):
    """Runs ride.py; once more where the machine was too busy."""
    for attempt in (1, 2):
        with tempfile.TemporaryDirectory(prefix="linkqd-lab-") as folder:
            done = subprocess.run(
                [LINKLAB, "--script", RIDES[scenario],
                 "--control", os.path.join(folder, "control"),
                 "--log", os.path.join(folder, "truth.csv"), "--", sys.executable,
                 os.path.join(HERE, "ride.py"), scenario],
                capture_output=True, text=True, timeout=100, check=False)
        if done.returncode or json.loads(done.stdout)["late_ms"] < LATE_MS:
            break
        tap.comment(f"{scenario}: the emulator was late by more than {LATE_MS} ms, {attempt}")
    return done


def setUpModule():
    """All rides begin; the tests judge them."""
    lanes = concurrent.futures.ThreadPoolExecutor(LANES)
    for scenario in RIDES:
        if SLOW and scenario == "steady_wire":
            continue
        running[scenario] = lanes.submit(ride, scenario)


class Lab(unittest.TestCase):
    timeout = 250

    def ride(self, scenario):
        """What a ride says."""
        done = running[scenario].result()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.said = json.loads(done.stdout)
        tap.comment(f"{scenario}: " + json.dumps(
            {k: v for k, v in self.said.items() if k not in ("log", "explain")}))
        self.assertEqual(self.said["status"], 0)
        return self.said

    def explain(self):
        said = getattr(self, "said", {})
        return f"{said.get('log', '')}\n{json.dumps(said.get('explain'))}"

    def tunnel(self, scenario, offline_s):
        said = self.ride(scenario)
        self.assertIsNotNone(said["offline_s"], "the outage was not found")
        self.assertLessEqual(said["offline_s"], offline_s)
        self.assertEqual(set(said["held"]) - {"offline"}, set(), "it was given up too early")
        self.assertIsNotNone(said["online_s"], "its end was not found")
        self.assertLessEqual(said["online_s"] - said["flow_s"], ONLINE_S)

    def never_offline(self, said):
        self.assertNotIn("offline", said["states"])

    def near(self, leg, ratio=STEADY_RATIO):
        """Not so much under what TCP can make of the capacity, nor over the capacity."""
        self.assertIsNotNone(leg["median_kbps"])
        self.assertGreaterEqual(leg["median_kbps"], leg["can_kbps"] * (1 - ratio), leg)
        self.assertLessEqual(leg["median_kbps"], leg["kbps"] * (1 + ratio), leg)

    def test_finds_a_tunnel_while_an_application_reports_small_requests(self):
        self.tunnel("tunnel_app", OFFLINE_APP_S)

    def test_finds_a_tunnel_in_the_midst_of_downloads(self):
        self.tunnel("tunnel_video", OFFLINE_APP_S)

    def test_finds_a_tunnel_with_nothing_but_its_own_probes(self):
        self.tunnel("tunnel_alone", OFFLINE_ALONE_S)

    @unittest.skipIf(SLOW, "a sanitizer is no measure of 100 Mbit/s")
    def test_knows_a_fast_steady_wire_and_never_calls_it_offline(self):
        said = self.ride("steady_wire")
        self.never_offline(said)
        self.near(said)

    def test_knows_a_steady_mobile_link_and_never_calls_it_offline(self):
        said = self.ride("steady_mobile")
        self.never_offline(said)
        self.near(said)

    def test_never_calls_a_train_that_swings_offline(self):
        self.never_offline(self.ride("train"))

    def test_never_calls_a_link_with_full_queues_offline(self):
        self.never_offline(self.ride("bufferbloat"))

    def test_follows_handovers_from_4g_to_3g_to_5g(self):
        said = self.ride("handover")
        self.assertLessEqual(said["states"].get("offline", 0), 1.5, "for breaks of 0.5 s in all")
        for leg in said["legs"]:  # 5 to 10 s after each change
            self.near(leg, 0.4)

    def test_follows_a_lift_down_and_up(self):
        said = self.ride("lift")
        low, high = said["legs"]  # some seconds after a change of 100 times: on its way there
        self.near(low, 1)
        self.near(high, 0.4)
        self.assertLessEqual(said["states"].get("offline", 0), 1.5, "while the doors close")


def possible():
    done = subprocess.run([LINKLAB, "--check"], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr.strip()


if __name__ == "__main__":
    status, why = possible()
    if status == 77:
        tap.skip_all(why)
    tap.main()
