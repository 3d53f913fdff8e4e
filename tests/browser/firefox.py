#!/usr/bin/python3
"""firefox.py H2WS: `h2ws serve` against headless Firefox ESR, driven through Marionette.

Skipped (exit status 77) where there is no Firefox or no certutil.
"""
import json
import os
import pathlib
import shutil
import socket
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))

from page import SKIPPED, BrowserTest, EXCHANGE, run_cases, trust
from peers import PATIENCE, Process, check, check_equal

STARTING = 60  # seconds that its start may take, at most

PREFERENCES = {
    "marionette.port": 0,  # the system chooses; it is written to a file
    "app.update.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage": "about:blank",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disableIPv6": True,
    "network.http.http3.enable": False,
    "network.http.speculative-parallel-limit": 0,
    "network.prefetch-next": False,
    "services.settings.server": "https://127.0.0.1:1/",
    "toolkit.telemetry.enabled": False,
}

# Marionette runs it in a scope of its own on the page's window.
EVALUATE = """
const done = arguments[arguments.length - 1];
Promise.resolve().then(() => (%s)).then((value) => done({value}), (error) => done({error: `${error}`}));
"""


class Browser:
    """A Firefox with a profile of its own, and a Marionette session with it."""

    def __init__(self, program, folder, certificates):
        self.profile = pathlib.Path(folder) / "profile"
        self.profile.mkdir()
        trust(self.profile, certificates)
        (self.profile / "user.js").write_text("".join(
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
            for name, value in PREFERENCES.items()))
        self.process = Process(program, "--headless", "--no-remote", "--marionette", "--profile",
                               self.profile, env={**os.environ, "HOME": folder, "LC_ALL": "C.UTF-8",
                                                  "MOZ_HEADLESS": "1",
                                                  "MOZ_CRASHREPORTER_DISABLE": "1"})
        self.socket = None
        self.count = 0

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        try:
            self.call("Marionette:Quit", flags=["eForceQuit"])
            self.process.popen.wait(5)
        except Exception:  # it is killed now, however it is
            pass
        self.process.__exit__()
        if self.socket:
            self.socket.close()

    def start(self):
        port = self.wait_for_port()
        self.socket = socket.create_connection(("127.0.0.1", port), STARTING)
        self.answers = self.socket.makefile("rb")
        self.receive()  # it introduces itself
        session = self.call("WebDriver:NewSession", capabilities={})
        self.version = "Firefox " + session["capabilities"]["browserVersion"]
        self.call("WebDriver:SetTimeouts", script=1000 * 2 * PATIENCE, pageLoad=1000 * PATIENCE)
        self.socket.settimeout(3 * PATIENCE)

    def wait_for_port(self):
        file = self.profile / "MarionetteActivePort"
        end = time.monotonic() + STARTING
        while True:
            text = file.read_text() if file.exists() else ""
            if text.strip().isdigit():
                return int(text)
            check(time.monotonic() < end and self.process.running(),
                  f"Firefox did not start; {self.process.said()}")
            time.sleep(0.1)

    def call(self, method, **parameters):
        self.count += 1
        command = json.dumps([0, self.count, method, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(command), command))
        _, number, error, result = self.receive()
        check_equal("the answer's number", number, self.count)
        check(error is None, f"{method}: {error}")
        return result

    def receive(self):
        size = b""
        while not size.endswith(b":"):
            octet = self.answers.read(1)
            check(octet, f"Firefox has gone: {self.process.said()}")
            size += octet
        return json.loads(self.answers.read(int(size[:-1])))

    # What the cases use

    def load(self, url):
        self.call("WebDriver:Navigate", url=url)

    def evaluate(self, expression):
        """The value of an expression of the page's; promises are awaited."""
        told = self.call("WebDriver:ExecuteAsyncScript", script=EXCHANGE + EVALUATE % expression, args=[],
                         sandbox=None)["value"]
        check(told is not None, "the page went away meanwhile")
        check("error" not in told, told.get("error"))
        return told.get("value")

    def page(self):
        return self.call("WebDriver:GetWindowHandle")["value"]

    def new_page(self):
        self.show(self.call("WebDriver:NewWindow", type="tab")["handle"])

    def show(self, page):
        self.call("WebDriver:SwitchToWindow", handle=page)


def main(tool):
    program = shutil.which("firefox-esr")
    if program is None or shutil.which("certutil") is None:
        print("firefox-esr or certutil is not installed")
        return SKIPPED
    return run_cases(FirefoxTest, tool, lambda *arguments: Browser(program, *arguments))


class FirefoxTest(BrowserTest):
    """Seen with Firefox ESR 153 and 140. It sends no END_STREAM and, where the server has sent its
    own, no RST_STREAM either: the server resets at its close timer (S21)."""

    SETTINGS = {"HEADER_TABLE_SIZE": "65536", "ENABLE_PUSH": "0", "INITIAL_WINDOW_SIZE": "131072",
                "MAX_FRAME_SIZE": "16384"}
    PAGE_CLOSES = ["server: DATA END_STREAM filled", "server: RST_STREAM NO_ERROR"]
    SERVER_CLOSES = ["server: DATA END_STREAM empty", "server: RST_STREAM NO_ERROR"]
    SERVER_REFUSES = ["server: HEADERS END_STREAM", "server: RST_STREAM NO_ERROR"]
    # It closes then, and answers nothing more.
    RELOADED = (1001,)
    PAGE_RELOADS = PAGE_CLOSES
    LANGUAGE = "en-US,en;q=0.9"

    def adapt(self, major):
        """140 answers a GOAWAY, whatever it says, by its own and leaves, open tunnels or not."""
        if major < 153:
            self.GONE = {"page": (1006, False), "server": (1006, "connection_lost")}
            self.LANGUAGE = "en-US,en;q=0.5"

    def fields(self, authority, path, origin, agent):
        return [(":method", "CONNECT"), (":path", path), (":authority", authority),
                (":scheme", "https"), (":protocol", "websocket"), ("user-agent", agent),
                ("accept", "*/*"), ("accept-language", self.LANGUAGE),
                ("accept-encoding", "gzip, deflate, br, zstd"), ("sec-websocket-version", "13"),
                ("origin", origin), ("sec-websocket-extensions", "permessage-deflate"),
                ("sec-fetch-dest", "empty"), ("sec-fetch-mode", "websocket"),
                ("sec-fetch-site", "same-origin"), ("pragma", "no-cache"),
                ("cache-control", "no-cache")]

    def no_subprotocol_that_was_offered(self):
        """It opens all the same, against the WebSocket API."""
        told = self.expect_exchange("/none", "{protocols: ['other'], messages: ['x']}")
        check_equal("the subprotocol", told["protocol"], "")

    CASES = [*BrowserTest.SHARED[:-2], no_subprotocol_that_was_offered, *BrowserTest.SHARED[-2:],
             *BrowserTest.LAST]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
