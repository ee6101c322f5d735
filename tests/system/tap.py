# SPDX-License-Identifier: ISC
"""Runs unittest classes and prints TAP: one line a test, its name read as a sentence.

A test has TIMEOUT seconds (a class may say its own `timeout`), after which the whole run
ends with a failure: a hanging daemon must not hang the build. `main()` exits with 1 when a
test failed, else with 0.
"""
import faulthandler
import os
import signal
import sys
import time
import traceback
import unittest

TIMEOUT = 60


def sentence(test):
    """test_ends_on_sigterm of class Daemon: "Daemon: ends on sigterm"."""
    name = test._testMethodName.removeprefix("test_").replace("_", " ")
    return f"{type(test).__name__}: {name}"


def comment(text):
    """Lines that TAP takes for comments."""
    for line in text.rstrip().splitlines():
        print(f"# {line}")
    sys.stdout.flush()


class Result(unittest.TestResult):
    """Prints each test as it ends."""

    def __init__(self):
        super().__init__()
        self.count = 0
        self.failed = 0
        self.began = 0.0
        self.subtests = []

    def line(self, ok, test, note=""):
        """The line of a test."""
        self.count += 1
        self.failed += not ok
        print(f"{'ok' if ok else 'not ok'} {self.count} - {sentence(test)}{note}")
        sys.stdout.flush()

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()
        self.subtests = []
        signal.alarm(getattr(test, "timeout", TIMEOUT))

    def stopTest(self, test):
        signal.alarm(0)
        super().stopTest(test)

    def addSuccess(self, test):
        self.line(True, test)

    def addSkip(self, test, reason):
        self.line(True, test, f" # SKIP {reason}")

    def fail(self, test, err):
        self.line(False, test)
        comment("".join(traceback.format_exception(*err)))
        say = getattr(test, "explain", None)
        if say:
            comment(say())

    def addSubTest(self, test, subtest, err):
        if err:
            self.subtests.append((subtest, err))
            self.fail(test, err)

    def addFailure(self, test, err):
        self.fail(test, err)

    def addError(self, test, err):
        self.fail(test, err)

    def addExpectedFailure(self, test, err):
        self.line(True, test)

    def addUnexpectedSuccess(self, test):
        self.line(False, test, " (was expected to fail)")


def on_alarm(_signal, frame):
    """A test took too long: say where it stands and end everything."""
    print("Bail out! a test took too long")
    comment("".join(traceback.format_stack(frame)))
    sys.stdout.flush()
    os._exit(1)


def main(*modules):
    """Runs all tests of the calling module, or of those given; ends the process."""
    faulthandler.enable()
    signal.signal(signal.SIGALRM, on_alarm)
    loader = unittest.TestLoader()
    names = sys.argv[1:]
    suite = unittest.TestSuite()
    for module in modules or (sys.modules["__main__"],):
        if names:
            suite.addTests(loader.loadTestsFromNames(names, module))
        else:
            suite.addTests(loader.loadTestsFromModule(module))
    print(f"1..{suite.countTestCases()}")
    result = Result()
    suite.run(result)
    sys.exit(1 if result.failed else 0)


def skip_all(reason):
    """Nothing of this file can run here."""
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)
