#!/usr/bin/python3
"""python_client.py H2WS [WORD]...: `h2ws serve` against a client of python-h2 and wsproto.

Everything runs over TLS and over cleartext. With words, only the cases whose names have them all.
"""
import contextlib
import os
import re
import signal
import socket
import ssl
import sys
import time

from peers import (BINARY, CANCEL, CLOSE, CONTINUATION, ENABLE_CONNECT_PROTOCOL, GOAWAY,
                   MAX_CONCURRENT_STREAMS, NO_ERROR, PATIENCE, PING, PONG, RST_STREAM, SETTINGS,
                   TEXT, Cases, Endpoint, Failure, Process, check, check_equal, close_payload, frame, sample,
                   sample_text, trusting_context)

KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455 1.3
LARGEST_MESSAGE = 4 << 20


class Server:
    """A running `h2ws serve`."""

    def __init__(self, tool, mode, *options):
        self.tls = mode == "tls"
        self.process = Process(tool, "serve", "--listen", "127.0.0.1:0",
                               "--self-signed" if self.tls else "--cleartext", *options)
        try:
            match = self.process.wait_line(r"listening on 127\.0\.0\.1:(\d+)")
        except Failure:
            self.process.__exit__()
            raise
        self.port = int(match[1])

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.__exit__()

    def opened(self, tunnel):
        """The fields of the line that says that a tunnel was opened."""
        return self.line("opened", tunnel)

    def closed(self, tunnel):
        return self.line("closed", tunnel)

    def line(self, what, tunnel):
        """`what PATH NAME=VALUE...` as a dictionary; PATH is the tunnel's own."""
        rest = self.process.wait_line(rf"{what} {re.escape(tunnel.path)} (.*)")[1]
        pairs = re.findall(r'(\S+?)=("[^"]*"|\S*)', rest)
        check_equal("the line", " ".join(f"{name}={value}" for name, value in pairs), rest)
        said = {name: value.strip('"') for name, value in pairs}
        check_equal("the line's stream", said.pop("stream"), str(tunnel.number))
        check(re.fullmatch(r"[1-9]\d*", said.pop("connection")), f"no connection in {rest}")
        return said


class Client(Endpoint):
    """A connection to a server, with a second tunnel that must work whatever happens beside it."""

    paths = 0

    def __init__(self, server):
        self.server = server
        sock = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        if server.tls:
            sock = trusting_context().wrap_socket(sock, server_hostname="localhost")
            check_equal("ALPN", sock.selected_alpn_protocol(), "h2")
        super().__init__(sock, client_side=True)
        self.start()
        self.wait(self.settings, "SETTINGS")

    def fields(self, path, protocol="websocket", version="13"):
        return [(":method", "CONNECT"), (":protocol", protocol),
                (":scheme", "https" if self.server.tls else "http"), (":path", path),
                (":authority", f"localhost:{self.server.port}"),
                ("sec-websocket-version", version)]

    def begin(self, more=(), **changes):
        """Asks for a tunnel on a path of its own."""
        Client.paths += 1
        path = f"/tunnel/{Client.paths}?x=%20"
        tunnel = self.request(self.fields(path, **changes) + list(more))
        tunnel.path = path
        return tunnel

    def open(self, more=(), answer=()):
        """Opens a tunnel; `answer` is what the response has besides :status."""
        tunnel = self.begin(more)
        tunnel.wait(lambda: tunnel.fields, "answer")
        check_equal("the response", tunnel.fields, [(":status", "200"), *answer])
        check(not tunnel.ended_by_fields, "the response has END_STREAM")
        return tunnel

    def finish(self, tunnel):
        """Closes a tunnel as RFC 6455 7.1 wants it, and looks at how the server does its part."""
        tunnel.send_close(1000)
        expect_answered_close(self.server, tunnel, 1000)


def masked(*arguments, **more):
    return frame(*arguments, masked=True, **more)


@contextlib.contextmanager
def connection(server):
    """A connection whose second tunnel echoes before and after, and then closes clean."""
    client = Client(server)
    bystander = client.open()
    bystander.echo("before")
    client.bystander = bystander
    yield client
    bystander.echo("after")
    client.finish(bystander)
    check_equal("GOAWAY frames", client.of_type(GOAWAY), [])
    client.shut()


def expect_answered_close(server, tunnel, code, end_stream=True):
    """The server answers our Close and ends its half with it; then we end ours (S21)."""
    tunnel.wait_close()
    check_equal("the code of the server's Close", tunnel.close[0], code)
    tunnel.wait_end()
    check(tunnel.close_chunk_ended(), "END_STREAM is not on the DATA frame with the Close")
    if end_stream:
        tunnel.send(b"", end_stream=True)
    expect_no_reset(tunnel)
    check_equal("the closed line", server.closed(tunnel), {"code": str(code or 1005)})


def expect_no_reset(tunnel, seconds=0.2):
    tunnel.endpoint.watch(seconds)
    check_equal("RST_STREAM", tunnel.endpoint.of_type(RST_STREAM, tunnel.number), [])


def expect_failed(server, tunnel, code, error, section):
    """The server fails the WebSocket: Close with a reason; END_STREAM after ours (S21)."""
    tunnel.wait_close()
    check_equal("the code of the server's Close", tunnel.close[0], code)
    check(tunnel.close[1], "the server's Close has no reason")
    check(not tunnel.close_chunk_ended(), "the failing Close has END_STREAM")
    tunnel.send(b"", end_stream=True)
    tunnel.wait_end()
    expect_no_reset(tunnel)
    said = server.closed(tunnel)
    check_equal("the closed line", (said.get("error"), said.get("section")), (error, section))
    check("code" in said, "the closed line has no code")


# Cases: each gets a running server, over TLS and over cleartext ----------------------------------


def settings_enable_extended_connect(server):
    client = Client(server)
    first = client.settings()[0]
    check_equal("the first frame's type", client.frames[0].type, SETTINGS)
    check_equal("SETTINGS_ENABLE_CONNECT_PROTOCOL", first.get(ENABLE_CONNECT_PROTOCOL), 1)
    check(first.get(MAX_CONCURRENT_STREAMS, 0) >= 100,
          f"MAX_CONCURRENT_STREAMS is {first.get(MAX_CONCURRENT_STREAMS)}")
    client.shut()


def text_is_echoed(server):
    with connection(server) as client:
        tunnel = client.open()
        check_equal("the opened line", server.opened(tunnel), {})
        for message in ("hello", "", "Gr\u00fc\u00dfe \U0001F642", "\0", "x" * 125, "x" * 126):
            tunnel.echo(message)
        client.finish(tunnel)


def binary_is_echoed(server):
    with connection(server) as client:
        tunnel = client.open()
        for message in (bytes(range(256)), b"", sample(65535), sample(65536)):
            tunnel.echo(message)
        client.finish(tunnel)


def fragments_are_joined(server):
    text = "Gr\u00fc\u00dfe \U0001F642!"
    octets = text.encode()
    with connection(server) as client:
        tunnel = client.open()
        tunnel.send(masked(TEXT, octets[:3], fin=False))       # cut inside a character
        tunnel.send(masked(CONTINUATION, b"", fin=False))
        tunnel.send(masked(PING, b"between"))
        tunnel.wait(lambda: tunnel.payloads(PONG), "pong before the message has ended")
        check_equal("the pong", tunnel.payloads(PONG), [b"between"])
        for octet in octets[3:]:
            tunnel.send(masked(CONTINUATION, bytes([octet]), fin=False))
        tunnel.send(masked(CONTINUATION, b""))
        tunnel.wait_messages(1)
        check_equal("the echo", tunnel.messages, [text])
        client.finish(tunnel)


def fragments_of_a_binary_message_by_wsproto(server):
    with connection(server) as client:
        tunnel = client.open()
        for part in (b"one", b"two", b""):
            tunnel.send_message(part, finished=False)
        tunnel.send_message(b"three")
        tunnel.wait_messages(1)
        check_equal("the echo", tunnel.messages, [b"onetwothree"])
        client.finish(tunnel)


def many_fragments(server):
    pieces = [sample(7) for _ in range(3000)]
    with connection(server) as client:
        tunnel = client.open()
        opcodes = [BINARY] + [CONTINUATION] * len(pieces)
        tunnel.send(b"".join(masked(opcode, piece, fin=index + 1 == len(pieces))
                             for index, (opcode, piece) in enumerate(zip(opcodes, pieces))))
        tunnel.wait_messages(1)
        check_equal("the echo", tunnel.messages, [b"".join(pieces)])
        echoed = [frame for frame in tunnel.frames if frame.opcode in (BINARY, CONTINUATION)]
        check(len(echoed) < 10, f"the echo of {len(pieces)} fragments has {len(echoed)}")
        client.finish(tunnel)


def one_byte_in_a_data_frame(server):
    with connection(server) as client:
        tunnel = client.open()
        for octet in masked(TEXT, "slow \u00fc") + masked(BINARY, bytes(200)):
            tunnel.send(bytes([octet]))
            tunnel.send(b"")
        tunnel.wait_messages(2)
        check_equal("the echo", tunnel.messages, ["slow \u00fc", bytes(200)])
        client.finish(tunnel)


def a_mebibyte_is_echoed(server):
    with connection(server) as client:
        tunnel = client.open()
        tunnel.echo(sample_text(1 << 20))
        tunnel.echo(sample(1 << 20))
        client.finish(tunnel)


def three_mebibytes_are_echoed(server):
    with connection(server) as client:
        tunnel = client.open()
        tunnel.echo(sample(3 << 20))
        client.finish(tunnel)


def an_unread_tunnel_stops_no_other(server):
    message = sample(300_000)
    with connection(server) as client:
        tunnel = client.open()
        tunnel.credits = False  # its window stays closed; the connection's does not
        tunnel.send_message(message)
        tunnel.wait(lambda: tunnel.owed == 65535, "full window")
        client.bystander.echo("beside it")
        client.bystander.echo(sample(200_000))
        check_equal("bytes that came", tunnel.owed, 65535)
        tunnel.restore_credit()
        tunnel.wait_messages(1)
        check_equal("the echo", tunnel.messages, [message])
        client.finish(tunnel)


def three_tunnels_interleave(server):
    with connection(server) as client:
        tunnels = [client.open() for _ in range(3)]
        messages = [sample(150_000 + 1000 * index) for index in range(3)]
        for at in range(0, 160_000, 10_000):
            for tunnel, message in zip(tunnels, messages):
                if at < len(message):
                    tunnel.send_message(message[at:at + 10_000], at + 10_000 >= len(message))
        for tunnel, message in zip(tunnels, messages):
            tunnel.wait_messages(1)
            check_equal("the echo", tunnel.messages, [message])
        for tunnel in tunnels:
            client.finish(tunnel)


def data_before_the_answer_is_held(server):
    with connection(server) as client:
        tunnel = client.begin()
        tunnel.send(masked(TEXT, "early"))
        tunnel.wait_messages(1)
        check_equal("the echo", tunnel.messages, ["early"])
        client.finish(tunnel)


def a_subprotocol_is_chosen(server):
    with connection(server) as client:
        tunnel = client.open([("sec-websocket-protocol", "other, chat")],
                             [("sec-websocket-protocol", "chat")])
        check_equal("the opened line", server.opened(tunnel), {"subprotocol": "chat"})
        tunnel.echo("in chat")
        client.finish(tunnel)
        tunnel = client.open([("sec-websocket-protocol", "other")])
        check_equal("the opened line", server.opened(tunnel), {})
        tunnel.echo("in none")
        client.finish(tunnel)


def a_key_is_answered(server):
    with connection(server) as client:
        tunnel = client.open([("sec-websocket-key", KEY)], [("sec-websocket-accept", ACCEPT)])
        tunnel.echo("with a key")
        client.finish(tunnel)


def an_offered_extension_is_declined(server):
    with connection(server) as client:
        tunnel = client.open([("sec-websocket-extensions", "x-unknown; a=1")])
        tunnel.echo("plain")
        client.finish(tunnel)


def a_close_is_answered_with_its_code(server):
    with connection(server) as client:
        for code in (1000, 1001, 3000, 4999):
            tunnel = client.open()
            tunnel.echo("hello")
            tunnel.send_close(code, "done")
            expect_answered_close(server, tunnel, code)


def a_close_without_code_is_answered(server):
    with connection(server) as client:
        tunnel = client.open()
        tunnel.send(masked(CLOSE))
        expect_answered_close(server, tunnel, None)


def a_close_with_end_stream_is_answered(server):
    with connection(server) as client:
        tunnel = client.open()
        tunnel.echo("hello")
        tunnel.send_close(1000, "as Chromium does", end_stream=True)
        expect_answered_close(server, tunnel, 1000, end_stream=False)


def a_close_may_follow_by_reset(server):
    with connection(server) as client:
        tunnel = client.open()
        tunnel.send_close(1000, "as Firefox does")
        tunnel.wait_end()
        tunnel.send_reset(CANCEL)
        check_equal("the closed line", server.closed(tunnel), {"code": "1000"})


def messages_before_a_close_are_echoed(server):
    message = sample(200_000)
    with connection(server) as client:
        tunnel = client.open()
        tunnel.send_message(message)
        tunnel.send_message("last")
        tunnel.send_close(4000)
        expect_answered_close(server, tunnel, 4000)
        check_equal("the echoes", tunnel.messages, [message, "last"])


def end_stream_without_close(server):
    with connection(server) as client:
        tunnel = client.open()
        tunnel.echo("hello")
        tunnel.send(b"", end_stream=True)
        tunnel.wait_end()
        check_equal("the server's Close", tunnel.close, None)
        expect_no_reset(tunnel)
        said = server.closed(tunnel)
        check_equal("the closed line", said, {"code": "1006", "error": "end_stream_without_close",
                                              "section": "RFC 6455 7.1.5"})


def end_stream_inside_a_frame(server):
    with connection(server) as client:
        tunnel = client.open()
        tunnel.send(masked(TEXT, "cut short")[:-3], end_stream=True)
        tunnel.wait_end()
        expect_no_reset(tunnel)
        said = server.closed(tunnel)
        check_equal("the closed line", (said["code"], said["error"]),
                    ("1006", "end_stream_without_close"))


def a_reset(server):
    with connection(server) as client:
        tunnel = client.open()
        tunnel.echo("hello")
        tunnel.send_reset(CANCEL)
        said = server.closed(tunnel)
        check_equal("the closed line", (said["code"], said["error"]), ("1006", "reset_by_peer"))


def a_lost_connection(server):
    client = Client(server)
    tunnel = client.open()
    tunnel.echo("hello")
    client.cut()
    said = server.closed(tunnel)
    check_equal("the closed line", (said["code"], said["error"]), ("1006", "connection_lost"))
    with connection(server):
        pass


VIOLATIONS = [  # what is sent, the code, and the rule that it breaks
    (frame(TEXT, "unmasked"), 1002, "unmasked_frame", "RFC 6455 5.1"),
    (masked(TEXT, b"\xff\xfe"), 1007, "text_not_utf8", "RFC 6455 8.1"),
    (masked(TEXT, b"\xc3"), 1007, "text_not_utf8", "RFC 6455 8.1"),
    (masked(3, b"abc"), 1002, "reserved_opcode", "RFC 6455 5.2"),
    (masked(TEXT, b"abc", reserved=4), 1002, "reserved_bit", "RFC 6455 5.2"),
    (masked(TEXT, b"abc", length_bytes=8), 1002, "length_not_minimal", "RFC 6455 5.2"),
    (b"\x82\xff" + b"\xff" * 12, 1002, "length_high_bit", "RFC 6455 5.2"),
    (masked(PING, b"abc", fin=False), 1002, "control_frame_fragmented", "RFC 6455 5.5"),
    (masked(PING, bytes(126)), 1002, "control_frame_too_long", "RFC 6455 5.5"),
    (masked(CONTINUATION, b"abc"), 1002, "unexpected_continuation", "RFC 6455 5.4"),
    (masked(TEXT, b"a", fin=False) + masked(TEXT, b"b"), 1002, "unfinished_message",
     "RFC 6455 5.4"),
    (masked(CLOSE, b"\x03"), 1002, "close_payload_too_short", "RFC 6455 5.5.1"),
    (masked(CLOSE, close_payload(1005)), 1002, "close_code_invalid", "RFC 6455 7.4"),
    (masked(CLOSE, close_payload(1000, b"\xff")), 1007, "close_reason_not_utf8", "RFC 6455 8.1"),
]


def violations_fail_the_tunnel_alone(server):
    with connection(server) as client:
        for octets, code, error, section in VIOLATIONS:
            tunnel = client.open()
            tunnel.echo("hello")
            tunnel.send(octets)
            try:
                expect_failed(server, tunnel, code, error, section)
            except Failure as failure:
                raise Failure(f"{error}: {failure}") from failure
            client.bystander.echo(error)


def data_after_a_violation_is_credited(server):
    with connection(server) as client:
        tunnel = client.open()
        tunnel.send(frame(TEXT, "unmasked"))
        tunnel.send(masked(BINARY, sample(300_000)))
        tunnel.wait_close()
        tunnel.wait(lambda: not tunnel.output, "credit for what is discarded")
        check_equal("messages", tunnel.messages, [])
        expect_failed(server, tunnel, 1002, "unmasked_frame", "RFC 6455 5.1")


def a_failed_peer_that_never_ends(server):
    with connection(server) as client:
        tunnel = client.open()
        begun = time.monotonic()
        tunnel.send(frame(TEXT, "unmasked"))
        tunnel.wait_close()
        tunnel.wait_end()
        took = tunnel.ended - begun
        check(0.5 < took < 4, f"END_STREAM after {took:.1f} s, not 1")
        tunnel.wait_reset()
        took = time.monotonic() - begun
        check(3 < took < 9, f"RST_STREAM after {took:.1f} s, not 5")
        check_equal("RST_STREAM", tunnel.reset, NO_ERROR)


def a_message_over_the_limit(server):
    with connection(server) as client:
        tunnel = client.open()
        tunnel.send(masked(BINARY, b"", fin=False) + b"\x80\xff"
                    + (LARGEST_MESSAGE + 1).to_bytes(8, "big") + b"key!")
        expect_failed(server, tunnel, 1009, "message_too_big", "RFC 6455 10.4")


def a_page_is_served(server):
    with connection(server) as client:
        page = get(client, "/")
        fields = dict(page.fields)
        check_equal(":status", fields[":status"], "200")
        check(fields.get("content-type", "").startswith("text/html"), f"the fields are {fields}")
        check(b"new WebSocket" in page.body, "the page opens no WebSocket")
        check_equal(":status of /nothing", get(client, "/nothing").status, "404")


def get(client, path):
    scheme = "https" if client.server.tls else "http"
    stream = client.request([(":method", "GET"), (":scheme", scheme), (":path", path),
                             (":authority", "localhost")], end_stream=True)
    stream.wait_end()
    return stream


def expect_refusal(client, stream, *answer):
    """An answer that is not 2xx ends the stream, and the server then asks for no more (S23)."""
    client.wait(lambda: stream.fields, "answer")
    fields = [field for field in stream.fields if field[0] in dict(answer)]
    check_equal("the answer", fields, list(answer))
    client.wait(lambda: stream.ended or stream.reset is not None, "END_STREAM")
    check(stream.ended, "the refusal has no END_STREAM")
    stream.wait_reset()
    check_equal("RST_STREAM", stream.reset, NO_ERROR)


def refusals(server):
    with connection(server) as client:
        expect_refusal(client, client.begin(protocol="foo"), (":status", "501"))
        version = (":status", "400"), ("sec-websocket-version", "13")
        expect_refusal(client, client.begin(version="12"), *version)
        without = client.request(client.fields("/")[:-1])
        expect_refusal(client, without, *version)


def refusals_do_not_fill_the_connection(server):
    with connection(server) as client:
        for _ in range(client.settings()[0][MAX_CONCURRENT_STREAMS] + 20):
            expect_refusal(client, client.begin(version="12"), (":status", "400"))
        tunnel = client.open()
        tunnel.echo("there is room")
        client.finish(tunnel)


CASES = [
    settings_enable_extended_connect, text_is_echoed, binary_is_echoed, fragments_are_joined,
    fragments_of_a_binary_message_by_wsproto, many_fragments, one_byte_in_a_data_frame,
    a_mebibyte_is_echoed, three_mebibytes_are_echoed, an_unread_tunnel_stops_no_other,
    three_tunnels_interleave, data_before_the_answer_is_held, a_subprotocol_is_chosen,
    a_key_is_answered, an_offered_extension_is_declined, a_close_is_answered_with_its_code,
    a_close_without_code_is_answered, a_close_with_end_stream_is_answered,
    a_close_may_follow_by_reset, messages_before_a_close_are_echoed, end_stream_without_close,
    end_stream_inside_a_frame, a_reset, a_lost_connection, violations_fail_the_tunnel_alone,
    data_after_a_violation_is_credited, a_message_over_the_limit, a_page_is_served, refusals,
    refusals_do_not_fill_the_connection,
]


# Cases that start a server of their own, or none -------------------------------------------------


def a_signal_drains(tool, mode, number):
    with Server(tool, mode) as server:
        client = Client(server)
        tunnels = [client.open(), client.open()]
        for tunnel in tunnels:
            tunnel.echo("hello")
        server.process.signal(number)
        for tunnel in tunnels:
            tunnel.wait_close()
            check_equal("the code", tunnel.close[0], 1001)
            check(not tunnel.close_chunk_ended(), "a Close that begins has END_STREAM (S21)")
            tunnel.send_close(1001)
            tunnel.wait_end()
            tunnel.send(b"", end_stream=True)
            check_equal("the closed line", server.closed(tunnel), {"code": "1001"})
        if not client.of_type(GOAWAY):
            client.wait(lambda: client.of_type(GOAWAY), "GOAWAY")
        check(all(frame.payload[4:8] == bytes(4) for frame in client.of_type(GOAWAY)),
              "GOAWAY has an error code")
        check_equal("RST_STREAM", client.of_type(RST_STREAM), [])
        check_equal("the exit status", exit_status_while_reading(server, client), 0)


def exit_status_while_reading(server, client):
    end = time.monotonic() + 10
    while server.process.running() and time.monotonic() < end:
        client.pump()
    return server.process.exit_status(1)


def a_signal_with_a_silent_client(tool):
    with Server(tool, "cleartext") as server:
        client = Client(server)
        client.open()
        server.process.signal(signal.SIGTERM)
        check_equal("the exit status", exit_status_while_reading(server, client), 0)


def a_signal_without_connections(tool):
    for number in (signal.SIGINT, signal.SIGTERM):
        with Server(tool, "cleartext") as server:
            server.process.signal(number)
            check_equal("the exit status", server.process.exit_status(), 0)


def a_small_limit(tool):
    with Server(tool, "cleartext", "--max-message", "1000") as server:
        with connection(server) as client:
            tunnel = client.open()
            tunnel.echo(sample(1000))
            tunnel.send(masked(BINARY, bytes(500), fin=False) + masked(CONTINUATION, bytes(501)))
            expect_failed(server, tunnel, 1009, "message_too_big", "RFC 6455 10.4")


def bytes_that_are_no_http2(tool):
    with Process(tool, "serve", "--listen", "127.0.0.1:0", "--cleartext") as process:
        port = int(process.wait_line(r"listening on 127\.0\.0\.1:(\d+)")[1])
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
            process.wait_for(lambda: process.stderr, "complaint")
            while sock.recv(4096):
                pass
        # Each engine finds another fault in them.
        check(re.fullmatch(r"h2ws: connection 1: .* \(RFC 9113 .*\): PROTOCOL_ERROR",
                           process.stderr[0]), f"it says {process.stderr}")


def some_paths_are_refused(tool):
    with Server(tool, "cleartext", "--refuse", "/no=403", "--refuse", "/busy=503") as server:
        with connection(server) as client:
            for path, status in (("/no", "403"), ("/busy?x=1", "503")):
                stream = client.request(client.fields(path))
                expect_refusal(client, stream, (":status", status))
                server.process.wait_line(rf"refused {re.escape(path)} status={status} stream="
                                         rf"{stream.number} connection=1")
            client.finish(client.open())


def some_paths_are_closed(tool):
    with Server(tool, "cleartext", "--close", "/bye=4001", "--close", "/=1=1011") as server:
        with connection(server) as client:
            for path, code in (("/bye?x=1", 4001), ("/=1", 1011)):
                tunnel = client.request(client.fields(path))
                tunnel.path = path
                tunnel.wait_close()
                check_equal("the Close", tunnel.close, (code, ""))
                check(not tunnel.close_chunk_ended(), "a Close that begins has END_STREAM (S21)")
                tunnel.send_close(code)
                tunnel.wait_end()
                tunnel.send(b"", end_stream=True)
                check_equal("the closed line", server.closed(tunnel), {"code": str(code)})
def a_close_with_a_reason(tool):
    with Server(tool, "cleartext", "--close", "/bye=1011", "--close-reason", "it broke") as server:
        with connection(server) as client:
            tunnel = client.request(client.fields("/bye"))
            tunnel.wait_close()
            check_equal("the Close", tunnel.close, (1011, "it broke"))
            tunnel.send_close(1011, end_stream=True)
            tunnel.wait_end()


def a_key_is_not_answered(tool):
    with Server(tool, "cleartext", "--no-answer-key") as server, connection(server) as client:
        client.finish(client.open([("sec-websocket-key", KEY)]))


def every_frame_is_shown(tool):
    """With a header section in two frames, one of them padded, and a setting without a name."""
    with Server(tool, "cleartext", "-v") as server:
        client = Client(server)
        client.h2.update_settings({0x99: 7})
        tunnel = client.begin([("x-long", "~" * 11_000)])
        tunnel.wait(lambda: tunnel.fields, "answer")
        tunnel.echo("hello")
        client.h2.send_data(tunnel.number, b"", pad_length=3)
        tunnel.send_reset(0x77)
        client.shut()
        server.closed(tunnel)
        server.process.signal(signal.SIGTERM)
        check_equal("the exit status", server.process.exit_status(), 0)  # and all was said
        lines = [line.partition("h2ws: connection 1 ")[2] for line in server.process.stderr]
        for line in ("< SETTINGS stream=0 153=7", "< HEADERS stream=1", "< CONTINUATION stream=1",
                     "<   :method: CONNECT", "<   x-long: " + "~" * 11_000,
                     "> HEADERS stream=1", ">   :status: 200", "< DATA stream=1 length=11",
                     "> DATA stream=1 length=7", "< DATA stream=1 PADDED length=4",
                     "< RST_STREAM stream=1 code=119 unknown error code"):
            check(line in lines, f"no line {line[:60]!r} in {lines}"[:2000])


def largest_message_by_default(tool):
    with Server(tool, "cleartext") as server, connection(server) as client:
        tunnel = client.open()
        tunnel.send(masked(BINARY, b"", fin=False) + b"\x80\xff"
                    + ((16 << 20) + 1).to_bytes(8, "big") + b"key!")
        expect_failed(server, tunnel, 1009, "message_too_big", "RFC 6455 10.4")


def tls_needs_alpn_h2(tool):
    with Server(tool, "tls") as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as sock:
            try:
                with trusting_context(["http/1.1"]).wrap_socket(sock) as tls:
                    check_equal("ALPN", tls.selected_alpn_protocol(), None)
                    check_equal("what came", tls.recv(100), b"")
            except (ssl.SSLError, ConnectionResetError):
                pass  # refused by an alert: the better answer
        with connection(server):
            pass


def usage_errors(tool):
    for arguments in (["serve"], ["serve", "--listen", "127.0.0.1:0"],
                      ["serve", "--cleartext", "--no-such-option"],
                      *(["serve", "--listen", "127.0.0.1:0", "--cleartext", *answer]
                        for answer in (["--refuse", "/no"], ["--refuse", "no=403"],
                                       ["--refuse", "/no=200"], ["--refuse", "/no=403x"],
                                       ["--refuse", ""], ["--close", "/bye=1006"],
                                       ["--close", "/bye="], ["--close", "/bye=69537"])),
                      ["serve", "--listen", "127.0.0.1:0", "--cleartext", "--self-signed"],
                      ["serve", "--listen", "127.0.0.1:0", "--tls-cert", os.devnull]):
        with Process(tool, *arguments) as process:
            check_equal(f"the exit status of {arguments}", process.exit_status(), 2)
            check(process.stderr, f"{arguments}: nothing on stderr")
            check_equal("stdout", process.stdout, [])


def an_engine_is_chosen(tool):
    """The one that is asked for, else the first of those that the help names."""
    with Process(tool, "serve", "--help", engine=None) as process:
        check_equal("the exit status of the help", process.exit_status(), 0)
        said = " ".join(" ".join(process.stdout).split())
    found = re.search(r"--engine NAME=(\w+) Which HTTP/2 implementation to use: (\w+(?:, \w+)*) ",
                      said)
    check(found, f"no engines in {said!r}")
    names = found[2].split(", ")
    check_equal("the default", found[1], names[0])
    for name, chosen in ((None, names[0]), *zip(names, names)):
        with Process(tool, "serve", "--listen", "127.0.0.1:0", "--cleartext", "-v",
                     engine=name) as process:
            process.wait_line(r"listening on 127\.0\.0\.1:\d+")
            process.wait_for(lambda: process.stderr, "line on stderr")
            check_equal("what it says", process.stderr, [f"h2ws: HTTP/2 by {chosen}"])
    for name in {"nghttp2", "steam"} - set(names):
        why = "there is no engine" if name == "steam" else "this h2ws was built without the engine"
        for command in (["serve", "--listen", "127.0.0.1:0", "--cleartext"],
                        ["connect", "ws://127.0.0.1:1/"]):
            with Process(tool, *command, engine=name) as process:
                check_equal(f"the exit status with {name}", process.exit_status(), 2)
                check_equal("what it says", process.stderr[0],
                            f"--engine: {why} {name}; it has: {found[2]}")


def help_is_there(tool):
    for arguments in (["--help"], ["serve", "--help"], ["connect", "--help"]):
        with Process(tool, *arguments) as process:
            check_equal(f"the exit status of {arguments}", process.exit_status(), 0)
            check(process.stdout, f"{arguments}: nothing on stdout")


def main(tool, words):
    cases = Cases(total_seconds=110)

    def run(name, function, *arguments):
        if all(word in name for word in words):
            cases.run(name, function, *arguments)

    for mode in ("tls", "cleartext"):
        with contextlib.ExitStack() as stack:
            started = []
            cases.run(f"{mode}: it listens", lambda: started.append(stack.enter_context(
                Server(tool, mode, "--subprotocol", "chat", "--subprotocol", "superchat",
                       "--max-message", str(LARGEST_MESSAGE)))))
            for case in CASES if started else []:
                run(f"{mode}: {case.__name__.replace('_', ' ')}", case, started[0])
            if mode == "tls" and started:
                run("tls: a failed peer that never ends", a_failed_peer_that_never_ends, started[0])
        for number in (signal.SIGINT, signal.SIGTERM):
            run(f"{mode}: {number.name} drains", a_signal_drains, tool, mode, number)
    for case in (a_signal_with_a_silent_client, a_signal_without_connections, a_small_limit,
                 bytes_that_are_no_http2,
                 some_paths_are_refused, some_paths_are_closed,
                 a_close_with_a_reason, a_key_is_not_answered, every_frame_is_shown,
                 an_engine_is_chosen, largest_message_by_default, tls_needs_alpn_h2, usage_errors,
                 help_is_there):
        run(case.__name__.replace("_", " "), case, tool)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
