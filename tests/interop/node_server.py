#!/usr/bin/python3
"""node_server.py H2WS PACKAGES TUNNELS: our client against Node's http2 as the server, with WebSockets
of the package ws, over TLS and cleartext. PACKAGES: the build's folder of npm packages; TUNNELS: the
program that has several WebSockets on a connection, which `h2ws connect` has not."""
import sys

from node_calls import NodeScript
from npm_packages import Packages
from peers import Cases, Certificates, Process, check, check_equal, temporary_folder
from served import endings_in, frames_in, settings_in

LARGE = 300_000
NODE, WS = "22.23.3", "8.23.0"  # where this was seen


class Test:
    """A Node that listens; every case has paths of its own."""

    def __init__(self, tool, tunnels, packages, certificates):
        self.tool, self.tunnels, self.certificates = tool, tunnels, certificates
        files = [certificates.certificate, certificates.key] if certificates else []
        self.node = NodeScript(packages, "node_server.mjs", *files)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.node.__exit__()

    def start(self):
        self.listening = self.node.call("listening")
        self.port = self.listening["port"]
        check_equal("Node and ws", (self.listening["node"], self.listening["ws"]), (NODE, WS))

    def connect(self, path, *options, status=0, text=""):
        """Runs the command to its end, which has this exit status."""
        scheme, trust = ("wss", ["--ca", self.certificates.ca]) if self.certificates else ("ws", [])
        with Process(self.tool, "connect", f"{scheme}://localhost:{self.port}{path}", *trust, "-vv",
                     "--linger", "0", *options) as process:
            process.write(text)
            process.end_input()
            got = process.exit_status()
            check(got == status, f"exit status {got}, not {status}; {process.said()}")
            return process

    def told(self, path, name):
        """What Node told of this path under this name."""
        def found():
            return [what[name] for what in self.node.told() if what.get("path") == path
                    and name in what]
        return self.node.wait_for(found, f"{name} of {path} in {self.node.told()[-6:]}")[0]

    def expect_endings(self, process, *expected, crossing=False):
        """How the stream ended on the wire, seen from the client."""
        order = sorted if crossing else list
        frames = [frame for frame in frames_in(process.stderr) if frame.stream == 1]
        check_equal("how the stream ended", order(endings_in(frames, received="server")),
                    order(expected))

    def expect_close_in_node(self, path, code, reason):
        check_equal("the Close that ws got", (self.told(path, "code"), self.told(path, "reason")),
                    (code, reason))
        check_equal("END_STREAM in Node", self.told(path, "clientEnded"), True)
        check_equal("the stream's code in Node", self.told(path, "streamClosed"), 0)

    # The cases

    def settings_and_fields(self):
        path = "/echo/?q=1"
        process = self.connect(path, "--message", "x", "--header", "x-more: y")
        scheme = "https" if self.certificates else "http"
        check_equal("the request in Node", self.told(path, "fields"), [
            [":method", "CONNECT"], [":protocol", "websocket"], [":scheme", scheme],
            [":path", path], [":authority", f"localhost:{self.port}"],
            ["sec-websocket-version", "13"], ["x-more", "y"]])
        check_equal("END_STREAM on the request", self.told(path, "endStream"), False)
        settings = self.told(path, "settings")
        check_equal("our enableConnectProtocol", settings["enableConnectProtocol"], False)  # S25
        check_equal("our enablePush", settings["enablePush"], False)
        frames = frames_in(process.stderr)
        check_equal("Node's SETTINGS", settings_in(f for f in frames if f.mark == "<"),
                    {"ENABLE_CONNECT_PROTOCOL": "1"})
        answer = [f.fields for f in frames if (f.mark, f.kind) == ("<", "HEADERS")]
        check_equal("the names of the answer", [name for name, _ in answer[0]], [":status", "date"])

    def echoes_of_text(self):
        texts = ["hello", "", "Gr\u00fc\u00dfe \U0001f642", "x" * 125, "y" * 126, "z" * 65_536]
        options = [word for text in texts for word in ("--message", text)]
        process = self.connect("/echo/text", *options)
        check_equal("the echoes", process.stdout, texts)

    def a_message_of_300_kilobytes(self):
        line = "".join(chr(97 + at * 7 % 26) for at in range(LARGE))
        process = self.connect("/echo/large", text=line + "\n")
        check(process.stdout == [line], "the echo differs")

    def messages_of_the_server(self):
        """Text, binary and fragments come in and go back, 300 KB too."""
        for kind, size, pieces in (("text", 0, 1), ("text", 1000, 1000), ("binary", 126, 1),
                                   ("binary", 1000, 3), ("text", LARGE, 1), ("binary", LARGE, 9)):
            path = f"/ask/{kind}/{size}/{pieces}"
            self.connect(path, "--echo")
            self.expect_close_in_node(path, 1000, "")
            told = [what for what in self.node.told() if "echoed" in what]
            check_equal("the echo in Node", told[-1], {"echoed": True, "kind": kind, "size": size})

    def subprotocols(self):
        for path, offered, chosen in (("/echo/chat", ["other", "chat"], ["chat"]),
                                      ("/echo/none", ["other"], [])):
            options = [word for name in offered for word in ("--subprotocol", name)]
            process = self.connect(path, "--message", "x", *options)
            fields = dict(map(tuple, self.told(path, "fields")))
            check_equal("the offer", fields["sec-websocket-protocol"], ", ".join(offered))
            answer = [f.fields for f in frames_in(process.stderr)
                      if (f.mark, f.kind) == ("<", "HEADERS")][0]
            check_equal("the answer", [value for name, value in answer
                                       if name == "sec-websocket-protocol"], chosen)
            check_equal("the echo", process.stdout, ["x"])

    def the_client_closes(self):
        for code, reason in ((1000, ""), (3000, "Gr\u00fc\u00dfe"), (4999, "done")):
            path = f"/echo/{code}"
            process = self.connect(path, "--message", "x", "--close-code", code,
                                   "--close-reason", reason)
            check_equal("the echo", process.stdout, ["x"])
            # ws ends its half after its Close, and we ours after that (S20).
            self.expect_endings(process, "server: DATA END_STREAM empty",
                                "client: DATA END_STREAM empty")
            self.expect_close_in_node(path, code, reason)

    def the_server_closes(self):
        for code, reason in ((4001, "the reason"), (1011, "Gr\u00fc\u00dfe"), (1000, "")):
            path = f"/close/{code}/{reason}"
            escaped = path.replace("\u00fc", "%C3%BC").replace("\u00df", "%C3%9F").replace(" ", "%20")
            process = self.connect(escaped)
            said = [line for line in process.stderr if line.startswith("h2ws: ")]
            check_equal("what the command says", said, [] if code == 1000 else
                        [f"h2ws: the server closed with {code}: {reason}"])
            self.expect_endings(process, "server: DATA END_STREAM empty",
                                "client: DATA END_STREAM empty")
            self.expect_close_in_node(escaped, code, "")

    def the_client_ends_with_a_reset(self):
        path = "/echo/reset"
        process = self.connect(path, "--message", "x", "--end-with-reset")
        self.expect_endings(process, "server: DATA END_STREAM empty", "client: RST_STREAM CANCEL")
        check_equal("the Close that ws got", self.told(path, "code"), 1000)
        check_equal("the stream's code in Node", self.told(path, "streamClosed"), 8)

    def a_refusal(self):
        process = self.connect("/status/403", status=3)
        check("h2ws: refused with status 403: because" in process.stderr, process.said())
        self.told("/status/403", "streamClosed")

    def a_reset_by_the_server(self):
        process = self.connect("/destroy", "--message", "x", status=5)
        self.expect_endings(process, "server: RST_STREAM NO_ERROR")

    def an_end_without_a_close(self):
        process = self.connect("/end", "--message", "x", status=5)
        self.expect_endings(process, "server: DATA END_STREAM empty",
                            "client: RST_STREAM CANCEL")  # S18

    def several_tunnels_on_a_connection(self):
        """One echoes while others are open and after each has ended, in every way."""
        sessions = self.count_sessions()
        with Process(self.tunnels, "localhost", self.port, self.certificates.ca
                     if self.certificates else "cleartext", "end-with-end-stream") as process:
            process.write("open one /echo/one\nopen two /echo/two\n")
            process.wait_line("opened one 200 ")
            process.wait_line("opened two 200 ")
            self.echo(process, "two", "text", ["48", "65"])
            self.echo(process, "one", "binary", ["00" * LARGE])
            for name, path, command, ending in (
                    ("two", None, "close two 3000", ["close two 3000", "closed two none NO_ERROR"]),
                    ("three", "/close/4001/x", None, ["close three 4001", "closed three none NO_ERROR"]),
                    ("four", "/status/403", None, ["refused four 403"]),
                    ("five", "/destroy/five", "send five text last 78",
                     ["closed five reset_by_peer NO_ERROR"])):
                if path:
                    process.write(f"open {name} {path}\n")
                if path and command:
                    process.wait_line(f"opened {name} 200 ")
                if command:
                    process.write(command + "\n")
                for line in ending:
                    process.wait_line(line)
                self.echo(process, "one", "text", [name.encode().hex()])
            process.write("close one 1000\n")
            process.wait_line("closed one none NO_ERROR")
            process.end_input()
            check_equal("the exit status", process.exit_status(), 0)
        check_equal("connections", self.count_sessions() - sessions, 1)

    def echo(self, process, name, kind, pieces):
        """Sends a message, in hex and in so many fragments, and gets it back."""
        before = len(process.matches(f"message {name} .*"))
        for n, piece in enumerate(pieces):
            part = "last" if n == len(pieces) - 1 else "first" if n == 0 else "next"
            process.write(f"send {name} {kind} {part} {piece}\n")
        process.wait_for(lambda: len(process.matches(f"message {name} .*")) > before,
                         f"echo of {name}")
        check_equal("the echo", process.matches(f"message {name} .*")[before][0],
                    f"message {name} {kind} {''.join(pieces)}")

    def count_sessions(self):
        return sum("session" in what for what in self.node.told())

    CASES = [settings_and_fields, echoes_of_text, a_message_of_300_kilobytes,
             messages_of_the_server, subprotocols, the_client_closes, the_server_closes,
             the_client_ends_with_a_reset, a_refusal, a_reset_by_the_server,
             an_end_without_a_close, several_tunnels_on_a_connection]


def main(tool, folder, tunnels):
    cases = Cases(total_seconds=230)
    packages = []
    cases.run("the npm packages are there", lambda: packages.append(Packages(folder)))
    with temporary_folder() as place:
        for secure in (True, False) if packages else ():
            mode = "tls" if secure else "cleartext"
            with Test(tool, tunnels, packages[0],
                      Certificates(place) if secure else None) as test:
                cases.run(f"{mode}: Node listens", test.start)
                for case in Test.CASES if hasattr(test, "port") else ():
                    cases.run(f"{mode}: {case.__name__.replace('_', ' ')}", case, test)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
