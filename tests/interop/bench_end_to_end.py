#!/usr/bin/python3
"""bench_end_to_end.py BUILD PROGRAMS: the end-to-end benchmark, small, of our servers and the bare
one, and what is made of its results. PROGRAMS: the folder of bare_server.

What is asserted is that it measures, not what.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

from checks import Cases, check, check_equal

BENCH = pathlib.Path(__file__).resolve().parents[2] / "bench"
SERVERS = ["h2ws, http2", "h2ws, nghttp2", "bare nghttp2"]
LOADS = [(125, 1), (4096, 4), (16384, 4)]


def run(script, *arguments, statuses=(0,)):
    """What it prints."""
    done = subprocess.run([sys.executable, BENCH / script, *map(str, arguments)], timeout=80,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check(done.returncode in statuses, f"exit status {done.returncode}: {done.stderr.decode()}")
    return done.stdout.decode()


def servers_are_compared(build, programs, folder):
    said = run("end_to_end.py", build, "--programs", programs, "--results", folder, "--messages",
               400, "--settle", 0.05, "--rounds", 1, "--only", "h2ws", "--only", "bare")
    rows = json.loads(pathlib.Path(folder, "end_to_end.json").read_text())
    loaded = [row for row in rows if row["rounds"]]
    check_equal("what was loaded",
                sorted((row["name"], row["secure"], row["size"], row["in_flight"])
                       for row in loaded),
                sorted((name, secure, *load) for name in SERVERS for secure in (False, True)
                       for load in LOADS))
    for row in loaded:
        check_equal("messages", [each["messages"] for each in row["rounds"]], [400])
        check(row["resident"] > 0, "no memory")
    slow = [row for row in rows if row["latencies"]]
    check_equal("what had a rate", [row["name"] for row in slow], SERVERS)
    for row in slow:
        check(all(each["p99_9"] >= each["p50"] > 0 for each in row["latencies"]), row["latencies"])
    check_equal("rows printed", said.count("\n| h2ws, http2"), 7)


def budgets_are_printed(folder):
    said = run("budget.py", folder, "end_to_end", statuses=(0, 1))
    for budget in ("P11", "P14"):
        check(f"| {budget}" in said, f"no {budget} in {said}")


def pictures_are_drawn(folder):
    run("plots.py", pathlib.Path(folder, "end_to_end.json"), folder)
    for name in ("processor_time.svg", "latency.svg"):
        picture = xml.etree.ElementTree.parse(pathlib.Path(folder, name)).getroot()
        said = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
        for server in SERVERS:
            check(server in said, f"no {server} in {name}: {said}")


def main(build, programs):
    cases = Cases(total_seconds=100)
    with tempfile.TemporaryDirectory(prefix="h2ws-") as folder:
        cases.run("servers are compared", servers_are_compared, build, programs, folder)
        cases.run("budgets are printed", budgets_are_printed, folder)
        cases.run("pictures are drawn", pictures_are_drawn, folder)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
