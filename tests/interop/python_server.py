#!/usr/bin/python3
"""python_server.py H2WS [WORD]...: `h2ws connect` against a server of python-h2 and wsproto.

Every case plays the server line by line. With words, only the cases whose names have them all.
"""
import re
import signal
import socket
import ssl
import sys
import threading
import time

from peers import (BINARY, CANCEL, CLOSE, CONTINUATION, ENABLE_CONNECT_PROTOCOL, HEADERS,
                   PATIENCE, PING, PONG, RST_STREAM, TEXT, Cases, Certificates, Endpoint, Failure,
                   Process, check, check_equal, close_payload, frame, sample, sample_text, temporary_folder)

INITIAL_WINDOW_SIZE = 4


class Test:
    """What all cases use: the tool's path, and certificates."""

    def __init__(self, tool, folders):
        self.tool = tool
        self.certificates, self.foreign = (
            Certificates(folder, names) for folder, names in
            zip(folders, ("DNS:localhost,IP:127.0.0.1", "DNS:elsewhere.example")))

    def connect(self, *options, **more):
        return Session(self, options, **more)


class Session:
    """A running `h2ws connect` and the server that it was told to connect to."""

    def __init__(self, test, options, tls=False, path="/chat", scheme=None, context=None,
                 host=None, listening=True):
        self.test = test
        self.context = (context or test.certificates.context()) if tls else None
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(10)
        self.port = self.socket.getsockname()[1]
        self.authority = f"{host or ('localhost' if tls else '127.0.0.1')}:{self.port}"
        self.scheme = "https" if tls else "http"
        if not listening:
            self.socket.close()
        scheme = scheme or ("wss" if tls else "ws")
        self.begun = time.monotonic()
        self.process = Process(test.tool, "connect", f"{scheme}://{self.authority}{path}", *options)
        self.endpoint = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.__exit__()
        self.socket.close()
        if self.endpoint:
            self.endpoint.socket.close()

    def accept(self):
        """The transport, with TLS if there is any."""
        try:
            sock, _ = self.socket.accept()
        except TimeoutError:
            check(False, f"it does not connect; {self.process.said()}")
        sock.settimeout(10)
        if self.context:
            sock = self.context.wrap_socket(sock, server_side=True)
        return sock

    def serve(self, connect_protocol=1, silent=False, more=()):
        """A connection whose SETTINGS enable extended CONNECT (None: say nothing of it)."""
        sock = self.accept()
        if self.context:
            check_equal("ALPN", sock.selected_alpn_protocol(), "h2")
        settings = dict(more)
        if connect_protocol is not None:
            settings[ENABLE_CONNECT_PROTOCOL] = connect_protocol
        self.endpoint = Endpoint(
            sock, client_side=False, settings=settings,
            without=[ENABLE_CONNECT_PROTOCOL] if connect_protocol is None else [])
        self.endpoint.silent = silent
        self.endpoint.start()
        return self.endpoint

    def asked(self):
        """The stream with the client's request, not answered yet."""
        endpoint = self.endpoint or self.serve()
        endpoint.wait(lambda: endpoint.streams, f"request; {self.process.said()}")
        check_equal("requests", len(endpoint.streams), 1)
        return next(iter(endpoint.streams.values()))

    def tunnel(self, *fields):
        """The tunnel that the client asked for, accepted."""
        stream = self.asked()
        stream.begin_websocket()
        self.endpoint.respond(stream, [(":status", "200"), *fields])
        return stream

    def expect_close(self, tunnel, code=1000):
        """The client's Close; its END_STREAM is never on it (S20)."""
        tunnel.wait_close()
        check_equal("the client's Close", tunnel.close[0], code)
        check(not tunnel.close_chunk_ended(), "the client's Close has END_STREAM")
        check(not tunnel.ended, "the client ended before both Closes were exchanged")

    def answer_close(self, tunnel, code=1000):
        """Answers the client's Close as servers should; the client then ends its half."""
        self.expect_close(tunnel, code)
        tunnel.send_close(code, end_stream=True)
        self.expect_end(tunnel)

    def expect_end(self, tunnel):
        tunnel.wait_end()
        check_equal("RST_STREAM", self.endpoint.of_type(RST_STREAM), [])

    def expect_exit(self, status, within=10):
        """Goes on serving until the command has ended."""
        end = time.monotonic() + within
        while self.process.running() and time.monotonic() < end:
            if self.endpoint and not self.endpoint.ended:
                self.endpoint.pump()
            else:
                if self.endpoint:  # it ends when the command does
                    self.endpoint.socket.close()
                time.sleep(0.01)
        got = self.process.exit_status(0.1)
        check(got == status, f"exit status {got}, not {status}; {self.process.said()}")

    def expect_output(self, *lines):
        check_equal("stdout", self.process.stdout, list(lines))

    def expect_said(self, *words):
        text = "\n".join(self.process.stdout + self.process.stderr)
        for word in words:
            check(word in text, f"{word!r} is not in {text!r}")

    def finish(self, tunnel):
        self.process.end_input()
        self.answer_close(tunnel)
        self.expect_exit(0)


# The request -------------------------------------------------------------------------------------


def request_fields(test, tls):
    more = ["--insecure"] if tls else []
    with test.connect("--message", "x", *more, tls=tls, path="/chat/room?a=1&b=%20") as session:
        tunnel = session.tunnel()
        check_equal("the request", tunnel.fields, [
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", session.scheme),
            (":path", "/chat/room?a=1&b=%20"), (":authority", session.authority),
            ("sec-websocket-version", "13")])
        check(not tunnel.ended_by_fields, "the request has END_STREAM")
        for settings in session.endpoint.settings():
            check(ENABLE_CONNECT_PROTOCOL not in settings, "a client announces extended CONNECT")
        session.answer_close(tunnel)
        session.expect_exit(0)


def optional_fields(test):
    with test.connect("--subprotocol", "chat", "--subprotocol", "superchat", "--header",
                      "X-Test: one", "--header", "cookie: a=b", "--header",
                      "authorization: Bearer x:y", path="") as session:
        tunnel = session.tunnel(("sec-websocket-protocol", "superchat"))
        fields = [(str(name), str(value)) for name, value in tunnel.fields]
        check_equal("the request", fields, [
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"),
            (":path", "/"), (":authority", session.authority), ("sec-websocket-version", "13"),
            ("sec-websocket-protocol", "chat, superchat"), ("x-test", "one"), ("cookie", "a=b"),
            ("authorization", "Bearer x:y")])
        session.finish(tunnel)


def the_request_waits_for_settings(test):
    with test.connect() as session:
        session.serve(silent=True)
        session.endpoint.watch(0.4)
        check_equal("HEADERS", session.endpoint.of_type(HEADERS), [])
        session.endpoint.silent = False
        session.finish(session.tunnel())


def http_urls(test):
    for scheme in ("http", "https"):
        tls = scheme == "https"
        more = ["--insecure"] if tls else []
        with test.connect(*more, tls=tls, scheme=scheme) as session:
            tunnel = session.tunnel()
            check_equal(":scheme", dict(tunnel.fields)[":scheme"], scheme)
            session.finish(tunnel)


def the_cleartext_option(test):
    with test.connect("--cleartext") as session:
        session.finish(session.tunnel())


def no_subprotocol_chosen(test):
    with test.connect("--subprotocol", "chat") as session:
        session.finish(session.tunnel())


def an_accept_field_is_ignored(test):
    with test.connect() as session:
        session.finish(session.tunnel(("sec-websocket-accept", "bogus"), ("server", "x")))


def interim_answers_are_skipped(test):
    with test.connect("--message", "hello") as session:
        stream = session.asked()
        session.endpoint.h2.send_headers(stream.number, [(":status", "103"), ("link", "</x>")])
        session.endpoint.flush()
        tunnel = session.tunnel()
        session.answer_close(tunnel)
        session.expect_exit(0)


# Messages ----------------------------------------------------------------------------------------


def messages_go_out_and_come_in(test, tls):
    sent = ["hello", "Gr\u00fc\u00dfe \U0001F642", "last"]
    options = [word for message in sent for word in ("--message", message)]
    more = ["--insecure"] if tls else []
    with test.connect("--linger", "3", *options, *more, tls=tls) as session:
        tunnel = session.tunnel()
        for index, message in enumerate(sent):
            tunnel.wait_messages(index + 1)
            tunnel.send_message(message)
        session.answer_close(tunnel)
        check_equal("messages", tunnel.messages, sent)
        session.expect_exit(0)
        session.expect_output(*sent)


def standard_input_goes_out(test):
    with test.connect() as session:
        tunnel = session.tunnel()
        session.process.write("one\ntwo\n")
        tunnel.wait_messages(2)
        tunnel.send_message("an answer")
        session.process.wait_line("an answer")
        session.process.write("Gr\u00fc\u00dfe\n\nno newline")
        session.process.end_input()
        tunnel.wait_messages(5)
        session.answer_close(tunnel)
        check_equal("messages", tunnel.messages,
                    ["one", "two", "Gr\u00fc\u00dfe", "", "no newline"])
        session.expect_exit(0)
        session.expect_output("an answer")


def the_linger_begins_anew_with_every_message(test):
    with test.connect("--message", "x", "--linger", "3") as session:
        tunnel = session.tunnel()
        tunnel.wait_messages(1)
        for count in range(3):
            session.endpoint.watch(1.5)
            check(tunnel.close is None, f"it closed {1.5 * (count + 1)} s after its message")
            tunnel.send_message(str(count))
        before = time.monotonic()
        session.answer_close(tunnel)
        check(2 < time.monotonic() - before < 6, "it did not wait for --linger")
        session.expect_exit(0)
        session.expect_output("0", "1", "2")


def binary_comes_out_as_hex(test):
    with test.connect() as session:
        tunnel = session.tunnel()
        tunnel.send_message(b"\x00\xff\x0a~")
        tunnel.send_message(b"")
        tunnel.send_message("text")
        session.process.wait_line("text")
        session.finish(tunnel)
        session.expect_output("00ff0a7e", "", "text")


def fragments_and_a_ping_between(test):
    octets = "Gr\u00fc\u00dfe".encode()
    with test.connect() as session:
        tunnel = session.tunnel()
        tunnel.send(frame(TEXT, octets[:3], fin=False) + frame(PING, b"between")
                    + frame(CONTINUATION, b"", fin=False))
        tunnel.wait(lambda: tunnel.payloads(PONG), "pong before the message has ended")
        tunnel.send(frame(CONTINUATION, octets[3:]))
        session.process.wait_line("Gr\u00fc\u00dfe")
        for size in (0, 1, 125):
            payload = sample(size)
            tunnel.send_ping(payload)
            tunnel.wait(lambda: tunnel.payloads(PONG)[-1] == payload, f"pong of {size} bytes")
        check_equal("pongs", len(tunnel.payloads(PONG)), 4)
        check_masks(tunnel)
        tunnel.send(frame(PONG, b"not asked for"))
        session.finish(tunnel)


def check_masks(tunnel):
    """RFC 6455 5.3: every frame of a client is masked, with a key of its own."""
    keys = [frame.key for frame in tunnel.frames]
    check(None not in keys, "a frame is not masked")
    check(bytes(4) not in keys, "a masking key is zero")
    check(len(set(keys)) == len(keys), "a masking key came twice")


def masking_keys_differ(test):
    options = [word for index in range(50) for word in ("--message", f"message {index}")]
    with test.connect(*options) as session:
        tunnel = session.tunnel()
        tunnel.wait_messages(50)
        session.answer_close(tunnel)
        check_equal("frames", len(tunnel.frames), 51)
        check_masks(tunnel)
        session.expect_exit(0)


def a_mebibyte_comes_in(test, tls):
    text = sample_text(1 << 20)
    octets = sample(1 << 20)
    with test.connect(*(["--insecure"] if tls else []), tls=tls) as session:
        tunnel = session.tunnel()
        tunnel.send_message(text)
        for at in range(0, len(octets), 100_000):
            tunnel.send_message(octets[at:at + 100_000], at + 100_000 >= len(octets))
        session.endpoint.wait(lambda: len(session.process.stdout) == 2, "line for each message")
        session.finish(tunnel)
        session.expect_output(text, octets.hex())


def a_mebibyte_goes_out(test):
    text = sample_text(1 << 20)
    with test.connect() as session:
        tunnel = session.tunnel()
        tunnel.credits = False
        writer = threading.Thread(target=session.process.write, args=(text + "\n",), daemon=True)
        writer.start()  # or both ends would wait for each other
        tunnel.wait(lambda: tunnel.owed == 65535, "full window")
        session.endpoint.watch(0.2)
        check_equal("bytes that came", tunnel.owed, 65535)
        tunnel.restore_credit()
        tunnel.wait_messages(1)
        check_equal("the message", tunnel.messages, [text])
        session.finish(tunnel)


def echo_mode(test, tls):
    sent = ["hello", "", b"\x00\xff", b"", "Gr\u00fc\u00dfe", sample_text(1 << 20), sample(1 << 20)]
    with test.connect("--echo", *(["--insecure"] if tls else []), tls=tls) as session:
        tunnel = session.tunnel()
        for message in sent:
            tunnel.echo(message)
        tunnel.send_message("in ", finished=False)
        tunnel.send_message("parts")
        tunnel.wait_messages(len(sent) + 1)
        check_equal("the echo", tunnel.messages[-1], "in parts")
        session.endpoint.watch(1)
        check(tunnel.close is None, "it closed of its own accord")
        tunnel.send_close(1000, "enough")
        session.expect_close(tunnel)
        tunnel.send(b"", end_stream=True)
        session.expect_end(tunnel)
        session.expect_exit(0)
        check_masks(tunnel)


def a_narrow_window(test):
    with test.connect("--message", "x" * 5000) as session:
        session.serve(more={INITIAL_WINDOW_SIZE: 10})
        tunnel = session.tunnel()
        tunnel.wait_messages(1)
        check_equal("the message", tunnel.messages, ["x" * 5000])
        check(max(len(data) for data, _ in tunnel.chunks) <= 10, "more than the window allows")
        session.answer_close(tunnel)
        session.expect_exit(0)


def verbose(test):
    with test.connect("-v", "--linger", "3", "--message", "hello") as session:
        tunnel = session.tunnel()
        tunnel.wait_messages(1)
        tunnel.send_message("answer")
        session.answer_close(tunnel)
        session.expect_exit(0)
        session.expect_output("answer")
        told = "\n".join(session.process.stderr)
        for word in ("SETTINGS: extended CONNECT enabled, concurrent streams", ":protocol",
                     "websocket", ":status", "200", "1000"):
            check(word.lower() in told.lower(), f"{word} is not in {told!r}")
        check(told.index("< SETTINGS") < told.index("> :method"), "asked before the SETTINGS came")


def every_frame_is_shown(test):
    with test.connect("-vv", "--message", "hello") as session:
        tunnel = session.tunnel()
        tunnel.wait_messages(1)
        session.answer_close(tunnel)
        session.expect_exit(0)
        lines = session.process.stderr
        frames = [line for line in lines if re.match(r"[<>] (HEADERS|DATA|RST_STREAM|GOAWAY) ", line)]
        check_equal("frames", frames, [
            "> HEADERS stream=1", "< HEADERS stream=1", "> DATA stream=1 length=11",
            "> DATA stream=1 length=8", "< DATA stream=1 END_STREAM length=4",
            "> DATA stream=1 END_STREAM length=0", "> GOAWAY stream=0 last=0 code=0 NO_ERROR"])
        at = lines.index("> HEADERS stream=1")
        check_equal("a request's fields", lines[at + 1:at + 3],
                    [">   :method: CONNECT", ">   :protocol: websocket"])


def the_close_can_be_chosen(test):
    with test.connect("--message", "x", "--close-code", "4321", "--close-reason", "bye") as session:
        tunnel = session.tunnel()
        session.answer_close(tunnel, 4321)
        check_equal("the client's Close", tunnel.close, (4321, "bye"))
        session.expect_exit(0)
        check_equal("stderr", session.process.stderr, [])


# Closing (S20, S22) ------------------------------------------------------------------------------


def the_server_closes(test):
    for code, together in ((1000, False), (1001, True), (4000, False), (None, False)):
        with test.connect() as session:
            tunnel = session.tunnel()
            tunnel.send(frame(CLOSE, close_payload(code, "bye") if code else b""), together)
            tunnel.wait_close()
            check_equal("the client's Close", tunnel.close[0], code)
            if not together:
                check(not tunnel.close_chunk_ended(), "the client's Close has END_STREAM")
                tunnel.send(b"", end_stream=True)
            session.expect_end(tunnel)
            session.expect_exit(0)


def the_server_never_ends(test):
    with test.connect("--message", "x") as session:
        tunnel = session.tunnel()
        session.expect_close(tunnel)
        answered = time.monotonic()
        tunnel.send_close(1000)
        session.expect_end(tunnel)
        took = tunnel.ended - answered
        check(0.5 < took < 4, f"END_STREAM {took:.1f} s after the server's Close, not 1")
        session.expect_exit(0)
        took = time.monotonic() - answered
        check(took < 7, f"it left {took:.1f} s after the server's Close, not 2")


def the_stream_ends_by_a_reset(test):
    with test.connect("--message", "x", "--end-with-reset") as session:
        tunnel = session.tunnel()
        session.expect_close(tunnel)
        tunnel.send_close(1000)
        tunnel.send(b"", end_stream=True)
        tunnel.endpoint.wait(lambda: tunnel.reset is not None, "RST_STREAM")
        check_equal("RST_STREAM", tunnel.reset, CANCEL)
        check(not tunnel.ended, "END_STREAM before the reset")
        session.expect_exit(0)


def the_server_resets_after_both_closes(test):
    with test.connect("--message", "x") as session:
        tunnel = session.tunnel()
        session.expect_close(tunnel)
        tunnel.send_close(1000)
        tunnel.send_reset(CANCEL)
        session.expect_exit(0)
        check(not tunnel.ended, "END_STREAM after a reset")
        check_equal("RST_STREAM", session.endpoint.of_type(RST_STREAM), [])


def the_connection_ends_after_both_closes(test):
    with test.connect("--message", "x") as session:
        tunnel = session.tunnel()
        session.expect_close(tunnel)
        tunnel.send_close(1000)
        session.endpoint.shut()
        session.endpoint = None
        session.expect_exit(0)


def messages_after_our_close_come_in(test):
    with test.connect("--message", "x") as session:
        tunnel = session.tunnel()
        session.expect_close(tunnel)
        tunnel.send(frame(TEXT, "late") + frame(PING, b"p") + frame(CLOSE, close_payload(1000)),
                    end_stream=True)
        session.expect_end(tunnel)
        session.expect_exit(0)
        session.expect_output("late")


# Exit status 2: usage ----------------------------------------------------------------------------


def usage_errors(test):
    for arguments in ([], ["connect"], ["connect", "ftp://127.0.0.1/"], ["frobnicate"],
                      ["connect", "ws://127.0.0.1:1/", "--no-such-option"],
                      ["connect", "ws://127.0.0.1:1/", "--timeout", "soon"],
                      ["connect", "ws://127.0.0.1:1/", "--header", "no colon"],
                      ["connect", "ws://127.0.0.1:1/#fragment"],
                      ["connect", "ws://127.0.0.1:1/", "--engine", "steam"]):
        with Process(test.tool, *arguments) as process:
            check_equal(f"the exit status of {arguments}", process.exit_status(), 2)
            check(process.stderr, f"{arguments}: nothing on stderr")


# Exit status 3: refused --------------------------------------------------------------------------


def refused(test):
    for status, body, first in (("403", b"no entry\nsecond line\n", "no entry"),
                                ("404", b"", ""), ("500", b"sorry", "sorry"),
                                ("301", b"over there\r\nsecond line", "over there")):
        with test.connect("--message", "x") as session:
            stream = session.asked()
            session.endpoint.respond(stream, [(":status", status), ("content-type", "text/plain")],
                                     body)
            session.expect_exit(3)
            session.expect_said(status, first)
            said = session.process.stdout + session.process.stderr
            check(not any("second line" in line for line in said), "more than one line is printed")
            check_equal("DATA that the client sent", stream.body, b"")


# Exit status 4: the server breaks the protocol ---------------------------------------------------

VIOLATIONS = [  # what is sent, the code that answers, the rule's name and sentence, its section
    (frame(TEXT, "masked", masked=True), 1002, "masked_frame", "a server's frame is masked",
     "RFC 6455 5.1"),
    (frame(TEXT, b"\xff\xfe"), 1007, "text_not_utf8", "a text message is not valid UTF-8",
     "RFC 6455 8.1"),
    (frame(3, b"abc"), 1002, "reserved_opcode", "the opcode is reserved", "RFC 6455 5.2"),
    (frame(TEXT, b"abc", reserved=4), 1002, "reserved_bit", "a reserved bit is set",
     "RFC 6455 5.2"),
    (frame(TEXT, b"abc", length_bytes=2), 1002, "length_not_minimal", "not encoded in the fewest",
     "RFC 6455 5.2"),
    (b"\x82\x7f" + b"\xff" * 8, 1002, "length_high_bit", "the highest bit", "RFC 6455 5.2"),
    (frame(PING, b"abc", fin=False), 1002, "control_frame_fragmented", "is fragmented",
     "RFC 6455 5.5"),
    (frame(PING, bytes(126)), 1002, "control_frame_too_long", "longer than 125", "RFC 6455 5.5"),
    (frame(CONTINUATION, b"abc"), 1002, "unexpected_continuation", "continues no message",
     "RFC 6455 5.4"),
    (frame(TEXT, b"a", fin=False) + frame(BINARY, b"b"), 1002, "unfinished_message",
     "before the last one has ended", "RFC 6455 5.4"),
    (frame(CLOSE, b"\x03"), 1002, "close_payload_too_short", "one byte long", "RFC 6455 5.5.1"),
    (frame(CLOSE, close_payload(1006)), 1002, "close_code_invalid", "must not be sent",
     "RFC 6455 7.4"),
    (frame(CLOSE, close_payload(1000, b"\xff")), 1007, "close_reason_not_utf8",
     "reason is not valid UTF-8", "RFC 6455 8.1"),
]


def violations(test):
    for octets, code, name, sentence, section in VIOLATIONS:
        with test.connect() as session:
            tunnel = session.tunnel()
            tunnel.send(octets)
            try:
                expect_violation(session, tunnel, code, section, name, sentence)
            except Failure as failure:
                raise Failure(f"{name}: {failure}") from failure


def expect_violation(session, tunnel, code, section, name, sentence):
    """The client says what is wrong, on the wire and to its user, and ends the stream."""
    tunnel.wait_close()
    check_equal("the client's Close", tunnel.close[0], code)
    tunnel.send(b"", end_stream=True)
    session.endpoint.wait(lambda: tunnel.ended or tunnel.reset is not None, "end of the stream")
    session.expect_exit(4)
    session.expect_said(section)
    said = "\n".join(session.process.stderr)
    check(name in said or sentence in said, f"neither {name} nor its sentence: {said}")


def an_answer_that_was_not_offered(test):
    for field in (("sec-websocket-protocol", "other"),
                  ("sec-websocket-extensions", "permessage-deflate")):
        with test.connect("--subprotocol", "chat", "--message", "x") as session:
            tunnel = session.tunnel(field)
            tunnel.wait_reset()
            session.expect_exit(4)
            session.expect_said("RFC 6455")
            check_equal("DATA that the client sent", tunnel.body, b"")


# Exit status 5: an abnormal end ------------------------------------------------------------------


def abnormal_ends(test):
    def reset(session, tunnel):
        tunnel.send_reset(CANCEL)

    def reset_after_a_close(session, tunnel):
        tunnel.send(frame(CLOSE, close_payload(1000))[:3])
        tunnel.send_reset(2)

    def end_stream(session, tunnel):
        tunnel.send(b"", end_stream=True)
        tunnel.wait_reset()  # S18
        check_equal("RST_STREAM", tunnel.reset, CANCEL)
        check_equal("the client's Close", tunnel.close, None)

    def end_stream_inside_a_message(session, tunnel):
        tunnel.send(frame(TEXT, "cut short", fin=False), end_stream=True)
        tunnel.wait_reset()

    def connection_reset(session, tunnel):
        session.endpoint.cut()
        session.endpoint = None

    def connection_closed(session, tunnel):
        session.endpoint.shut()
        session.endpoint = None

    for how in (reset, reset_after_a_close, end_stream, end_stream_inside_a_message,
                connection_reset, connection_closed):
        for tls in (False, True) if how in (connection_reset, connection_closed) else (False,):
            with test.connect(*(["--insecure"] if tls else []), tls=tls) as session:
                tunnel = session.tunnel()
                tunnel.send_message("hello")
                session.process.wait_line("hello")
                how(session, tunnel)
                session.expect_exit(5)


# Exit status 6: too late -------------------------------------------------------------------------


def expect_timeout(session):
    session.expect_exit(6)
    took = time.monotonic() - session.begun
    check(0.9 < took < 5, f"it gave up after {took:.1f} s, not 1")


def the_server_says_nothing(test):
    for tls in (False, True):
        with test.connect("--timeout", "1", tls=tls) as session:
            sock, _ = session.socket.accept()
            expect_timeout(session)
            sock.close()


def the_server_sends_no_settings(test):
    with test.connect("--timeout", "1", "--insecure", tls=True) as session:
        session.serve(silent=True)
        expect_timeout(session)
        check_equal("HEADERS", session.endpoint.of_type(HEADERS), [])


def the_server_never_answers(test):
    with test.connect("--timeout", "1") as session:
        session.asked()
        expect_timeout(session)


def the_server_never_closes(test):
    with test.connect("--timeout", "1", "--linger", "0", "--message", "x") as session:
        tunnel = session.tunnel()
        session.expect_close(tunnel)
        closed = time.monotonic()
        tunnel.wait_reset()
        check_equal("RST_STREAM", tunnel.reset, CANCEL)  # S20: at the close timer
        check(0.7 < time.monotonic() - closed < 4, "not after --timeout")
        session.expect_exit(6)


def a_long_exchange_is_no_timeout(test):
    with test.connect("--timeout", "1") as session:
        tunnel = session.tunnel()
        session.endpoint.watch(1.5)
        check(session.process.running(), "--timeout ended an open tunnel")
        session.finish(tunnel)


# Exit status 7: no connection --------------------------------------------------------------------


def a_closed_port(test):
    with test.connect(listening=False) as session:
        session.expect_exit(7)


def a_server_that_speaks_no_http2(test):
    """Whatever the engine makes of its bytes, it is no broken rule of WebSockets."""
    for answer in (b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n",
                   b"220 mail.example ESMTP\r\n" * 4):
        with socket.create_server(("127.0.0.1", 0)) as listener, \
                Process(test.tool, "connect", f"ws://127.0.0.1:{listener.getsockname()[1]}/",
                        "--message", "x") as process:
            listener.settimeout(PATIENCE)
            with listener.accept()[0] as sock:
                sock.sendall(answer)
                check_equal("the exit status", process.exit_status(), 7)
            check_equal("what it says", process.stderr[-1],
                        "h2ws: the server does not speak HTTP/2")


def expect_no_tls(session):
    """The client gives up inside the handshake, or right after it, and asks for nothing."""
    try:
        sock = session.accept()
        session.endpoint = Endpoint(sock, client_side=False)
    except (ssl.SSLError, ConnectionError):
        pass
    session.expect_exit(7)
    check(not session.endpoint or not session.endpoint.streams, "it asked for a tunnel")
    check(session.process.stderr, "nothing on stderr")


def certificates_that_are_not_trusted(test):
    with test.connect(tls=True) as session:
        expect_no_tls(session)
    with test.connect("--ca", test.foreign.ca, tls=True) as session:
        expect_no_tls(session)
    with test.connect("--ca", test.foreign.ca, tls=True,
                      context=test.foreign.context()) as session:  # the name is another
        expect_no_tls(session)


def certificates_that_are_trusted(test):
    for host in ("localhost", "127.0.0.1"):
        with test.connect("--ca", test.certificates.ca, tls=True, host=host) as session:
            session.finish(session.tunnel())
    with test.connect("--insecure", tls=True, context=test.foreign.context()) as session:
        session.finish(session.tunnel())


def no_alpn_h2(test):
    for protocols in ((), ("http/1.1",)):
        with test.connect("--insecure", tls=True,
                          context=test.certificates.context(protocols)) as session:
            expect_no_tls(session)


# Exit status 8: no RFC 8441 ----------------------------------------------------------------------


def extended_connect_is_not_enabled(test):
    for value in (None, 0):
        with test.connect("--message", "x") as session:
            session.serve(connect_protocol=value)
            session.expect_exit(8)
            check_equal("HEADERS", session.endpoint.of_type(HEADERS), [])
            check(session.process.stderr, "nothing on stderr")


# -------------------------------------------------------------------------------------------------

CASES = [
    optional_fields, the_request_waits_for_settings, http_urls, the_cleartext_option,
    no_subprotocol_chosen, an_accept_field_is_ignored, interim_answers_are_skipped,
    standard_input_goes_out, the_linger_begins_anew_with_every_message, binary_comes_out_as_hex,
    fragments_and_a_ping_between, masking_keys_differ, a_mebibyte_goes_out, a_narrow_window,
    verbose, the_server_closes, the_server_never_ends, the_stream_ends_by_a_reset,
    the_server_resets_after_both_closes, every_frame_is_shown, the_close_can_be_chosen,
    the_connection_ends_after_both_closes, messages_after_our_close_come_in, usage_errors, refused,
    violations, an_answer_that_was_not_offered, abnormal_ends, the_server_says_nothing,
    the_server_sends_no_settings, the_server_never_answers, the_server_never_closes,
    a_long_exchange_is_no_timeout, a_closed_port, a_server_that_speaks_no_http2,
    certificates_that_are_not_trusted,
    certificates_that_are_trusted, no_alpn_h2, extended_connect_is_not_enabled,
]
CASES_OF_BOTH = [request_fields, messages_go_out_and_come_in, a_mebibyte_comes_in, echo_mode]


def main(tool, words):
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    cases = Cases(total_seconds=110)

    def run(name, function, *arguments):
        if all(word in name for word in words):
            cases.run(name, function, *arguments)

    with temporary_folder() as ours, temporary_folder() as foreign:
        test = Test(tool, (ours, foreign))
        for case in CASES_OF_BOTH:
            for tls in (True, False):
                name = case.__name__.replace("_", " ")
                run(f"{'tls' if tls else 'cleartext'}: {name}", case, test, tls)
        for case in CASES:
            run(case.__name__.replace("_", " "), case, test)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
