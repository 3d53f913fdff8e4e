#!/usr/bin/python3
"""end_to_end.py BUILD [OPTION]...: echo servers under the same load, ours beside others.

One connection with 100 WebSockets, a message of each under way; Beast has 100 connections. Servers
run all the time and are loaded in turns, round after round. What counts is the server's processor
time for a message (of the whole process tree, from /proc): a run's, less that of a run with a
message for each WebSocket. A wrong echo is an error. Prints tables; BUILD/end_to_end.json has all.
"""
import argparse
import contextlib
import json
import pathlib
import statistics
import sys
import tempfile
import time

import servers
from certificates import Certificates
from checks import Failure, check
from processes import Process

WEBSOCKETS = 100
UNDER_WAY_AT_A_RATE = 16  # of a WebSocket at most: it is not what messages wait for
ALONE, BLOCKED = [], ["--blocked", 1]
AT_ONCE = ["--warmup", "0"]
PATIENCE = 30  # seconds that a load may take beyond its duration


class Place:
    """Where programs and files are."""

    def __init__(self, options, folder):
        self.build, self.npm, self.folder = pathlib.Path(options.build), options.npm, folder
        self.programs = pathlib.Path(options.programs or self.build / "bench").resolve()
        self.h2ws = self.build.resolve() / "tools" / "h2ws"
        self.certificates = Certificates(folder)

    def certificate_and_key(self, secure):
        return [self.certificates.certificate, self.certificates.key] if secure else []

    def packages(self):
        from npm_packages import Packages
        return Packages(self.npm or self.programs / "npm")


class Row:
    """A server under a load, and what each round found."""

    def __init__(self, place, server, size=125, in_flight=1):
        self.place, self.server, self.size, self.in_flight = place, server, size, in_flight
        self.rounds, self.latencies, self.beside_blocked = [], [], []

    def run(self, *how, seconds=0, in_flight=None):
        """What the load found, and the server's processor time."""
        before = self.server.cpu_ns()
        command = self.server.load(self.place, self.size, in_flight or self.in_flight, *how)
        with Process(*command, engine=None) as load:
            status = load.exit_status(seconds + PATIENCE)
            check(status == 0, f"{self.server.name}: exit status {status}: {load.said()}")
            found = json.loads(load.stdout[0])
        check(found["wrong_echoes"] == 0, f"{self.server.name}: wrong echoes")
        return found, settled(self.server.cpu_ns) - before

    def measure(self, how):
        few, openings = self.run("--messages", WEBSOCKETS, *AT_ONCE)
        found, cpu = self.run(*how, *AT_ONCE, seconds=seconds_of(how))
        messages = found["messages"] - few["messages"]
        check(messages > 0, f"{self.server.name}: no messages")
        self.rounds.append({
            "messages": found["messages"],
            "messages_per_second": found["messages_per_second"],
            "server_cpu_ns": max(1, (cpu - openings) / messages),  # few may be lost in the noise
            "client_cpu_ns": found["client_cpu_ns_per_message"]})

    def measure_latency(self, how, settle):
        """At half of what a closed loop has just reached, from when messages were due; and then
        beside a WebSocket that is never read."""
        closed, _ = self.run(*how, *AT_ONCE, seconds=seconds_of(how))
        rate = closed["messages_per_second"] / 2
        for beside, latencies in ((ALONE, self.latencies), (BLOCKED, self.beside_blocked)):
            if beside == BLOCKED and type(self.server) not in servers.OURS:
                continue  # the others hold all that is not read, without a bound
            found, _ = self.run(*how, "--warmup", settle, "--rate", f"{rate:.0f}", *beside,
                                seconds=seconds_of(how), in_flight=UNDER_WAY_AT_A_RATE)
            latencies.append({"rate": rate, "unsent": found["unsent"], **found["latency_ns"]})

    def summary(self):
        return {"name": self.server.name, "version": self.server.version(self.place),
                "secure": self.server.secure, "size": self.size, "in_flight": self.in_flight,
                "resident": self.server.resident(), "rounds": self.rounds,
                "latencies": self.latencies, "beside_blocked": self.beside_blocked}


def seconds_of(how):
    return float(how[1]) if how[0] == "--duration" else 0


def settled(read):
    """A number that has stopped growing."""
    last = read()
    for _ in range(100):
        time.sleep(0.01)
        if (now := read()) == last:
            break
        last = now
    return last


# What is measured ---------------------------------------------------------------------------------


def start(stack, place, wanted):
    """The servers of these kinds, over each transport that they have."""
    return [stack.enter_context(kind(place, secure))
            for kind in wanted for secure in kind.transports]


def in_turns(rows, rounds, what, *arguments):
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        for row in rows:
            getattr(row, what)(*arguments)


def measure(place, options, wanted):
    how = (["--messages", str(options.messages)] if options.messages else
           ["--duration", str(options.seconds)])
    lean = [*servers.OURS, servers.Bare]
    with contextlib.ExitStack() as stack:
        running = start(stack, place, wanted)
        rows = [Row(place, server) for server in running]
        if options.sizes:
            rows += [Row(place, server, size, 4) for size in (4096, 16384) for server in running
                     if type(server) in lean]
        for row in rows:
            row.run("--messages", WEBSOCKETS, *AT_ONCE)  # it works; and memory is there
        in_turns(rows, options.rounds, "measure", how)
        if options.latency:
            quick = [Row(place, server) for server in running
                     if type(server) in [*lean, servers.Node] and not server.secure]
            in_turns(quick, options.rounds, "measure_latency", how, options.settle)
            rows += quick
        return [row.summary() for row in rows]


# What is printed ----------------------------------------------------------------------------------


def middle(row, name):
    return statistics.median(each[name] for each in row["rounds"])


def ratios(one, other):
    """Of processor time for a message, round by round."""
    return [mine["server_cpu_ns"] / theirs["server_cpu_ns"]
            for mine, theirs in zip(one["rounds"], other["rounds"])]


def blocked_ratios(row):
    return [beside["p99"] / alone["p99"]
            for beside, alone in zip(row["beside_blocked"], row["latencies"])]


def spread(values, form=".2f"):
    return (f"{statistics.median(values):{form}}"
            f" ({min(values):{form}} to {max(values):{form}})")


def load_of(row):
    return row["size"], row["in_flight"]


def print_table(rows):
    """A table for each load."""
    rows = [row for row in rows if row["rounds"]]
    for size, in_flight in sorted(set(map(load_of, rows))):
        print(f"\n| {size:,} octets, {in_flight} under way | messages/s | server CPU, ns a message"
              " | h2ws http2 : it | h2ws nghttp2 : it | MiB |\n|" + " --- |" * 6)
        for secure in (False, True):
            print_rows([row for row in rows
                        if load_of(row) == (size, in_flight) and row["secure"] == secure])


def print_rows(rows):
    by_name = {row["name"]: row for row in rows}
    for row in rows:
        name = f"{row['name']} {row['version']}".strip() + (", TLS" if row["secure"] else "")
        cells = [spread(ratios(by_name[each.name], row)) if each.name in by_name else ""
                 for each in servers.OURS]
        print(f"| {name} | {middle(row, 'messages_per_second'):,.0f} |"
              f" {spread([each['server_cpu_ns'] for each in row['rounds']], ',.0f')} |"
              f" {' | '.join(cells)} | {row['resident'] / 2**20:.0f} |")


def print_latencies(rows):
    names = ["p50", "p90", "p99", "p99_9"]
    print("\n| server, at half load | rate | " + " | ".join(f"{name}, us" for name in names)
          + " | p99.9 : p50 | p99 beside one that is blocked : p99 |\n|" + " --- |" * 8)
    for row in rows:
        if row["latencies"]:
            cells = [f"{statistics.median(each[name] for each in row['latencies']) / 1000:,.0f}"
                     for name in names]
            tails = [each["p99_9"] / each["p50"] for each in row["latencies"]]
            rate = statistics.median(each["rate"] for each in row["latencies"])
            print(f"| {row['name']} | {rate:,.0f} | {' | '.join(cells)} | {spread(tails, '.1f')} |"
                  f" {spread(blocked_ratios(row)) if row['beside_blocked'] else ''} |")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("build")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.5, help="of a measurement")
    parser.add_argument("--settle", type=float, default=1, help="seconds before, with a rate: what"
                        " one that is blocked sends has filled all there is to fill")
    parser.add_argument("--messages", type=int, default=0, help="of a measurement, instead")
    parser.add_argument("--only", action="append", help="servers whose names have this")
    parser.add_argument("--programs", help="the folder of the others' programs: BUILD/bench")
    parser.add_argument("--results", help="the folder of end_to_end.json: BUILD")
    parser.add_argument("--npm", help="the folder of npm packages")
    parser.add_argument("--no-sizes", dest="sizes", action="store_false")
    parser.add_argument("--no-latency", dest="latency", action="store_false")
    return parser.parse_args()


def main():
    options = arguments()
    wanted = [kind for kind in servers.ALL
              if not options.only or any(word in kind.name for word in options.only)]
    with tempfile.TemporaryDirectory(prefix="h2ws-") as folder:
        try:
            rows = measure(Place(options, folder), options, wanted)
        except Failure as why:
            sys.exit(f"end_to_end: {why}")
    results = pathlib.Path(options.results or options.build, "end_to_end.json")
    results.write_text(json.dumps(rows, indent=1) + "\n")
    print_table(rows)
    print_latencies(rows)


if __name__ == "__main__":
    main()
