# SPDX-License-Identifier: ISC
"""linkq demo: the main job on real measurements, in both modes, and how it ends."""
import concurrent.futures
import csv
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BUILD = os.environ.get("builddir", os.getcwd())
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "system"))

import tap  # noqa: E402

LINKQ = os.path.join(BUILD, "linkq")
SLOW = 4 if os.environ.get("SANITIZERS") == "yes" else 1
rides = {}


class Ride:
    """One run of the demo in a scratch folder of its own."""

    def __init__(self, *options, terminal=False, **env):
        self.folder = tempfile.mkdtemp(prefix="linkq-test-demo-")
        self.out = os.path.join(self.folder, "ride.csv")
        self.tmp = os.path.join(self.folder, "tmp")
        os.mkdir(self.tmp)
        self.command = [LINKQ, "demo", *(o if o != "OUT" else self.out for o in options)]
        self.env = {**os.environ, "TMPDIR": self.tmp, "LC_ALL": "C.UTF-8", **env}
        self.terminal = terminal

    def run(self):
        """Until its end: sets status and text."""
        if self.terminal:
            self.run_on_terminal()
        else:
            done = subprocess.run(self.command, env=self.env, capture_output=True, text=True,
                                  timeout=60 * SLOW, check=False)
            self.status, self.text, self.errors = done.returncode, done.stdout, done.stderr
        return self

    def run_on_terminal(self):
        """Both outputs go to a terminal of 80 columns."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(self.command, env=self.env, stdin=theirs, stdout=theirs,
                                   stderr=theirs, close_fds=True)
        os.close(theirs)
        text, until = b"", time.monotonic() + 60 * SLOW
        while time.monotonic() < until:
            if select.select([ours], [], [], 1)[0]:
                try:
                    more = os.read(ours, 65536)
                except OSError:
                    break
                if not more:
                    break
                text += more
        os.close(ours)
        self.status = process.wait(10)
        self.text = self.errors = text.decode()

    def left(self):
        """What it left in its folder for scratch."""
        return os.listdir(self.tmp)

    def close(self):
        for name in (self.out,):
            if os.path.exists(name):
                os.unlink(name)
        for name in self.left():
            subprocess.run(["rm", "-r", os.path.join(self.tmp, name)], check=False)
        os.rmdir(self.tmp)
        os.rmdir(self.folder)


def setUpModule():
    """The two long runs go side by side."""
    lanes = concurrent.futures.ThreadPoolExecutor(2)
    for name, ride in (("plain", Ride("--fast", "-o", "OUT")),
                       ("terminal", Ride("--fast", "--loopback", terminal=True, TERM="xterm",
                                         NO_COLOR="1"))):
        rides[name] = (ride, lanes.submit(ride.run))


def tearDownModule():
    for ride, _ in rides.values():
        ride.close()


class Demo(unittest.TestCase):
    timeout = 90 * SLOW

    def ride(self, name):
        self.last = rides[name][1].result()
        return self.last

    def explain(self):
        """For a test that failed: what the demo said last."""
        last = getattr(self, "last", None)
        return last.text[-4000:] + last.errors[-500:] if last else ""

    def test_finds_the_outage_and_ends_with_0(self):
        ride = self.ride("plain")
        self.assertEqual(ride.status, 0)
        self.assertRegex(ride.text, r"found after [0-9.]+ s, said to be over [0-9.]+ s after")
        self.assertRegex(ride.text, r"a good link +19 Mbit/s +[0-9.]+ .bit/s +[0-9.]+ .bit/s")
        self.assertRegex(ride.text, r"[0-9]+ segments at ")
        self.assertNotIn("Not well received", ride.text)

    def test_says_which_mode_it_used_and_why(self):
        check = subprocess.run([os.path.join(BUILD, "linklab"), "--check"], check=False,
                               capture_output=True)
        says = "two network namespaces" if check.returncode == 0 else \
            "a relay on loopback, because there is\nno "
        self.assertIn(says, self.ride("plain").text)
        self.assertIn("a relay on loopback, as asked for", self.ride("terminal").text)

    def test_fits_into_80_columns_and_has_no_escapes_where_there_is_no_terminal(self):
        ride = self.ride("plain")
        self.assertNotIn("\033", ride.text)
        folder = ride.folder  # a path that is this test's, not the demo's
        long = [line for line in ride.text.splitlines() if len(line) > 80 and folder not in line]
        self.assertEqual(long, [])
        self.assertGreater(len(re.findall(r"(?m)^ *\d+ s +\w", ride.text)), 15)

    def test_exports_the_history_of_the_ride(self):
        ride = self.ride("plain")
        with open(ride.out, newline="", encoding="utf-8") as f:
            rows = list(csv.DictReader(f))
        self.assertGreater(len(rows), 15)
        self.assertIn("offline", {r["state"] for r in rows})
        self.assertTrue(any(r["down_kbps_p50"] for r in rows))

    def test_leaves_no_scratch_behind(self):
        self.assertEqual(self.ride("plain").left(), [])
        self.assertEqual(self.ride("terminal").left(), [])

    def test_does_the_same_on_loopback(self):
        ride = self.ride("terminal")
        self.assertEqual(ride.status, 0)
        self.assertRegex(ride.text, r"found after [0-9.]+ s, said to be over [0-9.]+ s after")

    def test_redraws_in_place_on_a_terminal_and_obeys_no_color(self):
        text = self.ride("terminal").text
        self.assertGreater(text.count("\033[9A"), 100)
        self.assertIsNone(re.search(r"\033\[[0-9;]*m", text))
        self.assertIn("\u2587", text)
        for line in re.split(r"[\r\n]+", re.sub(r"\033\[[0-9]*[AK]", "", text)):
            self.assertLessEqual(len(line), 80, line)


class DemoInTrouble(unittest.TestCase):
    timeout = 40 * SLOW

    def run_demo(self, *options, **env):
        ride = Ride(*options, **env)
        self.addCleanup(ride.close)
        return ride.run()

    def test_a_missing_daemon_is_one_sentence(self):
        ride = self.run_demo("--fast", LINKQD="/nonexistent/linkqd")
        self.assertEqual(ride.status, 1)
        self.assertIn("there is no linkqd to run at /nonexistent/linkqd", ride.errors)

    def test_a_daemon_that_does_not_start_is_told_with_its_last_words(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(os.rmdir, folder)
        program = os.path.join(folder, "linkqd")
        with open(program, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\necho the disk has gone >&2\nexit 1\n")
        self.addCleanup(os.unlink, program)
        os.chmod(program, 0o755)
        ride = self.run_demo("--fast", LINKQD=program)
        self.assertEqual(ride.status, 1)
        self.assertIn("its last words: the disk has gone", ride.errors)
        self.assertEqual(ride.left(), [])

    def test_an_argument_is_a_usage_error(self):
        self.assertEqual(self.run_demo("fast").status, 64)

    def interrupted(self, *options):
        ride = Ride("--fast", *options)
        self.addCleanup(ride.close)
        process = subprocess.Popen(ride.command, env=ride.env, stdout=subprocess.PIPE, text=True,
                                   stderr=subprocess.PIPE)
        while "a good link" not in process.stdout.readline():  # under way
            self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20 * SLOW)
        self.assertEqual(process.returncode, 1)
        self.assertIn("interrupted", errors)
        self.assertEqual(ride.left(), [])

    def test_an_interrupt_ends_it_and_leaves_nothing(self):
        self.interrupted()

    def test_an_interrupt_ends_it_on_loopback_too(self):
        self.interrupted("--loopback")


if __name__ == "__main__":
    tap.main()
