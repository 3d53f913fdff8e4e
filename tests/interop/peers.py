"""A peer of the command: an HTTP/2 connection on python-h2 with WebSockets on wsproto, and every
frame as it was on the wire. What else the interoperability tests share comes from here too."""
import base64
import collections
import os
import select
import socket
import ssl
import struct
import tempfile
import time

import h2.config
import h2.connection
import h2.events
import wsproto.connection
import wsproto.events

from certificates import Certificates, trusting_context
from checks import PATIENCE, Cases, Failure, check, check_equal, shorten
from frames import (BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, WebSocketFrame, WebSocketReader,
                    close_payload, frame, xor)
from processes import Process

# HTTP/2 ------------------------------------------------------------------------------------------

DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 7, 8
NO_ERROR, CANCEL = 0, 8
ENABLE_CONNECT_PROTOCOL = 8
MAX_CONCURRENT_STREAMS = 3
PREFACE_SIZE = 24

Http2Frame = collections.namedtuple("Http2Frame", "type flags stream payload")


class Stream:
    """One stream at this end; a tunnel as soon as it has a `websocket`."""

    def __init__(self, endpoint, number):
        self.endpoint, self.number = endpoint, number
        self.fields = None          # that came, in their order
        self.ended_by_fields = False
        self.chunks = []            # of DATA as they came: (bytes, END_STREAM)
        self.ended = None           # when END_STREAM came
        self.reset = None           # the error code of RST_STREAM
        self.output = collections.deque()  # of (bytes, END_STREAM), waiting for the window
        self.credits = True         # whether the stream's window is given back at once
        self.owed = 0               # of it, while it is not
        self.asked_for_tunnel = False
        self.websocket = None       # wsproto's
        self.reader = WebSocketReader()
        self.frames = []            # WebSocket frames as they were on the wire
        self.messages = []          # str or bytes
        self.unfinished = []

    @property
    def body(self):
        return b"".join(data for data, _ in self.chunks)

    @property
    def status(self):
        return dict(self.fields)[":status"]

    # What we send

    def send(self, data=b"", end_stream=False):
        """Queues bytes of DATA and sends what the windows allow."""
        self.output.append((memoryview(bytes(data)), end_stream))
        self.endpoint.flush()

    def send_message(self, message, finished=True):
        self.send(self.websocket.send(wsproto.events.Message(message, message_finished=finished)))

    def send_ping(self, payload):
        self.send(self.websocket.send(wsproto.events.Ping(payload)))

    def send_close(self, code=None, reason=None, end_stream=False):
        self.send(self.websocket.send(wsproto.events.CloseConnection(code, reason)), end_stream)

    def send_reset(self, code):
        self.output.clear()
        self.endpoint.h2.reset_stream(self.number, code)
        self.endpoint.flush()

    def begin_websocket(self):
        side = wsproto.connection.CLIENT if self.endpoint.client_side else wsproto.connection.SERVER
        self.websocket = wsproto.connection.Connection(side)

    def restore_credit(self):
        self.credits = True
        if self.owed:
            self.endpoint.h2.increment_flow_control_window(self.owed, self.number)
        self.owed = 0
        self.endpoint.flush()

    # What came

    def receive(self, event):
        self.chunks.append((event.data, event.stream_ended is not None))
        if self.websocket is None or not event.data:
            return
        self.frames += self.reader.feed(event.data)
        if self.websocket.state.name in ("OPEN", "LOCAL_CLOSING"):
            self.websocket.receive_data(event.data)
            for what in self.websocket.events():
                self.take(what)

    def take(self, event):
        if isinstance(event, wsproto.events.Message):
            self.unfinished.append(event.data)
            if event.message_finished:
                self.messages.append(type(event.data)().join(self.unfinished))
                self.unfinished = []
        elif isinstance(event, wsproto.events.CloseConnection):
            # wsproto also says so of what it cannot take.
            check(self.payloads(CLOSE), f"wsproto rejects what came: {event.reason}")

    def payloads(self, opcode):
        return [frame.payload for frame in self.frames if frame.opcode == opcode]

    @property
    def close(self):
        """(code, reason) of the Close that came."""
        for payload in self.payloads(CLOSE):
            return (struct.unpack(">H", payload[:2])[0] if payload else None,
                    payload[2:].decode())
        return None

    def close_chunk_ended(self):
        """Whether the DATA frame with the last byte of the peer's Close had END_STREAM."""
        filled = [end for data, end in self.chunks if data]
        return filled[-1]

    # Waiting

    def wait(self, condition, what, timeout=PATIENCE):
        def met():
            if condition():
                return True
            check(self.reset is None, f"no {what}: the stream was reset with {self.reset}")
            return False
        self.endpoint.wait(met, f"{what} on stream {self.number} ({self.summary()})", timeout)

    def wait_messages(self, count):
        self.wait(lambda: len(self.messages) >= count, f"message {count}")

    def wait_close(self, timeout=PATIENCE):
        self.wait(lambda: self.close is not None, "Close", timeout)

    def wait_end(self, timeout=PATIENCE):
        self.wait(lambda: self.ended, "END_STREAM", timeout)

    def wait_reset(self, timeout=PATIENCE):
        self.endpoint.wait(lambda: self.reset is not None, f"RST_STREAM ({self.summary()})",
                           timeout)

    def echo(self, message):
        """Sends a message and expects it back."""
        before = len(self.messages)
        self.send_message(message)
        self.wait_messages(before + 1)
        check_equal("the echo", self.messages[-1], message)

    def summary(self):
        kinds = [f"{f.opcode}:{len(f.payload)}" for f in self.frames[-5:]]
        return (f"fields {'came' if self.fields else 'did not come'}, frames {kinds},"
                f" ended {bool(self.ended)}, reset {self.reset}")


class Endpoint:
    """One HTTP/2 connection at this end: python-h2 on a socket, and every frame that came."""

    def __init__(self, sock, client_side, settings=None, without=()):
        self.socket, self.client_side = sock, client_side
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=client_side, header_encoding="utf-8", validate_outbound_headers=False,
            normalize_inbound_headers=False, normalize_outbound_headers=False))
        for setting, value in (settings or {}).items():
            self.h2.local_settings[setting] = value
            self.h2.local_settings.acknowledge()
        for setting in without:
            del self.h2.local_settings[setting]
        self.frames = []    # Http2Frame; payloads of DATA are with their streams
        self.streams = {}   # by number
        self.input, self.output = bytearray(), bytearray()
        self.preface_left = 0 if client_side else PREFACE_SIZE
        self.ended = None   # how the transport ended
        self.silent = False # nothing that we have to say is sent
        sock.setblocking(False)

    def start(self):
        """Sends the preface with our SETTINGS."""
        self.h2.initiate_connection()
        self.flush()

    def request(self, fields, end_stream=False):
        number = self.h2.get_next_available_stream_id()
        self.streams[number] = Stream(self, number)
        self.streams[number].asked_for_tunnel = (":protocol", "websocket") in fields
        self.h2.send_headers(number, fields, end_stream)
        self.flush()
        return self.streams[number]

    def respond(self, stream, fields, body=None):
        """Answers with a body, whose end is the stream's; without, the stream stays open."""
        self.h2.send_headers(stream.number, fields, end_stream=False)
        if body is not None:
            stream.send(body, end_stream=True)
        self.flush()

    # Frames that came

    def of_type(self, kind, stream=None):
        return [frame for frame in self.frames
                if frame.type == kind and stream in (None, frame.stream)]

    def settings(self):
        """What the peer's SETTINGS frames said, in order: one dictionary each."""
        return [{setting: value for setting, value in struct.iter_unpack(">HI", frame.payload)}
                for frame in self.of_type(SETTINGS) if not frame.flags & 1]

    # Moving bytes

    def flush(self):
        """Hands on what the windows allow, a frame of every stream in turn."""
        progress = True
        while progress:
            progress = False
            for stream in list(self.streams.values()):
                progress |= self.flush_one(stream)
        self.output += self.h2.data_to_send()
        self.write()

    def flush_one(self, stream):
        if not stream.output or stream.reset is not None:
            return False
        data, end = stream.output[0]
        window = min(self.h2.local_flow_control_window(stream.number),
                     self.h2.max_outbound_frame_size)
        if data and window <= 0:
            return False
        part, rest = data[:window], data[window:]
        self.h2.send_data(stream.number, bytes(part), end_stream=end and not rest)
        if rest:
            stream.output[0] = (rest, end)
        else:
            stream.output.popleft()
        return True

    def write(self):
        while self.output and not self.ended and not self.silent:
            try:
                del self.output[:self.socket.send(self.output[:65536])]
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return
            except OSError:  # what the peer sent before it went is still read
                self.output.clear()
                return

    def pump(self, timeout=0.02):
        """Reads once, if there is something, and answers what HTTP/2 wants answered."""
        if self.ended:
            time.sleep(timeout)
            return
        pending = isinstance(self.socket, ssl.SSLSocket) and self.socket.pending()
        if not pending:
            writes = [self.socket] if self.output and not self.silent else []
            select.select([self.socket], writes, [], timeout)
        self.write()
        try:
            data = self.socket.recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError as error:
            self.ended = type(error).__name__
            return
        if not data:
            self.ended = "end of file"
            return
        self.input += data
        self.take_input()
        self.flush()

    def take_input(self):
        if self.preface_left:
            part = bytes(self.input[:self.preface_left])
            del self.input[:len(part)]
            self.preface_left -= len(part)
            self.h2.receive_data(part)
        while len(self.input) >= 9:
            size = 9 + int.from_bytes(self.input[:3], "big")
            if len(self.input) < size:
                return
            whole = bytes(self.input[:size])
            del self.input[:size]
            kind, flags = whole[3], whole[4]
            number = int.from_bytes(whole[5:9], "big") & 0x7fffffff
            self.frames.append(Http2Frame(kind, flags, number, b"" if kind == DATA else whole[9:]))
            # python-h2 takes a GOAWAY for the end of the connection: it is not told.
            if kind != GOAWAY:
                self.take_events(self.h2.receive_data(whole))
            if kind == RST_STREAM and number in self.streams:
                self.streams[number].reset = int.from_bytes(whole[9:], "big")

    def take_events(self, events):
        for event in events:
            number = getattr(event, "stream_id", None)
            if isinstance(event, (h2.events.RequestReceived, h2.events.ResponseReceived)):
                stream = self.streams.setdefault(number, Stream(self, number))
                stream.fields = list(event.headers)
                stream.ended_by_fields = event.stream_ended is not None
                if stream.asked_for_tunnel and stream.status == "200":
                    stream.begin_websocket()
            elif isinstance(event, h2.events.DataReceived):
                self.credit(self.streams[number], event.flow_controlled_length)
                self.streams[number].receive(event)
            elif isinstance(event, h2.events.StreamEnded):
                self.streams[number].ended = time.monotonic()

    def credit(self, stream, size):
        if not size:
            return
        if stream.credits:
            self.h2.acknowledge_received_data(size, stream.number)
        else:
            stream.owed += size
            self.h2.increment_flow_control_window(size)

    # Waiting

    def wait(self, condition, what, timeout=PATIENCE):
        end = time.monotonic() + timeout
        while not condition():
            check(time.monotonic() < end, f"no {what} within {timeout} s")
            check(not self.ended, f"no {what}: the connection ended: {self.ended}")
            self.pump()

    def watch(self, seconds):
        """Goes on reading for a time, to see that nothing comes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.ended:
            self.pump()

    def shut(self):
        """Closes the transport, with close_notify where there is TLS."""
        self.write()
        try:
            if isinstance(self.socket, ssl.SSLSocket):
                self.socket.unwrap()
        except (OSError, ValueError):
            pass
        self.socket.close()

    def cut(self):
        """Breaks the TCP connection off with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def sample(size):
    """Random bytes."""
    return os.urandom(size)


def sample_text(size):
    """Random text of so many bytes in UTF-8, some of its characters longer than one."""
    letters = base64.b64encode(os.urandom(size)).decode()[:size - 4 * (size // 64)]
    step = 60
    pieces = [letters[at:at + step] for at in range(0, len(letters), step)]
    text = "\U0001F600".join(pieces)
    return text + "x" * (size - len(text.encode()))


def temporary_folder():
    return tempfile.TemporaryDirectory(prefix="h2ws-")
