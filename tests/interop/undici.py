#!/usr/bin/python3
"""undici.py H2WS PACKAGES: `h2ws serve` against the WebSocket of undici 7 and 8, over TLS. PACKAGES:
the build's folder of npm packages."""
import base64
import hashlib
import sys

from node_calls import NodeScript
from npm_packages import Packages
from peers import Cases, Certificates, check, check_equal, temporary_folder
from served import Served

LARGE = 300_000
VERSIONS = {"undici-7": "7.30.2", "undici-8": "8.12.4"}  # where this was seen


class Test:
    """A server and an undici with one connection to it, and a bystander on that connection."""

    def __init__(self, tool, packages, certificates, *options):
        self.served = Served(tool, "--subprotocol", "chat", "--refuse", "/no=403",
                             "--close", "/private=4001", "--close", "/broken=1011",
                             "--close-reason", "the reason \u00fc", *options,
                             certificates=certificates)
        self.arguments = (packages, "undici.mjs", self.name, certificates.ca)
        self.node = None

    def __enter__(self):
        self.served.__enter__()
        self.node = NodeScript(*self.arguments)
        return self

    def __exit__(self, *exception):
        if self.node:
            self.node.__exit__()
        self.served.__exit__()

    def call(self, name, *arguments):
        return self.node.call(name, *arguments)

    def begin(self, path, *protocols):
        self.call("begin", f"wss://localhost:{self.served.port}{path}", path, protocols)

    def open(self, path, *protocols):
        self.begin(path, *protocols)
        told = self.call("settled", path)
        check(told["opened"], f"it did not open: {told}")
        return self.served.place(path)

    def echo(self, path, kind="text", size=20):
        check(self.call("echo", path, kind, size), f"the echo of {size} {kind} differs")

    def bystander(self):
        """Another tunnel of this connection still works."""
        self.echo("/bystander")


    # The cases, in this order

    def the_fields_and_the_settings(self):
        check_equal("undici", self.call("versions")["undici"], VERSIONS[self.name])
        place = self.open("/bystander")
        self.bystander()
        check_equal("undici's SETTINGS", self.served.settings(1),
                    {"ENABLE_PUSH": "0", "INITIAL_WINDOW_SIZE": "262144"})
        fields = self.served.fields(place, "<")
        key = dict(fields)["sec-websocket-key"]
        check_equal("the request", fields, [
            (":authority", f"localhost:{self.served.port}"), (":method", "CONNECT"),
            (":protocol", "websocket"), (":path", "/bystander"), (":scheme", "https"),
            ("sec-websocket-key", key),  # RFC 8441 section 5 uses none
            ("sec-websocket-version", "13"),
            ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits"),
            ("accept", "*/*"), ("accept-language", "*"), ("sec-fetch-mode", "websocket"),
            ("user-agent", "undici"), ("pragma", "no-cache"), ("cache-control", "no-cache"),
            ("accept-encoding", self.accepted_encodings)])
        check_equal("the answer", self.served.fields(place, ">"),
                    [(":status", "200"), ("sec-websocket-accept", answer_to(key))])

    def text_and_binary(self):
        place = self.open("/echo")
        check_equal("the connection", place[0], 1)
        for kind in ("text", "binary"):
            for size in (0, 1, 125, 126, 65_535, 65_536, LARGE):
                self.echo("/echo", kind, size)
            self.bystander()

    def subprotocols(self):
        self.open("/chat", "other", "chat")
        told = self.call("told", "/chat")
        check_equal("the subprotocol", (told["protocol"], told["extensions"]), ("chat", ""))
        self.echo("/chat")
        self.begin("/none", "other")  # undici insists on one of those it offered
        told = self.call("settled", "/none")
        check_equal("how it failed", (told["opened"], told["code"]), (False, 1006))
        self.served.expect_closed("/none", 1006, "reset_by_peer")
        self.served.expect_endings(self.served.place("/none"), "client: RST_STREAM NO_ERROR")
        self.bystander()

    def the_client_closes(self):
        closes = ((1000, "done"), (3000, "Gr\u00fc\u00dfe"), (4999, ""))
        places = {}
        for code, reason in closes:
            places[code] = self.open(f"/client/{code}")
            self.echo(f"/client/{code}")
            self.call("close", f"/client/{code}", code, reason)
        if self.waits_for_the_end:
            self.served.process.wait_for(lambda: self.served.endings(places[4999]), "END_STREAM")
            self.bystander()
            check_equal("the close event so far", self.call("told", "/client/4999").get("code"),
                        None)
        for code, _ in closes:
            self.expect_close(f"/client/{code}", code, "")
            self.served.expect_endings(places[code], "server: DATA END_STREAM filled",
                                       self.last_words)
        self.bystander()

    def the_server_closes(self):
        places = {path: self.open(path) for path in ("/private", "/broken")}
        for path, code in (("/private", 4001), ("/broken", 1011)):
            self.expect_close(path, code, "the reason \u00fc")
            self.served.expect_endings(places[path], "server: DATA END_STREAM empty",
                                       self.last_words)
        self.bystander()

    def expect_close(self, path, code, reason):
        told = self.call("closed", path)
        check_equal("the close event", (told["code"], told["reason"], told["wasClean"]),
                    (code, reason, True))
        self.served.expect_closed(path, code)

    def a_refusal(self):
        self.begin("/no")
        self.served.expect_endings(self.served.place("/no", "refused"),
                                   "server: HEADERS END_STREAM", "server: RST_STREAM NO_ERROR")
        self.echo("/bystander")  # whatever comes of the refusal has come before that
        self.open("/later")
        self.echo("/later")
        told = self.call("told" if self.refused[2] is None else "closed", "/no")
        check_equal("what the page of a refused WebSocket sees",
                    (told["opened"], told.get("error"), told.get("code")), self.refused)

    CASES = [the_fields_and_the_settings, text_and_binary, subprotocols, the_client_closes,
             the_server_closes, a_refusal]


class Undici7(Test):
    name = "undici-7"
    accepted_encodings = "br, gzip, deflate"
    last_words = "server: RST_STREAM NO_ERROR"  # it never ends its half: at the close timer (S21)
    waits_for_the_end = True                    # its close event comes after that
    refused = (False, None, None)               # it tells nothing of a refusal


class Undici8(Test):
    name = "undici-8"
    accepted_encodings = "br, gzip, deflate, zstd"
    last_words = "client: DATA END_STREAM empty"
    waits_for_the_end = False
    refused = (False, "", 1006)


def answer_to(key):
    """RFC 6455 section 4.2.2."""
    digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    return base64.b64encode(digest).decode()


def without_an_answer_to_the_key(kind, opens, *arguments):
    """RFC 8441 section 5 asks for none; undici 7 takes no 200 without."""
    with kind(*arguments, "--no-answer-key") as test:
        test.begin("/silent")
        told = test.call("settled", "/silent")
        check_equal("whether it opens", told["opened"], opens)
        place = test.served.place("/silent")
        if opens:
            test.echo("/silent")
            check_equal("the answer", test.served.fields(place, ">"), [(":status", "200")])
        else:
            check_equal("the code that a page sees", told["code"], 1006)
            test.served.expect_closed("/silent", 1006, "reset_by_peer")
            test.served.expect_endings(place, "client: RST_STREAM NO_ERROR")


def octets_of_an_echo(test, message, size):
    """How much DATA one message and its echo are, with the Close frames of their tunnel, whose end
    is waited for: until then the frames may be behind what undici tells."""
    path = f"/deflate/{message}/{size}"
    place = test.open(path)
    test.echo(path, message, size)
    test.call("close", path, 1000, "")
    test.served.process.wait_for(lambda: test.served.endings(place), "END_STREAM")
    return [test.served.data_octets(place, mark) for mark in "<>"]


def compression(kind, *arguments):
    """Our messages are compressed; undici inflates, and compresses nothing itself."""
    with kind(*arguments, "--deflate") as test:
        test.open("/bystander")
        place = test.open("/deflate")
        check_equal("the extensions that a page sees",
                    test.call("told", "/deflate")["extensions"], "permessage-deflate")
        for size in (0, 5, 70_000, LARGE):
            for message in ("text", "binary"):
                came, went = octets_of_an_echo(test, message, size)
                check(came >= size, f"undici has compressed {size} {message} to {came}")
                check(size < 1_000 or went * 10 < size, f"{size} {message} went as {went}")
        fields = dict(test.served.fields(place, ">"))
        check_equal("the answer", fields["sec-websocket-extensions"], "permessage-deflate")
        test.call("close", "/deflate", 1000, "done")
        test.expect_close("/deflate", 1000, "")
        test.bystander()


def main(tool, folder):
    cases = Cases(total_seconds=230)
    packages = []
    cases.run("the npm packages are there", lambda: packages.append(Packages(folder)))
    with temporary_folder() as place:
        for kind, opens in ((Undici7, False), (Undici8, True)) if packages else ():
            arguments = (tool, packages[0], Certificates(place))
            with kind(*arguments) as test:
                for case in Test.CASES:
                    cases.run(f"{kind.name}: {case.__name__.replace('_', ' ')}", case, test)
            cases.run(f"{kind.name}: without an answer to the key", without_an_answer_to_the_key,
                      kind, opens, *arguments)
            cases.run(f"{kind.name}: compression", compression, kind, *arguments)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
