# SPDX-License-Identifier: ISC
"""The link lab carries what its script says, and leaves nothing behind."""
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LINKLAB = os.path.join(os.environ.get("builddir", "."), "linklab")
MEASURE = [sys.executable, os.path.join(HERE, "measure.py")]

scratch = tempfile.mkdtemp(prefix="linklab-")
number = 0


def report(name, ok, detail=""):
    global number
    number += 1
    print(f"{'' if ok else 'not '}ok {number} - {name}", flush=True)
    if detail and not ok:
        print("# " + str(detail).replace("\n", "\n# "), flush=True)


def skip(name, why):
    global number
    number += 1
    print(f"ok {number} - {name} # SKIP {why}", flush=True)


def lab(*options, command, before=(), timeout=60, **more):
    return subprocess.run([*before, LINKLAB, *options, "--", *command], text=True,
                          capture_output=True, timeout=timeout, **more)


def measure(*options, what, **more):
    """What measure.py finds inside; None where the lab failed, which is then told."""
    got = lab(*options, command=MEASURE + [json.dumps(w) if i else w for i, w in enumerate(what)],
              **more)
    if got.returncode != 0:
        print(f"# exit status {got.returncode}: {got.stderr}")
        return None
    return json.loads(got.stdout)


def within(value, low, high):
    return value is not None and low <= value <= high


def twice(test):
    """A busy machine may spoil a measurement once."""
    return test() or test()


def carries(name, mode):
    # Of IP packets of 1500 bytes 52 are headers.
    for kbps, seconds in ((1000, 3), (10000, 1.5), (100000, 1)):
        seen = []

        def near():
            seen.append(measure(*mode, "--script", f"0,{kbps},{kbps},20",
                                what=("goodput", 1, seconds)))
            return within(seen[-1], 0.95 * 0.965 * kbps, 1.05 * 0.965 * kbps)
        report(f"{name}: goodput is within 5 % of what {kbps // 1000} Mbit/s carry", twice(near), seen)


def delays(name, mode):
    seen = []

    def near():
        got = measure(*mode, "--script", "0,20000,20000,40", what=("round_trips", 9))
        seen.append(got)
        return got and within(got["first"], 40, 42) and \
            (bool(mode) or within(got["connect"], 40, 41))
    report(f"{name}: a round trip takes what the script says, and 1 ms", twice(near), seen)


def cuts(name, mode):
    control, log = os.path.join(scratch, "control"), os.path.join(scratch, "truth.csv")
    got = measure(*mode, "--script", "0,10000,4000,30", "--control", control, "--log", log,
                  what=("outage", 1.5, "0,0,0,30; 1.5,10000,4000,30"))
    report(f"{name}: bytes stop when an outage begins and flow soon after its end",
           got and got["told"] == "ok" and got["stopped"] < 0.5 and got["again"] < 2.5, got)
    rows = [r for r in csv.DictReader(open(log)) if r["down_kbps"] == "0" and
            float(r["t_s"]) > 0.15]
    report(f"{name}: the truth has an outage in which nothing passed and the queue waited",
           13 <= len(rows) <= 15 and all(r["down_delivered_kbps"] == "0" for r in rows) and
           float(rows[-1]["queue_ms"]) > 1000, rows[-1:])
    report(f"{name}: the socket for scripts is gone with the lab", not os.path.exists(control))


def ends():
    got = lab(*MODE, command=["sh", "-c", "exit 7"])
    report("the exit status is that of the command", got.returncode == 7, got)
    got = lab(*MODE, command=["sh", "-c", "kill -9 $$"])
    report("a command that a signal ended counts as 128 and the signal", got.returncode == 137, got)
    got = lab(*MODE, command=["/nonexistent"])
    report("a command that is not there is 127", got.returncode == 127, got)
    got = lab(*MODE, "--script", "0,1,2", command=["true"])
    report("a broken script is named and nothing runs",
           got.returncode == 125 and "rtt_ms is missing" in got.stderr, got)
    got = measure(*MODE, "--control", os.path.join(scratch, "c"), what=("tell", "0,1,x,1"))
    report("a broken script on the socket is answered with what is wrong",
           got and "up_kbps: a number" in got, got)


def serves():
    folder = os.path.join(scratch, "files")
    os.makedirs(os.path.join(folder, "low"))
    with open(os.path.join(folder, "low", "a.m3u8"), "w") as f:
        f.write("#EXTM3U\n")
    with open(os.path.join(scratch, "secret"), "w") as f:
        f.write("beside it")
    wanted = ["/files/low/a.m3u8", "/files/low", "/files/../secret", "/files//etc/hostname", "/files/none"]
    got = measure(*MODE, "--files", folder, what=("pages", *wanted))
    report("a folder's files are there for pages of any origin",
           got and got[0] == [200, "application/vnd.apple.mpegurl", "*", "#EXTM3U\n"], got)
    report("nothing beside the folder's files is", got and [g[0] for g in got[1:]] == [404] * 4, got)
    got = measure(*MODE, what=("pages", wanted[0]))
    report("without a folder there are no files", got and got[0][0] == 404, got)
    shutil.rmtree(folder)


def alive(marker):
    """Processes whose command line has the marker, whatever namespace they are in."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if marker.encode() in f.read().split(b"\0"):
                    found.append(int(pid))
        except OSError:
            pass
    return found


def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def dies(sig, name):
    marker = f"{os.getpid()}{int(sig)}"
    p = subprocess.Popen([LINKLAB, *MODE, "--", "sh", "-c",
                          f"sleep {marker} & setsid sleep {marker} & wait"],
                         stderr=subprocess.DEVNULL)
    started = until(lambda: len(alive(marker)) == 2)
    p.send_signal(sig)
    p.wait()
    report(name, started and until(lambda: not alive(marker)), alive(marker))


def tun_for_all():
    """Run as nobody, where /dev/net/tun is open to all as udev leaves it."""
    node = "mount -t tmpfs -o mode=755 tmpfs /dev/net && mknod -m 666 /dev/net/tun c 10 200"
    return ["unshare", "-m", "sh", "-c", f"{node} && exec setpriv --reuid 65534 --regid 65534 "
            "--clear-groups \"$@\"", "sh"]


def python_of_nobody():
    """A Python that nobody may run, together with what it is to run; None."""
    for python in (sys.executable, "/usr/bin/python3"):
        # By way of a shell: setpriv itself may still have rights when it looks for a program.
        test = ["sh", "-c", "exec \"$@\"", "sh", python, "-c", "import sys; open(sys.argv[1]); open(sys.argv[2])", LINKLAB,
                MEASURE[1]]
        try:
            if subprocess.run(tun_for_all() + test, capture_output=True, cwd="/").returncode == 0:
                return python
        except OSError:
            pass
    return None


def unprivileged():
    name = "a user without any right has the same lab"
    if os.geteuid() != 0:
        skip(name, "this is a user without any right")
        return
    python = python_of_nobody()
    if python is None:
        skip(name, "no way to be one here who may read this folder")
        return
    got = lab("--script", "0,20000,20000,40", before=tun_for_all(), cwd="/",
              command=["sh", "-c", "id -u; exec \"$@\"", "sh", python, MEASURE[1],
                       "round_trips", "5"])
    if got.returncode == 77:
        skip(name, got.stderr.strip())
        return
    uid, _, answer = got.stdout.partition("\n")
    report(name, got.returncode == 0 and uid == "65534" and
           within(json.loads(answer)["first"], 40, 45), got)


check = subprocess.run([LINKLAB, "--check"], capture_output=True, text=True)
MODE = [] if check.returncode == 0 else ["--loopback"]
if MODE:
    skip("namespaces: all that needs them", check.stderr.strip())
else:
    carries("namespaces", [])
    delays("namespaces", [])
    cuts("namespaces", [])
    dies(signal.SIGTERM, "SIGTERM ends the command and all that it started")
    dies(signal.SIGKILL, "SIGKILL of the lab ends all that the command started")
    unprivileged()
carries("loopback", ["--loopback"])
delays("loopback", ["--loopback"])
cuts("loopback", ["--loopback"])
ends()
serves()
for left in os.listdir(scratch):
    os.unlink(os.path.join(scratch, left))
os.rmdir(scratch)
print(f"1..{number}")
