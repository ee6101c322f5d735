#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""contrib/prometheus and contrib/grafana, and the daemon under a real Prometheus. Prints TAP.

PROMTOOL names promtool, and prometheus lies beside it (contrib/promtool fetches both).
Everything is on loopback, with free ports, in a scratch folder.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(TOP, "tests", "system"))
import harness  # noqa: E402
import tap  # noqa: E402
from harness import SLOW, wait_for  # noqa: E402

PROMTOOL = os.environ.get("PROMTOOL") or shutil.which("promtool")
PROMETHEUS = os.path.join(os.path.dirname(PROMTOOL), "prometheus") if PROMTOOL else None
FOLDER = os.path.join(TOP, "contrib", "prometheus")
DASHBOARD = os.path.join(TOP, "contrib", "grafana", "linkqd.json")
PATIENCE_S = 60 * SLOW
RECORDED = re.compile(r"\binstance:linkqd_\w+:\w+")
NAME = re.compile(r"(?<![\w:])linkqd_\w+(?!\w*:)")


def text_of(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def promtool(*args):
    done = subprocess.run([PROMTOOL, *args], capture_output=True, text=True, timeout=PATIENCE_S * 2, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def dashboard():
    return json.loads(text_of(DASHBOARD))


def dashboard_queries():
    """All of its queries, with its variables put in."""
    board = dashboard()
    texts = [t["expr"] for p in board["panels"] for t in p.get("targets", [])]
    texts += [a["expr"] for a in board["annotations"]["list"]]
    for text in texts:
        for name, value in (("$__rate_interval", "1m"), ("$__range", "1h"), ("$job", ".*"), ("$host", ".*")):
            text = text.replace(name, value)
        assert "$" not in text, text
        yield text


def replaced(text, **what):
    """The shipped text with `what` in the place of lines that begin so."""
    for key, value in what.items():
        text, n = re.subn(rf"(?m)^(\s*(?:- )?{key}:).*$", lambda m, v=value: f"{m[1]} {v}", text)
        assert n, key
    return text


class Prometheus:
    """A Prometheus on loopback."""

    def __init__(self, directory, name, config, *flags):
        self.log_path = os.path.join(directory, f"{name}.log")
        path = os.path.join(directory, f"{name}.yml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(config)
        for _ in range(5):  # a port that was free may be taken meanwhile
            with socket.create_server(("127.0.0.1", 0)) as free:
                self.port = free.getsockname()[1]
            with open(self.log_path, "wb") as log:
                self.process = subprocess.Popen(
                    [PROMETHEUS, f"--config.file={path}", f"--web.listen-address=127.0.0.1:{self.port}",
                     "--log.level=warn", *flags], stdout=log, stderr=log, cwd=directory)
            wait_for(lambda: self.is_ready() or self.process.poll() is not None, f"{name} to be ready", PATIENCE_S)
            if self.process.poll() is None:
                return
        raise AssertionError(f"{name} does not start: {text_of(self.log_path)[-2000:]}")

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def get(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{query}: {error.read().decode()}") from error

    def query(self, expression):
        """What it is now: [(labels, value)]."""
        return [(r["metric"], float(r["value"][1])) for r in self.get("query", query=expression)["result"]]

    def value(self, expression):
        """Of one series; None: there is none yet."""
        result = self.query(expression)
        assert len(result) < 2, (expression, result)
        return result[0][1] if result else None

    def close(self):
        self.process.kill()
        self.process.wait()


class Rules(harness.TestCase):
    """What is shipped is by the letter."""
    timeout = 150 * SLOW

    def test_alert_when_they_should_and_only_then(self):
        promtool("check", "rules", os.path.join(FOLDER, "linkqd.rules.yml"))
        promtool("test", "rules", os.path.join(FOLDER, "linkqd.rules.test.yml"))

    def test_are_all_tested(self):
        names = re.findall(r"- alert: (\w+)", text_of(FOLDER, "linkqd.rules.yml"))
        tested = re.findall(r"alertname: (\w+)\n        exp_alerts", text_of(FOLDER, "linkqd.rules.test.yml"))
        self.assertGreaterEqual(len(names), 15)
        self.assertEqual(set(names), set(tested))

    def test_configurations_are_read_by_prometheus(self):
        promtool("check", "config", "--syntax-only", os.path.join(FOLDER, "fleet.yml"))
        promtool("check", "config", "--agent", "--syntax-only", os.path.join(FOLDER, "agent.yml"))


class Names(harness.TestCase):
    """Every metric that a rule, a panel or a page names is one that the daemon has."""

    def test_of_metrics_exist(self):
        _, _, body = self.daemon().request("GET", "/metrics")
        have = set(re.findall(r"(?m)^(linkqd_\w+)", body.decode()))
        types = dict(re.findall(r"(?m)^# TYPE (linkqd_\w+) (\w+)", body.decode()))
        have |= set(types) | {f"{n}_{end}" for n, t in types.items() if t == "histogram" for end in ("bucket", "count")}
        rules = text_of(FOLDER, "linkqd.rules.yml")
        recorded = set(re.findall(r"record: (\S+)", rules))
        for where, text in (("rules", rules), ("tests", text_of(FOLDER, "linkqd.rules.test.yml")),
                            ("readme", text_of(FOLDER, "README.md").replace("linkqd_link_*", "")),
                            *(("dashboard", q) for q in dashboard_queries())):
            self.assertLessEqual(set(RECORDED.findall(text)), recorded, where)
            self.assertLessEqual(set(NAME.findall(RECORDED.sub("", text))), have, where)

    def test_of_panels_are_distinct_and_none_covers_another(self):
        board = dashboard()
        panels = board["panels"]
        self.assertEqual(len({p["id"] for p in panels}), len(panels))
        cells = [(x, y) for p in panels for g in (p["gridPos"],)
                 for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])]
        self.assertEqual(len(cells), len(set(cells)))
        self.assertLess(max(x for x, _ in cells), 24)
        for p in panels:
            refs = [t["refId"] for t in p.get("targets", [])]
            self.assertEqual(len(set(refs)), len(refs), p["title"])
            self.assertTrue(p["type"] == "row" or refs, p["title"])
        variables = {v["name"] for v in board["templating"]["list"]}
        used = set(re.findall(r"\$\{?(\w+)", json.dumps(board))) - {"__rate_interval", "__range"}
        self.assertEqual(used, variables)


class Scraped(harness.TestCase):
    """A real Prometheus asks the daemon, and an agent on the host pushes to it."""
    timeout = 150 * SLOW

    def prometheus(self, *args):
        p = Prometheus(self.directory, *args)
        self.addCleanup(p.close)
        return p

    def start(self):
        """The daemon, the store that scrapes it, and an agent that pushes what it scrapes."""
        daemon = self.daemon()
        self.file("token", "nobody-asks-for-it-on-loopback\n")
        hosts = self.file("hosts.json", json.dumps([{"targets": [f"127.0.0.1:{daemon.port}"],
                                                     "labels": {"site": "north"}}]))
        rules = shutil.copy(os.path.join(FOLDER, "linkqd.rules.yml"), self.directory)
        with open(rules, encoding="utf-8") as file:
            often = re.sub(r"interval: \dm", "interval: 1s", file.read())
        self.file("linkqd.rules.yml", often)
        store = self.prometheus(
            "store", replaced(text_of(FOLDER, "fleet.yml"), scrape_interval="250ms", evaluation_interval="1s",
                              credentials_file=f"{self.directory}/token", files=f'["{hosts}"]'),
            f"--storage.tsdb.path={self.directory}/store", "--web.enable-remote-write-receiver")
        self.file("remote-write.password", "secret")
        agent = self.prometheus(
            "agent", replaced(text_of(FOLDER, "agent.yml"), scrape_interval="250ms",
                              targets=f'["127.0.0.1:{daemon.port}"]',
                              url=f"http://127.0.0.1:{store.port}/api/v1/write",
                              password_file=f"{self.directory}/remote-write.password",
                              min_shards="1\n      batch_send_deadline: 200ms"),
            f"--storage.agent.path={self.directory}/agent", "--enable-feature=agent")
        return daemon, store, agent

    def same(self, store, daemon, where):
        """Does it have what /v1/link says now?"""
        link = daemon.get("/v1/link")
        of = f'{{link="{link["link"]["id"]}",{where}'

        def near(name, want, ratio):
            got = store.value(f"linkqd_link_{name}")
            return got is not None and abs(got - want) <= ratio * want
        return (store.value(f'linkqd_link_state{of},state="{link["state"]}"}}') == 1 and
                store.value(f'linkqd_link_quality{of},quality="{link["quality"]}"}}') == 1 and
                store.value(f"linkqd_link_default{of}}}") == int(link["link"]["default"]) and
                store.value(f'linkqd_link_rtt_seconds{of},q="0.5"}}') == link["rtt_ms"]["p50"] / 1000 and
                store.value(f'linkqd_link_ttfb_seconds{of},q="0.9"}}') == link["ttfb_ms"]["p90"] / 1000 and
                # these move with time alone, and are scraped a moment earlier
                all(near(f'goodput_bytes_per_second{of},direction="down",q="{q}"}}', 125 * link["down_kbps"][p], 0.03)
                    for q, p in (("0.1", "p10"), ("0.5", "p50"), ("0.9", "p90"))))

    def test_has_what_the_daemon_says_and_answers_every_query(self):
        daemon, store, _ = self.start()
        scraped, pushed = 'site="north"', 'instance="laptop-17"'
        told = [{"bytes": 400_000, "duration_ms": 300, "ttfb_ms": 45, "app": "test"}, {"connect_ms": 20}]

        def quantile(name, where):
            daemon.post(told)
            return store.value(f"histogram_quantile(0.5, rate(linkqd_{name}_seconds_bucket{{{where}}}[10s]))") or 0
        for where in (scraped, pushed):
            wait_for(lambda w=where: store.value(f'up{{job="linkqd",{w}}}') == 1, f"up of {where}", PATIENCE_S)
            wait_for(lambda w=where: 0.025 < quantile("ttfb", w) <= 0.05, f"a median of {where}", PATIENCE_S)
            wait_for(lambda w=where: 0.01 < quantile("rtt", w) <= 0.025, f"a round trip of {where}", PATIENCE_S)
        for where in (scraped, pushed):
            wait_for(lambda w=where: self.same(store, daemon, w), f"{where} to have what /v1/link says", PATIENCE_S)
        labels = {r["job"] for r, _ in store.query("linkqd_build_info")}
        self.assertEqual(labels, {"linkqd"})
        for query in dashboard_queries():
            store.query(query)
        state = next(q for q in dashboard_queries() if "linkqd_link_state" in q)
        self.assertEqual({v for _, v in store.query(state)}, {1}, "online is the value 1")
        recorded = "instance:linkqd_online:ratio_rate1h"
        wait_for(lambda: len(store.query(f"{recorded} > 0")) == 2, "the share of the time online", PATIENCE_S)

        def rules():
            return [r for g in store.get("rules")["groups"] for r in g["rules"]]
        wait_for(lambda: all(r["health"] != "unknown" for r in rules()), "every rule to be evaluated", PATIENCE_S)
        self.assertEqual([(r["name"], r.get("lastError")) for r in rules() if r["health"] != "ok"], [])
        self.assertEqual([a["labels"]["alertname"] for a in store.get("alerts")["alerts"]], [])
        daemon.stop()
        wait_for(lambda: store.value(f'up{{job="linkqd",{scraped}}}') == 0, "up to fall", PATIENCE_S)
        wait_for(lambda: "LinkqdDown" in [a["labels"]["alertname"] for a in store.get("alerts")["alerts"]],
                 "an alert to be pending", PATIENCE_S)


if __name__ == "__main__":
    if not PROMTOOL or not os.access(PROMETHEUS, os.X_OK):
        tap.skip_all("no prometheus (contrib/promtool fetches it)")
    tap.main()
