"""What the hygiene tests share: a line per check, the headers, and compiling a unit."""
import argparse
import concurrent.futures
import pathlib
import subprocess
import sys


class Checks:
    """Prints a line per check and, at the end, the counts that tests/summary.py reads."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, problems):
        """One check; it failed if there is any problem. Each problem is a line of its own."""
        if problems:
            self.failed += 1
            print(f"FAILED  {what}")
            for problem in problems:
                print(f"        {problem}")
        else:
            self.passed += 1
            print(f"ok      {what}")
        sys.stdout.flush()

    def finish(self):
        if self.passed + self.failed == 0:
            self.check("there is something to check", ["nothing was found"])
        print(f"cases: {self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)


def source_root():
    return pathlib.Path(sys.argv[1]).resolve()


def headers(folder):
    return sorted(folder.rglob("*.hpp"))


class Compiler:
    """The compiler of the build with its warnings, and which adapters the build has.

    Arguments: SOURCE_ROOT [--nghttp2] [--zlib] [--asio=FLAGS] -- COMPILER FLAG...
    """

    def __init__(self):
        split = sys.argv.index("--")
        parser = argparse.ArgumentParser()
        parser.add_argument("root", type=pathlib.Path)
        parser.add_argument("--nghttp2", action="store_true")
        parser.add_argument("--zlib", action="store_true")
        parser.add_argument("--asio")
        options = parser.parse_args(sys.argv[1:split])
        self.root = options.root.resolve()
        self.command = sys.argv[split + 1:]
        self.adapters = {}  # an adapter's folder: the flags that it needs
        if options.nghttp2:
            self.adapters["nghttp2"] = pkg_config("libnghttp2")
        if options.zlib:
            self.adapters["zlib"] = pkg_config("zlib")
        if options.asio is not None:
            self.adapters["asio"] = options.asio.split() + pkg_config("openssl")

    def core_headers(self):
        return [str(h.relative_to(self.root / "include"))
                for h in headers(self.root / "include" / "h2ws")]

    def adapter_headers(self, adapter):
        return [str(h.relative_to(self.root / "adapters"))
                for h in headers(self.root / "adapters" / "h2ws" / adapter)]

    def core_flags(self):
        return ["-fno-exceptions", "-fno-rtti", f"-I{self.root / 'include'}"]

    def adapter_flags(self, adapter):
        return self.adapters[adapter] + [f"-I{self.root / 'include'}", f"-I{self.root / 'adapters'}"]

    def problems(self, arguments, source=""):
        """Runs the compiler, on `source` if an argument is `-`; the lines it complained with."""
        run = subprocess.run(self.command + arguments, input=source, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if run.returncode == 0:
            return []
        return run.stdout.splitlines()[:20] or [f"exit status {run.returncode}"]


def pkg_config(package):
    """A package's include folders, as system folders; the system's own need no flag."""
    run = subprocess.run(["pkg-config", "--cflags-only-I", package], text=True,
                         stdout=subprocess.PIPE)
    folders = [flag[2:] for flag in run.stdout.split()]
    return [word for f in folders if f != "/usr/include" for word in ("-isystem", f)]


def in_parallel(function, items):
    """function(item) for every item, two at a time; the results in order."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(function, items))
