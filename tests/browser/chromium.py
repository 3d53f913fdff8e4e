#!/usr/bin/python3
"""chromium.py H2WS: `h2ws serve` against headless Chromium, driven through its debugging pipe.

Skipped (exit status 77) where there is no Chromium.
"""
import json
import os
import pathlib
import select
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))

from page import EXCHANGE, SKIPPED, BrowserTest, run_cases, trust
from peers import PATIENCE, Process, check, check_equal

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-breakpad", "--remote-debugging-pipe"]

# Chromium reads commands from descriptor 3 and answers on 4.
LAUNCH = """
import fcntl, os, sys
commands, answers = (fcntl.fcntl(int(n), fcntl.F_DUPFD, 10) for n in sys.argv[1:3])
os.dup2(commands, 3)
os.dup2(answers, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """A Chromium with a profile of its own and one page."""

    def __init__(self, program, folder, certificates):
        store = pathlib.Path(folder) / ".pki" / "nssdb"
        store.mkdir(parents=True)
        trust(store, certificates)
        commands, self.commands = os.pipe()
        self.answers, answers = os.pipe()
        self.process = Process(
            sys.executable, "-c", LAUNCH, commands, answers, program, *FLAGS,
            f"--user-data-dir={folder}/profile", pass_fds=(commands, answers),
            env={**os.environ, "HOME": folder, "LC_ALL": "C.UTF-8", "LANGUAGE": "en"})
        os.close(commands)
        os.close(answers)
        self.pending = b""
        self.count = 0
        self.session = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        try:
            self.send("Browser.close")
            self.process.popen.wait(5)
        except Exception:  # it is killed now, however it is
            pass
        self.process.__exit__()
        os.close(self.commands)
        os.close(self.answers)

    def start(self):
        self.new_page()
        self.version = self.call("Browser.getVersion")["product"]

    def send(self, method, **parameters):
        self.count += 1
        command = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            command["sessionId"] = self.session
        os.write(self.commands, json.dumps(command).encode() + b"\0")
        return self.count

    def call(self, method, timeout=PATIENCE, **parameters):
        number = self.send(method, **parameters)
        end = time.monotonic() + timeout
        while True:
            answer = self.receive(end, method)
            if answer.get("id") == number:
                check("error" not in answer, f"{method}: {answer.get('error')}")
                return answer["result"]

    def receive(self, end, what):
        while b"\0" not in self.pending:
            left = end - time.monotonic()
            check(left > 0, f"no answer to {what}; {self.process.said()}")
            if select.select([self.answers], [], [], left)[0]:
                data = os.read(self.answers, 65536)
                check(data, f"Chromium has gone: {self.process.said()}")
                self.pending += data
        whole, self.pending = self.pending.split(b"\0", 1)
        return json.loads(whole)

    def evaluate(self, expression):
        """The value of an expression of the page's; promises are awaited."""
        result = self.call("Runtime.evaluate", expression=f"{EXCHANGE}; ({expression})", awaitPromise=True,
                           returnByValue=True)
        check("exceptionDetails" not in result, result.get("exceptionDetails"))
        return result["result"].get("value")

    # What the cases use

    def load(self, url):
        result = self.call("Page.navigate", url=url)
        check("errorText" not in result, f"the page did not load: {result.get('errorText')}")

    def page(self):
        return self.session

    def new_page(self):
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        self.call("Page.enable")

    def show(self, page):
        self.session = page


class ChromiumTest(BrowserTest):
    """Seen with Chromium 156 and 150."""

    SETTINGS = {"HEADER_TABLE_SIZE": "65536", "ENABLE_PUSH": "0", "INITIAL_WINDOW_SIZE": "6291456",
                "MAX_HEADER_LIST_SIZE": "262144"}
    # Its Close has END_STREAM, but see adapt().
    PAGE_CLOSES = ["client: DATA END_STREAM filled", "server: DATA END_STREAM filled"]
    SERVER_CLOSES = ["client: DATA END_STREAM filled", "server: DATA END_STREAM empty"]
    # It resets a stream that is closed already.
    SERVER_REFUSES = ["server: HEADERS END_STREAM", "server: RST_STREAM NO_ERROR",
                      "client: RST_STREAM CANCEL"]
    # It sends no Close then.
    RELOADED = (1006, "reset_by_peer")
    PAGE_RELOADS = ["client: RST_STREAM CANCEL"]

    def adapt(self, major):
        """150 ends no stream: the server resets it at its close timer (S21)."""
        if major < 156:
            self.PAGE_CLOSES = ["server: DATA END_STREAM filled", "server: RST_STREAM NO_ERROR"]
            self.SERVER_CLOSES = ["server: DATA END_STREAM empty", "server: RST_STREAM NO_ERROR"]

    def fields(self, authority, path, origin, agent):
        return [(":method", "CONNECT"), (":authority", authority), (":scheme", "https"),
                (":path", path), (":protocol", "websocket"), ("pragma", "no-cache"),
                ("cache-control", "no-cache"), ("user-agent", agent), ("origin", origin),
                ("sec-websocket-version", "13"), ("accept-encoding", "gzip, deflate, br, zstd"),
                ("accept-language", "en-US,en;q=0.9"),
                ("sec-websocket-extensions", "permessage-deflate; client_max_window_bits")]

    def no_subprotocol_that_was_offered(self):
        """It insists on one, as the WebSocket API says."""
        told = self.exchange("/none", "{protocols: ['other'], messages: ['x']}")
        check_equal("how it failed", (told["opened"], told["code"]), (False, 1006))
        self.served.expect_closed("/none", 1006, "reset_by_peer")
        self.endings["/none"] = ["client: RST_STREAM CANCEL"]

    CASES = [*BrowserTest.SHARED[:-2], no_subprotocol_that_was_offered, *BrowserTest.SHARED[-2:],
             *BrowserTest.LAST]


def main(tool):
    program = shutil.which("chromium")
    if program is None or shutil.which("certutil") is None:
        print("chromium or certutil is not installed")
        return SKIPPED
    return run_cases(ChromiumTest, tool, lambda *arguments: Browser(program, *arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
