"""budget.py FOLDER [kernels|end_to_end]...: what bench/run measured, as a table of the budgets.

A ratio is of two rows in the same round; what is shown is the median over the rounds, and the
smallest and largest. The exit status says whether every budget that is shown is met.
"""
import json
import math
import pathlib
import platform
import statistics
import sys


class Run:
    """The rows of one program: a list of times, by round."""

    def __init__(self, file):
        self.rows = {}
        self.rates = {}  # frames a second, by round
        for each in json.loads(file.read_text())["benchmarks"]:
            if each["run_type"] == "iteration" and "error_message" not in each:
                self.rows.setdefault(each["run_name"], []).append(each["cpu_time"])
                if "items_per_second" in each:
                    self.rates.setdefault(each["run_name"], []).append(each["items_per_second"])

    def frame(self, name):
        """Nanoseconds for one of them."""
        return 1e9 / statistics.median(self.rates[name]) if name in self.rates else None

    def ratio(self, one, *others):
        """`one` over the sum of the others, round by round."""
        rounds = zip(self.rows[one], *(self.rows[other] for other in others))
        return [mine / sum(theirs) for mine, *theirs in rounds]


# Budget, which programs, what is divided by what, the most it may be.
BOTH, PLAIN, NATIVE = ("", "_native"), ("",), ("_native",)
BUDGETS = [
    ("P1", "receive", BOTH, "h2ws/binary/16384", ["xor_aligned/binary/16384"], 1 / 0.92),
    ("P1", "receive", BOTH, "h2ws/binary/16384", ["memcpy/binary/16384"], 0.6),
    ("P2", "receive", BOTH, "h2ws/binary/16", ["xor/binary/16", "hop/binary/16"], 2.6),
    ("P2", "receive", BOTH, "h2ws/binary/16", ["beast/binary/16"], 0.1),
    ("P2", "receive", BOTH, "h2ws/binary/125", ["xor/binary/125", "hop/binary/125"], 2.6),
    ("P2", "receive", BOTH, "h2ws/binary/125", ["beast/binary/125"], 0.1),
    ("P3", "receive", BOTH, "h2ws/ascii/16384", ["h2ws/binary/16384"], 1.1),
    ("P4", "receive", BOTH, "h2ws_elsewhere/sliced_mixed/16384", ["beast/sliced_mixed/16384"], 0.1),
    ("P4", "receive", PLAIN, "h2ws/mixed/16384", ["h2ws/binary/16384"], 8),
    ("P4", "receive", NATIVE, "h2ws/mixed/16384", ["h2ws/binary/16384"], 6.5),
    ("P5", "receive", BOTH, "h2ws_elsewhere/binary/16384", ["copy_xor/binary/16384"], 1.15),
    ("P5", "receive", BOTH, "h2ws_elsewhere/sliced_binary/16384", ["beast/sliced_binary/16384"], 0.6),
    ("P6", "send", BOTH, "h2ws_client/125", ["copy_xor/125"], 2.5),
    ("P6", "send", BOTH, "h2ws_client/16384", ["copy_xor/16384"], 1.1),
    ("P7", "tunnel_message", PLAIN, "nghttp2/125", ["bare/125"], 1.1),
    # 100 messages at once for what 10 one by one cost.
    ("P7", "tunnel_message", PLAIN, "nghttp2_pipelined/125", ["nghttp2/125"], 10),
    ("P7", "tunnel_message", PLAIN, "bare_pipelined/125", ["bare/125"], 10),
    ("P8", "tunnel_message", PLAIN, "http2/125", ["nghttp2/125"], 0.5),
    ("P8", "tunnel_message", PLAIN, "http2_opening", ["nghttp2_opening"], 0.5),
    ("P10", "tunnel_message", PLAIN, "nghttp2_opening", ["bare_opening"], 1.25),
    ("P10", "opening", PLAIN, "nghttp2", ["beast_tls"], 0.01),
    ("P10", "opening", PLAIN, "http2", ["beast_tls"], 0.01),
    ("P12", "deflate", PLAIN, "compress/octets:64/context:1",
     ["compress_bare/octets:64/context:1"], 1.05),
]


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


WHO = ["memcpy", "xor", "xor_aligned", "copy_xor", "hop", "h2ws", "h2ws_elsewhere", "beast"]
WHAT = ["binary/16", "binary/125", "binary/16384", "ascii/16384", "mixed/16384"]
SENT = ["copy", "copy_xor", "h2ws_client", "h2ws_server", "h2ws_server_in_place",
        "peer<bench::beast_client>", "peer<bench::wslay_client>", "peer<bench::websocketpp_client>"]


def print_frames(runs, program, who, what):
    """Nanoseconds for a frame, -O2 and for this machine."""
    print(f"\n| {program}, ns a frame | " + " | ".join(what) + " |\n" + "| --- " * (len(what) + 1) + "|")
    for each in who:
        cells = []
        for kind in what:
            both = [runs[program + build].frame(f"{each}/{kind}") for build in BOTH]
            cells.append(" / ".join(f"{ns:.3g}" for ns in both) if None not in both else "")
        print(f"| {each} | " + " | ".join(cells) + " |")


# Of the processor time of a server for a message, ours over another's.
END_TO_END = [("bare nghttp2", 1.1), ("Beast", 0.2), ("Node http2 + ws", 0.3)]
TAIL = 3       # of a p99.9 at half load, over the median
BLOCKED = 1.1  # of a p99 beside a WebSocket that is never read, over one without


def print_head(what):
    print(f"\n{processor()}\n\n| budget | {what} | what | is | at most | rounds |")
    print("| --- | --- | --- | --- | --- | --- |")


def print_row(budget, where, what, found, most):
    """Whether it is missed."""
    middle = statistics.median(found)
    print(f"| {budget}{'' if middle <= most else ', missed'} | {where} | {what} | {middle:.3g} |"
          f" {'' if most == math.inf else f'{most:.3g}'} | {min(found):.3g} to {max(found):.3g} |")
    return middle > most


def print_end_to_end(folder):
    """How many are missed."""
    rows = json.loads((pathlib.Path(folder) / "end_to_end.json").read_text())
    small = {(row["name"], row["secure"]): row["rounds"] for row in rows
             if (row["size"], row["in_flight"]) == (125, 1) and row["rounds"]}
    print_head("transport")
    missed = 0
    for other, most in END_TO_END:
        for (name, secure), rounds in small.items():
            if name.startswith("h2ws") and (other, secure) in small:
                found = [mine["server_cpu_ns"] / theirs["server_cpu_ns"]
                         for mine, theirs in zip(rounds, small[other, secure])]
                missed += print_row("P11", "TLS" if secure else "cleartext",
                                    f"{name} : {other}", found, most)
    for row in rows:
        if row["latencies"]:
            found = [each["p99_9"] / each["p50"] for each in row["latencies"]]
            beside = [blocked["p99"] / alone["p99"]
                      for blocked, alone in zip(row["beside_blocked"], row["latencies"])]
            ours = row["name"].startswith("h2ws")
            missed += print_row("P14" if ours else "for comparison", "cleartext",
                                f"{row['name']}, p99.9 : median", found, TAIL if ours else math.inf)
            if beside:
                missed += print_row("P14", "cleartext",
                                    f"{row['name']}, p99 beside a blocked one : p99", beside,
                                    BLOCKED)
    return missed


def print_kernels(folder):
    """How many are missed."""
    runs, missed = {}, 0
    print_head("build")
    for budget, program, builds, one, others, most in BUDGETS:
        for build in builds:
            name = program + build
            run = runs.setdefault(name, Run(pathlib.Path(folder) / f"{name}.json"))
            found = run.ratio(one, *others)
            missed += print_row(budget, build[1:] or "-O2", f"{one} : {' + '.join(others)}", found,
                                most)
    print_frames(runs, "receive", WHO, WHAT)
    print_frames(runs, "send", SENT, ["16", "125", "1024", "16384"])
    return missed


def main(folder, *parts):
    missed = 0
    if not parts or "kernels" in parts:
        missed += print_kernels(folder)
    if not parts or "end_to_end" in parts:
        missed += print_end_to_end(folder)
    print(f"\n{missed} of the budgets are missed")
    sys.exit(missed != 0)


main(*sys.argv[1:])
