#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A metered connection: a fake NetworkManager on a bus of its own."""
import os
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import tap
from harness import BUILD, TestCase, wait_for

FAKE = os.path.join(BUILD, "fake_nm")
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><listen>unix:path={}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow own="*"/><allow receive_sender="*"/></policy>
</busconfig>"""
UNKNOWN, YES, NO, GUESS_YES, GUESS_NO = range(5)


class Metered(TestCase):
    """The word of NetworkManager."""

    def setUp(self):
        super().setUp()
        self.bus_path = os.path.join(self.directory, "bus")
        self.address = f"unix:path={self.bus_path}"

    def ends(self, process):
        if process.stdin:
            process.stdin.close()
        if process.poll() is None:
            process.terminate()
        process.wait()
        if process.stdout:
            process.stdout.close()

    def bus(self):
        config = self.file("bus.conf", CONFIG.format(self.bus_path))
        process = subprocess.Popen(["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"],
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.ends, process)
        self.assertTrue(process.stdout.readline())
        return process

    def manager(self, metered):
        process = subprocess.Popen([FAKE, str(metered)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                   env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.address})
        self.addCleanup(self.ends, process)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def says(self, manager, metered):
        manager.stdin.write(f"{metered}\n")
        manager.stdin.flush()

    def start(self, *settings):
        self.linkqd = self.daemon(settings=["log-level=debug", *settings],
                                  env={"DBUS_SYSTEM_BUS_ADDRESS": self.address})
        return self.linkqd

    def becomes(self, metered, day_bytes):
        wait_for(lambda: self.linkqd.get("/v1/budget")["metered"] is metered, f"metered to be {metered}")
        self.assertEqual(self.linkqd.get("/v1/budget")["day"]["limit_bytes"], day_bytes)

    def test_is_a_megabyte_a_day_and_follows_each_change(self):
        self.bus()
        manager = self.manager(YES)
        self.start()
        self.becomes(True, 1_000_000)
        for value, metered in ((NO, False), (GUESS_YES, True), (UNKNOWN, False), (YES, True), (GUESS_NO, False)):
            self.says(manager, value)
            self.becomes(metered, 1_000_000 if metered else 10_000_000)
        self.assertEqual(self.linkqd.stop(), 0)

    def test_ends_with_network_manager_and_comes_back_with_it(self):
        self.bus()
        manager = self.manager(YES)
        self.start("budget-day-metered=500kB")
        self.becomes(True, 500_000)
        manager.stdin.close()
        self.becomes(False, 10_000_000)
        self.manager(YES)
        self.becomes(True, 500_000)

    def test_ends_with_the_bus(self):
        bus = self.bus()
        self.manager(YES)
        self.start()
        self.becomes(True, 1_000_000)
        bus.terminate()
        self.becomes(False, 10_000_000)
        self.assertEqual(self.linkqd.stop(), 0)

    def test_is_silence_without_a_bus_or_a_manager(self):
        self.start()
        wait_for(lambda: "metered: " in self.linkqd.log, "a try")
        self.bus()
        other = self.daemon(directory=self.make("other"), settings=["log-level=debug"],
                            env={"DBUS_SYSTEM_BUS_ADDRESS": self.address})
        wait_for(lambda: "metered: " in other.log, "an answer")
        for daemon in (self.linkqd, other):
            self.assertFalse(daemon.get("/v1/budget")["metered"])
            self.assertNotIn("warning", daemon.log)
            self.assertEqual(daemon.stop(), 0)

    def make(self, name):
        path = os.path.join(self.directory, name)
        os.mkdir(path)
        return path

    def test_can_be_said_by_the_configuration(self):
        self.bus()
        manager = self.manager(NO)
        self.start("metered=true", "budget-day-metered=2MB")
        self.becomes(True, 2_000_000)
        self.linkqd.stop()
        self.says(manager, YES)
        self.start("metered=false")
        self.assertFalse(self.linkqd.get("/v1/budget")["metered"])

    def test_never_raises_the_limit_of_the_day(self):
        self.start("metered=true", "budget-day=300kB")
        self.becomes(True, 300_000)

    def test_does_not_wait_for_a_bus_that_says_nothing(self):
        with socket.socket(socket.AF_UNIX) as mute:
            mute.bind(self.bus_path)
            mute.listen(4)
            self.start()
            caller, _ = mute.accept()
            with caller:
                self.assertFalse(self.linkqd.get("/v1/budget")["metered"])
                self.assertEqual(self.linkqd.stop(), 0)


if __name__ == "__main__":
    if not os.path.exists(FAKE):
        tap.skip_all("linkqd is built without libdbus")
    if not shutil.which("dbus-daemon"):
        tap.skip_all("there is no dbus-daemon here")
    tap.main()
