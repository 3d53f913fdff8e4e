"""Processes that outlive no test, and what they say."""
import os
import re
import signal
import subprocess
import threading
import time

from checks import PATIENCE, Failure, check, shorten

# What the command is to speak HTTP/2 with, where the build's test says so.
ENGINE = os.environ.get("H2WS_ENGINE")


class Process:
    """A program in a process group of its own, which is killed when the `with` block ends, and
    itself killed when the test is. As root it runs as nobody if it is to be `unprivileged`. Our
    command is given the engine that is to be tested, or another `engine`, or none."""

    NOBODY = 65534

    def __init__(self, *arguments, unprivileged=False, engine=ENGINE, **more):
        self.arguments = [str(argument) for argument in arguments]
        if engine and self.arguments[1:2] in (["serve"], ["connect"], ["bench"]):
            self.arguments[2:2] = ["--engine", engine]
        before = ["setpriv", "--pdeathsig", "KILL"]
        if unprivileged and os.geteuid() == 0:
            before += [f"--reuid={self.NOBODY}", f"--regid={self.NOBODY}", "--clear-groups"]
        self.popen = subprocess.Popen(before + self.arguments, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      start_new_session=True, **more)
        self.stdout, self.stderr = [], []  # lines, as they come
        self.changed = threading.Condition()
        self.readers = [threading.Thread(target=self.read, args=pair, daemon=True)
                        for pair in ((self.popen.stdout, self.stdout),
                                     (self.popen.stderr, self.stderr))]
        for reader in self.readers:
            reader.start()

    def read(self, pipe, lines):
        for line in pipe:
            with self.changed:
                lines.append(line.decode(errors="replace").rstrip("\n"))
                self.changed.notify_all()

    def write(self, text):
        self.popen.stdin.write(text.encode())
        self.popen.stdin.flush()

    def write_until_exit(self, text):
        end = time.monotonic() + PATIENCE
        try:
            while self.running() and time.monotonic() < end:
                self.write(text)
                time.sleep(0.02)
        except BrokenPipeError:
            pass

    def end_input(self):
        self.popen.stdin.close()

    def signal(self, number):
        self.popen.send_signal(number)

    def running(self):
        return self.popen.poll() is None

    def matches(self, pattern):
        """The lines on stdout that are wholly of this form."""
        return [match for line in list(self.stdout) if (match := re.fullmatch(pattern, line))]

    def wait_line(self, pattern):
        """The first line on stdout that is wholly of this form."""
        return self.wait_for(lambda: self.matches(pattern), f"line {pattern!r} on stdout")[0]

    def wait_for(self, condition, what):
        """The condition's value as soon as something that was said makes it true."""
        with self.changed:
            end = time.monotonic() + PATIENCE
            while not (found := condition()) and self.running() and time.monotonic() < end:
                self.changed.wait(0.1)
        if not found:
            self.join_readers()
            found = condition()
        check(found, f"no {what}; {self.said()}")
        return found

    def exit_status(self, timeout=PATIENCE):
        try:
            self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"it still ran after {timeout} s; {self.said()}") from None
        self.join_readers(PATIENCE)  # what it said is whole
        return self.popen.returncode

    def join_readers(self, timeout=1):
        for reader in self.readers:
            reader.join(timeout)

    def said(self):
        state = "it runs" if self.running() else f"exit status {self.popen.returncode}"
        return f"{state}, stdout {shorten(self.stdout[-8:])}, stderr {shorten(self.stderr[-8:])}"

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.popen.wait()
        self.join_readers()
        for pipe in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            try:
                pipe.close()
            except OSError:
                pass
