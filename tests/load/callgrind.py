"""Instructions, counted by callgrind: they are the same in every run."""
import os
import pathlib
import re
import subprocess
import tempfile

from processes import LONGEST_WAIT, check

# Meson has glibc fill what is allocated and freed, which is no cost of ours.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "MALLOC_PERTURB_"}


def instructions(printed, program, **numbers):
    """How many it takes; it is told these numbers and must print that."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "callgrind.out"
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={file}", program,
             *(f"{name}={number}" for name, number in numbers.items())],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=2 * LONGEST_WAIT,
            env=ENVIRONMENT)
        check(done.stdout == printed, f"it printed {done.stdout!r}: {done.stderr[-500:]}")
        return int(re.search(r"^(?:summary|totals): (\d+)", file.read_text(), re.M)[1])
