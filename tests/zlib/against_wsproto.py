#!/usr/bin/python3
"""against_wsproto.py CODEC [WORD]...: permessage-deflate against wsproto, both roles, both ways.

Each connection is negotiated as text, and then messages go in both directions, in an order and of
a content that are the same in each run. With words, only the cases whose names have them all.
"""
import itertools
import pathlib
import random
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))
from checks import Cases, Failure, check, check_equal, shorten

try:
    import wsproto
    from wsproto.extensions import PerMessageDeflate
    from wsproto.frame_protocol import CloseReason, FrameProtocol, Opcode, ParseFailed
    from wsproto.handshake import client_extensions_handshake, server_extensions_handshake
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

WINDOWS = range(9, 16)  # all that wsproto has
ABSENT, NO_VALUE = 255, 0
EACH_WAY = 26  # messages of one connection; with its 392 connections more than 10,000
TEXT, END, COMPRESSED = 1, 2, 4
DEFAULTS = (6, 8, False)  # level, memory level, one frame
WORDS = ("deflate window message the of a compressed é ß 漢字 🙂 {\"id\": null} \n 0 1 2 3 ".split(" "))


class Ours:
    """The program: a command and its answer at a time."""

    def __init__(self, path):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def command(self, letter, data):
        self.process.stdin.write(struct.pack("!cI", letter.encode(), len(data)) + data)
        self.process.stdin.flush()
        answer, size = struct.unpack("!cI", self.process.stdout.read(5))
        data = self.process.stdout.read(size)
        if answer == b"e":
            raise Failure(data.decode())
        check_equal("what is answered", answer.decode(), letter)
        return data

    def negotiate(self, offers, options=(False, False, 15, 15), settings=DEFAULTS):
        return self.command("n", bytes([*options, *settings]) + offers.encode()).decode()

    def offer(self, parameters, settings=DEFAULTS):
        return self.command("o", bytes([*parameters, *settings])).decode()

    def agree(self, answer):
        self.command("a", answer.encode())

    def message(self, data, flags, room=0):
        return self.command("m", struct.pack("!BI", flags, room) + data)

    def ping(self, data):
        return self.command("p", data)

    def receive(self, data, size=1 << 30):
        """What comes of it, as (letter, octets)."""
        said = self.command("r", struct.pack("!I", size) + data)
        events = []
        while said:
            letter, size = struct.unpack("!cI", said[:5])
            events.append((letter.decode(), said[5:5 + size]))
            said = said[5 + size:]
        return events


class Theirs:
    """wsproto's end of one connection, and what wsproto cannot say: a message as it is."""

    def __init__(self, client, extension):
        self.compressing = FrameProtocol(client, [extension])
        self.plain = FrameProtocol(client, [])
        self.opcode, self.parts = None, []

    def receive(self, data, size=1 << 30):
        """What comes of it, as (letter, octets) as above."""
        events = []
        for at in range(0, len(data), size):
            self.compressing.receive_bytes(data[at:at + size])
            for frame in self.compressing.received_frames():
                if frame.opcode in (Opcode.PING, Opcode.PONG):
                    events.append(("i" if frame.opcode == Opcode.PING else "o",
                                   bytes(frame.payload)))
                    continue
                self.parts.append(frame.payload)
                if frame.message_finished:
                    events.append(self.whole(frame.opcode))
        return events

    def whole(self, opcode):
        parts, self.parts = self.parts, []
        if opcode == Opcode.TEXT:
            return "t", "".join(parts).encode()
        return "b", b"".join(map(bytes, parts))


def frames_in(wire):
    """The first octet of each frame."""
    firsts = []
    while wire:
        size, at = wire[1] & 127, 2
        if size > 125:
            at = 4 if size == 126 else 10
            size = int.from_bytes(wire[2:at], "big")
        firsts.append(wire[0])
        wire = wire[at + (4 if wire[1] & 128 else 0) + size:]
    return firsts


class Dice(random.Random):
    """What messages are made of, and how they are cut."""

    sizes = itertools.cycle(range(301))

    def size(self):
        kind = self.random()
        if kind < 0.7:
            return next(self.sizes)
        if kind < 0.95:
            return self.randrange(4_000)
        return self.randrange(70_000) if kind < 0.995 else self.randrange(256 << 10)

    def data(self, size):
        """Noise, and what repeats itself from near and far."""
        data = bytearray()
        while len(data) < size:
            kind = self.randrange(4)
            length = self.randrange(1, 2 + size // 3)
            if kind == 0:
                data += self.randbytes(length)
            elif kind == 1:
                data += bytes([self.randrange(256)]) * length
            else:
                start = self.randrange(max(1, len(data)))
                data += data[start:start + length] or b"h2ws"
        return bytes(data[:size])

    def text(self, size):
        if self.random() < 0.3:
            words = [chr(self.choice((self.randrange(32, 127), self.randrange(160, 0xd800),
                                      self.randrange(0x10000, 0x110000))))
                     for _ in range(size // 3 + 1)]
        else:
            words = self.choices(WORDS, k=size // 6 + 1) * self.choice((1, 1, 4))
        text = " ".join(words).encode()[:size].decode(errors="ignore")
        return text + "." * (size - len(text.encode()))

    def parts(self, message):
        """One part, or some of which any may be empty."""
        if self.random() < 0.6:
            return [message]
        cuts = sorted(self.randrange(len(message) + 1) for _ in range(self.randrange(1, 4)))
        return [message[a:b] for a, b in zip([0, *cuts], [*cuts, len(message)])]

    def piece(self, size):
        """How much arrives at a time."""
        return 1 << 30 if self.random() < 0.7 else self.randrange(1 + size // 40, 2 + size)


class Connection:
    """Messages between an end of ours and one of wsproto's that have negotiated."""

    def __init__(self, dice, ours, theirs, one_frame):
        self.dice, self.ours, self.theirs, self.one_frame = dice, ours, theirs, one_frame
        self.sent = self.received = 0

    def play(self):
        turns = [self.send, self.take] * EACH_WAY + [self.send_ping, self.take_ping] * 3
        self.dice.shuffle(turns)
        for turn in turns:
            turn()

    def message(self):
        """As wsproto is given it and as it comes, and which of the two kinds."""
        size = self.dice.size()
        if self.dice.random() < 0.5:
            text = self.dice.text(size)
            return text, ("t", text.encode())
        data = self.dice.data(size)
        return data, ("b", data)

    def send(self):
        _, (kind, data) = self.message()
        flags = (TEXT if kind == "t" else 0) | (COMPRESSED if self.dice.random() < 0.8 else 0)
        parts = [data] if self.one_frame else self.dice.parts(data)
        wire = b""
        for index, part in enumerate(parts):
            # wsproto loses its way over a ping inside a compressed message: see below
            if index and not flags & COMPRESSED:
                wire += self.ours.ping(b"inside")
            room = 0 if self.one_frame else self.dice.randrange(16, 100) + len(part) // 4
            end = END if index == len(parts) - 1 else 0
            wire += self.ours.message(part, flags | end, room)
        firsts = [first for first in frames_in(wire) if not first & 8]
        check_equal("RSV1 of each frame", [bool(first & 64) for first in firsts],
                    [bool(flags & COMPRESSED)] + [False] * (len(firsts) - 1))
        if self.one_frame:
            check_equal("frames", len(firsts), 1)
        events = self.theirs.receive(wire, self.dice.piece(len(wire)))
        check_equal("what wsproto receives", [one for one in events if one != ("i", b"inside")],
                    [(kind, data)])
        self.sent += 1

    def take(self):
        message, expected = self.message()
        protocol = self.theirs.compressing if self.dice.random() < 0.8 else self.theirs.plain
        parts = self.dice.parts(message)
        wire, pings = b"", []
        for index, part in enumerate(parts):
            if index and self.dice.random() < 0.5:
                wire += protocol.ping(b"inside")
                pings.append(("i", b"inside"))
            wire += protocol.send_data(part, index == len(parts) - 1)
        events = self.ours.receive(wire, self.dice.piece(len(wire)))
        check_equal("what we receive", [one for one in events if one[0] != "w"],
                    [*pings, expected])
        self.answer(events)
        self.received += 1

    def answer(self, events):
        pongs = [data for letter, data in events if letter == "w"]
        check_equal("our pongs at wsproto", self.theirs.receive(b"".join(pongs)),
                    [("o", data) for letter, data in events if letter == "i"])

    def send_ping(self):
        data = self.dice.randbytes(self.dice.randrange(126))
        check_equal("our ping", self.theirs.receive(self.ours.ping(data)), [("i", data)])

    def take_ping(self):
        data = self.dice.randbytes(self.dice.randrange(126))
        events = self.ours.receive(self.theirs.compressing.ping(data))
        check_equal("its ping", events[0], ("i", data))
        self.answer(events)


def accepted(extension, offers):
    """wsproto's answer as a server: the whole value of the field, or nothing."""
    answer = server_extensions_handshake([one.strip() for one in offers.split(",")], [extension])
    return answer.decode() if answer else ""


def offered(extension):
    """wsproto's offer as a client (handshake.py, _initiate_connection)."""
    return f"{extension.name}; {extension.offer()}"


def its_client(ours, agreed, whose, settings):
    """wsproto offers; one of the two wants what is agreed on."""
    server_bits, client_bits, server_forgets, client_forgets = agreed
    by_offer = PerMessageDeflate(client_forgets, client_bits, server_forgets, server_bits)
    extension = by_offer if whose == "theirs" else PerMessageDeflate()
    wanted = (False, False, 15, 15) if whose == "theirs" else (
        server_forgets, client_forgets, server_bits, client_bits)
    answer = ours.negotiate(offered(extension), wanted, settings)
    client_extensions_handshake([answer], [extension])
    return extension


def its_server(ours, agreed, whose, settings):
    """We offer; what only a server can ask for is asked for by either, the rest is offered."""
    server_bits, client_bits, server_forgets, client_forgets = agreed
    if whose == "theirs":
        extension = PerMessageDeflate(client_forgets, client_bits, server_forgets)
        offer = (False, False, server_bits, NO_VALUE)
    else:
        extension = PerMessageDeflate()
        offer = (server_forgets, client_forgets, server_bits, client_bits)
    ours.agree(accepted(extension, ours.offer(offer, settings)))
    return extension


def exchange(ours, negotiate, server_bits, counts):
    """All other parameters with one window of the server's."""
    dice = Dice(server_bits * 2 + (negotiate is its_client))
    for client_bits, server_forgets, client_forgets in itertools.product(
            WINDOWS, (False, True), (False, True)):
        agreed = server_bits, client_bits, server_forgets, client_forgets
        one_frame = dice.random() < 0.3
        settings = dice.randrange(10), dice.randrange(1, 10), one_frame
        extension = negotiate(ours, agreed, dice.choice(("ours", "theirs")), settings)
        check_equal("what wsproto agreed on",
                    (extension.server_max_window_bits, extension.client_max_window_bits,
                     extension.server_no_context_takeover, extension.client_no_context_takeover),
                    agreed)
        theirs = Theirs(negotiate is its_client, extension)
        connection = Connection(dice, ours, theirs, one_frame)
        try:
            connection.play()
        except (Failure, ParseFailed) as error:
            raise Failure(f"{agreed}, {settings}: {error}") from error
        counts["sent"] += connection.sent
        counts["received"] += connection.received


def enough(counts):
    print(f"{counts['sent']} messages were decoded by wsproto, {counts['received']} by us")
    check(min(counts.values()) >= 10_000, "10,000 each way were wanted")


# What is wsproto's own: asserted as its behaviour, and told in docs/peers.md.

def our_client(ours):
    """Ours, and wsproto's server."""
    return its_server(ours, (15, 15, False, False), "ours", DEFAULTS)


def fails(theirs, wire, reason):
    try:
        got = theirs.receive(wire)
    except ParseFailed as error:
        check_equal("the code", error.code, reason)
    else:
        raise Failure(f"it took that for {shorten(got)}")


def ping_inside(ours):
    digits = random.Random(2).randbytes(50_000).hex().encode()  # more than zlib holds back
    for kind, compressed in itertools.product((0, TEXT), (0, COMPRESSED)):
        theirs = Theirs(False, our_client(ours))
        begun = ours.message(digits, kind | compressed, 100_000)
        check_equal("the beginning", (begun[0] & 0xf0, theirs.receive(begun)),
                    (0x40 if compressed else 0, []))
        check_equal("the ping", theirs.receive(ours.ping(b"inside")), [("i", b"inside")])
        rest = ours.message(digits, kind | END | compressed, 200_000)
        if kind and compressed:
            fails(theirs, rest, CloseReason.INVALID_FRAME_PAYLOAD_DATA)
        else:  # binary data comes as it is, compressed or not
            whole = theirs.receive(rest)[0][1]
            check_equal("whether that is the message", whole == digits + digits, not compressed)


def windows_of_8(ours):
    for name in ("server_max_window_bits", "client_max_window_bits"):
        for attempt in (lambda: PerMessageDeflate(**{name: 8}),
                        lambda: client_extensions_handshake([f"permessage-deflate; {name}=8"],
                                                            [PerMessageDeflate()])):
            try:
                attempt()
            except ValueError:
                continue
            raise Failure(f"it takes {name}=8")
        check_equal("its answer", accepted(PerMessageDeflate(), f"permessage-deflate; {name}=8"), "")
    # The next offer is answered then.
    eight = ours.offer((False, False, 8, NO_VALUE))
    plain = ours.offer((False, False, ABSENT, ABSENT))
    answer = accepted(PerMessageDeflate(), f"{eight}, {plain}")
    check_equal("its answer to the second", answer, "permessage-deflate")
    ours.agree(answer)


def empty_messages(ours):
    """Each is the one octet that RFC 7692 7.2.3.6 has, also behind another."""
    extension = PerMessageDeflate()
    ours.negotiate(offered(extension))
    client_extensions_handshake(["permessage-deflate"], [extension])
    theirs = Theirs(True, extension)
    wires = [theirs.compressing.send_data(b"") for _ in range(3)]
    check_equal("first octets and sizes", [(wire[0], wire[1] & 127) for wire in wires],
                [(0xc2, 1)] * 3)
    wires.append(theirs.compressing.send_data("not empty"))
    check_equal("what we receive", ours.receive(b"".join(wires)),
                [("b", b"")] * 3 + [("t", b"not empty")])


def block_marked_as_last(_):
    """RFC 7692 7.2.3.4: its example, and the message of 7.2.3.2 behind it."""
    extension = PerMessageDeflate()
    client_extensions_handshake(["permessage-deflate"], [extension])
    theirs = Theirs(True, extension)
    marked = bytes.fromhex("c1 08 f3 48 cd c9 c9 07 00 00")
    check_equal("the first", theirs.receive(marked), [("t", b"Hello")])
    fails(theirs, bytes.fromhex("c1 05 f2 00 11 00 00"), CloseReason.INVALID_FRAME_PAYLOAD_DATA)


def window_not_said(ours):
    """A server that wants a smaller window from a client that did not let it ask."""
    extension = PerMessageDeflate(client_max_window_bits=9)
    answer = accepted(extension, ours.offer((False, False, ABSENT, ABSENT)))
    check_equal("its answer", answer, "permessage-deflate")
    ours.agree(answer)
    theirs = Theirs(False, extension)
    message = random.Random(1).randbytes(5_000)
    check_equal("the first message", theirs.receive(ours.message(message, END | COMPRESSED)),
                [("b", message)])
    wire = ours.message(message, END | COMPRESSED)  # refers to the first
    fails(theirs, wire, CloseReason.INVALID_FRAME_PAYLOAD_DATA)


def strange_offers(_):
    for offer in ("unknown=1", "server_max_window_bits=9; server_max_window_bits=10",
                  "server_no_context_takeover=1", "server_max_window_bits"):
        check(accepted(PerMessageDeflate(), f"permessage-deflate; {offer}"), "it declines", offer)
    try:
        accepted(PerMessageDeflate(), "permessage-deflate; server_max_window_bits=x")
    except ValueError:
        return
    raise Failure("it takes a window that is no number")


def no_limit(ours):
    theirs = Theirs(False, our_client(ours))
    wire = ours.message(bytes(10_000_000), END | COMPRESSED)
    check(len(wire) < 11_000, len(wire))
    check_equal("octets", len(theirs.receive(wire)[0][1]), 10_000_000)


def main():
    ours = Ours(sys.argv[1])
    cases = Cases(100)
    print(f"wsproto {wsproto.__version__}")
    counts = {"sent": 0, "received": 0}

    def run(name, function, *arguments):
        if all(word in name for word in sys.argv[2:]):
            cases.run(name, function, *arguments)

    for negotiate, role in ((its_client, "client"), (its_server, "server")):
        for bits in WINDOWS:
            run(f"wsproto is the {role}, the server's window has {bits} bits", exchange, ours,
                negotiate, bits, counts)
    run("there were enough messages", enough, counts)
    run("wsproto cannot read on behind a ping inside a compressed message", ping_inside, ours)
    run("wsproto declines windows of 8 bits", windows_of_8, ours)
    run("empty messages are one octet each", empty_messages, ours)
    run("wsproto reads nothing behind a block marked as the last", block_marked_as_last, ours)
    run("wsproto inflates with a window that it did not say", window_not_said, ours)
    run("wsproto answers offers that are to be declined", strange_offers, ours)
    run("wsproto inflates without limit", no_limit, ours)
    ours.process.stdin.close()
    cases.run("our program ends as it should", lambda: check_equal("status", ours.process.wait(), 0))
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
