#!/usr/bin/python3
"""python_bench.py H2WS [WORD]...: `h2ws bench` against our server, and against one of python-h2 and
wsproto that can be told to misbehave.

What is asserted are counts, contents and exit statuses. With words, only the cases whose names have
them all.
"""
import collections
import json
import pathlib
import re
import signal
import socket
import sys
import time

from peers import (CANCEL, ENABLE_CONNECT_PROTOCOL, HEADERS, MAX_CONCURRENT_STREAMS, PATIENCE,
                   RST_STREAM, WINDOW_UPDATE, Cases, Certificates, Endpoint, Process, check, check_equal,
                   temporary_folder)
from served import Served

SUMMARY = ["url", "engine", "connections", "tunnels", "blocked", "in_flight", "size", "type", "rate",
           "interrupted", "tunnels_opened", "tunnels_closed", "open_ns", "seconds", "messages",
           "messages_per_second", "bytes_per_second", "errors", "wrong_echoes", "unanswered",
           "unsent", "latency_from", "coordinated_omission_corrected", "latency_ns",
           "client_cpu_ns_per_message", "client_cpu_share"]
LATENCIES = ["min", "mean", "p50", "p90", "p99", "p99_9", "p99_99", "max"]
MILLISECOND = 1_000_000


class Test:
    def __init__(self, tool, folder):
        self.tool = tool
        self.certificates = Certificates(folder)

    def bench(self, url, *options):
        return Process(self.tool, "bench", url, *options)


def results(process, status=0):
    """The one line of JSON, of a process that ends with this status."""
    got = process.exit_status()
    check(got == status, f"exit status {got}, not {status}; {process.said()}")
    check_equal("lines on stdout", len(process.stdout), 1)
    return json.loads(process.stdout[0])


def expect(found, **values):
    check_equal("the results", {name: found[name] for name in values}, values)


class Server:
    """A server of python-h2 with one connection, and the command that loads it.

    `echo(stream, number, message)` gives what is sent back for a tunnel's message of that number,
    and by default the message.
    """

    def __init__(self, test, *options, echo=None, settings=None, enabled=True, closes=True):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(PATIENCE)
        self.echo = echo or (lambda stream, number, message: [message])
        self.closes = closes  # Closes are answered
        self.settings = {ENABLE_CONNECT_PROTOCOL: 1, **(settings or {})} if enabled else {}
        self.without = [] if enabled else [ENABLE_CONNECT_PROTOCOL]
        self.answered = collections.Counter()  # messages, by stream
        self.closed = set()
        self.endpoint = None
        self.process = test.bench(f"ws://127.0.0.1:{self.socket.getsockname()[1]}/", *options)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.__exit__()
        self.socket.close()
        if self.endpoint:
            self.endpoint.socket.close()

    def accept(self):
        sock, _ = self.socket.accept()
        self.endpoint = Endpoint(sock, client_side=False, settings=self.settings,
                                 without=self.without)
        self.endpoint.start()

    def run(self, until=lambda: False):
        """Serves until the command has ended or the condition is met."""
        if self.endpoint is None:
            self.accept()
        end = time.monotonic() + PATIENCE
        while self.process.running() and not until():
            check(time.monotonic() < end, f"it did not end; {self.process.said()}")
            self.endpoint.pump()
            for stream in list(self.endpoint.streams.values()):
                self.serve(stream)
        while not self.process.running() and not self.endpoint.ended:
            self.endpoint.pump()  # its last words
        return self

    def serve(self, stream):
        if stream.websocket is None:
            stream.begin_websocket()
            self.endpoint.respond(stream, [(":status", "200")])
        while self.answered[stream.number] < len(stream.messages) and not stream.close:
            number = self.answered[stream.number]
            self.answered[stream.number] += 1
            for message in self.echo(stream, number, stream.messages[number]):
                stream.send_message(message)
        if self.closes and stream.close and stream.number not in self.closed:
            self.closed.add(stream.number)
            stream.send_close(stream.close[0], end_stream=True)

    @property
    def tunnels(self):
        return list(self.endpoint.streams.values())

    def results(self, status=0):
        return results(self.run().process, status)

    def expect_status(self, status, *said):
        """That it ends with this status, says so much and prints no results."""
        process = self.run().process
        got = process.exit_status()
        check(got == status, f"exit status {got}, not {status}; {process.said()}")
        check_equal("stdout", process.stdout, [])
        for word in said:
            check(word in process.stderr[-1], f"{word!r} is not in {process.stderr[-1]!r}")


# Our server --------------------------------------------------------------------------------------


def served(test, tls, *options):
    return Served(test.tool, *options, certificates=test.certificates if tls else None)


def bench(test, server, tls, *options, path="/"):
    url = f"{'wss' if tls else 'ws'}://localhost:{server.port}{path}"
    return test.bench(url, *(["--ca", test.certificates.ca] if tls else []), *options)


def messages_are_counted(test, tls):
    for more, kind in ((["--text"], "text"), ([], "binary")):
        with served(test, tls) as server, \
                bench(test, server, tls, "--connections", 2, "--tunnels", 7, "--in-flight", 3,
                      "--size", 1000, "--messages", 500, "--warmup", 0, "--json", "--quiet",
                      *more) as process:
            found = results(process)
            check_equal("the names", list(found), SUMMARY)
            expect(found, connections=2, tunnels=7, in_flight=3, size=1000, type=kind, rate=0,
                   tunnels_opened=14, tunnels_closed=14, messages=500, errors=0, wrong_echoes=0,
                   unanswered=0, unsent=0, interrupted=False, latency_from="sent",
                   coordinated_omission_corrected=False)
            for name in ("latency_ns", "open_ns"):
                check_equal("the names", list(found[name]), LATENCIES)
                ordered = [found[name][each] for each in LATENCIES if each != "mean"]
                check(ordered == sorted(ordered) and ordered[0] > 0, name, found[name])
            check_equal("stderr", process.stderr, [])
            expect_clean_ends(server, connections=2, tunnels=7)


def expect_clean_ends(server, connections, tunnels):
    """Every tunnel was closed with 1000 and its stream ended in order."""
    server.process.wait_for(lambda: len(server.process.matches("closed / .*"))
                            == connections * tunnels, "end of all tunnels")
    for match in server.process.matches("closed / .*"):
        check("code=1000" in match[0] and "error" not in match[0], match[0])
    for connection in range(1, connections + 1):
        for stream in range(1, 2 * tunnels, 2):
            server.expect_endings((connection, stream), "client: DATA END_STREAM empty",
                                  "server: DATA END_STREAM filled", crossing=True)


def results_are_told(test, tls):
    with served(test, tls) as server, \
            bench(test, server, tls, "--tunnels", 10, "--messages", 200, "--warmup", 0) as process:
        check_equal("the exit status", process.exit_status(), 0)
        said = "\n".join(process.stdout)
        for pattern in (r"1 connection, on each 10 tunnels, on each up to 1 message of 125 bytes",
                        r"tunnels     10 opened \(p50 .*s, p99 .*s\), 10 closed",
                        r"messages    200 in \S+ s: [\d,]+ messages/s, [\d,]+ bytes/s each way",
                        r"errors      0 wrong echoes, 0 unanswered, 0 due and not sent",
                        r"latency     from sending; not corrected: closed loop",
                        *(rf"  {name} +\S+ (ns|us|ms|s)\n" for name in
                          ("min", "mean", "p50", "p90", "p99", r"p99\.9", r"p99\.99", "max")),
                        r"client CPU  \S+ (us|ms) per message, \d+ % of a core"):
            check(re.search(pattern, said), f"{pattern!r} is not in {said!r}")


def a_rate_and_a_duration_make_a_count(test):
    with served(test, False) as server, \
            bench(test, server, False, "--tunnels", 20, "--rate", 2000, "--duration", 0.5,
                  "--warmup", 0.1, "--json") as process:
        found = results(process)
        expect(found, rate=2000, errors=0, latency_from="due", coordinated_omission_corrected=True)
        check_equal("messages that were due", found["messages"] + found["unsent"], 1000)
        check_equal("the names", list(found["service_ns"]), LATENCIES)


def a_signal_ends_it_in_order(test):
    with served(test, False) as server, \
            bench(test, server, False, "--tunnels", 10, "--duration", 60, "--warmup", 0,
                  "--json") as process:
        process.wait_for(lambda: process.stderr, "progress")
        check(re.fullmatch(r"1 s: [\d,]+ messages/s, 0 wrong echoes", process.stderr[0]),
              process.stderr[0])
        process.signal(signal.SIGINT)
        found = results(process)
        expect(found, interrupted=True, errors=0, tunnels_opened=10, tunnels_closed=10)
        check(found["messages"] > 0, "no messages")
        expect_clean_ends(server, connections=1, tunnels=10)


def a_refusal(test):
    with served(test, False, "--refuse", "/no=403") as server, \
            bench(test, server, False, "--json", path="/no") as process:
        check_equal("the exit status", process.exit_status(), 3)
        check_equal("stdout", process.stdout, [])
        check_equal("stderr", process.stderr, ["h2ws: refused with status 403"])


def the_server_closes_tunnels(test):
    with served(test, False, "--close", "/=4001") as server, \
            bench(test, server, False, "--tunnels", 3) as process:
        check_equal("the exit status", process.exit_status(), 5)
        check_equal("stderr", process.stderr,
                    ["h2ws: the server closed a tunnel before the end, with 4001"])


# What is sent, and what comes back ---------------------------------------------------------------

RUN = ["--tunnels", 5, "--in-flight", 2, "--size", 40, "--messages", 200, "--warmup", 0, "--json",
       "--quiet"]


def every_message_has_its_name(test):
    for more, kind in ((["--text"], str), ([], bytes)):
        with Server(test, *RUN, *more) as server:
            expect(server.results(), messages=200, errors=0, tunnels_opened=5, tunnels_closed=5)
            check_equal("tunnels", len(server.tunnels), 5)
            check_equal("messages", sum(len(each.messages) for each in server.tunnels), 200)
            for tunnel, stream in enumerate(server.tunnels):
                contents = set()
                for number, message in enumerate(stream.messages):
                    check_equal("the type and the size", (type(message), len(message)), (kind, 40))
                    octets = message.encode() if kind is str else message
                    check_equal("the name", octets[:16], b"%08x%08x" % (tunnel, number))
                    contents.add(octets[16:])
                check_equal("different contents", len(contents), min(len(stream.messages), 64))
                check_equal("the Close", stream.close, (1000, ""))
                check(stream.ended, "its stream was not ended")
            check_equal("RST_STREAM", server.endpoint.of_type(RST_STREAM), [])


def wrong(echo, count, status=9):
    """A case whose server echoes that way, and so many of whose echoes are wrong."""
    def case(test):
        with Server(test, *RUN, echo=echo) as server:
            expect(server.results(status), messages=200 - count, wrong_echoes=count, errors=count,
                   unanswered=0, tunnels_opened=5, tunnels_closed=5)
    return case


def at_every_twentieth(change):
    """Changes messages 0 and 20 of each tunnel's, of which there are about 40."""
    return lambda stream, number, message: [change(message) if number in (0, 20) else message]


def a_blocked_tunnel_has_no_part_in_it(test):
    """It sends, gets no credit back, and is reset at the end."""
    with Server(test, "--tunnels", 5, "--blocked", 1, "--size", 1000, "--messages", 200,
                "--warmup", 0, "--json", "--quiet") as server:
        expect(server.results(), messages=200, errors=0, tunnels_opened=5, tunnels_closed=5,
               blocked=1)
        *others, blocked = server.tunnels
        check_equal("tunnels beside it", len(others), 5)
        check(len(blocked.messages) > 20, "it sent", len(blocked.messages), "messages")
        check_equal("its end", (blocked.close, blocked.reset), (None, CANCEL))
        check_equal("credit for it",
                    server.endpoint.of_type(WINDOW_UPDATE, blocked.number), [])


def swapped(stream, number, message):
    """Messages 2 and 3 of each tunnel's come back in the other order."""
    if number == 2:
        return []
    return [message, stream.messages[2]] if number == 3 else [message]


def flipped_at(place):
    return at_every_twentieth(
        lambda message: message[:place] + bytes([message[place] ^ 4]) + message[place + 1:])


def another_tunnels(stream, number, message):
    return [b"%08x" % (int(message[:8], 16) ^ 1) + message[8:]] if number == 7 else [message]


def an_echo_of_nothing(test):
    """The first message comes back twice: before the next was sent, and in its place."""
    def echo(stream, number, message):
        return [message, message] if number == 0 else [message]
    run = ["--tunnels", 1, "--warmup", 0, "--json"]
    with Server(test, *run, "--rate", 5, "--messages", 3, echo=echo) as server:
        expect(server.results(status=9), messages=3, wrong_echoes=1, unanswered=0)
    with Server(test, *run, "--messages", 50, echo=echo) as server:
        expect(server.results(status=9), messages=1, wrong_echoes=49, unanswered=0)


# How it ends -------------------------------------------------------------------------------------


def streams_end_with_a_reset(test):
    with Server(test, *RUN, "--end-with-reset") as server:
        expect(server.results(), messages=200, errors=0, tunnels_opened=5, tunnels_closed=5)
        for stream in server.tunnels:
            check_equal("the end of our half", (stream.close, stream.reset, stream.ended),
                        ((1000, ""), CANCEL, None))


def no_websockets(test):
    with Server(test, "--json", enabled=False) as server:
        server.expect_status(8, "does not speak RFC 8441")
        check_equal("HEADERS", server.endpoint.of_type(HEADERS), [])


def too_few_streams(test):
    with Server(test, "--tunnels", 6, settings={MAX_CONCURRENT_STREAMS: 5}) as server:
        server.expect_status(2, "allows 5 concurrent streams", "6 tunnels")
        check_equal("HEADERS", server.endpoint.of_type(HEADERS), [])
    with Server(test, "--tunnels", 5, "--messages", 10, "--warmup", 0, "--json",
                settings={MAX_CONCURRENT_STREAMS: 5}) as server:
        expect(server.results(), messages=10, tunnels_opened=5)


def nobody_listens(test):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with test.bench(f"ws://127.0.0.1:{port}/", "--json") as process:
        check_equal("the exit status", process.exit_status(), 7)
        check_equal("stdout", process.stdout, [])


def a_certificate_that_is_not_trusted(test):
    with served(test, True) as server:
        with test.bench(f"wss://localhost:{server.port}/") as process:
            check_equal("the exit status", process.exit_status(), 7)
            check("not trusted" in process.stderr[-1], process.stderr)
        with test.bench(f"https://localhost:{server.port}/", "--insecure", "--messages", "10",
                        "--json") as process:
            expect(results(process), messages=10)


def the_connection_breaks(test):
    with Server(test, "--tunnels", 2, "--in-flight", 1, "--duration", 60, "--json") as server:
        server.run(until=lambda: sum(server.answered.values()) >= 20)
        server.endpoint.cut()
        found = results(server.process, status=5)
        expect(found, interrupted=False, tunnels_opened=2, tunnels_closed=0)
        check_equal("stderr", len([line for line in server.process.stderr
                                   if "ended abnormally with 1006" in line]), 1)


def echoes_stay_away(test):
    def echo(stream, number, message):
        return [message] if number < 3 else []
    with Server(test, "--tunnels", 2, "--messages", 100, "--warmup", 0, "--timeout", 2, "--json",
                echo=echo) as server:
        expect(server.results(status=6), messages=6, unanswered=2, errors=2, tunnels_closed=2)
        check("waiting for an echo" in server.process.stderr[-1], server.process.stderr)


def settings_stay_away(test):
    with Server(test, "--timeout", 0.5) as server:
        sock, _ = server.socket.accept()
        with sock:
            check_equal("the exit status", server.process.exit_status(), 6)
            check_equal("stdout", server.process.stdout, [])
            check("waiting for the server's SETTINGS" in server.process.stderr[-1],
                  server.process.stderr)


def closes_stay_away(test):
    with Server(test, "--tunnels", 2, "--messages", 10, "--warmup", 0, "--timeout", 2, "--json",
                closes=False) as server:
        expect(server.results(status=6), messages=10, errors=0, tunnels_closed=0)


def a_signal_before_it_has_begun(test):
    with Server(test, "--json") as server:
        sock, _ = server.socket.accept()
        with sock:
            check(sock.recv(24).startswith(b"PRI"), "no HTTP/2")
            server.process.signal(signal.SIGINT)
            expect(results(server.process), interrupted=True, messages=0, tunnels_opened=0)


def a_second_signal(test):
    """The first waits for echoes that do not come."""
    with Server(test, "--tunnels", 2, "--duration", 60, "--warmup", 0, "--json", "--timeout", 60,
                echo=lambda *_: []) as server:
        server.run(until=lambda: sum(server.answered.values()) == 2)
        server.process.signal(signal.SIGINT)
        time.sleep(0.3)
        check(server.process.running(), "it did not wait for echoes")
        server.process.signal(signal.SIGINT)
        expect(results(server.process, status=1), interrupted=True, messages=0, unanswered=2,
               tunnels_opened=2)


def usage_errors(test):
    for options in (["--tunnels", 0], ["--size", 15], ["--messages", 5, "--duration", 1],
                    ["--rate", -1], ["--in-flight", 0], ["--engine", "none"],
                    ["--connections", 1000, "--tunnels", 1000, "--in-flight", 1000]):
        with test.bench("ws://localhost/", *options) as process:
            check_equal(f"the exit status with {options}", process.exit_status(), 2)
            check_equal("stdout", process.stdout, [])


def the_page_tells_of_everything(test):
    page = pathlib.Path(__file__).parents[2].joinpath("docs", "bench.md").read_text()
    told = set(re.findall(r"`(--[a-z-]+)", page))
    with Process(test.tool, "bench", "--help", engine=None) as process:
        check_equal("the exit status", process.exit_status(), 0)
        known = {option for line in process.stdout
                 for option in re.findall(r"^  (?:-h,)?(--[a-z-]+)", line)}
    check_equal("options", told, known - {"--help"})
    table = page.partition("## JSON")[2]
    names = {name for row in re.findall(r"^\| (`.*?) \|", table, re.M)
             for name in re.findall(r"`(\w+)`", row)}
    check_equal("names", names, {*SUMMARY, "service_ns"})
    check_equal("percentiles", re.search(r"`latency_ns` \| (.*) \|", table)[1],
                ", ".join(f"`{name}`" for name in LATENCIES))


# Coordinated omission ----------------------------------------------------------------------------


def stall_once(stream, number, message):
    if number == 100:
        time.sleep(0.3)
    return [message]


STALLED = ["--tunnels", 1, "--in-flight", 1, "--messages", 500, "--warmup", 0, "--json", "--quiet"]


def a_stall_is_in_the_latency_of_what_was_due(test):
    """150 of 500 messages are due in the stall of 0.3 s: 75 of them wait for half of it, or more,
    and one of them was sent before it ended."""
    with Server(test, *STALLED, "--rate", 500, echo=stall_once) as server:
        found = server.results()
        expect(found, messages=500, errors=0, unsent=0)
        check(found["latency_ns"]["p90"] >= 150 * MILLISECOND, "due:", found["latency_ns"])
        check(found["service_ns"]["p99"] < 150 * MILLISECOND, "sent:", found["service_ns"])
        for name in ("latency_ns", "service_ns"):
            check(found[name]["max"] >= 300 * MILLISECOND, name, found[name])


def a_closed_loop_omits_the_stall(test):
    with Server(test, *STALLED, echo=stall_once) as server:
        found = server.results()
        expect(found, messages=500, errors=0)
        check(found["latency_ns"]["p99"] < 150 * MILLISECOND, found["latency_ns"])
        check(found["latency_ns"]["max"] >= 300 * MILLISECOND, found["latency_ns"])


# -------------------------------------------------------------------------------------------------

CASES = {function.__name__.replace("_", " "): function for function in (
    a_rate_and_a_duration_make_a_count, a_signal_ends_it_in_order, a_refusal,
    the_server_closes_tunnels, every_message_has_its_name, an_echo_of_nothing,
    a_blocked_tunnel_has_no_part_in_it, streams_end_with_a_reset, no_websockets, too_few_streams, nobody_listens,
    a_certificate_that_is_not_trusted, the_connection_breaks, echoes_stay_away,
    settings_stay_away, closes_stay_away, a_signal_before_it_has_begun, a_second_signal,
    usage_errors, the_page_tells_of_everything, a_stall_is_in_the_latency_of_what_was_due,
    a_closed_loop_omits_the_stall)}
CASES |= {
    "an octet of the name is wrong": wrong(flipped_at(3), 10),
    "an octet of the pattern is wrong": wrong(flipped_at(39), 10),
    "an octet is missing": wrong(at_every_twentieth(lambda message: message[:-1]), 10),
    "an octet is too much": wrong(at_every_twentieth(lambda message: message + b"x"), 10),
    "an echo is empty": wrong(at_every_twentieth(lambda message: b""), 10),
    "the type is wrong": wrong(at_every_twentieth(lambda message: "x" * len(message)), 10),
    "echoes are swapped": wrong(swapped, 10),
    "an echo is another tunnel's": wrong(another_tunnels, 5),
}


def main(tool, words):
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    cases = Cases(total_seconds=110)

    def run(name, function, *arguments):
        if all(word in name for word in words):
            cases.run(name, function, *arguments)

    with temporary_folder() as folder:
        test = Test(tool, folder)
        for case in (messages_are_counted, results_are_told):
            for tls in (True, False):
                name = case.__name__.replace("_", " ")
                run(f"{'tls' if tls else 'cleartext'}: {name}", case, test, tls)
        for name, case in CASES.items():
            run(name, case, test)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
