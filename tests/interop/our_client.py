"""Our client against somebody else's server: the cases that every such server is put through.

A module about one server makes a ServerPeer that says what is peculiar to it; `run` does the rest.
Behind a proxy stands an HTTP/1.1 backend; a server without one echoes by itself, and its paths mean
the same.
"""
import contextlib
import itertools
import re

import http1
from peers import (ENABLE_CONNECT_PROTOCOL, Cases, Certificates, Process, check, check_equal,
                    sample, sample_text, temporary_folder)
from served import data_octets, frames_in
from tap import Tap

LARGE = 300_000


class ServerPeer:
    """What is known of one server; the values here are those of one without peculiarities."""

    name = None
    cleartext = True          # it takes HTTP/2 with prior knowledge
    behind = True             # there is an HTTP/1.1 backend
    goaway_on_end_stream = [] # what it says when it needs end_with_reset and does not get it
    end_with_reset = False    # it drops the connection on a client's END_STREAM after both Closes
    forwards_reset_as = "end of file"  # how the backend sees a client's RST_STREAM
    subprotocols = "chat, superchat"
    subprotocol = "superchat"
    settings = {}             # of its first SETTINGS, as far as they matter
    holds_until_spoken_to = False  # what the backend says and does reaches the client only then
    large = LARGE             # bytes that it echoes without harm
    lacks = ()                # paths that mean nothing to it
    compression = None        # what it answers to an offer of it
    compresses = False        # what it sends then

    # How its half ends, from the Close or END_STREAM on. Alternatives are races that it runs with
    # us or with its backend.
    end_after_our_close = ()
    end_after_its_close = ()
    end_without_close = ()
    end_of_refusal = ()

    def start(self, folder, certificates, backend):
        """A Service: its first port for TLS, its second for cleartext."""
        raise NotImplementedError

    def response(self, subprotocol, authority):
        """The fields that the client gets with 200 at /echo/fields. A server without a backend
        tells in x-fields what it got."""
        raise NotImplementedError

    def refusal(self):
        """The fields that the client gets with 403."""
        raise NotImplementedError

    def backend_fields(self, authority, tls, subprotocols):
        """What the backend gets, the key's value being KEY."""
        raise NotImplementedError

    def masked(self, fields):
        """Without values that are others every time."""
        values = {"date": "DATE", "sec-websocket-accept": "ACCEPT"}
        return [(name, values.get(name, value)) for name, value in fields]


class Tunnel:
    """One WebSocket of the program `tunnels`."""

    numbers = itertools.count(1)

    def __init__(self, process, name, path):
        self.process, self.name, self.path = process, name, path

    @classmethod
    def begin(cls, process, path, subprotocols="chat, superchat"):
        tunnel = cls(process, f"t{next(cls.numbers)}", path)
        process.write(f"open {tunnel.name} {path} {subprotocols}\n")
        return tunnel

    def wait(self, pattern):
        return self.process.wait_line(pattern.replace("NAME", self.name))

    def wait_open(self, subprotocol):
        match = self.wait(r"(?:opened|refused|closed) NAME .*")
        check_equal("the answer", match[0], f"opened {self.name} 200 {subprotocol}")
        return self

    def messages(self):
        return [(match[1], bytes.fromhex(match[2]))
                for match in self.process.matches(rf"message {self.name} (text|binary) (.*)")]

    def send(self, kind, payload, part="last"):
        self.process.write(f"send {self.name} {kind} {part} {payload.hex()}\n")

    def send_message(self, kind, payload, pieces=1):
        size = max(1, -(-len(payload) // pieces))
        parts = [payload[at:at + size] for at in range(0, len(payload), size)] or [b""]
        for index, part in enumerate(parts):
            last = index + 1 == len(parts)
            self.send(kind, part, "last" if last else "next" if index else "first")

    def echo(self, kind, payload, pieces=1):
        """Sends a message in so many fragments and expects it back."""
        before = len(self.messages())
        self.send_message(kind, payload, pieces)
        self.process.wait_for(lambda: len(self.messages()) > before, f"echo on {self.path}")
        check_equal("the echo", self.messages()[before], (kind, payload))

    def close(self, code):
        self.process.write(f"close {self.name} {code}\n")

    def wait_closed(self):
        """The name of the error, none for a clean end."""
        return self.wait(r"closed NAME (\S+) (\S+)")[1]

    def received_code(self):
        return int(self.wait(r"close NAME (\d+)")[1])


class Client:
    """Our client with several tunnels on one connection, and a tap in between."""

    numbers = itertools.count(1)

    def __init__(self, test, tls, ending=None):
        self.test, self.tls = test, tls
        port = test.service.ports[0 if tls else 1]
        self.tap = Tap(port, test.certificates.context() if tls else None, secure=tls)
        self.process = Process(test.tunnels, "localhost", self.tap.port,
                               test.certificates.ca if tls else "cleartext",
                               ending or ("end-with-reset" if test.peer.end_with_reset
                                          else "end-with-end-stream"))

    def begin(self, path="/echo"):
        if path == "/echo":
            path += f"/{next(Client.numbers)}"
        return Tunnel.begin(self.process, path, self.test.peer.subprotocols)

    def open(self, path="/echo"):
        return self.begin(path).wait_open(self.test.peer.subprotocol)

    def expect_nothing(self, tunnel):
        """Others are served meanwhile, and nothing comes on this one."""
        for _ in range(10):
            self.bystander.echo("text", b"meanwhile")
        stream = self.tap.stream(tunnel.path)
        check_equal("what came", (stream.server.events, stream.server.frames), (["HEADERS"], []))

    def speak_until_closed(self, tunnel):
        for _ in range(50):
            tunnel.send("text", b"and then")
            self.bystander.echo("text", b"meanwhile")
            if self.process.matches(f"closed {tunnel.name} .*"):
                return

    @property
    def authority(self):
        return f"localhost:{self.tap.port}"

    def expect_ends(self, tunnel, client, server):
        """How both halves ended; each side's is one of the alternatives."""
        stream = self.tap.wait_over(tunnel.path)
        for name, allowed in (("client", client), ("server", server)):
            apart = [word for event in stream.ends()[name]
                     for word in re.sub(r" END_STREAM$", "|END_STREAM", event).split("|")]
            check(apart in [list(each) for each in allowed],
                  f"the {name}'s half ended with {apart}, not one of {allowed}")


class Test:
    def __init__(self, peer, h2ws, tunnels, folder):
        self.peer, self.h2ws, self.tunnels = peer, h2ws, tunnels
        self.certificates = Certificates(folder)
        self.backend = http1.Backend() if peer.behind else None
        self.service = peer.start(folder, self.certificates, self.backend)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.service.__exit__()
        if self.backend:
            self.backend.__exit__()

    @contextlib.contextmanager
    def connection(self, tls):
        """A connection whose second tunnel echoes before and after, and then closes clean."""
        client = Client(self, tls)
        with client.tap, client.process:
            bystander = client.open()
            bystander.echo("text", b"before")
            client.bystander = bystander
            yield client
            bystander.echo("text", b"after")
            bystander.close(1000)
            check_equal("how the second tunnel closed", bystander.wait_closed(), "none")
            check_equal("connections", len(client.tap.connections), 1)
            connection = client.tap.connections[0]
            check_equal("GOAWAY of the server", connection.goaways("server"), [])
            client.process.end_input()
            status = client.process.exit_status()
            check(status == 0, f"exit status {status}; {client.process.said()}")

    @contextlib.contextmanager
    def command(self, tls, path, *options):
        """A running `h2ws connect`, straight to the server."""
        port = self.service.ports[0 if tls else 1]
        more = ["--ca", self.certificates.ca] if tls else []
        if self.peer.end_with_reset:
            more.append("--end-with-reset")
        for name in self.peer.subprotocols.split(", "):
            more += ["--subprotocol", name]
        with Process(self.h2ws, "connect", f"{'wss' if tls else 'ws'}://localhost:{port}{path}",
                     "-v", "--linger", "0", *more, *options) as process:
            yield process


def our_end(*after):
    """How our half may end: with END_STREAM, or with nothing when the server was faster with its
    reset (S20)."""
    return [[*after, "END_STREAM"], [*after]]


def our_end_after(test, *close):
    if test.peer.end_with_reset:
        return [[*close, "RST_STREAM CANCEL"], [*close]]
    return our_end(*close)


def end_stream_drops_the_connection(test, tls):
    """Of servers that need end_with_reset, and why they do."""
    client = Client(test, tls, "end-with-end-stream")
    with client.tap, client.process:
        bystander, tunnel = client.open(), client.open()
        bystander.echo("text", b"before")
        tunnel.close(1000)
        check_equal("how it closed", tunnel.wait_closed(), "none")
        check_equal("how the second ended", bystander.wait_closed(), "connection_lost")
        client.process.wait_line("ended .*")
        stream = client.tap.stream(tunnel.path)
        check_equal("our half", stream.client.end, ["close 1000", "END_STREAM"])
        connection = client.tap.connections[0]
        check_equal("GOAWAY, and who ended the connection",
                    (connection.goaways("server"), connection.ended),
                    (test.peer.goaway_on_end_stream, "server"))


# Cases -------------------------------------------------------------------------------------------


def fields_arrive(test, tls):
    peer = test.peer
    with test.connection(tls) as client:
        tunnel = client.open("/echo/fields?a=1&b=%20")
        stream = client.tap.stream(tunnel.path)
        check_equal("the request", stream.request, [
            (":method", "CONNECT"), (":protocol", "websocket"),
            (":scheme", "https" if tls else "http"), (":path", tunnel.path),
            (":authority", client.authority), ("sec-websocket-version", "13"),
            ("sec-websocket-protocol", peer.subprotocols)])
        check_equal("the response", peer.masked(stream.response),
                    [(":status", "200"), *peer.response(peer.subprotocol, client.authority)])
        settings = client.tap.connections[0].settings("server")
        wanted = {ENABLE_CONNECT_PROTOCOL: 1, **peer.settings}
        check_equal("the SETTINGS", {number: settings.get(number) for number in wanted}, wanted)
        if test.backend:
            came = test.backend.wait(tunnel.path)
            check_equal("the request line", came.request, f"GET {tunnel.path} HTTP/1.1")
            fields = [(name, re.sub(r"[A-Za-z0-9+/]{21}[AQgw]==", "KEY", value)
                       if name == "sec-websocket-key" else value) for name, value in came.fields]
            check_equal("the backend's fields", fields,
                        peer.backend_fields(client.authority, tls, peer.subprotocols))
        tunnel.close(1000)
        check_equal("how it closed", tunnel.wait_closed(), "none")


def messages_are_echoed(test, tls):
    large = test.peer.large
    with test.connection(tls) as client:
        tunnel = client.open()
        for kind, payload in (("text", b"hello"), ("text", "Gr\u00fc\u00dfe \U0001F642".encode()),
                              ("text", b""), ("binary", bytes(range(256))),
                              ("binary", sample(20_000))):
            tunnel.echo(kind, payload)
        tunnel.echo("text", "in \U0001F642 pieces".encode(), pieces=7)
        tunnel.echo("binary", sample(1000), pieces=3)
        client.bystander.echo("text", b"meanwhile")
        tunnel.close(1000)
        check_equal("how it closed", tunnel.wait_closed(), "none")
        for kind, payload, pieces in (("text", sample_text(large).encode(), 1),
                                      ("binary", sample(large), 1), ("binary", sample(large), 5)):
            tunnel = client.open()
            tunnel.echo(kind, payload, pieces)
            tunnel.close(1000)
            check_equal("how it closed", tunnel.wait_closed(), "none")


def the_server_speaks_first(test, tls):
    with test.connection(tls) as client:
        tunnel = client.open("/greet")
        if test.peer.holds_until_spoken_to:
            client.expect_nothing(tunnel)
            tunnel.send("text", b"and then")
        client.process.wait_for(tunnel.messages, "greeting")
        check_equal("the greeting", tunnel.messages()[0], ("text", b"hello"))
        if test.peer.holds_until_spoken_to:
            client.process.wait_for(lambda: len(tunnel.messages()) == 2, "echo")
        tunnel.echo("text", b"hello")
        tunnel.close(1000)
        check_equal("how it closed", tunnel.wait_closed(), "none")


def we_close(test, tls):
    with test.connection(tls) as client:
        for code in (1000, 4001):
            tunnel = client.open()
            tunnel.echo("text", b"hello")
            tunnel.close(code)
            check_equal("the code that came back", tunnel.received_code(), code)
            check_equal("how it closed", tunnel.wait_closed(), "none")
            close = f"close {code}"
            client.expect_ends(tunnel, our_end_after(test, close),
                               [[close, *end] for end in test.peer.end_after_our_close])
            if test.backend:
                came = test.backend.wait(tunnel.path, lambda each: each.ended, "end")
                check_equal("the code at the backend", came.close_code, code)
            client.bystander.echo("text", b"meanwhile")


def the_server_closes(test, tls):
    with test.connection(tls) as client:
        for code in (4001, 1011):
            tunnel = client.open(f"/close/{code}")
            tunnel.send("text", b"close")
            check_equal("the code that came", tunnel.received_code(), code)
            check_equal("how it closed", tunnel.wait_closed(), "none")
            close = f"close {code}"
            client.expect_ends(tunnel, our_end_after(test, close),
                               [[close, *end] for end in test.peer.end_after_its_close])
            if test.backend:
                came = test.backend.wait(tunnel.path, lambda each: each.ended, "end")
                check_equal("the code at the backend", came.close_code, code)
            client.bystander.echo("text", b"meanwhile")


def the_backend_ends_without_a_close(test, tls):
    with test.connection(tls) as client:
        tunnel = client.open("/end")
        tunnel.send("text", b"end")
        if test.peer.holds_until_spoken_to:
            test.backend.wait(tunnel.path, lambda each: each.ended, "end")
            client.expect_nothing(tunnel)
            client.speak_until_closed(tunnel)
        # Also where a reset follows in the same read.
        check_equal("how it ended", tunnel.wait_closed(), "end_stream_without_close")
        # RFC 8441 5 and RFC 6455 7.1.5: 1006; S18: a client resets, unless the server did.
        client.expect_ends(tunnel, [["RST_STREAM CANCEL"], []], test.peer.end_without_close)


def we_reset(test, tls):
    with test.connection(tls) as client:
        tunnel = client.open()
        tunnel.echo("text", b"hello")
        client.process.write(f"reset {tunnel.name}\n")
        check_equal("how it ended", tunnel.wait_closed(), "reset_by_us")
        client.expect_ends(tunnel, [["RST_STREAM CANCEL"]], [[]])
        if test.backend:
            came = test.backend.wait(tunnel.path, lambda each: each.ended, "end")
            check_equal("how it ended at the backend", came.ended, test.peer.forwards_reset_as)


def a_refusal(test, tls):
    with test.connection(tls) as client:
        tunnel = client.begin("/refuse/403")
        check_equal("the status", tunnel.wait(r"refused NAME (\d+)")[1], "403")
        stream = client.tap.stream(tunnel.path)
        check_equal("the response", test.peer.masked(stream.response),
                    [(":status", "403"), *test.peer.refusal()])
        client.expect_ends(tunnel, [["RST_STREAM CANCEL"], []], test.peer.end_of_refusal)


def the_command_exchanges_messages(test, tls):
    with test.command(tls, "/echo/command") as process:
        for text in ("hello", "Gr\u00fc\u00dfe", "x" * test.peer.large):
            process.write(text + "\n")
            process.wait_line(re.escape(text))
        process.end_input()
        check_equal("the exit status", process.exit_status(), 0)
        said = "\n".join(process.stderr)
        for word in (f"< sec-websocket-protocol: {test.peer.subprotocol}", "> close, 1000",
                     "< close, 1000", "closed with 1000 by this end, clean"):
            check(word in said or (word.startswith("< sec") and not test.peer.subprotocol),
                  f"{word!r} is not in {said!r}")


def the_command_tells_how_it_ended(test, tls):
    for path, status, word in (("/close/4001", 0, "the server closed with 4001"),
                               ("/close/1011", 0, "the server closed with 1011"),
                               ("/end", 5, "ended abnormally with 1006"),
                               ("/refuse/403", 3, "refused with status 403")):
        if path in test.peer.lacks:
            continue
        with test.command(tls, path) as process:
            process.write("now\n")
            if path == "/end" and test.peer.holds_until_spoken_to:
                test.backend.wait(path, lambda each: each.ended, "end")
                process.write_until_exit("and then\n")
            got = process.exit_status()
            said = "\n".join(process.stderr)
            check(got == status, f"{path}: exit status {got}, not {status}: {said}")
            check(word in said, f"{path}: {word!r} is not in {said!r}")


def compression(test, tls):
    """Offered by the command; what the server makes of it, and of what is compressed."""
    peer = test.peer
    with test.command(tls, "/echo/compressed", "--deflate", "-vv") as process:
        texts = ("hello", "hello", "x" * peer.large, sample_text(peer.large))
        for text in texts:
            process.write(text + "\n")
            process.wait_line(re.escape(text))
        process.end_input()
        check_equal("the exit status", process.exit_status(), 0)
        frames = frames_in(process.stderr)
        fields = dict(next(frame.fields for frame in frames
                           if (frame.kind, frame.mark) == ("HEADERS", "<")))
        check_equal("the answer", fields.get("sec-websocket-extensions"), peer.compression)
        for mark, whether in ((">", peer.compression), ("<", peer.compresses)):
            octets = data_octets(frames, mark)
            said = sum(len(text.encode()) for text in texts)
            check((octets * 2 < said) == bool(whether), f"{said} octets came to {octets} {mark}")


CASES = [fields_arrive, messages_are_echoed, the_server_speaks_first, we_close, the_server_closes,
         the_backend_ends_without_a_close, we_reset, a_refusal, the_command_exchanges_messages,
         the_command_tells_how_it_ended, compression]


def run(peer, h2ws, tunnels, words, more=()):
    """All cases, and those of the peer's own, over TLS and over cleartext."""
    cases = Cases(total_seconds=100)
    with temporary_folder() as folder, Test(peer, h2ws, tunnels, folder) as test:
        for case in [*CASES, *more]:
            if case is the_backend_ends_without_a_close and "/end" in peer.lacks:
                continue
            for tls in (True, False) if peer.cleartext else (True,):
                name = f"{peer.name}, {'TLS' if tls else 'cleartext'}: {case.__name__}"
                if all(word in name for word in words):
                    cases.run(name.replace("_", " "), case, test, tls)
    return cases.finish()
