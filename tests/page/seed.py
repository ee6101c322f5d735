#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A week of minutes, with outages and changes, into the history of a daemon that is not running.

    seed.py DATABASE MINUTES
"""
import math
import random
import sqlite3
import sys
import time

ONLINE, STALLED, OFFLINE = 1, 2, 3
MINIMAL, MODERATE, GOOD = 1, 2, 3
CHANGE, BEGIN, END = 0, 1, 2
DROP, RISE = 1, 2
MINUTE_US, MINUTE_MS = 60000000, 60000

rng = random.Random(7)
db = sqlite3.connect(sys.argv[1])
minutes = int(sys.argv[2])
link = db.execute("SELECT link FROM estimate ORDER BY t DESC LIMIT 1").fetchone()[0]
now = int(time.time()) // 60 * MINUTE_MS
level, regime, out, rows, events = 20000.0, 20000.0, 0, [], []
for i in range(minutes, 0, -1):
    t = now - i * MINUTE_MS
    if rng.random() < 1 / 700:
        old, regime = regime, rng.choice((1800, 6000, 20000, 48000))
        if old != regime:
            events.append((t, 0, link, CHANGE, RISE if regime > old else DROP, int(old), regime, None, None))
    level = math.exp(0.9 * math.log(level) + 0.1 * math.log(regime) + rng.gauss(0, 0.05))
    if out == 0 and rng.random() < 1 / 900:
        out = rng.choice((2, 5, 40))
        events += [(t, 1, link, BEGIN, 0, None, None, None, None),
                   (t + out * MINUTE_MS, 0, link, END, 0, None, None, out * MINUTE_US, None)]
    if out > 0:
        out -= 1
        rows.append((t // 1000, link, OFFLINE, 0, *[None] * 8, 1000000, 3, 0, 300))
        continue
    down, rtt = int(level), int(25000 + 4e8 / level * rng.uniform(0.8, 1.4))
    rows.append((t // 1000, link, ONLINE, GOOD if down > 5000 else MODERATE, down * 2 // 3, down, down * 7 // 5, down // 4,
                 rtt * 2 // 3, rtt, rtt * 2, rtt * 3 // 2, 0, 6, down * 60, 300))
db.executemany(f"INSERT OR REPLACE INTO estimate VALUES ({','.join('?' * 16)})", rows)
db.executemany(f"INSERT OR REPLACE INTO event VALUES ({','.join('?' * 9)})", events)
db.executemany("INSERT OR IGNORE INTO stale VALUES (60, ?)", [(r[0] + more,) for r in rows for more in (0, 60)])
db.commit()
print(len(rows))
