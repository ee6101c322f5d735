#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""contrib/quickstart with a build that is there already: the real daemon, the real view, in a terminal
and without one, with an Internet and without. Prints TAP."""
import http.server
import os
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from case import BUILD, Run, case, main  # noqa: E402
from fake import wait_for  # noqa: E402
from terminal import Terminal  # noqa: E402

SOURCE = os.path.abspath(os.environ.get("srcdir", "."))


class Clone(Run):
    """A tree as after a build; `linkq demo`, which takes its time, only says that it was asked for."""

    def __init__(self):
        super().__init__()
        self.fake.stop()
        os.unlink(self.path("s"))
        os.mkdir(self.path("build-quickstart"))
        os.symlink(os.path.join(SOURCE, "contrib"), self.path("contrib"))
        os.symlink(os.path.join(BUILD, "linkqd"), self.path("build-quickstart/linkqd"))
        self.program("configure", "exit 1")
        self.write("build-quickstart/Makefile", "all:\n")
        self.program("build-quickstart/linkq", 'case $1 in demo) echo "asked for: $*"; exit 7 ;; esac\n'
                     'exec "%s/linkq" "$@"' % BUILD)
        self.quickstart = self.path("contrib/quickstart")
        # nothing of this host's own configuration
        self.options = ["--config", os.devnull, "--listen", "none", "--socket", self.path("s"),
                        "--database", self.path("db"), "--set", "kernel=false"]

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)

    def program(self, name, text):
        self.write(name, "#!/bin/sh\n%s\n" % text)
        os.chmod(self.path(name), 0o755)

    def run(self, *args):
        return subprocess.run([self.quickstart, *args], env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)

    def daemon(self):
        """The process of the daemon that has this clone's socket, or None."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as f:
                    words = f.read().split(b"\0")
            except OSError:
                continue
            if os.path.basename(words[0]) == b"linkqd" and self.path("s").encode() in words:
                return int(pid)
        return None


class Target(http.server.BaseHTTPRequestHandler):
    """Answers as a connectivity check does."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


@case("quickstart --help says what it does, an unknown option is refused, and neither builds")
def words():
    with Clone() as c:
        done = c.run("--help")
        assert done.returncode == 0 and done.stdout.startswith("usage: contrib/quickstart"), done
        done = c.run("--quick")
        assert done.returncode == 64 and done.stderr.startswith("usage: contrib/quickstart") and not done.stdout, done


@case("quickstart without a terminal runs the fast demo, with its exit status")
def no_terminal():
    with Clone() as c:
        done = c.run("--yes")
        assert done.returncode == 7, done
        assert "There is no terminal" in done.stdout and "asked for: demo --fast" in done.stdout, done
        assert c.daemon() is None


@case("quickstart says in a sentence that the build failed")
def build_fails():
    with Clone() as c:
        c.write("build-quickstart/Makefile", "all:\n\t@echo no compiler; false\n")
        done = c.run("--yes")
        assert done.returncode == 1 and "no compiler" in done.stderr, done
        assert done.stderr.splitlines()[-1].startswith("quickstart: the build failed; the whole log is "), done


@case("quickstart starts the daemon behind its live view, and Ctrl-C ends both")
def whole():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Target)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    with Clone() as c:
        t = Terminal(c, "--yes", "--", *c.options, "--probe", "latency=http://127.0.0.1:%d/" % server.server_port,
                     program=(c.quickstart,), columns=100)
        try:
            t.wait_for("Online", "q quits", seconds=30)
            assert c.daemon() is not None
            t.key("\003")
            assert t.process.wait(20) in (0, 130)
            wait_for(lambda: c.daemon() is None, 20, "the daemon to end with its view")
            assert os.path.exists(c.path("db"))
        finally:
            t.close()
    server.shutdown()


@case("quickstart shows the view of a daemon that runs already, and leaves it running")
def beside():
    with Clone() as c:
        running = subprocess.Popen([os.path.join(BUILD, "linkqd"), "--foreground", *c.options, "--probe", "none"],
                                   env=c.env, stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: os.path.exists(c.path("s")), 20, "the daemon")
            t = Terminal(c, "--yes", "--", *c.options, program=(c.quickstart,), columns=100)
            try:
                t.wait_for("q quits", seconds=30)
                t.key("q")
                assert t.process.wait(20) == 0
            finally:
                t.close()
            assert running.poll() is None
        finally:
            running.terminate()
            assert running.wait(20) == 0


@case("quickstart runs the demo where no target answers, and leaves no daemon behind")
def no_internet():
    alone = ("unshare", "--net") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--net")
    if subprocess.run([*alone, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        return "no network namespace of its own may be made here"
    with Clone() as c:
        t = Terminal(c, "--yes", "--", *c.options, program=(*alone, c.quickstart), columns=100)
        try:
            t.wait_for("No target answers", "asked for: demo", seconds=50)
            assert t.process.wait(20) == 7
            wait_for(lambda: c.daemon() is None, 20, "the daemon to end")
        finally:
            t.close()
    return None


@case("quickstart says why the daemon did not start")
def no_start():
    with Clone() as c:
        t = Terminal(c, "--yes", "--", *c.options, "--set", "budget-day=lots", program=(c.quickstart,), columns=100)
        try:
            t.wait_for("linkqd did not start", "budget-day", seconds=30)
            assert t.process.wait(20) == 1
        finally:
            t.close()


if __name__ == "__main__":
    sys.exit(main())
