#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Live streams in virtual time: linkq decide beside a throughput rule, at the live edge. Prints TAP.

A segment is there when it was made, so the buffer never holds more than the latency. Low latency:
a segment is fetched while it is made, part by part, and plays meanwhile.
"""
import json
import math
import os
import random
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import case, run_cases  # noqa: E402

LINKQ = os.path.join(os.environ.get("builddir", "."), "linkq")
LADDER = [300, 800, 1600, 3000, 5000]
RTT_S, STEP_S, SECONDS = 0.05, 0.02, 240


class Asked:
    """linkq decide, told of whole segments and, each half second, of the one under way."""

    def __init__(self):
        self.child = subprocess.Popen([LINKQ, "decide"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, question):
        self.child.stdin.write(json.dumps(question) + "\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    def choose(self, stream, last):
        return self.ask({"t": round(stream.t, 3), "buffer_s": round(stream.buffer, 3), "last": last,
                         "ladder_kbps": LADDER, "segment_s": stream.segment_s, "mode": stream.mode,
                         "max_buffer_s": round(stream.room(), 3)})["rendition"]

    def progress(self, stream, rung, got, total, elapsed, busy):
        return self.ask({"type": "progress", "t": round(stream.t, 3), "buffer_s": round(stream.buffer, 3),
                         "rendition": rung, "bytes": int(got), "total_bytes": total, "elapsed_s": round(elapsed, 3),
                         "ttfb_s": RTT_S if got else None, "busy_s": round(busy, 3)})["abandon"]

    def end(self):
        self.child.stdin.close()
        assert self.child.wait(timeout=20) == 0
        self.child.stdout.close()


class Rule:
    """Four fifths of the harmonic mean of the last four rates, and of true ones: the time in
    which it waited for parts that were not made yet is left out."""

    def __init__(self):
        self.rates = []

    def choose(self, _, last):
        if last and last["busy_s"] > 0:
            self.rates = (self.rates + [last["bytes"] * 8e-3 / last["busy_s"]])[-4:]
        if not self.rates:
            return 0
        safe = 0.8 * len(self.rates) / sum(1 / max(rate, 1e-3) for rate in self.rates)
        return max(i for i, kbps in enumerate(LADDER) if i == 0 or kbps <= safe)

    def progress(self, *_):
        return None

    def end(self):
        pass


class Stream:
    def __init__(self, kbps_at, who, segment_s, latency_s, part_s=None):
        self.kbps_at, self.who, self.segment_s, self.part_s = kbps_at, who, segment_s, part_s
        self.mode = "low-latency" if part_s else "live"
        self.t = 10 * latency_s  # the stream has been on for a while
        self.begun = self.t
        self.buffer, self.stall, self.played = 0.0, 0.0, []
        self.playing, self.latency = False, latency_s
        self.next = math.floor((self.t - latency_s) / segment_s)
        self.start_up = None

    def room(self):
        """Latency, less what is not made or not whole yet."""
        return max(self.latency - (0 if self.part_s else self.segment_s / 2), self.segment_s / 4)

    def pass_time(self, by):
        self.t += by
        if not self.playing:
            if self.buffer >= (self.part_s or self.segment_s):
                self.playing = True
                self.start_up = self.start_up if self.start_up is not None else self.t - self.begun
            else:
                self.stall += by if self.start_up is not None else 0
                self.latency += by
        if self.playing:
            self.buffer -= by
            if self.buffer < 0:
                self.buffer, self.playing = 0.0, False

    def made(self, index, total):
        """Bytes of a segment that there are by now."""
        since = self.t - index * self.segment_s
        if since >= self.segment_s:
            return total
        return 0 if not self.part_s else total * max(0, math.floor(since / self.part_s)) * self.part_s / self.segment_s

    def fetch(self, rung):
        """One segment, or what there was of it when it was given up; what to tell of it."""
        total, got, busy, begun, told = round(LADDER[rung] * self.segment_s * 125), 0.0, 0.0, self.t, self.t
        while got < total:
            self.pass_time(STEP_S)
            if self.t - begun >= RTT_S:
                more = min(self.kbps_at(self.t) * 125 * STEP_S, max(0, self.made(self.next, total) - got), total - got)
                got += more
                busy += STEP_S if self.made(self.next, total) - got > 1 or more > 1 else 0
                if self.part_s:
                    self.buffer += more / total * self.segment_s
            if self.t - told >= 0.5 and got < total:
                told = self.t
                to = self.who.progress(self, rung, got, total, self.t - begun, busy)
                if to is not None:
                    if self.part_s:  # what it has of the segment is of no use
                        self.buffer = max(0.0, self.buffer - got / total * self.segment_s)
                    return {"bytes": int(got), "duration_s": round(self.t - begun, 3), "ttfb_s": RTT_S,
                            "rendition": rung, "aborted": True, "busy_s": round(busy, 3)}
        self.next += 1
        self.played.append(LADDER[rung])
        if not self.part_s:
            self.buffer += self.segment_s
        return {"bytes": total, "duration_s": round(self.t - begun, 3), "ttfb_s": RTT_S, "rendition": rung,
                "busy_s": round(busy, 3)}

    def run(self):
        last = None
        while self.t - self.begun < SECONDS:
            while self.t < (self.next + (0 if self.part_s else 1)) * self.segment_s:
                self.pass_time(STEP_S)
            last = self.fetch(self.who.choose(self, last))
        self.who.end()
        self.kbps = sum(self.played) / len(self.played)
        return self


def wandering(seed, middle_kbps, octaves, tunnel_s=0.0, every_s=60.0):
    """A link around a rate, a step each half second, that comes back to it in some ten seconds."""
    rng, levels, at = random.Random(seed), [], 0.0
    for _ in range(2 * (SECONDS + 200)):
        at = at * 0.95 + rng.gauss(0, octaves * 0.31)
        levels.append(middle_kbps * 2 ** at)
    return lambda t: 0.0 if tunnel_s and t % every_s < tunnel_s else levels[int(t * 2) % len(levels)]


LINKS = {
    "steady": lambda seed: wandering(seed, 4200, 0.1),
    "restless": lambda seed: wandering(seed, 3500, 0.6),
    "falls": lambda seed: (lambda link: lambda t: link(t) * (0.2 if 180 < t < 240 else 1))(wandering(seed, 5500, 0.2)),
    "tunnels": lambda seed: wandering(seed, 5000, 0.3, 8.0),
    "slow": lambda seed: wandering(seed, 700, 0.3),
}


def compare(segment_s, latency_s, part_s=None, seeds=(1, 2)):
    """Sums over the links: (kbit/s, stall seconds) of ours and of the rule."""
    table = {}
    for name, link in LINKS.items():
        for seed in seeds:
            for who in (Asked, Rule):
                s = Stream(link(seed), who(), segment_s, latency_s, part_s).run()
                row = table.setdefault((name, who.__name__), [0, 0, 0])
                row[0] += s.kbps / len(seeds)
                row[1] += s.stall / len(seeds)
                row[2] += s.start_up / len(seeds)
    for (name, who), (kbps, stall, start) in table.items():
        print(f"# {name:9s} {who:6s} {kbps:6.0f} kbit/s, stalled {stall:5.1f} s, began after {start:.2f} s")
    return table


def judge(table):
    """More bits on every link, and over all of them no more stalls."""
    for name in LINKS:
        ours, rule = table[name, "Asked"], table[name, "Rule"]
        assert ours[0] >= rule[0], (name, ours, rule)
        assert ours[2] <= rule[2] + 0.5, (name, ours, rule)
    ours, rule = (sum(table[name, who][1] for name in LINKS) for who in ("Asked", "Rule"))
    print(f"# stalled {ours:.1f} s in all, the rule {rule:.1f} s")
    assert ours <= rule, (ours, rule)


@case("twelve seconds behind the edge it has more bits than a throughput rule on every link, and stalls less")
def live():
    judge(compare(4, 12))


@case("so it has with parts of half a second and a latency of 2.5 s")
def low_latency():
    judge(compare(4, 2.5, 0.5))


@case("so it has with parts of a fifth of a second and a latency of 1.5 s")
def lower_latency():
    judge(compare(2, 1.5, 0.2))


@case("with a second in the buffer it is careful, and nearly stalls no more than the rule")
def least_latency():
    table = compare(4, 1.0, 1.0)
    for name in ("steady", "restless", "slow"):
        assert table[name, "Asked"][1] <= table[name, "Rule"][1] + 1, table


if __name__ == "__main__":
    run_cases()
