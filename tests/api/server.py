# SPDX-License-Identifier: ISC
"""What tests on real sockets share: the server under test, raw requests, and TAP."""
import os
import socket
import subprocess
import tempfile
import traceback

PROGRAM = os.path.join(os.environ.get("builddir", "."), "tests", "api", "api_server")
PATIENCE_S = 20
CASES = []


def case(sentence):
    def add(function):
        CASES.append((sentence, function))
        return function
    return add


def run_cases(skip=None):
    """skip: why a case cannot run here, by its sentence."""
    print(f"1..{len(CASES)}", flush=True)
    for number, (sentence, function) in enumerate(CASES, 1):
        if (skip or {}).get(sentence):
            print(f"ok {number} - {sentence} # SKIP {skip[sentence]}", flush=True)
            continue
        try:
            function()
            print(f"ok {number} - {sentence}", flush=True)
        except Exception:
            print(f"not ok {number} - {sentence}")
            print("# " + traceback.format_exc().replace("\n", "\n# "), flush=True)


class Server:
    """api_server on a free port; ends with status 0, or the test fails."""

    def __init__(self, *options, unix=False):
        self.folder = tempfile.TemporaryDirectory(prefix="linkqd-api-")
        self.path = os.path.join(self.folder.name, "s")
        options = [*options, *(["--unix", self.path] if unix else [])]
        self.process = subprocess.Popen([PROGRAM, *map(str, options)], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.terminate()
        status = self.process.wait(timeout=PATIENCE_S)
        self.process.stdout.close()
        self.folder.cleanup()
        if kind is None and status != 0:
            raise AssertionError(f"api_server ended with status {status}")

    def cpu_s(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def connect(self, unix=False):
        if unix:
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(PATIENCE_S)
            s.connect(self.path)
        else:
            s = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        return Client(s)

    def ask(self, request, unix=False):
        """One raw request on a connection of its own."""
        with self.connect(unix) as c:
            c.send(request)
            return c.answer(head=request.startswith(b"HEAD"))

    def get(self, target, *headers, method="GET", host="localhost", unix=False):
        return self.ask(request(target, *headers, method=method, host=host), unix)

    def post(self, target, body, *headers, kind="application/json"):
        body = body.encode() if isinstance(body, str) else body
        return self.ask(request(target, f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers,
                                method="POST") + body)

    def observe(self, body='{"bytes":650000,"duration_ms":1000}'):
        answer = self.post("/v1/observations", body)
        assert answer.status == 202, answer
        return answer


def request(target, *headers, method="GET", host="localhost"):
    lines = [f"{method} {target} HTTP/1.1", *([f"Host: {host}"] if host else []), *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin1")


class Answer:
    def __init__(self, head, body):
        lines = head.decode("latin1").split("\r\n")
        self.status = int(lines[0].split()[1])
        self.headers = [tuple(line.split(": ", 1)) for line in lines[1:]]
        self.body = body

    def header(self, name):
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(found) < 2, f"{name} came {len(found)} times"
        return found[0] if found else None

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:300]!r}>"


class Gone(Exception):
    """The server closed the connection."""


class Client:
    def __init__(self, sock):
        self.sock = sock
        self.got = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def more(self):
        try:
            data = self.sock.recv(65536)
        except ConnectionError as error:
            raise Gone from error
        if not data:
            raise Gone
        self.got += data

    def until(self, mark):
        """Everything up to and with the mark."""
        while mark not in self.got:
            self.more()
        end = self.got.index(mark) + len(mark)
        taken, self.got = self.got[:end], self.got[end:]
        return taken

    def take(self, size):
        while len(self.got) < size:
            self.more()
        taken, self.got = self.got[:size], self.got[size:]
        return taken

    def head(self):
        return Answer(self.until(b"\r\n\r\n")[:-4], b"")

    def chunk(self):
        """One piece of a chunked body; b"" is its end."""
        size = int(self.until(b"\r\n")[:-2], 16)
        data = self.take(size)
        self.take(2)
        return data

    def answer(self, head=False):
        answer = self.head()
        if head or answer.status in (204, 304):
            return answer
        if answer.header("Transfer-Encoding") == "chunked":
            while piece := self.chunk():
                answer.body += piece
        else:
            answer.body = self.take(int(answer.header("Content-Length")))
        return answer
