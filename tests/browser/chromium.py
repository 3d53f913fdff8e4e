#!/usr/bin/python3
"""chromium.py H2WS: `h2ws serve` against headless Chromium, driven through its debugging pipe.

Skipped (exit status 77) where there is no Chromium.
"""
import json
import os
import pathlib
import re
import select
import shutil
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))

from peers import PATIENCE, Cases, Process, check, check_equal, temporary_folder

LARGEST_MESSAGE = 1_000_000
SKIPPED = 77

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-breakpad", "--ignore-certificate-errors", "--remote-debugging-pipe"]

# Chromium reads commands from descriptor 3 and answers on 4.
LAUNCH = """
import fcntl, os, sys
commands, answers = (fcntl.fcntl(int(n), fcntl.F_DUPFD, 10) for n in sys.argv[1:3])
os.dup2(commands, 3)
os.dup2(answers, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""

# Opens a WebSocket to the page's origin, sends, closes when as many messages came back, and tells
# all that the page can know. `keep` leaves it open.
EXCHANGE = """
window.exchange = (path, {protocols = [], messages = [], close = [1000, 'done'], keep = false}) =>
  new Promise((resolve) => {
    const socket = new WebSocket(`wss://${location.host}${path}`, protocols);
    const told = {opened: false, received: [], text: []};
    const finish = () => resolve(told);
    const settle = () => {
      if (told.received.length < messages.length) return;
      if (keep) finish(); else socket.close(...close);
    };
    const octets = (data) => typeof data === 'string' ? new TextEncoder().encode(data)
                                                      : new Uint8Array(data);
    const same = (data, sent) => typeof data === typeof sent
        && octets(data).length === octets(sent).length
        && octets(sent).every((octet, at) => octet === octets.cached[at]);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      told.opened = true;
      told.protocol = socket.protocol;
      told.extensions = socket.extensions;
      messages.forEach((message) => socket.send(message));
      settle();
    };
    socket.onmessage = ({data}) => {
      octets.cached = octets(data);
      told.received.push(same(data, messages[told.received.length]));
      settle();
    };
    socket.onclose = ({code, reason, wasClean}) => {
      Object.assign(told, {code, reason, wasClean});
      if (window.onceClosed) window.onceClosed(told);
      finish();
    };
  });
window.text = (size) => Array.from({length: size}, (_, at) => String.fromCharCode(97 + at * 7 % 26))
  .join('');
window.binary = (size) => Uint8Array.from({length: size}, (_, at) => at * 31 % 251).buffer;
"""


class Browser:
    """A Chromium with a profile of its own and one page."""

    def __init__(self, program, folder):
        commands, self.commands = os.pipe()
        self.answers, answers = os.pipe()
        self.process = Process(
            sys.executable, "-c", LAUNCH, commands, answers, program, *FLAGS,
            f"--user-data-dir={folder}/profile", pass_fds=(commands, answers),
            env={**os.environ, "HOME": folder})
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

    def begin_page(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]

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
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True,
                           returnByValue=True)
        check("exceptionDetails" not in result, result.get("exceptionDetails"))
        return result["result"].get("value")

    def wait_value(self, expression, pattern):
        end = time.monotonic() + PATIENCE
        while True:
            value = self.evaluate(expression)
            if re.fullmatch(pattern, str(value)):
                return value
            check(time.monotonic() < end, f"{expression} is {value!r}, not {pattern!r}")
            time.sleep(0.05)


class Test:
    def __init__(self, tool, browser):
        self.browser = browser
        self.process = Process(tool, "serve", "--listen", "127.0.0.1:0", "--self-signed",
                               "--subprotocol", "chat", "--max-message", str(LARGEST_MESSAGE))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.__exit__()

    def start(self):
        self.port = int(self.process.wait_line(r"listening on 127\.0\.0\.1:(\d+)")[1])
        self.browser.begin_page()
        self.browser.call("Page.enable")
        self.browser.call("Page.addScriptToEvaluateOnNewDocument", source=EXCHANGE)

    def load(self):
        result = self.browser.call("Page.navigate", url=f"https://localhost:{self.port}/")
        check("errorText" not in result, f"the page did not load: {result.get('errorText')}")

    def exchange(self, path, options="{}"):
        return self.browser.evaluate(f"exchange({json.dumps(path)}, {options})")

    def line(self, what, path):
        """What the server said of the tunnel on this path, as a dictionary."""
        rest = self.process.wait_line(rf"{what} {re.escape(path)} (.*)")[1]
        return dict(re.findall(r'(\S+?)=("[^"]*"|\S*)', rest))

    # The cases, in this order

    def the_page_reports_its_exchange(self):
        self.load()
        title = self.browser.wait_value("document.title", "h2ws: closed .*")
        log = self.browser.evaluate("document.getElementById('log').innerText")
        check_equal("the title", title, "h2ws: closed 1000 clean=true")
        lines = log.strip().splitlines()
        for word in ("sent", "received", "closed"):
            check(any(word in line for line in lines), f"no line says {word!r}: {lines}")
        protocol = "performance.getEntriesByType('navigation')[0].nextHopProtocol"
        check_equal("the page's protocol", self.browser.evaluate(protocol), "h2")

    def expect_exchange(self, path, options, count, code=1000):
        told = self.exchange(path, options)
        check(told["opened"], f"it did not open: {told}")
        check_equal("whether each echo is what was sent", told["received"], [True] * count)
        check_equal("how it closed", (told["code"], told["wasClean"]), (code, True))
        said = self.line("closed", path)
        check_equal("what the server says", (said["code"], said.get("error")), (str(code), None))
        return told

    def text(self):
        messages = r"['hello', '', 'Gr\u00fc\u00dfe \u{1F642}']"
        told = self.expect_exchange("/text", f"{{messages: {messages}}}", 3)
        check_equal("extensions", told["extensions"], "")
        check_equal("the subprotocol", told["protocol"], "")

    def binary(self):
        self.expect_exchange("/binary", "{messages: [binary(3), binary(0), binary(70000)]}", 3)

    def a_message_of_300_kilobytes(self):
        self.expect_exchange("/big", "{messages: [text(300000), binary(300000)]}", 2)

    def many_messages(self):
        messages = "Array.from({length: 500}, (_, n) => text(n))"
        self.expect_exchange("/many", f"{{messages: {messages}}}", 500)

    def a_subprotocol(self):
        told = self.expect_exchange("/chat", "{protocols: ['other', 'chat'], messages: ['x']}", 1)
        check_equal("the subprotocol", told["protocol"], "chat")
        check_equal("the opened line", self.line("opened", "/chat")["subprotocol"], "chat")

    def close_codes_of_the_page(self):
        for code in (1000, 3000, 4999):
            self.expect_exchange(f"/code/{code}", f"{{messages: ['x'], close: [{code}, 'why']}}", 1,
                                 code)

    def a_close_without_code(self):
        self.expect_exchange("/no-code", "{messages: ['x'], close: []}", 1, 1005)

    def several_at_once(self):
        told = self.browser.evaluate(
            "Promise.all([1, 2, 3, 4].map((n) => "
            "exchange(`/together/${n}`, {messages: [text(50000 + n), binary(50000 + n), 'x']})))")
        for one in told:
            check_equal("one of them", (one["received"], one["code"], one["wasClean"]),
                        ([True] * 3, 1000, True))

    def a_message_over_the_servers_limit(self):
        told = self.exchange("/too-big", f"{{messages: ['x', binary({LARGEST_MESSAGE + 1})]}}")
        check_equal("the code", told["code"], 1009)
        said = self.line("closed", "/too-big")
        check_equal("what the server says", (said["error"], said["section"]),
                    ("message_too_big", '"RFC 6455 10.4"'))

    def leaving_the_page(self):
        self.exchange("/left", "{messages: ['x'], keep: true}")
        self.load()
        said = self.line("closed", "/left")  # Chromium resets the stream, without a Close
        check_equal("what the server says", (said["code"], said["error"]),
                    ("1006", "reset_by_peer"))
        self.browser.wait_value("document.title", "h2ws: closed 1000 clean=true")

    def all_on_the_connection_of_the_page(self):
        lines = [dict(re.findall(r"(stream|connection)=(\d+)", line))
                 for line in self.process.stdout if line.startswith("opened ")]
        check(len(lines) > 10, f"only {len(lines)} tunnels were opened")
        check_equal("connections with tunnels", len({line["connection"] for line in lines}), 1)
        page = re.compile(r"h2ws: connection (\d+), stream \d+: an ordinary request, 200$")
        pages = {found[1] for line in self.process.stderr if (found := page.match(line))}
        check_equal("connections with pages", pages, {line["connection"] for line in lines})

    def the_server_goes_away(self):
        self.exchange("/drained", "{messages: ['x'], keep: true}")
        self.browser.evaluate("window.drained = new Promise((done) => window.onceClosed = done);"
                              " undefined")
        self.process.signal(signal.SIGTERM)
        told = self.browser.evaluate("drained")
        check_equal("how it closed", (told["code"], told["wasClean"]), (1001, True))
        check_equal("what the server says", self.line("closed", "/drained")["code"], "1001")
        check_equal("the exit status", self.process.exit_status(), 0)

    CASES = [the_page_reports_its_exchange, text, binary, a_message_of_300_kilobytes, many_messages,
             a_subprotocol, close_codes_of_the_page, a_close_without_code, several_at_once,
             a_message_over_the_servers_limit, leaving_the_page, all_on_the_connection_of_the_page,
             the_server_goes_away]


def main(tool):
    program = shutil.which("chromium")
    if program is None:
        print("chromium is not installed")
        return SKIPPED
    cases = Cases(total_seconds=110)
    with temporary_folder() as folder, Browser(program, folder) as browser, \
            Test(tool, browser) as test:
        cases.run("the server and the browser start", test.start)
        for case in Test.CASES if not cases.failed else []:
            cases.run(case.__name__.replace("_", " "), case, test)
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
