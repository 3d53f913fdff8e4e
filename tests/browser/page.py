"""What the browsers' tests share: a server with a certificate of a CA that the browser trusts, a
script that the page exchanges messages with, and cases."""
import json
import re
import signal
import subprocess
import time

from peers import PATIENCE, Cases, Certificates, Failure, check, check_equal, temporary_folder
from served import Served

LARGEST_MESSAGE = 1_000_000
REASON = "the reason \u00fc"
SKIPPED = 77

# Opens a WebSocket to the page's origin, sends, closes when as many messages came back, and tells
# all that the page can know. `keep` leaves it open: `again` uses it, `kept` waits for its end.
EXCHANGE = r"""
window.sockets ??= new Map();
window.octets ??= (data) => typeof data === 'string' ? new TextEncoder().encode(data)
                                                     : new Uint8Array(data);
window.same ??= (data, sent) => {
  const [one, other] = [octets(data), octets(sent)];
  return typeof data === typeof sent && one.length === other.length
      && one.every((octet, at) => octet === other[at]);
};
window.exchange ??= (path, {protocols = [], messages = [], close = [1000, 'done'], keep = false} = {}) =>
  new Promise((resolve) => {
    const socket = new WebSocket(`wss://${location.host}${path}`, protocols);
    const told = {opened: false, received: []};
    const settle = () => {
      if (told.received.length < messages.length) return;
      if (keep) resolve(told); else if (!path.startsWith('/closed-by-the-server')) socket.close(...close);
    };
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      told.opened = true;
      told.protocol = socket.protocol;
      told.extensions = socket.extensions;
      messages.forEach((message) => socket.send(message));
      settle();
    };
    socket.onmessage = ({data}) => {
      told.received.push(same(data, messages[told.received.length]));
      settle();
    };
    const closed = new Promise((done) => {
      socket.onclose = ({code, reason, wasClean}) => done(Object.assign(told, {code, reason, wasClean}));
    });
    closed.then(resolve);
    sockets.set(path, {socket, closed});
  });
window.again ??= (path, message) => new Promise((resolve) => {
  const {socket, closed} = sockets.get(path);
  socket.onmessage = ({data}) => resolve(same(data, message));
  closed.then(() => resolve('closed'));
  socket.send(message);
});
window.kept ??= (path) => sockets.get(path).closed;
window.text ??= (size) => Array.from({length: size}, (_, at) => String.fromCharCode(97 + at * 7 % 26))
  .join('');
window.binary ??= (size) => Uint8Array.from({length: size}, (_, at) => at * 31 % 251).buffer;
"""


def trust(folder, certificates):
    """Makes a store of NSS in the folder in which the test's CA is trusted."""
    for arguments in (["-N", "--empty-password"],
                      ["-A", "-n", "a test authority", "-t", "C,,", "-i", certificates.ca]):
        run = subprocess.run(["certutil", *arguments, "-d", f"sql:{folder}"], timeout=30,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)
        check(run.returncode == 0, f"certutil {arguments[0]}: {run.stdout.decode()}")


class BrowserTest:
    """Cases for any browser. A subclass has what its browser alone does:

    SETTINGS and fields(), what is on the wire; PAGE_CLOSES, SERVER_CLOSES, SERVER_REFUSES and
    PAGE_RELOADS, how streams end; RELOADED, what the server says of a tunnel whose page reloads;
    GONE, what page and server say of one when the server goes away; adapt(), what of these is
    otherwise in another version.
    """

    GONE = {"page": (1001, True), "server": (1001,)}

    def __init__(self, tool, browser, certificates):
        self.browser = browser
        self.compressing = Served(tool, "--deflate", "--max-message", LARGEST_MESSAGE,
                                  certificates=certificates)
        self.served = Served(tool, "--subprotocol", "chat", "--max-message", LARGEST_MESSAGE,
                             "--refuse", "/no=403",
                             "--close", "/closed-by-the-server/4001=4001",
                             "--close", "/closed-by-the-server/1011=1011",
                             "--close-reason", REASON, certificates=certificates)
        self.started = False
        self.endings = {}  # by path: how its stream is to end

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.served.__exit__()

    def start(self):
        self.served.__enter__()
        self.browser.start()
        print(self.browser.version, flush=True)
        self.adapt(int(re.search(r"\d+", self.browser.version)[0]))
        self.started = True

    def adapt(self, major):
        """To that version."""

    def load(self):
        self.browser.load(f"https://localhost:{self.served.port}/")

    def exchange(self, path, options="{}"):
        return self.browser.evaluate(f"exchange({json.dumps(path)}, {options})")

    def wait_value(self, expression, pattern):
        end = time.monotonic() + PATIENCE
        while True:
            value = self.browser.evaluate(expression)
            if re.fullmatch(pattern, str(value)):
                return value
            check(time.monotonic() < end, f"{expression} is {value!r}, not {pattern!r}")
            time.sleep(0.05)

    def reload(self):
        """As a user does; the browsers' own commands would open a connection anew."""
        self.browser.evaluate("void (window.old = true, setTimeout(() => location.reload(), 50))")
        end = time.monotonic() + PATIENCE
        while True:
            try:
                if not self.browser.evaluate("window.old === true"):
                    return
            except Failure:  # the page is just going
                pass
            check(time.monotonic() < end, "the page did not reload")
            time.sleep(0.05)

    def expect_exchange(self, path, options="{messages: ['x']}", count=1, code=1000):
        """Opens, sees its messages come back, closes; both sides say the same of it."""
        told = self.exchange(path, options)
        check(told["opened"], f"it did not open: {told}")
        check_equal("whether each echo is what was sent", told["received"], [True] * count)
        check_equal("how it closed", (told["code"], told["wasClean"]), (code, True))
        self.served.expect_closed(path, code)
        return told

    # The cases, in this order

    def the_page_reports_its_exchange(self):
        self.load()
        title = self.wait_value("document.title", "h2ws: closed .*")
        log = self.browser.evaluate("document.getElementById('log').innerText")
        check_equal("the title", title, "h2ws: closed 1000 clean=true")
        lines = log.strip().splitlines()
        for word in ("sent", "received", "closed"):
            check(any(word in line for line in lines), f"no line says {word!r}: {lines}")
        protocol = "performance.getEntriesByType('navigation')[0].nextHopProtocol"
        check_equal("the page's protocol", self.browser.evaluate(protocol), "h2")

    def the_settings_and_the_fields_of_a_request(self):
        self.expect_exchange("/fields?x=1")
        place = self.served.place("/fields?x=1")
        check_equal(f"the SETTINGS of {self.browser.version}", self.served.settings(place[0]),
                    self.SETTINGS)
        authority = f"localhost:{self.served.port}"
        agent = self.browser.evaluate("navigator.userAgent")
        expected = self.fields(authority, "/fields?x=1", f"https://{authority}", agent)
        got = self.served.fields(place, "<")
        check(got == expected, f"the request of {self.browser.version}: got {got}")
        check_equal("the answer", self.served.fields(place, ">"), [(":status", "200")])

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
        told = self.expect_exchange("/chat", "{protocols: ['other', 'chat'], messages: ['x']}")
        check_equal("the subprotocol", told["protocol"], "chat")
        check_equal("the opened line", self.served.said("opened", "/chat")["subprotocol"], "chat")
        offer = dict(self.served.fields(self.served.place("/chat"), "<"))
        check_equal("the offer", offer["sec-websocket-protocol"], "other, chat")

    def close_codes_of_the_page(self):
        for code in (1000, 3000, 4999):
            path = f"/code/{code}"
            self.expect_exchange(path, f"{{messages: ['x'], close: [{code}, 'why']}}", 1, code)
            self.endings[path] = self.PAGE_CLOSES

    def a_close_without_code(self):
        self.expect_exchange("/no-code", "{messages: ['x'], close: []}", 1, 1005)

    def the_server_closes(self):
        for code in (4001, 1011):
            path = f"/closed-by-the-server/{code}"
            told = self.exchange(path)
            check_equal("how it closed", told, {"opened": True, "received": [], "protocol": "",
                                                "extensions": "", "code": code, "reason": REASON,
                                                "wasClean": True})
            self.served.expect_closed(path, code)
            self.endings[path] = self.SERVER_CLOSES

    def a_refusal(self):
        """The page sees no more of it than that; later WebSockets to this host work."""
        told = self.exchange("/no")
        check_equal("how it failed", told, {"opened": False, "received": [], "code": 1006,
                                            "reason": "", "wasClean": False})
        check_equal("the answer", self.served.said("refused", "/no")["status"], "403")
        self.endings["/no"] = self.SERVER_REFUSES
        self.expect_exchange("/after-the-refusal")

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
        said = self.served.said("closed", "/too-big")
        check_equal("what the server says", (said["error"], said["section"]),
                    ("message_too_big", "RFC 6455 10.4"))

    def reload_while_a_tunnel_is_open(self):
        """Its end is told as this browser makes it, and the tunnel of another page goes on."""
        first = self.browser.page()
        self.exchange("/reloaded", "{messages: ['x'], keep: true}")
        self.browser.new_page()
        self.load()
        self.exchange("/other-page", "{messages: ['x'], keep: true}")
        other = self.browser.page()
        self.browser.show(first)
        self.reload()
        self.served.expect_closed("/reloaded", *self.RELOADED)
        self.endings["/reloaded"] = self.PAGE_RELOADS
        self.wait_value("document.title", "h2ws: closed 1000 clean=true")
        self.expect_exchange("/after-the-reload")
        self.browser.show(other)
        same = self.browser.evaluate("again('/other-page', text(1000))")
        check_equal("the echo in the other page", same, True)

    def the_server_goes_away(self):
        """The page that is left has the tunnel that was open through all the others."""
        self.browser.evaluate("void (window.gone = kept('/other-page'))")
        self.served.process.signal(signal.SIGTERM)
        told = self.browser.evaluate("gone")
        check_equal("how it closed", (told["code"], told["wasClean"]), self.GONE["page"])
        self.served.expect_closed("/other-page", *self.GONE["server"])
        # After the close timer, where the browser does not end the stream.
        check_equal("the exit status", self.served.process.exit_status(), 0)

    def all_on_the_connection_of_the_page(self):
        tunnels = [line for line in self.served.process.stdout if line.startswith("opened ")]
        check(len(tunnels) > 20, f"only {len(tunnels)} tunnels were opened")
        connections = {re.search(r"connection=(\d+)", line)[1] for line in tunnels}
        check_equal("connections with tunnels", len(connections), 1)
        page = re.compile(r"h2ws: connection (\d+), stream \d+: an ordinary request, 200$")
        pages = {found[1] for line in self.served.process.stderr if (found := page.match(line))}
        check_equal("connections with pages", pages, connections)

    def how_the_streams_ended(self):
        for path, expected in self.endings.items():
            place = self.served.place(path, "refused" if path == "/no" else "opened")
            try:
                self.served.expect_endings(place, *expected)
            except Failure as failure:
                raise Failure(f"{path}, {self.browser.version}: {failure}") from failure

    def compression(self):
        """With another server, which takes the offer."""
        gone, self.served = self.served, self.compressing
        try:
            with self.served:
                self.load()
                self.wait_value("document.title", "h2ws: closed 1000 clean=true")
                told = self.exchange("/other", "{messages: ['x'], keep: true}")
                check_equal("the extensions that a page sees", told["extensions"],
                            "permessage-deflate")
                self.compressed_exchanges()
                same = self.browser.evaluate("again('/other', text(1000))")
                check_equal("the echo of the other tunnel", same, True)
        finally:
            self.served = gone

    def compressed_exchanges(self):
        sizes = (0, 5, 70_000, 300_000)
        messages = ", ".join(f"text({size}), binary({size})" for size in sizes)
        self.expect_exchange("/compressed", f"{{messages: [{messages}]}}", 2 * len(sizes))
        place = self.served.place("/compressed")
        check_equal("the answer", self.served.fields(place, ">"),
                    [(":status", "200"), ("sec-websocket-extensions", "permessage-deflate")])
        for mark in "<>":
            octets = self.served.data_octets(place, mark)
            check(octets * 20 < 2 * sum(sizes), f"{octets} octets of DATA {mark}")
        noise = "crypto.getRandomValues(new Uint8Array(65536)).buffer"
        self.expect_exchange("/noise", f"{{messages: [{noise}, {noise}], close: [3000, 'why']}}", 2,
                             3000)
        told = self.exchange("/bomb",
                             f"{{messages: ['x', new ArrayBuffer({5 * LARGEST_MESSAGE})]}}")
        check_equal("the code", told["code"], 1009)
        check_equal("what the server says", self.served.said("closed", "/bomb")["error"],
                    "inflates_too_much")
        check(self.served.data_octets(self.served.place("/bomb"), "<") < LARGEST_MESSAGE // 20,
              "it came uncompressed")

    SHARED = [the_page_reports_its_exchange, the_settings_and_the_fields_of_a_request, text, binary,
              a_message_of_300_kilobytes, many_messages, a_subprotocol, close_codes_of_the_page,
              a_close_without_code, the_server_closes, a_refusal, several_at_once,
              a_message_over_the_servers_limit, reload_while_a_tunnel_is_open,
              all_on_the_connection_of_the_page, how_the_streams_ended]
    LAST = [the_server_goes_away, compression]


def run_cases(kind, tool, make_browser):
    cases = Cases(total_seconds=170)
    with temporary_folder() as folder:
        certificates = Certificates(folder)
        with make_browser(folder, certificates) as browser, \
                kind(tool, browser, certificates) as test:
            cases.run("the server and the browser start", test.start)
            for case in kind.CASES if test.started else []:
                cases.run(case.__name__.replace("_", " "), case, test)
    return cases.finish()
