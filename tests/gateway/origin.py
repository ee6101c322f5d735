# SPDX-License-Identifier: ISC
"""An origin of HLS with bad manners, a daemon that hints as it is told, and the gateway."""
import http.client
import http.server
import json
import os
import re
import subprocess
import tempfile
import threading
import time

BUILD = os.environ.get("builddir", os.getcwd())
LINKQ = os.path.join(BUILD, "linkq")
LADDER = (400, 1500, 4000)  # kbit/s
SEGMENT_S = 2
FULL = 20000  # bytes of a segment of the first rendition


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 32

    def handle_error(self, request, client_address):
        pass


class Server:
    """Answers by answer(handler, path); `asked` are the paths, in order."""

    def __init__(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.asked.append(self.path)
                outer.answer(self, self.path)

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                outer.post(self, self.path, json.loads(self.rfile.read(length)))

            def log_message(self, *_):
                pass

            def give(self, body, status=200, headers=(), length=None):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body) if length is None else length))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                if length is not None and length != len(body):
                    self.close_connection = True

        self.asked = []
        self.listener = Listener(("127.0.0.1", 0), Handler)
        self.port = self.listener.server_address[1]
        threading.Thread(target=self.listener.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path=""):
        return f"http://127.0.0.1:{self.port}{path}"

    def stop(self):
        self.listener.shutdown()
        self.listener.server_close()


def body_of(rung, number, size=FULL):
    """Bytes by which one sees of which rendition and segment they are."""
    word = f"<r{rung} s{number}>".encode()
    return (word * (size // len(word) + 1))[:size]


class Origin(Server):
    """Three renditions; `manner` of a path (a regular expression) is a function."""

    def __init__(self, count=6, live=False):
        super().__init__()
        self.count, self.live, self.first = count, live, 0
        self.manners = []  # (pattern, function(handler, path) -> done?)
        self.extra = ""    # lines of the multivariant playlist
        self.byteranges = False

    def on(self, pattern, function):
        self.manners.insert(0, (re.compile(pattern), function))

    def master(self):
        lines = ["#EXTM3U", "#EXT-X-VERSION:4", *self.extra.splitlines()]
        for i, kbps in enumerate(LADDER):
            lines += [f'#EXT-X-STREAM-INF:BANDWIDTH={kbps}000,RESOLUTION={320 * (i + 1)}x{180 * (i + 1)},'
                      f'CODECS="avc1.42c01e,mp4a.40.2"' + (',AUDIO="a"' if self.extra else ""),
                      f"v{i}/list.m3u8"]
        return "\n".join(lines) + "\n"

    def playlist(self, rung):
        lines = ["#EXTM3U", "#EXT-X-VERSION:4", f"#EXT-X-TARGETDURATION:{SEGMENT_S}",
                 f"#EXT-X-MEDIA-SEQUENCE:{self.first}"]
        for n in range(self.first, self.first + self.count):
            lines.append(f"#EXTINF:{SEGMENT_S},")
            if self.byteranges:
                lines += [f"#EXT-X-BYTERANGE:1000@{1000 * n}", "all.ts"]
            else:
                lines.append(f"{n}.ts")
        return "\n".join(lines + ([] if self.live else ["#EXT-X-ENDLIST"])) + "\n"

    def answer(self, handler, path):
        for pattern, function in self.manners:
            if pattern.search(path) and function(handler, path):
                return
        found = re.fullmatch(r"/v(\d)/(?:(list)\.m3u8|(\d+)\.ts|(all)\.ts)", path)
        if path == "/master.m3u8":
            handler.give(self.master().encode())
        elif not found:
            handler.give(b"no", 404)
        elif found[2]:
            handler.give(self.playlist(found[1]).encode())
        else:
            body = body_of(found[1], found[3] or "all")
            part = re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers.get("Range", ""))
            if not part:
                handler.give(body)
                return
            start, end = int(part[1]), int(part[2] or len(body) - 1)
            handler.give(body[start:end + 1], 206,
                         [("Content-Range", f"bytes {start}-{end}/{len(body)}")])


class Daemon(Server):
    """What a daemon says: the rendition `index`, and whether to leave for `abandon`."""

    def __init__(self, index=0):
        super().__init__()
        self.index, self.abandon = index, None
        self.hints, self.observations = [], []

    def post(self, handler, path, body):
        if path == "/v1/observations":
            self.observations.append(body)
            handler.give(b'{"accepted":1,"rejected":[]}', 202)
            return
        self.hints.append(body)
        leave = self.abandon if "inflight" in body else None
        handler.give(json.dumps({
            "index": min(self.index, len(body["ladder"]) - 1), "reason": "steady",
            "abandon": {"do": leave is not None, "to": leave},
            "cmsd": "etp=5200,mb=4100,rtt=70"}).encode())


class Gateway:
    """linkq hls, running."""

    def __init__(self, url, *options, daemon=None, player=()):
        self.folder = tempfile.TemporaryDirectory(prefix="linkq-hls-")
        where = daemon.url() if daemon else os.path.join(self.folder.name, "none")
        keep = ("PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH")
        env = {k: os.environ[k] for k in keep if k in os.environ}
        self.process = subprocess.Popen(
            [LINKQ, "hls", *options, url, *player], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env={**env, "LINKQ_SOCKET": where})
        self.line = self.process.stdout.readline() if not player else ""
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/master\.m3u8\n", self.line)
        self.port = int(found[1]) if found else None

    def get(self, path, headers=None, timeout=30):
        """(status, headers, body); a body that broke off is None."""
        api = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            api.request("GET", path, headers=headers or {})
            answer = api.getresponse()
            try:
                return answer.status, answer.headers, answer.read()
            except http.client.IncompleteRead:
                return answer.status, answer.headers, None
        finally:
            api.close()

    def text(self, path):
        status, _, body = self.get(path)
        assert status == 200, (path, status, body)
        return body.decode()

    def status(self):
        return json.loads(self.text("/status"))

    def stop(self):
        """Its exit status, and what it said."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            _, said = self.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, said = self.process.communicate()
        self.folder.cleanup()
        return self.process.returncode, said


def wait_for(condition, what, seconds=30):
    """Until condition() is true; its value."""
    until = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > until:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.02)
    return value
