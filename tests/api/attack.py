#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Who may ask, and what bad input gets, on real sockets. Prints TAP."""
import json
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import Gone, Server, case, request, run_cases  # noqa: E402

ORIGIN = "http://app.example:3000"
KIB = 1024


def check(answer, status, field=None):
    """The status, the headers that every answer carries, and the problem document."""
    assert answer.status == status, answer
    assert answer.header("X-Content-Type-Options") == "nosniff", answer
    assert answer.header("Cross-Origin-Resource-Policy") == "same-origin", answer
    assert answer.header("Cache-Control") == "no-store", answer
    assert answer.header("Access-Control-Allow-Origin") != "*", answer
    if status >= 400:
        assert answer.header("Content-Type") == "application/problem+json", answer
        problem = json.loads(answer.body)
        assert problem["status"] == status and problem["title"] and problem["detail"], problem
        assert problem["type"] == "about:blank", problem
        assert field is None or problem.get("field") == field, problem
    return answer


def estimate(answer):
    assert answer.status == 200, answer
    return json.loads(answer.body)


@case("a request carries exactly one Host, and one that is ours")
def hosts():
    with Server() as s:
        for host in ("localhost", "127.0.0.1", "[::1]", f"localhost:{s.port}", "LOCALHOST", "box.example:1"):
            estimate(s.get("/v1/link", host=host))
        check(s.get("/v1/link", host=None), 400, "Host")
        check(s.get("/v1/link", "Host: localhost"), 400, "Host")
        check(s.get("/v1/link", "Host: evil.example"), 400, "Host")
        check(s.ask(b"GET /v1/link HTTP/1.0\r\n\r\n"), 400, "Host")
        for host in ("evil.example", "localhost.evil.example", "127.0.0.2", "0.0.0.0", "localhost:80x", "[::2]"):
            check(s.get("/v1/link", host=host), 421, "Host")


@case("the Unix socket does not look at Host, but at Origin")
def unix():
    with Server(unix=True) as s:
        estimate(s.get("/v1/link", host="whatever", unix=True))
        estimate(s.get("/v1/link", host=None, unix=True))
        estimate(s.ask(b"GET /v1/link HTTP/1.0\r\n\r\n", unix=True))
        check(s.get("/v1/link", "Origin: http://evil.example", host="evil.example", unix=True), 403, "Origin")


@case("pages of other origins are refused, and the configured one is answered by name")
def origins():
    with Server() as s:
        for origin in ("http://evil.example", "null", "", "http://localhost:1", f"https://localhost:{s.port}"):
            answer = check(s.get("/v1/link", f"Origin: {origin}"), 403, "Origin")
            assert answer.header("Access-Control-Allow-Origin") is None, answer
        answer = s.get("/v1/link", f"Origin: {ORIGIN}", "Sec-Fetch-Site: cross-site")
        estimate(answer)
        assert answer.header("Access-Control-Allow-Origin") == ORIGIN and answer.header("Vary") == "Origin", answer
        assert answer.header("ETag"), answer
        answer = s.get("/v1/link", f"Origin: http://127.0.0.1:{s.port}", host=f"127.0.0.1:{s.port}")
        estimate(answer)
        assert answer.header("Access-Control-Allow-Origin") is None, answer
        check(s.get("/v1/link", f"Origin: {ORIGIN}", "Origin: http://evil.example"), 400, "Origin")
        # an allowed page may read why it is refused
        answer = check(s.get("/v1/none", f"Origin: {ORIGIN}"), 404)
        assert answer.header("Access-Control-Allow-Origin") == ORIGIN, answer


@case("an image tag on any page sends no Origin, and is refused all the same")
def fetch_site():
    with Server() as s:
        for site in ("cross-site", "same-site"):
            check(s.get("/v1/link", f"Sec-Fetch-Site: {site}"), 403, "Sec-Fetch-Site")
        for site in ("none", "same-origin"):
            estimate(s.get("/v1/link", f"Sec-Fetch-Site: {site}"))


@case("a preflight is answered for configured origins alone")
def preflight():
    asks = ("Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type")
    private = "Access-Control-Request-Private-Network: true"
    with Server() as s:
        answer = s.get("/v1/observations", f"Origin: {ORIGIN}", *asks, private, method="OPTIONS")
        assert answer.status == 204, answer
        assert answer.header("Access-Control-Allow-Origin") == ORIGIN and answer.header("Vary") == "Origin", answer
        assert "POST" in answer.header("Access-Control-Allow-Methods"), answer
        assert "Content-Type" in answer.header("Access-Control-Allow-Headers"), answer
        assert answer.header("Access-Control-Allow-Private-Network") == "true", answer
        answer = s.get("/v1/link", f"Origin: {ORIGIN}", *asks, method="OPTIONS")
        assert answer.status == 204 and answer.header("Access-Control-Allow-Private-Network") is None, answer
        answer = check(s.get("/v1/link", "Origin: http://evil.example", *asks, private, method="OPTIONS"), 403)
        assert not [h for h, _ in answer.headers if h.lower().startswith("access-control")], answer
        check(s.get("/v1/link", *asks, method="OPTIONS"), 405)


@case("a POST is application/json")
def types():
    with Server() as s:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp"):
            check(s.post("/v1/observations", "{}", kind=kind), 415, "Content-Type")
        check(s.ask(request("/v1/observations", "Content-Length: 2", method="POST") + b"{}"), 415, "Content-Type")
        check(s.post("/v1/observations", "{}", "Content-Encoding: gzip"), 415, "Content-Encoding")
        check(s.post("/v1/observations", "[]", kind="Application/JSON; charset=utf-8"), 202)


@case("beyond loopback each request needs the token")
def token():
    with Server("--remote") as s:
        for header in ((), ("Authorization: Bearer wrong",), ("Authorization: Bearer",),
                       ("Authorization: Basic c2VjcmV0LXRva2Vu",), ("Authorization: Bearer secret-token2",)):
            answer = check(s.get("/v1/link", *header), 401, "Authorization")
            assert answer.header("WWW-Authenticate").startswith("Bearer"), answer
            check(s.get("/healthz", *header), 401)
        good = "Authorization: Bearer secret-token"
        estimate(s.get("/v1/link", good))
        check(s.get("/v1/link", good, good), 400, "Authorization")
        check(s.get("/v1/link", good, host="evil.example"), 421, "Host")


@case("framing that can be read two ways is refused")
def framing():
    json_type = "Content-Type: application/json"
    with Server() as s:
        for headers in ((json_type, "Content-Length: 2", "Content-Length: 2"),
                        (json_type, "Content-Length: 2", "Content-Length: 0"),
                        (json_type, "Content-Length: 2", "Transfer-Encoding: chunked"),
                        (json_type, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
                        (json_type, "Transfer-Encoding: gzip"),
                        (json_type, "Transfer-Encoding : chunked"),
                        (json_type, "Content-Length: 2x"), (json_type, "Content-Length: +2")):
            with s.connect() as c:
                c.send(request("/v1/observations", *headers, method="POST"))
                c.send(b"[]")
                answer = c.answer()
                assert answer.status == 400 and answer.header("Connection") == "close", (headers, answer)


@case("a GET with a body is refused, and its body is not the next request")
def get_with_body():
    inner = request("/v1/link", "X: smuggled")
    with Server() as s, s.connect() as c:
        c.send(request("/v1/link", f"Content-Length: {len(inner)}") + inner)
        check(c.answer(), 400)
        c.send(request("/healthz"))
        assert json.loads(c.answer().body) == {"status": "ok"}


@case("escapes of NUL, of control characters, and no escapes at all are refused")
def escapes():
    with Server() as s:
        for target in ("/v1/link%00", "/v1/link%00.csv", "/v1/link?a=%00", "/v1/links/a%0ab", "/v1/link%", "/v1/link%4",
                       "/v1/link?%zz", "/v1/link?x=%ff", "http://localhost/v1/link", "*"):
            check(s.get(target), 400)


@case("targets and heads that are too long get 414 or 431, or the end")
def too_long():
    with Server() as s:
        check(s.get("/v1/link?x=" + "y" * 9000), 414)
        for bad in (request("/" + "y" * 40 * KIB), request("/v1/link", "X: " + "y" * 40 * KIB),
                    request("/v1/link", *[f"X{i}: y" for i in range(4000)])):
            try:
                assert s.ask(bad).status in (414, 431)
            except (Gone, BrokenPipeError):
                pass
        estimate(s.get("/v1/link"))


@case("a wrong method is 405 with Allow, an unknown path is 404, HEAD works where GET does")
def methods():
    allow = {"/v1/link": "GET, HEAD", "/v1/observations": "POST", "/v1/history": "GET, HEAD",
             "/v1/links": "GET, HEAD, DELETE", "/v1/links/k3f9": "GET, HEAD, POST, DELETE"}
    with Server() as s:
        for path, methods_of in allow.items():
            for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} - set(methods_of.split(", ")):
                answer = check(s.get(path, "Content-Length: 0", method=method), 405)
                assert answer.header("Allow") == methods_of, answer
        for path in ("/v1", "/v1/", "/v1/links/", "/v1/LINK", "/v1/link/", "//v1/link", "/v1/../v1/link", "/nope"):
            check(s.get(path), 404)
        for path in ("/v1/link", "/v1/links", "/v1/links/k3f9", "/v1/transfer?bytes=9", "/healthz", "/v1/explain"):
            get, head = s.get(path), s.get(path, method="HEAD")
            assert head.status == get.status == 200, (path, get, head)
            assert abs(int(head.header("Content-Length")) - len(get.body)) < 8, (path, get, head)
            assert head.header("Content-Type") == get.header("Content-Type"), (path, get, head)
        for path in ("/v1/history", "/v1/history.csv", "/v1/events"):
            head = s.get(path, method="HEAD")
            assert head.status == 200 and head.header("Transfer-Encoding") == "chunked", head
        assert exports(s) == 0


@case("parameters are checked, each by name")
def parameters():
    bad = {"/v1/link?wait=x": "wait", "/v1/link?wait=-1": "wait", "/v1/link?wait=1&after=x": "after",
           "/v1/link?wiat=1": "wiat", "/v1/link?wait=1&wait=2": "wait", "/v1/transfer": "bytes",
           "/v1/transfer?bytes=-1": "bytes", "/v1/transfer?bytes=1e9": "bytes", "/v1/links?x=1": "x",
           "/v1/transfer?bytes=99999999999999999999999": "bytes", "/v1/transfer?bytes=1&direction=left": "direction",
           "/v1/history?from=soon": "from", "/v1/history?from=-1h&to=-2h": "from", "/v1/history?to=1e400": "to",
           "/v1/history?step=2s": "step", "/v1/history?what=all": "what", "/v1/history?format=xml": "format",
           "/v1/history.csv?format=json": "format", "/v1/history?what=events&step=1m": "step",
           "/v1/history?link=": "link", "/v1/history?link=0123456789abcdefg": "link", "/v1/events?x=1": "x"}
    with Server() as s:
        for target, field in bad.items():
            check(s.get(target), 400, field)
        for target in ("/v1/links?all=maybe", "/v1/links", "/v1/links?all=true&before=-1d"):
            check(s.get(target, method="DELETE"), 400, "all")
        for target in ("/v1/links?before=soon", "/v1/links?before=2999-01-01"):
            check(s.get(target, method="DELETE"), 400, "before")
        for body in ("", "[]", '{"name":5}', '{"name":"a\\nb"}', '{"name":"a","id":"b"}', '{"name":"%s"}' % ("é" * 32)):
            check(s.post("/v1/links/k3f9", body), 400)
        check(s.get("/v1/history?link=other"), 404, "link")
        check(s.get("/v1/links/other"), 404)
        check(s.get("/v1/transfer?bytes=1&link=other"), 404, "link")
        check(s.get("/v1/explain?link=other"), 404, "link")


@case("nobody from elsewhere names or forgets a link")
def strangers():
    with Server() as s:
        for header in ("Origin: http://evil.example", "Sec-Fetch-Site: cross-site"):
            check(s.get("/v1/links/k3f9", header, method="DELETE"), 403)
            check(s.get("/v1/links?all=true", header, method="DELETE"), 403)
        check(s.ask(request("/v1/links/k3f9", "Content-Length: 12", method="POST") + b'{"name":"x"}'), 415)
        check(s.ask(request("/v1/links/k3f9", "Content-Length: 2", method="DELETE") + b"{}"), 400)
        assert "remembered" not in json.loads(s.get("/v1/links").body)


@case("a body over 256 KiB gets its 413 although the client keeps writing, and counts for nothing")
def long_bodies():
    one = '{"bytes":1,"duration_ms":1}'
    with Server() as s:
        for size in (257 * KIB, 1024 * KIB, 3 * 1024 * KIB):
            body = "[" + ",".join([one] * 400) + " " * size + "]"
            check(s.post("/v1/observations", body), 413)
        with s.connect() as c:  # the length is not known beforehand
            c.send(request("/v1/observations", "Content-Type: application/json", "Transfer-Encoding: chunked",
                           method="POST"))
            for _ in range(40):
                c.send(b"2000\r\n" + b" " * 0x2000 + b"\r\n")
            c.send(b"0\r\n\r\n")
            check(c.answer(), 413)
            c.send(request("/healthz"))  # and the connection can be used again
            assert c.answer().status == 200
        check(s.post("/v1/observations", "[" + ",".join([one] * 501) + "]"), 413)
        assert observed(s) == 0
        check(s.post("/v1/observations", "[" + ",".join([one] * 500) + "]"), 202)
        assert observed(s) == 500


@case("a client that waits for 100 Continue is refused before it sends the body")
def expect():
    with Server() as s, s.connect() as c:
        c.send(request("/v1/observations", "Content-Type: text/plain", "Content-Length: 1000000",
                       "Expect: 100-continue", method="POST"))
        check(c.answer(), 415)
    with Server() as s, s.connect() as c:
        c.send(request("/v1/observations", "Content-Type: application/json", "Content-Length: 2",
                       "Expect: 100-continue", method="POST"))
        assert b" 100 " in c.until(b"\r\n\r\n")
        c.send(b"[]")
        check(c.answer(), 202)


@case("a body without end is cut off at 4 MiB")
def endless():
    with Server() as s, s.connect() as c:
        c.send(request("/v1/observations", "Content-Type: application/json", "Transfer-Encoding: chunked",
                       method="POST"))
        try:
            for _ in range(2000):
                c.send(b"4000\r\n" + b" " * 0x4000 + b"\r\n")
            raise AssertionError("32 MB were taken")
        except (BrokenPipeError, ConnectionResetError):
            pass
        estimate(s.get("/v1/link"))


@case("malformed JSON is 400, and bad observations are refused by index while the good rest counts")
def bad_json():
    with Server() as s:
        for body in ("", "{", "[1,]", "nonsense", '{"bytes":1,"bytes":1,"duration_ms":1}', '[{"bytes":1e999}]',
                     b"\xff\xfe", "[" * 100000, '{"observations":{}}'):
            check(s.post("/v1/observations", body), 400)
        assert observed(s) == 0
        answer = check(s.post("/v1/observations", json.dumps([
            {"bytes": 1000, "duration_ms": 10}, {"bytes": -1, "duration_ms": 10}, "x",
            {"bytes": 1000, "duration_ms": 10, "ended_at": "2100-01-01T00:00:00Z"}])), 202)
        result = json.loads(answer.body)
        assert result["accepted"] == 1 and [r["index"] for r in result["rejected"]] == [1, 2, 3], result
        assert observed(s) == 1


@case("a byte a second does not hold a connection: it has 15 s for its request")
def slow_loris():
    speed = 20  # so 15 s of the server are 0.75 s
    drips = {"request line": (b"", b"GET /v1/li"), "headers": (request("/v1/link")[:-2], b"X: " + b"a" * 999),
             "body": (request("/v1/observations", "Content-Type: application/json", "Content-Length: 999",
                              method="POST"), b"[" + b" " * 999)}
    with Server("--speed", speed) as s:
        for what, (start, drip) in drips.items():
            with s.connect() as c:
                c.send(start)
                began, sent = time.monotonic(), 0
                c.sock.settimeout(0.1)
                while time.monotonic() - began < 10:
                    try:
                        c.send(drip[sent:sent + 1])
                        sent += 1
                        c.more()
                    except TimeoutError:
                        continue
                    except (Gone, BrokenPipeError):
                        break
                held = (time.monotonic() - began) * speed
                assert 12 < held < 80, f"{what}: held for {held:.0f} s"
        estimate(s.get("/v1/link"))


@case("an idle connection is closed, and an idle server does not work")
def idle():
    with Server("--speed", 20) as s, s.connect() as c:
        c.send(request("/v1/link"))
        estimate(c.answer())
        try:
            c.more()
            raise AssertionError("more than was asked for")
        except Gone:
            pass
    with Server() as s:
        with s.connect() as c:
            c.send(request("/v1/link"))
            estimate(c.answer())
            before = s.cpu_s()
            c.sock.settimeout(1)
            try:
                c.more()
            except TimeoutError:
                pass
            assert s.cpu_s() - before <= 0.03, "it spins"


def probe_count(server, target):
    probes = json.loads(server.get("/v1/explain").body)["probes"]
    return next(p["count"] for p in probes if p["target"] == target)


def observed(server):
    return probe_count(server, "observed")


def exports(server):
    return probe_count(server, "exports")


if __name__ == "__main__":
    run_cases()
