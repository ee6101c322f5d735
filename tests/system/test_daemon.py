#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The daemon as a program: start, stop, options, files, signals."""
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import tap
from harness import LINKQD, SLOW, WAIT_S, TestCase, environment, wait_for

GOOD = {"bytes": 1_000_000, "duration_ms": 850, "ttfb_ms": 50}


class Start(TestCase):
    """Options, and what stops a start."""

    def test_says_where_it_listens_and_answers_there(self):
        daemon = self.daemon()
        self.assertEqual(daemon.get("/healthz")["status"], "ok")
        status, _, body = daemon.request("GET", "/v1/link", unix=True)
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(body)["schema"], 1)

    def test_names_the_hosts_that_it_will_contact(self):
        server = self.server()
        daemon = self.daemon(probe=[server.url()])
        wait_for(lambda: f"requests to 127.0.0.1:{server.port}" in daemon.log, "the hosts in the log")

    def test_prints_version_and_help(self):
        self.assertRegex(self.run_linkqd("--version")[1], r"^linkqd \d")
        status, out, _ = self.run_linkqd("--help")
        self.assertEqual(status, 0)
        for word in ("--check-config", "probe-interval", "budget-day"):
            self.assertIn(word, out)

    def test_lets_the_loop_go_before_the_history(self):
        pid = self.daemon().process.pid

        def nices():
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/stat", encoding="ascii") as stat:
                    yield int(task) == pid, int(stat.read().rpartition(")")[2].split()[16])
        loop = dict(nices())[True]
        wait_for(lambda: sum(n > loop for _, n in nices()) == 2, "its two threads to step back")

    def test_refuses_options_that_it_does_not_know(self):
        self.assertEqual(self.run_linkqd("--frobnicate")[0], 64)
        self.assertEqual(self.run_linkqd("frobnicate")[0], 64)

    def test_prints_the_effective_configuration(self):
        path = self.file("c", "probe-interval = 7s\n")
        status, out, _ = self.run_linkqd("--config", path, "--set", "probe-timeout=3s", "--check-config")
        self.assertEqual(status, 0)
        self.assertIn("probe-interval = 7s", out)
        self.assertIn("probe-timeout = 3s", out)
        again = self.file("again", out)
        self.assertEqual(self.run_linkqd("--config", again, "--check-config")[1], out)

    def test_names_file_and_line_of_a_broken_setting(self):
        path = self.file("c", "# a comment\nprobe-interval = 5\n")
        status, _, err = self.run_linkqd("--config", path, "--foreground")
        self.assertEqual(status, 78)
        self.assertIn(f"{path}:2", err)
        self.assertIn("probe-interval", err)
        self.assertIn("30s", err, "what is allowed")
        self.assertFalse(os.path.exists(os.path.join(self.directory, "linkqd")), "nothing was started")

    def test_refuses_a_broken_option(self):
        status, _, err = self.run_linkqd("--foreground", "--set", "probe-interval=soon")
        self.assertEqual(status, 78)
        self.assertIn("soon", err)

    def test_says_that_a_port_is_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            status, _, err = self.run_linkqd("--foreground", "--listen", f"127.0.0.1:{port}", "--socket", "none",
                                             "--database", f"{self.directory}/db", "--probe", "none")
        self.assertNotEqual(status, 0)
        self.assertIn(str(port), err)
        self.assertEqual(len(err.strip().splitlines()), 1, err)

    def test_says_that_a_database_cannot_be_written(self):
        os.mkdir(f"{self.directory}/db")
        status, _, err = self.run_linkqd("--foreground", "--listen", "127.0.0.1:0", "--socket", "none",
                                         "--database", f"{self.directory}/db", "--probe", "none")
        self.assertNotEqual(status, 0)
        self.assertIn(f"{self.directory}/db", err)
        self.assertEqual(len(err.strip().splitlines()), 1, err)

    def test_runs_once_for_each_database(self):
        self.daemon()
        status, _, err = self.run_linkqd("--foreground", "--listen", "127.0.0.1:0", "--socket", "none",
                                         "--database", f"{self.directory}/linkqd.db", "--probe", "none")
        self.assertNotEqual(status, 0)
        self.assertIn("linkqd.db", err)

    def test_takes_a_stale_socket_away(self):
        self.daemon().stop(signal.SIGKILL)
        self.assertTrue(os.path.exists(f"{self.directory}/linkqd.sock"))
        self.assertEqual(self.daemon().request("GET", "/healthz", unix=True)[0], 200)

    def test_takes_relative_paths_from_where_it_was_started(self):
        done = subprocess.Popen([LINKQD, "--foreground", "--listen", "127.0.0.1:0", "--socket", "s", "--database",
                                 "d.db", "--probe", "none"], cwd=self.directory, stderr=subprocess.DEVNULL,
                                env=environment(self.directory))
        try:
            wait_for(lambda: os.path.exists(f"{self.directory}/d.db") and os.path.exists(f"{self.directory}/s"),
                     "its files")
        finally:
            done.terminate()
            self.assertEqual(done.wait(WAIT_S), 0)

    def test_refuses_a_token_that_others_can_read(self):
        token = self.file("token", "0123456789abcdef0123456789abcdef\n")
        os.chmod(token, 0o644)
        status, _, err = self.run_linkqd("--foreground", "--listen", "127.0.0.1:0", "--socket", "none", "--database",
                                         f"{self.directory}/db", "--probe", "none", "--set", f"token-file={token}")
        self.assertNotEqual(status, 0)
        self.assertIn("chmod 600", err)

    def test_tells_systemd_that_it_is_ready_alive_and_ending(self):
        path = f"{self.directory}/notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            notify.settimeout(WAIT_S)
            daemon = self.daemon(env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"})
            said = ""
            while "WATCHDOG=1" not in said:
                said += notify.recv(4096).decode() + "\n"
            self.assertIn("READY=1", said)
            daemon.process.terminate()
            while "STOPPING=1" not in said:
                said += notify.recv(4096).decode() + "\n"
            self.assertEqual(daemon.stop(), 0)

    def test_goes_into_the_background_when_it_works(self):
        port = 20000 + os.getpid() % 20000
        status, _, err = self.run_linkqd("--listen", f"127.0.0.1:{port}", "--socket", f"{self.directory}/s",
                                         "--database", f"{self.directory}/db", "--probe", "none")
        self.assertEqual(status, 0, err)
        pid = None
        try:
            conn = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
            conn.request("GET", "/healthz")
            self.assertEqual(conn.getresponse().status, 200)
            conn.close()
            pid = self.find_background()
            self.assertEqual(os.readlink(f"/proc/{pid}/cwd"), "/")
            self.assertEqual(os.readlink(f"/proc/{pid}/fd/2"), "/dev/null")
        finally:
            pid = pid or self.find_background()
            os.kill(pid, signal.SIGTERM)
            wait_for(lambda: not os.path.exists(f"/proc/{pid}") or self.is_zombie(pid), "its end")

    def find_background(self):
        """The process that has our scratch directory in its command line."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as line:
                    words = line.read()
            except OSError:
                continue
            if f"{self.directory}/db".encode() in words and b"linkqd" in words and not self.is_zombie(pid):
                return int(pid)
        raise AssertionError("no such process")

    @staticmethod
    def is_zombie(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
                return stat.read().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    def test_tells_its_caller_why_it_did_not_start(self):
        os.mkdir(f"{self.directory}/db")
        status, _, err = self.run_linkqd("--listen", "127.0.0.1:0", "--socket", "none", "--database",
                                         f"{self.directory}/db", "--probe", "none")
        self.assertNotEqual(status, 0)
        self.assertIn(f"{self.directory}/db", err)


class Told(TestCase):
    """Without targets: what applications tell is all there is."""

    def test_estimates_from_what_applications_tell(self):
        daemon = self.daemon()
        for _ in range(5):
            status, answer = daemon.post({**GOOD, "app": "test"})
            self.assertEqual((status, answer["accepted"]), (202, 1))
        self.wait_state(daemon, "online")
        link = daemon.get("/v1/link")
        self.assertTrue(3000 < link["down_kbps"]["p50"] < 40000, link)
        self.assertEqual(link["evidence"]["probe"], 0)

    def test_notices_silence_in_what_applications_tell(self):
        daemon = self.daemon()
        for _ in range(5):
            daemon.post(GOOD)
        began = time.monotonic()

        def silent():
            waited = round(1000 * (time.monotonic() - began))
            daemon.post([{"id": f"r{i}", "bytes": 0, "duration_ms": waited, "in_progress": True} for i in range(4)])
            return daemon.state() in ("stalled", "offline")
        wait_for(silent, "the silence to count")
        daemon.post(GOOD)
        self.wait_state(daemon, "online")

    def test_streams_changes_of_state(self):
        daemon = self.daemon()
        conn = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=WAIT_S)
        conn.request("GET", "/v1/events")
        answer = conn.getresponse()
        daemon.post([GOOD] * 5)
        for line in answer:
            if line.startswith(b"data:") and b'"online"' in line:
                break
        else:
            self.fail("the stream ended")
        conn.close()

    def test_tells_a_player_to_give_up_a_segment_under_which_the_link_falls(self):
        daemon = self.daemon()
        for _ in range(3):  # one after another, as they would come
            time.sleep(GOOD["duration_ms"] / 1000)
            daemon.post(GOOD)
        self.wait_state(daemon, "online")
        asked = {"ladder_kbps": [400, 1200, 3000, 6000], "segment_s": 4, "max_buffer_s": 20, "buffer_s": 3,
                 "current": 3, "session": "tab", "inflight": {
                     "id": "seg", "rendition": 3, "bytes": 300000, "total_bytes": 3000000, "elapsed_s": 0.5, "ttfb_s": 0.05,
                     "reported": True}}
        daemon.post({"id": "seg", "bytes": 300000, "duration_ms": 500, "ttfb_ms": 50, "in_progress": True})
        status, _, body = daemon.request("POST", "/v1/hint", json.dumps(asked), {"Content-Type": "application/json"})
        self.assertEqual((status, json.loads(body)["abandon"]["do"]), (200, False), body)
        conn = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=WAIT_S)
        conn.request("GET", "/v1/events?hint=tab")
        answer = conn.getresponse()
        told = []

        def read():
            for line in answer:
                if line == b"event: hint\n":
                    told.append(time.monotonic())
                    told.append(json.loads(answer.readline()[len(b"data: "):]))
                    return
        reader = threading.Thread(target=read, daemon=True)
        began = time.monotonic()
        reader.start()

        def fallen():  # to a fiftieth, as slices tell it
            gone = time.monotonic() - began
            daemon.post({"id": "seg", "bytes": 300000 + round(15000 * gone), "duration_ms": round(500 + 1000 * gone),
                         "ttfb_ms": 50, "in_progress": True})
            time.sleep(0.1)
            return told[1:]
        data = wait_for(fallen, "a word on the segment")[0]
        print(f"# told {told[0] - began:.2f} s after the link fell")
        self.assertLess(told[0] - began, 3 * SLOW)
        self.assertEqual((data["session"], data["id"], data["abandon"]["do"]), ("tab", "seg", True), data)
        self.assertIn(data["abandon"]["to"], ("400", "1200"), data)
        conn.close()

    def test_serves_many_clients_at_once(self):
        daemon = self.daemon()
        failures, answers = [], []

        def client():
            conn = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=WAIT_S)
            try:
                for i in range(20):
                    if i % 4 == 3:
                        conn.request("POST", "/v1/observations", json.dumps(GOOD),
                                     {"Content-Type": "application/json"})
                    else:
                        conn.request("GET", "/v1/link")
                    answer = conn.getresponse()
                    answer.read()
                    answers.append(answer.status)
            except (OSError, http.client.HTTPException) as err:
                failures.append(repr(err))
            finally:
                conn.close()
        threads = [threading.Thread(target=client) for _ in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(sorted(set(answers)), [200, 202])
        self.assertEqual(len(answers), 600)


class End(TestCase):
    """Everything that was accepted is on disk."""

    def test_writes_everything_before_it_ends(self):
        daemon = self.daemon()
        for _ in range(40):
            daemon.post([{**GOOD, "app": "burst"}] * 5)
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(daemon.rows("select count(*) from observation")[0][0], 200)
        self.assertEqual(daemon.rows("pragma integrity_check")[0][0], "ok")

    def test_ends_on_sigint_as_well(self):
        self.assertEqual(self.daemon().stop(signal.SIGINT), 0)

    def test_ends_while_clients_are_connected(self):
        daemon = self.daemon()
        conns = [http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=WAIT_S) for _ in range(3)]
        conns[0].request("GET", "/v1/events")
        conns[0].getresponse()
        conns[1].request("GET", "/v1/link")
        conns[1].getresponse().read()
        conns[2].request("GET", "/v1/link?wait=50&after=99999999")
        began = time.monotonic()
        self.assertEqual(daemon.stop(), 0)
        self.assertLess(time.monotonic() - began, 5)
        for conn in conns:
            conn.close()

    def test_keeps_its_file_whole_when_it_is_killed(self):
        daemon = self.daemon()
        deadline = time.monotonic() + 30

        def on_disk():
            daemon.post([GOOD] * 5)
            return os.path.exists(daemon.database) and daemon.rows("select count(*) from observation")[0][0] > 0
        wait_for(on_disk, "the first commit", deadline - time.monotonic())
        daemon.stop(signal.SIGKILL)
        again = self.daemon()
        self.assertGreater(again.rows("select count(*) from observation")[0][0], 0)
        self.assertEqual(again.rows("pragma integrity_check")[0][0], "ok")
        self.assertEqual(again.stop(), 0)

    def test_knows_its_links_again_after_a_restart(self):
        server = self.server()
        first = self.daemon(probe=[server.url()])
        self.wait_state(first, "online")
        link = first.get("/v1/link")["link"]["id"]
        self.assertEqual(first.stop(), 0)
        second = self.daemon(probe=[server.url()])
        self.assertEqual(second.get("/v1/link")["link"]["id"], link)
        wait_for(lambda: "a link that is known" in second.log, "the link to be known again")

    def test_leaves_no_socket_behind(self):
        daemon = self.daemon()
        self.assertEqual(daemon.stop(), 0)
        self.assertFalse(os.path.exists(daemon.socket))


class Reload(TestCase):
    """SIGHUP."""

    def start(self, text):
        path = self.file("conf", text)
        return self.daemon("--config", path), path

    def test_takes_over_what_can_change_while_it_runs(self):
        daemon, path = self.start("log-level = info\n")
        self.file("conf", "log-level = debug\nprobe-interval = 9s\n")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "reload: probe-interval = 9s" in daemon.log, "the reload")
        self.assertEqual(daemon.get("/healthz")["status"], "ok")
        self.assertTrue(os.path.exists(path))

    def test_names_what_needs_a_restart(self):
        daemon, _ = self.start("streams-max = 10\n")
        self.file("conf", "streams-max = 20\n")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "streams-max: takes effect at the next start" in daemon.log, "the warning")

    def test_keeps_what_it_has_when_the_file_is_broken(self):
        daemon, path = self.start("probe-interval = 3s\n")
        self.file("conf", "probe-interval = never\n")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: f"{path}:1" in daemon.log and "nothing was changed" in daemon.log, "the complaint")
        self.assertEqual(daemon.get("/healthz")["status"], "ok")


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    tap.main()
