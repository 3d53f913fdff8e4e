"""Servers of other makers, started for a test on ports that are free."""
import os
import pathlib
import re
import socket
import subprocess
import time

from peers import PATIENCE, Failure, Process, check

def free_port():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


def version_of(*command, pattern=r"(\d+(?:\.\d+)+)"):
    """What a program says of its version."""
    run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=30,
                         stderr=subprocess.STDOUT)
    match = re.search(pattern, run.stdout.decode(errors="replace"))
    check(match, f"{command} does not tell its version: {run.stdout[:200]}")
    return match[1]


class Service:
    """A server in the foreground that dies with the test, even when that is killed.

    `make(folder, ports)` writes what it needs into its own folder and returns the command. It is
    started again with other ports when somebody else took one of them meanwhile.
    """

    attempts = 5

    def __init__(self, folder, make, ports, unprivileged=False):
        self.process = None
        for attempt in range(self.attempts):
            here = pathlib.Path(folder, f"{type(self).__name__}-{id(self)}-{attempt}")
            here.mkdir()
            self.ports = [free_port() for _ in range(ports)]
            command = make(here, self.ports)
            if unprivileged and os.geteuid() == 0:
                os.chmod(folder, 0o711)
                for path in [here, *here.rglob("*")]:
                    os.chown(path, Process.NOBODY, Process.NOBODY)
            self.process = Process(*command, unprivileged=unprivileged, cwd=here,
                                   env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(here)})
            try:
                if self.listens():
                    return
                said = self.process.said()
            except Failure:
                self.process.__exit__()
                raise
            self.process.__exit__()
        raise Failure(f"it does not start: {said}")

    def listens(self):
        """Whether every port answers; False: the process has ended before."""
        end = time.monotonic() + PATIENCE
        for port in self.ports:
            while not answers(port):
                if not self.process.running():
                    return False
                check(time.monotonic() < end, f"no port {port}: {self.process.said()}")
                time.sleep(0.02)
        return self.process.running()

    @property
    def port(self):
        return self.ports[0]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.__exit__()


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
    except OSError:
        return False
    return True
