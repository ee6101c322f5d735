#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The files of the dashboard: their heads, their size, and who gets them. Prints TAP."""
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import Server, case, run_cases  # noqa: E402

BYTES_MAX = 200000


def files(s):
    """What the page asks for, and what that asks for."""
    seen, todo = {}, ["/"]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        answer = s.get(path)
        assert answer.status == 200, (path, answer)
        seen[path] = answer
        text = answer.body.decode()
        if path == "/":
            todo += re.findall(r'(?:href|src)="(/page/[^"]+)"', text)
        elif path.endswith(".js") and not path.endswith("dygraph.js"):
            todo += ["/page/" + name for name in re.findall(r'^import .*? from "\./([^"]+)";$', text, re.M | re.S)]
    return seen


@case("everything that the page asks for is there, and in all it is smaller than 200 kB")
def whole():
    with Server() as s:
        seen = files(s)
        kinds = {"/": "text/html; charset=utf-8", "/page/page.css": "text/css; charset=utf-8",
                 "/page/page.js": "text/javascript; charset=utf-8", "/page/icon.svg": "image/svg+xml"}
        for path, kind in kinds.items():
            assert seen[path].header("Content-Type") == kind, seen[path]
        size = sum(len(a.body) for a in seen.values())
        print(f"# {len(seen)} files, {size} bytes")
        assert 30000 < size < BYTES_MAX, size


@case("its policy lets own scripts run, and nothing else: no inline script, style or handler is in it")
def policy():
    with Server() as s:
        for path, answer in files(s).items():
            parts = dict(p.strip().split(" ", 1) for p in answer.header("Content-Security-Policy").split(";"))
            assert parts["default-src"] == "'none'" and parts["frame-ancestors"] == "'none'", (path, parts)
            assert parts["script-src"] == parts["style-src"] == parts["connect-src"] == "'self'", (path, parts)
            assert answer.header("X-Frame-Options") == "DENY" and answer.header("Referrer-Policy") == "no-referrer"
            assert answer.header("X-Content-Type-Options") == "nosniff"
            assert answer.header("Cross-Origin-Resource-Policy") == "same-origin"
            assert answer.header("Cache-Control") == "no-cache"
        html = s.get("/").body.decode()
        assert not re.search(r"\son[a-z]+=|\sstyle=|<style|javascript:|https?://", html)
        assert not re.search(r"<script(?![^>]* src=\"/page/)", html)


@case("each file has a tag of its own, and is not sent again to whom has it")
def tags():
    with Server() as s:
        seen = files(s)
        assert len({a.header("ETag") for a in seen.values()}) == len(seen)
        for path, answer in seen.items():
            tag = answer.header("ETag")
            with s.connect() as c:  # one connection: a body after a 304 would be the next answer
                for value, status in ((tag, 304), (f'"x", W/{tag}', 304), ("*", 304), ('"x"', 200)):
                    c.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: {value}\r\n\r\n".encode())
                    again = c.answer()
                    assert again.status == status and again.header("ETag") == tag, (path, value, again)
                c.send(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                head = c.answer(head=True)
                assert head.status == 200 and int(head.header("Content-Length")) == len(answer.body), head


@case("a person may open it, other pages may not, and it takes no query and no other name")
def visitors():
    with Server() as s:
        assert s.get("/", "Sec-Fetch-Site: none").status == 200
        assert s.get("/page/page.js", "Sec-Fetch-Site: same-origin").status == 200
        for refused, status in ((("Sec-Fetch-Site: cross-site",), 403), (("Origin: http://evil.example",), 403)):
            assert s.get("/", *refused).status == status
        assert s.get("/", host="evil.example").status == 421
        assert s.get("/?x=1").status == 400
        for path in ("/page/", "/page/none.js", "/page/../openapi.json", "/page/%2e%2e/x", "/page", "/index.html", "//"):
            assert s.get(path).status == 404, path
        assert s.get("/", method="POST").status == 405


if __name__ == "__main__":
    run_cases()
