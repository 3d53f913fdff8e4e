"""h2ws installed and moved elsewhere, for tests that use it as another project would.

Arguments of the tests: SOURCE_ROOT -- COMPILER...
"""
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "hygiene"))
from checks import Checks, source_root  # noqa: E402,F401

PREFIX = "/opt/h2ws"
CONSUMER = pathlib.Path(__file__).resolve().parent / "consumer"
PROGRAMS = {"core": "core: Hello\n", "http2": "http2: hello\n", "asio": "asio: hello\n",
            "nghttp2": "nghttp2: hello\n", "asio_nghttp2": "asio_nghttp2: hello\n"}
WITHOUT_NGHTTP2 = ["core", "http2", "asio"]


def compiler():
    """The build's compiler: its command, and the launcher in front of it, if any."""
    command = sys.argv[sys.argv.index("--") + 1:]
    launcher = command[:1] if pathlib.Path(command[0]).name in ("ccache", "sccache") else []
    return command[len(launcher):], launcher


def environment(**more):
    """The caller's, without what would show another installation."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("PKG_CONFIG", "CMAKE_", "MESON")) and name != "DESTDIR"}
    command, launcher = compiler()
    return {**kept, "CXX": " ".join(launcher + command), **more}


def run(arguments, **options):
    """The process, with both its outputs in `stdout`."""
    return subprocess.run([str(argument) for argument in arguments], text=True, timeout=300,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)


def problems(process):
    """What a failed process said at last."""
    if process.returncode == 0:
        return []
    return process.stdout.splitlines()[-20:] + [f"exit status {process.returncode}"]


@contextlib.contextmanager
def folder():
    with tempfile.TemporaryDirectory(prefix="h2ws-install-") as name:
        yield pathlib.Path(name).resolve()


def install(into, *options):
    """`meson install` to a DESTDIR, then moved to where no file can know of it; that place."""
    for command in (["meson", "setup", into / "build", source_root(), f"--prefix={PREFIX}",
                     "-Dtools=disabled", "-Dexamples=disabled", "-Dtests=disabled", *options],
                    ["meson", "install", "-C", into / "build", "--destdir", into / "stage"]):
        done = run(command, env=environment())
        if done.returncode != 0:
            sys.exit(done.stdout)
    moved = into / "moved" / "h2ws"
    moved.parent.mkdir()
    shutil.move(into / "stage" / PREFIX.lstrip("/"), moved)
    shutil.rmtree(into / "build")
    shutil.rmtree(into / "stage")
    return moved


def headers_of_nghttp2(depfiles):
    """Headers of libnghttp2, or of the adapter for it, that a compiler read."""
    return [word for file in depfiles for word in re.findall(r"\S*/nghttp2/\S+", file.read_text())]


def strange_headers(depfiles, headers, working_folder="/"):
    """Headers of h2ws that a compiler read elsewhere than in `headers`."""
    read = {(working_folder / pathlib.Path(word)).resolve() for file in depfiles
            for word in re.findall(r"\S+/h2ws/\S+\.hpp", file.read_text())}
    # The checkout's own folder may have that name.
    read = {path for path in read if not path.is_relative_to(CONSUMER)}
    wrong = [str(path) for path in sorted(read) if not path.is_relative_to(headers.resolve())]
    return wrong if read else ["no header of h2ws was read"]


def check_programs(checks, how, built, names=PROGRAMS):
    """These programs are in the folder `built`, and no others; each prints what it should."""
    others = [name for name in PROGRAMS if name not in names and (built / name).exists()]
    checks.check(f"{how}: no other program was built", others)
    for name in names:
        if not (built / name).exists():
            checks.check(f"{how}: {name} was built", ["it does not exist"])
            continue
        done = run([built / name], env=environment())
        checks.check(f"{how}: {name} runs",
                     problems(done) or ([] if done.stdout == PROGRAMS[name] else [repr(done.stdout)]))
