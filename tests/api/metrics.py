#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The text of /metrics, by the letter of both formats. Prints TAP."""
import math
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import Server, case, request, run_cases  # noqa: E402

OPEN = "Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
NAME = r"[a-z][a-z0-9_]*"
LABELS = re.compile(rf'{{({NAME}="(?:[^"\\\n]|\\[\\"n])*"(?:,{NAME}="(?:[^"\\\n]|\\[\\"n])*")*)}}')
SAMPLE = re.compile(rf"({NAME})({{.*}})? (-?[0-9]+(?:\.[0-9]+)?)")
ENDS = {"gauge": {""}, "counter": {"_total"}, "histogram": {"_bucket", "_sum", "_count"}}
LABELS_ALLOWED = {"link", "interface", "kind", "state", "quality", "direction", "q", "le", "source", "reason",
                  "version", "per", "code", "outcome", "within"}


def parse(text, is_open):
    """All families as {name: (type, {(sample, labels): value})}; whatever is not by the letter is an error."""
    lines = text.split("\n")
    assert lines.pop() == "", "the last line ends"
    if is_open:
        assert lines.pop() == "# EOF"
    families, name = {}, None
    for line in lines:
        if line.startswith("# HELP "):
            name, help_text = line[7:].split(" ", 1)
            assert re.fullmatch("linkqd_" + NAME, name) and help_text.endswith((".", "1.", "?")), line
            assert name not in families, f"{name} comes twice"
            families[name] = (None, {})
        elif line.startswith("# TYPE "):
            what, kind = line[7:].split(" ")
            assert what == name and families[name] == (None, {}) and kind in ENDS, line
            families[name] = (kind, {})
            assert name.endswith("_total") == (kind == "counter" and not is_open), line
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            sample, labels, value = match.groups()
            kind, samples = families[name]
            end = sample.removeprefix(name.removesuffix("_total"))
            assert sample.startswith(name.removesuffix("_total")) and end in ENDS[kind], line
            assert labels is None or LABELS.fullmatch(labels), line
            assert set(re.findall(rf'({NAME})="', labels or "")) <= LABELS_ALLOWED, line
            assert (sample, labels) not in samples, f"{line}: comes twice"
            assert kind == "gauge" or float(value) >= 0, line
            samples[sample, labels] = float(value)
    for name, (kind, samples) in families.items():
        assert kind, f"{name} has no type"
        if kind == "histogram":
            check_histogram(name, samples)
    return families


def check_histogram(name, samples):
    buckets = [(float(re.search('le="([^"]+)"', labels).group(1)), n)
               for (sample, labels), n in samples.items() if sample.endswith("_bucket")]
    assert buckets == sorted(buckets) and buckets[-1][0] == math.inf, buckets
    assert [n for _, n in buckets] == sorted(n for _, n in buckets), "they are cumulative"
    assert samples[name + "_count", None] == buckets[-1][1]
    assert samples[name + "_sum", None] >= 0


def probes(server):
    import json
    return json.loads(server.get("/v1/explain").body)["probes"]


@case("the text is by the letter of Prometheus 0.0.4")
def text():
    with Server() as s:
        s.observe()
        answer = s.get("/metrics")
        assert answer.status == 200
        assert answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
        families = parse(answer.body.decode(), False)
        assert families["linkqd_forecast_outage_probability"][1]["linkqd_forecast_outage_probability", '{within="15m"}'] == 0.75
        assert families["linkqd_history_rows_total"][1] == {("linkqd_history_rows_total", None): 1000}
        assert families["linkqd_rtt_seconds"][1]["linkqd_rtt_seconds_bucket", '{le="0.05"}'] == 1
        assert families["linkqd_rtt_seconds"][1]["linkqd_rtt_seconds_bucket", '{le="0.025"}'] == 0
        assert families["linkqd_ttfb_seconds"][1]["linkqd_ttfb_seconds_bucket", '{le="10.0"}'] == 0
        assert families["linkqd_ttfb_seconds"][1]["linkqd_ttfb_seconds_sum", None] == 11
        states = [n for (_, labels), n in families["linkqd_link_state"][1].items() if 'link="k3f9"' in labels]
        assert sorted(states) == [0, 0, 0, 0, 1], states


@case("and by the letter of OpenMetrics 1.0, with the same values")
def open_metrics():
    with Server() as s:
        answer = s.get("/metrics", OPEN)
        assert answer.header("Content-Type") == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        families = parse(answer.body.decode(), True)
        plain = parse(s.get("/metrics", "Accept: text/plain").body.decode(), False)
        assert {name.removesuffix("_total") for name in plain} == set(families)
        samples = [{key for _, part in all_.values() for key in part} for all_ in (families, plain)]
        assert samples[0] == samples[1]


@case("what the server does is counted, by the first digit of the status")
def traffic():
    def sample(s, name, labels=None):
        families = parse(s.get("/metrics").body.decode(), False)
        return families[name][1][name, labels]
    with Server() as s, s.connect() as waiting:
        for _ in range(3):
            assert s.get("/nope").status == 404
        assert sample(s, "linkqd_http_answers_total", '{code="4xx"}') == 3
        before = sample(s, "linkqd_http_answers_total", '{code="2xx"}')
        s.get("/v1/link")
        assert sample(s, "linkqd_http_answers_total", '{code="2xx"}') == before + 2
        assert sample(s, "linkqd_http_accepted_connections_total") >= 7
        waiting.send(request("/v1/events"))
        assert waiting.head().status == 200
        assert sample(s, "linkqd_http_waiting") == sample(s, "linkqd_http_streams_total") == 1
        assert sample(s, "linkqd_http_connections") >= 2
        assert sample(s, "linkqd_http_slow_streams_total") == 0


@case("asking measures nothing and changes nothing")
def no_probe():
    with Server() as s:
        before = probes(s)
        for _ in range(20):
            s.get("/metrics")
            s.get("/metrics", OPEN)
        assert [p["count"] for p in probes(s)] == [p["count"] for p in before]
        assert s.get("/metrics", method="HEAD").status == 200
        assert s.get("/metrics?x=1").status == 400
        assert s.post("/metrics", "{}").status == 405


@case("promtool finds nothing to complain of")
def promtool():
    with Server() as s:
        s.observe()
        for header in ("Accept: text/plain",):
            done = subprocess.run([PROMTOOL, "check", "metrics"], input=s.get("/metrics", header).body,
                                  capture_output=True, timeout=60, check=False)
            assert done.returncode == 0 and not done.stdout + done.stderr, done


PROMTOOL = os.environ.get("PROMTOOL") or shutil.which("promtool")

if __name__ == "__main__":
    run_cases({"promtool finds nothing to complain of": None if PROMTOOL else "no promtool (contrib/promtool fetches it)"})
