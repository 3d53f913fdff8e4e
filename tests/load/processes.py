"""The load server and its client as processes: spoken to line by line, never left behind."""
import json
import os
import pathlib
import resource
import select
import subprocess
import sys
import time

LONGEST_WAIT = 90  # seconds for a line: far more than a phase takes, so that nothing hangs


class Failure(Exception):
    pass


class Cases:
    """Runs cases, each whatever became of the one before, and counts them."""

    def __init__(self):
        self.passed = self.failed = 0

    def run(self, name, case, *arguments):
        begin = time.monotonic()
        try:
            case(*arguments)
            self.passed += 1
            verdict = "ok"
        except Failure as failure:
            self.failed += 1
            verdict = f"FAILED: {failure}"
        print(f"{name}: {verdict} ({time.monotonic() - begin:.1f} s)", flush=True)

    def finish(self):
        print(f"cases: {self.passed} passed, {self.failed} failed")
        sys.exit(self.failed != 0)


def check(good, what):
    if not good:
        raise Failure(what)


def check_counts(whose, counts, expected):
    """These counts, to the last one, are as expected."""
    wrong = [f"{name} {counts[name]}, not {number}" for name, number in expected.items()
             if counts[name] != number]
    check(not wrong, f"{whose}: " + "; ".join(wrong))


def need_descriptors(count):
    """Raises the limit on open files, for this process and those it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    check(hard == resource.RLIM_INFINITY or hard >= count,
          f"{count} open files are needed and the hard limit (ulimit -Hn) is {hard}")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


class Program:
    """One of the two programs; a with statement ends it whatever happens."""

    def __init__(self, program, **told):
        self.name = pathlib.Path(program).name
        self.process = subprocess.Popen([program] + [f"{name}={value}" for name, value
                                                     in told.items()],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.stdin.close()  # both end with their input
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            if exception[0] is None:
                raise Failure(f"{self.name} did not end with its input") from None
        self.process.stdout.close()
        if exception[0] is None:
            check(self.process.returncode == 0,
                  f"{self.name} ended with status {self.process.returncode}")

    def say(self, line):
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failure(f"{self.name} has ended") from None

    def hear(self):
        until = time.monotonic() + LONGEST_WAIT
        while b"\n" not in self.rest:
            ready = select.select([self.process.stdout], [], [], until - time.monotonic())[0]
            check(ready, f"{self.name} says nothing")
            more = os.read(self.process.stdout.fileno(), 65536)
            check(more, f"{self.name} has ended")
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode()

    def ask(self, line):
        self.say(line)
        return json.loads(self.hear())

    def resident(self):
        """Bytes of the process that are in memory."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return 1024 * int(status.split("VmRSS:")[1].split()[0])

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")")[-1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Server(Program):
    def __init__(self, program, **told):
        super().__init__(program, **told)
        self.port = int(self.hear().split()[-1])

    def report(self):
        return self.ask("report")

    def await_report(self, what, reached):
        """The first report of which `reached` is true, which it will be soon."""
        until = time.monotonic() + LONGEST_WAIT
        while True:
            report = self.report()
            if reached(report):
                return report
            check(time.monotonic() < until, f"{what} did not come about: {report}")
            time.sleep(0.01)


class Client(Program):
    def __init__(self, program, server, **told):
        super().__init__(program, port=server.port, **told)

    def go(self, phase):
        """Through the next phase, which has this name."""
        counts = self.ask("go")
        check(counts["phase"] == phase, f"the phase is {counts['phase']}, not {phase}")
        check(counts["unexpected"] == 0 and counts["refused"] == 0 and counts["garbled"] == 0,
              f"{self.name} at {phase}: {counts}")
        return counts
