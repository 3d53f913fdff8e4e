"""WebSockets over HTTP/1.1 (RFC 6455), for both sides of a proxy: a server that stands behind it
and a client before it. Both keep what came as it was."""
import base64
import hashlib
import socket
import struct
import time

from listener import Listener
from peers import (CLOSE, PATIENCE, PING, PONG, TEXT, WebSocketReader, check, check_equal,
                   close_payload, frame)

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_of(key):
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def read_head(file):
    """(first line, [(name, value)]) with the names as they were; None at the end."""
    first = file.readline()
    if not first:
        return None
    fields = []
    while (line := file.readline()) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        fields.append((name, value.strip()))
    return first.decode("latin-1").rstrip("\r\n"), fields


def lower(fields):
    return [(name.lower(), value) for name, value in fields]


class BackendConnection:
    """One that came to the backend."""

    def __init__(self):
        self.request = None     # its first line
        self.fields = []        # with names in lower case
        self.frames = []        # WebSocketFrame
        self.ended = None       # how TCP ended: "end of file", or an exception's name

    @property
    def path(self):
        return self.request.split(" ")[1]

    @property
    def close_code(self):
        for each in self.frames:
            if each.opcode == CLOSE:
                return struct.unpack(">H", each.payload[:2])[0] if each.payload else None
        return None


class Backend(Listener):
    """An HTTP/1.1 server that returns every frame. The path may want more: /refuse/STATUS,
    /greet says hello behind its 101, /close/CODE closes after one frame and /end ends TCP then."""

    def serve(self, sock):
        # A proxy may keep a connection that it does not use yet.
        connection = BackendConnection()
        with sock, sock.makefile("rb", buffering=0) as file:
            try:
                if (head := read_head(file)) is None:
                    return
                with self.changed:
                    connection.request, connection.fields = head[0], lower(head[1])
                    self.connections.append(connection)
                    self.changed.notify_all()
                self.answer(sock, connection)
                self.note_end(connection, "end of file")
            except OSError as error:
                self.note_end(connection, type(error).__name__)

    def note_end(self, connection, how):
        with self.changed:
            connection.ended = how
            self.changed.notify_all()

    def answer(self, sock, connection):
        verb, *argument = connection.path.split("?")[0].strip("/").split("/")
        if verb == "refuse":
            sock.sendall(f"HTTP/1.1 {argument[0]} No\r\nContent-Length: 9\r\n"
                         "Connection: close\r\n\r\nno entry\n".encode())
            return
        fields = dict(connection.fields)
        lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Accept: {accept_of(fields['sec-websocket-key'])}"]
        if offered := fields.get("sec-websocket-protocol"):
            lines.append(f"Sec-WebSocket-Protocol: {offered.split(',')[-1].strip()}")
        answer = "\r\n".join([*lines, "", ""]).encode()
        sock.sendall(answer + frame(TEXT, "hello") if verb == "greet" else answer)
        after_one = b"" if verb == "end" else None
        if verb == "close":
            after_one = frame(CLOSE, close_payload(int(argument[0])))
        self.echo(sock, connection, after_one)

    def echo(self, sock, connection, after_one):
        """Until both Closes were exchanged, or the other end ends; `after_one` is sent for the
        first frame, and nothing is an end."""
        reader = WebSocketReader()
        while data := sock.recv(65536):
            for each in reader.feed(data):
                check(each.key is not None, "a client's frame is not masked")
                with self.changed:
                    connection.frames.append(each)
                    self.changed.notify_all()
                if each.opcode == CLOSE:
                    if after_one is None:
                        sock.sendall(frame(CLOSE, each.payload))
                    return
                if after_one is not None:
                    if not after_one:
                        return
                    sock.sendall(after_one)
                    continue
                if each.opcode != PONG:
                    opcode = PONG if each.opcode == PING else each.opcode
                    sock.sendall(frame(opcode, each.payload, fin=each.fin))

    def wait(self, path, condition=lambda connection: True, what="request"):
        """The newest connection for a path, as soon as the condition holds."""
        def found():
            return [each for each in self.connections if each.path == path and condition(each)]

        end = time.monotonic() + PATIENCE
        with self.changed:
            while not found():
                left = end - time.monotonic()
                check(left > 0, f"no {what} for {path} at the backend")
                self.changed.wait(left)
            return found()[-1]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.close()


class Client:
    """A WebSocket client of HTTP/1.1; with `context` over TLS."""

    key = "dGhlIHNhbXBsZSBub25jZQ=="

    def __init__(self, port, path, more=(), context=None):
        self.path = path
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        if context:
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        lines = [f"GET {path} HTTP/1.1", f"Host: localhost:{port}", "Upgrade: websocket",
                 "Connection: Upgrade", f"Sec-WebSocket-Key: {self.key}",
                 "Sec-WebSocket-Version: 13", *(f"{name}: {value}" for name, value in more)]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self.file = self.socket.makefile("rb", buffering=0)
        head = read_head(self.file)
        check(head is not None, "the connection ended instead of an answer")
        self.status, self.fields = int(head[0].split()[1]), dict(lower(head[1]))
        self.reader = WebSocketReader()
        self.frames = []
        self.ended = None

    def open(self, subprotocol=None):
        check_equal("the status", self.status, 101)
        check_equal("the accept", self.fields.get("sec-websocket-accept"), accept_of(self.key))
        check_equal("the subprotocol", self.fields.get("sec-websocket-protocol"), subprotocol)
        return self

    def send(self, opcode, payload=b"", fin=True):
        self.socket.sendall(frame(opcode, payload, fin=fin, masked=True))

    def send_close(self, code):
        self.send(CLOSE, close_payload(code))

    def receive(self, condition, what):
        end = time.monotonic() + PATIENCE
        while not condition():
            check(time.monotonic() < end and not self.ended,
                  f"no {what}; {self.ended or 'it is open'}, frames "
                  f"{[(each.opcode, len(each.payload)) for each in self.frames[-5:]]}")
            try:
                data = self.socket.recv(65536)
            except OSError as error:
                self.ended = type(error).__name__
                continue
            if not data:
                self.ended = "end of file"
            self.frames += self.reader.feed(data)

    def messages(self):
        """(opcode, payload) of those that are whole."""
        whole, opcode, parts = [], None, []
        for each in self.frames:
            if each.opcode >= CLOSE:
                continue
            opcode = each.opcode or opcode
            parts.append(each.payload)
            if each.fin:
                whole.append((opcode, b"".join(parts)))
                parts = []
        return whole

    def echo(self, opcode, payload, pieces=1):
        """Sends a message in so many fragments and expects it back."""
        before = len(self.messages())
        size = max(1, -(-len(payload) // pieces))
        parts = [payload[at:at + size] for at in range(0, len(payload), size)] or [b""]
        for index, part in enumerate(parts):
            self.send(opcode if index == 0 else 0, part, fin=index + 1 == len(parts))
        self.receive(lambda: len(self.messages()) > before, "echo")
        check_equal("the echo", self.messages()[-1], (opcode, payload))

    def wait_close(self):
        """The code of the Close that comes; None: it has none."""
        closes = lambda: [each for each in self.frames if each.opcode == CLOSE]
        self.receive(closes, "Close")
        payload = closes()[0].payload
        return struct.unpack(">H", payload[:2])[0] if payload else None

    def wait_end(self):
        self.receive(lambda: self.ended, "end")
        return self.ended

    def cut(self):
        """Ends TCP without a Close."""
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.file.close()
        self.socket.close()
