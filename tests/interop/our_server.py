"""Proxies as RFC 8441 clients of our server: the cases that every such proxy is put through.

A client of HTTP/1.1 speaks to the proxy, the proxy speaks extended CONNECT to `h2ws serve`, and a
tap in between keeps every frame. A module about one proxy makes a ClientPeer; `run` does the rest.
"""
import itertools
import re

import http1
import our_client
from peers import (BINARY, TEXT, Cases, Certificates, Process, check, check_equal, sample,
                   sample_text, temporary_folder)
from tap import Tap

LARGE = 300_000


class ClientPeer:
    """What is known of one proxy."""

    name = None
    settings = None         # all of its first SETTINGS
    sends_key = False       # sec-websocket-key goes to HTTP/2 too
    response_fields = []    # of its own, in its answer to HTTP/1.1
    end_after_close = []    # how its half ends after the Closes, whoever was first
    most_between = LARGE    # bytes of a message that it hands on between two HTTP/2 connections
    abandons = ([], "")     # how it ends when its client has gone, and what our server says then

    def start(self, folder, certificates, target, tls):
        """A Service: its first port for HTTP/1.1, its second for HTTP/2, both cleartext, in front
        of our server at `target`."""
        raise NotImplementedError

    def request(self, path, authority, tls, more):
        """The fields that our server gets for HTTP/1.1's."""
        raise NotImplementedError


class Test:
    """Our server, a tap before it and the proxy before that."""

    numbers = itertools.count(1)

    def __init__(self, peer, h2ws, tunnels, folder, tls):
        self.peer, self.tunnels, self.tls = peer, tunnels, tls
        certificates = Certificates(folder)
        secured = ["--tls-cert", certificates.certificate, "--tls-key", certificates.key]
        self.server = Process(h2ws, "serve", "--listen", "127.0.0.1:0", "--subprotocol",
                              "superchat", "--refuse", "/refuse=403", "--close", "/4001=4001",
                              "--close", "/1011=1011", *(secured if tls else ["--cleartext"]))
        port = int(self.server.wait_line(r"listening on 127\.0\.0\.1:(\d+)")[1])
        self.tap = Tap(port, certificates.context() if tls else None, secure=tls)
        self.proxy = peer.start(folder, certificates, self.tap.port, tls)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.proxy.__exit__()
        self.tap.__exit__()
        self.server.__exit__()

    def connect(self, path="/echo", more=()):
        """A WebSocket through the proxy, on a path of its own."""
        client = http1.Client(self.proxy.ports[0], f"{path}?{next(Test.numbers)}", more)
        return client

    def expect_ends(self, client, theirs, ours):
        stream = self.tap.wait_over(client.path)
        # What follows the end of the stream at once is not waited for.
        check_equal("how the proxy's half ended", stream.client.end, theirs)
        check_equal("how our half ended", stream.server.end, ours)

    def expect_closed(self, client, what):
        said = self.server.wait_line(rf"closed {re.escape(client.path)} (.*) stream=.*")[1]
        check_equal("what the server says", said, what)


# Cases -------------------------------------------------------------------------------------------


def fields_arrive(test):
    more = [("Sec-WebSocket-Protocol", "chat, superchat"), ("Origin", "http://example.org"),
            ("Cookie", "a=b")]
    with test.connect("/echo/fields", more) as client:
        client.open("superchat")
        peer = test.peer
        stream = test.tap.stream(client.path)
        check_equal("the request", stream.request, peer.request(
            client.path, f"localhost:{test.proxy.ports[0]}", test.tls, http1.lower(more)))
        accept = [("sec-websocket-accept", http1.accept_of(client.key))] if peer.sends_key else []
        check_equal("the response", stream.response,
                    [(":status", "200"), ("sec-websocket-protocol", "superchat"), *accept])
        [(connection, _)] = test.tap.find(client.path)
        check_equal("the SETTINGS", connection.settings("client"), peer.settings)
        own = {name: value for name, value in client.fields.items()
               if not name.startswith("sec-websocket-") and name not in ("upgrade", "connection")}
        check_equal("the proxy's own fields", own, dict(peer.response_fields))
        test.server.wait_line(rf"opened {re.escape(client.path)} subprotocol=superchat stream=.*")


def messages_are_echoed(test):
    with test.connect() as client:
        client.open()
        for opcode, payload, pieces in (
                (TEXT, b"hello", 1), (TEXT, b"", 1), (BINARY, bytes(range(256)), 1),
                (TEXT, "Gr\u00fc\u00dfe \U0001F642".encode(), 5), (BINARY, sample(1000), 3),
                (TEXT, sample_text(LARGE).encode(), 1), (BINARY, sample(LARGE), 1),
                (BINARY, sample(LARGE), 5)):
            client.echo(opcode, payload, pieces)
        client.send_close(1000)
        check_equal("the code", client.wait_close(), 1000)


def the_client_closes(test):
    with test.connect() as first, test.connect() as second:
        for client, code in ((first, 1000), (second, 4001)):
            client.open().echo(TEXT, b"hello")
            client.send_close(code)
            check_equal("the code", client.wait_close(), code)
        for client, code in ((first, 1000), (second, 4001)):
            check_equal("how HTTP/1.1 ended", client.wait_end(), "end of file")
            test.expect_ends(client, [f"close {code}", *test.peer.end_after_close],
                             [f"close {code} END_STREAM", *our_reset(test)])
            test.expect_closed(client, f"code={code}")


def our_server_closes(test):
    with test.connect("/4001") as first, test.connect("/1011") as second:
        for client, code in ((first, 4001), (second, 1011)):
            client.open()
            check_equal("the code", client.wait_close(), code)
            client.send_close(code)
        for client, code in ((first, 4001), (second, 1011)):
            check_equal("how HTTP/1.1 ended", client.wait_end(), "end of file")
            test.expect_ends(client, [f"close {code}", *test.peer.end_after_close],
                             [f"close {code}", "END_STREAM", *our_reset(test)])
            test.expect_closed(client, f"code={code}")


def our_reset(test):
    """Five seconds after our Close, of a proxy that never ends its half (S21)."""
    return [] if test.peer.end_after_close else ["RST_STREAM NO_ERROR"]


def the_client_goes_away(test):
    with test.connect() as client:
        client.open().echo(TEXT, b"hello")
    theirs, said = test.peer.abandons
    test.expect_ends(client, theirs, ["END_STREAM"] if theirs == ["END_STREAM"] else [])
    test.expect_closed(client, "code=1006 " + said)


def a_refusal(test):
    with test.connect("/refuse") as client:
        check_equal("the status", client.status, 403)
        test.server.wait_line(rf"refused {re.escape(client.path)} status=403 stream=.*")
        stream = test.tap.wait_over(client.path)
        check_equal("the response", stream.response, [(":status", "403")])
        check_equal("how our half ended", stream.server.end, ["END_STREAM", "RST_STREAM NO_ERROR"])


def two_on_one_connection(test):
    """Our client, the proxy, our server: both ends ours, and two tunnels beside each other."""
    with Process(test.tunnels, "localhost", test.proxy.ports[1], "cleartext",
                 "end-with-end-stream") as process:
        first, second = (our_client.Tunnel.begin(process, path).wait_open("superchat")
                         for path in ("/first", "/second"))
        first.echo("text", b"before")
        second.echo("binary", sample(test.peer.most_between))
        first.echo("text", b"meanwhile")
        second.close(1000)
        check_equal("how it closed", second.wait_closed(), "none")
        first.echo("binary", sample(test.peer.most_between), pieces=3)
        first.close(4001)
        check_equal("how it closed", first.wait_closed(), "none")
        for tunnel, code in ((second, 1000), (first, 4001)):
            check_equal("the code", tunnel.received_code(), code)
        [(one, _)], [(other, _)] = test.tap.find("/first"), test.tap.find("/second")
        check(one is other, "the proxy opened two connections")
        process.end_input()
        check_equal("the exit status", process.exit_status(), 0)


CASES = [fields_arrive, messages_are_echoed, the_client_closes, our_server_closes,
         the_client_goes_away, a_refusal, two_on_one_connection]


def run(peer, h2ws, tunnels, words):
    cases = Cases(total_seconds=100)
    for tls in (True, False):
        with temporary_folder() as folder, Test(peer, h2ws, tunnels, folder, tls) as test:
            for case in CASES:
                name = f"{peer.name}, {'TLS' if tls else 'cleartext'}: {case.__name__}"
                if all(word in name for word in words):
                    cases.run(name.replace("_", " "), case, test)
    return cases.finish()
