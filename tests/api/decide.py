#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""linkq decide on a made-up link: it climbs, falls, gives up, and is the same each time. Prints TAP."""
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from server import case, run_cases  # noqa: E402

LINKQ = os.path.join(os.environ.get("builddir", "."), "linkq")
LADDER = [400, 1200, 3000, 6000]
SEGMENT_S, MAX_BUFFER_S, RTT_S = 4, 24, 0.05


def ride(kbps_at, seconds):
    """A player over a link of kbps_at(t): the lines both ways, the choices, the stall seconds."""
    child = subprocess.Popen([LINKQ, "decide"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    said, chosen, gave_up, stall = [], [], [], 0.0

    def ask(question):
        child.stdin.write(json.dumps(question) + "\n")
        child.stdin.flush()
        answer = child.stdout.readline()
        said.append(answer)
        return json.loads(answer)

    t, buffer, last = 0.0, 0.0, None
    while t < seconds:
        answer = ask({"t": round(t, 3), "buffer_s": round(buffer, 3), "last": last, "ladder_kbps": LADDER,
                      "segment_s": SEGMENT_S, "max_buffer_s": MAX_BUFFER_S})
        rung = answer["rendition"]
        chosen.append((t, rung))
        t += answer["wait_s"]
        buffer = max(0.0, buffer - answer["wait_s"])
        total, got, begun, told, aborted = LADDER[rung] * SEGMENT_S * 125, 0.0, t, t, False
        while got < total:
            if t - begun >= RTT_S:
                got += kbps_at(t) * 125 * 0.01
            t += 0.01
            if buffer < 0.01 and len(chosen) > 1:
                stall += 0.01
            buffer = max(0.0, buffer - 0.01)
            if t - told >= 0.5 and got < total:
                told = t
                answer = ask({"type": "progress", "t": round(t, 3), "buffer_s": round(buffer, 3), "rendition": rung,
                              "bytes": int(got), "total_bytes": total, "elapsed_s": round(t - begun, 3),
                              "ttfb_s": RTT_S if got else None})
                if answer["abandon"] is not None:
                    gave_up.append((t, rung, answer["abandon"]))
                    aborted = True
                    break
        last = {"bytes": int(min(got, total)), "duration_s": round(t - begun, 3), "ttfb_s": RTT_S, "rendition": rung}
        if aborted:
            last["aborted"] = True
        else:
            buffer += SEGMENT_S
    child.stdin.close()
    assert child.wait(timeout=20) == 0
    child.stdout.close()
    return said, chosen, gave_up, stall


def decide(text):
    return subprocess.run([LINKQ, "decide"], input=text, capture_output=True, text=True, timeout=20)


@case("on a steady link it climbs to what the link carries, and stays")
def steady():
    _, chosen, gave_up, stall = ride(lambda t: 3500, 120)
    late = {rung for t, rung in chosen if t > 40}
    assert late == {2} and not gave_up and stall == 0, (chosen, gave_up, stall)


@case("between two rungs it spends what is left over in long stretches, and does not flap")
def between():
    _, chosen, gave_up, stall = ride(lambda t: 4500, 240)
    late = [rung for t, rung in chosen if t > 30]
    switches = sum(a != b for a, b in zip(late, late[1:]))
    assert set(late) <= {2, 3} and switches <= 8 and not gave_up and stall == 0, (chosen, gave_up, stall)


@case("when the link falls to a tenth it gives up what would stall, and goes down")
def drop():
    _, chosen, gave_up, stall = ride(lambda t: 8000 if t < 60 else 700, 120)
    assert any(rung == 3 for t, rung in chosen if t < 60), chosen
    assert {rung for t, rung in chosen if t > 90} <= {0, 1}, chosen
    assert stall < 4, stall


@case("the same questions get the same bytes")
def same():
    first, second = (ride(lambda t: 5000 if int(t / 10) % 2 else 1500, 60)[0] for _ in range(2))
    assert first == second


@case("it answers the lowest rung without evidence, and takes blank lines and numbers as they come")
def beginnings():
    got = decide('\n{"t":1e1,"buffer_s":0,"last":null,"ladder_kbps":[3000,400.5,1200],"segment_s":4,"max_buffer_s":20}\n')
    assert got.returncode == 0 and json.loads(got.stdout) == {"rendition": 1, "wait_s": 0}, got


@case("a line that is wrong is named, and nothing after it is answered")
def wrong():
    good = '{"t":1,"buffer_s":0,"last":null,"ladder_kbps":[400,1200],"segment_s":4,"max_buffer_s":20}\n'
    for bad, word in (("nonsense", "column"), ("[]", "object"), ('{"t":2}', "ladder_kbps"), ('{"t":-1}', "t must"),
                      ('{"type":"progress","t":2}', "bytes"), ('{"type":"guess","t":2}', "type"),
                      (good.replace('"t":1', '"t":0.5').strip(), "goes back")):
        got = decide(good + bad + "\n" + good)
        assert got.returncode == 1 and "line 2" in got.stderr and word in got.stderr, (bad, got)
        assert len(got.stdout.splitlines()) == 1, got
    got = decide('{"type":"progress","t":2,"bytes":1,"elapsed_s":1}\n')
    assert got.returncode == 1 and "line 1" in got.stderr, got


if __name__ == "__main__":
    run_cases()
