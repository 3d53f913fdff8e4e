"""One end of an HTTP/2 connection that sends whatever octets it is given, right or wrong, and the
neighbours of such a one: tunnels of another process that echo meanwhile."""
import collections
import multiprocessing
import select
import socket
import time

import hpack

from checks import PATIENCE, check, check_equal
from frames import BINARY, CLOSE, WebSocketReader, frame
from peers import (DATA, GOAWAY, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE, Http2Frame)

PRIORITY, PING, CONTINUATION = 2, 6, 9
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
INITIAL_WINDOW_SIZE = 4
CODES = ["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
         "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR",
         "CONNECT_ERROR", "ENHANCE_YOUR_CALM"]
LARGE_WINDOW = (1 << 31) - 1 - 65_535
TUNNELS = 3          # of a neighbour, and beside a flood on its own connection
PACE = 0.002         # seconds between a neighbour's messages
LONGEST_FLOOD = 8    # seconds after which a neighbour stops by itself


def http2_frame(kind, flags=0, stream=0, payload=b""):
    return (len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
            + payload)


def setting(identifier, value):
    return identifier.to_bytes(2, "big") + value.to_bytes(4, "big")


def window_update(stream, increment):
    return http2_frame(WINDOW_UPDATE, 0, stream, increment.to_bytes(4, "big"))


def reset(stream):
    return http2_frame(RST_STREAM, 0, stream, (8).to_bytes(4, "big"))


def integer(value, bits, first=0):
    """HPACK's (RFC 7541 5.1), with a prefix of so many bits."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = [first | most], value - most
    while value >= 128:
        out.append(128 | value & 127)
        value >>= 7
    return bytes([*out, value])


def literal(name, value, first=b"\x00"):
    """A field that is spelt out; `first` says whether it is indexed."""
    name, value = (text if isinstance(text, bytes) else text.encode() for text in (name, value))
    return first + integer(len(name), 7) + name + integer(len(value), 7) + value


def block(*fields):
    return b"".join(literal(*field) for field in fields)


def connect_fields(path="/", *more):
    """The field block of a request for a tunnel."""
    return block((":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"),
                 (":path", path), (":authority", "localhost"), ("sec-websocket-version", "13"),
                 *more)


GET = block((":method", "GET"), (":scheme", "http"), (":path", "/none"),
            (":authority", "localhost"))


class Stream:
    def __init__(self):
        self.status = self.reset = None
        self.ended = False
        self.octets = 0     # of DATA that came
        self.reader = WebSocketReader()
        self.frames = []
        self.payload = b""  # of messages, all together

    @property
    def close(self):
        """The code of the Close that came."""
        for each in self.frames:
            if each.opcode == CLOSE:
                return int.from_bytes(each.payload[:2], "big")
        return None


class Connection:
    """`settings`: the payload of the first SETTINGS. `reads`: whether it reads at all; `credits`:
    whether the windows are given back."""

    def __init__(self, port, settings=b"", reads=True, credits=True):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.reads, self.credits = reads, credits
        self.input, self.output = bytearray(), bytearray()
        self.decoder = hpack.Decoder()
        self.streams = collections.defaultdict(Stream)
        self.counts = collections.Counter()  # of frames, by type
        self.resets = collections.Counter()  # by code
        self.goaway = None
        self.ended = False
        self.next_stream = 1
        self.send(PREFACE + http2_frame(SETTINGS, 0, 0, settings))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.socket.close()

    # What we send

    def stream(self):
        """The number of a stream that is new."""
        self.next_stream += 2
        return self.next_stream - 2

    def send(self, octets, seconds=PATIENCE):
        """All of it, and reads meanwhile. False: the peer has ended, or takes no more of it."""
        self.output += octets
        end = time.monotonic() + seconds
        while self.output and self.goaway is None and not self.ended and time.monotonic() < end:
            read, write, _ = select.select([self.socket] if self.reads else [], [self.socket], [],
                                           max(0, end - time.monotonic()))
            if read:
                self.take()
            if write and not self.ended:
                self.write()
        whole = not self.output
        self.output.clear()
        return whole

    def write(self):
        try:
            del self.output[:self.socket.send(self.output[:16_384])]
        except BlockingIOError:
            pass
        except OSError:  # what the server said before it went is still read
            self.output.clear()
            while not self.ended:
                self.take()

    def headers(self, fields, end_stream=False):
        stream = self.stream()
        self.send(http2_frame(HEADERS, END_HEADERS | end_stream, stream, fields))
        return stream

    def data(self, stream, payload, flags=0):
        self.send(http2_frame(DATA, flags, stream, payload))

    def open(self, count=1, path="/"):
        """So many tunnels."""
        streams = [self.headers(connect_fields(path)) for _ in range(count)]
        self.wait(lambda: all(self.streams[each].status for each in streams), "tunnels")
        check_equal("the answers", {self.streams[each].status for each in streams}, {"200"})
        return streams

    def echo(self, stream, payload):
        """A message goes and comes back, to the octet."""
        at = self.streams[stream]
        before = len(at.payload)
        self.data(stream, frame(BINARY, payload, masked=True))
        self.wait(lambda: len(at.payload) >= before + len(payload), f"echo on stream {stream}")
        check(at.payload[before:] == payload, f"the echo on stream {stream} is another")

    def close(self, stream):
        self.data(stream, frame(CLOSE, (1000).to_bytes(2, "big"), masked=True))
        self.wait(lambda: self.streams[stream].close, f"Close on stream {stream}")

    # What comes

    def pump(self, seconds):
        """Reads once, if something comes, and answers what HTTP/2 wants answered."""
        if select.select([self.socket], [], [], seconds)[0]:
            self.take()
            self.send(b"")

    def take(self):
        """Answers are put behind what is to be sent."""
        try:
            octets = self.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        self.ended |= not octets
        self.input += octets
        at = 0
        while len(self.input) >= at + 9:
            end = at + 9 + int.from_bytes(self.input[at:at + 3], "big")
            if len(self.input) < end:
                break
            stream = int.from_bytes(self.input[at + 5:at + 9], "big")
            self.frame(Http2Frame(self.input[at + 3], self.input[at + 4], stream,
                                  bytes(self.input[at + 9:end])))
            at = end
        del self.input[:at]

    def frame(self, came):
        self.counts[came.type] += 1
        number = int.from_bytes(came.payload[:4], "big")
        if came.type == GOAWAY:
            self.goaway = int.from_bytes(came.payload[4:8], "big")
        elif came.type == RST_STREAM:
            self.streams[came.stream].reset = number
            self.resets[number] += 1
        elif came.type == HEADERS:
            self.streams[came.stream].status = dict(self.decoder.decode(came.payload))[":status"]
        elif came.type == SETTINGS and not came.flags & ACK:
            self.output += http2_frame(SETTINGS, ACK)
        elif came.type == PING and not came.flags & ACK:
            self.output += http2_frame(PING, ACK, 0, came.payload)
        if came.type == DATA:
            self.take_data(came)
        if came.type in (DATA, HEADERS) and came.flags & END_STREAM:
            self.streams[came.stream].ended = True

    def take_data(self, came):
        stream = self.streams[came.stream]
        stream.octets += len(came.payload)
        for each in stream.reader.feed(came.payload):
            stream.frames.append(each)
            if each.opcode in (0, 1, 2):
                stream.payload += each.payload
        if self.credits and came.payload:
            self.output += (window_update(0, len(came.payload))
                            + window_update(came.stream, len(came.payload)))

    def wait(self, condition, what, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while not condition():
            check(not self.ended, f"no {what}: the connection has ended; {self.verdict()}")
            left = end - time.monotonic()
            check(left > 0, f"no {what} within {seconds} s; {self.verdict()}")
            self.pump(left)

    def settle(self):
        """Until the server has answered all, by a PING's acknowledgement, or has said GOAWAY."""
        before = self.counts[PING]
        self.send(http2_frame(PING, 0, 0, b"settled?"))
        end = time.monotonic() + PATIENCE
        while self.counts[PING] == before and self.goaway is None and not self.ended:
            check(time.monotonic() < end, "the server does not answer")
            self.pump(0.1)

    def verdict(self):
        """What the server did to this connection, in words."""
        if self.goaway is not None:
            return f"GOAWAY {CODES[self.goaway]}"
        if self.ended:
            return "the connection ended"
        said = [f"RST_STREAM {CODES[code]}" for code in sorted(self.resets)]
        said += sorted({each.status for each in self.streams.values() if each.status} - {"200"})
        said += sorted({f"Close {each.close}" for each in self.streams.values()
                        if each.close not in (None, 1000)})
        return ", ".join(said) or "bounded"


class Neighbour:
    """Tunnels on a connection of another process, which echo until they are stopped."""

    def __init__(self, port):
        self.pipe, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=exchange, args=[port, theirs], daemon=True)
        self.process.start()
        theirs.close()

    def __enter__(self):
        check(self.pipe.poll(PATIENCE) and self.pipe.recv() == "open", "the neighbour is not there")
        return self

    def stop(self):
        """Seconds that each echo took; all were complete and right."""
        self.pipe.send("stop")
        check(self.pipe.poll(PATIENCE), "the neighbour says nothing")
        said = self.pipe.recv()
        check(isinstance(said, list), f"the neighbour: {said}")
        return said

    def __exit__(self, *exception):
        self.process.kill()
        self.process.join()


def exchange(port, pipe):
    """Every message names its tunnel and its number, and is checked by content."""
    try:
        with Connection(port) as connection:
            tunnels = connection.open(TUNNELS, "/neighbour")
            for tunnel in tunnels:
                connection.echo(tunnel, b"first")
            pipe.send("open")
            times, until = [], time.monotonic() + LONGEST_FLOOD
            while not pipe.poll(PACE) and time.monotonic() < until:
                tunnel = tunnels[len(times) % TUNNELS]
                begin = time.monotonic()
                connection.echo(tunnel, b"%d %d;" % (tunnel, len(times)) * 20)
                times.append(time.monotonic() - begin)
            for tunnel in tunnels:
                connection.close(tunnel)
            pipe.send(times)
    except Exception as error:  # it is told to the test, whatever it is
        pipe.send(f"{type(error).__name__}: {error}")
