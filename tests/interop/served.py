"""`h2ws serve -v` under a real client: what it did and every HTTP/2 frame, by tunnel."""
import collections
import re

from peers import Process, check_equal

# As `serve -v` and `connect -vv` show them; the latter has one connection.
FRAME = re.compile(r"(?:h2ws: connection (\d+) )?([<>]) ([A-Z_]+|\d+) stream=(\d+)((?: .*)?)")
FIELD = re.compile(r"(?:h2ws: connection \d+ )?[<>]   (:?[^:]+): (.*)")

# `detail` is the rest of the line: END_STREAM, the length, the code, the settings.
Frame = collections.namedtuple("Frame", "connection mark kind stream detail fields")


def frames_in(lines):
    """The HTTP/2 frames that lines of the command's show, with the fields of those that have any."""
    found = []
    for line in lines:
        if match := FRAME.fullmatch(line):
            connection, mark, kind, stream, detail = match.groups()
            found.append(Frame(int(connection or 1), mark, kind, int(stream), detail.split(), []))
        elif (match := FIELD.fullmatch(line)) and found:
            found[-1].fields.append((match[1], match[2]))
    return found


def settings_in(frames):
    """What the first SETTINGS of these says."""
    for frame in frames:
        if frame.kind == "SETTINGS" and "ACK" not in frame.detail:
            return dict(pair.split("=") for pair in frame.detail)
    return None


def endings_in(frames, received):
    """How a stream ended: its frames with END_STREAM and its resets, as short sentences.

    `received`: who sent what was received. `filled`: a DATA frame with a payload.
    """
    said = []
    for frame in frames:
        sent = {"client": "server", "server": "client"}[received]
        who = received if frame.mark == "<" else sent
        if frame.kind == "RST_STREAM":
            said.append(f"{who}: RST_STREAM {frame.detail[-1]}")
        elif "END_STREAM" in frame.detail:
            how = "" if frame.kind != "DATA" else (
                " empty" if "length=0" in frame.detail else " filled")
            said.append(f"{who}: {frame.kind} END_STREAM{how}")
    return said


def data_octets(frames, mark):
    """How much DATA these have in one direction."""
    return sum(int(word.removeprefix("length=")) for frame in frames
               if (frame.kind, frame.mark) == ("DATA", mark)
               for word in frame.detail if word.startswith("length="))


class Listening:
    """A running `h2ws serve`, on a port of its own."""

    def __init__(self, process):
        self.process = process

    def __enter__(self):
        try:
            self.port = int(self.process.wait_line(r"listening on 127\.0\.0\.1:(\d+)")[1])
        except BaseException:
            self.process.__exit__()
            raise
        return self

    def __exit__(self, *exception):
        self.process.__exit__()


class Served(Listening):
    """A server that tells what it does. `certificates`: with these it speaks TLS."""

    def __init__(self, tool, *options, certificates=None):
        tls = (["--tls-cert", certificates.certificate, "--tls-key", certificates.key]
               if certificates else ["--cleartext"])
        super().__init__(Process(tool, "serve", "--listen", "127.0.0.1:0", *tls, "-v", *options))

    def said(self, what, path):
        """What the server said of the tunnel on this path, as a dictionary."""
        rest = self.process.wait_line(rf"{what} {re.escape(path)}((?: \S+=.*)?)")[1]
        return {name: value.strip('"')
                for name, value in re.findall(r'(\S+?)=("[^"]*"|\S*)', rest)}

    def place(self, path, what="opened"):
        """(connection, stream) of the tunnel on this path."""
        said = self.said(what, path)
        return int(said["connection"]), int(said["stream"])

    def expect_closed(self, path, code, error=None):
        """The server's own account of how the tunnel ended."""
        said = self.said("closed", path)
        check_equal(f"what the server says of {path}", (said["code"], said.get("error")),
                    (str(code), error))

    # Frames

    def frames(self, connection=None, stream=None, mark=None):
        with self.process.changed:
            found = frames_in(self.process.stderr)
        return [frame for frame in found
                if connection in (None, frame.connection) and stream in (None, frame.stream)
                and mark in (None, frame.mark)]

    def fields(self, place, mark):
        """A tunnel's first header section in this direction, in the order of the wire."""
        def whole():
            """With a frame behind it, all of its lines are there."""
            frames = self.frames(place[0])
            return [frame for frame in frames[:-1] if frame.kind == "HEADERS"
                    and (frame.stream, frame.mark) == (place[1], mark)]
        return self.process.wait_for(whole, "header section")[0].fields

    def data_octets(self, place, mark):
        """How much DATA has gone this way on a tunnel."""
        return data_octets(self.frames(*place), mark)

    def settings(self, connection):
        """What the client's first SETTINGS says."""
        def found():
            settings = settings_in(self.frames(connection, 0, "<"))
            return None if settings is None else [settings]
        return self.process.wait_for(found, "SETTINGS")[0]

    def endings(self, place):
        return endings_in(self.frames(*place), received="client")

    def expect_endings(self, place, *expected, crossing=False):
        """The stream has ended in this way and in no other; `crossing`: whoever was first."""
        order = sorted if crossing else list
        try:
            self.process.wait_for(lambda: len(self.endings(place)) >= len(expected),
                                  "end of the stream")
        finally:
            check_equal("how the stream ended", order(self.endings(place)), order(expected))
