#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The OpenAPI description and the answers are of one shape, and nothing undocumented comes. Prints TAP."""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import Server, case, run_cases  # noqa: E402

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def is_type(value, name):
    if name in ("integer", "number"):
        return isinstance(value, int if name == "integer" else (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


class Description:
    def __init__(self, server):
        self.doc = json.loads(server.get("/openapi.json").body)

    def resolve(self, node):
        while "$ref" in node:
            at = self.doc
            for part in node["$ref"].removeprefix("#/").split("/"):
                at = at[part]
            node = at
        return node

    def check(self, value, schema, where):
        """As far as this description needs JSON Schema; a member it does not name is an error."""
        schema = self.resolve(schema)
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        assert not types or any(is_type(value, t) for t in types), f"{where}: {value!r} is not {types}"
        assert "enum" not in schema or value in schema["enum"], f"{where}: {value!r}"
        assert "const" not in schema or value == schema["const"], f"{where}: {value!r}"
        if isinstance(value, dict):
            missing = set(schema.get("required", ())) - set(value)
            assert not missing, f"{where}: {missing} missing"
            for key, inner in value.items():
                known = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
                if known is None:
                    assert "properties" not in schema, f"{where}.{key} is not described"
                else:
                    self.check(inner, known, f"{where}.{key}")
        if isinstance(value, list) and "items" in schema:
            for i, inner in enumerate(value):
                self.check(inner, schema["items"], f"{where}[{i}]")

    def check_answer(self, answer, path, method="get"):
        responses = self.doc["paths"][path][method]["responses"]
        assert str(answer.status) in responses, f"{path}: {answer.status} is not described"
        kind = answer.header("Content-Type").split(";")[0]
        content = self.resolve(responses[str(answer.status)])["content"]
        assert kind in content, f"{path}: {kind} is not described"
        if kind in ("application/json", "application/problem+json"):
            self.check(json.loads(answer.body), content[kind]["schema"], f"{method} {path} {answer.status}")


HINT = {"ladder_kbps": [400, 1200, 3000], "buffer_s": 3, "segment_s": 4, "current": 2,
        "inflight": {"rendition": 2, "bytes": 1, "total_bytes": 9000000, "elapsed_s": 3}}


@case("each reference of the description leads somewhere, and each path of it is served")
def complete():
    with Server() as s:
        description = Description(s)

        def walk(node):
            if isinstance(node, dict):
                if "$ref" in node:
                    description.resolve(node)
                for inner in node.values():
                    walk(inner)
            elif isinstance(node, list):
                for inner in node:
                    walk(inner)
        walk(description.doc)
        for path, operations in description.doc["paths"].items():
            path = path.replace("{id}", "k3f9").replace("{file}", "page.js")
            answer = s.get(path, method="PATCH")
            assert answer.status == 405, (path, answer)
            allow = set(answer.header("Allow").split(", ")) - {"HEAD"}
            assert allow == {m.upper() for m in operations}, (path, allow)
            if path.startswith("/v1"):
                assert s.get(path + "?nonsense=1").status in (400, 405), path


@case("answers without evidence are as described, unknown being null")
def unknown():
    with Server() as s:
        check_all(s)


@case("answers with evidence are as described")
def known():
    with Server() as s:
        s.observe()
        s.observe('{"bytes":0,"duration_ms":1,"app":"ctl:change"}')
        check_all(s)


@case("answers during an outage are as described")
def outage():
    with Server() as s:
        s.observe()
        s.observe('{"bytes":0,"duration_ms":1,"app":"ctl:offline"}')
        check_all(s)


def check_all(s):
    description = Description(s)
    for target, path in (("/v1/link", None), ("/v1/links", None), ("/v1/links/k3f9", "/v1/links/{id}"),
                         ("/v1/links/x", "/v1/links/{id}"), ("/v1/transfer?bytes=1000000", "/v1/transfer"),
                         ("/v1/transfer?bytes=x", "/v1/transfer"), ("/v1/explain", None), ("/v1/budget", None),
                         ("/v1/forecast", None), ("/v1/forecast?link=k3f9", "/v1/forecast"), ("/v1/forecast?link=x", "/v1/forecast"),
                         ("/healthz", None), ("/readyz", None), ("/v1/history", None), ("/v1/history.csv", None),
                         ("/v1/conditions", None), ("/v1/conditions?by=hour", "/v1/conditions"),
                         ("/v1/history?format=jsonl", "/v1/history"), ("/v1/history?link=x", "/v1/history"),
                         ("/v1/hint?ladder_kbps=400,1200,3000&buffer_s=10", "/v1/hint"),
                         ("/v1/hint?ladder_kbps=400,1200&format=kbps", "/v1/hint"), ("/openapi.json", None),
                         ("/", None), ("/page/page.js", "/page/{file}"), ("/page/page.css", "/page/{file}"),
                         ("/page/icon.svg", "/page/{file}"), ("/page/none.js", "/page/{file}")):
        description.check_answer(s.get(target), path or target)
    description.check_answer(s.get("/v1/links?remembered=true"), "/v1/links")
    for name in ({"name": "Home"}, {"name": None}, {"nom": "Home"}, {"name": "x" * 64}):
        description.check_answer(s.post("/v1/links/k3f9", json.dumps(name)), "/v1/links/{id}", "post")
    description.check_answer(s.post("/v1/links/x", '{"name":"y"}'), "/v1/links/{id}", "post")
    for target, path in (("/v1/links/k3f9", "/v1/links/{id}"), ("/v1/links/x", "/v1/links/{id}"),
                         ("/v1/links?all=true", "/v1/links"), ("/v1/links", "/v1/links")):
        description.check_answer(s.get(target, method="DELETE"), path, "delete")
    for target in ("/v1/measure", "/v1/measure?over_budget=true"):
        description.check_answer(s.post(target, "{}"), "/v1/measure", "post")
    for body in (HINT, {"ladder_kbps": []}):
        description.check_answer(s.post("/v1/hint", json.dumps(body)), "/v1/hint", "post")
    for body in ("[]", '[{"bytes":1,"duration_ms":9},5]', "nonsense", " " * 300000):
        description.check_answer(s.post("/v1/observations", body), "/v1/observations", "post")


@case("the hint learns from what a POST tells, remembers its session, and a GET changes nothing")
def hint():
    def count():
        return next(p["count"] for p in json.loads(s.get("/v1/explain").body)["probes"] if p["target"] == "observed")

    with Server() as s:
        s.observe()
        last = {"bytes": 1500000, "duration_s": 2.4, "ttfb_s": 0.06, "rendition": "1200"}
        body = {"ladder_kbps": [400, 1200, 3000], "buffer_s": 12, "segment_s": 4, "last": last, "session": "tab-1"}
        before = count()
        answer = json.loads(s.post("/v1/hint", json.dumps(body)).body)
        assert answer["rendition"] == "3000" and answer["reason"] == "startup", answer
        assert count() == before + 1
        del body["last"]
        answer = json.loads(s.post("/v1/hint", json.dumps(body)).body)
        assert answer["reason"] == "steady", answer  # it remembers what plays
        answer = json.loads(s.get("/v1/hint?ladder_kbps=400,1200,3000&buffer_s=12&session=tab-1").body)
        assert answer["reason"] == "steady", answer
        answer = json.loads(s.get("/v1/hint?ladder_kbps=400,1200,3000&buffer_s=12&session=tab-2").body)
        assert answer["reason"] == "startup", answer
        assert json.loads(s.get("/v1/hint?ladder_kbps=400,1200,3000&buffer_s=12&session=tab-2").body) == answer
        assert count() == before + 1
        assert s.get("/v1/hint?ladder_kbps=400,1200,3000&buffer_s=12&format=kbps").body == b"3000\n"
        assert s.post("/v1/hint?format=kbps", json.dumps(HINT)).header("Content-Type").startswith("text/plain")


if __name__ == "__main__":
    run_cases()
