"""The servers of end_to_end.py: ours on each engine, bare nghttp2, and those of other makers.

Each is a process that echoes at `url` and ends with its `with` block.
"""
import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests" / "interop"))

from processes import Process  # noqa: E402


QUOTED_VERSION = r'"version": "([^"]*)"'


class Server:
    """`secure`: over TLS, with the certificate of `place`, which also knows where programs lie."""

    transports = (False, True)  # whether secure
    tunnels = (1, 100)          # connections, and WebSockets on each
    options = ()                # of `h2ws bench`
    path = "/"

    def __init__(self, place, secure):
        self.secure = secure
        self.process = self.start(place)

    def start(self, place):
        """A server that prints the port that it listens on."""
        process = Process(*self.command(place), engine=None)
        try:
            self.port = int(process.wait_line(r"listening on .*:(\d+)")[1])
        except BaseException:
            process.__exit__()
            raise
        return process

    @property
    def url(self):
        scheme, host = ("wss", "localhost") if self.secure else ("ws", "127.0.0.1")
        return f"{scheme}://{host}:{self.port}{self.path}"

    def load(self, place, size, in_flight, *how):
        """The command that loads it, which prints JSON."""
        connections, tunnels = self.tunnels
        return [place.h2ws, "bench", self.url, "--insecure", "--json", "--quiet",
                "--connections", connections, "--tunnels", tunnels, "--size", size,
                "--in-flight", in_flight, *self.options, *how]

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.__exit__()

    # Processor time and memory, of the process and of its children

    def tree(self):
        found = [self.process.popen.pid]
        for pid in found:
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
        return found

    def cpu_ns(self):
        return sum(int((task / "schedstat").read_text().split()[0]) for pid in self.tree()
                   for task in pathlib.Path(f"/proc/{pid}/task").iterdir())

    def resident(self):
        """Bytes."""
        pages = (pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in self.tree())
        return 4096 * sum(map(int, pages))


class Ours(Server):
    def command(self, place):
        tls = ["--tls-cert", place.certificates.certificate, "--tls-key",
               place.certificates.key] if self.secure else ["--cleartext"]
        return [place.h2ws, "serve", "--engine", self.engine, "--listen", "127.0.0.1:0", "--quiet",
                *tls]

    def version(self, place):
        return ""


class OursHttp2(Ours):
    name = "h2ws, http2"
    engine = "http2"


class OursNghttp2(Ours):
    name = "h2ws, nghttp2"
    engine = "nghttp2"


class Bare(Server):
    name = "bare nghttp2"

    def command(self, place):
        return [place.programs / "bare_server", *place.certificate_and_key(self.secure)]

    def version(self, place):
        return version_of("pkg-config", "--modversion", "libnghttp2")


class Beast(Server):
    """Each WebSocket has a connection of its own, of HTTP/1.1."""

    name = "Beast"
    tunnels = (100, 1)

    def command(self, place):
        return [place.programs / "beast_server", *place.certificate_and_key(self.secure)]

    def load(self, place, size, in_flight, *how):
        seconds = how[1] if how[0] == "--duration" else 0
        return [place.programs / "beast_load", self.port, 100, size, seconds,
                *(["tls"] if self.secure else [])]

    def version(self, place):
        return self.process.wait_line(r"Boost (.*)")[1].replace("_", ".")


class Node(Server):
    """Node's http2, and WebSockets of the package ws."""

    name = "Node http2 + ws"
    path = "/echo"

    def start(self, place):
        from node_calls import NodeScript
        script = NodeScript(place.packages(), "node_server.mjs",
                            *place.certificate_and_key(self.secure))
        try:
            self.port = script.call("listening")["port"]
        except BaseException:
            script.__exit__()
            raise
        return script

    def version(self, place):
        said = version_of(place.packages().node, "--version")
        package = place.packages().modules / "ws" / "package.json"
        return f"{said}, {version_of('cat', package, pattern=QUOTED_VERSION)}"


class Hypercorn(Server):
    name = "hypercorn"
    options = ("--end-with-reset", "--subprotocol", "chat")  # docs/peers.md

    def start(self, place):
        from hypercorn_server import Hypercorn as Peer
        service = Peer().start(place.folder, place.certificates, None)
        self.port = service.ports[0 if self.secure else 1]
        return service.process

    def version(self, place):
        import importlib.metadata
        return importlib.metadata.version("hypercorn")


class Libwebsockets(Server):
    """It allows 24 streams on a connection, and resets one that has echoed 300 KB (docs/peers.md)."""

    name = "libwebsockets"
    transports = (True,)  # it takes no HTTP/2 in cleartext with prior knowledge
    tunnels = (5, 20)
    options = ("--end-with-reset", "--subprotocol", "superchat")
    most = 150_000  # messages

    def load(self, place, size, in_flight, *how):
        if how[0] == "--duration":
            how = ["--messages", min(self.most, int(float(how[1]) * 60_000)), *how[2:]]
        return super().load(place, size, in_flight, *how)

    def start(self, place):
        from libwebsockets_server import Libwebsockets as Peer
        echo = place.programs / "libwebsockets_echo"
        service = Peer(echo).start(place.folder, place.certificates, None)
        self.port = service.port
        return service.process

    def version(self, place):
        return version_of("pkg-config", "--modversion", "libwebsockets")


def version_of(*command, **more):
    from services import version_of as ask
    return ask(*command, **more)


OURS = [OursHttp2, OursNghttp2]
ALL = [*OURS, Bare, Node, Hypercorn, Libwebsockets, Beast]
