"""The npm packages of the tests, installed once into a build folder.

The versions and their integrity are those of package-lock.json; which registry they come from is
npm's configuration. A Node of its own is among them, so that what is tested does not depend on the
system's, which only runs npm.
"""
import fcntl
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import time

from peers import Failure, check

SOURCE = pathlib.Path(__file__).resolve().parent / "node"
FILES = ("package.json", "package-lock.json")
INSTALLING = 150  # seconds, at most


class Packages:
    """What is installed in `folder`, which is the build's and shared by tests that run together."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in FILES))
        self.place = self.folder / digest.hexdigest()[:16]
        with open(self.folder / "lock", "w", encoding="ascii") as lock:
            wait_for(lock)
            if not (self.place / "complete").exists():
                self.install()

    def install(self):
        npm = shutil.which("npm")
        check(npm, "npm is not installed (Debian's package npm)")
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()
        for name in FILES:
            shutil.copy(SOURCE / name, self.place)
        run_bounded([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error",
                     "--fetch-retries=1", "--fetch-timeout=30000"], self.place)
        check(self.node, "npm has no Node for this processor")
        (self.place / "complete").touch()

    @property
    def modules(self):
        return self.place / "node_modules"

    @property
    def node(self):
        """The one for this processor. npm 9.2 links it into .bin only where no optional one is left
        out."""
        return next(self.modules.glob("node-linux-*/bin/node"), None)


def wait_for(lock):
    end = time.monotonic() + INSTALLING
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            check(time.monotonic() < end, "another test is still installing the npm packages")
            time.sleep(0.1)


def run_bounded(command, folder):
    """Runs npm; whatever it started has ended afterwards."""
    # Not a file of its own, which a killed npm's children would keep open.
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, start_new_session=True) as npm:
        try:
            output, _ = npm.communicate(timeout=INSTALLING)
        except subprocess.TimeoutExpired:
            raise Failure(f"npm was still installing after {INSTALLING} s") from None
        finally:
            try:
                os.killpg(npm.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    said = output.decode(errors="replace").strip()
    check(npm.returncode == 0, "npm could not install the packages, from its registry"
          f" most likely (exit status {npm.returncode}): {said[-1500:]}")
