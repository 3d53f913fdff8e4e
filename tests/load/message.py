"""message.py MESSAGE: what a message and its echo cost h2ws::http2 sessions beside sessions on nghttp2.

Instructions of both ends, counted by callgrind in runs of N and of 2 N messages: the difference is
what N messages cost, without what a connection does once. They are the same in every run.
"""
import sys

import callgrind
from processes import Cases, check

MESSAGES = 500
SIZES = 16, 125, 4_096, 65_536
AT_MOST = 0.50  # at 125 bytes, where 0.49 was measured; others are printed

costs = {}


def instructions(program, http2, messages, size):
    return callgrind.instructions(f"echoed={messages} bytes={messages * size}\n", program,
                                  http2=http2, messages=messages, size=size)


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
