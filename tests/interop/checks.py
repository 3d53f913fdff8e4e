"""What a test claims, and the cases that it runs."""
import os
import signal
import traceback

EVERYBODYS = ("checks.py", "processes.py", "peers.py")
PATIENCE = 10  # seconds that one thing may take, at most; what is timed says so itself


class Failure(Exception):
    """The peer did not do what it should."""


def check(claim, *reason):
    if not claim:
        raise Failure(" ".join(str(word) for word in reason))


def check_equal(what, got, expected):
    check(got == expected, f"{what}: got {shorten(got)}, expected {shorten(expected)}")


def shorten(value):
    text = repr(value)
    return text if len(text) < 900 else f"{text[:600]}... ({len(value)} long)"


class Cases:
    """Runs cases, prints a line for each and, at the end, the counts."""

    def __init__(self, total_seconds):
        self.passed = self.failed = 0
        # SIGALRM is the last resort; every wait in a case has its own bound.
        for number in (signal.SIGALRM, signal.SIGTERM):
            signal.signal(number, self.give_up)
        signal.alarm(total_seconds)

    def give_up(self, number, frame):
        signal.signal(number, signal.SIG_IGN)
        raise SystemExit(f"given up by {signal.Signals(number).name}")

    def run(self, name, function, *arguments):
        try:
            function(*arguments)
        except Exception as error:  # whatever went wrong is this case's failure
            self.failed += 1
            # The innermost line that is not of a module that everybody uses.
            where = [(os.path.basename(frame.filename), frame.lineno)
                     for frame in traceback.extract_tb(error.__traceback__)
                     if os.path.dirname(frame.filename) == os.path.dirname(__file__)]
            lines = [f"{file}:{line}" for file, line in where if file not in EVERYBODYS]
            kind = "" if isinstance(error, Failure) else f"{type(error).__name__}: "
            print(f"FAILED {name}: {kind}{error} ({lines[-1] if lines else '?'})", flush=True)
        else:
            self.passed += 1
            print(f"ok {name}", flush=True)

    def finish(self):
        print(f"cases: {self.passed} passed, {self.failed} failed")
        return 0 if self.passed and not self.failed else 1
