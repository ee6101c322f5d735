#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Webhooks: what a receiver gets, when it fails, is gone, comes back, or is configured anew."""
import hashlib
import hmac
import http.server
import json
import os
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import tap
from harness import TestCase, wait_for

SECRET = "a-secret-of-the-receiver"


def is_signed(secret, header, body):
    """As the manual page tells receivers to do it."""
    parts = dict(part.split("=", 1) for part in header.split(","))
    want = hmac.new(secret.encode(), parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(want, parts["v1"]) and abs(time.time() - int(parts["t"])) < 300


class Receiver:
    """Takes POSTs and notes them; answers what it is told to."""

    def __init__(self, port=0):
        self.status = 204
        self.gone = False
        self.got = []  # (status, headers, body)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # pylint: disable=invalid-name
                if outer.gone:
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.append((outer.status, self.headers, body))
                self.send_response(outer.status)
                if outer.status == 302:
                    self.send_header("Location", f"http://127.0.0.1:{outer.port}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *_):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            allow_reuse_address = True

        self.server = Listener(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path="/hook"):
        return f"http://127.0.0.1:{self.port}{path}"

    def events(self, status=204):
        return [json.loads(body) for got, _, body in self.got if got == status]

    def stop(self):
        self.gone = True
        self.server.shutdown()
        self.server.server_close()


class Webhooks(TestCase):
    """One receiver, and a link that a probed server makes online and offline."""

    def secret(self, text=SECRET, name="secret", mode=0o600):
        path = self.file(name, text + "\n")
        os.chmod(path, mode)
        return path

    def receiver(self, **how):
        receiver = Receiver(**how)
        self.addCleanup(receiver.stop)
        return receiver

    def hook(self, receiver, more=""):
        return f"{receiver.url()} secret-file={self.secret()} events=state hold=0 {more}".strip()

    def run_with(self, *hooks, **how):
        server = self.server()
        daemon = self.daemon(probe=[server.url()],
                             settings=["probe-interval=1s", *(f"webhook={h}" for h in hooks)], **how)
        return daemon, server

    def report(self, daemon):
        return daemon.get("/v1/explain")["webhooks"]

    def test_tell_of_a_change_signed_and_once(self):
        receiver = self.receiver()
        daemon, server = self.run_with(self.hook(receiver))
        wait_for(lambda: receiver.events(), "the first event")
        server.set("hang")
        self.wait_state(daemon, "offline")
        server.set("ok")
        wait_for(lambda: receiver.events()[-1]["to"] == "online" and len(receiver.events()) >= 3, "offline and online")
        daemon.stop()
        first = receiver.events()[0]
        self.assertEqual({k: first[k] for k in ("schema", "kind", "from", "to", "missed")},
                         {"schema": 1, "kind": "state", "from": "unknown", "to": "online", "missed": 0})
        self.assertEqual(first["link"]["interface"], "lo")
        told = receiver.events()
        self.assertTrue(all(a["to"] == b["from"] for a, b in zip(told, told[1:])), told)
        self.assertIn("offline", [e["to"] for e in told])
        self.assertEqual(len({e["id"] for e in told}), len(told))
        for _, headers, body in receiver.got:
            self.assertTrue(is_signed(SECRET, headers["Linkqd-Signature"], body))
            self.assertFalse(is_signed("another-secret-of-16", headers["Linkqd-Signature"], body))
            self.assertFalse(is_signed(SECRET, headers["Linkqd-Signature"], body + b" "))
            self.assertEqual(headers["Linkqd-Delivery"], json.loads(body)["id"])
            self.assertEqual(headers["Linkqd-Event"], "state")
            self.assertEqual(headers["Content-Type"], "application/json")

    def test_try_again_where_the_receiver_fails(self):
        receiver = self.receiver()
        receiver.status = 500
        daemon, _ = self.run_with(self.hook(receiver))
        wait_for(lambda: len(receiver.got) >= 2, "two attempts")
        report = self.report(daemon)[0]
        self.assertEqual((report["queued"], report["delivered"]), (1, 0))
        self.assertEqual(report["target"], f"http://127.0.0.1:{receiver.port}")
        self.assertIn("500", report["last"])
        receiver.status = 204
        wait_for(lambda: receiver.events(), "the delivery")
        wait_for(lambda: self.report(daemon)[0]["delivered"] == 1, "the count")
        self.assertEqual(len({json.loads(body)["id"] for _, _, body in receiver.got}), 1, "the same one each time")
        _, _, metrics = daemon.request("GET", "/metrics")
        self.assertIn(b'linkqd_webhook_events_total{outcome="delivered"} 1\n', metrics)
        failures = next(line for line in metrics.split(b"\n") if line.startswith(b"linkqd_webhook_failures_total "))
        self.assertGreaterEqual(int(failures.split()[1]), 2)
        self.assertGreater(daemon.get("/v1/explain")["webhook_bytes"]["up"], 500)
        self.assertEqual(daemon.log.count("answered 500"), 1, "one complaint for one trouble")
        self.assertIn("takes events again", daemon.log)

    def test_wait_for_a_receiver_that_is_gone_and_keep_the_order(self):
        receiver = self.receiver()
        port = receiver.port
        daemon, server = self.run_with(self.hook(receiver))
        wait_for(lambda: receiver.events(), "the first event")
        receiver.stop()
        server.set("hang")
        self.wait_state(daemon, "offline")
        server.set("ok")
        self.wait_state(daemon, "online")
        wait_for(lambda: self.report(daemon)[0]["queued"] >= 2 and self.report(daemon)[0]["failed"] >= 1, "a queue")
        again = Receiver(port=port)
        self.addCleanup(again.stop)
        wait_for(lambda: again.events() and again.events()[-1]["to"] == "online", "all of it")
        told = again.events()
        self.assertEqual(told[0]["from"], "online")
        self.assertTrue(all(a["to"] == b["from"] for a, b in zip(told, told[1:])), told)
        self.assertEqual([e["missed"] for e in told], [0] * len(told))

    def test_never_follow_a_redirect(self):
        receiver = self.receiver()
        receiver.status = 302
        daemon, _ = self.run_with(self.hook(receiver))
        wait_for(lambda: len(receiver.got) >= 2, "two attempts")
        self.assertEqual(self.report(daemon)[0]["delivered"], 0)
        self.assertEqual({headers["Linkqd-Delivery"] for _, headers, _ in receiver.got} - {None},
                         {receiver.got[0][1]["Linkqd-Delivery"]})

    def test_give_up_what_is_too_old(self):
        receiver = self.receiver()
        receiver.status = 503
        daemon, _ = self.run_with(self.hook(receiver, "give-up=2s"))
        wait_for(lambda: self.report(daemon)[0]["given_up"] == 1, "the end", 30)
        self.assertEqual(self.report(daemon)[0]["queued"], 0)
        self.assertIn("given up", daemon.log)

    def test_change_with_the_configuration(self):
        first, second = self.receiver(), self.receiver()
        server = self.server()

        def configure(*hooks):
            quoted = ", ".join(f'"{h}"' for h in hooks)
            return self.file("linkqd.conf", f"webhook = {{{quoted}}}\nprobe-interval = 1s\n")

        path = configure(self.hook(first))
        daemon = self.daemon("--config", path, probe=[server.url()])
        wait_for(lambda: first.events(), "the first event")
        configure(self.hook(first), self.hook(second))
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: second.events(), "an event of the second")
        self.assertEqual(len(first.events()), 1, "it knows already")
        os.chmod(os.path.join(self.directory, "secret"), 0o644)
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "the webhooks stay as they were" in daemon.log, "the complaint")
        self.assertEqual(len(self.report(daemon)), 2)
        configure()
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.report(daemon) == [], "no hooks")
        self.assertEqual(daemon.stop(), 0)

    def test_refuse_a_configuration_that_cannot_work(self):
        secret = self.secret()
        for hook in ("ftp://127.0.0.1/ secret-file=" + secret, "http://u:p@127.0.0.1/ secret-file=" + secret,
                     "http://127.0.0.1/", "http://127.0.0.1/ secret-file=relative",
                     f"http://127.0.0.1/ secret-file={secret} hold=-1s", f"http://127.0.0.1/ secret-file={secret} x=1",
                     f"http://127.0.0.1/ secret-file={secret} events=all"):
            path = self.file("bad.conf", f'\nwebhook = "{hook}"\n')
            status, _, said = self.run_linkqd("--config", path, "--check-config")
            self.assertEqual(status, 78, hook)
            self.assertTrue(said.startswith(f"{path}:2: webhook: "), said)
        path = self.file("good.conf", f'webhook = "http://127.0.0.1/ secret-file={secret} hold=1min"\n')
        status, told, _ = self.run_linkqd("--config", path, "--check-config")
        self.assertEqual(status, 0)
        self.assertIn(f'webhook = {{"http://127.0.0.1/ secret-file={secret} events=state,quality hold=1min give-up=1d"}}',
                      told)
        os.chmod(secret, 0o640)
        self.assert_others_may_read(path)

    def assert_others_may_read(self, config, **env):
        status, _, said = self.run_linkqd("--config", config, "--foreground", "--probe", "none", "--listen",
                                          "127.0.0.1:0", "--database", os.path.join(self.directory, "db"), env=env)
        self.assertEqual(status, 78)
        self.assertIn("others may read it", said)

    def test_take_a_secret_that_systemd_hands_over(self):
        receiver = self.receiver()
        hook = self.hook(receiver)
        os.chmod(os.path.join(self.directory, "secret"), 0o440)
        self.run_with(hook, env={"CREDENTIALS_DIRECTORY": self.directory})
        wait_for(lambda: receiver.events(), "the first event")
        os.chmod(os.path.join(self.directory, "secret"), 0o444)
        self.assert_others_may_read(self.file("open.conf", f'webhook = "{hook}"\n'),
                                    CREDENTIALS_DIRECTORY=self.directory)


if __name__ == "__main__":
    tap.main()
