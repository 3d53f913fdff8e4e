"""A tap between an HTTP/2 client and its server: hands on every byte, keeps every frame.

Each side may be cleartext or TLS: then the tap is the server of one TLS connection and the client
of another, with ALPN h2 on both.
"""
import select
import socket
import ssl
import struct
import time

import hpack

from listener import Listener
from peers import (CLOSE, DATA, GOAWAY, HEADERS, PATIENCE, PREFACE_SIZE, RST_STREAM,
                   SETTINGS, Http2Frame, WebSocketReader, check, trusting_context)

CONTINUATION_FRAME = 9
END_STREAM, END_HEADERS, PADDED, PRIORITY = 1, 4, 8, 32
ERRORS = {0: "NO_ERROR", 1: "PROTOCOL_ERROR", 2: "INTERNAL_ERROR", 3: "FLOW_CONTROL_ERROR",
          5: "STREAM_CLOSED", 7: "REFUSED_STREAM", 8: "CANCEL", 11: "ENHANCE_YOUR_CALM"}
MOST_PENDING = 1 << 20


def error_name(code):
    return ERRORS.get(code, str(code))


class Side:
    """What one end of a stream sent."""

    def __init__(self):
        self.fields = []   # of every HEADERS, in order
        self.reader = WebSocketReader()
        self.frames = []   # WebSocketFrame
        self.events = []   # strings: frames, END_STREAM, RST_STREAM, in order

    @property
    def end(self):
        """From the Close on, or how the stream ended without one."""
        for index, event in enumerate(self.events):
            if event.startswith(("close", "END_STREAM", "RST_STREAM")):
                return self.events[index:]
        return []


class TappedStream:
    def __init__(self, number):
        self.number = number
        self.client, self.server = Side(), Side()

    @property
    def request(self):
        return self.client.fields[0]

    @property
    def response(self):
        return self.server.fields[-1] if self.server.fields else None

    def ends(self):
        return {"client": self.client.end, "server": self.server.end}

    def over(self):
        """Whether neither side has more to say."""
        done = [any(word in event for event in side.events for word in ("END_STREAM", "RST_STREAM"))
                for side in (self.client, self.server)]
        reset = any("RST_STREAM" in event for side in (self.client, self.server)
                    for event in side.events)
        return all(done) or reset


class Direction:
    """The bytes of one end, taken apart."""

    def __init__(self, name, streams):
        self.name, self.streams = name, streams
        self.skip = PREFACE_SIZE if name == "client" else 0
        self.input = bytearray()
        self.frames = []   # Http2Frame; without the payloads of DATA
        self.decoder = hpack.Decoder(max_header_list_size=1 << 20)
        self.decoder.max_allowed_table_size = 1 << 20
        self.block = None  # of HEADERS without END_HEADERS: (flags, stream, bytes)

    def feed(self, data):
        self.input += data
        if self.skip:
            part = min(self.skip, len(self.input))
            del self.input[:part]
            self.skip -= part
        while len(self.input) >= 9 and len(self.input) >= (
                size := 9 + int.from_bytes(self.input[:3], "big")):
            kind, flags = self.input[3], self.input[4]
            number = int.from_bytes(self.input[5:9], "big") & 0x7fffffff
            payload = bytes(self.input[9:size])
            del self.input[:size]
            self.take(kind, flags, number, payload)

    def take(self, kind, flags, number, payload):
        self.frames.append(Http2Frame(kind, flags, number, b"" if kind == DATA else payload))
        if kind in (HEADERS, DATA) and flags & PADDED:
            payload = payload[1:len(payload) - payload[0]]
        if kind == HEADERS:
            self.block = (flags, number, payload[5:] if flags & PRIORITY else payload)
        elif kind == CONTINUATION_FRAME:
            first, number, begun = self.block
            self.block = (first | flags & END_HEADERS, number, begun + payload)
        elif kind == DATA:
            self.take_data(number, payload, flags & END_STREAM)
        elif kind == RST_STREAM and number in self.streams:
            code = int.from_bytes(payload, "big")
            self.side(number).events.append(f"RST_STREAM {error_name(code)}")
        if self.block and self.block[0] & END_HEADERS:
            flags, number, block = self.block
            self.block = None
            self.take_fields(number, self.decoder.decode(block), flags & END_STREAM)

    def take_fields(self, number, fields, end):
        side = self.side(number)
        side.fields.append([(str(name), str(value)) for name, value in fields])
        side.events += ["HEADERS", "END_STREAM"] if end else ["HEADERS"]

    def take_data(self, number, data, end):
        side = self.side(number)
        said = []
        for frame in side.reader.feed(data):
            side.frames.append(frame)
            if frame.opcode == CLOSE:
                code = frame.payload[:2]
                said.append(f"close {struct.unpack('>H', code)[0] if code else 'without code'}")
        if end and said:
            said[-1] += " END_STREAM"
        elif end:
            said.append("END_STREAM")
        side.events += said

    def side(self, number):
        stream = self.streams.setdefault(number, TappedStream(number))
        return getattr(stream, self.name)


class TappedConnection:
    def __init__(self, client_socket, server_socket):
        self.streams = {}
        self.client = Direction("client", self.streams)
        self.server = Direction("server", self.streams)
        self.sockets = {"client": client_socket, "server": server_socket}
        self.ended = None  # who ended the transport first

    def settings(self, name):
        """What that side's first SETTINGS said."""
        for frame in getattr(self, name).frames:
            if frame.type == SETTINGS and not frame.flags & 1:
                return dict(struct.iter_unpack(">HI", frame.payload))
        return None

    def goaways(self, name):
        return [error_name(int.from_bytes(frame.payload[4:8], "big"))
                for frame in getattr(self, name).frames if frame.type == GOAWAY]

    # Handing on

    def run(self, changed):
        other = {"client": "server", "server": "client"}
        pending = {name: bytearray() for name in other}  # by who is to get it
        for sock in self.sockets.values():
            sock.setblocking(False)
        while not self.ended or pending[other[self.ended]]:
            self.wait(pending)
            for name in other:
                self.write(name, pending)
            for name in other:
                if self.ended or len(pending[other[name]]) > MOST_PENDING:
                    continue
                data = self.read(name)
                if data is None:
                    continue
                with changed:
                    if data:
                        pending[other[name]] += data
                        getattr(self, name).feed(data)
                    else:
                        self.ended = name
                    changed.notify_all()
        for sock in self.sockets.values():
            try:
                if isinstance(sock, ssl.SSLSocket):
                    sock.unwrap()
            except OSError:
                pass
            sock.close()

    def wait(self, pending):
        sockets = self.sockets.values()
        if any(isinstance(sock, ssl.SSLSocket) and sock.pending() for sock in sockets):
            return
        select.select([] if self.ended else list(sockets),
                      [self.sockets[name] for name, bytes_ in pending.items() if bytes_], [], 0.5)

    def write(self, name, pending):
        try:
            while pending[name]:
                del pending[name][:self.sockets[name].send(pending[name][:65536])]
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            pass
        except OSError:
            pending[name].clear()

    def read(self, name):
        """Bytes; none of them at the end; None: nothing now."""
        try:
            return self.sockets[name].recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError:
            return b""


class Tap(Listener):
    """Listens on `port`; `context` is there for TLS with the client, `secure` for TLS with the
    server, which is on `target`."""

    def __init__(self, target, context=None, secure=False):
        self.target, self.context, self.secure = target, context, secure
        self.failures = []
        super().__init__()

    def serve(self, sock):
        try:
            sock.settimeout(PATIENCE)
            if self.context:
                sock = self.context.wrap_socket(sock, server_side=True)
                check(sock.selected_alpn_protocol() == "h2", "the client's ALPN has no h2")
            server = socket.create_connection(("127.0.0.1", self.target), timeout=PATIENCE)
            for each in (sock, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.secure:
                server = trusting_context().wrap_socket(server, server_hostname="localhost")
                check(server.selected_alpn_protocol() == "h2", "the server's ALPN is not h2")
        except Exception as error:  # shown by whoever waits for something
            self.failures.append(repr(error))
            sock.close()
            return
        connection = TappedConnection(sock, server)
        with self.changed:
            self.connections.append(connection)
            self.changed.notify_all()
        connection.run(self.changed)

    def wait(self, condition, what, timeout=PATIENCE):
        """Until the condition holds; its value."""
        end = time.monotonic() + timeout
        with self.changed:
            while not (value := condition()):
                left = end - time.monotonic()
                check(left > 0, f"no {what} within {timeout} s; {self.said()}")
                self.changed.wait(min(left, 0.5))
        return value

    def find(self, path):
        """The stream that asked for this path, as [(connection, stream)]."""
        return [(connection, stream) for connection in self.connections
                for stream in connection.streams.values()
                if stream.client.fields and dict(stream.request).get(":path") == path]

    def stream(self, path):
        """The newest stream that asked for this path."""
        return self.wait(lambda: self.find(path), f"request for {path}")[-1][1]

    def wait_over(self, path):
        stream = self.stream(path)
        self.wait(stream.over, f"end of {path}'s stream ({stream.ends()})")
        return stream

    def said(self):
        streams = [(number, stream.ends()) for connection in self.connections
                   for number, stream in connection.streams.items()]
        return f"streams {streams[-6:]}, failures {self.failures}"

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.close()
