"""flood.py H2WS [WORD]...: floods against a running `h2ws serve`, each beside tunnels that echo.

Every flood is bounded in count. Asserted of each: what the server did to the flooder; the peak of
its memory above what it was before, against what the limits allow; all echoes of the neighbours on
another connection, and of tunnels on the flooder's own where that lives, complete and by content;
that the server takes a new connection afterwards. Processor time and latencies are printed only.
"""
import pathlib
import signal
import sys
import time

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))

from checks import Cases, check  # noqa: E402
from connection import Connection, Neighbour  # noqa: E402
from floods import FLOODS  # noqa: E402
from processes import ENGINE, Process  # noqa: E402
from served import Listening  # noqa: E402

rows = []


class Server(Listening):
    """`h2ws serve` and what the kernel says of its process."""

    def __init__(self, h2ws, *options):
        super().__init__(Process(h2ws, "serve", "--listen", "127.0.0.1:0", "--cleartext", "--quiet",
                                 *options))

    def proc(self, name):
        return pathlib.Path(f"/proc/{self.process.popen.pid}/{name}")

    def memory(self, which):
        return 1024 * int(self.proc("status").read_text().split(f"{which}:")[1].split()[0])

    def restart_peak(self):
        """VmHWM counts from what is resident now."""
        self.proc("clear_refs").write_text("5")
        return self.memory("VmRSS")

    def cpu_seconds(self):
        """Of its only thread, in nanoseconds there."""
        return int(self.proc("schedstat").read_text().split()[0]) / 1e9


def p99(times):
    return f"{sorted(times)[len(times) * 99 // 100] * 1e6:,.0f}" if times else "-"


def undisturbed(h2ws):
    """The neighbours alone, for as long as a flood lasts or so."""
    with Server(h2ws) as server, Neighbour(server.port) as neighbour:
        cpu = server.cpu_seconds()
        time.sleep(0.5)
        times = neighbour.stop()
        rows.append(("none", "", "", f"{server.cpu_seconds() - cpu:.3f}", p99(times)))


def run(h2ws, name, flood):
    with Server(h2ws, *flood.options) as server, Neighbour(server.port) as neighbour, \
            Connection(server.port, **flood.connection) as connection:
        before, cpu = server.restart_peak(), server.cpu_seconds()
        flood.run(connection, server.port)
        said = connection.verdict()
        times = neighbour.stop()
        grown = server.memory("VmHWM") - before
        rows.append((name, said, f"{grown:,} of {flood.memory:,}",
                     f"{server.cpu_seconds() - cpu:.3f}", p99(times)))
        with Connection(server.port) as another:
            [tunnel] = another.open()
            another.echo(tunnel, b"still there")
        expected = flood.expected if isinstance(flood.expected, str) else flood.expected[ENGINE]
        check(said in expected.split(" or "), f"the server's answer was {said}, not {expected}")
        check(grown <= flood.memory, f"{grown:,} bytes of memory, more than {flood.memory:,}")


def main(h2ws, words):
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    cases = Cases(total_seconds=110)
    cases.run("undisturbed", undisturbed, h2ws)
    for flood in FLOODS:
        name = flood.run.__name__.replace("_", " ")
        if all(word in name for word in words):
            cases.run(name, run, h2ws, name, flood)
    print(f"\n| flood, {ENGINE} | what the server did | memory, bytes | server CPU, s |"
          " neighbours' p99, us |")
    print("| --- " * 5 + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
