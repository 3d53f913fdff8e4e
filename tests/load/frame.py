"""frame.py FRAME FRAME_V3: what a frame costs through a websocket's public calls.

Instructions, counted by callgrind in runs of N and of 2 N rounds over a stream of 64 KiB: the
difference is what N rounds cost, without what a program does once. FRAME is built for every x86-64,
FRAME_V3 for those of today.
"""
import sys

import callgrind
from processes import Cases, check

ROUNDS = 2
HOWS = "receive", "receive sliced", "send"
KINDS = "binary", "ASCII", "mixed"

# By octets of a payload: what was measured, and a little more; 120 is what was aimed at.
# bench/budget.md tells of them.
AT_MOST = {
    ("receive", "binary"): {16: 120, 125: 150, 16_384: 2_650},
    ("receive", "ASCII"): {16: 125, 16_384: 2_650},
    ("receive", "mixed"): {16: 260, 125: 450, 16_384: 17_500},
    ("receive sliced", "binary"): {16_384: 3_350},
    ("receive sliced", "mixed"): {16_384: 19_500},
    ("send", "binary"): {125: 200, 16_384: 2_650},
}

costs = {}


def printed(messages, size, of):
    return f"messages={messages} octets={messages * size} of={of}\n"


def count(program, how, kind, size):
    of = max(1, 65_536 // (size + (6 if size < 126 else 8)))
    numbers = {"how": HOWS.index(how), "kind": KINDS.index(kind), "size": size}
    once, twice = (callgrind.instructions(printed(rounds * of, size, of), program, rounds=rounds,
                                          **numbers) for rounds in (ROUNDS, 2 * ROUNDS))
    return (twice - once) / (ROUNDS * of)


def compare(programs, how, kind, size, most):
    costs[how, kind, size] = [count(program, how, kind, size) for program in programs]
    for cost in costs[how, kind, size]:
        check(5 < cost <= most, f"{cost:,.1f} instructions, and not at most {most:,}")


def main(*programs):
    cases = Cases()
    for (how, kind), most in AT_MOST.items():
        for size, each in most.items():
            cases.run(f"{how}, {kind}, {size:,} octets: at most {each:,}", compare, programs, how,
                      kind, size, each)
    print("\n| what | octets | x86-64 | x86-64-v3 |\n| --- | --- | --- | --- |")
    for (how, kind, size), counted in costs.items():
        print(f"| {how}, {kind} | {size:,} | " + " | ".join(f"{cost:,.0f}" for cost in counted)
              + " |")
    cases.finish()


main(*sys.argv[1:])
