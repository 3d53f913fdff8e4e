"""message.py MESSAGE: what a message and its echo cost h2ws::http2 sessions beside sessions on nghttp2.

Instructions of both ends, counted by callgrind in runs of N and of 2 N messages: the difference is
what N messages cost, without what a connection does once. They are the same in every run.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from processes import Cases, LONGEST_WAIT, check

MESSAGES = 500
SIZES = 16, 125, 4_096, 65_536
AT_MOST = 0.50  # at 125 bytes, where 0.49 was measured; others are printed

# Meson has glibc fill what is allocated and freed, which is no cost of ours.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "MALLOC_PERTURB_"}

costs = {}


def instructions(program, http2, messages, size):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "callgrind.out"
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={file}", program,
             f"http2={http2}", f"messages={messages}", f"size={size}"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=2 * LONGEST_WAIT,
            env=ENVIRONMENT)
        check(done.stdout == f"echoed={messages} bytes={messages * size}\n",
              f"it printed {done.stdout!r}: {done.stderr[-500:]}")
        return int(re.search(r"^(?:summary|totals): (\d+)", file.read_text(), re.M)[1])


def count(program, size):
    messages = MESSAGES if size <= 4_096 else MESSAGES // 10
    for http2 in 1, 0:
        once = instructions(program, http2, messages, size)
        twice = instructions(program, http2, 2 * messages, size)
        costs[size, http2] = (twice - once) / messages
    check(costs[size, 1] > 100, "too little to be true")


def compare(size):
    ratio = costs[size, 1] / costs[size, 0]
    check(ratio <= AT_MOST, f"{ratio:.3f} of nghttp2's instructions, more than {AT_MOST}")


def main(program):
    cases = Cases()
    for size in SIZES:
        cases.run(f"{size:,} bytes", count, program, size)
    cases.run(f"125 bytes cost at most {AT_MOST} of it", compare, 125)
    print("\n| bytes | instructions, http2 | nghttp2 | ratio |\n| --- | --- | --- | --- |")
    for size in SIZES:
        ours, theirs = costs[size, 1], costs[size, 0]
        print(f"| {size:,} | {ours:,.0f} | {theirs:,.0f} | {ours / theirs:.2f} |")
    cases.finish()


main(*sys.argv[1:])
