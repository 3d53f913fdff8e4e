"""growth.py GROWTH: what one tunnel and one message cost does not grow with the number of tunnels.

Instructions, of both ends, are counted by callgrind: they are the same in every run. Timers are
another matter, since finding what is due is a walk over all tunnels: there the walks are counted.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

from processes import Cases, LONGEST_WAIT, check, check_counts

TUNNELS = 100, 1_000, 10_000
MESSAGES = 5_000
GROWS_AT_MOST = 1.2      # a walk over all tunnels would grow a hundredfold, malloc grows a little
KEEPALIVE = 31 * 10**9   # nanoseconds, of the clock that growth.cpp moves
WALK_PAUSE = 10_000      # of session_base, for each tunnel

costs = {}


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=2 * LONGEST_WAIT)
    check(done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stderr[-500:]}")
    return done.stdout


def counts_of(printed):
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", printed)}


def count_instructions(growth, tunnels):
    with tempfile.TemporaryDirectory() as folder:
        file = str(pathlib.Path(folder) / "callgrind.out")
        printed = run("valgrind", "--tool=callgrind", f"--callgrind-out-file={file}", growth,
                      f"tunnels={tunnels}", f"messages={MESSAGES}")
        check_counts("the work", counts_of(printed), {
            "opened": tunnels, "echoed": MESSAGES, "closed": tunnels, "failed": 0})
        annotated = run("callgrind_annotate", "--inclusive=yes", "--threshold=100", file)
    total = {name: int(number.replace(",", "")) for number, name in re.findall(
        r"^ *([\d,]+) .*=> .*\b(open|echo|close)_all\(", annotated, re.M)}
    check(total.keys() == {"open", "echo", "close"}, f"callgrind counted {total}")
    costs[tunnels] = (total["open"] / tunnels, total["echo"] / MESSAGES, total["close"] / tunnels)


def compare():
    check(len(costs) == len(TUNNELS), "not everything was counted")
    for what, few, many in zip(("an opening", "a message", "a closing"), costs[TUNNELS[0]],
                               costs[TUNNELS[-1]]):
        check(many <= GROWS_AT_MOST * few,
              f"{what} costs {few:,.0f} instructions beside {TUNNELS[0]:,} tunnels,"
              f" {many:,.0f} beside {TUNNELS[-1]:,}")


def walk(growth, tunnels):
    done = counts_of(run(growth, f"tunnels={tunnels}", "pings=1"))
    check_counts("the work", done, {"opened": tunnels, "closed": tunnels, "failed": 0})
    check(done["pinged"] >= tunnels, f"{done['pinged']:,} tunnels were pinged and answered")
    most = min(done["pinged"], KEEPALIVE // (WALK_PAUSE * tunnels)) + 2
    print(f"  {done['pinged']:,} pings, each due at a moment of its own: {done['expired']:,} walks")
    check(done["expired"] <= most, f"{done['expired']:,} walks, more than {most:,}")


def main(growth):
    cases = Cases()
    for tunnels in TUNNELS:
        cases.run(f"{tunnels:,} tunnels, instructions", count_instructions, growth, tunnels)
    cases.run("instructions do not grow with the number of tunnels", compare)
    for tunnels in TUNNELS:
        cases.run(f"{tunnels:,} tunnels, timers", walk, growth, tunnels)
    print("\n| tunnels | instructions per opening | per message | per closing |\n"
          "| --- | --- | --- | --- |")
    for tunnels, each in costs.items():
        print(f"| {tunnels:,} | " + " | ".join(f"{cost:,.0f}" for cost in each) + " |")
    cases.finish()


main(*sys.argv[1:])
