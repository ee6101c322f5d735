# SPDX-License-Identifier: ISC
"""Starts the real daemon on a free port in a scratch directory, and a server for it to probe.

Everything waits for conditions, never for a fixed time.
"""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import socketserver
import sqlite3
import struct
import subprocess
import tempfile
import threading
import time
import unittest

BUILD = os.environ.get("builddir", os.getcwd())
LINKQD = os.environ.get("LINKQD", os.path.join(BUILD, "linkqd"))
SLOW = 4 if os.environ.get("SANITIZERS") == "yes" else 1
WAIT_S = 10 * SLOW


def wait_for(condition, what, seconds=WAIT_S):
    """Waits until condition() is true; its value."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.02)


def tell(rows):
    """Inside the link lab: another script for its link, from now; the instant."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.settimeout(10)
        s.bind("")
        s.sendto(rows.encode(), os.environ["LINKLAB_CONTROL"])
        answer = s.recv(256).decode()
    assert answer == "ok", answer
    return time.monotonic()


class Server:
    """An HTTP server on loopback whose manners can be changed while it runs.

    manner: ok, hang (no answer), reset, truncate (half a body), endless, error (500),
    redirect, loop (to itself), slow (a byte each 200 ms), close (each connection after its answer).
    """

    def __init__(self, body=b"x" * 1000, tls=None):
        self.body = body
        self.tls = tls  # an ssl.SSLContext, or None
        self.manner = "ok"
        self.requests = []  # (time, method, path)
        self.uploaded = 0
        self.connections = 0
        self.held = []
        self.changed = threading.Condition()
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                outer.connections += 1
                outer.serve(outer.tls.wrap_socket(self.request, server_side=True) if outer.tls else self.request)

        class Listener(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, request, client_address):
                pass

        self.listener = Listener(("127.0.0.1", 0), Handler)
        self.port = self.listener.server_address[1]
        self.thread = threading.Thread(target=self.listener.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def url(self, path="/"):
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}{path}"

    def set(self, manner):
        """From now on, also for requests that hang."""
        with self.changed:
            self.manner = manner
            self.changed.notify_all()

    def serve(self, sock):
        """All requests of one connection."""
        sock.settimeout(60)
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                more = sock.recv(65536)
                if not more:
                    return
                data += more
            head, data = data.split(b"\r\n\r\n", 1)
            method, path = head.split(b" ", 2)[:2]
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            left = int(length[1]) if length else 0
            left -= len(data)
            self.uploaded += len(data) if length else 0
            while left > 0:
                more = sock.recv(min(left, 65536))
                if not more:
                    return
                left -= len(more)
                self.uploaded += len(more)
            if length:
                data = b""
            self.requests.append((time.monotonic(), method.decode(), path.decode()))
            if not self.answer(sock, path.decode()):
                return

    def answer(self, sock, path):
        """One answer; False ends the connection."""
        with self.changed:
            while self.manner == "hang":
                self.changed.wait()
            manner = self.manner
        body = self.body
        sized = re.search(r"/bytes/(\d+)", path)
        if sized:
            body = b"y" * int(sized[1])
        status = {"error": b"500 Oh dear", "redirect": b"302 Found", "loop": b"302 Found"}.get(manner, b"200 OK")
        extra = b"Location: http://127.0.0.1:1/\r\n" if manner == "redirect" else b""
        if manner == "loop":
            extra = b"Location: " + self.url(path).encode() + b"\r\n"
        head = b"HTTP/1.1 " + status + b"\r\n" + extra
        if manner == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()
            return False
        if manner == "endless":
            sock.sendall(head + b"\r\n")
            while True:
                sock.sendall(b"z" * 65536)
        sock.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body))
        if manner == "truncate":
            sock.sendall(body[:len(body) // 2])
            return False
        if manner == "slow":
            for i in range(0, len(body), max(1, len(body) // 20)):
                sock.sendall(body[i:i + max(1, len(body) // 20)])
                time.sleep(0.2)
            return True
        sock.sendall(body)
        return manner != "close"

    def close(self):
        self.set("reset")
        self.listener.shutdown()
        self.listener.server_close()


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path, timeout=WAIT_S):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Daemon:
    """linkqd in the foreground, in a directory of its own."""

    def __init__(self, directory, *args, probe=(), settings=(), wait=True, env=None, user=None, by=()):
        """probe: URLs; () is no target at all, None leaves it to the configuration. by: what starts it."""
        self.directory = directory
        self.socket = os.path.join(directory, "linkqd.sock")
        self.database = os.path.join(directory, "linkqd.db")
        self.log_path = os.path.join(directory, "log")
        self.port = None
        command = [*by, LINKQD, "--foreground", "--listen", "127.0.0.1:0",
                   "--socket", self.socket, "--database", self.database]
        for url in ("none",) if probe == () else probe or ():
            command += ["--probe", url]
        for setting in settings:
            command += ["--set", setting]
        self.log_from = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*command, *args], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=environment(directory, env), user=user, group=user)
        if wait:
            self.wait_ready()

    @property
    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            log.seek(self.log_from)
            return log.read()

    def wait_ready(self):
        """Until it listens; sets port."""
        def listening():
            if self.process.poll() is not None:
                raise AssertionError(f"linkqd ended with {self.process.returncode}:\n{self.log}")
            return re.search(r"listening on http://127\.0\.0\.1:(\d+)", self.log)
        self.port = int(wait_for(listening, "the daemon to listen")[1])

    def request(self, method, path, body=None, headers=None, unix=False):
        """Status, headers, body."""
        conn = (UnixConnection(self.socket) if unix else
                http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S))
        try:
            conn.request(method, path, body, headers or {})
            answer = conn.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            conn.close()

    def get(self, path):
        """The JSON that a path answers with."""
        status, _, body = self.request("GET", path)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def post(self, observations):
        """Status and answer of POST /v1/observations."""
        status, _, body = self.request("POST", "/v1/observations", json.dumps(observations),
                                       {"Content-Type": "application/json"})
        return status, json.loads(body)

    def state(self):
        return self.get("/v1/link")["state"]

    def probe_report(self, url):
        """What /v1/explain says of one target."""
        return next((p for p in self.get("/v1/explain")["probes"] if p["target"] == url), None)

    def stop(self, number=signal.SIGTERM, seconds=WAIT_S):
        """Ends it; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"linkqd did not end in {seconds} s:\n{self.log}") from None

    def rows(self, query, *values):
        """Reads the database as an operator would."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as db:
            return db.execute(query, values).fetchall()


def environment(directory, more=None):
    """Keeps all files of a run in its directory."""
    names = ("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "HOME", "TMPDIR")
    env = {**os.environ, **dict.fromkeys(names, directory), **(more or {})}
    for name in ("NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "RUNTIME_DIRECTORY", "STATE_DIRECTORY"):
        if not more or name not in more:
            env.pop(name, None)
    return env


class TestCase(unittest.TestCase):
    """A scratch directory, and daemons and servers that end with the test."""
    timeout = 60 * SLOW

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="linkqd-test-")
        self.daemons = []
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def tearDown(self):
        for daemon in self.daemons:
            if daemon.process.poll() is None:
                daemon.process.kill()
                daemon.process.wait()

    def daemon(self, *args, **how):
        daemon = Daemon(how.pop("directory", self.directory), *args, **how)
        self.daemons.append(daemon)
        return daemon

    def server(self, **how):
        server = Server(**how)
        self.addCleanup(server.close)
        return server

    def run_linkqd(self, *args, env=None):
        """Runs it to its end: exit status, standard output, standard error."""
        done = subprocess.run([LINKQD, *args], env=environment(self.directory, env), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=WAIT_S, check=False)
        return done.returncode, done.stdout, done.stderr

    def file(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def wait_state(self, daemon, *states, seconds=WAIT_S):
        wait_for(lambda: daemon.state() in states, f"the state {' or '.join(states)}", seconds)

    def explain(self):
        """For a test that failed: the logs."""
        return "\n".join(f"{d.database}:\n{d.log[-3000:]}" for d in self.daemons
                         if os.path.exists(d.log_path))
