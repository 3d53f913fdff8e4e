"""The floods, each with what the server is to do to it and the memory that the limits allow it."""
import zlib

from checks import check, check_equal
from connection import (ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GET, GOAWAY, HEADERS,
                        INITIAL_WINDOW_SIZE, LARGE_WINDOW, PADDED, PING, PRIORITY, RST_STREAM,
                        SETTINGS, TUNNELS, Connection, block, connect_fields, http2_frame, integer,
                        literal, reset, setting, window_update)
from frames import BINARY, CONTINUATION as MORE, PING as WEBSOCKET_PING, TEXT, frame

FLOODS = []

# What a connection may hold: docs/load.md has the heap of one that was opened (87 to 112 KB), of
# which 64 KiB are read at a time and 64 KiB may be on their way out. The second is what malloc and
# the kernel add, which count in pages; pages of the program itself that were not touched before
# count too.
CONNECTION = (128 << 10) + (64 << 10)
PAGES = 640 << 10
# session_options.hpp: a stream that waits, its fields, and what nghttp2 holds of it. Requests of one
# read are told one after the other: of those that are reset at once the fields of two are held.
STREAM = 320 + 760 + 410
FIELDS = 16_384 + 32 * 128
MAX_STREAMS = 256
# flood_guard.hpp: an answer that the peer does not read, 160 bytes each.
ANSWER = 160
# http2.md: a field block has at most 64 KiB.
BLOCK = 64 << 10
WINDOW = 65_535
FRAGMENT = 2 * 16_384  # that the echo puts together, in a vector that doubles
MESSAGE = 256 << 10    # --max-message; a queue has 1 MiB more
QUEUE = MESSAGE + (1 << 20)

CALM = "GOAWAY ENHANCE_YOUR_CALM"
PROTOCOL = "GOAWAY PROTOCOL_ERROR"
ENDED = "the connection ended"
COMPRESSION = "GOAWAY COMPRESSION_ERROR"


class Flood:
    def __init__(self, run, expected, memory, options, connection):
        self.run, self.expected, self.options, self.connection = run, expected, options, connection
        self.memory = CONNECTION + PAGES + memory


def flood(expected, memory=0, options=(), **connection):
    """What the server does, with either engine or by engine, and the memory besides a
    connection's."""
    def add(run):
        FLOODS.append(Flood(run, expected, memory, options, connection))
        return run
    return add


def pour(connection, part, times, rounds=20):
    """The same again and again, beside tunnels of the same connection that echo while it lives."""
    tunnels = connection.open(TUNNELS)
    for turn in range(rounds):
        if not connection.send(part * (times // rounds)) or connection.goaway is not None:
            break
        echo_beside(connection, tunnels[turn % TUNNELS], b"message %d" % turn)
    connection.settle()
    return tunnels


def echo_beside(connection, tunnel, payload):
    """An echo, unless the server has ended the connection, which is its answer then."""
    try:
        connection.echo(tunnel, payload)
    except Exception:
        check(connection.goaway is not None or connection.ended, "an echo beside the flood is lost")


# Streams that are begun and not finished ---------------------------------------------------------


def reset_rapidly(connection, fields, flags):
    for _ in range(50):
        part = b""
        for _ in range(100):
            stream = connection.stream()
            part += http2_frame(HEADERS, flags, stream, fields) + reset(stream)
        if not connection.send(part):
            break
    connection.settle()


@flood(CALM, MAX_STREAMS * STREAM)
def rapid_reset_of_tunnels(connection, port):
    reset_rapidly(connection, connect_fields(), END_HEADERS)


@flood(CALM, MAX_STREAMS * STREAM)
def rapid_reset_of_requests(connection, port):
    reset_rapidly(connection, GET, END_HEADERS | END_STREAM)


def resets_of_large_requests(connection, fields, flags):
    """Each has 16 KB of fields, in a few octets that refer to HPACK's table."""
    large = [literal(f"x-{name}", name * 950, b"\x40") for name in "abcd"]
    first = http2_frame(HEADERS, flags, connection.stream(), fields + b"".join(large))
    connection.send(first + reset(connection.next_stream - 2))
    connection.settle()
    reset_rapidly(connection, fields + 4 * b"\xbe\xbf\xc0\xc1", flags)


@flood(CALM, MAX_STREAMS * STREAM + 2 * FIELDS)
def rapid_reset_of_large_tunnels(connection, port):
    resets_of_large_requests(connection, connect_fields(), END_HEADERS)


@flood(CALM, MAX_STREAMS * STREAM + 2 * FIELDS)
def rapid_reset_of_large_requests(connection, port):
    resets_of_large_requests(connection, GET, END_HEADERS | END_STREAM)


@flood(CALM, MAX_STREAMS * STREAM)
def tunnels_that_are_opened_and_reset(connection, port):
    """Each is answered before it is reset."""
    for _ in range(60):
        streams = [connection.headers(connect_fields()) for _ in range(40)]
        connection.settle()
        if not connection.send(b"".join(map(reset, streams))):
            break
    connection.settle()


def provoke(connection, faulty):
    """Streams of which each has a fault that makes the server reset it."""
    for _ in range(30):
        part = b"".join(faulty(connection.stream()) for _ in range(100))
        if not connection.send(part):
            break
    connection.settle()


@flood({"http2": CALM, "nghttp2": PROTOCOL}, 1_000 * (ANSWER + STREAM))
def make_you_reset_by_window_update_of_0(connection, port):
    provoke(connection, lambda stream: http2_frame(HEADERS, END_HEADERS, stream, connect_fields())
            + window_update(stream, 0))


@flood({"http2": CALM, "nghttp2": f"{CALM} or {PROTOCOL}"}, 1_000 * (ANSWER + STREAM))
def make_you_reset_by_window_overflow(connection, port):
    provoke(connection, lambda stream: http2_frame(HEADERS, END_HEADERS, stream, connect_fields())
            + 2 * window_update(stream, (1 << 31) - 1))


@flood({"http2": CALM, "nghttp2": "GOAWAY STREAM_CLOSED"}, 1_000 * (ANSWER + STREAM))
def make_you_reset_by_data_after_the_end(connection, port):
    provoke(connection, lambda stream: http2_frame(HEADERS, END_HEADERS, stream, connect_fields())
            + http2_frame(DATA, END_STREAM, stream) + http2_frame(DATA, 0, stream, b"more"))


@flood({"http2": CALM, "nghttp2": f"{CALM} or {PROTOCOL}"}, 1_000 * (ANSWER + STREAM))
def make_you_reset_by_malformed_requests(connection, port):
    provoke(connection, lambda stream: http2_frame(HEADERS, END_HEADERS, stream,
                                                   connect_fields("/", ("Upper", "x"))))


@flood({"http2": CALM, "nghttp2": f"{CALM} or {PROTOCOL}"}, 1_000 * (ANSWER + STREAM))
def make_you_reset_by_headers_on_a_tunnel(connection, port):
    provoke(connection, lambda stream: 2 * http2_frame(HEADERS, END_HEADERS, stream,
                                                       connect_fields()))


@flood({"http2": CALM, "nghttp2": f"{CALM} or {PROTOCOL}"}, 1_000 * (ANSWER + STREAM), reads=False)
def malformed_requests_and_no_answer_is_read(connection, port):
    for _ in range(30):
        part = b"".join(http2_frame(HEADERS, END_HEADERS, connection.stream(),
                                    connect_fields("/", ("Upper", "x"))) for _ in range(100))
        if not connection.send(part, seconds=1):
            break
    connection.reads = True
    connection.settle()


@flood("RST_STREAM REFUSED_STREAM or GOAWAY PROTOCOL_ERROR", 2 * MAX_STREAMS * STREAM)
def more_tunnels_than_are_allowed(connection, port):
    """Up to the limit all are opened and echo."""
    streams = connection.open(50)
    streams += [stream for _ in range(4) for stream in connection.open(50)]
    streams += connection.open(MAX_STREAMS - len(streams))
    for stream in streams[::16]:
        connection.echo(stream, b"of many")
    for _ in range(40):
        connection.headers(connect_fields())
    connection.settle()
    if connection.goaway is None:
        for stream in streams[::16]:
            connection.echo(stream, b"after more")


@flood("503 or 200 or bounded", MAX_STREAMS * (STREAM + 4_096))
def many_requests_for_tunnels_in_one_read(connection, port):
    part = b"".join(http2_frame(HEADERS, END_HEADERS, connection.stream(), connect_fields())
                    for _ in range(200))
    connection.send(part)
    connection.settle()
    check_equal("answered", sum(each.status is not None for each in connection.streams.values()),
                200)


@flood(CALM, MAX_STREAMS * STREAM, ["--refuse", "/no=403"])
def handshakes_that_are_refused(connection, port):
    tunnels = connection.open(TUNNELS)
    for turn in range(30):
        streams = [connection.headers(connect_fields("/no")) for _ in range(50)]
        connection.settle()
        if connection.goaway is not None or connection.ended:
            break
        check_equal("the answers", {connection.streams[each].status for each in streams}, {"403"})
        echo_beside(connection, tunnels[turn % TUNNELS], b"message %d" % turn)


@flood("bounded", MAX_STREAMS * STREAM)
def closes_without_the_end_of_the_stream(connection, port):
    beside = connection.open(TUNNELS)
    streams = [stream for _ in range(4) for stream in connection.open(50)]
    for stream in streams:
        connection.close(stream)
    for stream in beside:
        connection.echo(stream, b"beside")


# Field blocks ------------------------------------------------------------------------------------


def continue_without_end(connection, payload):
    connection.open(TUNNELS)
    connection.send(http2_frame(HEADERS, 0, connection.stream(), connect_fields()))
    connection.send(http2_frame(CONTINUATION, 0, connection.next_stream - 2, payload) * 2_000)
    connection.settle()


@flood({"http2": CALM, "nghttp2": ENDED}, BLOCK)
def continuation_without_end(connection, port):
    continue_without_end(connection, literal("x-more", "y" * 1_000))


@flood({"http2": CALM, "nghttp2": ENDED}, BLOCK)
def continuation_of_nothing(connection, port):
    continue_without_end(connection, b"")


@flood({"http2": CALM, "nghttp2": ENDED}, BLOCK)
def continuation_frame_by_octet(connection, port):
    stream = connection.stream()
    connection.open(TUNNELS)
    stream = connection.stream()
    parts = [http2_frame(CONTINUATION, 0, stream, bytes([octet]))
             for octet in connect_fields("/", ("x-long", "y" * 2_000))]
    connection.send(http2_frame(HEADERS, 0, stream) + b"".join(parts))
    connection.settle()


@flood("RST_STREAM NO_ERROR, 431", BLOCK + FIELDS)
def a_bomb_of_references_to_a_table(connection, port):
    """An octet for each 3,900: 62 MB in a request."""
    tunnels = connection.open(TUNNELS)
    large = literal("x-bomb", "b" * 3_900, b"\x40")
    for turn in range(10):
        fields = connect_fields() + (large if turn == 0 else b"") + b"\xbe" * 12_000
        connection.headers(fields)
        connection.settle()
        connection.echo(tunnels[turn % TUNNELS], b"beside %d" % turn)


@flood("RST_STREAM NO_ERROR, 431", BLOCK + FIELDS)
def names_that_repeat(connection, port):
    tunnels = connection.open(TUNNELS)
    for turn in range(10):
        connection.headers(connect_fields("/", *[("cookie", "a")] * 1_200))
        connection.settle()
        connection.echo(tunnels[turn % TUNNELS], b"beside %d" % turn)


@flood("RST_STREAM NO_ERROR, 431", BLOCK + FIELDS)
def empty_values_and_short_names(connection, port):
    for _ in range(10):
        connection.headers(connect_fields("/", *[("a", "")] * 4_000))
        connection.settle()


def damage(connection, port, blocks):
    """Each on a connection of its own, and the last on the flooder's."""
    for damaged in blocks[:-1]:
        with Connection(port) as one:
            one.headers(damaged)
            one.settle()
            check_equal(f"of {damaged[:12]}", one.verdict(), COMPRESSION)
    connection.headers(blocks[-1])
    connection.settle()


@flood(COMPRESSION, 10 * CONNECTION)
def integers_that_are_huge_or_negative(connection, port):
    huge = [b"\xff" * 11 + b"\x01", integer((1 << 32) - 1, 7, 0x80), integer(1 << 62, 7, 0x80)]
    lengths = [b"\x00" + integer(length, 7) + b"name"
               for length in (1 << 20, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 63)]
    values = [b"\x00" + integer(1, 7) + b"n" + integer(length, 7, 0x80)
              for length in ((1 << 31) - 1, (1 << 64) - 1)]
    damage(connection, port, [*huge, *lengths, *values, b"\x80", integer(1 << 31, 5, 0x20)])


def refuse_all(connection, port, faults):
    """Requests that must open nothing, by whatever is wrong in them; the others go on."""
    tunnels = connection.open(TUNNELS)
    for turn, fault in enumerate(faults * 10):
        stream = connection.headers(connect_fields("/", *fault))
        connection.settle()
        check(connection.goaway is None, f"{fault} ended the connection")
        at = connection.streams[stream]
        check(at.reset == 1 or at.status == "400", f"{fault}: {at.status}, {at.reset}")
        connection.echo(tunnels[turn % TUNNELS], b"beside %d" % turn)


@flood("RST_STREAM PROTOCOL_ERROR, 400 or RST_STREAM NO_ERROR, 400 or "
       "RST_STREAM NO_ERROR, RST_STREAM PROTOCOL_ERROR, 400")
def content_length_and_transfer_encoding(connection, port):
    refuse_all(connection, port, [[("content-length", "5")], [("content-length", "0")],
                                  [("content-length", "1"), ("content-length", "2")],
                                  [("transfer-encoding", "chunked")]])


@flood("RST_STREAM PROTOCOL_ERROR")
def fields_of_an_upgrade(connection, port):
    refuse_all(connection, port, [[("connection", "Upgrade")], [("upgrade", "websocket")],
                                  [("upgrade", "websocket\r\nx: y")],
                                  [("connection", "upgrade"), ("upgrade", "websocket")]])


@flood("RST_STREAM PROTOCOL_ERROR")
def values_with_line_ends_and_nul(connection, port):
    refuse_all(connection, port, [[("x-value", value)] for value in
                                  ("a\r\nb: c", "a\nb", "a\rb", "a\0b", " a", "a ")])


@flood("RST_STREAM PROTOCOL_ERROR")
def names_that_are_empty(connection, port):
    refuse_all(connection, port, [[("", "x")], [("", "")], [(":", "x")], [("a b", "x")],
                                  [("a\r\nb", "x")]])


# Control frames ----------------------------------------------------------------------------------


@flood(CALM, 200 * ANSWER)
def settings_frames(connection, port):
    pour(connection, http2_frame(SETTINGS, 0, 0, setting(INITIAL_WINDOW_SIZE, WINDOW)), 20_000)


@flood({"http2": CALM, "nghttp2": f"{CALM} or {PROTOCOL}"}, 200 * ANSWER)
def settings_of_many_entries(connection, port):
    entries = b"".join(setting(INITIAL_WINDOW_SIZE, WINDOW - number % 2) for number in range(2_000))
    pour(connection, http2_frame(SETTINGS, 0, 0, entries), 200)


@flood({"http2": CALM, "nghttp2": PROTOCOL})
def acknowledgements_of_no_settings(connection, port):
    pour(connection, http2_frame(SETTINGS, ACK), 40_000)


@flood(CALM, 2_000 * ANSWER)
def pings(connection, port):
    pour(connection, http2_frame(PING, 0, 0, b"flooding"), 20_000)


@flood(CALM, 2_000 * ANSWER, reads=False)
def pings_and_no_answer_is_read(connection, port):
    connection.send(http2_frame(PING, 0, 0, b"flooding") * 40_000, seconds=1)
    connection.reads = True
    connection.settle()


@flood(CALM)
def priorities(connection, port):
    pour(connection, http2_frame(PRIORITY, 0, 1, b"\0\0\0\0\x10"), 40_000)


@flood(CALM)
def unknown_frames(connection, port):
    pour(connection, http2_frame(0x5a, 0xff, 1, b"?"), 40_000)


@flood(CALM)
def windows_that_grow_by_1(connection, port):
    pour(connection, window_update(0, 1), 40_000)


@flood(CALM)
def goaways(connection, port):
    pour(connection, http2_frame(GOAWAY, 0, 0, bytes(8)), 40_000)


@flood(CALM)
def resets_of_a_stream_that_is_gone(connection, port):
    stream, *_ = pour(connection, b"", 20, rounds=1)
    connection.send(reset(stream) * 40_000)
    connection.settle()


# DATA --------------------------------------------------------------------------------------------


@flood(CALM)
def empty_data(connection, port):
    stream = connection.open()[0]
    pour(connection, http2_frame(DATA, 0, stream), 40_000)


@flood(CALM)
def padding_and_nothing_else(connection, port):
    stream = connection.open()[0]
    pour(connection, http2_frame(DATA, PADDED, stream, b"\xff" + bytes(255)), 20_000, 200)


@flood("bounded", WINDOW)
def an_octet_and_padding(connection, port):
    """A message in DATA frames of an octet and 255 of padding comes back."""
    stream = connection.open()[0]
    whole = bytes(range(256)) * 8
    for octet in frame(BINARY, whole, masked=True):
        connection.data(stream, b"\xff" + bytes([octet]) + bytes(255), PADDED)
    connection.wait(lambda: connection.streams[stream].payload == whole, "echo")


@flood("bounded", WINDOW)
def an_octet_in_each_segment(connection, port):
    """The whole of a tunnel, each octet of HTTP/2 a write and a segment of its own, and each of a
    message a DATA frame."""
    connection.settle()
    stream = connection.stream()
    request = http2_frame(HEADERS, END_HEADERS, stream, connect_fields())
    message = b"".join(http2_frame(DATA, 0, stream, bytes([octet]))
                       for octet in frame(TEXT, "octet by octet, " * 8, masked=True))
    connection.reads = False  # no answer comes between the octets
    for octet in request + message:
        connection.send(bytes([octet]))
    connection.reads = True
    connection.wait(lambda: connection.streams[stream].payload == b"octet by octet, " * 8, "echo")


@flood("bounded", WINDOW + FRAGMENT + QUEUE, ["--max-message", MESSAGE],
       settings=setting(INITIAL_WINDOW_SIZE, 0))
def windows_that_never_open(connection, port):
    """The peer's window is 0: nothing comes, and a window of ours is all that is taken."""
    streams = connection.open(1)
    connection.send(http2_frame(DATA, 0, streams[0], frame(BINARY, bytes(16_000), masked=True)) * 4)
    connection.settle()
    check_equal("octets that came", connection.streams[streams[0]].octets, 0)


@flood("bounded", WINDOW + FRAGMENT, settings=setting(INITIAL_WINDOW_SIZE, 1))
def windows_of_1(connection, port):
    """An octet at a time, asked for one by one."""
    connection.credits = False
    whole = bytes(range(250)) * 2
    stream = connection.open()[0]
    connection.data(stream, frame(BINARY, whole, masked=True))
    for octets in range(1, len(whole) + 5):
        connection.wait(lambda: connection.streams[stream].octets >= octets, "an octet")
        check_equal("octets", connection.streams[stream].octets, octets)
        connection.send(window_update(stream, 1))
    check_equal("the echo", connection.streams[stream].payload, whole)


@flood("bounded", 4 * (QUEUE + WINDOW + FRAGMENT), ["--max-message", MESSAGE], reads=False,
       settings=setting(INITIAL_WINDOW_SIZE, LARGE_WINDOW))
def answers_that_are_never_read(connection, port):
    """4 tunnels ask for as many echoes as the server takes, and read none."""
    connection.reads = True
    streams = connection.open(4)
    connection.send(window_update(0, LARGE_WINDOW))
    connection.settle()
    connection.reads = False
    part = b"".join(http2_frame(DATA, 0, stream, frame(BINARY, bytes(16_000), masked=True))
                    for stream in streams)
    connection.send(part * 250, seconds=1)


# WebSocket ---------------------------------------------------------------------------------------


@flood(CALM, TUNNELS * WINDOW)
def websocket_pings(connection, port):
    stream = connection.open()[0]
    pings = frame(WEBSOCKET_PING, b"ping", masked=True) * 1_000
    beside = connection.open(TUNNELS)
    for turn in range(60):
        if not send_data(connection, stream, pings):
            break
        echo_beside(connection, beside[turn % TUNNELS], b"message %d" % turn)
    connection.settle()


def send_data(connection, stream, octets):
    """What a message needs of the windows, which the server gives back as it reads."""
    parts = [octets[at:at + 8_192] for at in range(0, len(octets), 8_192)]
    for part in parts:
        if not connection.send(http2_frame(DATA, 0, stream, part)):
            return False
        connection.settle()
    return connection.goaway is None and not connection.ended


def send_fragments(connection, payload):
    stream, beside = connection.open(2)
    fragments = frame(MORE, payload, fin=False, masked=True) * 5_000
    send_data(connection, stream, frame(BINARY, payload, fin=False, masked=True))
    for turn in range(14):
        send_data(connection, stream, fragments)
        connection.echo(beside, b"message %d" % turn)
    connection.wait(lambda: connection.streams[stream].close, "Close")


@flood("Close 1009 or Close 1008", WINDOW + 2 * FRAGMENT)
def fragments_of_an_octet_without_end(connection, port):
    send_fragments(connection, b"x")


@flood("Close 1009 or Close 1008", WINDOW + 2 * FRAGMENT)
def fragments_of_nothing_without_end(connection, port):
    send_fragments(connection, b"")


@flood("Close 1009", WINDOW + 2 * FRAGMENT, ["--max-message", MESSAGE])
def a_message_without_end(connection, port):
    stream, beside = connection.open(2)
    send_data(connection, stream, frame(BINARY, b"x", fin=False, masked=True))
    for turn in range(20):
        send_data(connection, stream, frame(MORE, bytes(15_000), fin=False, masked=True))
        connection.echo(beside, b"message %d" % turn)
    connection.wait(lambda: connection.streams[stream].close, "Close")


@flood("Close 1002, Close 1009", WINDOW)
def lengths_of_63_bits(connection, port):
    """2^63 is no length, and 2^63-1 is one too long."""
    streams = connection.open(40)
    for turn, stream in enumerate(streams):
        length = (1 << 63) - turn % 2
        connection.data(stream, b"\x82\xff" + length.to_bytes(8, "big") + bytes(4) + bytes(100))
        connection.wait(lambda: connection.streams[stream].close, "Close")
        check_equal("the code", connection.streams[stream].close, 1009 if turn % 2 else 1002)


@flood("Close 1009", (1 << 20) + 8 * (64 << 10) + 2 * QUEUE,
       ["--deflate", "--max-message", MESSAGE])
def compression_bombs(connection, port):
    """64 KB that inflate to 64 MB, on 8 tunnels."""
    deflater = zlib.compressobj(9, wbits=-15)
    bomb = deflater.compress(bytes(64 << 20)) + deflater.flush(zlib.Z_SYNC_FLUSH)
    beside = connection.open()[0]
    for turn in range(8):
        stream = connection.headers(connect_fields("/", ("sec-websocket-extensions",
                                                         "permessage-deflate")))
        connection.settle()
        check_equal("the answer", connection.streams[stream].status, "200")
        send_data(connection, stream, frame(BINARY, bomb[:-4], masked=True, reserved=4)[:60_000])
        connection.wait(lambda: connection.streams[stream].close, "Close")
        connection.echo(beside, b"message %d" % turn)
