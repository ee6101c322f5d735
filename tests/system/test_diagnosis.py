#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What is broken, and whose it is: a host, its gateway and the world behind it, each a network
namespace of its own, and things that break there."""
import concurrent.futures
import http.client
import http.server
import os
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
import unittest
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import tap
from harness import SLOW, TestCase, wait_for

INSIDE = "LINKQD_TEST_INSIDE"
SELF = os.path.realpath(__file__)
HOST, GATEWAY, NAMES = "10.1.0.2", "10.1.0.1", "10.2.0.53"
WORLD = {"a.test": "10.2.0.10", "b.test": "10.2.0.11", "c.test": "10.2.0.12"}
LOGIN = f"http://{GATEWAY}/login"
PATIENCE_S = 20 * SLOW
LANES = 4
PROXY = f"http://{GATEWAY}:3128"


# --- what runs in the other namespaces -----------------------------------------------------

class Handler(http.server.BaseHTTPRequestHandler):
    """The world's answers, or the portal's."""
    protocol_version = "HTTP/1.1"
    portal = False
    wait = None  # seconds of silence before an answer

    def log_message(self, *args):
        pass

    def say(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        left = int(self.headers["Content-Length"])
        while left > 0:
            left -= len(self.rfile.read(min(left, 65536)))
        self.say(204)

    def do_GET(self):
        if self.portal and not self.path.startswith("/login"):
            self.say(302, b"<html>Please log in", Location=f"{LOGIN}?from={self.path}", Content_Type="text/html")
        elif self.path.startswith("/bytes/"):
            self.say(200, os.urandom(int(self.path[7:])), Content_Type="application/octet-stream")
        elif self.path.endswith("/generate_204"):
            self.say(204)
        else:
            self.say(200, b"x" * 100, Content_Type="text/plain")


class Proxy(http.server.BaseHTTPRequestHandler):
    """Fetches what it is asked for, from a namespace that has a way out."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        there = http.client.HTTPConnection(WORLD.get(url.hostname, url.hostname), timeout=5)
        there.request("GET", url.path)
        answer = there.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        there.close()


class Names(socketserver.BaseRequestHandler):
    """A name server that knows what is in WORLD."""

    def handle(self):
        question, sock = self.request
        end = question.index(b"\0", 12)
        labels, at = [], 12
        while at < end:
            labels.append(question[at + 1:at + 1 + question[at]].decode().lower())
            at += 1 + question[at]
        address = WORLD.get(".".join(labels))
        wants = int.from_bytes(question[end + 1:end + 3], "big")
        answer = b""
        if address and wants == 1:
            answer = b"\xc0\x0c\0\1\0\1\0\0\0\x05\0\4" + socket.inet_aton(address)
        flags = b"\x81\x80" if address else b"\x81\x83"
        sock.sendto(question[:2] + flags + b"\0\1" + (b"\0\1" if answer else b"\0\0") + b"\0\0\0\0" +
                    question[12:end + 5] + answer, self.client_address)


def serve(what):
    """Until standard input ends."""
    Handler.portal = what == "portal"
    web = http.server.ThreadingHTTPServer(("0.0.0.0", 80), Handler)
    web.daemon_threads = True
    servers = [web]
    if what == "world":
        servers.append(socketserver.UDPServer((NAMES, 53), Names))
    else:
        servers.append(http.server.ThreadingHTTPServer((GATEWAY, 3128), Proxy))
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()


# --- the place -----------------------------------------------------------------------------

def ip(words):
    """One ip command."""
    subprocess.run(["ip", *words.split()], check=True)


class Place:
    """Three namespaces in a row: this one, gw and world."""

    def __init__(self):
        self.processes = []
        ip("link set lo up")
        for name in ("gw", "world"):
            ip(f"netns add {name}")
            ip(f"-n {name} link set lo up")
        ip("link add name v0 type veth peer name v1 netns gw")
        ip("-n gw link add name w0 type veth peer name w1 netns world")
        ip(f"addr add {HOST}/24 dev v0")
        ip("link set v0 up")
        ip(f"-n gw addr add {GATEWAY}/24 dev v1")
        ip("-n gw link set v1 up")
        ip("-n gw addr add 10.2.0.1/24 dev w0")
        ip("-n gw link set w0 up")
        for address in (*WORLD.values(), NAMES):
            ip(f"-n world addr add {address}/24 dev w1")
        ip("-n world link set w1 up")
        ip("-n world route add default via 10.2.0.1")
        ip(f"route add default via {GATEWAY}")
        self.forward(True)
        for name, what in (("gw", "portal"), ("world", "world")):
            process = subprocess.Popen(["ip", "netns", "exec", name, sys.executable, SELF, "--serve", what],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.processes.append(process)
        for process in self.processes:
            assert process.stdout.readline() == "ready\n"

    def forward(self, on):
        subprocess.run(["ip", "netns", "exec", "gw", "sh", "-c", f"echo {int(on)} >/proc/sys/net/ipv4/ip_forward"],
                       check=True)

    def intercept(self, names, on=True):
        """The gateway answers for them."""
        for name in names:
            ip(f"-n gw addr {'add' if on else 'del'} {WORLD[name]}/32 dev lo")

    def swallow(self, address, on=True):
        """Whatever is for it vanishes beyond the gateway."""
        ip(f"-n gw route {'add' if on else 'del'} blackhole {address}")

    def close(self):
        for process in self.processes:
            process.stdin.close()
            process.wait()
            process.stdout.close()
        ip("link del v0")
        ip("netns del gw")
        ip("netns del world")


class Diagnosis(TestCase):
    timeout = 90 * SLOW
    settings = ("probe-interval=1s", "kernel=false")

    def setUp(self):
        super().setUp()
        self.place = Place()
        self.addCleanup(self.place.close)

    def start(self, *urls, settings=(), **how):
        urls = urls or ("http://a.test/x", "http://b.test/generate_204")
        self.linkqd = self.daemon(probe=list(urls), settings=[*self.settings, *settings],
                                  env={"RES_OPTIONS": "timeout:1 attempts:1", **how.pop("env", {})}, **how)
        return self.linkqd

    def well(self, *urls, **how):
        daemon = self.start(*urls, **how)
        self.wait_state(daemon, "online", seconds=PATIENCE_S)
        wait_for(lambda: all(p["count"] > 0 for p in daemon.get("/v1/explain")["probes"]), "all to be asked")
        self.assertIsNone(daemon.get("/v1/link")["diagnosis"])
        return daemon

    def cause(self):
        return (self.linkqd.get("/v1/link")["diagnosis"] or {}).get("cause")

    def becomes(self, cause, whose):
        wait_for(lambda: self.cause() == cause, f"the diagnosis {cause}", PATIENCE_S)
        link = self.linkqd.get("/v1/link")
        self.assertEqual(link["diagnosis"]["whose"], whose)
        wait_for(lambda: self.linkqd.get("/v1/explain")["diagnosis"] == link["diagnosis"], "the same in /v1/explain")
        for command in ("status", "why"):
            said = subprocess.run([os.path.join(os.path.dirname(os.environ.get("LINKQD", "./linkqd")) or ".", "linkq"),
                                   "--connect", self.linkqd.socket, command], capture_output=True, text=True,
                                  check=False).stdout
            self.assertIn(link["diagnosis"]["text"], said, command)
        return link

    def details(self):
        self.assertEqual(self.linkqd.stop(), 0)
        return [row[0] for row in self.linkqd.rows("select detail from event order by n")]

    def test_names_a_portal_that_two_targets_show_and_its_end(self):
        daemon = self.well()
        self.place.intercept(("a.test", "b.test"))
        link = self.becomes("portal", "network")
        self.assertEqual(link["state"], "captive")
        self.assertIn(LOGIN, link["diagnosis"]["text"])
        explain = daemon.get("/v1/explain")
        self.assertTrue(explain["portal"].startswith(LOGIN), explain["portal"])
        self.assertGreaterEqual(explain["conditions"]["portal"], 2)
        self.assertEqual({p["condition"] for p in explain["probes"]}, {"portal"})
        metrics = daemon.request("GET", "/metrics")[2].decode()
        self.assertRegex(metrics, r'linkqd_link_state\{link="[^"]*",state="captive"\} 1')
        wait_for(lambda: daemon.rows("select count(*) from estimate where state = 4")[0][0] > 0,
                 "a state of its own in the history", PATIENCE_S)
        self.place.intercept(("a.test", "b.test"), on=False)
        self.wait_state(daemon, "online", seconds=PATIENCE_S)
        self.assertIsNone(self.cause())
        details = self.details()
        self.assertIn("captive", details)
        self.assertIn("diagnosis: portal", details)
        self.assertIn("online", details[details.index("captive"):])

    def test_names_a_portal_that_was_there_from_the_start(self):
        self.place.intercept(("a.test", "c.test"))
        daemon = self.start("http://a.test/x", "http://c.test/y")
        self.wait_state(daemon, "captive", seconds=PATIENCE_S)
        self.becomes("portal", "network")

    def test_takes_one_target_that_redirects_for_no_portal(self):
        daemon = self.well()
        self.place.intercept(("a.test",))
        wait_for(lambda: daemon.get("/v1/explain")["conditions"]["portal"] >= 3, "some answers of it", PATIENCE_S)
        states = {daemon.state()}
        self.assertEqual(states, {"online"})
        details = self.details()
        self.assertNotIn("captive", details)

    def test_names_a_resolver_that_is_dead_while_addresses_answer(self):
        daemon = self.well()
        self.place.swallow(NAMES)
        # An application could not find a name: is it so for us?
        daemon.post([{"bytes": 0, "duration_ms": 1000, "ok": False, "error": "dns"}])
        link = self.becomes("dns", "network")
        self.assertEqual(link["state"], "online")
        self.assertIs(daemon.get("/v1/explain")["names_found"], False)
        self.place.swallow(NAMES, on=False)
        wait_for(lambda: self.cause() is None, "names to be found again", 2 * PATIENCE_S)
        self.assertIs(daemon.get("/v1/explain")["names_found"], True)

    def test_names_a_resolver_that_was_dead_from_the_start(self):
        self.place.swallow(NAMES)
        self.start()
        self.becomes("dns", "network")

    def test_names_a_destination_that_is_silent_alone(self):
        daemon = self.well("http://a.test/x", "http://b.test/generate_204", "http://c.test/y")
        self.place.swallow(WORLD["c.test"])
        link = self.becomes("destination", "destination")
        self.assertEqual(link["state"], "online")
        self.assertIn("c.test", link["diagnosis"]["text"])
        conditions = {p["target"]: p["condition"] for p in daemon.get("/v1/explain")["probes"]}
        self.assertEqual(conditions, {"http://a.test/x": None, "http://b.test/generate_204": None,
                                      "http://c.test/y": "silent"})
        self.assertNotIn("offline", self.details())

    def test_names_a_gateway_that_is_dead_while_its_carrier_is_there(self):
        self.well()
        # It answered when all was well, so that its silence is a word.
        wait_for(lambda: "spent" in str(self.linkqd.get("/v1/budget")), "the budget")
        self.place.forward(False)
        ip(f"-n gw addr del {GATEWAY}/24 dev v1")
        link = self.becomes("gateway", "network")
        self.assertEqual(link["state"], "offline")
        self.assertIn(GATEWAY, link["diagnosis"]["text"])

    def test_names_a_gateway_that_was_dead_from_the_start(self):
        ip(f"-n gw addr del {GATEWAY}/24 dev v1")
        self.start("http://10.2.0.10/x", "http://10.2.0.11/y")
        self.becomes("gateway", "network")

    def test_names_the_provider_where_the_gateway_answers_and_nothing_beyond(self):
        self.well()
        self.place.swallow("10.2.0.0/25")
        link = self.becomes("upstream", "provider")
        self.assertEqual(link["state"], "offline")

    def test_names_this_host_without_a_carrier_and_without_a_route(self):
        daemon = self.well()
        ip("-n gw link set v1 down")
        self.becomes("no_carrier", "host")
        ip("-n gw link set v1 up")
        self.wait_state(daemon, "online", seconds=PATIENCE_S)
        ip("route del default")
        self.becomes("no_route", "host")

    def test_takes_a_network_that_only_a_proxy_leaves_for_online(self):
        self.place.forward(False)
        daemon = self.start(settings=["probe-proxy=environment"], env={"http_proxy": PROXY})
        self.wait_state(daemon, "online", seconds=PATIENCE_S)
        link = daemon.get("/v1/link")
        self.assertIsNone(link["rtt_ms"]["min"], "the proxy's round trips are not the link's")
        self.assertIsNone(link["diagnosis"])
        ip("route del default")
        count = daemon.get("/v1/explain")["probes"][0]["count"]
        wait_for(lambda: daemon.get("/v1/explain")["probes"][0]["count"] >= count + 2 and daemon.state() == "online",
                 "requests without a route", PATIENCE_S)

    def test_takes_a_host_without_a_route_that_has_a_proxy_for_online_until_that_is_gone(self):
        ip("route del default")
        daemon = self.start(settings=[f"probe-proxy={PROXY}"])
        self.wait_state(daemon, "online", seconds=PATIENCE_S)
        ip("-n gw link set v1 down")
        self.wait_state(daemon, "offline", seconds=PATIENCE_S)

    def test_does_not_look_at_a_proxy_that_it_was_not_told_to_use(self):
        self.place.forward(False)
        daemon = self.start("http://10.2.0.10/x", "http://10.2.0.11/y", env={"http_proxy": PROXY})
        self.wait_state(daemon, "offline", seconds=PATIENCE_S)

    @staticmethod
    def on_the_wire():
        """Bytes that the interface moved, both ways, with Ethernet's headers."""
        with open("/proc/net/dev", encoding="ascii") as f:
            words = next(line for line in f if "v0:" in line).split(":")[1].split()
        return int(words[0]) + int(words[8])

    def test_counts_what_goes_over_the_wire_within_5_percent(self):
        for link in ("link set v0", "-n gw link set v1", "-n gw link set w0", "-n world link set w1"):
            ip(f"{link} gso_max_segs 1")  # each segment is a frame, as on a real wire
        before = self.on_the_wire()
        daemon = self.start("http://a.test/x", "http://b.test/generate_204", "download=http://c.test/bytes/{bytes}",
                            "upload=http://c.test/up", settings=["download-interval=5s", "upload-interval=5s"])
        wait_for(lambda: all(p["count"] >= 2 for p in daemon.get("/v1/explain")["probes"]), "two of each", PATIENCE_S)
        self.assertEqual(daemon.stop(), 0)
        wire = self.on_the_wire() - before
        said = self.daemon(directory=self.directory, settings=["kernel=false"]).get("/v1/budget")["day"]["spent_bytes"]
        tap.comment(f"the wire has {wire} bytes, the ledger {said}: {100 * said / wire - 100:+.1f} %")
        self.assertGreater(wire, 200_000)
        self.assertLess(abs(said - wire), 0.05 * wire)


class Lanes(unittest.TestCase):
    """The tests above, some at a time, each in namespaces of its own: they mostly wait."""
    timeout = 300 * SLOW


def in_lanes(how):
    """Gives Lanes a test for each one of Diagnosis."""
    lanes = concurrent.futures.ThreadPoolExecutor(LANES)

    def add(name):
        done = lanes.submit(subprocess.run, ["unshare", *how, sys.executable, SELF, f"Diagnosis.{name}"], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, INSIDE: "1"}, check=False)

        def test(self):
            result = done.result()
            self.assertEqual(result.returncode, 0, result.stdout)
        setattr(Lanes, name, test)
    for name in unittest.TestLoader().getTestCaseNames(Diagnosis):
        add(name)
    globals()["Diagnosis"] = type("Diagnosis", (Lanes,), {})
    globals().pop("Lanes")
    globals().pop("TestCase")


def inside():
    """As root of these namespaces: nothing of the host's own is seen."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    with open("/run/resolv.conf", "w", encoding="utf-8") as out:
        out.write(f"nameserver {NAMES}\n")
    subprocess.run(["mount", "--bind", "/run/resolv.conf", os.path.realpath("/etc/resolv.conf")], check=True)


def enter():
    """Runs each test as root of namespaces of its own; or says why not."""
    if os.environ.get(INSIDE):
        inside()
        return
    for tool in ("ip", "unshare", "mount"):
        if not shutil.which(tool):
            tap.skip_all(f"there is no {tool} here")
    for how in (["-mn"], ["-rmn"]):
        probe = ["unshare", *how, "sh", "-c", "mount -t tmpfs tmpfs /run && ip netns add a && "
                 "ip link add name v0 type veth peer name v1 netns a"]
        if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            in_lanes(how)
            return
    tap.skip_all("network namespaces are not allowed here")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2])
        sys.exit()
    enter()
    tap.main()
