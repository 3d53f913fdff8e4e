#!/usr/bin/python3
"""node_client.py H2WS PACKAGES: `h2ws serve` against Node's http2 as the client, with WebSockets of
the package ws, over TLS and cleartext. PACKAGES: the build's folder of npm packages."""
import signal
import sys

from node_calls import NodeScript
from npm_packages import Packages
from peers import Cases, Certificates, check, check_equal, temporary_folder
from served import Served

LARGE = 300_000
NODE, WS = "22.23.3", "8.23.0"  # where this was seen


class Test:
    """A server, a Node that has one connection to it, and a bystander on that connection."""

    def __init__(self, tool, packages, certificates):
        self.secure = certificates is not None
        self.served = Served(tool, "--subprotocol", "chat", "--refuse", "/no=403",
                             "--close", "/private=4001", "--close", "/broken=1011",
                             "--close-reason", "the reason \u00fc", certificates=certificates)
        self.packages, self.certificates = packages, certificates
        self.node = self.connected = None

    def __enter__(self):
        self.served.__enter__()
        self.node = NodeScript(self.packages, "node_client.mjs")
        return self

    def __exit__(self, *exception):
        if self.node:
            self.node.__exit__()
        self.served.__exit__()

    def call(self, name, *arguments):
        return self.node.call(name, *arguments)

    # What cases do

    def open(self, path, *protocols):
        """Opens a tunnel that is named after its path; gives (connection, stream)."""
        answer = self.call("open", path, path, protocols)
        check_equal("the status", answer["status"], 200)
        place = self.served.place(path)
        check_equal("the connection", place[0], 1)
        check_equal("the stream", place[1], answer["stream"])
        return place

    def echo(self, path, kind="text", size=20, pieces=1):
        check(self.call("echo", path, kind, size, pieces), f"the echo of {size} {kind} differs")

    def bystander(self):
        """Another tunnel of this connection still works."""
        self.echo("/bystander")

    def expect_clean_end(self, path, place, code, reason, *endings, crossing=False):
        how = self.call("ended", path)
        check_equal("the Close that ws got", (how["code"], how["reason"]), (code, reason))
        check_equal("the stream's code and error in Node", (how["rst"], how["error"]), (0, None))
        self.served.expect_closed(path, code)
        self.served.expect_endings(place, *endings, crossing=crossing)
        self.bystander()

    # The cases, in this order

    def start(self):
        scheme = "https" if self.secure else "http"
        self.connected = self.call("connect", f"{scheme}://localhost:{self.served.port}",
                         self.certificates and self.certificates.ca)
        self.open("/bystander")

    def settings_are_exchanged(self):
        told = self.connected
        check_equal("Node and ws", (told["versions"]["node"], told["ws"]), (NODE, WS))
        check_equal("ALPN", told["alpn"], "h2" if self.secure else "h2c")
        check_equal("enableConnectProtocol", told["settings"]["enableConnectProtocol"], True)
        check_equal("maxConcurrentStreams", told["settings"]["maxConcurrentStreams"], 256)
        check_equal("Node's SETTINGS", self.served.settings(1), {})

    def the_fields_of_the_request_and_the_answer(self):
        place = self.open("/fields?x=1")
        self.echo("/fields?x=1")
        check_equal("the request", self.served.fields(place, "<"), [
            (":method", "CONNECT"), (":protocol", "websocket"), (":path", "/fields?x=1"),
            (":authority", f"localhost:{self.served.port}"),
            (":scheme", "https" if self.secure else "http"), ("sec-websocket-version", "13")])
        check_equal("the answer", self.served.fields(place, ">"), [(":status", "200")])

    def text_and_binary(self):
        self.open("/echo")
        for kind in ("text", "binary"):
            for size in (0, 1, 125, 126, 65_535, 65_536, LARGE):
                self.echo("/echo", kind, size)
        self.bystander()

    def fragmented_messages(self):
        for kind in ("text", "binary"):
            for size, pieces in ((10, 3), (1000, 1000), (LARGE, 7)):
                self.echo("/echo", kind, size, pieces)
        check_equal("the pong", self.call("ping", "/echo"), "are you there")

    def subprotocols(self):
        for path, offered, chosen in (("/chat", ["other", "chat"], "chat"),
                                      ("/none", ["other"], "")):
            answer = self.call("open", path, path, offered)
            check_equal("the subprotocol", answer["protocol"], chosen)
            fields = dict(self.served.fields(self.served.place(path), "<"))
            check_equal("the offer", fields["sec-websocket-protocol"], ", ".join(offered))
            self.echo(path)

    def the_client_closes(self):
        for code, reason in ((1000, "done"), (3000, "Gr\u00fc\u00dfe"), (4999, "")):
            path = f"/client/{code}"
            place = self.open(path)
            self.echo(path)
            self.call("close", path, code, reason)
            # The server's END_STREAM is on its Close (S21); ws then ends its half.
            self.expect_clean_end(path, place, code, "", "server: DATA END_STREAM filled",
                                  "client: DATA END_STREAM empty")

    def the_server_closes(self):
        for path, code in (("/private", 4001), ("/broken", 1011)):
            place = self.open(path)
            # The server waits for the client's Close before it ends its half (S21); ws ends its
            # own as soon as its Close has left.
            self.expect_clean_end(path, place, code, "the reason \u00fc",
                                  "server: DATA END_STREAM empty", "client: DATA END_STREAM empty",
                                  crossing=True)

    def a_refusal(self):
        answer = self.call("open", "/no", "/no")
        check_equal("the status", answer["status"], 403)
        self.call("body", "/no")
        place = self.served.place("/no", "refused")
        self.served.expect_endings(place, "server: HEADERS END_STREAM",
                                   "server: RST_STREAM NO_ERROR")  # S23
        self.bystander()

    def a_reset_by_the_client(self):
        place = self.open("/reset")
        self.echo("/reset")
        self.call("terminate", "/reset")
        self.served.expect_closed("/reset", 1006, "reset_by_peer")
        self.served.expect_endings(place, "client: RST_STREAM NO_ERROR")
        self.bystander()

    def an_end_without_a_close(self):
        place = self.open("/end")
        self.echo("/end")
        self.call("endWithoutClose", "/end")
        self.served.expect_closed("/end", 1006, "end_stream_without_close")
        self.served.expect_endings(place, "client: DATA END_STREAM empty",
                                   "server: DATA END_STREAM empty")  # S18
        self.bystander()

    def the_server_goes_away(self):
        place = self.served.place("/bystander")
        self.served.process.signal(signal.SIGTERM)
        how = self.call("ended", "/bystander")
        check_equal("the Close that ws got", how["code"], 1001)
        self.served.expect_closed("/bystander", 1001)
        self.served.expect_endings(place, "server: DATA END_STREAM empty",
                                   "client: DATA END_STREAM empty", crossing=True)
        check_equal("the exit status", self.served.process.exit_status(), 0)
        check_equal("what Node saw of the connection", self.call("seen"), {"goaway": 0, "failure": None})

    CASES = [settings_are_exchanged, the_fields_of_the_request_and_the_answer, text_and_binary,
             fragmented_messages, subprotocols, the_client_closes, the_server_closes, a_refusal,
             a_reset_by_the_client, an_end_without_a_close, the_server_goes_away]


def main(tool, folder):
    cases = Cases(total_seconds=230)
    packages = []
    cases.run("the npm packages are there", lambda: packages.append(Packages(folder)))
    with temporary_folder() as place:
        for secure in (True, False) if packages else ():
            certificates = Certificates(place) if secure else None
            with Test(tool, packages[0], certificates) as test:
                mode = "tls" if secure else "cleartext"
                cases.run(f"{mode}: Node connects", test.start)
                for case in Test.CASES if test.connected else ():
                    cases.run(f"{mode}: {case.__name__.replace('_', ' ')}", case, test)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
