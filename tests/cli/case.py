# SPDX-License-Identifier: ISC
"""What the tests of linkq share: cases named by a sentence, and calls of the real program."""
import os
import shutil
import subprocess
import sys
import tempfile
import traceback

from fake import Fake

BUILD = os.path.abspath(os.environ.get("builddir", "."))
LINKQ = os.path.join(BUILD, "linkq")
CASES = []


def case(sentence):
    def add(function):
        CASES.append((sentence, function))
        return function
    return add


class Run:
    """One call of linkq, with its own daemon and folder."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="linkq-test-")
        self.fake = Fake(os.path.join(self.folder, "s"))
        keep = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH")
        self.env = {k: os.environ[k] for k in keep if k in os.environ}
        self.env.update(LINKQ_SOCKET=self.fake.where, TZ="UTC0", HOME=self.folder, LC_ALL="C.UTF-8",
                        XDG_RUNTIME_DIR=self.folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.fake.stop()
        shutil.rmtree(self.folder)

    def linkq(self, *args, stdin=None, env=None):
        done = subprocess.run([LINKQ, *args], input=stdin, capture_output=True, text=True, timeout=30,
                              env={**self.env, **(env or {})}, cwd=self.folder,
                              stdin=subprocess.DEVNULL if stdin is None else None)
        for text in (done.stdout, done.stderr):
            assert "\033" not in text, "escape sequences outside a terminal: %r" % text
        return done

    def path(self, name):
        return os.path.join(self.folder, name)


def one_sentence(text):
    """Errors are one line that begins with the program's name."""
    lines = text.splitlines()
    assert lines and lines[0].startswith("linkq") and lines[0].endswith("."), text
    assert len(lines) == 1 or (len(lines) == 2 and lines[1].startswith("Try '")), text


def main():
    only = sys.argv[1:]
    chosen = [c for c in CASES if not only or any(word in c[0] for word in only)]
    failures = 0
    print("1..%d" % len(chosen), flush=True)
    for number, (sentence, function) in enumerate(chosen, 1):
        try:
            skipped = function()  # why, where it could not run here
            print("ok %d - %s%s" % (number, sentence, " # SKIP " + skipped if skipped else ""), flush=True)
        except Exception:
            failures += 1
            print("not ok %d - %s" % (number, sentence))
            print("".join("# " + line + "\n" for line in traceback.format_exc().splitlines()), end="", flush=True)
    return 1 if failures else 0
