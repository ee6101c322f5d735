# SPDX-License-Identifier: ISC
"""A scripted daemon for the tests of linkq: it says what it is told to, and notes what was asked."""
import copy
import http.server
import json
import os
import queue
import socket
import socketserver
import sys
import threading
import time
import urllib.parse

ESTIMATE = {
    "schema": 1, "seq": 8123, "time": "2026-11-24T06:15:00.250Z",
    "link": {"id": "k3f9", "interface": "wlan0", "kind": "wifi", "default": True,
             "since": "2026-11-24T05:58:12.000Z"},
    "state": "online", "quality": "good", "effective_type": "4g",
    "down_kbps": {"p10": 3300, "p50": 5200, "p90": 7600},
    "up_kbps": {"p10": 800, "p50": 1100, "p90": 1500},
    "rtt_ms": {"min": 38.2, "p50": 45.0, "p90": 71.5},
    "ttfb_ms": {"p50": 70, "p90": 180},
    "loss_ratio": 0.002, "responsiveness_rpm": 640,
    "confidence": 0.82, "age_ms": 1300,
    "evidence": {"samples": 214, "app": 0.55, "kernel": 0.40, "probe": 0.05},
    "change": {"kind": "drop", "time": "2026-11-24T06:14:40.100Z", "from_kbps": 18000, "to_kbps": 5100},
    "outage": None,
}

NOTHING = {
    "schema": 1, "seq": 1, "time": "2026-11-24T06:15:00.250Z",
    "link": {"id": "k3f9", "interface": "eth0", "kind": "ethernet", "default": True, "since": None},
    "state": "unknown", "quality": "unknown", "effective_type": None,
    "down_kbps": {"p10": None, "p50": None, "p90": None}, "up_kbps": {"p10": None, "p50": None, "p90": None},
    "rtt_ms": {"min": None, "p50": None, "p90": None}, "ttfb_ms": {"p50": None, "p90": None},
    "loss_ratio": None, "responsiveness_rpm": None, "confidence": None, "age_ms": None,
    "evidence": {"samples": 0, "app": None, "kernel": None, "probe": None},
    "change": None, "outage": None,
}


def estimate(**changes):
    """The contract's example with some members replaced."""
    e = copy.deepcopy(ESTIMATE)
    e.update(changes)
    return e


class Request:
    def __init__(self, handler, body):
        url = urllib.parse.urlsplit(handler.path)
        self.method = handler.command
        self.path = url.path
        self.query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        self.headers = handler.headers
        self.body = body

    def json(self):
        return json.loads(self.body)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def address_string(self):
        return "local"

    def serve(self):
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(self, self.rfile.read(length))
        self.server.fake.asked.append(request)
        answer = self.server.fake.answers.get((request.method, request.path))
        try:
            if answer is None:
                self.say(404, {"type": "about:blank", "title": "Not Found", "status": 404})
            elif callable(answer):
                answer(self, request)
            else:
                self.say(200, answer)
        except ConnectionError:
            self.close_connection = True  # linkq has what it wanted, and left

    do_GET = do_POST = do_DELETE = serve

    def say(self, status, body, kind=None):
        """One whole answer; what is not bytes goes out as JSON."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
            kind = kind or ("application/json" if status < 400 else "application/problem+json")
        self.send_response(status)
        self.send_header("Content-Type", kind or "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def begin(self, kind):
        """An answer whose length is not known: chunks follow."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def break_off(self):
        """As a daemon that dies: the last chunk never comes."""
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a client may leave
            super().handle_error(request, client_address)


class UnixServer(Server):
    address_family = socket.AF_UNIX

    def server_bind(self):
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = "localhost", 0

    def get_request(self):
        request, _ = self.socket.accept()
        return request, ("local", 0)


class Fake:
    """answers: (method, path) -> what goes out as JSON, or a function (handler, request)."""

    def __init__(self, path=None):
        self.answers = {("GET", "/v1/link"): ESTIMATE}
        self.asked = []
        self.streams = []
        if path is not None:
            if os.path.exists(path):
                os.unlink(path)
            self.server = UnixServer(path, Handler)
            self.where = path
        else:
            self.server = Server(("127.0.0.1", 0), Handler)
            self.where = "http://127.0.0.1:%d" % self.server.server_port
        self.server.fake = self
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        for stream in self.streams:
            stream.put(None)
        self.server.shutdown()
        self.server.server_close()

    def serve_events(self):
        """/v1/events: what push() is given goes to every stream that is open."""
        def stream(handler, request):
            events = queue.Queue()
            self.streams.append(events)
            handler.begin("text/event-stream")
            handler.chunk(b": hello\n\n")
            while (event := events.get()) is not None:
                try:
                    handler.chunk(event)
                except OSError:
                    return
            handler.break_off()
        self.answers[("GET", "/v1/events")] = stream

    def push(self, kind, data, event_id=None):
        text = ""
        if event_id is not None:
            text += "id: %s\n" % event_id
        text += "event: %s\ndata: %s\n\n" % (kind, json.dumps(data))
        for stream in self.streams:
            stream.put(text.encode())


def wait_for(condition, seconds=10, what="a condition"):
    """Wait until condition() is true; it is looked at often, and never for longer than it takes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("waited %g s in vain for %s" % (seconds, what))
